"""Rows against the records they are made of."""

from dataclasses import replace

import numpy as np
import pytest

from bn_lab.engine.history import BINS, PERCENTILES, History, Snapshot, stages
from bn_lab.engine.run import Run
from bn_lab.experiment import BN_ARMS, Experiment
from bn_lab.figures.records import GAUGE_FLOOR, QUANTILES, UNITS, fields, row, units


def part(history: History, snapshot: Snapshot, name: str) -> np.ndarray:
    offset, length = fields(history)[name]
    return row(history, snapshot)[offset : offset + length]


def moments(history: History) -> list[Snapshot]:
    assert history.current is not None
    return [*history.snapshots, history.current]


def test_fields_fill_a_row_without_gaps(history: History) -> None:
    offset = 0
    for start, length in fields(history).values():
        assert start == offset
        offset += length
    for snapshot in moments(history):
        values = row(history, snapshot)
        assert values.shape == (offset,)
        assert values.dtype == np.float32


def test_records_are_in_the_row_as_they_are(history: History) -> None:
    names = ("low", "high", "mean", "std", "percentiles", "saturated", "dead", "gradient_norm")
    for snapshot in moments(history):
        assert part(history, snapshot, "epoch") == pytest.approx(snapshot.epoch)
        for arm, record in snapshot.arms.items():
            for name in (*names, "predictions", "validation_predictions"):
                np.testing.assert_array_equal(part(history, snapshot, f"{arm}.{name}"), getattr(record, name).ravel())


def test_shares_are_of_all_values_and_lie_between_two_empty_bins(history: History) -> None:
    for snapshot in moments(history):
        for arm, record in snapshot.arms.items():
            shape = (history.experiment.depth, len(stages(arm)))
            share = part(history, snapshot, f"{arm}.share").reshape(*shape, BINS + 2)
            np.testing.assert_allclose(share.sum(axis=2), 1, rtol=1e-6)
            assert not share[..., [0, -1]].any()
            count = record.counts[1, 0].sum()
            np.testing.assert_allclose(share[1, 0, 1:-1], record.counts[1, 0] / count, rtol=1e-6)
            np.testing.assert_allclose(part(history, snapshot, f"{arm}.peak").reshape(shape), share.max(axis=2))


def test_an_outline_spans_what_there_was(history: History) -> None:
    for arm, record in history.snapshots[-1].arms.items():
        x0 = part(history, history.snapshots[-1], f"{arm}.x0").reshape(record.low.shape)
        dx = part(history, history.snapshots[-1], f"{arm}.dx").reshape(record.low.shape)
        np.testing.assert_allclose(x0 + dx / 2, record.low, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(x0 + dx * (BINS + 0.5), record.high, rtol=1e-5, atol=1e-5)


def test_the_gauge_is_the_variance_over_epsilon(history: History) -> None:
    for snapshot in moments(history):
        for arm, record in snapshot.arms.items():
            wanted = record.batch_variance.astype(float).ravel() / history.experiment.epsilon
            np.testing.assert_allclose(part(history, snapshot, f"{arm}.gauge"), wanted, rtol=1e-6)


def test_the_axis_of_the_gauge_does_not_follow_a_unit_that_is_dead(history: History) -> None:
    snapshot = history.snapshots[-1]
    for smallest, wanted in ((0.0, GAUGE_FLOOR), (1e-40, GAUGE_FLOOR), (1e-8, 1e-5)):
        variance = np.full((history.experiment.depth, 3), 2.0, np.float32)
        variance[1, 0] = smallest
        record = replace(snapshot.arms["after"], batch_variance=variance)
        changed = replace(snapshot, arms={**snapshot.arms, "after": record})
        assert part(history, changed, "after.gauge_low") == pytest.approx(wanted)


def test_only_arms_with_batch_normalization_have_gamma_and_beta(history: History) -> None:
    for arm, record in history.snapshots[-1].arms.items():
        assert (f"{arm}.gamma" in fields(history)) == (arm in BN_ARMS)
        for name in ("gamma", "beta") if arm in BN_ARMS else ():
            np.testing.assert_array_equal(part(history, history.snapshots[-1], f"{arm}.{name}"), getattr(record, name).ravel())


def test_wide_layers_are_summed_up() -> None:
    experiment = Experiment(dataset="iris", width=UNITS + 1, arms=("before",))
    run = Run(experiment)
    run.finish_epoch()
    history = run.history()
    gamma = history.snapshots[-1].arms["before"].gamma
    assert gamma is not None
    kept = part(history, history.snapshots[-1], "before.gamma").reshape(experiment.depth, units(experiment))
    np.testing.assert_allclose(kept[2], np.quantile(gamma[2], QUANTILES), rtol=1e-6)


def test_inference_measures_are_medians_over_the_seeds(history: History) -> None:
    snapshot = history.snapshots[-1]
    for a, arm in enumerate(history.experiment.arms):
        assert part(history, snapshot, f"{arm}.inference_loss") == pytest.approx(np.median(snapshot.inference_loss[a]))
        if snapshot.inference_accuracy is None:
            assert f"{arm}.inference_accuracy" not in fields(history)
        else:
            wanted = np.median(snapshot.inference_accuracy[a])
            assert part(history, snapshot, f"{arm}.inference_accuracy") == pytest.approx(wanted)


def test_the_range_of_the_true_values(history: History) -> None:
    if history.shown is None:
        assert "actual" not in fields(history)
    else:
        both = np.concatenate([history.shown.train, history.shown.validation])
        np.testing.assert_allclose(part(history, history.snapshots[0], "actual"), [both.min(), both.max()])


def test_what_is_not_finite_stays_so(history: History) -> None:
    snapshot = history.snapshots[-1]
    record = replace(
        snapshot.arms["none"],
        counts=np.full_like(snapshot.arms["none"].counts, np.nan),
        low=np.full_like(snapshot.arms["none"].low, np.nan),
        batch_variance=np.full_like(snapshot.arms["none"].batch_variance, np.inf),
        predictions=np.full(snapshot.arms["none"].predictions.shape, 1e300),
    )
    broken = replace(snapshot, arms={**snapshot.arms, "none": record})
    for name in ("x0", "peak", "gauge", "predictions"):
        assert not np.isfinite(part(history, broken, f"none.{name}")).any()
    assert np.isfinite(part(history, broken, "before.share")).all()


def test_a_history_without_snapshots_has_no_fields(history: History) -> None:
    assert fields(replace(history, snapshots=(), current=None)) == {}


def test_percentiles_keep_their_order(history: History) -> None:
    kept = part(history, history.snapshots[-1], "before.percentiles").reshape(-1, len(PERCENTILES))
    assert (np.diff(kept, axis=1) >= 0).all()
