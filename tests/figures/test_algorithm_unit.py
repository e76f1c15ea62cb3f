"""Figures of the Algorithm page show the numbers of the reference."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from bn_lab import numerals
from bn_lab.engine import reference
from bn_lab.figures import algorithm_unit as figures
from bn_lab.figures.algorithm_unit import LABELS, PLACES, graph
from bn_lab.i18n import texts

X = np.array([[3.0, -1.0, 4.0, 1.0, 5.0]])
GAMMA, BETA = np.array([[2.0]]), np.array([[-1.0]])
NODES = reference.forward(X, GAMMA, BETA, 1e-3)
GRADIENTS = reference.backward(NODES, GAMMA, np.array([[1.0, 0.0, -2.0, 0.5, 0.0]]))
PARAMETERS = {"gamma": 2.0, "beta": -1.0}
EDGES = reference.edges(NODES, GRADIENTS, GAMMA)


@pytest.mark.parametrize("narrow", [False, True])
def test_steps_draw_every_sample_of_every_step(narrow: bool) -> None:
    figure = go.Figure(figures.steps(NODES, 2, texts("en"), narrow=narrow))
    drawn = [trace for trace in figure.data if trace.mode == "markers"]
    for trace, values in zip(drawn, (NODES.x, NODES.squared, NODES.normalized, NODES.y), strict=True):
        np.testing.assert_allclose(trace.y, values[0])
        assert np.argmax(trace.marker.size) == 2
        assert "%{x:,d}" in trace.hovertemplate  # of 1,234 samples the last one is not the 1,230th
        assert trace.marker.color == drawn[0].marker.color  # a sample keeps its colour


@pytest.mark.parametrize("epsilon", [1e-12, 1e-3, 10.0])
def test_units_lie_on_the_curve(epsilon: float) -> None:
    variances = [np.array([0.0, 1e-6, 2.0]), np.array([3.0])]
    figure = go.Figure(figures.spread_over_variance(epsilon, variances, 0.5, texts("ko")))
    points = [trace for trace in figure.data if trace.mode == "markers"]
    for trace, units in zip(points, [*variances, np.array([0.5])], strict=True):
        np.testing.assert_allclose(trace.y, np.sqrt(units / (units + epsilon)))


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("sample", [None, 1])
def test_the_graph_has_every_node_and_the_numbers_of_every_edge(narrow: bool, sample: int | None) -> None:
    figure = go.Figure(graph(NODES, EDGES, PARAMETERS, sample, "inverse", texts("en"), narrow=narrow))
    written = [note.text for note in figure.layout.annotations]
    assert set(LABELS.values()) <= set(written)
    for (start, _), carried in EDGES.items():
        number = round(carried.sum(), 12) if sample is None else carried[0, min(sample, carried.shape[1] - 1)]
        assert (numerals.short(number) if number else "≈ 0") in written or numerals.short(number) in written
        values = np.array([[PARAMETERS[start]]]) if start in PARAMETERS else getattr(NODES, start)
        value = values.mean() if sample is None else values[0, min(sample, values.shape[1] - 1)]
        assert numerals.short(value) in written


def test_nodes_of_the_graph_are_those_of_the_edges() -> None:
    assert set(LABELS) == set(PLACES) == {name for edge in EDGES for name in edge}


@pytest.mark.parametrize(("narrow", "width", "height"), [(False, 820, 270), (True, 374, 880)])
def test_numbers_of_the_graph_do_not_cover_each_other(narrow: bool, width: int, height: int) -> None:
    figure = go.Figure(graph(NODES, EDGES, PARAMETERS, 1, "mean", texts("en"), narrow=narrow))
    across, down = figure.layout.xaxis.range, figure.layout.yaxis.range
    boxes = []
    for note in figure.layout.annotations:
        if note.font.size == 11 and note.text:
            x = (note.x - across[0]) / (across[1] - across[0]) * width + (note.xshift or 0)
            y = (note.y - down[0]) / (down[1] - down[0]) * height + (note.yshift or 0)
            wide = 6 * len(note.text)
            x -= {"left": 0, "right": wide}.get(note.xanchor, wide / 2)
            boxes.append((x, y, wide))
    for i, (x, y, wide) in enumerate(boxes):
        for other_x, other_y, other_wide in boxes[:i]:
            assert abs(y - other_y) >= 12 or x + wide <= other_x or other_x + other_wide <= x
