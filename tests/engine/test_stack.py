"""A whole stack against a plain functional network, one network at a time, and autograd, in float64."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bn_lab.arms import ARMS, normalized
from bn_lab.engine.optimizers import OPTIMIZERS
from bn_lab.engine.stack import Stack, Weights
from bn_lab.experiment import FIELDS, Experiment, ExperimentError

Functions = Mapping[str, Callable[[Tensor], Tensor]]
Parameters = dict[str, Tensor]

SEEDS, INPUTS, BATCH = 3, 4, 6
SUBSETS = [arms for size in range(1, 5) for arms in combinations(ARMS, size)]


def make(task: str = "regression", **choices: Any) -> Stack:
    """A small stack whose parameters are all random, γ and β too."""
    choices = {"arms": tuple(ARMS), "seeds": SEEDS, "depth": 2, "width": 5, "optimizer": "sgd", **choices}
    stack = Stack(Experiment(**choices), INPUTS, outputs(task), task, dtype=torch.float64)
    stack.parameters.flat.copy_(random_tensor(len(stack.parameters.flat), seed=1))
    return stack


def random_tensor(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def outputs(task: str) -> int:
    return 3 if task == "classification" else 1


def batch(stack: Stack, task: str, seed: int = 0) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Inputs and targets, different for each network, and dropout masks, different for each seed."""
    x = random_tensor(stack.networks, INPUTS, BATCH, seed=10 + seed)
    y = random_tensor(stack.networks, outputs(task), BATCH, seed=20 + seed)
    if task == "classification":
        y = functional.one_hot(y.argmax(dim=1), 3).double().mT.contiguous()
    rate, width = stack.experiment.dropout, stack.experiment.width
    drawn = [random_tensor(SEEDS, width, BATCH, seed=30 + seed + k) for k in range(stack.experiment.depth)]
    return x, y, [(d > 0) / (1 - rate) for d in drawn] if rate else []


def networks(stack: Stack) -> Iterator[tuple[int, str, int]]:
    """Place in the stack, arm and number of the seed."""
    for a, arm in enumerate(stack.arms):
        for s in range(stack.per_arm):
            yield a * stack.per_arm + s, arm, s


def of_network(views: Mapping[str, Tensor], stack: Stack, place: int, arm: str, s: int) -> Parameters:
    """Copies of one network's tensors, named `weight.0`, `bias.0`, `gamma.0`, …; biases `(out,)`."""
    collected = {}
    for key, view in views.items():
        kind, layer, *owner = key.split(".")
        if not owner:
            collected[key] = view[place].clone().squeeze(-1) if kind == "bias" else view[place].clone()
        elif owner == [arm]:
            collected[f"{kind}.{layer}"] = view[s].clone()
    return collected


def run_network(
    experiment: Experiment,
    arm: str,
    parameters: Parameters,
    x: Tensor,
    masks: Sequence[Tensor],
    function: Callable[[Tensor], Tensor],
) -> Tensor:
    """The network as one writes it in torch; `x (B, in)` → `(B, C)`."""

    def batch_norm(values: Tensor, k: int) -> Tensor:
        gamma, beta = parameters[f"gamma.{k}"], parameters[f"beta.{k}"]
        return functional.batch_norm(values, None, None, gamma, beta, training=True, eps=experiment.epsilon)

    for k in range(experiment.depth):
        x = functional.linear(x, parameters[f"weight.{k}"], parameters[f"bias.{k}"])
        if arm == "before":
            x = batch_norm(x, k)
        x = function(x)
        if arm == "after":
            x = batch_norm(x, k)
        if masks:
            x = x * masks[k].T
    return functional.linear(x, parameters[f"weight.{experiment.depth}"], parameters[f"bias.{experiment.depth}"])


def loss_of(task: str, outputs: Tensor, targets: Tensor) -> Tensor:
    if task == "regression":
        return functional.mse_loss(outputs, targets)
    return functional.cross_entropy(outputs, targets.argmax(dim=1))


