"""Activation functions: each a forward and a backward kernel, in one registry.

Shapes are any; all kernels work element by element and write into tensors that exist already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import torch
from torch import Tensor

from bn_lab.engine import kernels

nn: Any = torch._C._nn  # its stubs do not know the `out` argument

FLAT = 0.05
"""The slope below which a tail of an activation function counts as flat."""

LEAKY_RELU_SLOPE = 0.01
"""Slope of leaky relu below 0, as in PyTorch (Keras' layer has 0.3)."""


@dataclass(frozen=True)
class Activation:
    """An elementwise function and its derivative.

    Attributes:
        forward: `forward(x, out)` writes f(x).
        backward: `backward(grad, x, y, out)` writes grad · f′(x), where y = f(x); `out` may be `grad` itself.
        tails: values at or below the first, or at or above the second, are *saturated*: from there on |f′| < `FLAT`, so that
            hardly any gradient passes. The dip of swish and GELU, where the slope changes its sign, is not meant.
    """

    forward: Callable[[Tensor, Tensor], object]
    backward: Callable[[Tensor, Tensor, Tensor, Tensor], object]
    tails: tuple[float, float] = (-inf, inf)


ACTIVATIONS: Mapping[str, Activation] = {
    # x · sigmoid(x), "swish" to Keras and "SiLU" to PyTorch.
    "swish": Activation(
        lambda x, out: nn.silu(x, out=out),
        lambda grad, x, y, out: kernels.silu_backward(grad, x, grad_input=out),
        tails=(-4.0826, inf),
    ),
    "relu": Activation(
        lambda x, out: torch.clamp_min(x, 0, out=out),
        lambda grad, x, y, out: kernels.threshold_backward(grad, x, 0, grad_input=out),
        tails=(0.0, inf),
    ),
    # Its slope of 0.01 is there in order that no unit dies, so nothing of it counts as saturated.
    "leaky_relu": Activation(
        lambda x, out: nn.leaky_relu(x, LEAKY_RELU_SLOPE, out=out),
        lambda grad, x, y, out: kernels.leaky_relu_backward(grad, x, LEAKY_RELU_SLOPE, False, grad_input=out),
    ),
    "elu": Activation(
        lambda x, out: nn.elu(x, out=out),
        lambda grad, x, y, out: kernels.elu_backward(grad, 1, 1, 1, False, x, grad_input=out),
        tails=(-2.9958, inf),
    ),
    # x · Φ(x) with the exact normal distribution function, not the tanh approximation.
    "gelu": Activation(
        lambda x, out: nn.gelu(x, out=out),
        lambda grad, x, y, out: kernels.gelu_backward(grad, x, grad_input=out),
        tails=(-2.3485, inf),
    ),
    "tanh": Activation(
        lambda x, out: torch.tanh(x, out=out),
        lambda grad, x, y, out: kernels.tanh_backward(grad, y, grad_input=out),
        tails=(-2.1783, 2.1783),
    ),
    "sigmoid": Activation(
        lambda x, out: torch.sigmoid(x, out=out),
        lambda grad, x, y, out: kernels.sigmoid_backward(grad, y, grad_input=out),
        tails=(-2.8873, 2.8873),
    ),
    "identity": Activation(
        lambda x, out: out.copy_(x),
        lambda grad, x, y, out: None if out is grad else out.copy_(grad),
    ),
}
"""Activation functions by name."""
