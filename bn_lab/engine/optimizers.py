"""Optimizers on one flat buffer: a few elementwise kernels, however deep the networks. In one registry.

`rmsprop` and `adam` are Keras' formulas with Keras' constants. All state is zero at first, so that the state of a network in a
stack is the state it would have alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

Rate = float | Tensor
"""One learning rate for all, or one for every parameter, in their layout."""


class Optimizer(Protocol):
    """An update rule bound to one buffer of parameters and one of gradients."""

    state: tuple[Tensor, ...]
    """Everything besides the step count that the next update depends on."""

    learning_rate: Rate
    """May be changed between updates."""

    def update(self, step: int) -> None:
        """Apply one update in place; `step` counts from 1."""


def descend(parameters: Tensor, direction: Tensor, rate: Rate) -> None:
    """θ ← θ − rate · direction."""
    if isinstance(rate, Tensor):
        parameters.addcmul_(direction, rate, value=-1)
    else:
        parameters.add_(direction, alpha=-rate)


def divided(parameters: Tensor, numerator: Tensor, denominator: Tensor, rate: Rate) -> None:
    """θ ← θ − rate · numerator / denominator; the denominator is used up."""
    if isinstance(rate, Tensor):
        descend(parameters, torch.div(numerator, denominator, out=denominator), rate)
    else:
        parameters.addcdiv_(numerator, denominator, value=-rate)


class RMSprop:
    """v ← ρv + (1 − ρ)g²;  θ ← θ − lr · g / √(v + ε), with ρ = 0.9 and ε = 1e-7 inside the root (keras.optimizers.RMSprop).

    In the order in which Keras computes it, so that what overflows float32 there does here: where g² is infinite v stays so,
    and the parameter stays where it is.
    """

    RHO, EPSILON = 0.9, 1e-7

    def __init__(self, parameters: Tensor, gradients: Tensor, learning_rate: Rate) -> None:
        self.parameters, self.gradients, self.learning_rate = parameters, gradients, learning_rate
        self.mean_square, self.scratch = torch.zeros_like(parameters), torch.empty_like(parameters)
        self.state: tuple[Tensor, ...] = (self.mean_square,)

    def update(self, step: int) -> None:
        torch.mul(self.gradients, self.gradients, out=self.scratch)
        self.mean_square.mul_(self.RHO).add_(self.scratch, alpha=1 - self.RHO)
        torch.add(self.mean_square, self.EPSILON, out=self.scratch).sqrt_()
        divided(self.parameters, self.gradients, self.scratch, self.learning_rate)


class Adam:
    """m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  θ ← θ − lr · √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε).

    β₁ = 0.9, β₂ = 0.999, ε = 1e-7 outside the root (keras.optimizers.Adam; Kingma & Ba 2015, end of section 2). Keras takes the
    powers of β in the precision of the parameters; in float32 the first step is shorter by 6e-6 for that. What overflows does
    so as in Keras on PyTorch (its formula for TensorFlow, equal on paper, makes NaN of an infinite v).
    """

    BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7

    def __init__(self, parameters: Tensor, gradients: Tensor, learning_rate: Rate) -> None:
        self.parameters, self.gradients, self.learning_rate = parameters, gradients, learning_rate
        self.first, self.second = torch.zeros_like(parameters), torch.zeros_like(parameters)
        self.scratch = torch.empty_like(parameters)
        self.state: tuple[Tensor, ...] = (self.first, self.second)
        self._precision = np.float64 if parameters.dtype == torch.float64 else np.float32

    def update(self, step: int) -> None:
        torch.mul(self.gradients, self.gradients, out=self.scratch)
        self.first.mul_(self.BETA_1).add_(self.gradients, alpha=1 - self.BETA_1)
        self.second.mul_(self.BETA_2).add_(self.scratch, alpha=1 - self.BETA_2)
        torch.sqrt(self.second, out=self.scratch).add_(self.EPSILON)
        divided(self.parameters, self.first, self.scratch, self.learning_rate * self.correction(step))

    def correction(self, step: int) -> float:
        """√(1 − β₂ᵗ)/(1 − β₁ᵗ)."""
        one, count = self._precision(1), self._precision(step)
        first, second = (one - np.power(self._precision(beta), count) for beta in (self.BETA_1, self.BETA_2))
        return float(np.sqrt(second) / first)


class SGD:
    """θ ← θ − lr · g."""

    def __init__(self, parameters: Tensor, gradients: Tensor, learning_rate: Rate) -> None:
        self.parameters, self.gradients, self.learning_rate = parameters, gradients, learning_rate
        self.state: tuple[Tensor, ...] = ()

    def update(self, step: int) -> None:
        descend(self.parameters, self.gradients, self.learning_rate)


class Momentum:
    """v ← 0.9v − lr · g;  θ ← θ + v (Polyak's heavy ball, not Nesterov's), as Keras has it: a new learning rate is that of the
    gradients to come. (torch multiplies the whole velocity by it; while the rate stays both are the same.)"""

    MOMENTUM = 0.9

    def __init__(self, parameters: Tensor, gradients: Tensor, learning_rate: Rate) -> None:
        self.parameters, self.gradients, self.learning_rate = parameters, gradients, learning_rate
        self.velocity = torch.zeros_like(parameters)
        self.state: tuple[Tensor, ...] = (self.velocity,)

    def update(self, step: int) -> None:
        self.velocity.mul_(self.MOMENTUM)
        descend(self.velocity, self.gradients, self.learning_rate)
        self.parameters.add_(self.velocity)


OPTIMIZERS: Mapping[str, Callable[[Tensor, Tensor, Rate], Optimizer]] = {
    "rmsprop": RMSprop,
    "adam": Adam,
    "sgd": SGD,
    "momentum": Momentum,
}
"""Optimizers by name: `OPTIMIZERS[name](parameters, gradients, learning_rate)`."""
