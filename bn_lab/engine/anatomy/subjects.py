"""What is taken apart: one batch normalization layer seeing one mini-batch, of a training or typed by hand. Without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from numbers import Real
from typing import TypeGuard, TypeVar

import numpy as np

from bn_lab.engine import reference
from bn_lab.engine.anatomy.records import finite
from bn_lab.engine.history import Record, freeze
from bn_lab.engine.types import Array
from bn_lab.experiment import Arm, ExperimentError

Nodes = TypeVar("Nodes", reference.Forward, reference.Backward)

FEWEST, MOST = 2, 256
"""How many numbers a batch that someone types may have: a single one has no variance."""

LARGEST = 1e50
"""The largest magnitude of a typed number; the squares and third powers on the way have to be finite."""


class TypedError(ExperimentError):
    """Numbers that no mini-batch can be made of; in `values`, `position` counts from 1."""

    RULES: Mapping[str, str] = {
        "cell": "number {position} must be a finite number, got {value}",
        "magnitude": "number {position} must be between -{high} and {high}, got {value}",
        "count": "there must be between {low} and {high} numbers, got {value}",
        "chosen": "the chosen sample must be one of 0 to {high}, got {value}",
    }


@dataclass(frozen=True, eq=False)
class Subject(Record):
    """One batch normalization layer seeing one mini-batch in training mode; all arrays float64 and read-only.

    Attributes:
        x: (F, B), what batch normalization takes in.
        gamma, beta: (F, 1).
        epsilon: ε.
        grad_y: (F, B), ∂loss/∂y arriving at the output of batch normalization, the loss being the mean over the batch.
        rows: (B,), row numbers of the samples in the data table; of typed numbers, their positions.
        moving_mean, moving_variance: (F, 1), or None without batch normalization.
        arm, layer, epoch: where x was seen; layers count from 1. None for typed numbers.
    """

    x: Array
    gamma: Array
    beta: Array
    epsilon: float
    grad_y: Array
    rows: Array
    moving_mean: Array | None = None
    moving_variance: Array | None = None
    arm: Arm | None = None
    layer: int | None = None
    epoch: float | None = None

    @np.errstate(all="ignore")
    def forward(self) -> reference.Forward:
        """Every node of the forward pass."""
        return _checked(reference.forward(self.x, self.gamma, self.beta, self.epsilon))

    @np.errstate(all="ignore")
    def backward(self) -> reference.Backward:
        """The gradient at every node."""
        return _checked(reference.backward(self.forward(), self.gamma, self.grad_y))


def _checked(nodes: Nodes) -> Nodes:
    """The same nodes with NaN for what is not finite, read-only."""
    found = {name: finite(values) for name, values in vars(nodes).items()}
    freeze(found)
    return replace(nodes, **found)


def typed(values: Sequence[object], epsilon: float, chosen: int = 0) -> Subject:
    """One unit seeing the numbers `values` (2 to 256), with γ = 1, β = 0 and no moving statistics.

    `grad_y` is 1 for the sample at position `chosen`, counting from 0, and 0 elsewhere, so that the gradients are those of
    this sample's output.

    Raises:
        TypedError: with the rule `count`, `cell` (a value that is not a finite number), `magnitude` or `chosen`.
    """
    if not FEWEST <= len(values) <= MOST:
        raise TypedError("values", "count", len(values), low=FEWEST, high=MOST)
    for i, value in enumerate(values, start=1):
        if not _is_number(value):
            raise TypedError("values", "cell", value, position=i)
        if abs(float(value)) > LARGEST:
            raise TypedError("values", "magnitude", value, position=i, high=f"{LARGEST:g}")
    if not 0 <= chosen < len(values):
        raise TypedError("chosen", "chosen", chosen, high=len(values) - 1)
    rows = np.arange(len(values))
    x, one = np.array([values], np.float64), np.ones((1, 1))
    return Subject(x, one, 0 * one, epsilon, (rows == chosen)[None].astype(np.float64), rows)


def _is_number(value: object) -> TypeGuard[Real]:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
    except OverflowError:  # an integer beyond all float64
        return False
