"""`train` from end to end, against a training loop as one writes it with torch modules, optimizers and autograd."""

from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import bn_lab
from bn_lab.arms import ARMS
from bn_lab.datasets import Table, load
from bn_lab.engine.run import Run
from bn_lab.engine.training import train
from bn_lab.engine.types import Array
from bn_lab.experiment import DatasetName, Experiment, ExperimentError

Same = Callable[[Any, Any], None]


def plain_modules(experiment: Experiment, arm: str, sizes: list[int], seed: int) -> list[nn.Module]:
    """Layers in float64 with weights drawn by numpy, one stream a seed, layer by layer."""
    random = np.random.default_rng([seed, 0])
    layers: list[nn.Module] = []
    for k, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        limit = np.sqrt(6 / (fan_in + fan_out))
        linear = nn.Linear(fan_in, fan_out, dtype=torch.float64)
        nn.init.zeros_(linear.bias)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(random.uniform(-limit, limit, (fan_out, fan_in))))
        layers.append(linear)
        if k == len(sizes) - 2:
            break
        norm = nn.BatchNorm1d(fan_out, eps=experiment.epsilon, momentum=1 - experiment.bn_momentum, dtype=torch.float64)
        layers += {"before": [norm, nn.SiLU()], "after": [nn.SiLU(), norm]}.get(arm, [nn.SiLU()])
    return layers


def plain_loop(experiment: Experiment, table: Table, arm: str, seed: int) -> Array:
    """The training loss of every epoch: gradient descent with momentum, L2 penalty and no tricks."""
    net = nn.Sequential(*plain_modules(experiment, arm, [table.features.shape[1], 8, 8, 8, table.outputs], seed))
    optimizer = torch.optim.SGD(net.parameters(), lr=experiment.learning_rate, momentum=0.9)
    features = table.features
    if arm == "standardized":
        features = (features - features.mean(axis=0)) / features.std(axis=0)
    x, targets, losses = torch.tensor(features), torch.tensor(table.target), []
    loss_of = nn.CrossEntropyLoss() if table.task == "classification" else lambda out, y: nn.functional.mse_loss(out[:, 0], y)
    random = np.random.default_rng([seed, 2])
    for _ in range(experiment.epochs):
        order, total = random.permutation(len(x)), 0.0
        for start in range(0, len(x), experiment.batch_size):
            rows = order[start : start + experiment.batch_size]
            loss = loss_of(net(x[rows]), targets[rows])
            total += loss.item() * len(rows)
            penalty = sum(m.weight.square().sum() for m in net if isinstance(m, nn.Linear))
            optimizer.zero_grad()
            (loss + experiment.l2 * penalty).backward()
            optimizer.step()
        losses.append(total / len(x))
    return np.array(losses)


@pytest.mark.parametrize("dataset", ["boston", "iris"])
def test_losses_are_those_of_a_plain_loop_with_autograd(dataset: DatasetName) -> None:
    experiment = Experiment(
        dataset=dataset,
        arms=tuple(ARMS),
        seed=3,
        seeds=2,
        epochs=4,
        optimizer="momentum",
        learning_rate=1e-6,
        l2=0.01,
        epsilon=1e-5,
    )
    run = Run(experiment, dtype=torch.float64)
    while not run.finished:
        run.finish_epoch()
    losses = run.history().train_loss
    for a, arm in enumerate(ARMS):
        for s, seed in enumerate((3, 4)):
            np.testing.assert_allclose(losses[a, s], plain_loop(experiment, load(dataset), arm, seed), rtol=1e-9)
    np.testing.assert_allclose(train(experiment).train_loss, losses, rtol=1e-4)  # float32


def test_progress_is_reported_after_each_epoch() -> None:
    seen: list[tuple[int, int]] = []
    history = train(Experiment(dataset="iris", epochs=4), progress=lambda run: seen.append((run.epoch, run.history().steps)))
    assert seen == [(1, 5), (2, 10), (3, 15), (4, 20)]
    assert history.finished
    assert history.train_loss.shape == (2, 1, 4)
    assert history.seconds > 0


def test_a_run_starts_from_given_weights(assert_same_bits: Same) -> None:
    experiment = Experiment(dataset="iris", epochs=3)
    weights = Run(experiment).weights()
    given = [(weights[f"weight.{k}"], weights[f"bias.{k}"]) for k in range(4)]
    assert_same_bits(train(experiment), train(experiment, weights=given))
    doubled = [(2 * weight, bias + 1) for weight, bias in given]
    run = Run(experiment, weights=doubled)
    for arm in range(2):
        for k, (weight, bias) in enumerate(doubled):
            np.testing.assert_array_equal(run.weights(arm)[f"weight.{k}"], weight)
            np.testing.assert_array_equal(run.weights(arm)[f"bias.{k}"], bias)
    with pytest.raises(ExperimentError, match="weights must have 4 layers, got 3"):
        train(experiment, weights=given[:3])


def test_train_is_at_the_door() -> None:
    assert bn_lab.train is train


def test_batch_norm_is_behind_at_first_on_the_lessons_program() -> None:
    history = train(Experiment(epochs=10, seeds=5))
    without, before = (median(history.train_loss[arm, :, 9]) for arm in range(2))
    assert without < before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_the_numbers_of_the_cpu() -> None:
    experiment = Experiment(dataset="iris", arms=tuple(ARMS), seeds=2, epochs=3, dropout=0.2, validation_share=0.2)
    expected, history = train(experiment), train(experiment, device="cuda")
    np.testing.assert_allclose(history.train_loss, expected.train_loss, rtol=1e-3)
    np.testing.assert_allclose(np.asarray(history.validation_loss), np.asarray(expected.validation_loss), rtol=1e-3)
