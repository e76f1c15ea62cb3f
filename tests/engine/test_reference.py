"""The node-by-node reference against autograd, nn.BatchNorm1d and worked numbers."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bn_lab.engine.reference import Backward, Forward, backward, edges, forward
from bn_lab.engine.types import Array

UNITS, BATCH = 4, 9
EPSILONS = [1e-8, 1e-3, 1e-1]


def case() -> tuple[Array, Array, Array, Array]:
    """x, γ, β and ∂loss/∂y."""
    random = np.random.default_rng(2)
    x = random.normal(3, 2, (UNITS, BATCH)) * [[0.01], [1], [10], [100]]
    return x, random.normal(1, 1, (UNITS, 1)), random.normal(size=(UNITS, 1)), random.normal(size=(UNITS, BATCH))


def graph(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: float) -> dict[str, Tensor]:
    """The nodes in torch, each keeping its gradient; x is copied so that "centered" gets the gradient of both branches."""
    nodes = {"x": x * 1}
    nodes["mean"] = nodes["x"].mean(dim=1, keepdim=True)
    nodes["centered"] = nodes["x"] - nodes["mean"]
    nodes["squared"] = nodes["centered"].pow(2)
    nodes["variance"] = nodes["squared"].mean(dim=1, keepdim=True)
    nodes["shifted"] = nodes["variance"] + epsilon
    nodes["deviation"] = nodes["shifted"].sqrt()
    nodes["inverse"] = nodes["deviation"].reciprocal()
    nodes["normalized"] = nodes["centered"] * nodes["inverse"]
    nodes["scaled"] = gamma * nodes["normalized"]
    nodes["y"] = nodes["scaled"] + beta
    for node in nodes.values():
        node.retain_grad()
    return nodes


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_every_node_and_its_gradient_match_autograd(epsilon: float) -> None:
    x, gamma, beta, grad_y = case()
    leaves = {name: torch.tensor(array, requires_grad=True) for name, array in (("gamma", gamma), ("beta", beta))}
    nodes = graph(torch.tensor(x, requires_grad=True), leaves["gamma"], leaves["beta"], epsilon)
    nodes["y"].backward(torch.tensor(grad_y))
    ours = forward(x, gamma, beta, epsilon)
    for field in fields(Forward):
        value = getattr(ours, field.name)
        np.testing.assert_allclose(value, nodes[field.name].detach().numpy(), rtol=1e-12, err_msg=field.name)
    gradients = backward(ours, gamma, grad_y)
    for field in fields(Backward):
        grad = (nodes | leaves)[field.name].grad
        assert grad is not None
        scale = grad.abs().amax(dim=1, keepdim=True).numpy()
        ours_at_scale = np.divide(getattr(gradients, field.name), scale, where=scale > 0, out=np.zeros(grad.shape))
        theirs = np.divide(grad.numpy(), scale, where=scale > 0, out=np.zeros(grad.shape))
        if field.name == "mean":
            continue  # the next test: exactly, it is a sum that cancels
        np.testing.assert_allclose(ours_at_scale, theirs, atol=1e-9, err_msg=field.name)


def test_the_gradient_of_the_mean_is_the_negative_sum_over_the_batch() -> None:
    x, gamma, beta, grad_y = case()
    nodes = graph(torch.tensor(x, requires_grad=True), torch.tensor(gamma), torch.tensor(beta), 1e-3)
    nodes["y"].backward(torch.tensor(grad_y))
    grad = nodes["mean"].grad
    assert grad is not None
    np.testing.assert_allclose(backward(forward(x, gamma, beta, 1e-3), gamma, grad_y).mean, grad.numpy(), rtol=1e-9)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_it_is_what_nn_batchnorm1d_computes(epsilon: float) -> None:
    x, gamma, beta, grad_y = case()
    layer = nn.BatchNorm1d(UNITS, eps=epsilon, dtype=torch.float64)
    layer.load_state_dict({"weight": torch.tensor(gamma[:, 0]), "bias": torch.tensor(beta[:, 0])}, strict=False)
    leaf = torch.tensor(x.T.copy(), requires_grad=True)
    y = layer(leaf)
    y.backward(torch.tensor(grad_y.T.copy()))
    ours = forward(x, gamma, beta, epsilon)
    gradients = backward(ours, gamma, grad_y)
    assert leaf.grad is not None
    assert layer.weight.grad is not None
    assert layer.bias.grad is not None
    np.testing.assert_allclose(ours.y, y.detach().numpy().T, rtol=1e-10)
    np.testing.assert_allclose(gradients.x, leaf.grad.numpy().T, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(gradients.gamma[:, 0], layer.weight.grad.numpy(), rtol=1e-10)
    np.testing.assert_allclose(gradients.beta[:, 0], layer.bias.grad.numpy(), rtol=1e-10)


def test_worked_by_hand() -> None:
    nodes = forward(np.array([[1.0, 3.0]]), np.array([[2.0]]), np.array([[0.5]]), 3.0)
    assert (nodes.mean.item(), nodes.variance.item(), nodes.shifted.item(), nodes.deviation.item()) == (2, 1, 4, 2)
    assert nodes.normalized.tolist() == [[-0.5, 0.5]]
    assert nodes.y.tolist() == [[-0.5, 1.5]]


def test_integers_are_computed_in_float64() -> None:
    assert forward(np.array([[1, 2, 4]]), np.ones((1, 1)), np.zeros((1, 1)), 1e-3).x.dtype == np.float64


def test_edges_that_start_at_a_node_add_up_to_its_gradient() -> None:
    x, gamma, beta, grad_y = case()
    nodes = forward(x, gamma, beta, 1e-3)
    gradients = backward(nodes, gamma, grad_y)
    carried = edges(nodes, gradients, gamma)
    starts = {start for start, _ in carried}
    assert starts == {field.name for field in fields(Backward)} - {"y"} | {"scaled"}
    for start in starts:
        leaving = sum((grad for (begin, _), grad in carried.items() if begin == start), np.zeros(()))
        gradient = gradients.y if start == "scaled" else getattr(gradients, start)
        whole = leaving if gradient.shape == leaving.shape else leaving.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(whole, gradient, rtol=1e-10, atol=1e-12, err_msg=start)
