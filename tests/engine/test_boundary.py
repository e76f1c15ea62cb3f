"""Boundaries against plain torch modules in inference mode, and what they leave alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bn_lab.arms import ARMS
from bn_lab.datasets import Table, load
from bn_lab.engine import boundary
from bn_lab.engine.boundary import GRID, MARGIN, cells, values
from bn_lab.engine.cost import memory
from bn_lab.engine.run import Run
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment
from tests.engine.modules import network

SPIRAL = Experiment(dataset="spiral", arms=tuple(ARMS), seeds=2, seed=3, validation_share=0.2, depth=2, epochs=4, dropout=0.2)


def trained(experiment: Experiment, table: Table | None = None) -> Run:
    run = Run(experiment, table=table, dtype=torch.float64)
    run.finish_epoch()
    run.finish_epoch()
    return run


def several() -> Table:
    """Two features of very different ranges, three classes."""
    draw = np.random.default_rng(1)
    features, target = draw.normal([0, 500], [1, 100], (60, 2)), np.arange(60) % 3
    return Table("own", features, ("a", "b"), target, "c", "", "classification", ("x", "y", "z"))


def asked(run: Run, arm: int) -> Array:
    """Outputs `(C, GRID²)` of the arm's first network all over the plane, by the module that anyone would build."""
    table, experiment = run.table, run.experiment
    x, y = np.meshgrid(*cells(table.features))
    points = np.column_stack([x.ravel(), y.ravel()])
    if "standardized" in (experiment.arms[arm], experiment.inputs):
        train = table.features[run.source.splits[0].train]
        points = (points - train.mean(axis=0)) / train.std(axis=0)
    with torch.no_grad():
        found: Array = network(experiment, experiment.arms[arm], run.weights(arm, 0))(torch.tensor(points)).numpy().T
    return found


@pytest.mark.parametrize("inputs", ["raw", "standardized"])
def test_a_boundary_is_what_the_first_network_says(inputs: str) -> None:
    run = trained(replace(SPIRAL, inputs=inputs))  # type: ignore[arg-type]
    for a, arm in enumerate(ARMS):
        outputs = asked(run, a)
        expected = (np.exp(outputs) / np.exp(outputs).sum(axis=0))[1].reshape(GRID, GRID)
        drawn_boundary = run.history().snapshots[-1].arms[arm].boundary
        assert drawn_boundary is not None
        assert drawn_boundary.dtype == np.float32
        np.testing.assert_allclose(drawn_boundary, expected, rtol=1e-5, atol=1e-6)


def test_of_a_regression_it_is_the_prediction() -> None:
    run = trained(replace(SPIRAL, dataset="plane"))
    for a, arm in enumerate(ARMS):
        expected = asked(run, a)[0].reshape(GRID, GRID)
        np.testing.assert_allclose(run.history().snapshots[-1].arms[arm].boundary, expected, rtol=1e-5, atol=1e-6)


def test_of_three_classes_it_is_the_class_and_how_sure_the_network_is() -> None:
    run = trained(replace(SPIRAL, dataset="iris", inputs="standardized"), several())
    outputs = asked(run, 0)
    shares = np.exp(outputs) / np.exp(outputs).sum(axis=0)
    drawn_boundary = run.history().snapshots[-1].arms["none"].boundary
    assert drawn_boundary is not None
    np.testing.assert_array_equal(np.floor(drawn_boundary).ravel(), outputs.argmax(axis=0))
    np.testing.assert_allclose((drawn_boundary % 1).ravel(), shares.max(axis=0), atol=1e-4)


def test_large_and_broken_outputs_are_shares_or_gaps() -> None:
    outputs = np.zeros((1, 2, GRID**2), np.float32)
    outputs[0, :, 0], outputs[0, :, 1], outputs[0, :, 2] = (-1e30, 1e30), (1e30, -1e30), (np.nan, np.inf)
    with np.errstate(all="raise", over="ignore", invalid="ignore", under="ignore"):
        found = values(outputs).ravel()
    assert found[:2].tolist() == [1, 0]
    assert np.isnan(found[2])
    assert found[3] == 0.5


def test_cells_take_in_all_samples_with_some_room() -> None:
    table = several()
    for middles, feature in zip(cells(table.features), table.features.T, strict=True):
        step = middles[1] - middles[0]
        np.testing.assert_allclose(np.diff(middles), step)
        span = feature.max() - feature.min()
        assert middles[0] - step / 2 == pytest.approx(feature.min() - MARGIN * span)
        assert middles[-1] + step / 2 == pytest.approx(feature.max() + MARGIN * span)


def test_features_of_like_ranges_share_a_scale_and_a_constant_has_one_too() -> None:
    x, y = cells(load("moons").features)
    assert np.ptp(x) == pytest.approx(np.ptp(y))
    x, y = cells(np.array([[0.0, 7.0], [1000.0, 7.0]]))
    assert np.ptp(y) > 0
    assert y.mean() == pytest.approx(7)


def test_looking_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = trained(SPIRAL)
    watched.history(current=True)
    monkeypatch.setattr(boundary, "has_boundary", lambda features: False)
    alone = trained(SPIRAL)
    assert alone.history().snapshots[-1].arms["none"].boundary is None
    assert torch.equal(watched.stack.parameters.flat, alone.stack.parameters.flat)
    assert torch.equal(watched.stack.moving.flat, alone.stack.moving.flat)
    np.testing.assert_array_equal(watched.history().train_loss, alone.history().train_loss)


def test_points_are_some_of_those_trained_on_and_all_of_the_few_held_back() -> None:
    run = trained(SPIRAL)
    points = run.history().points
    assert points is not None
    split, table = run.source.splits[0], run.table
    every = np.column_stack([table.features, table.target])
    assert {tuple(point) for point in points.train} < {tuple(point) for point in every[split.train]}
    assert np.bincount(points.train[:, 2].astype(int)).tolist() == [125, 125]
    assert sorted(map(tuple, points.validation)) == sorted(map(tuple, every[split.validation]))


def test_points_are_of_all_parts_of_a_class() -> None:
    points = Run(replace(SPIRAL, dataset="xor", validation_share=0.0)).history().points
    assert points is not None
    corners = np.sign(points.train[:, :2]).astype(int)
    assert min(np.unique(corners, axis=0, return_counts=True)[1]) > 40


def test_only_two_features_make_a_plane_and_it_is_paid_for() -> None:
    history = trained(replace(SPIRAL, dataset="iris")).history()
    assert history.points is None
    assert history.snapshots[-1].arms["before"].boundary is None
    longer = replace(SPIRAL, epochs=500)
    difference = memory(replace(longer, arms=tuple(ARMS))) - memory(replace(longer, arms=tuple(ARMS)[:1]))
    assert difference > 3 * GRID**2 * 4 * 150  # at least as many snapshots of float32 numbers are kept
