"""`BoundLayers`: the layers of a stack bound to each other for one batch size. Letters as in `bn_lab.engine.layers`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from bn_lab.arms import ARMS
from bn_lab.engine.layers import Activate, Affine, Dropout
from bn_lab.engine.normalizers import NORMALIZERS, Bypass, Noise, Norm, NormPerEpsilon, Site
from bn_lab.engine.parameters import Buffer

if TYPE_CHECKING:
    from bn_lab.engine.stack import Stack

Part = Affine | Norm | NormPerEpsilon | Bypass | Noise | Activate | Dropout
"""What a layer is made of."""


@dataclass(frozen=True)
class Normalization:
    """All that normalizes on one side of the activation.

    Attributes:
        out: what all networks of the stack put out there, `(R, F, B)`.
        norms: the normalizers by arm; noises: what is put on what they put out.
        bypass: the other networks.
    """

    out: Tensor
    norms: Mapping[str, Norm | NormPerEpsilon]
    noises: Sequence[Noise]
    bypass: Bypass

    @property
    def parts(self) -> list[Part]:
        """What it is made of, in the order of the forward pass."""
        return [*self.norms.values(), *([self.bypass] if self.bypass.copied else []), *self.noises]


@dataclass(frozen=True)
class Hidden:
    """The parts of one hidden layer, in the order of the forward pass; absent parts are None."""

    affine: Affine
    before: Normalization | None
    activate: Activate
    after: Normalization | None
    dropout: Dropout | None

    @property
    def normalizations(self) -> list[Normalization]:
        """Those that are there."""
        return [each for each in (self.before, self.after) if each is not None]

    @property
    def norms(self) -> dict[str, Norm | NormPerEpsilon]:
        """The normalizers by arm."""
        return {arm: norm for each in self.normalizations for arm, norm in each.norms.items()}

    @property
    def parts(self) -> list[Part]:
        """The parts that are there, in order."""
        before, after = (each.parts if each else [] for each in (self.before, self.after))
        return [self.affine, *before, self.activate, *after, *([self.dropout] if self.dropout else [])]

    @property
    def out(self) -> Tensor:
        """What the layer puts out, `(R, F, B)`."""
        return (self.dropout or self.after or self.activate).out


class BoundLayers:
    """The layers of a stack bound to each other for one batch size B, with or without dropout.

    Attributes:
        hidden: the hidden layers, from the first to the last. output: the affine output layer.
        affine_outs: all that the hidden layers' affine parts put out, flat.
        order: all parts in the order of the forward pass; reverse: in that of the backward pass.
        inverse_batch: 1/B. bessel: (B − 1)/B, which turns an unbiased variance into the biased one of the formula.
    """

    def __init__(self, stack: Stack, batch: int, *, dropout: bool) -> None:
        self.loss = stack.loss
        self.inverse_batch = stack.parameters.flat.new_tensor(1 / batch)
        self.bessel = stack.parameters.flat.new_tensor((batch - 1) / batch)
        # One gradient tensor between two affine layers: the upper one writes it, the parts in between turn it in place.
        shapes = [(stack.networks, size, batch) for size in stack.sizes[1:]]
        grads = [stack.parameters.flat.new_empty(shape) for shape in shapes]
        # What hidden affine layers put out is one piece of memory, so that a look at all of it costs one kernel.
        self.affine_outs, outs = _joined(stack, shapes[:-1])
        self.hidden = [_hidden(stack, k, grads, outs[k], dropout) for k in range(stack.experiment.depth)]
        self.output = _affine(stack, stack.experiment.depth, grads, torch.empty_like(grads[-1]))
        self.order = [part for hidden in self.hidden for part in hidden.parts] + [self.output]
        self.dropouts = [hidden.dropout for hidden in self.hidden if hidden.dropout]
        noises = [[noise for each in hidden.normalizations for noise in each.noises] for hidden in self.hidden]
        self.noises = [of_layer for of_layer in noises if of_layer]
        for hidden, above in zip(self.hidden, [h.affine for h in self.hidden[1:]] + [self.output], strict=True):
            above.feed(hidden.out)
        self.reverse = [part for part in self.order[::-1] if not isinstance(part, Bypass)]

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


def _hidden(stack: Stack, k: int, grads: Sequence[Tensor], out: Tensor, dropout: bool) -> Hidden:
    """Hidden layer k, whose affine part puts out `out`."""
    affine, grad = _affine(stack, k, grads, out), grads[k]
    before = _normalization(stack, k, "before", affine.out, grad)
    activate = Activate(stack.activation, before.out if before else affine.out, grad)
    after = _normalization(stack, k, "after", activate.out, grad)
    x = after.out if after else activate.out
    return Hidden(affine, before, activate, after, Dropout(x, grad, stack.per_arm) if dropout else None)


def _affine(stack: Stack, k: int, grads: Sequence[Tensor], out: Tensor) -> Affine:
    parameters, gradients = stack.parameters, stack.gradients
    biasless = [arm for arm in stack.arms if ARMS[arm].is_biasless] if k < stack.experiment.depth else []
    weight, bias, below = f"weight.{k}", f"bias.{k}", grads[k - 1] if k else None
    given = parameters[weight], parameters[bias], gradients[weight], gradients[bias]
    return Affine(*given, _others(stack, biasless), out, grads[k], below)


def _normalization(stack: Stack, k: int, placement: str, x: Tensor, grad: Tensor) -> Normalization | None:
    """What stands on that side of the activation in hidden layer k, from `x (R, F, B)`, whose gradient goes to `grad`."""
    arms = stack.placed[placement]
    if not arms:
        return None
    out = torch.empty_like(x)
    norms = {arm: _norm(stack, k, arm, x, out, grad) for arm in arms}
    noises = [Noise(norm.site) for norm in norms.values()] if stack.members.values("bn_noise").any() else []
    return Normalization(out, norms, noises, Bypass(x, out, _others(stack, arms)))


def _norm(stack: Stack, k: int, arm: str, x: Tensor, out: Tensor, grad: Tensor) -> Norm | NormPerEpsilon:
    record, rows = ARMS[arm], stack.rows(arm)
    assert record.normalizer is not None

    def named(buffer: Buffer, names: Mapping[str, float]) -> dict[str, Tensor]:
        return {name: buffer[f"{name}.{k}.{arm}"] for name in names}

    site = Site(
        x[rows],
        out[rows],
        grad[rows],
        named(stack.parameters, record.parameters),
        named(stack.gradients, record.parameters),
        named(stack.batch_statistics, record.statistics),
        stack.epsilons[0][1],
    )
    kind = NORMALIZERS[record.normalizer.name]
    return kind(site) if len(stack.epsilons) == 1 else NormPerEpsilon(kind, site, stack.epsilons)


def _others(stack: Stack, arms: Sequence[str]) -> list[slice]:
    """Where the networks of the stack stand that are of none of these arms, in as few pieces as can be."""
    edges = [0, *(edge for arm in arms for edge in (stack.rows(arm).start, stack.rows(arm).stop)), stack.networks]
    return [slice(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True) if stop > start]
