"""The networks on the stage: where things stand, and what they show."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bn_lab.arms import ARMS
from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.experiment import Experiment
from bn_lab.figures.frame import Recorded, fill
from bn_lab.figures.parts import recorded
from bn_lab.figures.stage import TOP, network
from bn_lab.figures.training import loss, metric
from bn_lab.i18n import texts

T = texts("en")


def drawn(run: Run, table: Recorded, cursor: float | None = None, **options: Any) -> dict[str, Any]:
    return fill(network(run.experiment, run.table, T, **options), table, cursor)


def outlines(figure: dict[str, Any]) -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace["mode"] == "lines"]


def axis_of(figure: dict[str, Any], trace: dict[str, Any], letter: str = "x") -> dict[str, Any]:
    axis: dict[str, Any] = figure["layout"][f"{letter}axis{trace[f'{letter}axis'][1:]}"]
    return axis


def test_rows_are_equal_shares_from_the_top_and_hold_all_of_their_arm(run: Run, table: Recorded) -> None:
    for narrow in (False, True):
        figure = drawn(run, table, narrow=narrow)
        cells = figure["layout"]["meta"]["cells"]
        assert [(cell["arm"], cell["layer"]) for cell in cells] == [(arm, layer) for arm in ARMS for layer in (1, 2, 3)]
        for cell in cells:
            k = [*ARMS].index(cell["arm"])
            assert cell["y"] == pytest.approx([1 - (k + 1) / len(ARMS), 1 - k / len(ARMS)])
        assert figure["layout"]["margin"] == {"l": 0, "r": 0, "t": TOP, "b": 0, "pad": 0}
        for trace in outlines(figure):
            arm = next(arm for arm in ARMS if trace["name"] == T(f"arm.{arm}"))
            own = [cell for cell in cells if cell["arm"] == arm]
            low, high = axis_of(figure, trace, "y")["domain"]
            assert own[0]["y"][0] < low < high < own[0]["y"][1]
            left, right = axis_of(figure, trace)["domain"]
            assert any(cell["x"][0] - 1e-9 <= left < right <= cell["x"][1] + 1e-9 for cell in own)


def test_arms_with_batch_normalization_show_before_and_after_and_the_others_span_both(
    run: Run, table: Recorded, history: History
) -> None:
    figure = drawn(run, table, 1.0)
    snapshot = next(each for each in history.snapshots if each.epoch == 1)
    places = {"none": [0], "standardized": [0], "before": [0, 2], "after": [3, 2]}  # in the order of STAGES
    traces = iter(outlines(figure))
    widths: dict[str, list[float]] = {}
    for arm in ARMS:
        stages = {"none": {0: 0, 3: 1}, "standardized": {0: 0, 3: 1}}.get(arm, {k: k for k in range(4)})
        for layer in range(3):
            for place in places[arm]:
                trace = next(traces)
                counts = snapshot.arms[arm].counts[layer, stages[place]]
                np.testing.assert_allclose(trace["y"][1:-1], counts / counts.sum(), rtol=1e-6)
                assert trace["line"]["color"] == ARMS[arm].color
                assert trace["line"]["shape"] == "hvh"
                left, right = axis_of(figure, trace)["domain"]
                widths.setdefault(arm, []).append(right - left)
    assert widths["none"][0] > 2 * widths["before"][0]
    opacity = [float(trace["fillcolor"].split(",")[-1][:-1]) for trace in outlines(figure)]
    assert opacity[6:8] == sorted(opacity[6:8])
    assert opacity[6] < opacity[7]


def test_axes_are_symmetric_and_shared_where_that_is_asked_for(run: Run, table: Recorded) -> None:
    for figure in (drawn(run, table), drawn(run, table, 0.0)):
        for trace in outlines(figure):
            low, high = axis_of(figure, trace)["range"]
            assert low == -high
            assert axis_of(figure, trace)["tickvals"] == [low, 0, high]
    own, same = drawn(run, table), drawn(run, table, same_scale=True)
    first = [
        k
        for k, trace in enumerate(outlines(same))
        if axis_of(same, trace)["domain"][0] == axis_of(same, outlines(same)[0])["domain"][0]
    ]
    before = [axis_of(same, outlines(same)[k])["range"] for k in first[:3]]
    assert before[0] == before[1] == before[2], "the pre-activation of layer 1, of the arms that begin with it"
    assert before[0][1] == max(axis_of(own, outlines(own)[k])["range"][1] for k in first[:3])


def test_numbers_are_those_of_the_moment(run: Run, table: Recorded, history: History) -> None:
    notes = [note["text"] for note in drawn(run, table, 1.0)["layout"]["annotations"]]
    assert [T("figure.layer", layer=layer) for layer in (1, 2, 3)] == notes[:3]
    assert sum("±" in note for note in notes) == 3 * sum(2 if bool(ARMS[arm].normalizer) else 1 for arm in ARMS)
    assert not [note for note in notes if "diverged" in note]
    narrow = [note["text"] for note in drawn(run, table, narrow=True)["layout"]["annotations"]]
    assert not [note for note in narrow if " ± " in note]


def test_shares_are_written_only_where_there_are_some() -> None:
    run = Run(Experiment(dataset="iris", activation="relu"))
    run.finish_epoch()
    history = run.history()
    last = history.snapshots[-1]
    record = replace(last.arms["none"], saturated=np.array([0.5, 0.004, 0.0]), dead=np.array([0.25, 0.0, 0.0]))
    changed = replace(history, snapshots=(*history.snapshots[:-1], replace(last, arms={**last.arms, "none": record})))
    notes = drawn(run, recorded(changed))["layout"]["annotations"]
    texts = [note["text"] for note in notes if note["font"].get("color") == ARMS["none"].color]
    assert "50.0% sat.<br>25.0% dead" in texts
    assert sum("sat." in text for text in texts) == 1


def test_ticks_stand_under_every_row_of_a_few() -> None:
    figure = network(Experiment(), None, T)  # type: ignore[arg-type]
    assert all(axis_of(figure, trace)["showticklabels"] for trace in outlines(figure))


def test_chosen_layers_are_shown_and_the_way_past_others_is_marked() -> None:
    figure = network(Experiment(depth=6), None, T, layers=[1, 2, 5])  # type: ignore[arg-type]
    assert [cell["layer"] for cell in figure["layout"]["meta"]["cells"][:3]] == [1, 2, 5]
    labels = figure["data"][-1]["text"]
    assert [label for label in labels if "swish" in label] == ["swish", "swish ⋯", "swish ⋯"] * 2


def test_the_curve_is_bright_until_the_cursor_and_marked_there(run: Run, table: Recorded, history: History) -> None:
    figure = fill(loss(run.experiment, run.table, T, compact=True, log_x=True, log_y=True), table, 2.0)
    lines = [
        trace for trace in figure["data"] if trace["mode"] == "lines" and trace["line"].get("color") == ARMS["before"].color
    ]
    whole = [trace for trace in lines if trace.get("opacity")]
    bright = [trace for trace in lines if not trace.get("opacity")]
    assert [len(trace["x"]) for trace in whole] == [history.epoch] * 2
    assert [trace["x"] for trace in bright] == [[1, 2]] * 2
    color = {"markers": ARMS["before"].color}
    dots = [trace for trace in figure["data"] if trace["mode"] == "markers" and trace["marker"]["color"] == color["markers"]]
    now = [trace for trace in dots if trace["marker"]["size"] == 8]
    assert [trace["x"] for trace in now] == [[2.0]] * 2
    assert now[0]["y"] == bright[0]["y"][-1:]
    ends = figure["layout"]["xaxis"]["range"]
    assert ends[1] == pytest.approx(np.log10(9), abs=0.1), "as far as the run is to go"
    assert figure["layout"]["xaxis"]["type"] == figure["layout"]["yaxis"]["type"] == "log"


def test_inside_an_epoch_the_running_loss_is_marked(run: Run, table: Recorded, history: History) -> None:
    inside = next(moment for moment in history.snapshots if moment.train_loss is not None)
    figure = fill(loss(run.experiment, run.table, T, compact=True), table, inside.epoch)
    markers = [trace for trace in figure["data"] if trace["mode"] == "markers" and trace["marker"]["size"] == 8]
    assert markers[0]["x"] == pytest.approx([inside.epoch])
    assert inside.train_loss is not None
    assert markers[0]["y"] == pytest.approx([float(np.median(inside.train_loss[0]))])


def test_bands_of_several_seeds_are_of_the_training_alone(run: Run) -> None:
    figure = loss(run.experiment, run.table, T, compact=True)
    assert len([trace for trace in figure["data"] if trace.get("fill")]) == len(ARMS)


def test_the_stage_has_no_legend_and_says_what_is_dashed(run: Run) -> None:
    for figure in (loss(run.experiment, run.table, T, compact=True), metric(run.experiment, run.table, T, compact=True)):
        assert figure["layout"]["showlegend"] is False
        assert T("figure.dashed") in figure["layout"]["title"]["text"]
    assert T("figure.dashed") not in loss(Experiment(), run.table, T, compact=True)["layout"]["title"]["text"]