def check_gradients(stack: Stack, task: str, function: Callable[[Tensor], Tensor]) -> None:
    x, y, masks = batch(stack, task)
    stack.gradients.flat.zero_()
    out = torch.empty_like(y)
    stack.forward(x, masks, out).backward(y)
    values = stack.loss.values(out, y)
    for place, arm, s in networks(stack):
        leaves = {
            name: value.requires_grad_() for name, value in of_network(stack.parameters.views, stack, place, arm, s).items()
        }
        of_seed = [mask[s] for mask in masks]
        expected = run_network(stack.experiment, arm, leaves, x[place].T, of_seed, function)
        loss = loss_of(task, expected, y[place].T)
        loss.backward()
        torch.testing.assert_close(out[place].T, expected.detach(), rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(values[place], loss.detach(), rtol=1e-10, atol=1e-10)
        gradients = of_network(stack.gradients.views, stack, place, arm, s)
        assert gradients.keys() == leaves.keys()
        for name, leaf in leaves.items():
            if arm == "before" and name.startswith("bias") and name != f"bias.{stack.experiment.depth}":
                assert leaf.grad is not None
                assert (gradients[name] == 0).all(), "exactly 0, not rounding noise"
                torch.testing.assert_close(leaf.grad, torch.zeros_like(leaf), rtol=0, atol=1e-9)
            else:
                torch.testing.assert_close(gradients[name], leaf.grad, rtol=1e-8, atol=1e-9, msg=f"{arm} {name}")


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.parametrize("activation", FIELDS["activation"].options)
def test_gradients_match_autograd(activation: str, task: str, dropout: float, torch_activations: Functions) -> None:
    check_gradients(make(task, activation=activation, dropout=dropout), task, torch_activations[activation])


@pytest.mark.parametrize("arms", SUBSETS, ids="+".join)
def test_gradients_match_autograd_whatever_arms_share_the_stack(arms: tuple[str, ...], torch_activations: Functions) -> None:
    for task, dropout in (("regression", 0.0), ("classification", 0.3)):
        check_gradients(make(task, arms=arms, dropout=dropout), task, torch_activations["swish"])


@pytest.mark.parametrize("choices", [{"depth": 1}, {"depth": 12}, {"width": 1}, {"width": 1, "depth": 1}, {"epsilon": 0.1}])
def test_gradients_match_autograd_at_other_shapes(choices: dict[str, Any], torch_activations: Functions) -> None:
    check_gradients(make(**choices), "regression", torch_activations["swish"])


@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_l2_enters_the_step_and_not_the_loss(task: str, dropout: float, torch_activations: Functions) -> None:
    l2, rate = 0.03, 0.1
    stack = make(task, l2=l2, dropout=dropout, learning_rate=rate)
    x, y, masks = batch(stack, task)
    out = torch.empty_like(y)
    before = {place: of_network(stack.parameters.views, stack, place, arm, s) for place, arm, s in networks(stack)}
    stack.step(x, y, masks, out)
    for place, arm, s in networks(stack):
        leaves = {name: value.clone().requires_grad_() for name, value in before[place].items()}
        of_seed = [mask[s] for mask in masks]
        result = run_network(stack.experiment, arm, leaves, x[place].T, of_seed, torch_activations["swish"])
        loss = loss_of(task, result, y[place].T)
        penalty = l2 * sum(w.square().sum() for name, w in leaves.items() if name.startswith("weight"))
        (loss + penalty).backward()
        torch.testing.assert_close(stack.loss.values(out, y)[place], loss.detach(), rtol=1e-10, atol=1e-10)
        for name, value in of_network(stack.parameters.views, stack, place, arm, s).items():
            grad = leaves[name].grad
            assert grad is not None
            torch.testing.assert_close(value, before[place][name] - rate * grad, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.99])
