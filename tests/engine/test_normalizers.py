"""Batch normalization's kernels against nn.BatchNorm1d and the readable reference, in float64."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bn_lab.engine.normalizers import BatchNorm, Bypass, Site
from bn_lab.engine.reference import backward, forward

NETWORKS, UNITS, BATCH = 5, 4, 7
ROWS = [slice(0, 5), slice(1, 3), slice(0, 2), slice(4, 5)]
EPSILONS = [1e-8, 1e-3, 1e-1]


def random_tensor(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Case(NamedTuple):
    """A batch norm layer and what it reads and writes; `grad_y` is a copy, since the layer turns its own in place."""

    layer: BatchNorm
    out: Tensor
    x: Tensor
    gamma: Tensor
    beta: Tensor
    gamma_grad: Tensor
    beta_grad: Tensor
    mean: Tensor
    variance: Tensor
    x_grad: Tensor
    grad_y: Tensor


def batch_norm(rows: slice, epsilon: float, batch: int = BATCH) -> Case:
    shape = (rows.stop - rows.start, UNITS)
    x = random_tensor(NETWORKS, UNITS, batch) * 3 + 10
    gamma, beta = random_tensor(*shape, seed=2), random_tensor(*shape, seed=3)
    gamma_grad, beta_grad, mean, variance = (torch.full(shape, 77.0, dtype=torch.float64) for _ in range(4))
    grad_y = random_tensor(NETWORKS, UNITS, batch, seed=4)
    x_grad, out = grad_y.clone(), torch.full_like(x, 77.0)
    parameters, gradients = {"gamma": gamma, "beta": beta}, {"gamma": gamma_grad, "beta": beta_grad}
    statistics = {"mean": mean, "variance": variance}
    layer = BatchNorm(Site(x[rows], out[rows], x_grad[rows], parameters, gradients, statistics, epsilon))
    layer.forward()
    layer.backward()
    return Case(layer, out, x, gamma, beta, gamma_grad, beta_grad, mean, variance, x_grad, grad_y)


def torch_layer(case: Case, network: int, epsilon: float, momentum: float = 1.0) -> nn.BatchNorm1d:
    layer = nn.BatchNorm1d(UNITS, eps=epsilon, momentum=momentum, dtype=torch.float64)
    layer.load_state_dict({"weight": case.gamma[network], "bias": case.beta[network]}, strict=False)
    return layer


@pytest.mark.parametrize("rows", ROWS, ids=str)
@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("batch", [2, BATCH])
def test_batch_norm_matches_nn_batchnorm1d(rows: slice, epsilon: float, batch: int) -> None:
    case = batch_norm(rows, epsilon, batch)
    for i, network in enumerate(range(rows.start, rows.stop)):
        layer = torch_layer(case, i, epsilon)
        x = case.x[network].T.contiguous().requires_grad_()
        y = layer(x)
        y.backward(case.grad_y[network].T)
        assert x.grad is not None
        torch.testing.assert_close(case.out[network].T, y.detach(), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(case.x_grad[network].T, x.grad, rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(case.gamma_grad[i], layer.weight.grad, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(case.beta_grad[i], layer.bias.grad, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(case.mean[i], layer.running_mean, rtol=1e-12, atol=0)
        torch.testing.assert_close(case.variance[i], layer.running_var, rtol=1e-12, atol=0)


@pytest.mark.parametrize("rows", ROWS, ids=str)
def test_networks_without_batch_norm_pass_through(rows: slice) -> None:
    case, others = batch_norm(rows, 1e-3), [slice(0, rows.start), slice(rows.stop, NETWORKS)]
    Bypass(case.x, case.out, others).forward()
    for network in set(range(NETWORKS)) - set(range(rows.start, rows.stop)):
        assert torch.equal(case.out[network], case.x[network])


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_batch_norm_matches_the_reference(epsilon: float) -> None:
    rows = slice(1, 4)
    case = batch_norm(rows, epsilon)
    for i, network in enumerate(range(rows.start, rows.stop)):
        gamma, beta = case.gamma[i].numpy()[:, None], case.beta[i].numpy()[:, None]
        nodes = forward(case.x[network].numpy(), gamma, beta, epsilon)
        gradients = backward(nodes, gamma, case.grad_y[network].numpy())
        pairs = {
            "y": (case.out[network], nodes.y),
            "normalized": (case.layer.normalized()[i], nodes.normalized),
            "mean": (case.mean[i], nodes.mean[:, 0]),
            "variance": (case.variance[i] * (BATCH - 1) / BATCH, nodes.variance[:, 0]),
            "x": (case.x_grad[network], gradients.x),
            "gamma": (case.gamma_grad[i], gradients.gamma[:, 0]),
            "beta": (case.beta_grad[i], gradients.beta[:, 0]),
        }
        for name, (ours, expected) in pairs.items():
            np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_normalized_has_mean_0_and_the_spread_that_epsilon_leaves(epsilon: float) -> None:
    case = batch_norm(slice(0, NETWORKS), epsilon)
    normalized = case.layer.normalized()
    variance = case.x.var(dim=2, correction=0)
    torch.testing.assert_close(normalized.mean(dim=2), torch.zeros_like(variance), rtol=0, atol=1e-12)
    torch.testing.assert_close(normalized.std(dim=2, correction=0), (variance / (variance + epsilon)).sqrt())
