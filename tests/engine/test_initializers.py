"""Initial weights: their distributions, who shares them, and how to draw them again with numpy alone."""

from math import sqrt

import numpy as np
import pytest
import torch

from bn_lab.arms import ARMS
from bn_lab.engine.initializers import INITIALIZERS
from bn_lab.engine.stack import Stack
from bn_lab.experiment import Experiment, InitializerName

FAN_IN, FAN_OUT = 200, 300
EXPERIMENT = Experiment(weight_std=0.03)
STANDARD_DEVIATION = {
    "glorot_uniform": sqrt(2 / (FAN_IN + FAN_OUT)),
    "he_normal": sqrt(2 / FAN_IN),
    "lecun_normal": sqrt(1 / FAN_IN),
    "normal": 0.03,
}


def affine(stack: Stack) -> list[torch.Tensor]:
    return [stack.parameters[f"weight.{k}"] for k in range(stack.experiment.depth + 1)]


@pytest.mark.parametrize("name", INITIALIZERS)
def test_weights_have_the_shape_and_spread_of_their_name(name: str) -> None:
    weights = INITIALIZERS[name](np.random.default_rng(1), FAN_IN, FAN_OUT, EXPERIMENT)
    assert weights.shape == (FAN_OUT, FAN_IN)
    assert weights.dtype == np.float64
    assert weights.std() == pytest.approx(STANDARD_DEVIATION[name], rel=0.02)
    assert abs(weights.mean()) < 4 * STANDARD_DEVIATION[name] / sqrt(weights.size)


def test_glorot_uniform_fills_its_interval_evenly() -> None:
    weights = INITIALIZERS["glorot_uniform"](np.random.default_rng(1), FAN_IN, FAN_OUT, EXPERIMENT)
    limit = sqrt(6 / (FAN_IN + FAN_OUT))
    assert np.abs(weights).max() <= limit
    counts = np.histogram(weights, 10, (-limit, limit))[0]
    np.testing.assert_allclose(counts, weights.size / 10, rtol=0.06)


@pytest.mark.parametrize("name", ["he_normal", "lecun_normal", "normal"])
def test_normal_weights_are_not_truncated(name: str) -> None:
    weights = INITIALIZERS[name](np.random.default_rng(1), FAN_IN, FAN_OUT, EXPERIMENT)
    beyond_two = (np.abs(weights) > 2 * STANDARD_DEVIATION[name]).mean()
    assert beyond_two == pytest.approx(0.0455, rel=0.1)


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_all_arms_of_a_seed_start_bitwise_equal(initializer: InitializerName) -> None:
    stack = Stack(Experiment(arms=tuple(ARMS), seeds=3, initializer=initializer, weight_scale=2.0), 13, 1, "regression")
    for weight in affine(stack):
        by_arm = weight.view(len(ARMS), 3, -1)
        assert all(torch.equal(by_arm[0], arm) for arm in by_arm)
        assert not torch.equal(by_arm[0, 0], by_arm[0, 1]), "seeds differ"
    for name, view in stack.parameters.views.items():
        if not name.startswith("weight"):
            assert (view == float(name.startswith("gamma"))).all()
    for name, view in stack.moving.views.items():
        assert (view == float(name.startswith("variance"))).all()


def test_which_arms_there_are_changes_no_weight() -> None:
    alone = Stack(Experiment(seeds=2, arms=("none",)), 13, 1, "regression")
    for arms in (tuple(ARMS), ("before",), ("none", "after")):
        stack = Stack(Experiment(seeds=2, arms=arms), 13, 1, "regression")
        for expected, weight in zip(affine(alone), affine(stack), strict=True):
            assert torch.equal(weight[:2], expected)


def test_numpy_alone_draws_the_same_weights_layer_by_layer() -> None:
    stack = Stack(Experiment(seed=11, weight_scale=0.5), 13, 1, "regression")
    random = np.random.default_rng([11, 0])
    for weight, (fan_in, fan_out) in zip(affine(stack), [(13, 8), (8, 8), (8, 8), (8, 1)], strict=True):
        limit = sqrt(6 / (fan_in + fan_out))
        drawn = random.uniform(-limit, limit, (fan_out, fan_in)) * 0.5
        np.testing.assert_array_equal(weight[0].numpy(), drawn.astype(np.float32))


def test_a_deeper_network_begins_with_the_same_layers() -> None:
    shallow, deep = (Stack(Experiment(depth=depth), 13, 1, "regression") for depth in (2, 5))
    for k in range(2):
        assert torch.equal(shallow.parameters[f"weight.{k}"], deep.parameters[f"weight.{k}"])


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_the_scale_multiplies_all_weights(initializer: InitializerName) -> None:
    one, three = (
        Stack(Experiment(initializer=initializer, weight_scale=scale), 4, 3, "classification", dtype=torch.float64)
        for scale in (1.0, 3.0)
    )
    for weight, scaled in zip(affine(one), affine(three), strict=True):
        torch.testing.assert_close(scaled, 3 * weight)
