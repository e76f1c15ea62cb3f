"""What the anatomy finds, as frozen records in numpy: whoever shows them, or gets them from another process, needs no torch.

Letters as in `bn_lab.engine.anatomy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bn_lab.engine import reference
from bn_lab.engine.history import Record
from bn_lab.engine.types import Array


def finite(values: Array) -> Array:
    """`values` with NaN for everything that is not finite."""
    values = np.asarray(values, np.float64)
    return np.where(np.isfinite(values), values, np.nan)


@dataclass(frozen=True, eq=False)
class Statistics(Record):
    """Batch and moving statistics of one layer over the kept epochs.

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
class Mates(Record):
    """x̂ of one sample in one unit among random batches.

    Attributes:
        values: by batch size, (draws,).
        std: by batch size, the standard deviation of these values.
        population: training samples that the batches are drawn from, without replacement.
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
class Company(Record):
    """What batch normalization of one unit takes in, for one sample among random batches; no ε has touched it.

    Attributes:
        entering: by batch size B, (draws, B), the sample itself first.
        population: as in `Mates`.
    """

    entering: Mapping[int, Array]
    population: int

    @np.errstate(all="ignore")
    def mates(self, epsilon: float) -> Mates:
        """x̂ of the sample with this ε."""
        values = {size: _normalized(batches, epsilon) for size, batches in self.entering.items()}
        return Mates(values, {size: float(each.std()) for size, each in values.items()}, self.population)


def _normalized(batches: Array, epsilon: float) -> Array:
    """x̂ of the first of each row."""
    return finite(reference.forward(batches, np.ones(1), np.zeros(1), epsilon).normalized[:, 0])


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
