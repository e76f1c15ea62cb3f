"""The parts of a recording: tables of float32 that grow, which is how its numbers travel to the browser (see `figures.frame`).

To add numbers, add a part to `_MOMENT` with a generator of its fields, or a field to one of the generators.

Letters as in `bn_lab.engine.history`; K numbers of γ or β of a layer (`units`). `{arm}` is an arm of the experiment, and what
an arm does not have is no field:

========== ===================== =====================================================================================
axis       part                  fields
========== ===================== =====================================================================================
moment     `summary`             `epoch` (1,), completed, with the part of the present one after the point; per arm what
                                 `summary.at_moment` says, (1,) each: `{arm}.train_loss`, `.inference_loss`, `.validation_loss`;
                                 `.train_accuracy`, `.inference_accuracy`, `.validation_accuracy`, or `.rmse`, `.r2` and both
                                 with `inference_` and `validation_` before; `.difference`, `.diverged`; and `.running_loss`,
                                 the training loss inside an epoch, else NaN; `sentence` (5,): index of its id in `SENTENCES`,
                                 index of the arm and of the other one among the experiment's arms, their values
moment     `stage.{stage}`       of the arms that have this one of `STAGES`: `{arm}.{stage}.x0`, `.dx` (L,), where the outline
                                 of the histogram starts and its step; `.share` (L, BINS + 2), share of the values in each bin,
                                 between two empty bins: they close the outline, which a step line would else begin and end in
                                 the middle of a bin; `.peak` (L,), the largest share; `.low`, `.high`, `.mean`, `.std` (L,);
                                 `.percentiles` (L, 5)
moment     `layers`              `{arm}.saturated`, `.dead` (L,); `.gradient_norm` (L + 1,); `.gauge` (L, 3), σ²_B / ε:
                                 smallest, median, largest; `.gauge_low` (1,), the smallest of all, but not below `GAUGE_FLOOR`;
                                 with batch normalization `.gamma`, `.beta` (L, K)
moment     `predictions`         `{arm}.predictions`, `.validation_predictions` as in `ArmSnapshot`, flattened
moment     `boundary`            `{arm}.boundary` (GRID, GRID), where there are two features
epoch      `curves.{measure}`    `epoch` (1,), and the lines of `series.summed_up` (1,); measures by task: `history.MEASURES`
once       `samples`             regression: `shown.train`, `shown.validation`, true values that belong to the predictions, and
                                 `actual` (2,), the smallest and largest of them; where there are two features
                                 `points.{split}.x1`, `.x2`, `.target`
========== ===================== =====================================================================================

NaN where something is unknown; what is not finite stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from bn_lab.engine.history import MEASURES, SPLITS, STAGES, ArmSnapshot, History, Snapshot, stages
from bn_lab.engine.summary import SENTENCES, Standing, at_moment, sentence
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment
from bn_lab.figures.frame import Axis, Layout, Numbers, Recorded
from bn_lab.figures.series import summed_up

UNITS = 16
"""Up to this width γ and β of every unit are shown; wider layers are summed up by `QUANTILES`."""

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""What is kept of γ and β of a wide layer: smallest, quartiles, largest."""

GAUGE_FLOOR = 1e-6
"""An axis of the gauge goes no lower: a unit whose output is all but constant would pull it down by forty powers of ten."""

POINTS = {split: tuple(f"points.{split}.{name}" for name in ("x1", "x2", "target")) for split in SPLITS}
"""Fields of `samples` that hold those of a split in the plane of two features."""

Fields = Iterator[tuple[str, Array | float]]


def layouts(history: History) -> dict[str, Layout]:
    """All parts of a recording; the same from its untrained moment on. None before it."""
    if not history.snapshots:
        return {}
    untrained = history.snapshots[0]
    divided = {name: _layout("moment", fields(history, untrained)) for name, fields in _MOMENT.items()}
    divided |= {f"curves.{measure}": _layout("epoch", _curve(history, measure, 0, 0)) for measure in MEASURES[history.task]}
    divided["samples"] = _layout("once", _samples(history))
    return {name: layout for name, layout in divided.items() if layout.size}


def moment_row(part: str, history: History, snapshot: Snapshot) -> Numbers:
    """The row of a moment in a part of the axis `moment`: (size,)."""
    return _joined(_MOMENT[part](history, snapshot))


def epoch_rows(part: str, history: History, start: int, stop: int) -> Numbers:
    """The rows of the epochs `start` + 1 … `stop` in a part of the axis `epoch`: (stop - start, size)."""
    columns = [values for _, values in _curve(history, part.removeprefix("curves."), start, stop)]
    return np.stack(columns, axis=1).astype(np.float32)


def once_row(part: str, history: History) -> Numbers:
    """The one row of a part of the axis `once`: (size,)."""
    assert part == "samples"
    return _joined(_samples(history))


def recorded(history: History) -> Recorded:
    """All parts of a history, its present moment as the end row where it is none of the recorded ones."""
    moments = [*history.snapshots, *([history.current] if history.current else [])]
    divided = layouts(history)
    parts: dict[str, Numbers] = {}
    for name, layout in divided.items():
        if layout.axis == "moment":
            parts[name] = np.stack([moment_row(name, history, moment) for moment in moments])
        elif layout.axis == "epoch":
            parts[name] = epoch_rows(name, history, 0, history.epoch)
        else:
            parts[name] = once_row(name, history)[None]
    epochs = np.array([moment.epoch for moment in moments])
    return Recorded(float(history.experiment.epochs), divided, parts, epochs)


