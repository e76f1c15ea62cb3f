"""What is taken apart and what comes out, as frozen records in numpy: whoever shows them, or gets them from another process,
needs no torch.

Letters as in `bn_lab.engine.anatomy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from numbers import Real
from typing import TypeGuard, TypeVar

import numpy as np

from bn_lab.engine import reference
from bn_lab.engine.history import Record, freeze
from bn_lab.engine.types import Array
from bn_lab.experiment import ExperimentError


def finite(values: Array) -> Array:
    """`values` with NaN for everything that is not finite."""
    values = np.asarray(values, np.float64)
    return np.where(np.isfinite(values), values, np.nan)


# What is taken apart: one batch normalization layer seeing one mini-batch, of a training or typed by hand.

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
    arm: str | None = None
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
    checked = {name: finite(values) for name, values in vars(nodes).items()}
    freeze(checked)
    return replace(nodes, **checked)


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
            raise TypedError("values", "magnitude", value, position=i, high=LARGEST)
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


# What comes out.


@dataclass(frozen=True, eq=False)
class Statistics(Record):
    """Batch and moving statistics of one layer at several checkpoints.

    Attributes:
        epochs: (E,).
        batch_mean, batch_variance: (E, F), μ_B and the biased σ²_B of the mini-batch that `subject` shows.
        moving_mean, moving_variance: (E, F), or None without batch normalization.
        start_weight: (E,), momentum to the power of the steps done: the weight that the start values, mean 0 and variance 1,
            still have in the moving statistics.
    """

    epochs: Array
    batch_mean: Array
    batch_variance: Array
    moving_mean: Array | None
    moving_variance: Array | None
    start_weight: Array


@dataclass(frozen=True)
class Score:
    """Mean loss over the samples and share of right classes (None for regression); NaN where outputs are not finite."""

    loss: float
    accuracy: float | None


@dataclass(frozen=True)
class ThreeWays:
    """Scores by split (`train`, and `validation` where samples are held back), for each kind of statistics.

    Attributes:
        batch: those of each mini-batch, as in training.
        moving: the moving averages, as in inference mode.
        precise: mean and biased variance over the whole training set.
    """

    batch: Mapping[str, Score]
    moving: Mapping[str, Score]
    precise: Mapping[str, Score]


@dataclass(frozen=True, eq=False)
class Folded(Record):
    """Batch normalization with moving statistics, folded into an affine layer.

    Attributes:
        layer: the affine layer that it is folded into: 1 … depth, and depth + 1 for the output layer.
        weight, bias: (out, in) and (out,), that layer's own.
        folded_weight, folded_bias: the same with batch normalization folded in.
        difference: the largest absolute difference that folding makes to the network's outputs on the training samples when
            both are computed in float64; `difference32`: in float32.
        largest: the largest absolute output, to compare the differences with.
    """

    layer: int
    weight: Array
    bias: Array
    folded_weight: Array
    folded_bias: Array
    difference: float
    difference32: float
    largest: float


@dataclass(frozen=True, eq=False)
class RandomBatches(Record):
    """What batch normalization of one unit takes in, for one sample among random batches; ε of the layer has no part in it.

    Attributes:
        inputs: by batch size B, (draws, B), the sample itself first.
        population: training samples that the batches are drawn from, without replacement.
    """

    inputs: Mapping[int, Array]
    population: int

    @np.errstate(all="ignore")
    def effect(self, epsilon: float) -> CompositionEffect:
        """x̂ of the sample with this ε."""
        one, zero = np.ones(1), np.zeros(1)
        xhat = {size: reference.forward(batches, one, zero, epsilon).normalized for size, batches in self.inputs.items()}
        values = {size: finite(each[:, 0]) for size, each in xhat.items()}
        return CompositionEffect(values, {size: float(each.std()) for size, each in values.items()}, self.population)


@dataclass(frozen=True, eq=False)
class CompositionEffect(Record):
    """x̂ of one sample in one unit among random batches: it depends on the other samples of the batch.

    Attributes:
        values: by batch size, (draws,).
        std: by batch size, the standard deviation of these values.
        population: as in `RandomBatches`.
    """

    values: Mapping[int, Array]
    std: Mapping[int, float]
    population: int

    @property
    def fitted(self) -> dict[int, float]:
        """`std` of the sizes that follow the law.

        Size 2 does not: of two values x̂ is +1 or −1 whatever they are, as long as ε is small. Nor does the whole population,
        of which there is only one batch.
        """
        return {size: std for size, std in self.std.items() if 4 <= size < self.population}

    @property
    def exponent(self) -> float:
        """p of the power law std = c·sizeᵖ that fits best, on logarithms, over the sizes of `fitted`; NaN if there is none."""
        points = self.fitted
        if len(points) < 2 or not all(points.values()):
            return np.nan
        sizes, stds = np.log(list(points.items())).T
        return float(np.polyfit(sizes, stds, 1)[0])


@dataclass(frozen=True, eq=False)
class Rescaled(Record):
    """What happens when a layer's weights W and bias b are multiplied by a; y(a) is the output of batch normalization then.

    Attributes:
        factors: (N,), the factors a.
        change: (N,), ‖y(a) − y(1)‖ / ‖y(1)‖ over the batch.
        gradient_norm: (N,), ‖∂loss/∂W‖ at aW.
        predicted: (N,), ‖∂loss/∂W‖ at W, over |a|.
    """

    factors: Array
    change: Array
    gradient_norm: Array
    predicted: Array


@dataclass(frozen=True, eq=False)
class Placements(Record):
    """The values of each stage with batch normalization on either side of the activation, in order of computation.

    Attributes:
        before: `pre_activation`, `normalized`, `scaled`, `activation`, (F, B) each.
        after: `pre_activation`, `activation`, `normalized`, `scaled`, likewise.
    """

    before: Mapping[str, Array]
    after: Mapping[str, Array]
