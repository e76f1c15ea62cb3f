"""What is measured of outcomes."""

from __future__ import annotations

from math import inf, isnan, nan

import numpy as np
import pytest

from bn_lab.engine.outcome import Outcome
from bn_lab.studies.measures import MEASURES, epochs_to
from tests.studies.conftest import outcome

LONG = np.geomspace(100, 0.1, 1000)


def value(name: str, *outcomes: Outcome) -> float:
    return MEASURES[name].of(outcomes)


def test_losses_at_epochs_count_from_one() -> None:
    found = outcome(train_loss=LONG)
    assert value("train_loss_10", found) == LONG[9]
    assert value("train_loss_1000", found) == value("train_loss", found) == LONG[-1]
    assert isnan(value("train_loss_1000", outcome(train_loss=LONG[:999])))


@pytest.mark.parametrize(
    ("losses", "diverged", "expected"),
    [([30, 20, 10], 0, 2), ([30, 25, 21], 0, inf), ([30, nan, nan], 2, nan), ([10, nan, nan], 2, 1)],
)
def test_the_first_epoch_at_a_target(losses: list[float], diverged: int, expected: float) -> None:
    found = outcome(train_loss=np.array(losses, float), diverged=diverged)
    np.testing.assert_equal(epochs_to([found], 20.0), expected)
    np.testing.assert_equal(value("steps_to_20", found), 16 * expected)
    np.testing.assert_allclose(value("seconds_to_20", found), expected * 2 / 3)


def test_gap_is_validation_less_training_in_inference_mode() -> None:
    assert value("gap", outcome(validation_loss=np.array([3.0, 2.5]), inference_loss=np.array([1.0, 0.5]))) == 2.0


def test_learned_counts_the_cells_of_a_row() -> None:
    row = [outcome(train_accuracy=np.array([0.9, last]), inference_accuracy=np.array([0.1])) for last in (0.1, 0.5, 0.97, nan)]
    assert value("learned", *row) == 2
    assert value("learned_inference", *row) == 0


def test_what_was_not_measured_is_no_number() -> None:
    for name in ("validation_loss", "train_accuracy", "precise_accuracy", "beta"):
        assert isnan(value(name, outcome()))
    assert value("precise_accuracy", outcome(final={"precise.validation.accuracy": 0.75})) == 0.75


def test_relative_measures_are_small_when_good() -> None:
    assert all(measure.lower_is_better for measure in MEASURES.values() if measure.relative)
