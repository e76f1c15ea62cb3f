"""Figures about a whole network show the numbers of the engine's records."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from bn_lab.engine.anatomy.records import CompositionEffect, Folded, Placements, Rescaled, Statistics
from bn_lab.figures import algorithm_network as figures
from bn_lab.i18n import texts

RANDOM = np.random.default_rng(0)
T = texts("en")
WIDTHS = pytest.mark.parametrize("narrow", [False, True])


@WIDTHS
def test_statistics_of_the_unit(narrow: bool) -> None:
    mean, variance, moving_mean, moving_variance = RANDOM.random((4, 3, 2))
    record = Statistics(np.array([0.0, 1, 4]), mean, variance, moving_mean, moving_variance, np.array([1.0, 0.5, 0.1]))
    figure = go.Figure(figures.statistics(record, 1, 2, T, narrow=narrow))
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    expected = [mean[:, 1], moving_mean[:, 1], variance[:, 1], moving_variance[:, 1], record.start_weight]
    for trace, values in zip(lines, expected, strict=True):
        np.testing.assert_array_equal(trace.y, values)
    assert figure.layout.xaxis.ticktext == ("0", "1", "4")
    rings = [trace.y[0] for trace in figure.data if trace.mode == "markers"]
    assert rings == [mean[2, 1], variance[2, 1], 0.1]


@WIDTHS
def test_batches_of_every_size(narrow: bool) -> None:
    values = {size: RANDOM.normal(scale=size**-0.5, size=50) for size in (2, 4, 16)}
    std = {size: float(each.std()) for size, each in values.items()}
    figure = go.Figure(figures.composition(CompositionEffect(values, std, 100), T, narrow=narrow))
    for trace, each in zip(figure.data, values.values(), strict=False):
        np.testing.assert_array_equal(trace.y, each)
    assert figure.data[3].y == tuple(std.values())


def test_the_line_of_the_root_goes_through_what_follows_it() -> None:
    np.testing.assert_allclose(figures.root_law({2: 9.0, 4: 3 / 2, 16: 3 / 4}), [3 / 2**0.5, 3 / 2, 3 / 4])
    assert np.isnan(figures.root_law({4: 0.0, 16: 0.0})).all()


def test_the_line_of_a_finite_population_is_the_spread_of_means_drawn_without_replacement() -> None:
    population = RANDOM.normal(size=40)
    std = {m: float(np.std([RANDOM.permutation(population)[:m].mean() for _ in range(4000)])) for m in (4, 10, 30)}
    np.testing.assert_allclose(figures.root_law(std, 40), list(std.values()), rtol=0.05)


def test_values_that_differ_by_rounding_are_one_value() -> None:
    one = np.full((1, 4), 0.3)
    one[0, 0] = np.nextafter(0.3, 1)
    shares, ends = figures._shares(one.ravel())
    assert shares.max() == 1
    assert ends[0] < 0.3 < ends[-1]


@WIDTHS
def test_factors_with_their_curves(narrow: bool) -> None:
    record = Rescaled(np.array([0.1, 1, 10]), np.array([0.3, 0, 1e-9]), np.array([5.0, 1, 0.1]), np.array([10.0, 1, 0.1]))
    figure = go.Figure(figures.rescaled(record, 0, 0.2, T, narrow=narrow))
    drawn = [trace.y for trace in figure.data if len(trace.x) == 3]
    assert drawn == [(0.3, None, 1e-9), (10.0, 1.0, 0.1), (5.0, 1.0, 0.1)]
    assert [trace.x for trace in figure.data if len(trace.x) == 2] == [(0.2, 0.2)] * 2
    assert not [trace for trace in figures.rescaled(record, 0, None, T)["data"] if len(trace["x"]) == 2]


@WIDTHS
def test_every_stage_of_both_placements(narrow: bool) -> None:
    before = dict(zip(("pre_activation", "normalized", "scaled", "activation"), RANDOM.normal(size=(4, 2, 9)), strict=True))
    after = dict(zip(("pre_activation", "activation", "normalized", "scaled"), RANDOM.normal(size=(4, 2, 9)), strict=True))
    after["scaled"][0, 0] = np.nan
    figure = go.Figure(figures.placements(Placements(before, after), 1, 4, T, narrow=narrow))
    bars = [trace for trace in figure.data if trace.type == "bar"]
    marks = [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "lines"]
    stages = [*before.values(), *after.values()]
    for bar, mark, values in zip(bars, marks, stages, strict=True):
        known = values[np.isfinite(values)]
        np.testing.assert_allclose(bar.y, np.histogram(known, bins=40)[0] / len(known))
        assert mark.x == (values[1, 4],) * 2


@WIDTHS
def test_both_matrices_as_far_as_they_fit_on_one_scale(narrow: bool) -> None:
    both = RANDOM.normal(size=(2, 3, 100))
    record = Folded(1, both[0], np.zeros(3), both[1], np.zeros(3), 0.0, 0.0, 1.0)
    figure = go.Figure(figures.folded(record, "before", 1, T, narrow=narrow))
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    for trace, values in zip(maps, both, strict=True):
        np.testing.assert_array_equal(np.array(trace.z), values[:, :64])
        assert trace.zmax == -trace.zmin == np.abs(both[:, :, :64]).max()
