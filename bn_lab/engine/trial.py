"""`train_stack`: the networks of a study in one stack, trained to their end with nothing recorded but what studies ask for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from time import thread_time

import numpy as np
import torch

from bn_lab.datasets import Table, table_of
from bn_lab.engine.anatomy.inference import three_ways
from bn_lab.engine.batches import Epoch, Source
from bn_lab.engine.evaluation import Evaluation, evaluate
from bn_lab.engine.history import Checkpoint, is_recorded
from bn_lab.engine.losses import accuracy
from bn_lab.engine.outcome import PROBES, Outcome
from bn_lab.engine.smoothness import Probe
from bn_lab.engine.stack import Stack
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment, ExperimentError

PIECE = 128
"""How many samples are evaluated at a time at least. Four networks of width 100 on the digits take 3.3 ms each for 1,000
samples in such pieces, 4 to 5 ms in those that fit the cache."""


@torch.inference_mode()
@np.errstate(over="ignore", invalid="ignore")  # the numbers of a diverging network overflow; what they become is the finding
def train_stack(
    experiments: Sequence[Experiment], *, table: Table | None = None, probes: Collection[str] = ()
) -> list[Outcome]:
    """Train networks of one structure together.

    Args:
        experiments: of one arm and one seed each, different in fields of `VARIED` only.
        table: their data; the shipped set of that name where not given.
        probes: names of `PROBES`.

    Returns:
        The outcome of each, in order. A network's numbers are those that it has alone, but for the last bits.

    Raises:
        ExperimentError: where structures differ, an experiment has several arms or seeds, or data and experiments do not fit.
    """
    assert experiments
    assert set(probes) <= set(PROBES)
    first = experiments[0]
    if len(first.arms) > 1:
        raise ExperimentError("arms", "one_of", ",".join(first.arms), options=first.arms[0])
    for experiment in experiments:
        if experiment.seeds != 1:
            raise ExperimentError("seeds", "between", experiment.seeds, low=1, high=1)
    trial = Trial(experiments, table_of(first) if table is None else table, "smoothness" in probes)
    for epoch in range(first.epochs):
        if trial.alive.any():
            trial.train(epoch)
    return [trial.outcome(n, final="three_ways" in probes) for n in range(len(experiments))]


class Trial:
    """A stack of networks being trained, and what is recorded of it.

    Attributes:
        series: by name, (E, n).
        evaluated: (I,), after which epochs the training samples are evaluated in inference mode.
        alive: (n,), which networks have not diverged.
        diverged: (n,), as in `Outcome`.
    """

    def __init__(self, experiments: Sequence[Experiment], table: Table, smoothness: bool) -> None:
        first, count = experiments[0], len(experiments)
        self.experiments, self.table = experiments, table
        self.source = Source(first, table, members=experiments, piece=PIECE, dtype=torch.float32, device="cpu")
        shape = table.features.shape[1], table.outputs, table.task
        self.stack = Stack(first, *shape, members=experiments)
        self.outputs: list[torch.Tensor] = []
        self.series: dict[str, Array] = {}
        self.alive, self.diverged = np.ones(count, bool), np.zeros(count, int)
        self.evaluated = np.array([e for e in range(1, first.epochs + 1) if is_recorded(e) or e == first.epochs])
        self.seconds = 0.0
        self.probe = Probe(self.stack, self.source.steps.until(first.epochs)) if smoothness else None

    def train(self, epoch: int) -> None:
        """Train an epoch, counting from 0, and evaluate."""
        start = thread_time()
        batches = Epoch(self.source, epoch)
        self.stack.begin(epoch)
        if [each.shape[2] for each in self.outputs] != batches.sizes:
            self.outputs = [torch.empty(len(self.alive), self.table.outputs, size) for size in batches.sizes]
        for i, outputs in enumerate(self.outputs):
            batch = batches.batch(i)
            if self.probe is not None and self.probe.due:
                before = thread_time()
                self.probe.look(batch)
                start += thread_time() - before
            self.stack.step(batch.x, batch.y, batch.masks, outputs, batch.noise)
        together = torch.cat(self.outputs, dim=2)  # (n, C, samples)
        values = {"train_loss": self.stack.loss.values(together, batches.targets).numpy()}
        if self.table.task == "classification":
            values["train_accuracy"] = accuracy(together, batches.targets).numpy()
        self.seconds += thread_time() - start
        ended = self.alive & ~np.isfinite(values["train_loss"])
        self.diverged[ended] = epoch + 1
        self.alive &= ~ended
        self._record(epoch, values | self._evaluations(epoch))

    def _evaluations(self, epoch: int) -> dict[str, Array]:
        values: dict[str, Array] = {}
        if len(self.source.splits[0].validation):
            values |= self._scores("validation", evaluate(self.stack, self.source, "validation"))
        if epoch + 1 in self.evaluated:
            values |= self._scores("inference", evaluate(self.stack, self.source, "train"))
        return values

    def _scores(self, name: str, scores: Evaluation) -> dict[str, Array]:
        values = {f"{name}_loss": scores.loss.ravel()}
        return values if scores.accuracy is None else values | {f"{name}_accuracy": scores.accuracy.ravel()}

    def _record(self, epoch: int, named: Mapping[str, Array]) -> None:
        for name, values in named.items():
            series = self.series.setdefault(name, np.full((self.experiments[0].epochs, len(self.alive)), np.nan))
            series[epoch] = np.where(self.alive, values, np.nan)

    def final(self, n: int) -> dict[str, float]:
        """The scores of `three_ways` of network number `n`; NaN if it has diverged."""
        experiment = self.experiments[n]
        (arm,) = experiment.arms
        checkpoint = Checkpoint(float(experiment.epochs), {arm: self.stack.weights(0, n)})
        final = {
            f"{mode}.{samples}.{name}": value
            for mode, scores in vars(three_ways(experiment, checkpoint, arm, self.table)).items()
            for samples, score in scores.items()
            for name, value in vars(score).items()
            if value is not None
        }
        return final if self.alive[n] else dict.fromkeys(final, np.nan)

    def outcome(self, n: int, *, final: bool) -> Outcome:
        """What became of network number `n`; `final` for the scores of `three_ways`."""
        series = {name: values[:, n].copy() for name, values in self.series.items()}
        inference = {name: values[self.evaluated - 1] for name, values in series.items() if name.startswith("inference")}
        return Outcome(
            experiment=self.experiments[n],
            train_loss=series["train_loss"],
            train_accuracy=series.get("train_accuracy"),
            validation_loss=series.get("validation_loss"),
            validation_accuracy=series.get("validation_accuracy"),
            inference_epochs=self.evaluated.copy(),
            inference_loss=inference["inference_loss"],
            inference_accuracy=inference.get("inference_accuracy"),
            steps=self.source.steps,
            seconds=self.seconds / len(self.experiments),
            diverged=int(self.diverged[n]),
            final=self.final(n) if final else {},
            smoothness=None if self.probe is None else self.probe.smoothness(n),
        )
