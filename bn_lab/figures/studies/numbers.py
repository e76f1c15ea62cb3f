"""What the figures of a study draw: numbers of the networks that are there so far, and their spread over the seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from bn_lab import numerals
from bn_lab.drawn import is_drawn, points_of
from bn_lab.engine.outcome import Outcome
from bn_lab.engine.types import Array
from bn_lab.experiment import FIELDS, Experiment, Schedule
from bn_lab.figures.frame import kept_epochs
from bn_lab.i18n import Texts
from bn_lab.studies.measures import MEASURES
from bn_lab.studies.networks import Network
from bn_lab.studies.study import Cell, Study

Results = Mapping[str, Outcome]
"""Outcomes by the key of their network; those of networks that are not trained yet are missing."""

POINTS = 160
"""Points of a curve: about as many as a panel can show apart."""

SERIES = ("validation_accuracy", "inference_accuracy", "train_accuracy", "validation_loss", "inference_loss", "train_loss")
"""Series of an outcome; a measure whose name begins with one is drawn as that one, any other as the training loss."""


class Spread(NamedTuple):
    """Networks of one arm and one cell.

    Attributes:
        low, high: smallest and largest number of those that have one, NaN where none has.
        median: of all; a network that diverged or never got there is the worst there can be, so it may be infinite.
        known: how many networks are trained.
        diverged: how many of them diverged.
        beyond: how many of them have no finite number, those that diverged among them.
    """

    low: float
    median: float
    high: float
    known: int
    diverged: int
    beyond: int


class Curve(NamedTuple):
    """A series over epochs, (n,) each, with what the seeds have from smallest to largest; not finite where there is nothing."""

    epochs: Array
    low: Array
    median: Array
    high: Array


def outcomes(study: Study, results: Results, arm: str, cell: Cell) -> list[Outcome]:
    """What is there so far of one arm and cell, in the order of the seeds."""
    known = (results.get(key) for key in _keys(cell.experiment, arm, study.seeds))
    return [outcome for outcome in known if outcome is not None]


@lru_cache(maxsize=20_000)
def _keys(experiment: Experiment, arm: str, seeds: tuple[int, ...]) -> tuple[str, ...]:
    """Keys of the networks of one arm and cell; kept, since figures ask for the same hashes over and over."""
    return tuple(Network(replace(experiment, arms=(arm,), seed=seed, seeds=1)).key for seed in seeds)


def spread(study: Study, results: Results, measure: str, arm: str, cell: Cell) -> Spread:
    """The spread of a measure over the seeds."""
    known = outcomes(study, results, arm, cell)
    return spread_of(np.array([MEASURES[measure].of([outcome]) for outcome in known]), known, measure)


def spread_of(values: Array, known: Sequence[Outcome], measure: str) -> Spread:
    """The spread of `values (n,)`, one for each outcome; NaN is the worst there can be."""
    if not len(values):
        return Spread(np.nan, np.nan, np.nan, 0, 0, 0)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (np.nan, np.nan)
    median = float(np.median(worst_if_nan(values, lower_is_better=MEASURES[measure].lower_is_better)))
    diverged = sum(outcome.diverged > 0 for outcome in known)
    return Spread(low, median, high, len(values), diverged, len(values) - len(finite))


def worst_if_nan(values: Array, *, lower_is_better: bool) -> Array:
    """NaN replaced by the infinity that is the worst."""
    return np.where(np.isnan(values), np.inf if lower_is_better else -np.inf, values)


def series_of(measure: str) -> str:
    """The series of an outcome that shows a measure over the epochs."""
    return next((name for name in SERIES if measure.startswith(name)), "train_loss")


def curve(study: Study, results: Results, name: str, arm: str, cell: Cell) -> Curve | None:
    """A series of `SERIES` over the epochs; None while no network has it."""
    known = [outcome for outcome in outcomes(study, results, arm, cell) if getattr(outcome, name) is not None]
    if not known:
        return None
    if name.startswith("inference"):
        epochs, at = known[0].inference_epochs, np.arange(len(known[0].inference_epochs))
    else:
        epochs = kept_epochs(len(known[0].train_loss), POINTS)
        at = epochs - 1
    values = np.stack([getattr(outcome, name)[at] for outcome in known])  # (S, n)
    median = np.median(worst_if_nan(values, lower_is_better="loss" in name), axis=0)
    missing = ~np.isfinite(values)
    low = np.where(missing, np.inf, values).min(axis=0)
    return Curve(epochs, low, median, np.where(missing, -np.inf, values).max(axis=0))


def value_label(name: str, value: Any, t: Texts) -> str:
    """A value of a field as one reads it, without the field's name."""
    if value is None:
        return t("page.all")
    if FIELDS[name].kind == "choices":
        return ", ".join(t(f"arm.{arm}") for arm in value)
    if name == "dataset" and is_drawn(value):
        return t("dataset.drawn", count=len(points_of(value)))
    return t(f"{name}.{value}") if FIELDS[name].kind == "choice" else number_label(value, t)


def number_label(value: float | Schedule | None, t: Texts) -> str:
    """A number of an experiment as one reads it, with all its changes: `0.01 → 0.001 from epoch 200`."""
    if not isinstance(value, Schedule):
        return numerals.setting(value)
    first, *later = [(numerals.setting(number), numerals.whole(epoch)) for epoch, number in value.numbers]
    return " → ".join([first[0], *(t("change.to", value=number, epoch=epoch) for number, epoch in later)])


def label(values: Mapping[str, Any], t: Texts) -> str:
    """Values of some fields with the fields' names: `Epsilon ε: 1×10⁻⁶ · Depth: 3`."""
    return " · ".join(f"{t(f'field.{name}')}: {value_label(name, value, t)}" for name, value in values.items())


def progress(study: Study, results: Results, t: Texts, *, spread: bool = True) -> str:
    """The line under the title: over how many seeds, and how many networks there are so far.

    Args:
        spread: whether the figure shows the smallest and the largest of the seeds, too.
    """
    known = sum(network.key in results for network in study.networks)
    several = t("claims.figure.seeds" if spread else "claims.figure.medians", seeds=study.base.seeds)
    text = several if study.base.seeds > 1 else t("claims.figure.one_seed")
    if known < len(study.networks):
        text += " · " + t("claims.figure.so_far", known=f"{known:,}", networks=f"{len(study.networks):,}")
    return text


def capital(text: str) -> str:
    """A text that begins a line or a title."""
    return text[:1].upper() + text[1:]


def is_log(name: str, values: Sequence[Any]) -> bool:
    """Whether an axis of these values of a field is logarithmic: those that span decades."""
    return is_numeric(name, values) and min(values) > 0 and max(values) >= 10 * min(values)


def is_numeric(name: str, values: Sequence[Any]) -> bool:
    """Whether the values of a field lie on an axis of numbers."""
    return FIELDS[name].kind in ("int", "float") and all(isinstance(value, int | float) for value in values)
