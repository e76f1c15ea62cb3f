"""What the outcomes of a study say: numbers of its networks, and verdicts on its questions.

The lesson asks in the same way: `of_training` makes a study of a training. Besides, studies that a visitor makes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from bn_lab.datasets import split, table_of
from bn_lab.engine.history import History
from bn_lab.engine.outcome import Outcome
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment
from bn_lab.studies.measures import MEASURES
from bn_lab.studies.networks import Network
from bn_lab.studies.progress import has_probes
from bn_lab.studies.study import Cell, Question, Side, Study, StudyError
from bn_lab.studies.verdict import Verdict, judge

Results = Mapping[str, Outcome]
"""Outcomes by the key of their network; those that are missing have not been trained (yet)."""


def measured(study: Study, results: Results, measure: str, arm: str, values: Mapping[str, Any]) -> Array:
    """One number a seed, (S,), of the networks of `arm` in the cells with these values; NaN where one is missing.

    NaN is also what a network has that diverged; `complete` tells the two apart.
    """
    row = study.matching(values)
    return np.array([_of_seed(row, results, measure, arm, seed) for seed in study.seeds])


def _of_seed(row: Sequence[Cell], results: Results, measure: str, arm: str, seed: int) -> float:
    outcomes = [results.get(cell.network(arm, seed).key) for cell in row]
    known = [outcome for outcome in outcomes if outcome is not None]
    return MEASURES[measure].of(known) if known and len(known) == len(outcomes) else np.nan


def complete(study: Study, results: Results, side: Side) -> bool:
    """Whether all networks of a side are there, with what the study's probes measure."""
    networks = (cell.network(side.arm, seed) for cell in study.matching(side.values) for seed in study.seeds)
    outcomes = (results.get(network.key) for network in networks)
    return all(outcome is not None and has_probes(outcome, study.probes) for outcome in outcomes)


def answers(study: Study, results: Results) -> list[tuple[Question, Verdict | None]]:
    """Every question of the study with its verdict; None as long as networks are missing."""
    return [(question, answer(study, results, question)) for question in study.questions]


def answer(study: Study, results: Results, question: Question) -> Verdict | None:
    """The verdict on one question; None as long as networks are missing."""
    if not all(complete(study, results, side) for side in (question.ours, question.theirs)):
        return None
    measure = MEASURES[question.measure]
    ours = measured(study, results, question.measure, question.ours.arm, question.ours.values)
    theirs = measured(study, results, question.their_measure or question.measure, question.theirs.arm, question.theirs.values)
    if measure.deviation:
        ours, theirs = _deviations(ours), _deviations(theirs)
    return judge(
        ours,
        theirs,
        smallest=question.smallest,
        lower_is_better=measure.lower_is_better,
        relative=measure.relative,
        diverged=(diverged(study, results, question.ours), diverged(study, results, question.theirs)),
    )


def diverged(study: Study, results: Results, side: Side) -> int:
    """How many networks of a side diverged, also where what is measured does not tell (a count, an epoch before that)."""
    networks = {cell.network(side.arm, seed).key for cell in study.matching(side.values) for seed in study.seeds}
    return sum(results[key].diverged > 0 for key in networks if key in results)


def _deviations(values: Array) -> Array:
    """How far each seed is from the middle one, |ln x − median ln x|: what tests of spread compare (Brown & Forsythe 1974)."""
    if np.isnan(values).all():
        return values
    logs = np.log(values)
    return np.asarray(np.abs(logs - np.nanmedian(logs)))


def of_training(history: History) -> tuple[Study, Results]:
    """A finished training as a study of one experiment, and the outcomes of its networks."""
    study = Study("training", history.experiment)
    (cell,) = study.cells
    places = product(enumerate(history.experiment.arms), enumerate(study.seeds))
    return study, {(n := cell.network(arm, seed)).key: _outcome(history, n, a, s) for (a, arm), (s, seed) in places}


def _outcome(history: History, network: Network, arm: int, seed: int) -> Outcome:
    """What a training has recorded of the network at this place of its arms and seeds; nothing of what probes measure."""

    def series(name: str) -> Array | None:
        values = getattr(history, name)
        return None if values is None else np.asarray(values[arm, seed])

    def inference(name: str) -> Array:
        values = [getattr(snapshot, name)[arm, seed] for snapshot in snapshots]
        return np.asarray(np.where(alive[epochs - 1], values, np.nan))

    snapshots = [snapshot for snapshot in history.snapshots if snapshot.epoch >= 1 and snapshot.epoch.is_integer()]
    epochs = np.array([int(snapshot.epoch) for snapshot in snapshots])  # (I,)
    alive = np.isfinite(history.train_loss[arm, seed])  # (E,)
    return Outcome(
        experiment=network.experiment,
        train_loss=history.train_loss[arm, seed],
        train_accuracy=series("train_accuracy"),
        validation_loss=series("validation_loss"),
        validation_accuracy=series("validation_accuracy"),
        inference_epochs=epochs,
        inference_loss=inference("inference_loss"),
        inference_accuracy=None if history.train_accuracy is None else inference("inference_accuracy"),
        steps=history.plan,
        seconds=history.seconds / history.train_loss[..., 0].size,
        diverged=0 if alive.all() else int(alive.argmin()) + 1,
        final={},
        smoothness=None,
    )


def custom_study(
    base: Experiment, axes: Sequence[tuple[str, Sequence[Any]]], seeds: int, measure: str, arms: Sequence[str]
) -> Study:
    """A visitor's study: these fields over these values, this many seeds and these arms, everything else as in `base`.

    Raises:
        ExperimentError: for a value that its field cannot have, or that does not fit the data set.
        StudyError: for fields that cannot be varied, too many networks, or data that a visitor uploaded.
    """
    checked = tuple((name, tuple(values)) for name, values in axes)
    experiment = replace(base, seeds=seeds, arms=tuple(arms))
    figure = "map" if len(checked) == 2 else "sweep" if checked else "curves"
    study = Study("own", experiment, checked, figure=figure, measure=measure)
    for cell in study.cells:
        if cell.experiment.is_private:
            raise StudyError("dataset", "private", cell.experiment.dataset)
        split(table_of(cell.experiment), cell.experiment, cell.experiment.seed)  # says what does not fit the data
    return study


def measures_of(experiment: Experiment) -> tuple[str, ...]:
    """The measures that a network of this experiment has without a probe, those of one network at the end of its training."""
    names = ["train_loss", "inference_loss"]
    classes = table_of(experiment).task == "classification"
    names += ["train_accuracy", "inference_accuracy"] if classes else []
    if experiment.validation_share > 0:
        names += ["validation_loss", "gap", *(["validation_accuracy"] if classes else [])]
    return tuple(names)
