"""Steps: how the epochs of a training are divided into batches, each of which is one step of the optimizer. Without torch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from bn_lab.experiment import Experiment


def batch_sizes(samples: int, batch_size: int) -> list[int]:
    """Sizes of the batches of an epoch: full ones, then the smaller rest, as Keras does.

    A rest of one sample has no variance to normalize by, so it joins the batch before it.
    """
    full, rest = divmod(samples, batch_size)
    sizes = [batch_size] * full + [rest] * (rest > 0)
    if rest == 1 and full:
        sizes[-2:] = [batch_size + 1]
    return sizes


@dataclass(frozen=True)
class Steps:
    """How many steps the epochs of a training have; that changes where the batch size does.

    Attributes:
        counts: pairs of an epoch, counting from 1, and the steps of each epoch from there on; the first is epoch 1, and they
            ascend.
    """

    counts: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, experiment: Experiment, samples: int) -> Steps:
        """Those of a training with so many samples."""
        counts: list[tuple[int, int]] = []
        for phase in experiment.phases:
            steps = len(batch_sizes(samples, phase.batch_size))
            if not counts or steps != counts[-1][1]:
                counts.append((phase.first, steps))
        return cls(tuple(counts))

    def of_epoch(self, epoch: int) -> int:
        """Steps of an epoch, counting from 1."""
        return next(steps for first, steps in reversed(self.counts) if first <= max(1, epoch))

    def until(self, epochs: float) -> int:
        """Steps of the first `epochs` epochs, of which the last may be a part of one."""
        whole = int(epochs)
        spans = pairwise([*self.counts, (whole + 1, 0)])
        done = sum(steps * max(0, min(following, whole + 1) - first) for (first, steps), (following, _) in spans)
        return done + round((epochs - whole) * self.of_epoch(whole + 1))

    def progress(self, steps: int) -> float:
        """After so many steps, epochs that are done, the present one in part."""
        for (first, each), (following, _) in pairwise([*self.counts, (0, 0)]):
            if not following or steps < each * (following - first):
                return first - 1 + steps / each
            steps -= each * (following - first)
        raise AssertionError("there is no last epoch")
