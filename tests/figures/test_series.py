"""Curves against the recorded series."""

from dataclasses import replace

import numpy as np
import pytest

from bn_lab.engine.history import History
from bn_lab.figures.frame import kept_epochs
from bn_lab.figures.series import curves, summed_up


def test_a_diverged_seed_drops_out(history: History) -> None:
    loss = history.train_loss.copy()
    loss[0, 1, 1:] = np.nan  # one seed of the first arm from the second epoch on
    loss[1, :, 1:] = np.nan  # both of the second
    lines = dict(summed_up(replace(history, train_loss=loss), "loss", slice(None)))
    first, second = history.experiment.arms[:2]
    for edge in ("low", "median", "high"):
        np.testing.assert_array_equal(lines[f"{first}.train.loss.{edge}"][1:], loss[0, 0, 1:])
        assert np.isnan(lines[f"{second}.train.loss.{edge}"][1:]).all()


@pytest.mark.parametrize("limit", [2, 3, 20, 100, 500])
@pytest.mark.parametrize("last", [0, 1, 2, 3, 64, 501, 1000, 5000])
def test_kept_epochs_are_few_dense_at_first_and_hold_both_ends(last: int, limit: int) -> None:
    kept = kept_epochs(last, limit)
    assert len(kept) <= limit
    assert len(kept) > limit // 2 or len(kept) == last or limit < 20
    if last:
        assert kept[0] == 1
        assert kept[-1] == last
    steps = np.diff(kept)[:-1]  # the last one ends where the run is
    assert (steps > 0).all()
    assert (np.diff(steps) >= 0).all()


def test_all_epochs_are_kept_without_a_limit() -> None:
    assert kept_epochs(5000).tolist() == list(range(1, 5001))


def test_a_growing_curve_keeps_its_points() -> None:
    changes = 0
    for last in range(600, 5000):
        before, after = kept_epochs(last, 500)[:-1], kept_epochs(last + 1, 500)[:-1]
        changes += not set(before) <= set(after)
    assert changes < 12


def test_a_thinned_curve_has_the_numbers_of_its_epochs(history: History) -> None:
    epochs = 700
    rng = np.random.default_rng(0)
    shape = (len(history.experiment.arms), 2, epochs)
    long = replace(
        history,
        epoch=epochs,
        steps=history.plan.until(epochs),
        train_loss=rng.random(shape),
        train_accuracy=None if history.train_accuracy is None else rng.random(shape),
        validation_loss=rng.random(shape),
        validation_accuracy=None if history.validation_accuracy is None else rng.random(shape),
        partial_loss=None,
    )
    thin = curves(long, 50)
    assert len(thin["epoch"]) <= 50
    arm = history.experiment.arms[1]
    np.testing.assert_array_equal(thin[f"{arm}.train.loss.high"], long.train_loss[1][:, thin["epoch"] - 1].max(axis=0))
    assert len(curves(long, 5000)["epoch"]) == epochs
