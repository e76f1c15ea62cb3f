"""The picture of the plane of two features: what it shows is what was recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bn_lab.arms import ARMS
from bn_lab.datasets import Table, load
from bn_lab.engine.boundary import GRID, cells
from bn_lab.engine.run import Run
from bn_lab.experiment import Experiment
from bn_lab.figures.boundary import AREAS, DOTS, boundary
from bn_lab.figures.frame import fill
from bn_lab.figures.parts import recorded
from bn_lab.figures.pictures import figure_names
from bn_lab.i18n import texts

T = texts("en")


def traces(figure: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace["type"] == kind]


@pytest.mark.parametrize("dataset", ["xor", "plane"])
def test_areas_and_samples_are_those_of_the_record(dataset: str) -> None:
    run = Run(Experiment(dataset=dataset, arms=tuple(ARMS), validation_share=0.2))
    run.finish_epoch()
    history = run.history()
    filled = fill(boundary(run.experiment, run.table, T), recorded(history), 0.0)
    areas = traces(filled, "heatmap")
    for area, arm in zip(areas, ARMS, strict=True):
        kept = history.snapshots[0].arms[arm].boundary
        assert kept is not None
        np.testing.assert_array_equal(area["z"], kept)
        x, y = cells(run.table.features)
        np.testing.assert_allclose(area["x0"] + area["dx"] * np.arange(GRID), x)
        np.testing.assert_allclose(area["y0"] + area["dy"] * np.arange(GRID), y)
    assert len(traces(filled, "contour")) == (len(ARMS) if dataset == "xor" else 0)
    assert history.points is not None
    train, held = traces(filled, "scatter")[:2]
    for trace, points in ((train, history.points.train), (held, history.points.validation)):
        found = np.column_stack([trace["x"], trace["y"], trace["marker"]["color"]])
        np.testing.assert_array_equal(found, points.astype(np.float32))


def several(classes: int) -> Table:
    features, target = np.arange(40.0).reshape(20, 2), np.arange(20) % classes
    return Table("own", features, ("a", "b"), target, "c", "", "classification", tuple(map(str, range(classes))))


def test_each_of_several_classes_has_a_band_of_its_own_colour() -> None:
    figure = boundary(Experiment(), several(3), T)
    scale = figure["layout"]["coloraxis"]
    assert (scale["cmin"], scale["cmax"]) == (0, 3)
    stops = [(float(at), color) for at, color in scale["colorscale"]]
    assert [at for at, _ in stops] == pytest.approx([0, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 1])
    assert all(f"rgba({AREAS[k // 2]}," in color for k, (_, color) in enumerate(stops))
    assert not traces(figure, "contour")
    dots = traces(figure, "scatter")[0]["marker"]
    assert [color for _, color in dots["colorscale"]] == list(DOTS[:3])
    assert (dots["cmin"], dots["cmax"]) == (0, 2)


def test_two_features_have_the_picture_unless_there_are_more_classes_than_colours() -> None:
    assert "boundary" in figure_names(Experiment(), several(len(AREAS)))
    assert "boundary" not in figure_names(Experiment(), several(len(AREAS) + 1))
    assert "boundary" in figure_names(Experiment(), load("plane"))
    assert "boundary" not in figure_names(Experiment(), load("iris"))


def test_every_panel_is_square_and_all_share_their_axes() -> None:
    table = replace(several(2), features=np.array([[0.0, 0.0], [1.0, 1000.0]] * 10))
    layout = boundary(Experiment(arms=tuple(ARMS)), table, T)["layout"]
    (x0, x1), (y0, y1) = layout["xaxis"]["range"], layout["yaxis"]["range"]
    assert layout["yaxis"]["scaleratio"] == pytest.approx((x1 - x0) / (y1 - y0))
    assert [layout[f"{letter}axis{k}"]["matches"] for k in (2, 3, 4) for letter in "xy"] == ["x", "y"] * 3


def lab(color: str | tuple[float, ...]) -> np.ndarray:
    """CIE L*a*b* of a colour in sRGB."""
    red_green_blue = [int(color[k : k + 2], 16) for k in (1, 3, 5)] if isinstance(color, str) else color
    share = np.array(red_green_blue) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    x, y, z = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_no_class_has_the_colour_of_an_arm_or_of_another_class() -> None:
    arms = [lab(arm.color) for arm in ARMS.values()]
    areas = [lab(tuple(map(float, area.split(",")))) for area in AREAS]
    for k, area in enumerate(areas):
        assert min(np.linalg.norm(area - arm) for arm in arms) > 20, AREAS[k]
        assert min(np.linalg.norm(area - other) for j, other in enumerate(areas) if j != k) > 20, AREAS[k]
    # The first two differ in lightness and on the axis from blue to yellow, which every kind of colour vision has one of.
    assert abs(areas[0] - areas[1])[[0, 2]].min() > 25
    assert [lab(dot)[0] < area[0] for dot, area in zip(DOTS, areas, strict=True)] == [True] * len(AREAS)


def test_on_the_stage_every_plane_is_square_under_its_arms_name() -> None:
    table = several(2)
    for arms in (tuple(ARMS)[:count] for count in (1, 2, 3, 4)):
        layout = boundary(Experiment(arms=arms), table, T, compact=True)["layout"]
        assert [note["text"] for note in layout["annotations"]] == [T(f"arm.{arm}") for arm in arms]
        assert layout["yaxis"]["scaleanchor"] == "x"
        assert not layout["showlegend"]
