"""Figures filled from a real run show its numbers."""

import numpy as np
import pytest

from bn_lab.arms import ARMS
from bn_lab.engine.history import BINS, PERCENTILES, History, Snapshot, stages
from bn_lab.engine.run import Run
from bn_lab.experiment import Experiment
from bn_lab.figures.bindings import percentile_of
from bn_lab.figures.frame import Recorded, fill
from bn_lab.figures.parts import recorded
from bn_lab.figures.pictures import FIGURES
from bn_lab.figures.tables import statistics
from bn_lab.i18n import LANGUAGES, texts

T = texts("en")


def after(history: History, epoch: int) -> Snapshot:
    return next(moment for moment in history.snapshots if moment.epoch == epoch)


def test_loss_curves_are_drawn_as_recorded(run: Run, history: History, table: Recorded) -> None:
    filled = fill(FIGURES["loss"].draw(history.experiment, run.table, T), table)
    lines = {trace["name"]: trace for trace in filled["data"] if trace.get("name")}
    assert len(lines) == 2 * len(ARMS)
    values = history.series("before", "loss", "validation")
    assert values is not None
    line = lines["BN before activation · validation"]
    np.testing.assert_allclose(line["y"], np.median(values, axis=0), rtol=1e-6)
    assert line["x"] == [*range(1, history.epoch + 1)]
    assert line["line"]["dash"] == "dash"


def test_a_band_is_filled_from_its_upper_to_its_lower_edge(run: Run, history: History, table: Recorded) -> None:
    filled = fill(FIGURES["loss"].draw(history.experiment, run.table, T), table)
    traces = filled["data"]
    bands = [k for k, trace in enumerate(traces) if trace.get("fill") == "tonexty"]
    assert len(bands) == 2 * len(ARMS)
    for k in bands:
        upper, lower = traces[k]["meta"]["bind"]["y"]["curve"], traces[k - 1]["meta"]["bind"]["y"]["curve"]
        assert upper.removesuffix(".high") == lower.removesuffix(".low")
        pairs = zip(traces[k - 1]["y"], traces[k]["y"], strict=True)
        assert all(low <= high for low, high in pairs if low is not None)
        assert traces[k + 1]["meta"]["bind"]["y"]["curve"] == upper.replace(".high", ".median")


def test_histograms_show_the_counts_of_the_epoch_on_screen(run: Run, history: History, table: Recorded) -> None:
    figure = FIGURES["histograms"].draw(history.experiment, run.table, T)
    for cursor, snapshot in ((0.0, history.snapshots[0]), (1.0, after(history, 1))):
        filled = fill(figure, table, cursor)
        record = snapshot.arms["after"]
        place = stages("after").index("normalized")
        trace = next(
            trace for trace in filled["data"]
            if trace["meta"]["bind"]["x0"]["row"] == ["after.normalized.x0", 1]
        )  # fmt: skip
        counts = record.counts[1, place]
        np.testing.assert_allclose(trace["y"], [0, *(counts / counts.sum()), 0], rtol=1e-6)
        width = (record.high[1, place] - record.low[1, place]) / BINS
        assert trace["dx"] == pytest.approx(width)
        assert trace["x0"] + width / 2 == pytest.approx(record.low[1, place], rel=1e-5)


def test_arms_share_the_axis_of_a_stage_and_its_range_takes_all_in(run: Run, history: History, table: Recorded) -> None:
    filled = fill(FIGURES["histograms"].draw(history.experiment, run.table, T), table)
    axes: dict[str, int] = {}
    for trace in filled["data"]:
        axes[trace["xaxis"]] = axes.get(trace["xaxis"], 0) + 1
    assert sorted(set(axes.values())) == [2, 4]  # x̂ and γx̂ + β only with batch normalization
    low, high = filled["layout"]["xaxis"]["range"]
    moments = [*history.snapshots, history.current]
    lows = [record.low[0, 0] for moment in moments if moment for record in moment.arms.values()]
    highs = [record.high[0, 0] for moment in moments if moment for record in moment.arms.values()]
    assert low < min(lows)
    assert high > max(highs)


def test_ribbons_are_the_percentiles_wide_band_first(run: Run, history: History, table: Recorded) -> None:
    figure = FIGURES["ribbons"].draw(history.experiment, run.table, T, stage="scaled", layers=[2])
    filled = fill(figure, table)
    ribbon = [trace for trace in filled["data"] if trace.get("name", "").endswith("%") and trace["xaxis"] == "x"]
    wanted = [percentile_of("before", 2, "scaled", p) for p in (5, 95, 25, 75, 50)]
    assert [trace["meta"]["bind"]["y"]["rows"] for trace in ribbon] == wanted
    assert [trace.get("fill") for trace in ribbon] == [None, "tonexty", None, "tonexty", None]
    moments = [moment for moment in (*history.snapshots, history.current) if moment]
    values = [moment.arms["before"].percentiles[1, 2, PERCENTILES.index(95)] for moment in moments]
    np.testing.assert_allclose(ribbon[1]["y"], values)
    np.testing.assert_allclose(ribbon[1]["x"], [moment.epoch for moment in moments])


