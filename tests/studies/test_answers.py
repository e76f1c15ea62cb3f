"""What outcomes say: numbers by seed, verdicts by the rule, and studies of a visitor's own."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from bn_lab import train
from bn_lab.engine.outcome import Outcome
from bn_lab.engine.trial import train_stack
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.studies.answers import answer, answers, custom_study, measured, measures_of, of_training
from bn_lab.studies.measures import MEASURES
from bn_lab.studies.records import INFERENCE, SERIES
from bn_lab.studies.study import Question, Side, Study, StudyError
from tests.studies.conftest import outcome

PAIR = Study("test", Experiment(seeds=6), (("width", (4, 8)),))
HALF = Question("half", "train_loss", Side("before", {"width": 8}), Side("none", {"width": 8}), 0.1)


def results(study: Study = PAIR, factor: float = 0.5) -> dict[str, Outcome]:
    """Losses 1 + seed/10 without batch normalization, and so many times that with it."""
    collected = {}
    for network in study.networks:
        loss = (1 + network.experiment.seed / 10) * (factor if network.arm == "before" else 1)
        collected[network.key] = outcome(network.experiment, train_loss=np.array([9.0, loss]))
    return collected


def test_sides_are_paired_by_seed() -> None:
    verdict = answer(PAIR, results(), HALF)
    assert verdict is not None
    assert (verdict.outcome, verdict.median, verdict.low, verdict.high) == ("supported", 0.5, 0.5, 0.5)
    assert (verdict.ours, verdict.theirs) == (0.625, 1.25)


def test_there_is_no_verdict_while_networks_are_missing() -> None:
    known = results()
    (cell,) = PAIR.matching({"width": 8})
    del known[cell.network("none", 5).key]
    assert answer(PAIR, known, HALF) is None
    assert answers(replace(PAIR, questions=(HALF,)), known) == [(HALF, None)]
    numbers = measured(PAIR, known, "train_loss", "none", {"width": 8})
    np.testing.assert_array_equal(numbers, [1, 1.1, 1.2, 1.3, 1.4, nan])


def test_diverged_networks_count() -> None:
    known = results()
    (cell,) = PAIR.matching({"width": 8})
    for seed in range(6):
        network = cell.network("none", seed)
        known[network.key] = outcome(network.experiment, train_loss=np.array([9.0, nan]), diverged=2)
    verdict = answer(PAIR, known, HALF)
    assert verdict is not None
    assert (verdict.outcome, verdict.diverged, verdict.theirs) == ("supported", (0, 6), inf)


def test_diverged_networks_are_counted_where_what_is_measured_does_not_tell() -> None:
    """A count of cells is a number whatever happened in them, and a target may be reached before."""
    study = Study("test", Experiment(dataset="digits", seeds=6, epochs=2), (("learning_rate", (0.1, 1.0)),))
    known = {}
    for network in study.networks:
        gone = network.arm == "none" and network.experiment.learning_rate == 1
        accuracy = np.array([0.6, nan if gone else 0.9])
        known[network.key] = outcome(
            network.experiment, train_accuracy=accuracy, train_loss=np.array([0.1, nan if gone else 0.1]), diverged=2 * gone
        )
    for measure in ("learned", "epochs_to_02"):
        values = {} if measure == "learned" else {"learning_rate": 1.0}
        verdict = answer(study, known, Question("x", measure, Side("before", values), Side("none", values), 1))
        assert verdict is not None
        assert verdict.diverged == (0, 6), measure


def test_a_side_may_be_measured_in_another_way() -> None:
    side = Side("before", {"width": 4})
    question = Question("modes", "train_loss", side, side, 0.1, their_measure="inference_loss")
    verdict = answer(PAIR, results(), question)
    assert verdict is not None
    assert verdict.theirs == 0.9


def test_spreads_are_compared_by_distances_from_the_middle() -> None:
    study = Study("test", Experiment(seeds=20, epochs=1000))
    random = np.random.default_rng(0).normal(size=20)
    known = {}
    for network in study.networks:
        spread = 0.01 if network.arm == "before" else 1.0
        loss = np.full(1000, np.exp(spread * random[network.experiment.seed]))
        known[network.key] = outcome(network.experiment, train_loss=loss)
    question = Question("spread", "deviation_1000", Side("before"), Side("none"), 0.05)
    verdict = answer(study, known, question)
    assert verdict is not None
    assert verdict.median == pytest.approx(0.99 * np.median(np.abs(random - np.median(random))))
    assert verdict.outcome == "supported"


def test_a_side_of_which_every_network_diverged_is_worse_than_any() -> None:
    study = Study("test", Experiment(seeds=6, epochs=1000))
    known = {}
    for network in study.networks:
        gone = network.arm == "none"
        loss = np.full(1000, nan if gone else 1.0 + network.experiment.seed)
        known[network.key] = outcome(network.experiment, train_loss=loss, diverged=int(gone))
    verdict = answer(study, known, Question("spread", "deviation_1000", Side("before"), Side("none"), 0.05))
    assert verdict is not None
    assert (verdict.outcome, verdict.diverged) == ("supported", (0, 6))


@pytest.mark.parametrize(
    "experiment",
    [
        Experiment(dataset="iris", epochs=12, seeds=2, validation_share=0.2),
        Experiment(epochs=12, seeds=2, optimizer="sgd", learning_rate=10.0, seed=3),
        Experiment(dataset="iris", inputs="standardized", arms=("none", "standardized", "after"), epochs=3),
    ],
    ids=["classes", "diverging", "equal arms"],
)
def test_a_training_is_a_study_with_the_outcomes_that_studies_train(experiment: Experiment) -> None:
    study, known = of_training(train(experiment))
    assert set(known) == {network.key for network in study.networks}
    for network in study.networks:
        ours, (theirs,) = known[network.key], train_stack([network.experiment])
        assert (ours.experiment, ours.diverged, ours.steps) == (
            network.experiment,
            theirs.diverged,
            theirs.steps,
        )
        for name in (*SERIES, *INFERENCE, "inference_epochs"):
            mine, other = getattr(ours, name), getattr(theirs, name)
            assert (mine is None) == (other is None), name
            if mine is not None:
                other = other[: len(mine)]  # a training ends where all have diverged
                np.testing.assert_allclose(mine, other, rtol=1e-4, err_msg=name)


def test_networks_without_what_a_probe_measures_are_missing() -> None:
    study = Study("test", Experiment(seeds=6), probes=("smoothness",))
    question = Question("beta", "beta", Side("before"), Side("none"), 0.1)
    assert answer(study, results(study), question) is None


def test_a_visitors_own_study() -> None:
    base = Experiment(dataset="iris", validation_share=0.2)
    study = custom_study(base, [("epsilon", [1e-3, 1e-5]), ("width", [4])], 2, "validation_accuracy", ["none", "before"])
    assert (study.figure, study.size, study.base.seeds) == ("map", 8, 2)
    assert custom_study(base, [("epsilon", [1e-3])], 1, "gap", ["none"]).figure == "sweep"
    with pytest.raises(ExperimentError, match="depth must be between"):
        custom_study(base, [("depth", [99])], 1, "gap", ["none"])
    with pytest.raises(StudyError, match="cannot be varied"):
        custom_study(base, [("seed", [1])], 1, "gap", ["none"])
    with pytest.raises(ExperimentError, match="samples must be at most"):
        custom_study(base, [("samples", [100, 140])], 1, "gap", ["none"])


@pytest.mark.parametrize("name", ["boston", "iris"])
def test_measures_are_those_that_the_networks_have(name: str) -> None:
    plain = measures_of(Experiment(dataset=name))  # type: ignore[arg-type]
    held = measures_of(Experiment(dataset=name, validation_share=0.2))  # type: ignore[arg-type]
    assert ("train_accuracy" in plain) == (name == "iris")
    assert "validation_loss" in held
    assert "validation_loss" not in plain
    assert set(held) <= set(MEASURES)
