"""How smooth the loss is along the gradient, with and without batch normalization.

After Santurkar et al. 2018, "How Does Batch Normalization Help Optimization?", section 3.1 and figure 4. At a step of the
training the network stands at θ, and g is the gradient of the present batch's loss L in training mode, without the L2 penalty.
It is moved to θ − ηg for some distances η around the learning rate, that of the first epoch where it changes, and looked at
there:

- the band of the loss, from the smallest to the largest L(θ − ηg);
- the band of the gradient's change, from the smallest to the largest ‖∇L(θ − ηg) − ∇L(θ)‖;
- the effective β-smoothness, the largest ‖∇L(θ − ηg) − ∇L(θ)‖ / ‖ηg‖.

Norms are Euclidean, over all weights, biases, γ and β; dropout and noise of the batch are the same at every η.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from bn_lab.engine.batches import Batch
from bn_lab.engine.outcome import Smoothness
from bn_lab.engine.stack import Stack
from bn_lab.engine.types import Array

FACTORS = np.geomspace(0.5, 4, 8)
"""The distances η as multiples of the learning rate: (D,). Half a step to four steps of plain gradient descent."""

POINTS = 60
"""At how many steps is looked at most."""


class Probe:
    """Looks along the gradients of a stack's networks while it is trained, and leaves it as it was.

    Args:
        stack: the networks, S of one arm.
        steps: how many steps the training will have.
    """

    def __init__(self, stack: Stack, steps: int) -> None:
        self.stack = stack
        self.stride = -(-steps // POINTS)
        self.steps = np.arange(0, steps, self.stride)
        self.rates = stack.members.values("learning_rate")  # (S,)
        self._spread_rates = stack.spread(self.rates, stack.parameters)
        self.losses = np.full((len(self.steps), len(FACTORS), stack.networks), np.nan)  # (P, D, R)
        self.changes, self.betas = self.losses.copy(), self.losses.copy()

    @property
    def due(self) -> bool:
        """Whether to look before the next step."""
        return self.stack.steps % self.stride == 0

    @np.errstate(all="ignore")
    def look(self, batch: Batch) -> None:
        """Look at the networks on `batch`; parameters, moving statistics and the optimizer's state are as before afterwards."""
        stack, at = self.stack, self.stack.steps // self.stride
        here = stack.parameters.flat.clone()
        loss, gradient = self._loss_and_gradient(batch)
        direction = self._spread_rates * gradient
        length = stack.norms(direction).numpy()
        for d, factor in enumerate(FACTORS.tolist()):
            torch.sub(here, direction, alpha=factor, out=stack.parameters.flat)
            losses, there = self._loss_and_gradient(batch)
            self.losses[at, d], self.changes[at, d] = losses, stack.norms(there - gradient).numpy()
            self.betas[at, d] = self.changes[at, d] / (factor * length)
        stack.parameters.flat.copy_(here)
        for values in (self.losses[at], self.changes[at], self.betas[at]):
            values[~np.isfinite(values)] = np.inf
            values[:, ~np.isfinite(loss)] = np.nan
        self.betas[at][:, length == 0] = np.nan

    def _loss_and_gradient(self, batch: Batch) -> tuple[Array, Tensor]:
        """Losses (R,) at the present parameters, and a copy of the gradients in their layout."""
        outputs = torch.empty_like(batch.y)
        bound = self.stack.forward(batch.x, batch.masks, outputs, batch.noise)
        bound.backward(batch.y)
        return self.stack.loss.values(outputs, batch.y).double().cpu().numpy(), self.stack.gradients.flat.clone()

    def smoothness(self, network: int) -> Smoothness:
        """What was seen of one network."""
        losses, changes, betas = (values[:, :, network] for values in (self.losses, self.changes, self.betas))
        return Smoothness(
            steps=self.steps.copy(),
            distances=FACTORS * self.rates[network % len(self.rates)],
            loss_low=losses.min(axis=1),
            loss_high=losses.max(axis=1),
            change_low=changes.min(axis=1),
            change_high=changes.max(axis=1),
            beta=betas.max(axis=1),
        )
