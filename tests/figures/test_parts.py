"""Parts against the records they are made of."""

import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from bn_lab.arms import ARMS
from bn_lab.engine.history import BINS, MEASURES, SPLITS, STAGES, History, Snapshot, stages
from bn_lab.engine.run import Run
from bn_lab.engine.summary import SENTENCES, at_moment, sentence
from bn_lab.experiment import Experiment
from bn_lab.figures.frame import Recorded
from bn_lab.figures.parts import (
    GAUGE_FLOOR,
    POINTS,
    QUANTILES,
    UNITS,
    epoch_rows,
    layouts,
    moment_row,
    once_row,
    recorded,
    units,
)

known_layouts, known_row = cache(layouts), cache(moment_row)
"""The same once for each history and moment: most tests look at many fields."""


def value(history: History, snapshot: Snapshot, name: str) -> np.ndarray:
    laid_out = known_layouts(history)
    part = next(part for part, layout in laid_out.items() if layout.axis == "moment" and name in layout.fields)
    offset, length = laid_out[part].fields[name]
    return known_row(part, history, snapshot)[offset : offset + length]


def moments(history: History) -> list[Snapshot]:
    return [*history.snapshots, *([history.current] if history.current else [])]


def test_fields_fill_a_row_without_gaps_and_names_are_unique(history: History) -> None:
    laid_out = layouts(history)
    for part, layout in laid_out.items():
        offset = 0
        for start, length in layout.fields.values():
            assert start == offset
            offset += length
        assert layout.size == offset > 0
        rows = {
            "moment": lambda part=part: moment_row(part, history, history.snapshots[0])[None],
            "epoch": lambda part=part: epoch_rows(part, history, 0, 2),
            "once": lambda part=part: once_row(part, history)[None],
        }[layout.axis]()
        assert rows.shape[1] == layout.size
        assert rows.dtype == np.float32
    for axis in ("moment", "epoch"):
        names = [name for layout in laid_out.values() if layout.axis == axis for name in layout.fields if name != "epoch"]
        assert len(names) == len(set(names))


def test_layouts_are_known_from_the_untrained_moment_on(history: History) -> None:
    start = Run(history.experiment).history()
    assert layouts(start) == layouts(history)
    assert layouts(replace(start, snapshots=())) == {}


def test_a_moment_has_the_same_row_whatever_comes_after_it(history: History) -> None:
    start = Run(history.experiment).history()
    for part, layout in layouts(history).items():
        if layout.axis == "moment":
            np.testing.assert_array_equal(
                moment_row(part, start, start.snapshots[0]), moment_row(part, history, history.snapshots[0])
            )


def test_records_are_in_the_row_as_they_are(history: History) -> None:
    for snapshot in moments(history):
        assert value(history, snapshot, "epoch") == pytest.approx(snapshot.epoch)
        for arm, record in snapshot.arms.items():
            for k, stage in enumerate(stages(arm)):
                for name in ("low", "high", "mean", "std", "percentiles"):
                    wanted = getattr(record, name)[:, k].ravel()
                    np.testing.assert_array_equal(value(history, snapshot, f"{arm}.{stage}.{name}"), wanted)
            for name in ("saturated", "dead", "gradient_norm", "predictions", "validation_predictions"):
                np.testing.assert_array_equal(value(history, snapshot, f"{arm}.{name}"), getattr(record, name).ravel())


def test_only_arms_that_have_a_stage_are_in_its_part(history: History) -> None:
    for stage in STAGES:
        arms = {name.split(".")[0] for name in layouts(history)[f"stage.{stage}"].fields}
        assert arms == {arm for arm in history.experiment.arms if stage in stages(arm)}


def test_a_stage_that_no_arm_has_is_no_part() -> None:
    laid_out = layouts(Run(Experiment(dataset="iris", arms=("none",))).history())
    assert {part for part in laid_out if part.startswith("stage.")} == {"stage.pre_activation", "stage.activation"}
    assert "samples" not in laid_out
    assert "boundary" not in laid_out