def test_moving_statistics_and_inference_match_nn_batchnorm1d(momentum: float, torch_activations: Functions) -> None:
    stack = make(bn_momentum=momentum, learning_rate=1e-6, depth=1)
    layers = {
        (arm, s): torch.nn.BatchNorm1d(5, eps=1e-3, momentum=1 - momentum, dtype=torch.float64)
        for arm in normalized(stack.arms)
        for s in range(SEEDS)
    }
    silu = torch_activations["swish"]
    for number in range(4):
        x, y, masks = batch(stack, "regression", number)
        for place, arm, s in networks(stack):
            if arm in normalized(stack.arms):
                own = of_network(stack.parameters.views, stack, place, arm, s)
                z = functional.linear(x[place].T, own["weight.0"], own["bias.0"])
                layers[arm, s](z if arm == "before" else silu(z))
        stack.step(x, y, masks, torch.empty_like(y))
    x, _, _ = batch(stack, "regression", 9)
    inferred = stack.infer(x)
    for place, arm, s in networks(stack):
        own = of_network(stack.parameters.views | stack.moving.views, stack, place, arm, s)
        z = functional.linear(x[place].T, own["weight.0"], own["bias.0"])
        if arm in normalized(stack.arms):
            layer = layers[arm, s].eval()
            assert layer.running_mean is not None
            assert layer.running_var is not None
            torch.testing.assert_close(own["mean.0"], layer.running_mean)
            # nn.BatchNorm1d averages unbiased variances, Keras biased ones; both start at 1.
            start = momentum**4
            biased = start + (layer.running_var - start) * (BATCH - 1) / BATCH
            torch.testing.assert_close(own["variance.0"], biased)
            layer.load_state_dict({"weight": own["gamma.0"], "bias": own["beta.0"], "running_var": biased}, strict=False)
            z = silu(layer(z)) if arm == "before" else layer(silu(z))
        else:
            z = silu(z)
        torch.testing.assert_close(inferred[place].T, functional.linear(z, own["weight.1"], own["bias.1"]).detach())


def test_inference_changes_nothing_and_needs_no_batch() -> None:
    stack = make()
    x, y, masks = batch(stack, "regression")
    stack.step(x, y, masks, torch.empty_like(y))
    before, gradients = stack.state(), stack.gradients.flat.clone()
    together = stack.infer(x)
    one_by_one = torch.cat([stack.infer(x[:, :, i : i + 1]) for i in range(BATCH)], dim=2)
    torch.testing.assert_close(together, one_by_one)
    after = stack.state()
    assert torch.equal(before.parameters, after.parameters)
    assert torch.equal(before.moving, after.moving)
    assert torch.equal(gradients, stack.gradients.flat)


def test_a_forward_pass_moves_no_moving_statistics() -> None:
    stack = make()
    x, y, masks = batch(stack, "regression")
    before = stack.moving.flat.clone()
    stack.forward(x, masks, torch.empty_like(y)).backward(y)
    assert torch.equal(stack.moving.flat, before)


@pytest.mark.parametrize("epsilon", [1e-8, 1e-3, 1e-1])
def test_the_variance_of_a_unit_that_does_not_vary_is_0(epsilon: float) -> None:
    experiment = Experiment(arms=("before", "after"), seeds=SEEDS, width=64, epsilon=epsilon, bn_momentum=0.0)
    stack = Stack(experiment, INPUTS, 1, "regression")
    x = torch.full((stack.networks, INPUTS, BATCH), 0.3)
    stack.step(x, torch.zeros(stack.networks, 1, BATCH), (), torch.empty(stack.networks, 1, BATCH))
    variances = torch.cat([view.flatten() for name, view in stack.moving.views.items() if name.startswith("variance")])
    assert (variances >= 0).all()
    assert (variances <= 1e-6 * epsilon).all()


