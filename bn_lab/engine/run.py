"""`Run`: one experiment being trained, in steps as small as one batch, with everything it records.

A run may have several targets: epochs at which what somebody watches ends. Its record, cut at a target, is the one of a run
that was planned to end there, bit for bit (`Run.history`). What is recorded on the way depends on the experiment alone and not
on how far it goes; only the last moment of a target is something apart, which no other target shows.

A run is not thread-safe: whoever shares one among threads takes turns (`bn_lab.service`). What it hands out is immutable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import inf
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bn_lab.datasets import Table, table_of
from bn_lab.engine.batches import Epoch, Source, composition
from bn_lab.engine.bound_layers import BoundLayers
from bn_lab.engine.cost import recorded_steps
from bn_lab.engine.divergence import Growth, magnitudes
from bn_lab.engine.evaluation import Evaluation, evaluate
from bn_lab.engine.history import Checkpoint, Divergence, History, NetworkCopy, Snapshot, is_recorded, planned_checkpoints
from bn_lab.engine.losses import accuracy
from bn_lab.engine.probes import points, probe, shown
from bn_lab.engine.stack import Stack, Weights
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment

SERIES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


@dataclass(frozen=True, eq=False)
class End:
    """The last moment of a target.

    Attributes:
        snapshot, checkpoint: as in the record.
        networks: the weights of every network at that moment, under the names of `Run.weights`.
    """

    snapshot: Snapshot
    checkpoint: Checkpoint
    networks: Mapping[tuple[str, int], Mapping[str, Array]]


class Run:
    """The networks of one experiment and their history.

    Args:
        experiment: what to train; its `epochs` are the first target.
        table: its data; the shipped set of that name where not given.
        weights: initial weights for every network instead of drawn ones.
        dtype, device: see `Stack`.

    Attributes:
        experiment: what is trained; its `epochs` are the furthest target.
        epoch: completed epochs.
        seconds: time spent training.

    Raises:
        ExperimentError: where data and experiment do not fit, or `weights` have the wrong shapes.
    """

    @torch.inference_mode()
    def __init__(
        self,
        experiment: Experiment,
        *,
        table: Table | None = None,
        weights: Weights | None = None,
        dtype: torch.dtype = torch.float32,
        device: str = "cpu",
    ) -> None:
        self.experiment = experiment
        self.table = table_of(experiment) if table is None else table
        self.source = Source(experiment, self.table, dtype=dtype, device=device)
        self.stack = Stack(
            experiment, self.table.features.shape[1], self.table.outputs, self.table.task, dtype=dtype, device=device
        )
        if weights is not None:
            self.stack.set_weights(weights)
        self.epoch, self.seconds = 0, 0.0
        self.divergences: list[Divergence] = []
        self._times = [0.0]  # `seconds` at the end of each epoch
        self._position = 0  # batches done of the present epoch
        self._alive = np.ones(self.stack.networks, bool)
        self._series = {name: self._empty(experiment.epochs) for name in self._recorded_series()}
        self._shown, self._points = shown(self.source), points(self.source)
        self._compositions = {phase.first: composition(self.source, phase.first - 1) for phase in experiment.phases}
        self._outputs: list[Tensor] = []
        self._begin_epoch()
        self._bound = self._look()
        self._growth = Growth(self.stack, self.source, magnitudes(self._bound))
        self._snapshots: list[Snapshot] = [self._probe()]
        self._checkpoints = [self._present()]
        self._recorded_steps = recorded_steps(experiment, self.table)
        self._planned_checkpoints = frozenset(planned_checkpoints(self._checkpoints[0].numbers))
        self._targets = {experiment.epochs}
        self._ends: dict[int, End] = {}  # of the targets that are reached, by epoch

    def _probe(self) -> Snapshot:
        """A snapshot of the present moment; networks that have stopped are no longer evaluated."""
        snapshot = probe(self.stack, self._bound, self.source, self.progress)
        begun = self._epoch_means() if self._position else {}  # `train_loss`, and `train_accuracy` for classes
        measured = {name: getattr(snapshot, name) for name in ("inference_loss", "inference_accuracy")} | begun
        alive: dict[str, Any] = {name: self._of_alive(values) for name, values in measured.items() if values is not None}
        return replace(snapshot, **alive)

    def _of_alive(self, values: Array) -> Array:
        """`values` of all networks as (A, S), NaN for those that have stopped."""
        shape = len(self.experiment.arms), self.experiment.seeds
        return np.where(self._alive, values.ravel(), np.nan).reshape(shape)

    def _present(self) -> Checkpoint:
        """The weights of the first seed's networks at the present moment."""
        return Checkpoint(self.progress, {arm: self.weights(a) for a, arm in enumerate(self.experiment.arms)})

    def _recorded_series(self) -> tuple[str, ...]:
        measures = SERIES if self.table.task == "classification" else SERIES[::2]
        validated = len(self.source.splits[0].validation) > 0
        return tuple(name for name in measures if validated or name.startswith("train"))

    def _empty(self, epochs: int) -> Array:
        return np.full((epochs, self.stack.networks), np.nan, np.float64)

    def _begin_epoch(self) -> None:
        self.stack.begin(self.epoch)
        self._batches = Epoch(self.source, self.epoch)
        if [each.shape[2] for each in self._outputs] != self._batches.sizes:
            # For the outputs of a whole epoch: losses are computed once an epoch, not once a batch.
            shape = self.stack.networks, self.table.outputs
            self._outputs = [self._batches.targets.new_empty(*shape, size) for size in self._batches.sizes]

    def _look(self) -> BoundLayers:
        """Send the first batch forth and back without an update, so that there is something to see before the first step."""
        batch = self._batches.batch(0)
        bound = self.stack.forward(batch.x, batch.masks, self._outputs[0], batch.noise)
        self.stack.backward(bound, batch.y)
        return bound

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train: the furthest target is reached, or every network has diverged."""
        return self.epoch >= self.experiment.epochs or self._all_diverged

    @property
    def _all_diverged(self) -> bool:
        """Whether every network has diverged."""
        return len(self.divergences) == self.stack.networks

    @torch.inference_mode()
    def step(self) -> None:
        """Train one batch; does nothing once `finished`."""
        if not self.finished:
            self._step()

    @torch.inference_mode()
    def finish_epoch(self) -> None:
        """Train to the end of the present epoch; does nothing once `finished`."""
        epoch = self.epoch
        while not self.finished and self.epoch == epoch:
            self._step()

    @property
    def progress(self) -> float:
        """Epochs done, the present one in part."""
        return self.epoch + self._position / len(self._batches.sizes)

    @property
    def steps(self) -> int:
        """Optimizer steps so far."""
        return self.stack.steps

    @torch.inference_mode()
    def advance(self, seconds: float, until: float = inf) -> None:
        """Train for about `seconds`, not beyond so many epochs; at least one batch unless there is nothing to do."""
        start = perf_counter()
        while not self.finished and self.progress < until:
            self._step()
            if perf_counter() - start >= seconds:
                break

    def _step(self) -> None:
        start = perf_counter()
        if not self._position:
            self._begin_epoch()
            self._growth.begin(self.epoch)
        i = self._position
        batch = self._batches.batch(i)
        self._bound = self.stack.step(batch.x, batch.y, batch.masks, self._outputs[i], batch.noise)
        self._growth.note(self._bound)
        self._position += 1
        if self._position == len(self._batches.sizes):
            self._end_epoch()
        elif self.steps <= self._recorded_steps:
            self._snapshots.append(self._probe())
        self.seconds += perf_counter() - start
        if not self._position:
            self._times.append(self.seconds)

    def _end_epoch(self) -> None:
        outputs = self._outputs_so_far()
        results = self._epoch_means(outputs)
        if "validation_loss" in self._series:
            validation = evaluate(self.stack, self.source, "validation")
            results["validation_loss"] = validation.loss.ravel()
            if validation.accuracy is not None:
                results["validation_accuracy"] = validation.accuracy.ravel()
        diverged = self._alive & ~np.isfinite(results["train_loss"])
        self._growth.end(outputs, self._alive, diverged)
        if diverged.any():
            self._stop(diverged)
        for name, values in results.items():
            self._series[name][self.epoch] = np.where(self._alive, values, np.nan)
        self.epoch += 1
        self._position = 0
        if is_recorded(self.epoch):
            self._snapshots.append(self._probe())
        if self.epoch in self._planned_checkpoints:
            self._checkpoints.append(self._present())
        if self.epoch in self._targets or self._all_diverged:
            self._ends[self.epoch] = self._end()

    def _outputs_so_far(self) -> Tensor:
        """Of the batches of the present epoch: (R, C, samples so far)."""
        return torch.cat(self._outputs[: self._position], dim=2)

    def _epoch_means(self, outputs: Tensor | None = None) -> dict[str, Array]:
        """Loss and accuracy over the samples of the present epoch so far, of which these are the outputs: (R,) each.

        The mean over samples is the mean of the batch losses weighted by their sizes.
        """
        outputs = self._outputs_so_far() if outputs is None else outputs
        targets = self._batches.targets[:, :, : outputs.shape[2]]
        results = {"train_loss": self.stack.loss.values(outputs, targets)}
        if self.table.task == "classification":
            results["train_accuracy"] = accuracy(outputs, targets)
        return {name: values.cpu().numpy() for name, values in results.items()}

    def _stop(self, networks: Array) -> None:
        """Mark `networks (R,)` as diverged."""
        for network in np.flatnonzero(networks):
            arm, s = divmod(int(network), self.stack.per_arm)
            seed = self.experiment.seed_list[s]
            self.divergences.append(
                Divergence(self.experiment.arms[arm], seed, self.epoch + 1, int(self._growth.layers[network]) + 1)
            )
        self._alive &= ~networks

    def reaches(self, target: int) -> bool:
        """Whether the run can show how it stands, or stood, after `target` epochs and no further.

        That is so for what lies ahead and for where it stands, for the targets that it had when it passed them, and for the
        epochs of which moment and weights are kept anyway; of several seeds only the first one's weights are.
        """
        end = self._last_epoch(target)
        if end > self.epoch or self._stands_at(end) or end in self._ends:
            return True
        return self.stack.per_arm == 1 and is_recorded(end) and end in self._planned_checkpoints

    def aim(self, target: int) -> None:
        """Add a target, and train further if it is the furthest; the numbers so far stay as they are.

        Raises:
            ExperimentError: if `target` is no number of epochs.
            ValueError: if it has been passed, see `reaches`.
        """
        planned = replace(self.experiment, epochs=target)
        end = self._reached(planned.epochs)
        if end is not None:
            self._ends.setdefault(end, self._end_at(end))
        self._targets.add(planned.epochs)
        self._plan()

    def forget(self, target: int) -> None:
        """Remove a target with its last moment; the run goes as far as the furthest of the others. The only one stays."""
        if self._targets - {target}:
            self._targets.discard(target)
            ends = set(map(self._last_epoch, self._targets))
            self._ends = {epoch: end for epoch, end in self._ends.items() if epoch in ends}
            self._plan()

    def _plan(self) -> None:
        """Go as far as the furthest target, with room for the series."""
        self.experiment = replace(self.experiment, epochs=max(self._targets))
        for name, values in self._series.items():
            if (more := self.experiment.epochs - len(values)) > 0:
                self._series[name] = np.concatenate([values, self._empty(more)])

    def _last_epoch(self, target: int) -> int:
        """Where a target ends: no further than every network has come."""
        return min(target, self.epoch) if self._all_diverged else target

    def _reached(self, target: int) -> int | None:
        """The last epoch of a target that is reached; None before.

        Raises:
            ValueError: if it was passed and nothing is kept of that moment.
        """
        if not self.reaches(target):
            raise ValueError(f"epoch {target} has been passed, and its moment was not kept: it was no target then")
        end = self._last_epoch(target)
        return end if end <= self.epoch else None

    def _stands_at(self, epoch: int) -> bool:
        return epoch == self.epoch and not self._position

    def _end_at(self, epoch: int) -> End:
        """The moment after `epoch`, which is reached."""
        if (end := self._ends.get(epoch)) is not None:
            return end
        if self._stands_at(epoch):
            return self._end()
        snapshot = next(each for each in self._snapshots if each.epoch == epoch)
        checkpoint = next(each for each in self._checkpoints if each.epoch == epoch)
        return End(snapshot, checkpoint, self._first_seed(checkpoint))

    @torch.inference_mode()
    def _end(self) -> End:
        """The present moment, at the end of an epoch."""
        snapshot, checkpoint = self._snapshots[-1], self._checkpoints[-1]
        snapshot = snapshot if snapshot.epoch == self.epoch else self._probe()
        checkpoint = checkpoint if checkpoint.epoch == self.epoch else self._present()
        arms, others = enumerate(self.experiment.arms), enumerate(self.experiment.seed_list[1:], start=1)
        further = {(arm, seed): self.weights(a, s) for (a, arm), (s, seed) in product(arms, others)}
        return End(snapshot, checkpoint, {**self._first_seed(checkpoint), **further})

    def _first_seed(self, checkpoint: Checkpoint) -> dict[tuple[str, int], Mapping[str, Array]]:
        return {(arm, self.experiment.seed): weights for arm, weights in checkpoint.arms.items()}

    @torch.inference_mode()
    def evaluate(self) -> dict[str, Evaluation]:
        """All networks in inference mode on the training samples and, where there are some, on the validation samples."""
        result = {"train": evaluate(self.stack, self.source, "train")}
        if len(self.source.splits[0].validation):
            result["validation"] = evaluate(self.stack, self.source, "validation")
        return result

    @torch.inference_mode()
    def history(
        self, target: int | None = None, *, current: bool = False, partial: bool = True, weights: bool = False
    ) -> History:
        """The record so far, cut at `target`: the one of a run that was planned to end there, bit for bit.

        Args:
            target: number of epochs; the furthest of the run's targets where not given.
            current: add a snapshot of the present moment if none was kept of it.
            partial: add the mean loss over the batches of a begun epoch.
            weights: add the present weights if they were not kept.

        The last three concern a target that is not reached. One that is ends with its last moment and the weights then.

        Raises:
            ExperimentError: if `target` is no number of epochs.
            ValueError: if it has been passed, see `reaches`.
        """
        experiment = self.experiment if target is None else replace(self.experiment, epochs=target)
        end = self._reached(experiment.epochs)
        if end is None:
            stale = current and self._snapshots[-1].epoch != self.progress
            # The present weights go to the record alone, so that a run which goes on has nothing to take back.
            unsaved = weights and self._checkpoints[-1].epoch != self.progress
            begun = self._epoch_means()["train_loss"] if self._position and partial else None
            return replace(
                self._record(experiment, self.epoch, self.progress),
                steps=self.steps,
                seconds=self.seconds,
                partial_loss=None if begun is None else self._of_alive(begun),
                current=self._probe() if stale else None,
                checkpoints=(*self._checkpoints, *([self._present()] if unsaved else [])),
            )
        last, record = self._end_at(end), self._record(experiment, end, end)
        snapshots, checkpoints = record.snapshots, record.checkpoints
        return replace(
            record,
            snapshots=snapshots if snapshots[-1].epoch == end else (*snapshots, last.snapshot),
            checkpoints=checkpoints if checkpoints[-1].epoch == end else (*checkpoints, last.checkpoint),
        )

    def _record(self, experiment: Experiment, epoch: int, moment: float) -> History:
        """What is recorded of the first `epoch` epochs and until `moment`, which is then or in the epoch after."""

        def series(name: str) -> Array | None:
            values = self._series.get(name)
            return None if values is None else values[:epoch].T.reshape(len(experiment.arms), experiment.seeds, epoch)

        loss = series("train_loss")
        assert loss is not None
        validated = "validation_loss" in self._series
        return History(
            experiment=experiment,
            task=self.table.task,
            classes=self.table.classes,
            epoch=epoch,
            steps=self.source.steps.until(epoch),
            plan=self.source.steps,
            seconds=self._times[epoch],
            train_loss=loss,
            train_accuracy=series("train_accuracy"),
            validation_loss=series("validation_loss"),
            validation_accuracy=series("validation_accuracy"),
            partial_loss=None,
            target_variance=self._target_variance("train"),
            validation_target_variance=self._target_variance("validation") if validated else None,
            snapshots=tuple(each for each in self._snapshots if each.epoch <= moment),
            current=None,
            shown=self._shown,
            divergences=tuple(each for each in self.divergences if each.epoch <= epoch),
            checkpoints=tuple(each for each in self._checkpoints if each.epoch <= epoch),
            points=self._points,
            composition=self._compositions[experiment.phase(epoch).first],
        )

    def _target_variance(self, which: str) -> Array:
        return np.array([self.table.target[getattr(split, which)].var() for split in self.source.splits])

    def weights(self, arm: int = 0, seed: int = 0) -> dict[str, Array]:
        """Copies of one network's parameters and moving statistics by name, such as `weight.0 (out, in)` and `gamma.0 (F,)`.

        Args:
            arm: which of the experiment's arms. seed: which of its seeds.
        """
        return self.stack.weights(arm, seed)

    def network(self, arm: str, seed: int, target: int | None = None) -> NetworkCopy:
        """A copy of the network of one of the experiment's arms and seeds as it is now, or was at `target` if that is reached.

        Raises:
            ValueError: if `target` has been passed, see `reaches`.
        """
        end = None if target is None else self._reached(target)
        if end is not None:
            return NetworkCopy(arm, seed, float(end), self.source.steps.until(end), self._end_at(end).networks[arm, seed])
        place = self.experiment.arms.index(arm), self.experiment.seed_list.index(seed)
        return NetworkCopy(arm, seed, self.progress, self.steps, self.weights(*place))
