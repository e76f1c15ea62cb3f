"""Which layer of a diverging network grew first.

A layer has grown in the step in which the largest of its values is first more than `GREW` times what it was before training; of
several in the same step, the one that has grown most, and of equals (all infinite) the first. To look at every layer in every
step would cost more than a tenth of the training. So the largest values of some epochs together are noted on the way, which is
two kernels a step, and only where they tell of a network that has grown are these epochs repeated and looked at step by step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bn_lab.engine.batches import Epoch, Source
from bn_lab.engine.bound_layers import BoundLayers
from bn_lab.engine.stack import Stack, StackState
from bn_lab.engine.types import Array

GREW = 100.0
"""How many times its size before training a layer is when it has grown."""

WINDOW = 64
"""Steps after which the largest values of the epochs since are looked at."""


def magnitudes(bound: BoundLayers) -> Array:
    """The largest absolute value of each affine layer in the last forward pass, infinite where one is NaN: (L + 1, R)."""
    return _finite([hidden.affine.out for hidden in bound.hidden] + [bound.output.out])


def _finite(values: Sequence[Tensor]) -> Array:
    """The largest absolute value of each `(R, F, B)`, infinite where one is NaN: (number of them, R) float64."""
    largest = torch.stack([each.abs().amax(dim=(1, 2)) for each in values])
    return torch.nan_to_num(largest, nan=torch.inf, posinf=torch.inf).double().cpu().numpy()


class Window(NamedTuple):
    """Epochs that can be repeated: the first of them, and the state at its beginning."""

    epoch: int
    start: StackState


class Growth:
    """Watches which affine layer of each network grows first.

    Args:
        stack: the networks; source: their data.
        initial: `magnitudes` before training, (L + 1, R).

    Attributes:
        layers: (R,) the layer that has grown first, from 0; L is the output layer, -1 none so far.
    """

    def __init__(self, stack: Stack, source: Source, initial: Array) -> None:
        self.layers = np.full(initial.shape[1], -1)
        self._stack, self._source = stack, source
        tiny = np.finfo(np.float32).tiny
        self._base = np.where(np.isinf(initial), tiny, np.maximum(initial, tiny))  # infinite from the start has grown most
        self._window: Window | None = None
        self._epoch = 0  # the latest
        self._hidden: dict[BoundLayers, tuple[Tensor, Tensor]] = {}  # largest values so far in the window, and room to compute
        self._outputs = stack.parameters.flat.new_zeros(stack.networks)  # the same of the output layer, (R,)

    def begin(self, epoch: int) -> None:
        """An epoch begins, counted from 0."""
        self._epoch = epoch
        if self._window is None:
            self._window = Window(epoch, self._stack.state())
            self._outputs.zero_()
            for largest, _ in self._hidden.values():
                largest.zero_()

    def note(self, bound: BoundLayers) -> None:
        """A step was taken."""
        if (tensors := self._hidden.get(bound)) is None:
            tensors = self._hidden[bound] = torch.zeros_like(bound.affine_outs), torch.empty_like(bound.affine_outs)
        largest, scratch = tensors
        torch.abs(bound.affine_outs, out=scratch)
        torch.maximum(largest, scratch, out=largest)

    def end(self, outputs: Tensor, alive: Array, diverged: Array) -> None:
        """An epoch has ended.

        Args:
            outputs: of all its batches, `(R, C, N)`.
            alive: (R,) networks that had not diverged before.
            diverged: (R,) those that diverge in it, each of which has a layer afterwards.
        """
        assert self._window is not None
        torch.maximum(self._outputs, outputs.abs().amax(dim=(1, 2)), out=self._outputs)
        if not diverged.any() and self._stack.steps - self._window.start.steps < WINDOW:
            return
        undecided = alive & (self.layers < 0)
        if (undecided & (self._growth().max(axis=0) > GREW)).any() or (undecided & diverged).any():
            self._decide(undecided, diverged)
        self._window = None

    def _growth(self) -> Array:
        """By how much each layer has grown at most within the window: (L + 1, R)."""
        depth, networks = self._stack.experiment.depth, self._stack.networks
        largest = [whole.view(depth, networks, -1, 1) for whole, _ in self._hidden.values()]
        hidden = [_finite(list(each)) for each in largest]
        return np.concatenate([np.maximum.reduce(hidden), _finite([self._outputs[:, None, None]])]) / self._base

    def _decide(self, undecided: Array, diverged: Array) -> None:
        assert self._window is not None
        first, start = self._window
        epochs = (Epoch(self._source, epoch) for epoch in range(first, self._epoch + 1))
        layers, most = grown_layers(self._stack, start, epochs, self._base)
        layers = np.where((layers < 0) & diverged, most, layers)
        self.layers = np.where(undecided, layers, self.layers)


@torch.inference_mode()
def grown_layers(stack: Stack, start: StackState, epochs: Iterable[Epoch], base: Array) -> tuple[Array, Array]:
    """Repeat some epochs and look which affine layer grew first in each network; the stack is afterwards as it was before.

    Args:
        start: the state at their beginning.
        epochs: which ones.
        base: the largest values before training, (L + 1, R).

    Returns:
        (R,) index of the layer, from 0, -1 where none has grown; and of the one that had grown most by the last step.
    """
    end = stack.state()
    stack.restore(start)
    layers, growth = np.full(base.shape[1], -1), np.ones_like(base)
    for epoch in epochs:
        stack.begin(epoch.index)
        for i in range(len(epoch.sizes)):
            batch = epoch.batch(i)
            bound = stack.step(batch.x, batch.y, batch.masks, batch.y.new_empty(batch.y.shape), batch.noise)
            growth = magnitudes(bound) / base
            undecided = (layers < 0) & (growth.max(axis=0) > GREW)
            layers[undecided] = growth.argmax(axis=0)[undecided]
    stack.restore(end)
    return layers, growth.argmax(axis=0)
