"""What a run's numbers say: one summary per arm, now and at any moment, one sentence for each moment, and findings a reader
might otherwise miss. Computed, never asserted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np

from bn_lab.arms import ARMS, BASELINE, CONTROL, normalized
from bn_lab.engine.history import History, Snapshot
from bn_lab.engine.seeds import median
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment

CLOSE = 0.05
"""Two losses are called equal where they differ by less than this share of the larger one."""

ALIKE = 0.6
"""Batches are called alike up to this `Composition.spread`; in random order it is about 1. Measured on Boston in its file's
order, which is by town (BN before the activation, medians of 8 seeds after 200 epochs): with 0.33, 0.53 and 0.58, in
batches of 4, 16 and 32, the loss in inference mode was 33, 2.5 and 2.3 times that in training mode, and 1.6, 0.9 and 1.0
times where the same samples were shuffled once; with 0.68 and 0.75, in batches of 64 and 100, it was 0.8 times."""

LATE = 100
"""Epochs that count as "of late"."""

MOST_NAMED = 3
"""Divergences that are named one by one; of the others only how many there are."""


@dataclass(frozen=True)
class Summary:
    """Where one arm stands after the last completed epoch; medians over the seeds that have not diverged.

    Attributes:
        arm: which.
        train_loss: of the last epoch in training mode; within an epoch that is not completed, of its batches so far.
        inference_loss: on all training samples in inference mode, at the latest snapshot.
        validation_loss: in inference mode; None without validation.
        metrics: by (measure, split): `accuracy`, or `rmse` and `r2`.
        difference: train_loss less that of the arm without batch normalization; None for that arm or where there is none.
        rival: the arm whose best loss is the mark for `epochs_to_rival`; None where there is nothing to compare.
        rival_loss: the smallest training loss of an epoch (median over seeds) that the rival has reached.
        epochs_to_rival: the first epoch at which this arm was at least as low; None if never so far.
        diverged: number of its networks that diverged.
    """

    arm: str
    train_loss: float
    inference_loss: float
    validation_loss: float | None
    metrics: dict[tuple[str, str], float]
    difference: float | None
    rival: str | None
    rival_loss: float | None
    epochs_to_rival: int | None
    diverged: int


@dataclass(frozen=True)
class Standing:
    """Where one arm stands at a recorded moment; medians over the seeds whose numbers are finite, NaN where there is none.

    Attributes:
        arm: which.
        train_loss: in training mode, of the epoch that the moment ends; inside an epoch, of its batches so far; NaN before the
            first step.
        validation_loss: in inference mode after the last whole epoch; None without validation.
        inference_loss: on all training samples in inference mode.
        metrics: by (measure, split): `accuracy`, or `rmse` and `r2`; of the splits `train`, `inference` and, with validation,
            `validation`, which are those of the three losses.
        difference: as in `Summary`.
        diverged: number of its networks that have diverged by then.
    """

    arm: str
    train_loss: float
    validation_loss: float | None
    inference_loss: float
    metrics: dict[tuple[str, str], float]
    difference: float | None
    diverged: int


SENTENCES = ("early", "behind", "ahead", "level", "diverged", "both_diverged", "alone")
"""What there is to say of two arms at a moment, by their training loss at that moment; see `Sentence.id`."""


@dataclass(frozen=True)
class Sentence:
    """What the numbers of one moment say about an arm beside another one: the first arm with batch normalization beside the
    one without; where there is no such pair, the first two arms.

    Attributes:
        id: `early` while no epoch is complete; then `ahead`, `behind`, or `level` (they differ by less than `CLOSE`), where
            both losses are finite; `diverged` where only `other`'s is; `both_diverged` where neither is; `alone` where there is
            one arm only.
        arm, other: the pair; with `diverged`, `arm` is the one that has. `other` is None if `alone`.
        value, other_value: their training losses as in `Standing`; NaN where there is none.
    """

    id: str
    arm: str
    other: str | None
    value: float
    other_value: float


@dataclass(frozen=True)
class Finding:
    """One sentence that the numbers support.

    Attributes:
        id: which sentence; the words are the page's.
        values: what goes into it.
    """

    id: str
    values: dict[str, Any]


def summaries(history: History) -> list[Summary]:
    """One summary per arm, in the order of the experiment's arms."""
    medians = _medians(history)
    return [_summary(history, arm, medians) for arm in history.experiment.arms]


