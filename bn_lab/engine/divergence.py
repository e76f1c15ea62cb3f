"""Which layer of a diverging network grew first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from bn_lab.engine.batches import Batch
from bn_lab.engine.cohort import Cohort, State
from bn_lab.engine.tape import Tape
from bn_lab.engine.types import Array

GREW = 100.0
"""A layer has grown where the largest of its values is this many times what it was before the first step."""


def magnitudes(tape: Tape) -> Array:
    """The largest absolute value of each affine layer in the last forward pass, infinite where one is NaN: (L + 1, R)."""
    affines = [hidden.affine for hidden in tape.hidden] + [tape.output]
    largest = torch.stack([affine.out.abs().amax(dim=(1, 2)) for affine in affines])
    return torch.nan_to_num(largest, nan=torch.inf, posinf=torch.inf).double().cpu().numpy()


@torch.inference_mode()
def grown_layers(cohort: Cohort, start: State, batches: Iterable[Batch], outputs: Sequence[Tensor], initial: Array) -> Array:
    """Repeat an epoch and look which affine layer grew first in each network; the cohort is left as it was found.

    The layer is the one that first exceeds `GREW` times its magnitude before training; of several in the same step, the one
    that exceeds it most, and of equals (all infinite) the first.

    Args:
        start: the state at the beginning of the epoch.
        batches: the batches of the epoch, and `outputs` the tensors for their outputs.
        initial: `magnitudes` before training, (L + 1, R).

    Returns:
        (R,) index of the layer, from 0; L is the output layer.
    """
    end = cohort.state()
    cohort.restore(start)
    layers = np.full(initial.shape[1], -1)
    growth = np.ones_like(initial)
    tiny = np.finfo(np.float32).tiny
    base = np.where(np.isinf(initial), tiny, np.maximum(initial, tiny))  # what was infinite from the start has grown most
    for batch, out in zip(batches, outputs, strict=True):
        tape = cohort.step(batch.x, batch.y, batch.masks, out, batch.noise)
        growth = magnitudes(tape) / base
        undecided = (layers < 0) & (growth.max(axis=0) > GREW)
        layers[undecided] = growth.argmax(axis=0)[undecided]
    cohort.restore(end)
    return np.where(layers < 0, growth.argmax(axis=0), layers)
