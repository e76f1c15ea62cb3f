"""Networks that differ in more than their seed in one stack, each against the same network alone, in float64."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bn_lab.arms import ARMS
from bn_lab.datasets import load
from bn_lab.engine.batches import Epoch, Source
from bn_lab.engine.members import VARIED, Members
from bn_lab.engine.normalizers import BatchNorm, NormPerEpsilon
from bn_lab.engine.optimizers import OPTIMIZERS
from bn_lab.engine.stack import Stack
from bn_lab.experiment import FIELDS, Experiment, ExperimentError

VALUES: dict[str, tuple[Any, Any]] = {
    "learning_rate": (0.003, 0.02),
    "epsilon": (1e-6, 1e-2),
    "bn_momentum": (0.9, 0.5),
    "bn_noise": (0.0, 0.7),
    "initializer": ("he_normal", "normal"),
    "weight_std": (0.05, 0.5),
    "weight_scale": (1.0, 0.3),
    "dropout": (0.0, 0.4),
    "l2": (0.0, 0.1),
    "seed": (3, 8),
}
BASE = Experiment(dataset="iris", depth=2, width=5, validation_share=0.2, optimizer="sgd", learning_rate=0.01)
ORDER = (0, 1, 1, 0)
"""Which of the two values a member has: neighbours with the same, and others with the same that are none."""


def base(name: str, **choices: Any) -> Experiment:
    return replace(BASE, initializer="normal" if name == "weight_std" else "he_normal", **choices)


def unlike(name: str, experiment: Experiment) -> list[Experiment]:
    """Members that differ in the field, and all but the first two in their seed as well."""
    return [replace(experiment, **({"seed": max(0, n - 1)} | {name: VALUES[name][which]})) for n, which in enumerate(ORDER)]


@torch.inference_mode()
def trained(experiment: Experiment, members: list[Experiment] | None = None) -> tuple[Stack, Tensor, list[Tensor]]:
    """A stack after two epochs, what it puts out in inference mode, and the outputs of its last epoch."""
    table, kind = load(experiment.dataset), torch.float64
    source = Source(experiment, table, members=members, dtype=kind, device="cpu")
    shape = table.features.shape[1], table.outputs, table.task
    stack = Stack(experiment, *shape, members=members, dtype=kind)
    for epoch in range(2):
        batches, outputs = Epoch(source, epoch), []
        for i, size in enumerate(source.sizes(0)):
            batch = batches.batch(i)
            outputs.append(torch.empty(stack.networks, table.outputs, size, dtype=kind))
            stack.step(batch.x, batch.y, batch.masks, outputs[-1], batch.noise)
    inferred = torch.cat([stack.infer(x) for x, _ in source.whole("validation")], dim=2)
    return stack, inferred, outputs


def check_alone(experiment: Experiment, members: list[Experiment]) -> None:
    """Every network of the stack is the network that one gets alone."""
    stack, inferred, outputs = trained(experiment, members)
    for n, member in enumerate(members):
        alone, expected, own = trained(member)
        for a in range(len(experiment.arms)):
            found, weights = stack.weights(a, n), alone.weights(a, 0)
            assert found.keys() == weights.keys()
            for name, values in weights.items():
                np.testing.assert_allclose(found[name], values, rtol=1e-9, atol=1e-11, err_msg=f"{n} {name}")
            place = a * len(members) + n
            torch.testing.assert_close(inferred[place], expected[a], rtol=1e-8, atol=1e-9)
            for theirs, ours in zip(outputs, own, strict=True):
                torch.testing.assert_close(theirs[place], ours[a], rtol=1e-8, atol=1e-9)


def test_every_varied_field_is_tried() -> None:
    assert set(VALUES) == VARIED
    assert set(FIELDS) > VARIED


@pytest.mark.parametrize("arm", ["none", "before", "after"])
@pytest.mark.parametrize("name", VALUES)
def test_a_network_among_unlike_ones_is_the_network_one_gets_alone(name: str, arm: str) -> None:
    experiment = base(name, arms=(arm,))
    check_alone(experiment, unlike(name, experiment))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_has_a_learning_rate_for_each(optimizer: str) -> None:
    experiment = base("learning_rate", optimizer=optimizer, arms=("before",))
    check_alone(experiment, unlike("learning_rate", experiment))


def test_members_may_differ_in_everything_at_once_and_in_every_arm() -> None:
    experiment = base("weight_std", arms=tuple(ARMS), optimizer="momentum")
    members = [replace(experiment, **{name: values[which] for name, values in VALUES.items()}) for which in ORDER]
    check_alone(experiment, members)


@pytest.mark.parametrize("name", VALUES)
def test_the_values_that_are_tried_make_a_difference(name: str) -> None:
    experiment = base(name, arms=("before",))
    one, other = (trained(replace(experiment, **{name: value}))[1] for value in VALUES[name])
    assert not torch.allclose(one, other)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_members_that_agree_are_the_seeds_of_an_experiment_bit_for_bit(optimizer: str) -> None:
    experiment = base("l2", arms=tuple(ARMS), seeds=3, optimizer=optimizer, dropout=0.2, l2=0.01, bn_noise=0.1)
    members = [replace(experiment, seed=seed, seeds=1) for seed in experiment.seed_list]
    one, other = trained(experiment), trained(experiment, members)
    assert torch.equal(one[1], other[1])
    states = one[0].state(), other[0].state()
    assert torch.equal(states[0].parameters, states[1].parameters)
    assert torch.equal(states[0].moving, states[1].moving)
    assert all(torch.equal(a, b) for a, b in zip(states[0].optimizer, states[1].optimizer, strict=True))


def test_batch_norm_is_called_once_for_each_run_of_equal_epsilons() -> None:
    experiment = base("epsilon", arms=("before",))
    norm = trained(experiment, unlike("epsilon", experiment))[0]._bound[32, False].hidden[0].norms["before"]
    assert isinstance(norm, NormPerEpsilon)
    assert [part.epsilon for part in norm.parts] == [1e-6, 1e-2, 1e-6]
    alike = trained(experiment, unlike("seed", experiment))[0]._bound[32, False].hidden[0].norms["before"]
    assert type(alike) is BatchNorm


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"depth": 4}, "depth must be one of 2, got 4"),
        ({"arms": ("after",)}, "arms must be one of before, got after"),
        ({"samples": 50}, "samples must be one of all, got 50"),
        ({"epochs": 7}, "epochs must be one of 1000, got 7"),
    ],
)
def test_a_member_of_another_structure_is_refused(choices: dict[str, Any], message: str) -> None:
    experiment = base("seed", arms=("before",))
    with pytest.raises(ExperimentError) as caught:
        Members.of(experiment, [experiment, replace(experiment, **choices)])
    assert str(caught.value) == message


def test_without_members_there_is_one_for_each_seed_even_beyond_the_largest() -> None:
    members = Members.of(Experiment(seed=2**31 - 1, seeds=3))
    assert members.seeds == (2**31 - 1, 2**31, 2**31 + 1)
    assert len(members) == 3


def test_runs_of_equal_values() -> None:
    members = Members.of(BASE, [replace(BASE, epsilon=epsilon) for epsilon in (1e-3, 1e-3, 1e-5, 1e-3)])
    assert members.runs("epsilon") == [(slice(0, 2), 1e-3), (slice(2, 3), 1e-5), (slice(3, 4), 1e-3)]
    assert members.runs("l2") == [(slice(0, 4), 0.0)]
