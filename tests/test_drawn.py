"""Drawn data sets: text to points and back, and an experiment on them like any other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bn_lab import drawn
from bn_lab.codegen import script
from bn_lab.datasets import GENERATED, as_csv, load, table_of
from bn_lab.datasets.generated import TAKEN, thinned
from bn_lab.engine.boundary import GRID, cells
from bn_lab.engine.training import train
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.sharing import decode, encode, link, parse_link

POINTS = [(-1.5, 2.0, 0), (0.25, -3.0, 1), (4.0, 4.0, 1)]
TEXT = "drawn:-1.5,2,0:0.25,-3,1:4,4,1"
SET = Experiment(dataset=TEXT, epochs=3)


def most() -> list[drawn.Point]:
    """As many points as a set may have, each as long in writing as it can be."""
    return [(-9.99 + k / 100, -9.99, 1) for k in range(drawn.MOST)]


def test_points_to_text_and_back() -> None:
    assert drawn.written(POINTS) == TEXT
    assert drawn.points_of(TEXT) == POINTS
    assert drawn.canonical(TEXT) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "drawn:4,4,1:-1.5,2,0:0.25,-3,1",
        "drawn:-1.50,2.0,0:00.25,-3.000,1:4.0,4,1",
        "drawn:-1.5,2,0:0.2501,-3.0049,1:4,4,1",
        "drawn:-1.5,2,0::0.25,-3,1:4,4,1:",
    ],
    ids=["order", "zeros", "rounding", "separators"],
)
def test_equal_points_are_one_experiment(text: str) -> None:
    assert Experiment(dataset=text, epochs=3) == SET
    assert table_of(Experiment(dataset=text, epochs=3)) is table_of(SET)


def test_minus_zero_is_zero_and_a_point_may_stand_twice() -> None:
    assert drawn.written([(-0.001, 0.0, 1), (0.0, 0.0, 1)]) == "drawn:0,0,1:0,0,1"


@pytest.mark.parametrize(
    ("text", "rule", "values"),
    [
        ("drawn", "points", {"count": 0, "low": 2, "high": 200}),
        ("drawn:", "points", {"count": 0}),
        ("drawn:1,2,0", "points", {"count": 1}),
        ("drawn" + ":1,2,0" * 201, "points", {"count": 201}),
        ("drawn:1,2,0:1,2", "point", {"number": 2, "point": "1,2", "high": "10"}),
        ("drawn:1,2,2:1,2,0", "point", {"number": 1, "point": "1,2,2"}),
        ("drawn:1,2,0:10.01,2,0", "point", {"number": 2, "point": "10.01,2,0"}),
        ("drawn:1,2,0:1e3,2,0", "point", {"point": "1e3,2,0"}),
        ("drawn:nan,2,0:1,2,0", "point", {"point": "nan,2,0"}),
        ("drawn:١,2,0:1,2,0", "point", {"point": "\\u0661,2,0"}),
        ("drawn:<b>\n,2,0:1,2,0", "point", {"point": "<b>\\n,2,0"}),
        ("drawn:1,2,0:" + "1" * 5000 + ",2,0", "point", {"point": "1" * 30}),
    ],
)
def test_what_cannot_be_drawn_is_told_with_field_rule_and_value(text: str, rule: str, values: dict[str, object]) -> None:
    with pytest.raises(ExperimentError) as caught:
        Experiment(dataset=text)
    error = caught.value
    assert (error.field, error.rule) == ("dataset", rule)
    assert values.items() <= error.values.items()
    assert len(str(error)) < 300
    decoded = decode({"dataset": text, "epochs": "7"})
    assert decoded.experiment == Experiment(epochs=7)  # the rest of a link is kept
    assert [problem.rule for problem in decoded.problems] == [rule]
    assert str(decoded.problems[0]).isprintable()


@pytest.mark.parametrize(
    "points", [[], [(0, 0, 0)], [(0, 0, 0), (float("nan"), 0, 1)], [(0, 0, 0), (0, 0, 2)], [(0, 0, 0), (0, 11, 1)]]
)
def test_points_that_cannot_be_are_not_written(points: list[drawn.Point]) -> None:
    with pytest.raises(drawn.PointsError):
        drawn.written(points)


def test_ids_that_only_look_alike_are_no_drawn_sets() -> None:
    assert not any(map(drawn.is_drawn, ("", "draw", "drawnx:1,2,0:1,2,0", "spiral")))
    with pytest.raises(ExperimentError) as caught:
        Experiment(dataset="drawnx:1,2,0:1,2,0")
    assert caught.value.rule == "one_of"


def test_a_link_carries_the_largest_set_as_readable_text() -> None:
    experiment = Experiment(dataset=drawn.written(most()), depth=5)
    address = link("https://lab.example/", experiment)
    assert parse_link(address).experiment == experiment
    assert not parse_link(address).problems
    assert "%" not in address
    assert len(address) < 3000
    assert decode(encode(experiment)).experiment == experiment


def test_the_table_has_the_points_in_order() -> None:
    table = table_of(SET)
    assert table.features.tolist() == [[-1.5, 2], [0.25, -3], [4, 4]]
    assert (table.target.tolist(), table.classes, table.task) == ([0, 1, 1], ("0", "1"), "classification")
    assert table_of(replace(SET, data_noise=0.3)) is table
    assert as_csv(TEXT) == b"x1,x2,class\n-1.5,2.0,0\n0.25,-3.0,1\n4.0,4.0,1\n"


def test_the_plane_stays_while_points_move_within_reach() -> None:
    near, far = table_of(SET), load("drawn:-1,0,0:1,0,1:0,9.5,1")
    ends = [cells(each.features, each.reach)[:, [0, -1]] for each in (near, load("drawn:0,0,0:0,0.1,1"), far)]
    np.testing.assert_array_equal(ends[0], ends[1])
    half = 6 * 1.16
    np.testing.assert_allclose(ends[0], [[-half + half / GRID, half - half / GRID]] * 2)
    assert ends[2][1, 1] > 9.5


def test_a_computed_set_is_taken_over_evenly() -> None:
    for name in GENERATED:
        table = load(name)
        if table.task == "regression":
            continue
        points = thinned(table.features, table.target)
        assert len(points) == TAKEN < drawn.MOST
        assert [sum(label == k for _, _, label in points) for k in (0, 1)] == [75, 75]
        assert {(x, y) for x, y, _ in points} <= {(x, y) for x, y in table.features.tolist()}
    few = load("moons").features[:7], load("moons").target[:7]
    assert len(thinned(*few)) == 7
    assert thinned(np.array([[30.0, -30.0]]), np.array([1])) == [(10, -10, 1)]


def test_other_points_start_from_the_same_weights() -> None:
    one, other = (train(replace(SET, dataset=text)) for text in (TEXT, "drawn:-1.5,2,0:0.3,-3,1:4,4,1"))
    for arm in SET.arms:
        first, second = one.checkpoints[0].arms[arm], other.checkpoints[0].arms[arm]
        np.testing.assert_equal(first, second)
    assert one.series("none", "loss").tolist() != other.series("none", "loss").tolist()


def test_points_of_one_class_can_be_trained_on() -> None:
    history = train(Experiment(dataset="drawn:0,0,1:1,1,1:2,2,1", epochs=2, validation_share=0.3))
    assert np.isfinite(history.series("before", "loss")).all()


@pytest.mark.parametrize("framework", ["keras", "pytorch"])
def test_a_program_has_the_points_in_it(framework: str) -> None:
    program = script(replace(SET, data_noise=0.2), framework)
    assert "-1.5,2,0 0.25,-3,1 4,4,1" in program
    assert "DATA" not in program
    largest = script(Experiment(dataset=drawn.written(most())), framework)
    assert max(map(len, largest.splitlines())) <= 128
