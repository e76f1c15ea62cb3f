"""Probes: what the layers computed in their last step, counted into a `Snapshot`. Probing changes nothing.

Letters as in `bn_lab.engine.history`; K distributions are counted at once, of M values each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bn_lab.arms import ARMS
from bn_lab.engine import boundary, history
from bn_lab.engine.batches import Source
from bn_lab.engine.bound_layers import BoundLayers, Hidden
from bn_lab.engine.evaluation import Evaluation, evaluate
from bn_lab.engine.stack import Stack
from bn_lab.engine.types import Array

SHOWN = 200
"""How many predictions of a regression a snapshot keeps."""

SCATTERED = 250
"""How many samples are shown on a boundary, of those trained on and of those for validation: every dot is painted anew with
each picture, and 500 of them in every panel took two thirds of the time."""


@torch.inference_mode()
@np.errstate(over="ignore", invalid="ignore")  # the numbers of a diverging network overflow; what they become is the finding
def probe(stack: Stack, bound: BoundLayers, source: Source, epoch: float) -> history.Snapshot:
    """A snapshot of what `bound` computed last and of how the networks do on all samples now."""
    train = evaluate(stack, source, "train")
    validation = evaluate(stack, source, "validation") if len(source.splits[0].validation) else None
    values = _values(stack, bound)
    # The arms are counted together and parted afterwards: for networks this small the calls are the cost.
    distributions = _distributions(np.concatenate(list(values.values()), axis=1))
    measures = {
        **_flatness(stack, bound),
        "gradient_norm": _gradient_norms(stack),
        "batch_variance": _batch_variance(values, stack.experiment.width),
    }
    boundaries = _boundaries(stack, source)
    arms, start = {}, 0
    for a, arm in enumerate(stack.arms):
        count = len(history.stages(arm))
        start, columns = start + count, slice(start, start + count)
        arms[arm] = history.ArmSnapshot(
            **{name: array[:, columns] for name, array in distributions.items()},
            **{name: array[:, a] for name, array in measures.items()},
            **_units(stack, arm),
            predictions=_predictions(source, train, a, "train"),
            validation_predictions=_predictions(source, validation, a, "validation") if validation else np.empty(0, np.float32),
            boundary=boundaries[a],
        )
    return history.Snapshot(epoch, arms, train.loss, train.accuracy)


def shown(source: Source) -> history.Shown | None:
    """The true values that belong to the predictions of snapshots; None for classification."""
    if source.table.task == "classification":
        return None
    split = source.splits[0]
    target = source.table.target
    return history.Shown(*(target[rows][_sample(len(rows))] for rows in (split.train, split.validation)))


def points(source: Source) -> history.Points | None:
    """The samples that are shown on boundaries; None unless there are two features."""
    if source.plane is None:
        return None
    table, split = source.table, source.splits[0]
    every = np.column_stack([table.features, table.target])
    return history.Points(*(_scattered(every[rows]) for rows in (split.train, split.validation)))


def _scattered(samples: Array) -> Array:
    """At most `SCATTERED` of `samples (n, 3)`, spread evenly over the targets, so that no class loses more than another.

    Which ones of a class is drawn, since every second sample of a file may well be a kind of its own.
    """
    shuffled = samples[np.random.default_rng(0).permutation(len(samples))]
    ordered = shuffled[np.argsort(shuffled[:, 2], kind="stable")]
    return np.asarray(ordered[_sample(len(samples), SCATTERED)])


def _boundaries(stack: Stack, source: Source) -> Sequence[Array | None]:
    """What the first network of each arm says all over the plane of two features: (A, GRID, GRID)."""
    if source.plane is None:
        return [None] * len(stack.arms)
    return list(boundary.values(stack.infer(source.plane, 1).cpu().numpy()))


def _sample(count: int, most: int = SHOWN) -> Array:
    """At most `most` positions spread evenly over `count`."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int)) if count else np.empty(0, int)


def _values(stack: Stack, bound: BoundLayers) -> dict[str, Array]:
    """For each arm all values of its first network: (L, stages, F·B)."""
    return {arm: torch.stack([_stages(hidden, stack, arm) for hidden in bound.hidden]).cpu().numpy() for arm in stack.arms}


def _stages(hidden: Hidden, stack: Stack, arm: str) -> Tensor:
    first = stack.rows(arm).start
    values = [hidden.affine.out[first]]
    if (norm := hidden.norms.get(arm)) is not None:
        values += [norm.normalized()[0], norm.site.out[0]]
    values.append(hidden.activate.out[first])
    return torch.stack(values).flatten(1)  # (stages, F·B)


