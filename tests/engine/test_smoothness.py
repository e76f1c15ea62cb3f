"""The loss along the gradient, against autograd in float64; looking changes nothing."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bn_lab.datasets import load
from bn_lab.engine.batches import Batch, Epoch, Source
from bn_lab.engine.optimizers import OPTIMIZERS
from bn_lab.engine.outcome import Smoothness
from bn_lab.engine.smoothness import FACTORS, Probe
from bn_lab.engine.stack import Stack
from bn_lab.engine.trial import train_stack
from bn_lab.experiment import Experiment

Compare = Callable[[Any, Any], None]
Plain = Callable[..., Tensor]
Weights = dict[str, Tensor]
Run = Callable[[Weights], Tensor]

BASE = Experiment(
    dataset="iris", arms=("before",), depth=2, width=5, activation="tanh", learning_rate=0.1, optimizer="sgd", epochs=3
)


def members(arm: str, **choices: Any) -> list[Experiment]:
    """Two networks that differ in seed and learning rate."""
    return [replace(BASE, arms=(arm,), seed=seed, learning_rate=rate, **choices) for seed, rate in ((1, 0.1), (2, 0.01))]


@torch.no_grad()
def looked(experiments: list[Experiment]) -> tuple[list[Smoothness], list[list[Weights]], list[Batch]]:
    """What the probe sees at the first two steps in float64, the weights it stood at, by step and network, and the batches."""
    table = load("iris")
    source = Source(experiments[0], table, members=experiments, dtype=torch.float64, device="cpu")
    stack = Stack(experiments[0], 4, 3, "classification", members=experiments, dtype=torch.float64)
    probe, batches, stood, seen = Probe(stack, 2), Epoch(source, 0), [], []
    for i in range(2):
        assert probe.due
        batch = batches.batch(i)
        stood.append([{k: torch.from_numpy(v) for k, v in stack.weights(0, n).items()} for n in range(len(experiments))])
        seen.append(batch)
        probe.look(batch)
        stack.step(batch.x, batch.y, batch.masks, torch.empty_like(batch.y), batch.noise)
    return [probe.smoothness(n) for n in range(len(experiments))], stood, seen


def loss_of(leaves: Weights, network: Callable[[Weights], Tensor], target: Tensor) -> Tensor:
    return functional.cross_entropy(network(leaves), target)


def loss_and_gradient(run: Run, weights: Weights) -> tuple[float, Weights]:
    leaves = {k: v.clone().requires_grad_() for k, v in weights.items() if not k.startswith(("mean", "variance"))}
    loss = run(leaves)
    torch.autograd.backward(loss)
    return float(loss.detach()), {k: v.grad for k, v in leaves.items() if v.grad is not None}


def length(vectors: Weights) -> float:
    return float(torch.cat([v.flatten() for v in vectors.values()]).norm())


def expected_at(run: Run, weights: Weights, rate: float) -> dict[str, float]:
    """The bands and β of one network at one step, by autograd."""
    _, gradient = loss_and_gradient(run, weights)
    losses, changes, betas = [], [], []
    for eta in np.geomspace(0.5, 4, 8) * rate:
        loss, there = loss_and_gradient(run, {k: weights[k] - eta * g for k, g in gradient.items()})
        losses.append(loss)
        changes.append(length({k: there[k] - g for k, g in gradient.items()}))
        betas.append(changes[-1] / (eta * length(gradient)))
    bands = {"loss_low": min(losses), "loss_high": max(losses), "change_low": min(changes), "change_high": max(changes)}
    return bands | {"beta": max(betas)}


@pytest.mark.parametrize("choices", [{}, {"dropout": 0.3, "bn_noise": 0.4, "l2": 0.1}], ids=["plain", "random"])
@pytest.mark.parametrize("arm", ["none", "before", "after"])
def test_bands_and_beta_match_autograd(arm: str, choices: dict[str, Any], plain: Plain) -> None:
    experiments = members(arm, **choices)
    found, stood, batches = looked(experiments)
    for (step, batch), (n, experiment) in product(enumerate(batches), enumerate(experiments)):
        masks, noise = [mask[n] for mask in batch.masks], [drawn[:, n, :, 0] for drawn in batch.noise]
        network = partial(plain, experiment, x=batch.x[n].T, masks=masks, noise=noise)
        run = partial(loss_of, network=network, target=batch.y[n].argmax(dim=0))
        expected = expected_at(run, stood[step][n], experiment.learning_rate)
        assert {name: getattr(found[n], name)[step] for name in expected} == pytest.approx(expected, rel=1e-8)


def test_at_small_distances_the_change_of_the_gradient_grows_with_the_distance() -> None:
    experiment = replace(BASE, dataset="boston", inputs="standardized", arms=("none",), learning_rate=1e-4)
    measured = train_stack([experiment], probes=["smoothness"])[0].smoothness
    assert measured is not None
    np.testing.assert_allclose(measured.distances, 1e-4 * FACTORS)
    np.testing.assert_allclose(measured.change_high / measured.change_low, 8, rtol=0.2)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("arm", ["none", "before"])
def test_looking_changes_no_bit(arm: str, optimizer: str, assert_same_bits: Compare) -> None:
    experiments = members(arm, optimizer=optimizer, dropout=0.2, bn_noise=0.2, l2=0.01, validation_share=0.2)
    looking, not_looking = train_stack(experiments, probes=["smoothness"]), train_stack(experiments)
    for one, other in zip(looking, not_looking, strict=True):
        assert one.smoothness is not None
        assert_same_bits(replace(one, smoothness=None), other)


@pytest.mark.parametrize(("epochs", "stride"), [(3, 1), (12, 1), (13, 2), (100, 9)])
def test_points_are_in_equal_strides_and_at_most_sixty(epochs: int, stride: int) -> None:
    measured = train_stack([replace(BASE, epochs=epochs)], probes=["smoothness"])[0].smoothness
    assert measured is not None
    np.testing.assert_array_equal(measured.steps, np.arange(0, 5 * epochs, stride))
    assert len(measured.steps) <= 60
    for name in ("loss_low", "loss_high", "change_low", "change_high", "beta"):
        assert getattr(measured, name).shape == measured.steps.shape
        assert np.isfinite(getattr(measured, name)).all()


def test_a_network_among_others_is_as_smooth_as_alone() -> None:
    experiments = members("before")
    for experiment, outcome in zip(experiments, train_stack(experiments, probes=["smoothness"]), strict=True):
        alone = train_stack([experiment], probes=["smoothness"])[0].smoothness
        assert alone is not None
        for name, values in vars(alone).items():
            np.testing.assert_allclose(getattr(outcome.smoothness, name), values, rtol=2e-3, atol=1e-5, err_msg=name)


def test_a_loss_that_is_not_finite_is_infinitely_far_up_and_after_divergence_there_is_nothing() -> None:
    experiment = replace(BASE, dataset="boston", arms=("none",), activation="relu", learning_rate=10.0, epochs=2)
    (outcome,) = train_stack([experiment], probes=["smoothness"])
    measured = outcome.smoothness
    assert measured is not None
    assert outcome.diverged == 1
    assert np.isnan(measured.loss_low[-1])
    assert np.isnan(measured.beta[-1])
    assert np.isinf(measured.loss_high).any()
    assert not np.isinf(measured.loss_high[np.isnan(measured.loss_low)]).any()
