"""`train_stack` against `train`: the outcome of a network among unlike ones is that of the network alone."""

import pickle
from collections.abc import Callable
from dataclasses import fields, replace
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from bn_lab.datasets import Table
from bn_lab.engine.anatomy import three_ways
from bn_lab.engine.history import History
from bn_lab.engine.members import VARIED
from bn_lab.engine.optimizers import OPTIMIZERS
from bn_lab.engine.outcome import PROBES, Outcome
from bn_lab.engine.training import train
from bn_lab.engine.trial import Trial, train_stack
from bn_lab.experiment import Experiment, ExperimentError

Toy = Callable[..., Table]

BASE = Experiment(
    dataset="iris", arms=("before",), depth=2, width=5, epochs=4, validation_share=0.2, learning_rate=0.01, initializer="normal"
)
OTHER: dict[str, Any] = {
    "learning_rate": 0.03,
    "epsilon": 1e-5,
    "bn_momentum": 0.9,
    "bn_noise": 0.3,
    "initializer": "he_normal",
    "weight_std": 0.3,
    "weight_scale": 3.0,
    "dropout": 0.2,
    "l2": 0.01,
    "seed": 5,
}
SERIES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
WILD = Experiment(arms=("none",), optimizer="sgd", learning_rate=0.1, epochs=3, validation_share=0.2)
"""Diverges in the first epoch."""
TAME = replace(WILD, learning_rate=1e-6)


def check(outcome: Outcome, history: History) -> None:
    """The outcome is what the history of the network alone tells, in float32 after few epochs."""
    for name in SERIES:
        found, expected = getattr(outcome, name), getattr(history, name)
        assert (found is None) == (expected is None), name
        if expected is not None:
            assert found.dtype == np.float64
            # Where the loss is close, one sample of 24 may still fall to the other side.
            rtol, atol = (1e-4, 0) if name.endswith("loss") else (0, 1.01 / 24)
            np.testing.assert_allclose(found, expected[0, 0], rtol, atol, err_msg=name)
    snapshots = [snapshot for snapshot in history.snapshots if 0 < snapshot.epoch == int(snapshot.epoch)]
    np.testing.assert_array_equal(outcome.inference_epochs, [snapshot.epoch for snapshot in snapshots])
    expected = [snapshot.inference_loss[0, 0] for snapshot in snapshots]
    np.testing.assert_allclose(outcome.inference_loss, expected, rtol=1e-4)
    assert outcome.steps == history.plan


def test_the_fields_in_which_networks_may_differ_are_all_tried() -> None:
    assert set(OTHER) == VARIED


@pytest.mark.parametrize("arm", ["none", "before", "after"])
@pytest.mark.parametrize("name", OTHER)
def test_every_outcome_is_that_of_the_network_alone(name: str, arm: str) -> None:
    experiments = [replace(BASE, arms=(arm,)), replace(BASE, arms=(arm,), **{name: OTHER[name]})]
    outcomes = train_stack(experiments)
    for experiment, outcome in zip(experiments, outcomes, strict=True):
        assert outcome.experiment is experiment
        check(outcome, train(experiment))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_unlike_networks_under_every_optimizer(optimizer: Any) -> None:
    plain = replace(BASE, optimizer=optimizer)
    experiments = [replace(plain, learning_rate=0.003), replace(plain, epsilon=1e-5, seed=2), replace(plain, **OTHER)]
    for experiment, outcome in zip(experiments, train_stack(experiments), strict=True):
        check(outcome, train(experiment))


def test_regression_has_no_accuracies_and_without_validation_there_is_none(toy: Toy) -> None:
    experiment, table = replace(BASE, dataset="boston", validation_share=0.0, batch_size=8, optimizer="adam"), toy()
    (outcome,) = train_stack([experiment], table=table)
    check(outcome, train(experiment, table=table))
    assert (
        outcome.train_accuracy is outcome.validation_loss is outcome.validation_accuracy is outcome.inference_accuracy is None
    )
    assert (outcome.final, outcome.smoothness, outcome.diverged) == ({}, None, 0)


@pytest.mark.parametrize("epochs", [64, 65, 67])
def test_training_samples_are_evaluated_where_runs_have_snapshots_and_at_the_end(epochs: int, toy: Toy) -> None:
    table = toy("classification")
    (outcome,) = train_stack([replace(BASE, epochs=epochs)], table=table)
    assert outcome.inference_epochs.tolist() == [*range(1, 65), *range(66, epochs, 2), *([epochs] if epochs > 64 else [])]
    assert outcome.inference_loss.shape == outcome.inference_epochs.shape
    assert outcome.inference_accuracy is not None
    assert ((outcome.inference_accuracy >= 0) & (outcome.inference_accuracy <= 1)).all()


