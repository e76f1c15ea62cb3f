"""Batches: which samples a network sees in which order, prepared for the whole stack at once.

Letters as in `bn_lab.engine.layers`; N rows of the table, n samples gathered together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from bn_lab.arms import normalized
from bn_lab.datasets import Split, Table, split, standardization
from bn_lab.datasets.streams import BATCHES, DROPOUT, NOISE, generator
from bn_lab.engine import boundary
from bn_lab.engine.history import Composition
from bn_lab.engine.members import Members
from bn_lab.engine.steps import Steps, batch_sizes
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment

BLOCK_NUMBERS = 1 << 22
"""How many numbers are prepared at a time, at most: small data a whole epoch at once, large data in blocks of 16 MB."""

PIECE_NUMBERS = 1 << 18
"""How many numbers a layer computes at a time in evaluation, at most: they should stay in the processor's cache."""


class Batch(NamedTuple):
    """One batch of every network: `x (R, F, B)`, targets `y (R, C, B)`, and what is random about the hidden layers.

    That is, for each of them, a dropout mask `(S, width, B)`, and noise `(2, S, width, 1)` as `Noise` takes it; none where no
    network has it.
    """

    x: Tensor
    y: Tensor
    masks: Sequence[Tensor]
    noise: Sequence[Tensor] = ()


