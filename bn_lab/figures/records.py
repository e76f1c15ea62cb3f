"""Snapshots as rows of float32 numbers, which is how they travel to the browser; figures are bound to named parts of a row.

Letters as in `bn_lab.engine.history`; T stages of an arm, K numbers of γ or β of a layer (`units`).
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import numpy as np

from bn_lab.engine.history import ArmSnapshot, History, Snapshot
from bn_lab.engine.seeds import median
from bn_lab.engine.types import Array
from bn_lab.experiment import Arm, Experiment

UNITS = 16
"""Up to this width γ and β of every unit are shown; wider layers are summed up by `QUANTILES`."""

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""What is kept of γ and β of a wide layer: smallest, quartiles, largest."""


GAUGE_FLOOR = 1e-6
"""An axis of the gauge goes no lower: a unit whose output is all but constant would pull it down by forty powers of ten."""


def units(experiment: Experiment) -> int:
    """K: how many numbers of γ (and of β) a layer has in a row."""
    return experiment.width if experiment.width <= UNITS else len(QUANTILES)


def fields(history: History) -> dict[str, tuple[int, int]]:
    """The layout of the rows of a run: name to (offset, length). It is the same for all its snapshots.

    For every arm of the experiment `{arm}.{name}`, flattened in the order of the shape:

    =====================================  =====================================================================================
    `x0`, `dx`                             (L, T), where the outline of a histogram starts and its step, see `share`
    `share`                                (L, T, BINS + 2), share of the values in each bin, between two empty bins: they close
                                           the outline, which a step line would else begin and end in the middle of a bin
    `peak`                                 (L, T), the largest share
    `low`, `high`, `mean`, `std`           (L, T)
    `percentiles`                          (L, T, 5)
    `saturated`, `dead`                    (L,)
    `gradient_norm`                        (L + 1,)
    `gauge`                                (L, 3), σ²_B / ε: smallest, median, largest
    `gauge_low`                            (1,), the smallest of them, but not below `GAUGE_FLOOR`
    `gamma`, `beta`                        (L, K), arms with batch normalization only
    `predictions`, `validation_predictions`  as in `ArmSnapshot`, flattened
    `boundary`                             (GRID, GRID), where there are two features
    `inference_loss`, `inference_accuracy`  (1,), median over the seeds; accuracy for classification only
    =====================================  =====================================================================================

    Besides `epoch` (1,); `one` (1,), the constant by which an axis can be made to include 1; and for regression `actual` (2,),
    the smallest and largest of the true values.
    """
    snapshot = history.latest
    places: dict[str, tuple[int, int]] = {}
    offset = 0
    for name, values in _parts(history, snapshot) if snapshot else ():
        places[name] = (offset, values.size)
        offset += values.size
    return places


_rows: WeakKeyDictionary[Snapshot, Array] = WeakKeyDictionary()
"""Snapshots are immutable and are sent again and again while a run is watched; a row lives as long as its snapshot."""


def row(history: History, snapshot: Snapshot) -> Array:
    """A snapshot as (S,) float32, laid out as `fields` says; what is not finite stays so."""
    if (known := _rows.get(snapshot)) is None:
        known = _row(history, snapshot)
        known.setflags(write=False)
        _rows[snapshot] = known
    return known


def _row(history: History, snapshot: Snapshot) -> Array:
    with np.errstate(over="ignore"):  # float64 beyond float32 becomes infinite, which is drawn as a gap
        return np.concatenate([np.ravel(values).astype(np.float32) for _, values in _parts(history, snapshot)])


def _parts(history: History, snapshot: Snapshot) -> Iterator[tuple[str, Array]]:
    yield "epoch", np.array([snapshot.epoch])
    yield "one", np.ones(1)
    if history.shown is not None:
        actual = np.concatenate([history.shown.train, history.shown.validation])
        yield "actual", np.array([actual.min(), actual.max()])
    for a, arm in enumerate(history.experiment.arms):
        for name, values in _arm(history.experiment, arm, snapshot.arms[arm]):
            yield f"{arm}.{name}", values
        yield f"{arm}.inference_loss", median(snapshot.inference_loss[a, :, None])
        if snapshot.inference_accuracy is not None:
            yield f"{arm}.inference_accuracy", median(snapshot.inference_accuracy[a, :, None])


def _arm(experiment: Experiment, arm: Arm, record: ArmSnapshot) -> Iterator[tuple[str, Array]]:
    yield from _histograms(record)
    for name in ("low", "high", "mean", "std", "percentiles", "saturated", "dead", "gradient_norm"):
        yield name, getattr(record, name)
    gauge = record.batch_variance / experiment.epsilon
    yield "gauge", gauge
    yield "gauge_low", np.array([max(gauge.min(), GAUGE_FLOOR)])
    if record.gamma is not None and record.beta is not None:
        yield "gamma", _summed_up(record.gamma)
        yield "beta", _summed_up(record.beta)
    yield "predictions", record.predictions
    yield "validation_predictions", record.validation_predictions
    if record.boundary is not None:
        yield "boundary", record.boundary


def _histograms(record: ArmSnapshot) -> Iterator[tuple[str, Array]]:
    bins = record.counts.shape[-1]
    width = (record.high - record.low) / bins  # (L, T)
    share = record.counts / record.counts.sum(axis=-1, keepdims=True)
    yield "x0", record.low - width / 2
    yield "dx", width
    yield "share", np.pad(share, ((0, 0), (0, 0), (1, 1)))
    yield "peak", share.max(axis=-1)


def _summed_up(values: Array) -> Array:
    """Values of the units (L, F) → (L, K)."""
    if values.shape[1] <= UNITS:
        return values
    return np.asarray(np.quantile(values, QUANTILES, axis=1).T)  # (L, 5)
