"""Computed data sets against the rules that they are drawn by."""

from __future__ import annotations

import numpy as np
import pytest

from bn_lab.datasets import GENERATED, load, table_of
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment

CLASSES = [name for name in GENERATED if name != "plane"]


def class_of(name: str, points: Array) -> Array:
    """The class of each of `points (N, 2)` by a rule that knows how the set is made."""
    x, y = points.T
    radius = np.hypot(x, y)
    if name == "circle":
        return radius < 3
    if name == "xor":
        return x * y > 0
    if name == "gaussians":
        return x + y > 0
    if name == "spiral":  # how far the point is from the arm of class 0, in turns
        turns = np.arctan2(x, y) / (2 * np.pi) - 1.75 * radius / 5
        return np.abs(turns - np.round(turns)) > 0.25
    size = 10 / 3
    upper = np.abs(np.hypot(x + size / 2, y + size / 4) - size) < 1e-9  # on the circle of class 0
    return ~(upper & (y >= -size / 4 - 1e-9))


@pytest.mark.parametrize("name", GENERATED)
def test_500_different_points_of_two_features(name: str) -> None:
    table = load(name)
    assert table.features.shape == (500, 2)
    assert len(np.unique(table.features, axis=0)) == 500
    assert np.abs(table.features).max() <= 6
    assert table.outputs == (1 if name == "plane" else 2)


@pytest.mark.parametrize("name", CLASSES)
def test_classes_take_turns_and_a_known_rule_parts_them(name: str) -> None:
    table = load(name)
    assert table.target.tolist() == [0, 1] * 250
    assert class_of(name, table.features).astype(int).tolist() == table.target.tolist()


def test_the_plane_is_one() -> None:
    table = load("plane")
    np.testing.assert_allclose(table.target, table.features @ [0.1, 0.1], rtol=1e-12)


def test_areas_are_evenly_filled() -> None:
    circle = load("circle")
    radius = np.hypot(*circle.features.T)
    inner, outer = radius[circle.target == 1], radius[circle.target == 0]
    assert np.mean(inner < 2.5 / np.sqrt(2)) == pytest.approx(0.5, abs=0.08)
    assert np.mean(outer < np.sqrt((3.5**2 + 5**2) / 2)) == pytest.approx(0.5, abs=0.08)
    for sx in (-1, 1):
        for sy in (-1, 1):
            assert np.count_nonzero((load("xor").features * [sx, sy] > 0).all(axis=1)) == 125


@pytest.mark.parametrize("name", CLASSES)
def test_more_noise_moves_the_same_points_further(name: str) -> None:
    still, some, more = (load(name, noise) for noise in (0.0, 0.1, 0.4))
    np.testing.assert_allclose(more.features - still.features, 4 * (some.features - still.features), atol=1e-12)
    assert (more.features - still.features).std() == pytest.approx(0.8, rel=0.1)
    np.testing.assert_array_equal(more.target, still.target)


def test_noise_of_the_plane_moves_its_target() -> None:
    still, noisy = load("plane"), load("plane", 0.3)
    np.testing.assert_array_equal(noisy.features, still.features)
    assert (noisy.target - still.target).std() == pytest.approx(0.3, rel=0.1)


def test_points_are_the_same_for_every_seed_and_noise_matters_only_where_they_are_computed() -> None:
    one, other = (table_of(Experiment(dataset="spiral", data_noise=0.2, seed=seed)) for seed in (0, 7))
    assert one is other
    assert one is not table_of(Experiment(dataset="spiral"))
    assert table_of(Experiment(dataset="iris", data_noise=0.2)) is load("iris")