def test_biases_before_batch_norm_never_move() -> None:
    for optimizer in OPTIMIZERS:
        stack = make(optimizer=optimizer, dropout=0.2, l2=0.01)
        start = {k: stack.parameters[f"bias.{k}"].clone() for k in range(3)}
        for number in range(5):
            x, y, masks = batch(stack, "regression", number)
            stack.step(x, y, masks, torch.empty_like(y))
        own = stack.rows("before")
        for k in range(2):
            assert torch.equal(stack.parameters[f"bias.{k}"][own], start[k][own])
            assert not torch.isclose(stack.parameters[f"bias.{k}"][stack.rows("after")], start[k][stack.rows("after")]).all()
        assert not torch.isclose(stack.parameters["bias.2"][own], start[2][own]).all()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_restored_state_goes_on_bitwise_the_same(optimizer: str) -> None:
    stack = make(optimizer=optimizer, dropout=0.2)

    def train() -> None:
        for number in range(4):
            x, y, masks = batch(stack, "regression", number)
            stack.step(x, y, masks, torch.empty_like(y))

    train()
    kept = stack.state()
    train()
    first = stack.state()
    stack.restore(kept)
    train()
    again = stack.state()
    assert first.steps == again.steps == 8
    for one, other in zip(
        (first.parameters, first.moving, *first.optimizer), (again.parameters, again.moving, *again.optimizer), strict=True
    ):
        assert torch.equal(one, other)


def test_batches_of_different_sizes_may_alternate() -> None:
    stack, fresh = make(), make()
    x, y, _ = batch(stack, "regression")
    stack.forward(x[:, :, :3], (), torch.empty_like(y[:, :, :3])).backward(y[:, :, :3])
    stack.forward(x, (), torch.empty_like(y)).backward(y)
    fresh.forward(x, (), torch.empty_like(y)).backward(y)
    assert torch.equal(stack.gradients.flat, fresh.gradients.flat)


def test_given_weights_are_every_networks_weights() -> None:
    stack = make()
    sizes = [(5, INPUTS), (5, 5), (1, 5)]
    given = [(np.random.default_rng(k).normal(size=shape), np.arange(float(shape[0]))) for k, shape in enumerate(sizes)]
    for weight, bias in given:
        weight.setflags(write=False)
        bias.setflags(write=False)
    stack.set_weights(given)
    for k, (weight, bias) in enumerate(given):
        for network in range(stack.networks):
            np.testing.assert_array_equal(stack.parameters[f"weight.{k}"][network].numpy(), weight)
            np.testing.assert_array_equal(stack.parameters[f"bias.{k}"][network, :, 0].numpy(), bias)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_given_weights_may_be_read_only_arrays_of_any_type(dtype: type) -> None:
    stack = Stack(Experiment(depth=1, width=2), 3, 1, "regression")
    given: Weights = [(np.ones((2, 3), dtype), np.ones(2, dtype)), (np.ones((1, 2), dtype), np.ones(1, dtype))]
    for array in (array for pair in given for array in pair):
        array.setflags(write=False)
    stack.set_weights(given)
    assert (stack.parameters["weight.0"] == 1).all()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([((2, 3), (2,))], "weights must have 2 layers, got 1"),
        ([((3, 2), (2,)), ((1, 2), (1,))], "weight of layer 1 must have the shape (2, 3), got (3, 2)"),
        ([((2, 3), (2, 1)), ((1, 2), (1,))], "bias of layer 1 must have the shape (2,), got (2, 1)"),
        ([((2, 3), (2,)), ((1, 4), (1,))], "weight of layer 2 must have the shape (1, 2), got (1, 4)"),
        ([((2, 3), (2,)), ((1, 2), ())], "bias of layer 2 must have the shape (1,), got ()"),
    ],
)
def test_given_weights_of_a_wrong_shape_are_named(shapes: list[Any], message: str) -> None:
    stack = Stack(Experiment(depth=1, width=2), 3, 1, "regression")
    with pytest.raises(ExperimentError) as caught:
        stack.set_weights([(np.zeros(weight), np.zeros(bias)) for weight, bias in shapes])
    assert str(caught.value) == message


def test_moving_statistics_that_are_infinite_once_stay_so() -> None:
    """As in Keras; `lerp` would make NaN of them."""
    stack = Stack(Experiment(depth=1, arms=("before",)), 3, 1, "regression")
    bound = stack.forward(torch.ones(1, 3, 4), (), torch.empty(1, 1, 4))
    for variance in (torch.inf, 1.0):
        stack.batch_statistics["variance.0.before"].fill_(variance)
        stack.update(bound)
        assert torch.isposinf(stack.moving["variance.0.before"]).all()
