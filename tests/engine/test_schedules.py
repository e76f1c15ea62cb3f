"""Trainings whose learning rate, batch size, dropout or penalty changes between epochs."""

from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bn_lab.datasets import Table
from bn_lab.engine.cost import memory, recorded_steps, seconds
from bn_lab.engine.run import Run
from bn_lab.engine.steps import Steps, batch_sizes
from bn_lab.engine.training import train
from bn_lab.engine.trial import train_stack
from bn_lab.experiment import Experiment, Schedule

CHANGES: dict[str, Any] = {"learning_rate": 0.02, "batch_size": 7, "dropout": 0.4, "l2": 0.1}
"""A number for each field that may change, far from its default."""

BASE = Experiment(dataset="iris", arms=("none", "before", "after"), seeds=2, epochs=6, validation_share=0.2)

ALL = replace(
    BASE,
    learning_rate=Schedule(((1, 0.01), (3, 0.001), (5, 0.02))),
    batch_size=Schedule(((1, 32), (3, 7), (4, 17))),
    dropout=Schedule(((1, 0.0), (4, 0.4), (6, 0.0))),
    l2=Schedule(((1, 0.0), (2, 0.1), (5, 0.01))),
)


def trained(experiment: Experiment, dtype: torch.dtype = torch.float32, **options: Any) -> Run:
    run = Run(experiment, dtype=dtype, **options)
    while not run.finished:
        run.finish_epoch()
    return run


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("shuffle", ["every_epoch", "never"])
def test_what_was_before_a_change_is_the_unchanged_training_bit_for_bit(
    name: str, shuffle: str, assert_same_bits: Callable[[Any, Any], None]
) -> None:
    base = replace(BASE, shuffle=shuffle)  # type: ignore[arg-type]
    changed = replace(base, **{name: Schedule(((1, getattr(base, name)), (4, CHANGES[name])))})
    ours, theirs = train(replace(changed, epochs=3)), train(replace(base, epochs=3))
    assert_same_bits(ours, replace(theirs, experiment=ours.experiment, plan=ours.plan))
    ours, theirs = train(changed), train(base)
    before = [snapshot for snapshot in theirs.snapshots if snapshot.epoch <= 3]
    assert_same_bits(ours.snapshots[: len(before)], tuple(before))
    np.testing.assert_array_equal(ours.train_loss[..., :3], theirs.train_loss[..., :3])
    assert not np.array_equal(ours.train_loss[..., 3:], theirs.train_loss[..., 3:])


def test_a_change_beyond_the_end_changes_nothing(assert_same_bits: Callable[[Any, Any], None]) -> None:
    beyond = replace(BASE, learning_rate=Schedule(((1, BASE.phases[0].learning_rate), (7, 1.0))))
    assert_same_bits(train(beyond), replace(train(BASE), experiment=beyond))


def test_a_run_that_goes_on_comes_to_its_changes(assert_same_bits: Callable[[Any, Any], None]) -> None:
    """What is recorded does not depend on how far was planned at first, nor on where somebody else's record ends."""
    run = Run(replace(ALL, epochs=2))
    run.finish_epoch()
    run.finish_epoch()
    run.aim(6)
    while not run.finished:
        run.finish_epoch()
    assert_same_bits(run.history(), train(ALL))
    assert_same_bits(run.history(2), train(replace(ALL, epochs=2)))


def test_records_say_where_they_stand() -> None:
    run = Run(ALL)
    samples, steps = len(run.source.splits[0].train), 0
    for epoch in range(6):
        size = ALL.phase(epoch + 1).batch_size
        for i in range(len(batch_sizes(samples, size))):
            assert run.progress == epoch + i / len(batch_sizes(samples, size))
            assert (history := run.history()).progress == pytest.approx(run.progress)
            assert history.steps == run.steps == steps
            run.step()
            steps += 1
    history = run.history()
    assert history.network("none", 0) is not None
    assert run.network("before", 1, 6).steps == steps == history.steps
    assert [each.epoch for each in history.snapshots if each.epoch.is_integer()] == [*range(7)]


@pytest.mark.parametrize("samples", [20, 32, 33, 120, 404])
def test_steps_are_those_of_each_epoch_added_up(samples: int) -> None:
    steps = Steps.of(ALL, samples)
    each = [len(batch_sizes(samples, ALL.phase(epoch).batch_size)) for epoch in range(1, 12)]
    assert [steps.of_epoch(epoch) for epoch in range(1, 12)] == each
    assert [steps.until(epochs) for epochs in range(12)] == [0, *accumulate(each)]
    for count in range(sum(each)):
        assert steps.until(steps.progress(count)) == count
    assert [steps.progress(steps.until(epochs)) for epochs in range(12)] == [*range(12)]