def at_moment(history: History, snapshot: Snapshot) -> tuple[Standing, ...]:
    """Where each arm stands at the moment of `snapshot`, one of the record's, in the order of the experiment's arms."""
    losses = {arm: _measured(history, snapshot, a, "loss") for a, arm in enumerate(history.experiment.arms)}
    baseline = _middle(losses[BASELINE]["train"]) if BASELINE in losses else None
    return tuple(_standing(history, snapshot, arm, of_arm, baseline) for arm, of_arm in losses.items())


def _standing(history: History, snapshot: Snapshot, arm: str, losses: dict[str, Array], baseline: float | None) -> Standing:
    middle = {split: _middle(values) for split, values in losses.items()}
    return Standing(
        arm=arm,
        train_loss=middle["train"],
        validation_loss=middle.get("validation"),
        inference_loss=middle["inference"],
        metrics=dict(_metrics_at(history, snapshot, arm, losses)),
        difference=None if baseline is None or arm == BASELINE else middle["train"] - baseline,
        diverged=sum(d.arm == arm and d.epoch <= snapshot.epoch for d in history.divergences),
    )


def _measured(history: History, snapshot: Snapshot, arm: int, measure: str) -> dict[str, Array]:
    """`loss` or `accuracy` of the networks of the arm at place `arm`, by split: (S,) each."""
    begun, validation = getattr(snapshot, f"train_{measure}"), getattr(history, f"validation_{measure}")
    values = {
        "train": _after_epoch(getattr(history, f"train_{measure}"), snapshot, arm) if begun is None else begun[arm],
        "inference": getattr(snapshot, f"inference_{measure}")[arm],
    }
    return values if validation is None else values | {"validation": _after_epoch(validation, snapshot, arm)}


def _after_epoch(series: Array, snapshot: Snapshot, arm: int) -> Array:
    """One arm's `series (A, S, E)` at the last whole epoch of a moment: (S,), NaN before the first."""
    epoch = int(snapshot.epoch)
    return np.asarray(series[arm, :, epoch - 1]) if epoch else np.full(series.shape[1], np.nan)


def _middle(values: Array) -> float:
    """Median of `values (S,)`."""
    return float(median(values[:, None])[0])


def _metrics_at(
    history: History, snapshot: Snapshot, arm: str, losses: dict[str, Array]
) -> Iterator[tuple[tuple[str, str], float]]:
    if history.task == "classification":
        accuracies = _measured(history, snapshot, history.experiment.arms.index(arm), "accuracy")
        yield from ((("accuracy", split), _middle(values)) for split, values in accuracies.items())
        return
    for split, loss in losses.items():
        variance = history.validation_target_variance if split == "validation" else history.target_variance
        yield ("rmse", split), _middle(np.sqrt(loss))
        with np.errstate(divide="ignore", invalid="ignore"):
            yield ("r2", split), _middle(1 - loss / variance)


def sentence(history: History, snapshot: Snapshot) -> Sentence:
    """What the training losses say at the moment of `snapshot`, one of the record's."""
    arm, other = _pair(history.experiment.arms)
    value = _train_loss(history, snapshot, arm)
    if other is None:
        return Sentence("alone", arm, None, value, np.nan)
    other_value = _train_loss(history, snapshot, other)
    compared = Sentence(_relation(value, other_value), arm, other, value, other_value)
    if snapshot.epoch < 1:
        return replace(compared, id="early")
    if compared.id == "diverged" and np.isfinite(value):
        return Sentence("diverged", other, arm, other_value, value)
    return compared


def _pair(arms: tuple[str, ...]) -> tuple[str, str | None]:
    """The arms that the sentence is about."""
    first = next(iter(normalized(arms)), None)
    if first and BASELINE in arms:
        return first, BASELINE
    return arms[0], arms[1] if len(arms) > 1 else None


def _train_loss(history: History, snapshot: Snapshot, arm: str) -> float:
    return _middle(_measured(history, snapshot, history.experiment.arms.index(arm), "loss")["train"])


def _relation(value: float, other_value: float) -> str:
    finite = [np.isfinite(value), np.isfinite(other_value)]
    if not all(finite):
        return "diverged" if any(finite) else "both_diverged"
    return {"equal": "level", "lower": "ahead", "higher": "behind"}[_compare(value, other_value)]


def _medians(history: History) -> dict[str, Array]:
    """Median training loss of each arm: (E,), and one more for a present epoch that is not completed."""
    result = {}
    for a, arm in enumerate(history.experiment.arms):
        losses = history.train_loss[a]
        if history.partial_loss is not None:
            losses = np.concatenate([losses, history.partial_loss[a][:, None]], axis=1)
        result[arm] = median(losses)
    return result


