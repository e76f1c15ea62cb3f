"""`BoundLayers`: the layers of a stack bound to each other for one batch size. Letters as in `bn_lab.engine.layers`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from bn_lab.engine.layers import Activate, Affine, BatchNorm, BatchNormPerEpsilon, Dropout, Noise

if TYPE_CHECKING:
    from bn_lab.engine.stack import Stack

Part = Affine | BatchNorm | Noise | Activate | Dropout
"""What a layer is made of."""


@dataclass(frozen=True)
class Hidden:
    """The parts of one hidden layer, in the order of the forward pass; absent parts are None."""

    affine: Affine
    before: BatchNorm | None
    before_noise: Noise | None
    activate: Activate
    after: BatchNorm | None
    after_noise: Noise | None
    dropout: Dropout | None

    @property
    def parts(self) -> list[Part]:
        """The parts that are there, in order."""
        norms = (self.before, self.before_noise, self.activate, self.after, self.after_noise)
        everything: tuple[Part | None, ...] = (self.affine, *norms, self.dropout)
        return [part for part in everything if part is not None]


class BoundLayers:
    """The layers of a stack bound to each other for one batch size B.

    Attributes:
        hidden: the hidden layers, from the first to the last. output: the affine output layer.
        affine_outs: all that the hidden layers' affine parts put out, flat.
        order: all parts in the order of the forward pass.
        inverse_batch: 1/B. bessel: (B − 1)/B, which turns an unbiased variance into the biased one of the formula.
    """

    def __init__(self, stack: Stack, batch: int) -> None:
        self.loss = stack.loss
        self.inverse_batch, self.bessel = (
            stack.parameters.flat.new_tensor(value) for value in (1 / batch, (batch - 1) / batch)
        )
        # One gradient tensor between two affine layers: the upper one writes it, the parts in between turn it in place.
        shapes = [(stack.networks, size, batch) for size in stack.sizes[1:]]
        grads = [stack.parameters.flat.new_empty(shape) for shape in shapes]
        # What hidden affine layers put out is one piece of memory, so that a look at all of it costs one kernel.
        self.affine_outs, self._outs = _joined(stack, shapes[:-1])
        self.hidden = [self._hidden(stack, k, grads) for k in range(stack.experiment.depth)]
        self.output = _affine(stack, stack.experiment.depth, grads, torch.empty_like(grads[-1]))
        self.order = [part for hidden in self.hidden for part in hidden.parts] + [self.output]
        self.dropouts = [hidden.dropout for hidden in self.hidden if hidden.dropout]
        noises = [[noise for noise in (hidden.before_noise, hidden.after_noise) if noise] for hidden in self.hidden]
        self.noises = [of_layer for of_layer in noises if of_layer]
        for hidden, above in zip(self.hidden, [h.affine for h in self.hidden[1:]] + [self.output], strict=True):
            above.feed(hidden.parts[-1].out)
        self.reverse = self.order[::-1]

    def _hidden(self, stack: Stack, k: int, grads: list[Tensor]) -> Hidden:
        affine, grad = _affine(stack, k, grads, self._outs[k]), grads[k]
        before = _batch_norm(stack, k, "before", affine.out, grad)
        activate = Activate(stack.activation, before.out if before else affine.out, grad)
        after = _batch_norm(stack, k, "after", activate.out, grad)
        x = after.out if after else activate.out
        noisy, dropped = (stack.members.values(name).any() for name in ("bn_noise", "dropout"))
        before_noise, after_noise = (Noise(norm, grad) if noisy and norm else None for norm in (before, after))
        dropout = Dropout(x, grad, stack.seeds) if dropped else None
        return Hidden(affine, before, before_noise, activate, after, after_noise, dropout)

    def forward(self, x: Tensor, masks: Sequence[Tensor], outputs: Tensor, noise: Sequence[Tensor] = ()) -> None:
        """Run `x (R, in, B)` through; `masks` and `noise` as in `Stack.forward`; writes `outputs (R, C, B)`."""
        self.hidden[0].affine.feed(x)
        self.output.out = outputs
        for dropout, mask in zip(self.dropouts, masks, strict=True):
            dropout.feed(mask)
        if self.noises:
            self._feed(noise)
        for part in self.order:
            part.forward()

    def _feed(self, noise: Sequence[Tensor]) -> None:
        for of_layer, drawn in zip(self.noises, noise, strict=True):
            for part in of_layer:
                part.feed(drawn)

    def backward(self, y: Tensor) -> None:
        """Write the gradients of the loss against the targets `y (R, C, B)` of the batch that went forward last."""
        self.loss.gradient(self.output.out, y, self.inverse_batch, self.output.out_grad)
        for part in self.reverse:
            part.backward()


def _joined(stack: Stack, shapes: Sequence[tuple[int, int, int]]) -> tuple[Tensor, list[Tensor]]:
    """One flat tensor, and its parts of these shapes."""
    sizes = [math.prod(shape) for shape in shapes]
    whole = stack.parameters.flat.new_empty(sum(sizes))
    return whole, [part.view(shape) for part, shape in zip(torch.split(whole, sizes), shapes, strict=True)]


def _affine(stack: Stack, k: int, grads: list[Tensor], out: Tensor) -> Affine:
    parameters, gradients = stack.parameters, stack.gradients
    rows = [slice(0, stack.networks)]
    if k < stack.experiment.depth and "before" in stack.arms:
        without = stack.rows("before")
        rows = [r for r in (slice(0, without.start), slice(without.stop, stack.networks)) if r.stop > r.start]
    weight, bias, below = f"weight.{k}", f"bias.{k}", grads[k - 1] if k else None
    given = parameters[weight], parameters[bias], gradients[weight], gradients[bias]
    return Affine(*given, rows, out, grads[k], below)


def _batch_norm(stack: Stack, k: int, arm: str, x: Tensor, grad: Tensor) -> BatchNorm | None:
    if arm not in stack.arms:
        return None
    gamma, beta, mean, variance = (f"{name}.{k}.{arm}" for name in ("gamma", "beta", "mean", "variance"))
    norm = BatchNorm(
        stack.parameters[gamma],
        stack.parameters[beta],
        stack.gradients[gamma],
        stack.gradients[beta],
        stack.batch_statistics[mean],
        stack.batch_statistics[variance],
        stack.rows(arm),
        x,
        grad,
        stack.epsilons[0][1],
    )
    return norm if len(stack.epsilons) == 1 else BatchNormPerEpsilon(norm, stack.epsilons)
