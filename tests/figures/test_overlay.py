"""Runs one over the other: what is drawn is what was recorded, and names of strangers are harmless."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import plotly.graph_objects as go
import pytest

from bn_lab.arms import ARMS
from bn_lab.figures.overlay import RUN_COLORS, SYMBOLS, Overlaid, Target, overlay
from bn_lab.figures.style import DARK, LIGHT
from bn_lab.i18n import LANGUAGES, texts
from tests.figures.test_style import contrast, linear

T = texts("en")
REGRESSION = Target("regression", "1000 USD")


def run(slot: int = 0, name: str = "a", n: int = 4, **lines: list[float]) -> Overlaid:
    named = {key.replace("__", "."): np.array(values) for key, values in lines.items()}
    return Overlaid(name, slot, ("none", "before"), np.arange(1.0, n + 1), named)


TWO = [
    run(0, "first", none__train__loss=[4, 3, 2, 1], before__train__loss=[9, 4, 2, np.nan]),
    run(3, "second", n=2, none__train__loss=[5, 0], before__train__loss=[7, 6]),
]


@pytest.mark.parametrize("background", [LIGHT, DARK])
@pytest.mark.parametrize("color", RUN_COLORS)
def test_colours_of_runs_can_be_read_on_both_themes(color: str, background: str) -> None:
    assert contrast(color, background) >= 3


def test_runs_look_different_from_each_other_and_from_arms() -> None:
    assert len(set(RUN_COLORS)) == len(set(SYMBOLS)) == len(RUN_COLORS)
    assert not set(RUN_COLORS) & {arm.color for arm in ARMS.values()}
    assert len({arm.dash for arm in ARMS.values()}) == len(ARMS)
    for one, other in combinations(RUN_COLORS, 2):
        assert sum((a - b) ** 2 for a, b in zip(linear(one), linear(other), strict=True)) ** 0.5 > 0.1


@pytest.mark.parametrize("narrow", [False, True])
def test_every_arm_of_every_run_is_a_line_with_a_mark_at_its_end(narrow: bool) -> None:
    figure = go.Figure(overlay(TWO, REGRESSION, T, narrow=narrow))
    lines = [trace for trace in figure.data if trace.mode == "lines" and trace.x != (None,)]
    assert [(trace.line.color, trace.line.dash) for trace in lines] == [
        (RUN_COLORS[slot], ARMS[arm].dash) for slot in (0, 3) for arm in ("none", "before")
    ]
    assert lines[1].y == (9, 4, 2, None)
    marks = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [(mark.x, mark.y) for mark in marks] == [((4,), (1,)), ((3,), (2,)), ((2,), (0,)), ((2,), (6,))]
    assert [mark.marker.symbol for mark in marks] == [SYMBOLS[0]] * 2 + [SYMBOLS[3]] * 2


def test_the_legend_has_each_run_and_each_arm_once() -> None:
    figure = go.Figure(overlay(TWO, REGRESSION, T))
    names = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert names == ["first", "second", T("arm.none"), T("arm.before")]


def test_a_logarithmic_axis_has_no_place_for_zero_and_accuracy_none_for_a_logarithm() -> None:
    figure = go.Figure(overlay(TWO, REGRESSION, T, log_y=True))
    assert figure.layout.yaxis.type == "log"
    assert [trace.y for trace in figure.data if trace.mode == "lines"][2] == (5, None)
    runs = [run(none__train__accuracy=[0.1, 0.2, 0.3, 1])]
    assert go.Figure(overlay(runs, Target("classification"), T, measure="accuracy", log_y=True)).layout.yaxis.type != "log"


def test_a_run_without_that_line_is_left_out() -> None:
    figure = go.Figure(overlay([*TWO, run(1, "held", none__validation__loss=[3, 2, 1, 1])], REGRESSION, T, split="validation"))
    assert {trace.name for trace in figure.data if trace.legendgroup} == {"held"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_is_text_only(language: str) -> None:
    hostile = run(0, "<b>x</b>%{y}&lt;", none__train__loss=[1, 1, 1, 1])
    figure = go.Figure(overlay([hostile], REGRESSION, texts(language)))
    told = [trace.name or "" for trace in figure.data] + [trace.hovertemplate or "" for trace in figure.data]
    assert any("&lt;b&gt;x&lt;/b&gt;%\u2060{y}&amp;lt;" in text for text in told)
    assert not any("<b>" in text or "%{y}&" in text for text in told)