def units(experiment: Experiment) -> int:
    """K: how many numbers of γ (and of β) a layer has in a row."""
    return experiment.width if experiment.width <= UNITS else len(QUANTILES)


def _layout(axis: Axis, fields: Fields) -> Layout:
    places: dict[str, tuple[int, int]] = {}
    offset = 0
    for name, values in fields:
        length = 1 if axis == "epoch" else np.size(values)
        places[name] = (offset, length)
        offset += length
    return Layout(axis, places, offset)


def _joined(fields: Fields) -> Numbers:
    with np.errstate(over="ignore"):  # float64 beyond float32 becomes infinite, which is drawn as a gap
        return np.concatenate([np.ravel(values) for _, values in fields], dtype=np.float32, casting="same_kind")


def _summary(history: History, snapshot: Snapshot) -> Fields:
    yield "epoch", snapshot.epoch
    for standing in at_moment(history, snapshot):
        for name, value in _standing(standing):
            yield f"{standing.arm}.{name}", value
        yield f"{standing.arm}.running_loss", np.nan if snapshot.train_loss is None else standing.train_loss
    yield "sentence", _sentence(history, snapshot)


def _standing(standing: Standing) -> Fields:
    yield "train_loss", standing.train_loss
    yield "inference_loss", standing.inference_loss
    if standing.validation_loss is not None:
        yield "validation_loss", standing.validation_loss
    for (measure, split), value in standing.metrics.items():
        yield measure if split == "train" and measure != "accuracy" else f"{split}_{measure}", value
    yield "difference", _number(standing.difference)
    yield "diverged", standing.diverged


def _sentence(history: History, snapshot: Snapshot) -> Array:
    said, arms = sentence(history, snapshot), history.experiment.arms
    who = [np.nan if arm is None else arms.index(arm) for arm in (said.arm, said.other)]
    return np.array([SENTENCES.index(said.id), *who, _number(said.value), _number(said.other_value)])


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _stage(stage: str, history: History, snapshot: Snapshot) -> Fields:
    for arm in history.experiment.arms:
        if stage not in stages(arm):
            continue
        record, k = snapshot.arms[arm], stages(arm).index(stage)
        low, high, counts = record.low[:, k], record.high[:, k], record.counts[:, k]
        width = (high - low) / counts.shape[1]
        outline = np.zeros((len(counts), counts.shape[1] + 2))  # (L, bins, and an empty one at either end)
        share = outline[:, 1:-1]
        with np.errstate(invalid="ignore"):  # nothing was counted where a network diverged
            np.divide(counts, counts.sum(axis=1, keepdims=True), out=share)
        yield f"{arm}.{stage}.x0", low - width / 2
        yield f"{arm}.{stage}.dx", width
        yield f"{arm}.{stage}.share", outline
        yield f"{arm}.{stage}.peak", share.max(axis=1)
        yield f"{arm}.{stage}.low", low
        yield f"{arm}.{stage}.high", high
        for name in ("mean", "std", "percentiles"):
            yield f"{arm}.{stage}.{name}", getattr(record, name)[:, k]


def _each_arm(draw: Callable[[Experiment, ArmSnapshot], Fields], history: History, snapshot: Snapshot) -> Fields:
    """The fields of a record of every arm, under the arm's name."""
    for arm in history.experiment.arms:
        for name, values in draw(history.experiment, snapshot.arms[arm]):
            yield f"{arm}.{name}", values


def _layers(experiment: Experiment, record: ArmSnapshot) -> Fields:
    for name in ("saturated", "dead", "gradient_norm"):
        yield name, getattr(record, name)
    gauge = record.batch_variance / experiment.epsilon
    yield "gauge", gauge
    yield "gauge_low", max(gauge.min(), GAUGE_FLOOR)
    for name, values in (("gamma", record.gamma), ("beta", record.beta)):
        if values is not None:
            yield name, _units(values)


def _units(values: Array) -> Array:
    """Values of the units (L, F) → (L, K)."""
    if values.shape[1] <= UNITS:
        return values
    return np.asarray(np.quantile(values, QUANTILES, axis=1).T)  # (L, 5)


def _predictions(experiment: Experiment, record: ArmSnapshot) -> Fields:
    yield "predictions", record.predictions
    yield "validation_predictions", record.validation_predictions


def _boundary(experiment: Experiment, record: ArmSnapshot) -> Fields:
    if record.boundary is not None:
        yield "boundary", record.boundary


def _curve(history: History, measure: str, start: int, stop: int) -> Iterator[tuple[str, Array]]:
    yield "epoch", np.arange(start + 1, stop + 1)
    yield from summed_up(history, measure, slice(start, stop))


def _samples(history: History) -> Fields:
    if history.shown is not None:
        both = np.concatenate([history.shown.train, history.shown.validation])
        yield "shown.train", history.shown.train
        yield "shown.validation", history.shown.validation
        yield "actual", np.array([both.min(), both.max()])
    if history.points is not None:
        for split in SPLITS:
            yield from zip(POINTS[split], getattr(history.points, split).T, strict=True)


_MOMENT: Mapping[str, Callable[[History, Snapshot], Fields]] = {
    "summary": _summary,
    **{f"stage.{stage}": partial(_stage, stage) for stage in STAGES},
    "layers": partial(_each_arm, _layers),
    "predictions": partial(_each_arm, _predictions),
    "boundary": partial(_each_arm, _boundary),
}
"""Parts of the axis `moment`: what yields their fields at a moment."""