def _last(values: Array) -> float:
    return float(values[-1]) if len(values) else float("nan")


def _summary(history: History, arm: str, medians: dict[str, Array]) -> Summary:
    experiment, latest = history.experiment, history.latest
    validation = history.series(arm, "loss", "validation")
    rival = _rival(arm, experiment.arms)
    marks = medians[rival][: history.epoch] if rival else np.empty(0)  # a few batches may be low by chance
    rival_loss = float(np.nanmin(marks)) if np.isfinite(marks).any() else None
    difference = _last(medians[arm]) - _last(medians[BASELINE]) if BASELINE in medians and arm != BASELINE else None
    return Summary(
        arm=arm,
        train_loss=_last(medians[arm]),
        inference_loss=_middle(latest.inference_loss[experiment.arms.index(arm)]) if latest else float("nan"),
        validation_loss=None if validation is None else _last(median(validation[:, -1:])),
        metrics=dict(_metrics(history, arm)),
        difference=difference,
        rival=rival,
        rival_loss=rival_loss,
        epochs_to_rival=None if rival_loss is None else _first_at_most(medians[arm][: history.epoch], rival_loss),
        diverged=sum(d.arm == arm for d in history.divergences),
    )


def _rival(arm: str, arms: tuple[str, ...]) -> str | None:
    """The arm to compare with: the one without batch normalization; for that one, the first with it, else any other."""
    others = [other for other in arms if other != arm]
    if arm != BASELINE and BASELINE in others:
        return BASELINE
    return next(iter((*normalized(others), *others)), None)


def _first_at_most(losses: Array, mark: float) -> int | None:
    reached = np.flatnonzero(losses <= mark)
    return int(reached[0]) + 1 if len(reached) else None


def _metrics(history: History, arm: str) -> Iterator[tuple[tuple[str, str], float]]:
    measures = ("accuracy",) if history.task == "classification" else ("rmse", "r2")
    for split in ("train", "validation"):
        for measure in measures:
            values = history.series(arm, measure, split)
            if values is not None:
                yield (measure, split), _last(median(values[:, -1:]))


def findings(history: History) -> list[Finding]:
    """What the numbers of a run say where an obvious reading could mislead, the most important first."""
    if not history.epoch:
        return []
    medians = {arm: values[: history.epoch] for arm, values in _medians(history).items()}
    about_all = [*_race(history, medians), *_control(history, medians), *_modes(history, medians)]
    return [*about_all, *_gaps(history), *_seeds(history), *_divergences(history)]


def is_output_layer(layer: int, experiment: Experiment) -> bool:
    """Whether a `Divergence.layer` is the output layer, which comes after the hidden ones."""
    return layer > experiment.depth


def _race(history: History, medians: dict[str, Array]) -> Iterator[Finding]:
    """Batch normalization against none: who is lower now and was of late, and who was at epoch 10."""
    if BASELINE not in medians:
        return
    baseline = medians[BASELINE]
    for arm in normalized(medians):
        values: dict[str, Any] = {"arm": arm, "loss": _last(medians[arm]), "plain": _last(baseline)}
        if not np.isfinite([values["loss"], values["plain"]]).all():
            continue
        relation = _compare(values["loss"], values["plain"])
        # One epoch's loss is noisy; how often it was so of late is not.
        late, late_baseline = medians[arm][-LATE:], baseline[-LATE:]
        ahead = late > late_baseline if relation == "higher" else late < late_baseline
        values |= {"count": int(ahead.sum()), "window": len(late)}
        yield Finding(f"race_{relation}", values)
        early = min(10, history.epoch)
        first = _compare(float(medians[arm][early - 1]), float(baseline[early - 1]))
        if early < history.epoch and {first, relation} == {"lower", "higher"}:
            yield Finding(
                f"early_{first}", {"arm": arm, "early": early, "loss": medians[arm][early - 1], "plain": baseline[early - 1]}
            )


def _compare(loss: float, other: float) -> str:
    if abs(loss - other) <= CLOSE * max(abs(loss), abs(other)):
        return "equal"
    return "lower" if loss < other else "higher"


def _control(history: History, medians: dict[str, Array]) -> Iterator[Finding]:
    """Whether scaling the inputs alone does what batch normalization does, or that this was not asked."""
    arms = normalized(medians)
    if not arms or history.experiment.inputs == "standardized":
        return
    if CONTROL not in medians:
        yield Finding("control_missing", {})
        return
    control = _last(medians[CONTROL])
    for arm in arms:
        loss = _last(medians[arm])
        if np.isfinite([control, loss]).all():
            yield Finding(f"control_{_compare(control, loss)}", {"arm": arm, "loss": loss, "control": control})


