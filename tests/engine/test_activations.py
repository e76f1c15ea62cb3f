"""Activation functions against torch.nn.functional and autograd."""

import math
from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor

from bn_lab.engine.activations import ACTIVATIONS, FLAT, LEAKY_RELU_SLOPE

Functions = Mapping[str, Callable[[Tensor], Tensor]]

# Both sides of every bend, the flat ends, and no value exactly on a bend, where the slope is a matter of taste.
POINTS = torch.cat([torch.linspace(-12, 12, 400), torch.tensor([-100.0, -30.0, -1e-9, 1e-9, 30.0, 100.0])]).double()


def ours(name: str, x: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    """f(x) and grad · f′(x)."""
    y, out = torch.full_like(x, torch.nan), torch.full_like(x, torch.nan)
    ACTIVATIONS[name].forward(x, y)
    ACTIVATIONS[name].backward(grad, x, y, out)
    return y, out


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_gradients_match_autograd(name: str, torch_activations: Functions) -> None:
    x = POINTS.clone().requires_grad_()
    grad = torch.linspace(-2, 3, len(x)).double()
    expected = torch_activations[name](x)
    expected.backward(grad)
    y, x_grad = ours(name, POINTS, grad)
    assert x.grad is not None
    torch.testing.assert_close(y, expected.detach(), rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(x_grad, x.grad, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_gradient_may_be_turned_in_place(name: str) -> None:
    grad = torch.linspace(-2, 3, len(POINTS)).double()
    y, expected = ours(name, POINTS, grad)
    ACTIVATIONS[name].backward(grad, POINTS, y, grad)
    assert torch.equal(grad, expected)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_tails_begin_where_the_slope_stays_flat(name: str) -> None:
    x = torch.linspace(-12, 12, 240_001).double().requires_grad_()
    y = ours(name, x.detach(), torch.ones_like(x))[1]  # the gradient of 1 is the slope
    steep = x.detach()[y.abs() >= FLAT]
    low, high = ACTIVATIONS[name].tails
    if name == "leaky_relu":  # flat enough below 0, but made so that nothing dies
        assert (low, high) == (-math.inf, math.inf)
        return
    assert steep[0].item() == pytest.approx(max(low, -12), abs=2e-3)
    assert steep[-1].item() == pytest.approx(min(high, 12), abs=2e-3)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_float32_values_are_the_float64_ones_rounded(name: str) -> None:
    grad = torch.ones_like(POINTS)
    for single, double in zip(ours(name, POINTS.float(), grad.float()), ours(name, POINTS, grad), strict=True):
        torch.testing.assert_close(single.double(), double, rtol=1e-5, atol=1e-6)


def test_the_slope_of_leaky_relu_is_the_documented_one() -> None:
    assert LEAKY_RELU_SLOPE == 0.01
    y, grad = ours("leaky_relu", torch.tensor([-2.0, 2.0]), torch.ones(2))
    torch.testing.assert_close(y, torch.tensor([-0.02, 2.0]))
    torch.testing.assert_close(grad, torch.tensor([0.01, 1.0]))
