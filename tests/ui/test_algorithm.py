"""The Algorithm page: what it looks at, what its link says, and that its numbers are those of the batch."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab import numerals, timing, train
from bn_lab.engine.anatomy import folded, placements, random_batches, rescaled, subject, three_ways
from bn_lab.engine.anatomy.records import Rescaled
from bn_lab.experiment import Experiment
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.service import RequestError, WatchProgress, WatchState
from bn_lab.ui import session
from bn_lab.ui.algorithm import page as algorithm_page
from bn_lab.ui.algorithm import widgets
from bn_lab.ui.algorithm.network_parts import verdict
from bn_lab.ui.algorithm.page import NETWORK_PARTS, UNIT_PARTS
from bn_lab.ui.algorithm.scene import FACTORS, Selection, decode, encode
from bn_lab.ui.kit import formatting
from tests.ui.test_pages import check_text

Open = Callable[..., Any]
IRIS = Experiment(dataset="iris", epochs=6)
DEAD: dict[str, Any] = {"activation": "relu", "width": 1, "depth": 1, "seed": 1}
"""On Boston housing: a layer that is 0 for every sample."""

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: float(f"{value:.10g}"))
SELECTIONS = st.builds(
    Selection,
    arm=st.sampled_from(["", "none", "before", "after"]),
    layer=st.integers(1, 12),
    unit=st.integers(1, 256),
    epoch=st.none() | st.integers(0, 5000),
    sample=st.integers(1, 256),
    epsilon=st.none() | st.sampled_from([1e-12, 2e-7, 1e-3, 10.0]),
    gamma=st.none() | NUMBERS,
    beta=st.none() | NUMBERS,
    node=st.sampled_from(["mean", "inverse", "y"]),
    whole=st.booleans(),
    factor=st.sampled_from(FACTORS),
    values=st.just(()) | st.lists(NUMBERS, min_size=2, max_size=8).map(tuple),
)


@given(SELECTIONS)
def test_a_link_holds_what_is_looked_at(selection: Selection) -> None:
    assert decode(encode(selection)) == selection


def test_the_default_is_no_text() -> None:
    assert encode(Selection()) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "layer",
        "layer:x",
        "layer:-1",
        "epsilon:0",
        "epsilon:1e9",
        "gamma:inf",
        "gamma:1e308",
        "beta:-1e52",
        "values:1e60;2",
        "whole:no",
        "values:1",
        "values:1;x",
        "<b>:1",
        "a" * 9999,
    ],
)
def test_what_cannot_be_read_is_left_at_its_default(text: str) -> None:
    assert decode(f"unit:3,{text}") == Selection(unit=3)


def opened(lab: Open, language: str = "en", **algorithm: Any) -> Any:
    page = lab(IRIS, lang=language, **({"algorithm": encode(Selection(**algorithm))} if algorithm else {}))
    page.go_to("algorithm")
    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_page_is_there(lab: Open, language: str) -> None:
    for algorithm in ({}, {"values": (1.0, 2.0, 4.0)}, {"node": "inverse", "layer": 2}):
        page = opened(lab, language, **algorithm)
        check_text(page, language)
        for part in (*UNIT_PARTS, *NETWORK_PARTS):
            assert texts(language)(f"algorithm.{part}.question") in page.text


def test_what_a_link_says_that_cannot_be_read_is_named(lab: Open) -> None:
    page = lab(IRIS, lang="en", algorithm="unit:3,depth:<b>,epsilon:0")
    page.go_to("algorithm")
    warnings = [warning.value for warning in page.at.warning]
    assert warnings == [
        texts("en")("algorithm.unread", part=formatting.escape_markdown(part)) for part in ("depth:<b>", "epsilon:0")
    ]
    assert page.widget("algorithm_unit").value == 3


def test_a_blank_cell_is_called_blank(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, str] = {}
    monkeypatch.setattr(widgets.st, "session_state", state)
    monkeypatch.setattr(widgets.session, "experiment", lambda: IRIS)
    monkeypatch.setattr(widgets.session, "words", lambda: texts("ko"))
    widgets._take([1.0, None])
    assert state["algorithm_problem"] == texts("ko")(
        "algorithm.problem_cell", position="2", value=texts("ko")("algorithm.blank")
    )


def test_the_numbers_are_those_of_the_batch(lab: Open) -> None:
    page = opened(lab, layer=2, unit=3)
    checkpoint = page.watch.history().checkpoints[0]
    x = subject(IRIS, checkpoint, "before", 2).x[2]
    for number in (x.mean(), x.std()):
        assert numerals.number(number) in page.text
    (steps,) = [frame.value for frame in page.at.dataframe if "x" in frame.value]
    assert list(steps["x"]) == [numerals.number(number) for number in x]
    assert page.at.slider(key="algorithm_gamma").proto.format == "%.3f"
    page.set("algorithm_unit", 5)
    other = subject(IRIS, checkpoint, "before", 2).x[4]
    assert numerals.number(other.mean()) in page.text
    assert page.at.query_params["algorithm"] == "layer:2,unit:5"


def test_a_larger_epsilon_makes_the_normalized_values_smaller(lab: Open) -> None:
    page = opened(lab)
    x = subject(IRIS, page.watch.history().checkpoints[0], "before", 1).x[0]
    page.set("algorithm_epsilon", 10.0)
    expected = np.sqrt(x.var() / (x.var() + 10))
    assert numerals.number(float(expected)) in page.text
    assert page.at.query_params["algorithm"] == "epsilon:10"


def test_x_comes_back(lab: Open) -> None:
    page = opened(lab, values=(3.0, 5.0, 9.0))
    assert not page.at.success
    page.at.button(key="algorithm_original").click()
    page.run()
    (success,) = page.at.success
    assert texts("en")("algorithm.steps.back", largest="0").split("0")[0] in success.value
    page.at.button(key="algorithm_own").click()
    page.run()
    assert not page.at.success


@pytest.mark.parametrize(
    ("pasted", "rule", "values"),
    [
        ("1 2 x 4", "cell", {"position": "3", "value": "x"}),
        ("1 nan", "cell", {"position": "2", "value": "nan"}),
        ("1 2 inf", "cell", {"position": "3", "value": "inf"}),
        ("1 1e51", "magnitude", {"position": "2", "value": "1e51", "high": "1×10⁵⁰"}),
        ("7", "count", {"low": "2", "high": "256", "value": "1"}),
        ("", "count", {"low": "2", "high": "256", "value": "0"}),
        (" ".join(map(str, range(257))), "count", {"low": "2", "high": "256", "value": "257"}),
    ],
)
def test_what_is_no_number_is_named_and_changes_nothing(lab: Open, pasted: str, rule: str, values: dict[str, str]) -> None:
    page = opened(lab, values=(3.0, 5.0))
    page.at.text_area(key="algorithm_pasted").set_value(pasted)
    page.at.button(key="algorithm_use_pasted").click()
    page.run()
    (error,) = page.at.error
    assert error.value == texts("en")("algorithm.pasted", problem=texts("en")(f"algorithm.problem_{rule}", **values))
    assert page.at.query_params["algorithm"] == "values:3;5"


def test_pasted_numbers_are_used(lab: Open) -> None:
    page = opened(lab, values=(3.0, 5.0))
    page.at.text_area(key="algorithm_pasted").set_value("1.5; 2,5\n-4")
    page.at.button(key="algorithm_use_pasted").click()
    page.run()
    assert page.at.query_params["algorithm"] == "values:1.5;2.5;-4"
    assert numerals.number(0.0) in page.text


def test_the_graph_is_walked_node_by_node(lab: Open) -> None:
    page = opened(lab)
    page.at.button(key="algorithm_forth").click()
    page.run()
    assert page.at.query_params["algorithm"] == "node:centered"
    assert texts("en")("algorithm.node.centered") in page.text


def test_the_graph_of_the_whole_batch_stands_in_the_link(lab: Open) -> None:
    page = opened(lab, whole=True)
    toggle = page.at.toggle(key="algorithm_whole")
    assert toggle.value
    toggle.set_value(False)
    page.run()
    assert "algorithm" not in page.at.query_params


@pytest.mark.parametrize("language", LANGUAGES)
def test_networks_that_are_not_there_yet_say_so(lab: Open, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    page, t = lab(IRIS, lang=language), texts(language)
    progress = WatchProgress(WatchState.QUEUED, 0.0, 6, place=3)
    waiting = SimpleNamespace(layouts=None, progress=progress, recording="x", target=6, experiment=IRIS, history=late)
    monkeypatch.setattr(session, "watch", lambda: waiting)
    page.go_to("algorithm")
    assert t("algorithm.queued", place=3) in page.text
    assert t("algorithm.steps.question") not in page.text
    waiting.progress = replace(progress, place=0)
    page.run()
    assert t("algorithm.nothing") in page.text
    waiting.progress = replace(progress, state=WatchState.FAILED, error=RequestError("recording", "lost", "recording"))
    page.run()
    assert [error.value for error in page.at.error] == [formatting.error(t, waiting.progress.error)]


def late(timeout: float) -> Any:
    raise RequestError("recording", "late", "history", seconds=timeout)


def test_a_worker_that_does_not_answer_is_told(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened(lab)
    monkeypatch.setattr(timing, "COMPUTE_TIMEOUT", 0.0)
    page.set("algorithm_arm", "none")
    assert [error.value for error in page.at.error] == [
        formatting.error(texts("en"), RequestError("recording", "late", "subject", seconds=0))
    ]
    monkeypatch.undo()


def test_later_epochs_are_looked_at(lab: Open) -> None:
    page = lab(replace(IRIS, epochs=3), lang="en")
    page.train()
    page.go_to("algorithm")
    newest = page.watch.history().checkpoints[-1]
    assert newest.epoch == 3
    assert numerals.number(subject(replace(IRIS, epochs=3), newest, "before", 1).x[0].mean()) in page.text
    page.set("algorithm_epoch", 1)
    assert page.at.query_params["algorithm"] == "epoch:1"


def test_the_same_weights_in_three_ways(lab: Open) -> None:
    page = opened(lab)
    ways = three_ways(IRIS, page.watch.history().checkpoints[0], "before")
    for way in (ways.batch, ways.moving, ways.precise):
        assert numerals.number(way["train"].loss) in page.text
    assert "100%" in page.text  # nothing is trained yet


def test_random_batches_use_the_selected_sample_and_epsilon(lab: Open) -> None:
    page = opened(lab, unit=2, sample=3, epsilon=0.5)
    checkpoint = page.watch.history().checkpoints[0]
    row = int(subject(IRIS, checkpoint, "before", 1).rows[2])
    effect = random_batches(IRIS, checkpoint, "before", 1, 1, row).effect(0.5)
    for number in (numerals.number(effect.std[4]), numerals.number(effect.std[128]), numerals.signed(effect.exponent)):
        assert number in page.text


def test_a_factor_is_chosen_and_stands_in_the_link(lab: Open) -> None:
    page = opened(lab)
    page.set("algorithm_factor", 0.01)
    assert page.at.query_params["algorithm"] == "factor:0.01"
    record = rescaled(IRIS, page.watch.history().checkpoints[0], "before", 1, [0.01])
    for number in (record.change[0], record.gradient_norm[0], record.predicted[0]):
        assert numerals.number(float(number)) in page.text


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ([0.0, 0.0, 0.0, 0.0], ("holds", 0.0)),
        ([0.5, 0.02, 0.0, 0.009], ("breaks", 1.0)),
        ([0.5, 0.009, 0.0, 0.0], ("breaks", 0.1)),
        ([0.5, 0.2, 0.0, 0.02], ("fails", 1.0)),
        ([0.5, 0.2, 0.0, np.nan], ("fails", 1.0)),
    ],
)
def test_where_the_scale_begins_to_matter(change: list[float], expected: tuple[str, float]) -> None:
    nothing = np.zeros(4)
    assert verdict(Rescaled(np.array([0.01, 0.1, 1.0, 10.0]), np.array(change), nothing, nothing)) == expected


def test_both_placements_are_told(lab: Open) -> None:
    page = opened(lab, layer=2)
    both = placements(IRIS, page.watch.history().checkpoints[0], "before", 2)
    for values in (both.before["activation"], both.after["scaled"]):
        assert numerals.number(float(values.std())) in page.text
        assert numerals.number(float(values.min())) in page.text


@pytest.mark.parametrize("arm", ["before", "after"])
def test_folding_says_how_much_the_outputs_differ(lab: Open, arm: Any) -> None:
    experiment = replace(IRIS, arms=("none", arm))
    page = lab(experiment, lang="en")
    page.go_to("algorithm")
    record = folded(experiment, page.watch.history().checkpoints[0], arm, 1)
    assert numerals.number(record.largest) in page.text
    assert record.difference < 1e-12 < record.difference32 < 1e-4
    assert f"layer {record.layer}," in page.text


def test_an_arm_without_batch_normalization_says_so(lab: Open) -> None:
    page = opened(lab, arm="none")
    t = texts("en")
    assert t("algorithm.folding.answer_none") in page.text
    assert t("algorithm.scale.answer_none", change="900") in page.text  # ten times y is 900 % off y
    loss = three_ways(IRIS, page.watch.history().checkpoints[0], "none").moving["train"].loss
    assert t("algorithm.inference.answer_none", loss=numerals.number(loss)) in page.text


def test_parts_about_the_network_say_so_while_numbers_are_typed(lab: Open) -> None:
    page = opened(lab, values=(3.0, 5.0), layer=2)
    whose = {"arm": texts("en")("arm.before"), "layer": 2, "unit": 1, "epoch": "0"}
    assert page.text.count(texts("en")("algorithm.of_network", **whose)) == len(NETWORK_PARTS)


def test_an_epoch_that_is_not_there_is_told(lab: Open) -> None:
    page = opened(lab, epoch=5)
    assert texts("en")("algorithm.other_epoch", asked="5", shown="0") in page.text


def trained(lab: Open, experiment: Experiment, **params: str) -> Any:
    """The page after all of the experiment's epochs."""
    page = lab(experiment, lang="en", **params)
    page.train()
    page.go_to("algorithm")
    return page