def test_a_network_that_diverges_disturbs_no_other_and_has_no_numbers_from_there_on() -> None:
    experiments = [TAME, replace(WILD, learning_rate=10.0), replace(TAME, seed=1)]
    tame, wild, other = train_stack(experiments)
    check(tame, train(TAME))
    check(other, train(experiments[2]))
    (divergence,) = train(experiments[1]).divergences
    assert wild.diverged == divergence.epoch == 1
    assert tame.diverged == other.diverged == 0
    for values in (wild.train_loss, wild.validation_loss, wild.inference_loss):
        assert values is not None
        assert np.isnan(values).all()


def test_a_network_may_diverge_later() -> None:
    # Hidden units are bounded, so that the output's error grows by the same factor in every step, whatever rounding does.
    late = replace(WILD, arms=("standardized",), activation="tanh", weight_scale=1e-5, learning_rate=1.1)
    late = replace(late, validation_share=0.0)
    outcome, other = train_stack([late, replace(late, learning_rate=1e-6)])
    (divergence,) = train(late).divergences
    assert outcome.diverged == divergence.epoch == 2
    assert np.isfinite(outcome.train_loss).tolist() == [True, False, False]
    assert np.isfinite(outcome.inference_loss).tolist() == [True, False, False]
    assert np.isfinite(other.train_loss).all()


def test_when_all_have_diverged_there_is_nothing_more_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    trained, train_epoch = list[int](), Trial.train

    def counted(trial: Trial, epoch: int) -> None:
        trained.append(epoch)
        train_epoch(trial, epoch)

    monkeypatch.setattr(Trial, "train", counted)
    outcomes = train_stack([replace(WILD, epochs=5000, seed=seed) for seed in range(2)], probes=PROBES)
    assert trained == [0]
    for outcome in outcomes:
        assert outcome.diverged == 1
        assert outcome.train_loss.shape == (5000,)
        assert np.isnan(outcome.train_loss).all()
        assert len(outcome.final) == 6
        assert np.isnan(list(outcome.final.values())).all()


def test_final_scores_are_those_of_the_anatomy() -> None:
    experiments = [replace(BASE, seed=seed, bn_momentum=momentum) for seed, momentum in ((0, 0.9), (3, 0.99))]
    for experiment, outcome in zip(experiments, train_stack(experiments, probes=["three_ways"]), strict=True):
        kept = train(experiment).checkpoints[-1]
        expected = {
            f"{way}.{samples}.{name}": value
            for way, scores in vars(three_ways(experiment, kept, "before")).items()
            for samples, score in scores.items()
            for name, value in vars(score).items()
        }
        assert dict(outcome.final) == pytest.approx(expected, rel=1e-4)
        assert outcome.validation_loss is not None
        assert outcome.inference_accuracy is not None
        assert outcome.final["moving.validation.loss"] == pytest.approx(outcome.validation_loss[-1], rel=1e-5)
        assert outcome.final["moving.train.accuracy"] == pytest.approx(outcome.inference_accuracy[-1], rel=1e-5)


def test_an_outcome_is_a_record_that_travels() -> None:
    (outcome,) = train_stack([BASE], probes=PROBES)
    copy = pickle.loads(pickle.dumps(outcome))
    for each in (outcome, copy):
        arrays = [
            value for record in (each, each.smoothness) for value in vars(record).values() if isinstance(value, np.ndarray)
        ]
        assert len(arrays) == 14
        assert not any(array.flags.writeable for array in arrays)
    for field in fields(Outcome):
        one, other = getattr(outcome, field.name), getattr(copy, field.name)
        assert np.array_equal(one, other) if isinstance(one, np.ndarray) else field.name == "smoothness" or one == other


def test_seconds_are_shares_of_the_time_that_passed() -> None:
    start = perf_counter()
    outcomes = train_stack([replace(BASE, seed=seed) for seed in range(3)])
    passed = perf_counter() - start
    assert 0 < sum(outcome.seconds for outcome in outcomes) < passed
    assert len({outcome.seconds for outcome in outcomes}) == 1


@pytest.mark.parametrize(
    ("experiments", "message"),
    [
        ([BASE, replace(BASE, depth=3)], "depth must be one of 2, got 3"),
        ([replace(BASE, arms=("none", "before"))], "arms must be one of none, got none,before"),
        ([BASE, replace(BASE, seeds=2)], "seeds must be between 1 and 1, got 2"),
        ([replace(BASE, samples=121)], "samples must be at most 120 for iris with this validation share, got 121"),
    ],
)
def test_what_cannot_be_trained_together_is_refused(experiments: list[Experiment], message: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        train_stack(experiments)
    assert str(caught.value) == message