@pytest.mark.parametrize("arm", ["none", "before", "after"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_a_plain_loop_of_torch_with_the_same_schedule_has_the_same_losses(
    arm: str, optimizer: str, toy: Callable[..., Table], plain: Callable[..., Tensor]
) -> None:
    """In float64: torch.nn.functional, autograd and Keras' rule, with orders and masks drawn here from the seed's streams."""
    table = toy(samples=40)
    experiment = replace(
        ALL, dataset="boston", arms=(arm,), seeds=1, seed=3, optimizer=optimizer, validation_share=0.0, depth=2, width=5
    )
    run = Run(experiment, table=table, dtype=torch.float64)
    parameters = {
        name: torch.tensor(values, requires_grad=True)
        for name, values in run.weights().items()
        if not name.startswith(("mean", "variance"))
    }
    velocity = {name: torch.zeros_like(values) for name, values in parameters.items()}
    x, y = torch.tensor(table.features), torch.tensor(table.target)[:, None]
    random, expected = np.random.default_rng([3, 2]), []
    for epoch in range(6):
        phase, total = experiment.phase(epoch + 1), 0.0
        order = random.permutation(np.arange(40))
        for i, rows in enumerate(np.split(order, range(phase.batch_size, 40, phase.batch_size))):
            drawn = np.random.default_rng([3, 3, epoch, i]).random((2, 5, len(rows)), np.float32)
            keep = (drawn < np.float32(1 - phase.dropout)) / (1 - phase.dropout)
            loss = functional.mse_loss(plain(experiment, parameters, x[rows], list(torch.tensor(keep))), y[rows])
            penalty = sum(values.square().sum() for name, values in parameters.items() if name.startswith("weight"))
            gradients = torch.autograd.grad(loss + phase.l2 * penalty, list(parameters.values()), allow_unused=True)
            for name, gradient in zip(parameters, gradients, strict=True):
                if gradient is not None:  # keras.optimizers.SGD: v ← μv − lr·g; θ ← θ + v
                    velocity[name] = (0.9 if optimizer == "momentum" else 0.0) * velocity[name] - phase.learning_rate * gradient
                    parameters[name].data += velocity[name]
            total += loss.item() * len(rows)
        expected.append(total / 40)
    while not run.finished:
        run.finish_epoch()
    np.testing.assert_allclose(run.history().train_loss[0, 0], expected, rtol=1e-9)


def test_a_rate_that_becomes_too_large_is_told_of_the_epoch_and_the_layer() -> None:
    """The epochs in which a network has grown are repeated step by step, some of them from before the change."""
    late = Experiment(
        arms=("none",), optimizer="sgd", inputs="standardized", activation="relu", epochs=12, batch_size=256,
        learning_rate=Schedule(((1, 1e-3), (6, 10.0))),
    )  # fmt: skip
    (found,) = train(late).divergences
    assert found.epoch >= 6
    assert found.layer >= 1


def test_members_of_a_stack_have_schedules_of_their_own() -> None:
    experiments = [
        replace(ALL, arms=("before",), seeds=1, optimizer="sgd", learning_rate=rate, dropout=dropout, l2=l2)
        for rate, dropout, l2 in [
            (0.01, 0.0, 0.0),
            (Schedule(((1, 0.01), (4, 0.1))), Schedule(((1, 0.2), (3, 0.0))), Schedule(((1, 0.0), (2, 0.1)))),
            (Schedule(((1, 0.03), (2, 0.001))), 0.1, 0.01),
        ]
    ]
    for experiment, together in zip(experiments, train_stack(experiments), strict=True):
        (alone,) = train_stack([experiment])
        np.testing.assert_allclose(together.train_loss, alone.train_loss, rtol=1e-5)
        assert together.steps == alone.steps == Steps.of(experiment, 120)


def test_costs_add_up_over_the_phases() -> None:
    small, large = replace(BASE, batch_size=2, epochs=100), replace(BASE, batch_size=64, epochs=100)
    half = replace(BASE, batch_size=Schedule(((1, 2), (51, 64))), epochs=100)
    assert seconds(half, 1) == pytest.approx((seconds(small, 1) + seconds(large, 1)) / 2)
    assert memory(half) > max(memory(small), memory(large)) * 0.9
    assert memory(replace(half, epochs=40)) <= memory(half)
    assert recorded_steps(half) == recorded_steps(small)


def test_batches_in_the_order_of_the_file_are_described_as_they_are_in_the_last_epoch() -> None:
    ordered = replace(BASE, shuffle="never", batch_size=Schedule(((1, 120), (3, 5))))
    early, late = (train(replace(ordered, epochs=epochs)).composition for epochs in (2, 6))
    assert early is not None
    assert late is not None
    assert early.uniform.tolist() == [0, 0]
    assert late.uniform.min() > 10