def test_diverged_weights_are_not_taken_apart(lab: Open) -> None:
    page = trained(lab, Experiment(epochs=3, optimizer="sgd", learning_rate=10.0))
    warning = texts("en")("algorithm.diverged", arm=texts("en")("arm.before"))
    assert warning in page.text
    assert texts("en")("algorithm.steps.question") not in page.text
    page.set("algorithm_epoch", 0)
    assert warning not in page.text
    assert texts("en")("algorithm.folding.question") in page.text


def test_only_whole_epochs_are_offered(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train(IRIS)
    within = replace(whole.checkpoints[1], epoch=1.2)
    moving = replace(whole, checkpoints=(*whole.checkpoints[:2], within))
    monkeypatch.setattr(algorithm_page, "history_of", lambda *asked, **options: moving)
    page = opened(lab)
    assert list(page.widget("algorithm_epoch").options) == ["0", "1"]


def test_epsilon_that_holds_the_spread_down_is_told(lab: Open) -> None:
    free, held = (opened(lab, **algorithm).text for algorithm in ({}, {"epsilon": 10.0}))
    x = subject(IRIS, opened(lab).watch.history().checkpoints[0], "before", 1).x[0]
    std = numerals.number(float(np.sqrt(x.var() / (x.var() + 10))))
    assert f"at {std} instead of 1" not in free
    assert f"at {std} instead of 1" in held


def test_what_the_ways_through_the_statistics_take_out(lab: Open) -> None:
    page = opened(lab, values=(1.0, 2.0, 6.0))  # the gradient of y_1
    x = np.array([1.0, 2.0, 6.0])
    s = np.sqrt(x.var() + IRIS.epsilon)
    xhat = (x - x.mean()) / s
    direct = np.array([1 / s, 0, 0])
    left = direct - direct.mean() - xhat * (direct * xhat).mean()
    assert numerals.number(0.0) in page.text
    share = IRIS.epsilon / s**2
    for number in (direct.sum(), (direct * xhat).sum(), (left * xhat).sum(), share):
        assert numerals.number(float(number)) in page.text


@pytest.mark.parametrize("values", [(0.1,) * 7, (7e20 / 3,) * 7, (-1.0, 1.0), (1e50, -1e50), (1e-300, 2e-300)])
def test_odd_numbers_are_taken_apart_without_a_dash(lab: Open, values: tuple[float, ...]) -> None:
    page = opened(lab, values=values)
    (answer,) = [line for line in page.text.splitlines() if line.startswith(f"It takes {len(values)} values")]
    assert numerals.NOTHING not in answer
    assert not [node.value for node in page.at.markdown if "+-" in node.value]
    if len(set(values)) == 1:  # no rounding of the mean is taken for a spread
        assert "standard deviation 0. " in answer or "standard deviation 0," in answer


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"dataset": "boston", "arms": ("none", "after"), **DEAD}, "answer_nothing"),
        ({"arms": ("none", "after"), "weight_scale": 0.01}, "answer_fails_activation"),
        ({"weight_scale": 1e-3}, "answer_fails_epsilon"),
    ],
)
def test_why_the_scale_matters(lab: Open, change: dict[str, Any], expected: str) -> None:
    page = lab(replace(IRIS, **change), lang="en")
    page.go_to("algorithm")
    pattern = re.sub(r"\\{\w+\\}", ".+", re.escape(texts("en")(f"algorithm.scale.{expected}")))
    assert re.search(pattern, page.text)


def test_a_unit_that_is_the_same_for_all_does_not_depend_on_the_batch(lab: Open) -> None:
    page = lab(Experiment(arms=("none", "after"), **DEAD), lang="en")
    page.go_to("algorithm")
    assert texts("en")("algorithm.mates.answer_constant", sample=1, value="0") in page.text
    few = lab(replace(IRIS, samples=8), lang="en")
    few.go_to("algorithm")
    assert texts("en")("algorithm.mates.answer_few", samples=8) in few.text


def test_undoing_is_only_said_where_it_is_so(lab: Open) -> None:
    page = opened(lab, values=(1e10, 1e10 + 1), gamma=5.0, beta=1e10 + 0.5)
    assert not page.at.success