def test_the_gauge_has_smallest_median_and_largest(run: Run, history: History, table: Recorded) -> None:
    filled = fill(FIGURES["gauge"].draw(history.experiment, run.table, T), table, 1.0)
    whiskers = [trace for trace in filled["data"] if trace.get("legendgroup") == "after"]
    wanted = after(history, 1).arms["after"].batch_variance / history.experiment.epsilon
    np.testing.assert_allclose([trace["y"] for trace in whiskers], wanted, rtol=1e-6)
    low, high = filled["layout"]["yaxis"]["range"]
    assert low < 0 < high  # the line at 1, in powers of ten


def test_gamma_of_every_unit_over_time(run: Run, history: History, table: Recorded) -> None:
    filled = fill(FIGURES["gamma_beta"].draw(history.experiment, run.table, T, layers=[2]), table)
    unit = next(t for t in filled["data"] if t["meta"]["bind"]["y"].get("rows") == ["before.gamma", 8 + 5])
    moments = [moment for moment in (*history.snapshots, history.current) if moment]
    np.testing.assert_allclose(unit["y"], [moment.arms["before"].gamma[1, 5] for moment in moments])


def test_wide_layers_show_bands_of_units() -> None:
    run = Run(Experiment(dataset="iris", width=40, arms=("before",)))
    filled = fill(FIGURES["gamma_beta"].draw(run.experiment, run.table, T, layers=[1]), recorded(run.history()))
    first = [trace for trace in filled["data"] if trace["xaxis"] == "x" and trace["yaxis"] == "y"]
    assert [trace.get("fill") for trace in first] == [None, "tonexty", None, "tonexty", None]
    assert [trace["y"] for trace in first] == [[1.0]] * 5


def test_predictions_stand_over_their_true_values(run: Run, history: History, table: Recorded) -> None:
    if history.shown is None:
        pytest.skip("regression only")
    filled = fill(FIGURES["predictions"].draw(history.experiment, run.table, T), table, 2.0)
    points = [trace for trace in filled["data"] if trace.get("legendgroup") == "validation" and trace.get("y") != [None]]
    assert len(points) == len(ARMS)
    np.testing.assert_allclose(points[1]["x"], history.shown.validation, rtol=1e-6)
    np.testing.assert_allclose(points[1]["y"], after(history, 2).arms["standardized"].validation_predictions)
    assert "1,000 USD" in filled["layout"]["yaxis"]["title"]["text"]
    assert "medv" in filled["layout"]["title"]["text"]


def test_a_confusion_matrix_has_true_classes_as_rows(run: Run, history: History, table: Recorded) -> None:
    if history.task == "regression":
        pytest.skip("classification only")
    filled = fill(FIGURES["confusion"].draw(history.experiment, run.table, T, split="validation"), table, 3.0)
    matrices = [trace["z"] for trace in filled["data"]]
    wanted = [record.validation_predictions for record in after(history, 3).arms.values()]
    np.testing.assert_array_equal(matrices, wanted)
    true = run.table.target[run.source.splits[0].validation]
    np.testing.assert_array_equal(np.sum(matrices[0], axis=1), np.bincount(true.astype(int)))
    assert filled["layout"]["yaxis"]["autorange"] == "reversed"


def test_the_epoch_on_screen_is_written_on_pictures_of_a_moment(run: Run, history: History, table: Recorded) -> None:
    filled = fill(FIGURES["gauge"].draw(history.experiment, run.table, T), table, 2.0)
    assert filled["layout"]["annotations"][0]["text"] == "epoch 2 · seed 5"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_has_the_numbers_of_every_layer_and_arm(run: Run, history: History, language: str, table: Recorded) -> None:
    t = texts(language)
    shown = statistics(history.experiment, run.table, t)
    assert len(shown.rows) == history.experiment.depth * len(ARMS)
    assert all(len(cells) == len(shown.columns) for cells in shown.rows)
    cells = shown.rows[[*ARMS].index("after") + len(ARMS)]  # layer 2
    record, moment = after(history, 1).arms["after"], table.moment(1.0)
    collected = []
    for cell in cells:
        if not isinstance(cell, str):
            columns = table.field(cell["row"][0], "moment")
            assert columns is not None
            collected.append(columns[moment, cell["row"][1]])
    order = [3, 1, 2, 3]  # batch normalization's input is the activation, then x̂, then γx̂ + β; and the activation
    wanted = [v for k in order for v in (record.mean[1, k], record.std[1, k])]
    wanted += [record.saturated[1], record.dead[1], record.batch_variance[1, 1] / history.experiment.epsilon]
    np.testing.assert_allclose(collected, wanted, rtol=1e-6)
    assert shown.rows[0].count("–") == 5  # no x̂, no γx̂ + β, no ε without batch normalization
