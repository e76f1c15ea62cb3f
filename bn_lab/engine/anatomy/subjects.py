"""One batch normalization layer seeing one mini-batch, and its statistics over the kept epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from numbers import Real
from typing import TypeGuard, TypeVar

import numpy as np
import torch

from bn_lab.datasets import Table
from bn_lab.engine import reference
from bn_lab.engine.anatomy.bench import Bench, entry, finite
from bn_lab.engine.history import Kept, Record, freeze
from bn_lab.engine.types import Array
from bn_lab.experiment import BN_ARMS, Arm, Experiment, ExperimentError

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


@torch.inference_mode()
def subject(experiment: Experiment, kept: Kept, arm: Arm, layer: int, table: Table | None = None) -> Subject:
    """Batch normalization of hidden layer `layer` on the first batch of epoch `int(kept.epoch)`, counting epochs from 0.

    For an arm without batch normalization it is what batch normalization before the activation would see there: x is the
    pre-activation, γ = 1 and β = 0, there are no moving statistics, and `grad_y` is the gradient at the pre-activation.

    Args:
        experiment: the one that `kept` is of; its order of batches, its first seed, its dropout and penalty left out.
        kept: the weights.
        arm: one of the experiment's.
        layer: 1 … depth.
        table: the experiment's data; the shipped set of that name where not given.

    Raises:
        ExperimentError: if there is no such layer.
    """
    return _subject(Bench(experiment, arm, table), kept, layer)


def _subject(bench: Bench, kept: Kept, layer: int) -> Subject:
    k, rows = bench.index(layer), bench.rows(kept)
    x, grad_y = _seen(bench, kept, k, rows)
    gamma, beta = (finite(each.numpy()) for each in bench.network(kept).scale(k))
    mean, variance = _moving(bench, kept, k)
    return Subject(x, gamma, beta, bench.experiment.epsilon, grad_y, rows, mean, variance, bench.arm, layer, kept.epoch)


def _seen(bench: Bench, kept: Kept, k: int, rows: Array) -> tuple[Array, Array]:
    """What batch normalization of hidden layer k takes in and the gradient that arrives at its output, (F, B) each."""
    bench.set_weights(kept)
    tape, y = bench.forward(rows)
    part, shape = entry(tape, k), tape.hidden[k].affine.out.shape[1:]
    x = tape.hidden[k].affine.out if part is tape.hidden[k].affine else part.x
    # The way back is stopped at batch normalization, whose `backward` would write its own gradient over the arriving one.
    tape.loss.gradient(tape.output.out, y, tape.share, tape.output.out_grad)
    for above in tape.reverse[: tape.reverse.index(part)]:
        above.backward()
    grad = tape.hidden[k].activate.x_grad
    return finite(x.view(shape).numpy()), finite(grad.view(shape).numpy())


def _moving(bench: Bench, kept: Kept, k: int) -> tuple[Array | None, Array | None]:
    """Moving mean and variance of hidden layer k, (F, 1) each."""
    if bench.arm not in BN_ARMS:
        return None, None
    mean, variance = (finite(kept.arms[bench.arm][f"{name}.{k}"])[:, None] for name in ("mean", "variance"))
    return mean, variance


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


@torch.inference_mode()
@np.errstate(all="ignore")
def statistics(experiment: Experiment, kepts: Sequence[Kept], arm: Arm, layer: int, table: Table | None = None) -> Statistics:
    """Batch and moving statistics of hidden layer `layer` at each of `kepts`, in ascending order of their epochs.

    Arguments and errors are those of `subject`.
    """
    bench = Bench(experiment, arm, table)
    subjects = [_subject(bench, kept, layer) for kept in kepts]
    epochs = np.array([kept.epoch for kept in kepts], np.float64)
    normed = arm in BN_ARMS
    return Statistics(
        epochs,
        finite(np.stack([each.x.mean(axis=1) for each in subjects])),
        finite(np.stack([each.x.var(axis=1) for each in subjects])),
        np.concatenate([each.moving_mean.T for each in subjects if each.moving_mean is not None]) if normed else None,
        np.concatenate([each.moving_variance.T for each in subjects if each.moving_variance is not None]) if normed else None,
        experiment.bn_momentum ** np.round(epochs * len(bench.source.sizes)),
    )
