"""Training without a screen."""

from __future__ import annotations

from collections.abc import Callable

import torch

from bn_lab.datasets import Table
from bn_lab.engine.cohort import Weights
from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.experiment import Experiment


def train(
    experiment: Experiment,
    *,
    table: Table | None = None,
    weights: Weights | None = None,
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
    progress: Callable[[Run], None] | None = None,
) -> History:
    """Train `experiment` to its end and return what was recorded.

    Args:
        experiment: what to train.
        table: its data; the shipped set of that name where not given.
        weights: initial weights for every network: one `(weight (out, in), bias (out,))` per affine layer, output layer last.
        dtype: of parameters, activations and gradients; the lab's is float32, float64 shows what its rounding makes.
        device: where to train, `cpu` or `cuda`.
        progress: called after each epoch.

    Raises:
        ExperimentError: where data and experiment do not fit, or `weights` have the wrong shapes.
    """
    run = Run(experiment, table=table, weights=weights, dtype=dtype, device=device)
    while not run.finished:
        run.finish_epoch()
        if progress is not None:
            progress(run)
    return run.history()