class Source:
    """The samples of an experiment as tensors, split and standardized for each of its members.

    Args:
        members: the S networks of each arm where they differ in more than their seed; see `Members.of`.
        piece: how many samples `whole` gives at a time at least: large networks want many, whatever becomes of the cache.

    Attributes:
        members: the S networks of each arm.
        splits: the split of each.
        steps: how many batches the epochs have.
    """

    def __init__(
        self,
        experiment: Experiment,
        table: Table,
        *,
        members: Sequence[Experiment] | None = None,
        piece: int = 1,
        dtype: torch.dtype,
        device: str,
    ) -> None:
        self.experiment, self.table, self.dtype, self.device = experiment, table, dtype, device
        self.members, self.piece = Members.of(experiment, members), piece
        self.splits: list[Split] = [split(table, experiment, seed) for seed in self.members.seeds]
        self.samples = len(self.splits[0].train)
        self.steps = Steps.of(experiment, self.samples)
        self.features = self._tensor(table.features)  # (N, F)
        self.targets = self._tensor(_targets(table).T)  # (C, N)
        scaling = [standardization(table.features[s.train]) for s in self.splits]
        self.mean = self._tensor(np.stack([mean for mean, _ in scaling]))[:, None]  # (S, 1, F)
        self.std = self._tensor(np.stack([std for _, std in scaling]))[:, None]
        self._kept: dict[str, list[tuple[Tensor, Tensor]]] = {}
        self._generators, self._drawn = self._fresh_generators(), -1  # the latest epoch whose order was drawn
        self.standardized = [experiment.standardizes(arm) for arm in experiment.arms]

    def _tensor(self, array: Array) -> Tensor:
        # Contiguous, because from a table laid out by columns rows are picked twenty times slower.
        return torch.tensor(np.ascontiguousarray(array), dtype=self.dtype, device=self.device)

    def sizes(self, epoch: int) -> list[int]:
        """The batch sizes of an epoch, counting from 0."""
        return batch_sizes(self.samples, self.experiment.phase(epoch + 1).batch_size)

    def orders(self, epoch: int) -> Array:
        """Row numbers of the training samples in the order of this epoch, for each member: `(S, n)`; epochs count from 0."""
        if self.experiment.shuffle == "never":
            return np.stack([s.train for s in self.splits])
        wanted = epoch if self.experiment.shuffle == "every_epoch" else 0
        if wanted < self._drawn:  # back to the beginning, which is rare
            self._generators, self._drawn = self._fresh_generators(), -1
        while self._drawn < wanted:
            # One permutation after the other from a seed's stream: to begin a stream takes three times as long as to draw.
            pairs = zip(self._generators, self.splits, strict=True)
            self._order = np.stack([random.permutation(s.train) for random, s in pairs])
            self._drawn += 1
        return self._order

    def _fresh_generators(self) -> list[np.random.Generator]:
        return [generator(seed, BATCHES) for seed in self.members.seeds]

    def inputs(self, rows: Array) -> Tensor:
        """Inputs `(R, F, n)` of the samples `rows (S, n)`, laid out sample by sample as the table is.

        Batches are views of it: a matrix product reads either layout as fast, and turning one into the other costs more.
        """
        raw = self.features.index_select(0, self._index(rows)).view(*rows.shape, -1)  # (S, n, F)
        return self._scaled(raw).mT

    def _scaled(self, raw: Tensor) -> Tensor:
        """Features of the first members `(…, n, F)`, as they are or standardized, for every arm: `(R, n, F)`."""
        some = slice(len(raw))
        scaled = (raw - self.mean[some]) / self.std[some] if any(self.standardized) else raw
        parts = [scaled if standardized else raw for standardized in self.standardized]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    @cached_property
    def plane(self) -> Tensor | None:
        """The points of `bn_lab.engine.boundary` as inputs `(A, 2, GRID²)` of each arm's first network, where there are two."""
        if not boundary.has_boundary(self.table.features.shape[1]):
            return None
        return self._scaled(self._tensor(boundary.points(self.table.features, self.table.reach))[None]).mT

    def outputs(self, rows: Array) -> Tensor:
        """Targets `(R, C, n)` of the samples `rows (S, n)`."""
        targets = self.targets.index_select(1, self._index(rows)).view(-1, *rows.shape)  # (C, S, n)
        return torch.cat([targets.transpose(0, 1)] * len(self.standardized))

    def _index(self, rows: Array) -> Tensor:
        return torch.from_numpy(rows.ravel()).to(self.device)

    def whole(self, which: Literal["train", "validation"]) -> Iterator[tuple[Tensor, Tensor]]:
        """All training or validation samples in the order of the file, in pieces: `x (R, F, n)` and `y (R, C, n)`.

        Small data are gathered once and kept, large data anew each time.
        """
        if which in self._kept:
            yield from self._kept[which]
            return
        rows = np.stack([getattr(s, which) for s in self.splits])  # (S, n)
        features, networks = self.features.shape[1], len(self.standardized) * len(rows)
        size = max(self.piece, min(BLOCK_NUMBERS, PIECE_NUMBERS) // (networks * max(features, self.experiment.width)))
        parts = (rows[:, i : i + size] for i in range(0, rows.shape[1], size))
        pieces: Iterable[tuple[Tensor, Tensor]] = ((self.inputs(part), self.outputs(part)) for part in parts)
        if networks * features * rows.shape[1] <= BLOCK_NUMBERS:
            pieces = self._kept[which] = list(pieces)
        yield from pieces


def _spread(targets: Array, sizes: Sequence[int], starts: Sequence[int]) -> float:
    """Variance of `targets (n, C)` inside batches of these sizes that begin there, as a share of the variance of all."""
    deviations = targets - targets.mean(axis=0)
    deviations /= np.abs(deviations).max()  # lest squares overflow
    sums = np.add.reduceat(deviations, starts)  # (batches, C)
    total = np.square(deviations).sum()
    inside = max(0.0, total - (np.square(sums).sum(axis=1) / sizes).sum())
    return float((inside / (len(targets) - len(sizes))) / (total / (len(targets) - 1)))


def _targets(table: Table) -> Array:
    if table.task == "classification":
        return np.eye(table.outputs)[table.target]
    return table.target[:, None]


def composition(source: Source, epoch: int = 0) -> Composition | None:
    """How alike the samples of a batch are in an epoch, from 0; None where every epoch has others, or a random order."""
    if source.experiment.shuffle != "never":
        return None
    target, every, sizes = source.table.target, _targets(source.table), source.sizes(epoch)
    starts = [0, *accumulate(sizes[:-1])]
    spread, uniform = [], []
    for rows in source.orders(0):
        low, high = np.minimum.reduceat(target[rows], starts), np.maximum.reduceat(target[rows], starts)  # (batches,)
        uniform.append(np.count_nonzero(low == high))
        spread.append(_spread(every[rows], sizes, starts) if low.min() < high.max() else np.nan)
    return Composition(np.array(spread), np.array(uniform))


class Epoch:
    """The batches of one epoch, in order; asking again for one gives the same numbers.

    Args:
        source: the samples.
        index: which epoch, counting from 0.

    Attributes:
        targets: those of the whole epoch, `(R, C, n)`.
        sizes: of its batches.
    """

    def __init__(self, source: Source, index: int) -> None:
        self.source, self.index, self.sizes = source, index, source.sizes(index)
        self._rates = source.members.values("dropout", index)  # (S,)
        self._dropout = bool(self._rates.any())
        self._noise = bool(source.members.values("bn_noise").any() and normalized(source.experiment.arms))
        self.order = source.orders(index)
        self.starts = [0, *accumulate(self.sizes)]
        self.targets = source.outputs(self.order)
        self._y = torch.split(self.targets, self.sizes, dim=2)
        self._first, self._block = 0, list[Batch]()
        width = max(source.features.shape[1], source.experiment.width * source.experiment.depth * self._dropout)
        per_batch = len(self.targets) * width * self.sizes[0]
        self._most = max(1, BLOCK_NUMBERS // per_batch)

    def batch(self, i: int) -> Batch:
        """Batch number `i` of the epoch, counting from 0."""
        if not 0 <= i - self._first < len(self._block):
            self._first, self._block = i, self._prepare(i, min(i + self._most, len(self._y)))
        return self._block[i - self._first]

    def _prepare(self, first: int, stop: int) -> list[Batch]:
        x = self.source.inputs(self.order[:, self.starts[first] : self.starts[stop]])
        masks = [self._masks(i) if self._dropout else () for i in range(first, stop)]
        noise = [self._noises(i) if self._noise else () for i in range(first, stop)]
        parts = torch.split(x, self.sizes[first:stop], dim=2), self._y[first:stop], masks, noise
        return [Batch(*each) for each in zip(*parts, strict=True)]

    def _masks(self, i: int) -> Sequence[Tensor]:
        """Dropout masks of batch `i`, one `(S, width, B)` per hidden layer."""
        experiment = self.source.experiment
        shape = experiment.depth, experiment.width, self.sizes[i]
        drawn = np.stack([random.random(shape, np.float32) for random in self._generators(DROPOUT, i)])  # (S, L, width, B)
        keep = 1 - self._rates[:, None, None, None]
        return self.source._tensor((drawn < keep.astype(np.float32)) / keep).unbind(1)

    def _noises(self, i: int) -> Sequence[Tensor]:
        """Noise of batch `i`, `(2, S, width, 1)` per hidden layer: what to multiply by, and what to add."""
        shape = self.source.experiment.depth, 2, self.source.experiment.width, 1
        drawn = np.stack([random.standard_normal(shape) for random in self._generators(NOISE, i)], axis=2)
        drawn *= self.source.members.values("bn_noise")[:, None, None]
        drawn[:, 0] += 1
        return self.source._tensor(drawn).unbind(0)

    def _generators(self, stream: int, i: int) -> list[np.random.Generator]:
        return [np.random.default_rng([seed, stream, self.index, i]) for seed in self.source.members.seeds]
