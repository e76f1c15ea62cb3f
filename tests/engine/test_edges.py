"""Where definitions could break: tiny batches, constant features, narrow and deep networks, both ends of ε."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from bn_lab.arms import ARMS
from bn_lab.datasets import Table
from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.engine.training import train
from bn_lab.experiment import DatasetName, Experiment

Toy = Callable[..., Table]


def assert_all_finite(history: History) -> None:
    assert not history.divergences
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        values = getattr(history, name)
        assert values is None or np.isfinite(values).all(), name
    for snapshot in history.snapshots:
        assert np.isfinite(snapshot.inference_loss).all()
        for arm, found in snapshot.arms.items():
            for name, values in vars(found).items():
                assert values is None or np.isfinite(values).all(), f"{arm} {name}"


@pytest.mark.parametrize("dataset", ["boston", "iris"])
@pytest.mark.parametrize(
    "choices",
    [
        {"width": 1},
        {"depth": 1},
        {"depth": 1, "width": 1},
        {"depth": 12},
        {"epsilon": 1e-8},
        {"epsilon": 1e-1},
        {"bn_momentum": 0.0},
        {"batch_size": 2, "samples": 9},
        {"batch_size": 4096},
        {"samples": 2},
        {"samples": 2, "epsilon": 1e-8, "batch_size": 2},
        {"samples": 33},
        {"dropout": 0.9},
        {"l2": 1.0},
        {"validation_share": 0.5},
        {"seeds": 32, "arms": ("after",)},
        {"initializer": "normal", "weight_std": 1e-5, "weight_scale": 1e-5},
        {"seed": 2**31 - 1, "seeds": 2},
    ],
    ids=lambda choices: ",".join(f"{key}={value}" for key, value in choices.items()),
)
def test_everything_is_finite_and_defined(dataset: DatasetName, choices: dict[str, Any]) -> None:
    assert_all_finite(train(Experiment(dataset=dataset, **{"arms": tuple(ARMS), "epochs": 3, **choices})))


def test_digits_train_too() -> None:
    assert_all_finite(train(Experiment(dataset="digits", samples=100, epochs=2, arms=tuple(ARMS))))


@pytest.mark.parametrize(
    ("samples", "batch_size", "steps"), [(33, 32, 1), (65, 32, 2), (3, 2, 1), (5, 2, 2), (64, 32, 2), (2, 32, 1), (20, 32, 1)]
)
def test_a_last_batch_of_one_sample_joins_the_one_before(samples: int, batch_size: int, steps: int) -> None:
    history = train(Experiment(samples=samples, batch_size=batch_size, epochs=2, arms=tuple(ARMS)))
    assert history.plan.of_epoch(1) == steps
    assert history.steps == 2 * steps
    assert_all_finite(history)


@pytest.mark.parametrize("epsilon", [1e-8, 1e-3, 1e-1])
@pytest.mark.parametrize("constant", [0.0, 0.1, 396.9])
@pytest.mark.parametrize("inputs", ["raw", "standardized"])
def test_a_constant_feature_is_no_harm(toy: Toy, inputs: Any, constant: float, epsilon: float) -> None:
    table = toy(constant=constant)
    run = Run(Experiment(arms=tuple(ARMS), inputs=inputs, epsilon=epsilon, epochs=3, batch_size=6), table=table)
    while not run.finished:
        run.finish_epoch()
    assert_all_finite(run.history())
    ((x, _),) = run.source.whole("train")
    standardized = x if inputs == "standardized" else x[1:2]
    assert (standardized[:, 0] == 0).all(), "a constant has no scale: it becomes 0"


@pytest.mark.parametrize("epsilon", [1e-8, 1e-1])
def test_data_without_any_variance_are_normalized_to_beta(toy: Toy, epsilon: float) -> None:
    table = toy()
    flat = Table("boston", np.ones((20, 3)), table.feature_names, table.target, "y", "", "regression")
    run = Run(Experiment(arms=("before",), depth=1, epsilon=epsilon, epochs=2), table=flat, dtype=torch.float64)
    snapshot = run.history().snapshots[0].arms["before"]
    np.testing.assert_allclose(snapshot.batch_variance, 0, atol=1e-25)
    np.testing.assert_allclose(snapshot.mean[0, 1:3], 0, atol=1e-9)  # x̂ and γx̂ + β
    np.testing.assert_allclose(snapshot.std[0, 1:3], 0, atol=1e-9)
    while not run.finished:
        run.finish_epoch()
    assert_all_finite(run.history())


def test_two_samples_become_plus_and_minus_one() -> None:
    run = Run(Experiment(samples=2, arms=("before",), epsilon=1e-8), dtype=torch.float64)
    recorded = run.history().snapshots[0].arms["before"]
    at = 1  # x̂
    np.testing.assert_allclose([recorded.low[0, at], recorded.high[0, at]], [-1, 1], rtol=1e-5)
    counts = recorded.counts[0, at]
    assert counts[0] == counts[-1] == 8
    assert counts.sum() == 16


@pytest.mark.parametrize("epsilon", [1e-8, 1e-1])
def test_epsilon_is_the_floor_of_the_spread(epsilon: float) -> None:
    """Weights so small that σ² ≪ ε leave x̂ = (x − μ)/√ε, hardly any spread; where σ² ≫ ε it is 1."""
    tiny = Run(Experiment(arms=("before",), depth=1, epsilon=epsilon, weight_scale=1e-5, inputs="standardized"))
    recorded = tiny.history().snapshots[0].arms["before"]
    variance = recorded.std[0, 0].item()
    assert recorded.std[0, 1] <= 1.5 * max(variance, 1e-9) / np.sqrt(epsilon)
    large = Run(Experiment(arms=("before",), depth=1, epsilon=epsilon))
    assert large.history().snapshots[0].arms["before"].std[0, 1] == pytest.approx(1, rel=1e-3)