def test_shares_are_of_all_values_and_lie_between_two_empty_bins(history: History) -> None:
    for snapshot in moments(history):
        for arm, record in snapshot.arms.items():
            for k, stage in enumerate(stages(arm)):
                share = value(history, snapshot, f"{arm}.{stage}.share").reshape(-1, BINS + 2)
                np.testing.assert_allclose(share.sum(axis=1), 1, rtol=1e-6)
                assert not share[:, [0, -1]].any()
                np.testing.assert_allclose(share[1, 1:-1], record.counts[1, k] / record.counts[1, k].sum(), rtol=1e-6)
                np.testing.assert_allclose(value(history, snapshot, f"{arm}.{stage}.peak"), share.max(axis=1))


def test_an_outline_spans_what_there_was(history: History) -> None:
    for arm, record in history.snapshots[-1].arms.items():
        for k, stage in enumerate(stages(arm)):
            x0, dx = (value(history, history.snapshots[-1], f"{arm}.{stage}.{name}") for name in ("x0", "dx"))
            np.testing.assert_allclose(x0 + dx / 2, record.low[:, k], rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(x0 + dx * (BINS + 0.5), record.high[:, k], rtol=1e-5, atol=1e-5)


def test_the_gauge_is_the_variance_over_epsilon(history: History) -> None:
    for snapshot in moments(history):
        for arm, record in snapshot.arms.items():
            wanted = record.batch_variance.astype(float).ravel() / history.experiment.epsilon
            np.testing.assert_allclose(value(history, snapshot, f"{arm}.gauge"), wanted, rtol=1e-6)


def test_the_axis_of_the_gauge_does_not_follow_a_unit_that_is_dead(history: History) -> None:
    snapshot = history.snapshots[-1]
    for smallest, wanted in ((0.0, GAUGE_FLOOR), (1e-40, GAUGE_FLOOR), (1e-8, 1e-5)):
        variance = np.full((history.experiment.depth, 3), 2.0, np.float32)
        variance[1, 0] = smallest
        record = replace(snapshot.arms["after"], batch_variance=variance)
        changed = replace(snapshot, arms={**snapshot.arms, "after": record})
        assert value(history, changed, "after.gauge_low") == pytest.approx(wanted)


def test_only_arms_with_batch_normalization_have_gamma_and_beta(history: History) -> None:
    for arm, record in history.snapshots[-1].arms.items():
        for name in ("gamma", "beta"):
            assert (f"{arm}.{name}" in layouts(history)["layers"].fields) == (bool(ARMS[arm].normalizer))
            if bool(ARMS[arm].normalizer):
                kept = value(history, history.snapshots[-1], f"{arm}.{name}")
                np.testing.assert_array_equal(kept, getattr(record, name).ravel())


def test_wide_layers_are_summed_up() -> None:
    experiment = Experiment(dataset="iris", width=UNITS + 1, arms=("before",))
    run = Run(experiment)
    run.finish_epoch()
    history = run.history()
    gamma = history.snapshots[-1].arms["before"].gamma
    assert gamma is not None
    kept = value(history, history.snapshots[-1], "before.gamma").reshape(experiment.depth, units(experiment))
    np.testing.assert_allclose(kept[2], np.quantile(gamma[2], QUANTILES), rtol=1e-6)


def test_the_summary_says_where_each_arm_stands(history: History) -> None:
    for snapshot in moments(history):
        for standing in at_moment(history, snapshot):
            arm = standing.arm
            for name in ("train_loss", "validation_loss", "inference_loss", "diverged"):
                np.testing.assert_allclose(value(history, snapshot, f"{arm}.{name}"), getattr(standing, name), rtol=1e-6)
            first = MEASURES[history.task][1]
            train = "train_accuracy" if first == "accuracy" else first
            for split, name in (("train", train), *((each, f"{each}_{first}") for each in ("inference", "validation"))):
                wanted = standing.metrics[first, split]
                np.testing.assert_allclose(value(history, snapshot, f"{arm}.{name}"), wanted, rtol=1e-6)
            running = value(history, snapshot, f"{arm}.running_loss")
            assert np.isnan(running).all() == (snapshot.train_loss is None)


def test_the_summary_names_the_sentence(history: History) -> None:
    arms = history.experiment.arms
    for snapshot in moments(history):
        said, row = sentence(history, snapshot), value(history, snapshot, "sentence")
        assert said.other is not None
        assert SENTENCES[int(row[0])] == said.id
        assert [arms[int(row[1])], arms[int(row[2])]] == [said.arm, said.other]
        np.testing.assert_allclose(row[3:], [said.value, said.other_value], rtol=1e-6)


def test_an_arm_alone_has_no_other() -> None:
    history = Run(Experiment(dataset="iris", arms=("before",))).history()
    index, arm, other, *_ = value(history, history.snapshots[0], "sentence")
    assert (SENTENCES[int(index)], arm) == ("alone", 0)
    assert np.isnan(other)


def test_curves_are_the_recorded_numbers_in_whatever_pieces_they_are_asked_for(history: History) -> None:
    for measure in MEASURES[history.task]:
        part = f"curves.{measure}"
        rows, fields = epoch_rows(part, history, 0, history.epoch), layouts(history)[part].fields
        pieces = [epoch_rows(part, history, e, e + 1) for e in range(history.epoch)]
        np.testing.assert_array_equal(np.concatenate(pieces), rows)
        assert epoch_rows(part, history, 1, 1).shape == (0, rows.shape[1])
        assert rows[:, fields["epoch"][0]].tolist() == [*range(1, history.epoch + 1)]
        for arm in history.experiment.arms:
            for split in SPLITS:
                values = history.series(arm, measure, split)
                assert values is not None
                for name, line in (
                    ("median", np.median(values, axis=0)),
                    ("low", values.min(axis=0)),
                    ("high", values.max(axis=0)),
                ):
                    at = fields[f"{arm}.{split}.{measure}.{name}"][0]
                    np.testing.assert_allclose(rows[:, at], line, rtol=1e-6)


def test_what_a_run_does_not_have_is_no_field() -> None:
    run = Run(Experiment(dataset="iris", epochs=2))
    laid_out = layouts(run.history())
    wanted = {"epoch", *(f"{arm}.train.accuracy.median" for arm in ("none", "before"))}
    assert set(laid_out["curves.accuracy"].fields) == wanted
    assert "none.validation_loss" not in laid_out["summary"].fields


def test_samples_are_the_true_values_and_the_points(history: History) -> None:
    laid_out = layouts(history)
    assert ("samples" in laid_out) == (history.shown is not None or history.points is not None)
    if "samples" not in laid_out:
        return
    row = once_row("samples", history)
    kept = {name: row[offset : offset + length] for name, (offset, length) in laid_out["samples"].fields.items()}
    assert ("actual" in kept) == (history.shown is not None)
    if history.shown is not None:
        both = np.concatenate([history.shown.train, history.shown.validation])
        np.testing.assert_array_equal(kept["shown.train"], history.shown.train.astype(np.float32))
        np.testing.assert_allclose(kept["actual"], [both.min(), both.max()])
    if history.points is not None:
        found_points = np.column_stack([kept[name] for name in POINTS["validation"]])
        np.testing.assert_array_equal(found_points, history.points.validation.astype(np.float32))


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
    for name in ("pre_activation.x0", "pre_activation.peak", "gauge", "predictions"):
        assert not np.isfinite(value(history, broken, f"none.{name}")).any()
    assert np.isfinite(value(history, broken, "before.pre_activation.share")).all()


def test_a_recording_has_all_rows_the_present_moment_last(history: History, table: Recorded) -> None:
    assert table.epochs.tolist() == [moment.epoch for moment in moments(history)]
    assert table.target == 9
    for part, layout in layouts(history).items():
        count = {"moment": len(table.epochs), "epoch": history.epoch, "once": 1}[layout.axis]
        assert table.parts[part].shape == (count, layout.size)
    *before, last = moments(history)
    other = recorded(replace(history, snapshots=tuple(before), current=last))
    for part, rows in table.parts.items():
        np.testing.assert_array_equal(other.parts[part], rows)


def test_a_recording_without_moments_is_empty(history: History) -> None:
    empty = recorded(replace(history, snapshots=(), current=None))
    assert (empty.layouts, len(empty.epochs)) == ({}, 0)


def test_a_worker_needs_neither_plotly_nor_torch_to_pack() -> None:
    check = "import bn_lab.figures.parts, bn_lab.figures.frame, sys; assert not {'torch', 'plotly'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
