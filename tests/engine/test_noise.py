"""Noise after batch normalization: its gradients against autograd, where it comes from, and what it leaves alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bn_lab.arms import ARMS
from bn_lab.datasets import load
from bn_lab.engine.anatomy import subject, three_ways
from bn_lab.engine.batches import Batch, Epoch, Source
from bn_lab.engine.run import Run
from bn_lab.engine.stack import Stack
from bn_lab.engine.training import train
from bn_lab.experiment import Experiment

Compare = Callable[[Any, Any], None]
Plain = Callable[..., Tensor]

NOISY = Experiment(dataset="iris", depth=2, width=6, bn_noise=0.5, epochs=3)


def source(experiment: Experiment) -> Source:
    return Source(experiment, load("iris"), dtype=torch.float64, device="cpu")


def stack(experiment: Experiment) -> Stack:
    return Stack(experiment, 4, 3, "classification", dtype=torch.float64)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("arm", ["none", "before", "after"])
def test_gradients_match_autograd(arm: str, dropout: float, plain: Plain) -> None:
    experiment = replace(NOISY, arms=(arm,), dropout=dropout)
    batch, networks = Epoch(source(experiment), 0).batch(0), stack(experiment)
    out = torch.empty_like(batch.y)
    networks.forward(batch.x, batch.masks, out, batch.noise).backward(batch.y)
    leaves = {name: torch.from_numpy(value).requires_grad_() for name, value in networks.weights(0, 0).items()}
    masks, noise = [mask[0] for mask in batch.masks], [drawn[:, 0, :, 0] for drawn in batch.noise]
    expected = plain(experiment, leaves, batch.x[0].T, masks, noise)
    torch.testing.assert_close(out[0].T, expected.detach())
    torch.autograd.backward(functional.cross_entropy(expected, batch.y[0].argmax(dim=0)))
    for name, view in networks.gradients.views.items():
        own = leaves[".".join(name.split(".")[:2])].grad
        assert own is not None
        torch.testing.assert_close(view.view(own.shape), own, rtol=1e-9, atol=1e-12, msg=name)


def noises(batch: Batch) -> Tensor:
    """(L, 2, S, F)."""
    return torch.stack(list(batch.noise))[..., 0]


def test_noise_is_drawn_anew_for_every_unit_layer_step_and_epoch() -> None:
    samples = source(replace(NOISY, width=200, seeds=2))
    batches = [noises(Epoch(samples, epoch).batch(i)) for epoch in range(3) for i in range(5)]
    drawn = torch.stack(batches)  # (15, L, 2, S, F)
    assert len(np.unique(drawn)) == drawn.numel()
    standard = torch.stack([(drawn[:, :, 0] - 1) / 0.5, drawn[:, :, 1] / 0.5]).flatten(1)  # a and b, 12,000 each
    torch.testing.assert_close(standard.mean(dim=1), torch.zeros(2, dtype=torch.float64), rtol=0, atol=0.04)
    torch.testing.assert_close(standard.std(dim=1), torch.ones(2, dtype=torch.float64), rtol=0, atol=0.03)
    assert abs(float((standard[0] * standard[1]).mean())) < 0.04


def test_a_seed_has_the_same_noise_in_any_cohort_and_at_any_strength() -> None:
    among, alone = source(replace(NOISY, seed=3, seeds=6)), source(replace(NOISY, seed=7, bn_noise=1.0))
    for epoch, i in ((0, 0), (2, 4)):
        theirs, own = noises(Epoch(among, epoch).batch(i))[:, :, 4], noises(Epoch(alone, epoch).batch(i))[:, :, 0]
        torch.testing.assert_close(2 * (theirs[:, 1]), own[:, 1])
        torch.testing.assert_close(2 * (theirs[:, 0] - 1), own[:, 0] - 1)


@torch.inference_mode()
def test_mean_and_spread_of_what_the_next_layer_sees_are_those_of_the_noise() -> None:
    experiment = replace(NOISY, arms=("before",), epsilon=1e-8)
    batch, networks = Epoch(source(experiment), 0).batch(0), stack(experiment)
    for hidden, drawn in zip(
        networks.forward(batch.x, (), torch.empty_like(batch.y), batch.noise).hidden, batch.noise, strict=True
    ):
        seen = hidden.activate.x[0]  # γ = 1 and β = 0: without noise its mean is 0 and its deviation 1
        torch.testing.assert_close(seen.mean(dim=1), drawn[1, 0, :, 0])
        torch.testing.assert_close(seen.std(dim=1, correction=0), drawn[0, 0, :, 0].abs(), rtol=1e-5, atol=0)


@torch.inference_mode()
def test_inference_is_without_noise() -> None:
    noisy, quiet = stack(replace(NOISY, arms=tuple(ARMS), bn_noise=2.0)), stack(replace(NOISY, arms=tuple(ARMS), bn_noise=0.0))
    x = source(replace(NOISY, arms=tuple(ARMS))).inputs(np.arange(150)[None])
    assert torch.equal(noisy.infer(x), quiet.infer(x))


def test_without_batch_norm_there_is_no_noise(assert_same_bits: Compare) -> None:
    noisy, quiet = (train(replace(NOISY, arms=tuple(ARMS), bn_noise=sigma)) for sigma in (0.5, 0.0))
    for a, arm in enumerate(ARMS):
        if arm in ("none", "standardized"):
            assert_same_bits(noisy.train_loss[a], quiet.train_loss[a])
        else:
            assert not np.isclose(noisy.train_loss[a], quiet.train_loss[a]).any()
    assert Epoch(source(replace(NOISY, arms=("none",))), 0).batch(0).noise == ()


def test_a_network_without_noise_has_no_part_for_it() -> None:
    run = Run(replace(NOISY, bn_noise=0.0, arms=tuple(ARMS)))
    assert not run._bound.noises
    assert run._batches.batch(0).noise == ()


def test_moving_statistics_are_of_what_is_normalized() -> None:
    """The first layer's, whose input no noise has reached."""
    runs = [Run(replace(NOISY, arms=("before",), bn_noise=sigma, learning_rate=1e-6)) for sigma in (0.0, 2.0)]
    for run in runs:
        run.step()
    one, other = (run.weights() for run in runs)
    np.testing.assert_array_equal(one["mean.0"], other["mean.0"])
    np.testing.assert_array_equal(one["variance.0"], other["variance.0"])
    assert not np.isclose(one["mean.1"], other["mean.1"]).any()


def test_batch_norm_taken_apart_is_without_noise(assert_same_bits: Compare) -> None:
    experiment = replace(NOISY, arms=("before",))
    kept, quiet = train(experiment).checkpoints[-1], replace(experiment, bn_noise=0.0)
    assert_same_bits(subject(experiment, kept, "before", 2), subject(quiet, kept, "before", 2))
    assert three_ways(experiment, kept, "before") == three_ways(quiet, kept, "before")
