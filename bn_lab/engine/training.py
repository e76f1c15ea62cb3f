"""Training without a screen."""

from __future__ import annotations

from collections.abc import Callable
from reprlib import repr as brief

import torch

from bn_lab.datasets import Table
from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.engine.stack import Weights
from bn_lab.experiment import Experiment, ExperimentError, one_of

DTYPES = (torch.float32, torch.float64)
"""Types of numbers that networks can have."""


def devices() -> tuple[str, ...]:
    """Where networks can be trained on this machine: `cpu`, and with graphics cards `cuda`, `cuda:0`, …"""
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ("cpu", *["cuda"] * (cards > 0), *(f"cuda:{i}" for i in range(cards)))


def train(
    experiment: Experiment,
    *,
    table: Table | None = None,
    weights: Weights | None = None,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
    progress: Callable[[Run], None] | None = None,
) -> History:
    """Train `experiment` to its end and return what was recorded.

    Args:
        experiment: what to train.
        table: its data; the shipped set of that name where not given.
        weights: initial weights for every network: one `(weight (out, in), bias (out,))` per affine layer, output layer last.
        dtype: of parameters, activations and gradients; the lab's is float32, float64 shows what its rounding makes.
        device: where to train, one of `devices()`.
        progress: called with the run after each epoch.

    Raises:
        ExperimentError: where an argument is something else, data and experiment do not fit, or `weights` have the wrong shapes
            or are not finite.
    """
    _require("experiment", experiment, isinstance(experiment, Experiment), "an Experiment")
    _require("table", table, table is None or isinstance(table, Table), "a Table, or None")
    _require("progress", progress, progress is None or callable(progress), "a function, or None")
    if dtype not in DTYPES:
        raise ExperimentError("dtype", "one_of", brief(dtype), options=", ".join(map(str, DTYPES)))
    device = one_of("device", str(device) if isinstance(device, torch.device) else device, devices())
    run = Run(experiment, table=table, weights=weights, dtype=dtype, device=device)
    while not run.finished:
        run.finish_epoch()
        if progress is not None:
            progress(run)
    return run.history()


def _require(name: str, value: object, fits: bool, expected: str) -> None:
    if not fits:
        raise ExperimentError(name, "type", brief(value), expected=expected)
