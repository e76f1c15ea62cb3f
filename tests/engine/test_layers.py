"""The fast layers against nn.Linear and autograd, in float64."""

import torch
from torch import Tensor
from torch.nn import functional

from bn_lab.engine.layers import Affine, Dropout

NETWORKS, UNITS, BATCH = 5, 4, 7


def random_tensor(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_affine_matches_nn_linear() -> None:
    weight, bias, x = random_tensor(NETWORKS, 3, UNITS), random_tensor(NETWORKS, 3, 1), random_tensor(NETWORKS, UNITS, BATCH)
    out_grad = random_tensor(NETWORKS, 3, BATCH, seed=9)
    weight_grad, bias_grad, x_grad = torch.empty_like(weight), torch.zeros_like(bias), torch.empty_like(x)
    layer = Affine(
        weight, bias, weight_grad, bias_grad, [slice(0, 1), slice(3, NETWORKS)], torch.empty_like(out_grad), out_grad, x_grad
    )
    layer.feed(x)
    layer.forward()
    layer.backward()
    for network in range(NETWORKS):
        w, b = weight[network].clone().requires_grad_(), bias[network, :, 0].clone().requires_grad_()
        leaf = x[network].T.contiguous().requires_grad_()
        out = functional.linear(leaf, w, b)
        out.backward(out_grad[network].T)
        assert leaf.grad is not None
        assert b.grad is not None
        torch.testing.assert_close(layer.out[network].T, out.detach())
        torch.testing.assert_close(weight_grad[network], w.grad)
        torch.testing.assert_close(x_grad[network].T, leaf.grad)
        # Networks 1 and 2 stand before batch normalization.
        expected = torch.zeros(3, dtype=torch.float64) if network in (1, 2) else b.grad
        torch.testing.assert_close(bias_grad[network, :, 0], expected)


def test_all_arms_of_a_seed_share_a_dropout_mask() -> None:
    seeds = 2
    x, x_grad = random_tensor(3 * seeds, UNITS, BATCH), random_tensor(3 * seeds, UNITS, BATCH, seed=5)
    mask = (random_tensor(seeds, UNITS, BATCH, seed=6) > 0) / 0.5
    expected, expected_grad = x * mask.repeat(3, 1, 1), x_grad * mask.repeat(3, 1, 1)
    layer = Dropout(x, x_grad, seeds)
    layer.feed(mask)
    layer.forward()
    layer.backward()
    assert torch.equal(layer.out, expected)
    assert torch.equal(x_grad, expected_grad)
