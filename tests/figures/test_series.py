"""Curves against the recorded series."""

from dataclasses import replace

import numpy as np
import pytest

from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.experiment import Experiment
from bn_lab.figures.series import MEASURES, SPLITS, curves, kept_epochs


def test_curves_are_the_recorded_numbers(history: History) -> None:
    whole = history.epoch
    sent = curves(history)
    assert sent["epoch"].tolist() == [*range(1, whole + 1), pytest.approx(history.progress)]
    for arm in history.experiment.arms:
        for split in SPLITS:
            for measure in MEASURES[history.task]:
                values = history.series(arm, measure, split)
                assert values is not None
                name = f"{arm}.{split}.{measure}"
                np.testing.assert_array_equal(sent[f"{name}.median"][:whole], np.median(values, axis=0))
                np.testing.assert_array_equal(sent[f"{name}.low"][:whole], values.min(axis=0))
                np.testing.assert_array_equal(sent[f"{name}.high"][:whole], values.max(axis=0))


def test_the_epoch_under_way_is_a_last_point_of_the_training_loss(history: History) -> None:
    sent = curves(history)
    assert history.partial_loss is not None
    for a, arm in enumerate(history.experiment.arms):
        now = history.partial_loss[a]
        assert sent[f"{arm}.train.loss.median"][-1] == pytest.approx(np.median(now))
        assert np.isnan(sent[f"{arm}.validation.loss.median"][-1])
        assert sent[f"{arm}.train.loss.end_epoch"] == pytest.approx([history.progress])
        assert sent[f"{arm}.validation.loss.end_epoch"].tolist() == [history.epoch]
        if history.task == "regression":
            assert sent[f"{arm}.train.rmse.high"][-1] == pytest.approx(np.sqrt(now.max()))
            assert sent[f"{arm}.train.r2.low"][-1] == pytest.approx((1 - now / history.target_variance).min())
        else:
            assert np.isnan(sent[f"{arm}.train.accuracy.median"][-1])


def test_true_values_come_along_for_regression(history: History) -> None:
    sent = curves(history)
    assert ("shown.train" in sent) == (history.task == "regression")
    if history.shown is not None:
        np.testing.assert_array_equal(sent["shown.train"], history.shown.train)
        np.testing.assert_array_equal(sent["shown.validation"], history.shown.validation)


def test_one_seed_has_no_band_and_no_validation_no_curve() -> None:
    run = Run(Experiment(dataset="iris", epochs=2))
    run.finish_epoch()
    names = set(curves(run.history()))
    assert names == {"epoch"} | {
        f"{arm}.train.{measure}.{what}"
        for arm in ("none", "before")
        for measure in ("loss", "accuracy")
        for what in ("median", "end", "end_epoch")
    }


def test_before_the_first_epoch_there_are_no_points() -> None:
    sent = curves(Run(Experiment(dataset="boston")).history())
    assert {len(values) for name, values in sent.items() if not name.startswith("shown")} == {0}


def test_a_diverged_seed_drops_out(history: History) -> None:
    loss = history.train_loss.copy()
    loss[0, 1, 1:] = np.nan  # one seed of the first arm from the second epoch on
    loss[1, :, 1:] = np.nan  # both of the second
    sent = curves(replace(history, train_loss=loss, partial_loss=None))
    first, second = history.experiment.arms[:2]
    for edge in ("low", "median", "high"):
        np.testing.assert_array_equal(sent[f"{first}.train.loss.{edge}"][1:], loss[0, 0, 1:])
        assert np.isnan(sent[f"{second}.train.loss.{edge}"][1:]).all()
    assert sent[f"{second}.train.loss.end_epoch"].tolist() == [1]


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
    assert kept_epochs(5000, None).tolist() == list(range(1, 5001))


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
        steps=epochs * history.steps_per_epoch,
        train_loss=rng.random(shape),
        train_accuracy=None if history.train_accuracy is None else rng.random(shape),
        validation_loss=rng.random(shape),
        validation_accuracy=None if history.validation_accuracy is None else rng.random(shape),
        partial_loss=None,
    )
    sent = curves(long, 50)
    at = sent["epoch"].astype(int)
    assert len(at) <= 50
    arm = history.experiment.arms[1]
    np.testing.assert_array_equal(sent[f"{arm}.train.loss.high"], long.train_loss[1][:, at - 1].max(axis=0))
    assert len(curves(long, None)["epoch"]) == epochs
