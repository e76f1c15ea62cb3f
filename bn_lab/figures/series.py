"""Curves over the epochs: what is sent to the browser of a run's losses and metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np

from bn_lab.engine.history import History
from bn_lab.engine.seeds import spread
from bn_lab.engine.types import Array
from bn_lab.experiment import FIELDS

SPLITS = ("train", "validation")

MEASURES = {"regression": ("loss", "rmse", "r2"), "classification": ("loss", "accuracy")}
"""What is measured over the epochs, by task."""

POINTS = {split: tuple(f"points.{split}.{name}" for name in ("x1", "x2", "target")) for split in SPLITS}
"""Names of the curves that hold samples in the plane of two features."""

LIMIT = 500
"""Points of a curve while a run is trained: about as many as a screen can show apart."""


def curves(history: History, limit: int | None = LIMIT) -> dict[str, Array]:
    """The curves of a run, by name; all recorded numbers as they are, never smoothed.

    - `epoch` (n,): from 1; while an epoch is under way its part so far is a last point, which only the training loss (and what
      follows from it) has.
    - `{arm}.{split}.{measure}.median` (n,), and with several seeds `.low` and `.high`, the smallest and the largest; a diverged
      seed has no part in them from there on. `.end_epoch` and `.end` (1,): the last point that the median has.
    - `shown.train`, `shown.validation`: true values that belong to the predictions in the rows; regression only.
    - `points.{split}.x1`, `.x2`, `.target`: samples in the plane of their features; where there are two.

    Args:
        limit: at most so many points, by `kept_epochs`; `None` for all.
    """
    partial = history.partial_loss is not None
    epochs = kept_epochs(history.epoch, None if limit is None else limit - partial)
    x = np.append(epochs, history.progress) if partial else epochs.astype(float)
    chosen = _chosen(history, epochs - 1)
    result: dict[str, Array] = {"epoch": x}
    for name, values in _series(chosen):
        result |= _summary(name, values, x)
    if history.shown is not None:
        result |= {"shown.train": history.shown.train, "shown.validation": history.shown.validation}
    if history.points is not None:
        for split in SPLITS:
            result |= zip(POINTS[split], getattr(history.points, split).T, strict=True)
    return result


def kept_epochs(last: int, limit: int | None) -> Array:
    """Which of the epochs 1 … `last` are drawn: (n,) with n ≤ `limit`, the first and the last among them.

    After epoch e comes e + max(1, ⌊e / m⌋): every epoch up to 2m, then ever wider steps of the same share of the way, so that
    the eventful start stays dense. m is the largest of a few sizes that fits, hence the choice stays the same for many epochs
    and a noisy curve does not shimmer while it grows.
    """
    if limit is None or last <= limit:
        return np.arange(1, last + 1)
    assert limit >= 2, "the first and the last epoch are always kept"
    for density in _DENSITIES:
        epochs = _spaced(density)
        kept = epochs[: np.searchsorted(epochs, last)]  # those before the last one
        if len(kept) < limit:
            return np.append(kept, last)
    return np.array([1, last])


_DENSITIES = tuple(round(2 ** (k / 4)) for k in range(48, -1, -1))


@cache
def _spaced(density: int) -> Array:
    limits = FIELDS["epochs"].range
    assert limits is not None
    epochs, e = [], 1
    while e <= limits.high:
        epochs.append(e)
        e += max(1, e // density)
    return np.array(epochs)


def _chosen(history: History, columns: Array) -> History:
    """The history at those epochs only, the epoch under way added as a last one."""
    columns_of: dict[str, Array | None] = {}
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        values = getattr(history, name)
        if values is not None:
            values = values[..., columns]  # (A, S, n)
            if history.partial_loss is not None:
                now = history.partial_loss if name == "train_loss" else np.full(values.shape[:2], np.nan)
                values = np.concatenate([values, now[..., None]], axis=2)
        columns_of[name] = values
    return replace(history, **columns_of)  # type: ignore[arg-type]


def _series(history: History) -> Iterator[tuple[str, Array]]:
    for arm in history.experiment.arms:
        for split in SPLITS:
            for measure in MEASURES[history.task]:
                values = history.series(arm, measure, split)
                if values is not None:
                    yield f"{arm}.{split}.{measure}", values


def _summary(name: str, values: Array, x: Array) -> dict[str, Array]:
    """The lines drawn for `values (S, n)`."""
    low, median, high = spread(values)
    known = np.flatnonzero(np.isfinite(median))
    lines = {f"{name}.median": median, f"{name}.end_epoch": x[known[-1:]], f"{name}.end": median[known[-1:]]}
    return lines | {f"{name}.low": low, f"{name}.high": high} if len(values) > 1 else lines