def _modes(history: History, medians: dict[str, Array]) -> Iterator[Finding]:
    """Where training and inference mode differ more with batch normalization than without, at the last recorded epoch.

    The weights move during the epoch whose mean is the training loss, and dropout is off in inference mode: that much of a gap
    every network has.
    """
    recorded = next((each for each in reversed(history.snapshots) if each.epoch == int(each.epoch)), None)
    if recorded is None or not (epoch := int(recorded.epoch)):
        return
    modes = {
        arm: (float(losses[epoch - 1]), _middle(recorded.inference_loss[history.experiment.arms.index(arm)]))
        for arm, losses in medians.items()
    }
    usual = _rise(*modes[BASELINE]) if BASELINE in modes else 0.0
    for arm in normalized(modes):
        training, inference = modes[arm]
        rise = _rise(training, inference)
        if max(rise, -rise) > CLOSE + max(0.0, usual if rise > 0 else -usual):
            values = {"arm": arm, "epoch": epoch, "training": training, "inference": inference}
            if rise < 0:
                yield Finding("inference_lower", values)
                continue
            cause, more = _cause(history, epoch) if ARMS[arm].is_batch_norm else ("", {})
            yield Finding(f"inference_higher_{cause}", values | more) if cause else Finding("inference_higher", values)


def _cause(history: History, epoch: int) -> tuple[str, dict[str, int]]:
    """What the numbers show of why inference mode does worse after an epoch, and values for its words; "" for nothing.

    Statistics that have hardly begun to move come first, since they are far off whatever the batches are.
    """
    steps = history.plan.until(epoch)
    weight = history.experiment.bn_momentum**steps
    if weight > CLOSE:
        return "early", {"steps": steps, "weight": round(100 * weight)}
    if history.composition is None or not (spread := _middle(history.composition.spread)) <= ALIKE:
        return "", {}
    uniform = int(_middle(history.composition.uniform))
    if history.task == "classification" and uniform:
        return "classes", {"uniform": uniform, "batches": history.plan.of_epoch(epoch)}
    return "alike", {"spread": ceil(100 * spread)}


def _rise(loss: float, other: float) -> float:
    """How much higher the other loss is, as a share of the larger one; 0 where one of them is missing."""
    largest = max(abs(loss), abs(other))
    return (other - loss) / largest if np.isfinite([loss, other]).all() and largest else 0.0


def _gaps(history: History) -> Iterator[Finding]:
    """How far validation is from its best: overfitting shows as a rise after it."""
    for arm in history.experiment.arms:
        validation = history.series(arm, "loss", "validation")
        if validation is None:
            continue
        losses = median(validation)
        if not np.isfinite(_last(losses)):
            continue
        best = int(np.nanargmin(losses))
        if _compare(_last(losses), float(losses[best])) == "higher":
            yield Finding("overfit", {"arm": arm, "best": float(losses[best]), "best_epoch": best + 1, "last": _last(losses)})


def _seeds(history: History) -> Iterator[Finding]:
    """In how many seeds batch normalization is ahead of late: one run may be luck, and so may one epoch."""
    experiment = history.experiment
    arms = normalized(experiment.arms)
    if not arms or BASELINE not in experiment.arms:
        return
    if experiment.seeds == 1:
        yield Finding("one_seed", {})
        return
    late = history.train_loss[..., -LATE:]  # (A, S, up to LATE)
    # A network that diverged has lost; two that did are no win.
    losses = np.where(np.isnan(late[..., -1]), np.inf, np.median(late, axis=-1))
    baseline = losses[experiment.arms.index(BASELINE)]
    for arm in arms:
        ahead = losses[experiment.arms.index(arm)] < baseline
        values = {"arm": arm, "ahead": int(ahead.sum()), "seeds": experiment.seeds, "window": late.shape[-1]}
        yield Finding("seeds_ahead", values)


def _divergences(history: History) -> Iterator[Finding]:
    """Networks that stopped, and where their values grew first."""
    for d in history.divergences[:MOST_NAMED]:
        values = {"arm": d.arm, "seed": d.seed, "epoch": d.epoch}
        if is_output_layer(d.layer, history.experiment):
            yield Finding("diverged_output", values)
        else:
            yield Finding("diverged", values | {"layer": d.layer})
    if (more := len(history.divergences) - MOST_NAMED) > 0:
        yield Finding("diverged_more", {"count": more})
