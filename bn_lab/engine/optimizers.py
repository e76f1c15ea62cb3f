"""Optimizers on one flat buffer: a few elementwise kernels, however deep the networks. In one registry.

`rmsprop` and `adam` are Keras' formulas with Keras' constants. All state is zero at first, so that the state of a network in a
cohort is the state it would have alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Protocol

import torch
from torch import Tensor


class Optimizer(Protocol):
    """An update rule bound to one buffer of parameters and one of gradients."""

    state: tuple[Tensor, ...]
    """Everything besides the step count that the next update depends on."""

    def update(self, step: int) -> None:
        """Apply one update in place; `step` counts from 1."""


Rate = float | Tensor
"""One learning rate for all, or one for every parameter, in their layout."""


def descend(parameters: Tensor, direction: Tensor, rate: Rate) -> None:
    """θ ← θ − rate · direction."""
    if isinstance(rate, Tensor):
        parameters.addcmul_(direction, rate, value=-1)
    else:
        parameters.add_(direction, alpha=-rate)


class RMSprop:
    """v ← ρv + (1 − ρ)g²;  θ ← θ − lr · g / √(v + ε), with ρ = 0.9 and ε = 1e-7 inside the root (keras.optimizers.RMSprop).

    It is Adagrad with a sum of squares that fades, so that torch's fused Adagrad does the larger part in one pass: with
    u = (v + ε)/(1 − ρ) it reads u ← ρu + ε + g²;  θ ← θ − lr/√(1 − ρ) · g / √u.
    """

    RHO, EPSILON = 0.9, 1e-7

    def __init__(self, parameters: Tensor, gradients: Tensor, learning_rate: Rate) -> None:
        self.parameters, self.gradients = parameters, gradients
        self.floor = parameters.new_tensor(self.EPSILON / (1 - self.RHO))
        self.fading = parameters.new_tensor(1 - self.RHO)
        self.sum = torch.full_like(parameters, self.floor.item())  # u
        # Adagrad lowers its rate with the number of steps only if asked to; the count it wants stays 0.
        self.buffers = [parameters], [gradients], [self.sum], [parameters.new_zeros(())]
        self.rate = learning_rate / sqrt(1 - self.RHO)
        self.state: tuple[Tensor, ...] = (self.sum,)

    def update(self, step: int) -> None:
        self.sum.lerp_(self.floor, self.fading)
        if isinstance(self.rate, Tensor):  # the fused kernel takes one rate
            self.sum.addcmul_(self.gradients, self.gradients)
            descend(self.parameters, self.gradients / self.sum.sqrt(), self.rate)
        else:
            torch._fused_adagrad_(*self.buffers, lr=self.rate, lr_decay=0, weight_decay=0, eps=0, maximize=False)


class Adam:
    """m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − lr · √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε).

    β₁ = 0.9, β₂ = 0.999, ε = 1e-7 outside the root (keras.optimizers.Adam; Kingma & Ba 2015, end of section 2).
    """

    BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7

    def __init__(self, parameters: Tensor, gradients: Tensor, learning_rate: Rate) -> None:
        self.parameters, self.gradients, self.learning_rate = parameters, gradients, learning_rate
        self.first, self.second = torch.zeros_like(parameters), torch.zeros_like(parameters)
        self.scratch = torch.empty_like(parameters)
        self.state: tuple[Tensor, ...] = (self.first, self.second)

    def update(self, step: int) -> None:
        self.first.lerp_(self.gradients, 1 - self.BETA_1)
        self.second.mul_(self.BETA_2).addcmul_(self.gradients, self.gradients, value=1 - self.BETA_2)
        torch.sqrt(self.second, out=self.scratch).add_(self.EPSILON)
        rate = self.learning_rate * sqrt(1 - self.BETA_2**step) / (1 - self.BETA_1**step)
        if isinstance(rate, Tensor):
            descend(self.parameters, torch.div(self.first, self.scratch, out=self.scratch), rate)
        else:
            self.parameters.addcdiv_(self.first, self.scratch, value=-rate)


class SGD:
    """θ ← θ − lr · g."""

    def __init__(self, parameters: Tensor, gradients: Tensor, learning_rate: Rate) -> None:
        self.parameters, self.gradients, self.learning_rate = parameters, gradients, learning_rate
        self.state: tuple[Tensor, ...] = ()

    def update(self, step: int) -> None:
        descend(self.parameters, self.gradients, self.learning_rate)


class Momentum:
    """u ← 0.9u + g;  θ ← θ − lr · u (Polyak's heavy ball, not Nesterov's)."""

    MOMENTUM = 0.9

    def __init__(self, parameters: Tensor, gradients: Tensor, learning_rate: Rate) -> None:
        self.parameters, self.gradients, self.learning_rate = parameters, gradients, learning_rate
        self.velocity = torch.zeros_like(parameters)
        self.state: tuple[Tensor, ...] = (self.velocity,)

    def update(self, step: int) -> None:
        self.velocity.mul_(self.MOMENTUM).add_(self.gradients)
        descend(self.parameters, self.velocity, self.learning_rate)


OPTIMIZERS: Mapping[str, Callable[[Tensor, Tensor, Rate], Optimizer]] = {
    "rmsprop": RMSprop,
    "adam": Adam,
    "sgd": SGD,
    "momentum": Momentum,
}
"""Optimizers by name: `OPTIMIZERS[name](parameters, gradients, learning_rate)`."""
