"""`Run`: one experiment being trained, in steps as small as one batch, with everything it records.

A run is not thread-safe: whoever shares one among threads takes turns (`bn_lab.service`). What it hands out is immutable.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from math import inf
from time import perf_counter

import numpy as np
import torch

from bn_lab.datasets import Table, table_of
from bn_lab.engine.batches import Epoch, Source
from bn_lab.engine.cohort import Cohort, State, Weights
from bn_lab.engine.divergence import grown_layers, magnitudes
from bn_lab.engine.evaluation import Evaluation, evaluate
from bn_lab.engine.history import Divergence, History, Kept, NetworkCopy, Snapshot, is_kept, is_recorded, thinned
from bn_lab.engine.losses import accuracy
from bn_lab.engine.probes import points, probe, shown
from bn_lab.engine.tape import Tape
from bn_lab.engine.types import Array
from bn_lab.experiment import Arm, Experiment

SERIES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


class Run:
    """The networks of one experiment and their history.

    Args:
        experiment: what to train.
        table: its data; the shipped set of that name where not given.
        weights: initial weights for every network instead of drawn ones.
        dtype, device: see `Cohort`.

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
        self.cohort = Cohort(
            experiment, self.table.features.shape[1], self.table.outputs, self.table.task, dtype=dtype, device=device
        )
        if weights is not None:
            self.cohort.set_weights(weights)
        self.epoch, self.seconds = 0, 0.0
        self.divergences: list[Divergence] = []
        self._position = 0  # batches done of the present epoch
        self._alive = np.ones(self.cohort.networks, bool)
        self._series = {name: self._empty(experiment.epochs) for name in self._recorded_series()}
        self._shown, self._points = shown(self.source), points(self.source)
        self._new_outputs()
        self._begin_epoch()
        self._tape = self._look()
        self._initial_magnitudes = magnitudes(self._tape)
        self._snapshots: list[Snapshot] = [self._probe()]
        self._kept = [self._present()]

    def _probe(self) -> Snapshot:
        """A snapshot of the present moment; networks that have stopped are no longer evaluated."""
        snapshot = probe(self.cohort, self._tape, self.source, self.progress)
        alive = self._alive.reshape(snapshot.inference_loss.shape)
        accuracy = snapshot.inference_accuracy
        return replace(
            snapshot,
            inference_loss=np.where(alive, snapshot.inference_loss, np.nan),
            inference_accuracy=None if accuracy is None else np.where(alive, accuracy, np.nan),
        )

    def _present(self) -> Kept:
        """The weights of the first seed's networks at the present moment."""
        return Kept(self.progress, {arm: self.weights(a) for a, arm in enumerate(self.experiment.arms)})

    def _recorded_series(self) -> tuple[str, ...]:
        measures = SERIES if self.table.task == "classification" else SERIES[::2]
        validated = len(self.source.splits[0].validation) > 0
        return tuple(name for name in measures if validated or name.startswith("train"))

    def _empty(self, epochs: int) -> Array:
        return np.full((epochs, self.cohort.networks), np.nan, np.float64)

    def _new_outputs(self) -> None:
        """Tensors for the outputs of a whole epoch: losses are computed once an epoch, not once a batch."""
        classes = self.table.outputs
        self._outputs = [
            torch.empty(self.cohort.networks, classes, size, dtype=self.cohort.dtype, device=self.cohort.device)
            for size in self.source.sizes
        ]

    def _begin_epoch(self) -> None:
        self._batches = Epoch(self.source, self.epoch)
        self._epoch_start: State = self.cohort.state()

    def _look(self) -> Tape:
        """Send the first batch forth and back without an update, so that there is something to see before the first step."""
        batch = self._batches.batch(0)
        tape = self.cohort.forward(batch.x, batch.masks, self._outputs[0], batch.noise)
        self.cohort.backward(tape, batch.y)
        return tape

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train: all epochs are done, or every network has diverged."""
        return self.epoch >= self.experiment.epochs or len(self.divergences) == self.cohort.networks

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch."""
        return len(self.source.sizes)

    @torch.inference_mode()
    def step(self) -> None:
        """Train one batch; does nothing once `finished`."""
        if not self.finished:
            start = perf_counter()
            self._step()
            self.seconds += perf_counter() - start

    @torch.inference_mode()
    def finish_epoch(self) -> None:
        """Train to the end of the present epoch; does nothing once `finished`."""
        if not self.finished:
            start, epoch = perf_counter(), self.epoch
            while self.epoch == epoch:
                self._step()
            self.seconds += perf_counter() - start

    @property
    def progress(self) -> float:
        """Epochs done, the present one in part."""
        return self.epoch + self._position / self.steps_per_epoch

    @property
    def steps(self) -> int:
        """Optimizer steps so far."""
        return self.cohort.steps

    @torch.inference_mode()
    def advance(self, seconds: float, until: float = inf) -> None:
        """Train for about `seconds`, not beyond step number `until`; at least one batch unless there is nothing to do."""
        start = now = perf_counter()
        while not self.finished and self.steps < until and now - start < seconds:
            self._step()
            now = perf_counter()
        self.seconds += now - start

    def _step(self) -> None:
        i = self._position
        batch = self._batches.batch(i)
        self._tape = self.cohort.step(batch.x, batch.y, batch.masks, self._outputs[i], batch.noise)
        self._position += 1
        if self._position == self.steps_per_epoch:
            self._end_epoch()

    def _end_epoch(self) -> None:
        results = self._epoch_means()
        if "validation_loss" in self._series:
            held = evaluate(self.cohort, self.source, "validation")
            results["validation_loss"] = held.loss.ravel()
            if held.accuracy is not None:
                results["validation_accuracy"] = held.accuracy.ravel()
        diverged = self._alive & ~np.isfinite(results["train_loss"])
        if diverged.any():
            self._stop(diverged)
        for name, values in results.items():
            self._series[name][self.epoch] = np.where(self._alive, values, np.nan)
        self.epoch += 1
        self._position = 0
        if is_recorded(self.epoch) or self.finished:
            self._snapshots.append(self._probe())
        if is_kept(self.epoch):
            self._kept = thinned([*self._kept, self._present()])
        if not self.finished:
            self._begin_epoch()

    def _epoch_means(self) -> dict[str, Array]:
        """Loss and accuracy over the samples of the present epoch so far: (R,) each.

        The mean over samples is the mean of the batch losses weighted by their sizes.
        """
        outputs = torch.cat(self._outputs[: self._position], dim=2)  # (R, C, samples so far)
        targets = self._batches.targets[:, :, : outputs.shape[2]]
        results = {"train_loss": self.cohort.loss.values(outputs, targets)}
        if self.table.task == "classification":
            results["train_accuracy"] = accuracy(outputs, targets)
        return {name: values.cpu().numpy() for name, values in results.items()}

    def _stop(self, networks: Array) -> None:
        """Mark `networks (R,)` as diverged; the epoch is repeated with an eye on the layers to learn which grew first."""
        layers = grown_layers(
            self.cohort,
            self._epoch_start,
            (self._batches.batch(i) for i in range(self.steps_per_epoch)),
            self._outputs,
            self._initial_magnitudes,
        )
        for network in np.flatnonzero(networks):
            arm, s = divmod(int(network), self.cohort.seeds)
            seed = self.experiment.seed_list[s]
            self.divergences.append(Divergence(self.experiment.arms[arm], seed, self.epoch + 1, int(layers[network]) + 1))
        self._alive &= ~networks

    def extend(self, epochs: int) -> None:
        """Plan another number of epochs, at least those that are done; the numbers so far stay as they are.

        Raises:
            ExperimentError: if `epochs` is out of range.
        """
        assert epochs >= self.epoch
        was_finished = self.finished
        self.experiment = replace(self.experiment, epochs=epochs)
        for name, values in self._series.items():
            grown = self._empty(epochs)
            grown[: self.epoch] = values[: self.epoch]
            self._series[name] = grown
        if was_finished and not self.finished:
            if not is_recorded(self.epoch):
                self._snapshots.pop()  # kept only because it was the last one
            with torch.inference_mode():
                self._begin_epoch()
        elif self.finished and not self._position and self._snapshots[-1].epoch < self.epoch:
            self._snapshots.append(self._probe())

    @torch.inference_mode()
    def fork(self) -> Run:
        """Another run that stands where this one does and goes on by itself, with the same numbers, bit for bit."""
        # What is immutable is shared; copying a tensor keeps which others are views of the same storage.
        shared = [self.table, self.experiment, *self._snapshots, *self._kept, *self.divergences]
        return deepcopy(self, {id(each): each for each in shared})

    @torch.inference_mode()
    def evaluate(self) -> dict[str, Evaluation]:
        """All networks in inference mode on the training samples and, where there are some, on the validation samples."""
        result = {"train": evaluate(self.cohort, self.source, "train")}
        if len(self.source.splits[0].validation):
            result["validation"] = evaluate(self.cohort, self.source, "validation")
        return result

    @torch.inference_mode()
    def history(self, *, current: bool = False, partial: bool = True, weights: bool = False) -> History:
        """The record so far.

        Args:
            current: add a snapshot of the present moment if none was kept of it.
            partial: add the mean loss over the batches of a begun epoch.
            weights: add the present weights if they were not kept; those of a finished run are there in any case.
        """
        shape = len(self.experiment.arms), self.experiment.seeds

        def series(name: str) -> Array | None:
            values = self._series.get(name)
            return None if values is None else values[: self.epoch].T.reshape(*shape, self.epoch)

        stale = current and self._snapshots[-1].epoch != self.progress
        # The present weights go to the record alone, so that a run which goes on has nothing to take back.
        unkept = (weights or self.finished) and self._kept[-1].epoch != self.progress
        begun = self._epoch_means()["train_loss"] if self._position and partial else None
        loss = series("train_loss")
        assert loss is not None
        validated = "validation_loss" in self._series
        return History(
            experiment=self.experiment,
            task=self.table.task,
            classes=self.table.classes,
            epoch=self.epoch,
            steps=self.cohort.steps,
            steps_per_epoch=self.steps_per_epoch,
            seconds=self.seconds,
            train_loss=loss,
            train_accuracy=series("train_accuracy"),
            validation_loss=series("validation_loss"),
            validation_accuracy=series("validation_accuracy"),
            partial_loss=None if begun is None else np.where(self._alive, begun, np.nan).reshape(shape),
            target_variance=self._target_variance("train"),
            validation_target_variance=self._target_variance("validation") if validated else None,
            snapshots=tuple(self._snapshots),
            current=self._probe() if stale else None,
            shown=self._shown,
            divergences=tuple(self.divergences),
            kept=(*self._kept, *([self._present()] if unkept else [])),
            points=self._points,
        )

    def _target_variance(self, which: str) -> Array:
        return np.array([self.table.target[getattr(split, which)].var() for split in self.source.splits])

    def weights(self, arm: int = 0, seed: int = 0) -> dict[str, Array]:
        """Copies of one network's parameters and moving statistics by name, such as `weight.0 (out, in)` and `gamma.0 (F,)`.

        Args:
            arm: which of the experiment's arms. seed: which of its seeds.
        """
        return self.cohort.weights(arm, seed)

    def network(self, arm: Arm, seed: int) -> NetworkCopy:
        """A copy of the network of one of the experiment's arms and seeds as it is now."""
        place = self.experiment.arms.index(arm), self.experiment.seed_list.index(seed)
        return NetworkCopy(arm, seed, self.progress, self.steps, self.weights(*place))