def _distributions(values: Array) -> dict[str, Array]:
    """Histogram and moments of `values (L, stages, M)`; all NaN, with nothing counted, where a value is not finite."""
    shape, flat = values.shape[:2], values.reshape(-1, values.shape[2])  # (K, M)
    finite = np.asarray(np.isfinite(flat).all(axis=1))
    flat = np.where(finite[:, None], flat, 0)
    flat.sort(axis=1)
    low, high = _limits(flat[:, 0], flat[:, -1])
    edges = low[:, None] + (high - low)[:, None] * np.arange(1, history.BINS) / history.BINS
    smaller = np.stack([row.searchsorted(edge) for row, edge in zip(flat, edges, strict=True)])  # (K, BINS - 1)
    counts = np.diff(smaller, axis=1, prepend=0, append=flat.shape[1])
    at = np.asarray(history.PERCENTILES) / 100 * (flat.shape[1] - 1)
    below = at.astype(int)
    above = np.minimum(below + 1, flat.shape[1] - 1)
    lower, upper = flat[:, below].astype(np.float64), flat[:, above].astype(np.float64)
    percentiles = lower + (upper - lower) * (at - below)

    def per_stage(result: Array) -> Array:
        result = np.where(finite.reshape(-1, *[1] * (result.ndim - 1)), result, np.nan)
        return result.reshape(*shape, *result.shape[1:]).astype(np.float32)

    return {
        "low": per_stage(low),
        "high": per_stage(high),
        "counts": per_stage(counts),
        "percentiles": per_stage(percentiles),
        "mean": per_stage(flat.mean(axis=1, dtype=np.float64)),
        "std": per_stage(flat.std(axis=1, dtype=np.float64)),
    }


def _limits(low: Array, high: Array) -> tuple[Array, Array]:
    """The histogram's range in float64: the data's own, or a narrow one around a value that never varies."""
    low, high = low.astype(np.float64), high.astype(np.float64)
    margin = np.where(high > low, 0.0, 1e-3 * np.maximum(np.abs(low), 1e-3))
    return low - margin, high + margin


def _flatness(stack: Stack, bound: BoundLayers) -> dict[str, Array]:
    """Shares of values in a tail of the activation function, and of units that are there for every sample: (L, A) each."""
    inputs = torch.stack([hidden.activate.x[:: stack.per_arm] for hidden in bound.hidden])  # (L, A, F, B)
    low, high = stack.activation.tails
    flat = (inputs <= low) | (inputs >= high)
    return {
        "saturated": flat.float().mean(dim=(2, 3)).cpu().numpy(),
        "dead": flat.all(dim=3).float().mean(dim=2).cpu().numpy(),
    }


def _units(stack: Stack, arm: str) -> dict[str, Any]:
    """γ, β and the moving statistics of the arm's first network, (L, F) each; None for what its normalizer has not."""
    sources = {
        "gamma": (stack.parameters, "gamma"),
        "beta": (stack.parameters, "beta"),
        "moving_mean": (stack.moving, "mean"),
        "moving_variance": (stack.moving, "variance"),
    }
    known, layers = {*ARMS[arm].parameters, *ARMS[arm].statistics}, range(stack.experiment.depth)
    return {
        key: torch.stack([buffer[f"{name}.{k}.{arm}"][0] for k in layers]).cpu().numpy() if name in known else None
        for key, (buffer, name) in sources.items()
    }


def _gradient_norms(stack: Stack) -> Array:
    """(L + 1, A)."""
    gradients = [stack.gradients[f"weight.{k}"][:: stack.per_arm] for k in range(stack.experiment.depth + 1)]
    return torch.stack([torch.linalg.vector_norm(gradient, dim=(1, 2)) for gradient in gradients]).cpu().numpy()


def _batch_variance(values: dict[str, Array], width: int) -> Array:
    """Smallest, median and largest σ²_B over the units at the input of batch normalization: (L, A, 3)."""
    inputs = [x[:, history.stages(arm).index(history.batch_norm_input(arm))] for arm, x in values.items()]  # (L, F·B) each
    x = np.stack(inputs, axis=1).reshape(len(inputs[0]), len(inputs), width, -1)
    variance = x.astype(np.float64).var(axis=3)
    spread = np.stack([variance.min(axis=2), np.median(variance, axis=2), variance.max(axis=2)], axis=2)
    return np.asarray(spread, np.float32)


def _predictions(source: Source, evaluation: Evaluation, arm: int, which: str) -> Array:
    outputs = evaluation.outputs[arm]  # (C, n)
    rows = getattr(source.splits[0], which)
    if source.table.task == "regression":
        return np.asarray(outputs[0, _sample(len(rows))], np.float32)
    classes = source.table.outputs
    pairs = source.table.target[rows].astype(int) * classes + outputs.argmax(axis=0)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes).astype(np.float32)
