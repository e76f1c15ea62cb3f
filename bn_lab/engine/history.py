"""What a run leaves behind: frozen records in numpy, safe to hand to another thread.

Letters: A arms, S seeds, E completed epochs, L hidden layers, F units of a layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from bn_lab.arms import ARMS
from bn_lab.engine.steps import Steps
from bn_lab.engine.types import Array
from bn_lab.experiment import FIELDS, Experiment, ExperimentError, one_of

BINS = 30
"""Bins of a histogram."""

MEASURES: Mapping[str, tuple[str, ...]] = {"classification": ("loss", "accuracy"), "regression": ("loss", "rmse", "r2")}
"""What there are series of, by task; `rmse` and `r2` are functions of the mean squared error."""

SPLITS = ("train", "validation")
"""Which samples a series is measured on: in training mode, and in inference mode."""

PERCENTILES = (5, 25, 50, 75, 95)
"""The percentiles that are recorded of a distribution."""

STAGES = ("pre_activation", "normalized", "scaled", "activation")
"""What is looked at in a hidden layer: Wx + b, x̂, γx̂ + β (with the noise, where there is some), and the output of the
activation function."""

FIRST_STEPS = 64
"""After how many of the first steps a moment is recorded at most; see `bn_lab.engine.cost.recorded_steps`."""

CHECKPOINT_EPOCHS = (0, *sorted({round(2 ** (k / 3)) for k in range(37)}))
"""After which epochs a run has a checkpoint where there is room: 0 … 6, 8, 10, 13, 16, 20, … 4,096, three to each doubling. The
next would be 5,161, which no experiment reaches."""

CHECKPOINT_NUMBERS = 1 << 21
"""How many numbers the checkpoints of a run may have together: 8 MB in float32. There are two in any case."""


def freeze(value: object) -> None:
    """Make the arrays of a mapping (or the array itself) read-only, however deep they lie in it."""
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    elif isinstance(value, Mapping):
        for inner in value.values():
            freeze(inner)


class Record:
    """What all records have in common: their arrays are read-only from the moment they are made."""

    def __post_init__(self) -> None:
        freeze(vars(self))

    def __setstate__(self, state: Mapping[str, object]) -> None:
        """So that also a record from another process is read-only."""
        vars(self).update(state)
        freeze(state)


def stages(arm: str) -> tuple[str, ...]:
    """The stages that a layer of this arm has, in the order of `STAGES`."""
    return STAGES if ARMS[arm].normalizer else (STAGES[0], STAGES[3])


def batch_norm_input(arm: str) -> str:
    """The stage that batch normalization takes in: what "before normalization" means for this arm."""
    return "activation" if ARMS[arm].placement == "after" else "pre_activation"


@dataclass(frozen=True, eq=False)
class ArmSnapshot(Record):
    """One arm at one moment: the network of the first seed, on its last training batch unless said otherwise.

    Attributes:
        low, high: (L, stages), the smallest and largest value; nothing lies outside the histogram.
        counts: (L, stages, BINS), values per bin between `low` and `high`.
        percentiles: (L, stages, len(PERCENTILES)).
        mean, std: (L, stages).
        saturated: (L,), share of values in a tail of the activation function (`Activation.tails`).
        dead: (L,), share of units of which that holds for every sample of the batch.
        gradient_norm: (L + 1,), Euclidean norm of the weights' gradient per layer, the output layer last.
        batch_variance: (L, 3), smallest, median and largest σ²_B among the units at the input of batch normalization;
            without batch normalization, of the pre-activations.
        gamma, beta, moving_mean, moving_variance: (L, F), or None without batch normalization.
        predictions: regression: (P,), predicted values of `History.shown` in inference mode;
            classification: (C, C) numbers of training samples, rows the true and columns the predicted class.
        validation_predictions: the same for the validation samples; empty where there are none.
        boundary: (GRID, GRID), what the network says all over the plane of two features, see `bn_lab.engine.boundary.values`;
            None with more or fewer features.
    """

    low: Array
    high: Array
    counts: Array
    percentiles: Array
    mean: Array
    std: Array
    saturated: Array
    dead: Array
    gradient_norm: Array
    batch_variance: Array
    gamma: Array | None
    beta: Array | None
    moving_mean: Array | None
    moving_variance: Array | None
    predictions: Array
    validation_predictions: Array
    boundary: Array | None = None


@dataclass(frozen=True, eq=False)
class Snapshot(Record):
    """One moment of a run, for every picture of that moment.

    Attributes:
        epoch: epochs completed, with the part of the present one after the point.
        arms: by arm.
        inference_loss: (A, S), loss on all training samples in inference mode: with moving statistics, without dropout.
        inference_accuracy: (A, S) likewise; None for regression.
        train_loss: (A, S), of a moment inside an epoch: the mean loss over its batches so far, in training mode. None at whole
            epochs, whose loss is in `History.train_loss`.
        train_accuracy: (A, S) likewise; None at whole epochs and for regression.
    """

    epoch: float
    arms: Mapping[str, ArmSnapshot]
    inference_loss: Array
    inference_accuracy: Array | None
    train_loss: Array | None = None
    train_accuracy: Array | None = None


@dataclass(frozen=True)
class Divergence:
    """A network whose loss was no longer finite.

    Attributes:
        arm, seed: which network.
        epoch: in which epoch, counting from 1.
        layer: the affine layer whose values grew first: 1 … L, and L + 1 for the output layer.
    """

    arm: str
    seed: int
    epoch: int
    layer: int


@dataclass(frozen=True, eq=False)
class Shown(Record):
    """The samples of the first seed whose predictions snapshots keep for regression: true values `(P,)`."""

    train: Array
    validation: Array


@dataclass(frozen=True, eq=False)
class Points(Record):
    """Samples of the first seed in the plane of their two features: x₁, x₂ and the target (a class's number), `(P, 3)` each."""

    train: Array
    validation: Array


@dataclass(frozen=True, eq=False)
class Composition(Record):
    """How alike the samples of a batch are, where the batches are those of the file's order.

    Attributes:
        spread: (S,), variance of the target inside the batches as a share of its variance over all training samples, both
            unbiased, of classes as one-hot vectors: about 1 for samples in random order, 0 where every batch has one value.
            NaN where the target does not vary.
        uniform: (S,), number of batches whose samples all have the same target.
    """

    spread: Array
    uniform: Array


@dataclass(frozen=True, eq=False)
class Checkpoint(Record):
    """The weights of a moment, from which everything about the networks can be computed again.

    Attributes:
        epoch: epochs completed, with the part of the present one after the point.
        arms: by arm, the parameters and moving statistics of the network of the first seed under the names of `Run.weights`.
    """

    epoch: float
    arms: Mapping[str, Mapping[str, Array]]

    @property
    def numbers(self) -> int:
        """How many numbers these are."""
        return sum(array.size for arrays in self.arms.values() for array in arrays.values())


@dataclass(frozen=True, eq=False)
class NetworkCopy(Record):
    """One network at one moment.

    Attributes:
        arm, seed: which.
        epoch: epochs completed, with the part of the present one after the point; steps: optimizer steps.
        arrays: its parameters and moving statistics under the names of `Run.weights`.
    """

    arm: str
    seed: int
    epoch: float
    steps: int
    arrays: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class History(Record):
    """Everything recorded of a run so far; immutable.

    Attributes:
        experiment: what ran.
        task: `regression` or `classification`; classes: names of the classes.
        epoch: completed epochs E; steps: optimizer steps; plan: how many steps the epochs have.
        seconds: time spent training.
        train_loss: (A, S, E), mean of the batch losses of an epoch weighted by their samples, in training mode, as Keras'
            `fit` reports it. NaN from where a network diverged.
        train_accuracy: (A, S, E) likewise, or None for regression.
        validation_loss, validation_accuracy: (A, S, E) in inference mode after each epoch, or None.
        partial_loss: (A, S), the mean loss over the batches of the present epoch so far, or None between epochs.
        target_variance, validation_target_variance: (S,), variance of the targets, for R².
        snapshots: recorded moments, in order, at most a few hundred: before training, after each of the first steps, after the
            epochs of `is_recorded`, and the last moment where nothing is left to train.
        current: the present moment if it is not the last of `snapshots`.
        shown: true values belonging to the snapshots' predictions (regression), else None.
        points: some samples to show on the snapshots' boundaries, in order of targets; None unless there are two features.
        divergences: networks that stopped.
        checkpoints: weights, in order of their epochs: those of `planned_checkpoints`, and of the last moment where nothing is
            left to train or they were asked for.
        composition: of the batches of the last epoch, where samples are never shuffled; else None.
    """

    experiment: Experiment
    task: str
    classes: tuple[str, ...]
    epoch: int
    steps: int
    plan: Steps
    seconds: float
    train_loss: Array
    train_accuracy: Array | None
    validation_loss: Array | None
    validation_accuracy: Array | None
    partial_loss: Array | None
    target_variance: Array
    validation_target_variance: Array | None
    snapshots: tuple[Snapshot, ...]
    current: Snapshot | None
    shown: Shown | None
    divergences: tuple[Divergence, ...]
    checkpoints: tuple[Checkpoint, ...] = ()
    points: Points | None = None
    composition: Composition | None = None

    @property
    def progress(self) -> float:
        """Epochs done, the present one in part."""
        return self.plan.progress(self.steps)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train: all epochs are done, or every network has diverged."""
        networks = len(self.experiment.arms) * self.experiment.seeds
        return self.epoch >= self.experiment.epochs or len(self.divergences) == networks

    @property
    def latest(self) -> Snapshot | None:
        """The most recent moment there is."""
        return self.current or (self.snapshots[-1] if self.snapshots else None)

    def network(self, arm: str, seed: int) -> NetworkCopy | None:
        """One network as it is at the end of the record; None where there is no checkpoint of that moment.

        Raises:
            ExperimentError: where the experiment has no such arm or seed.
        """
        arm, seed = self.experiment.arms[self._place(arm)], FIELDS["seed"].check(seed)
        if seed not in self.experiment.seed_list:
            raise ExperimentError("seed", "one_of", seed, options=", ".join(map(str, self.experiment.seed_list)))
        last = self.checkpoints[-1] if self.checkpoints else None
        if last is None or seed != self.experiment.seed or self.plan.until(last.epoch) != self.steps:
            return None
        return NetworkCopy(arm, seed, last.epoch, self.steps, last.arms[arm])

    def series(self, arm: str, measure: str, split: str = "train") -> Array | None:
        """One measure of one arm over the epochs: (S, E).

        Args:
            arm: one of the experiment's.
            measure: one of those in `MEASURES`.
            split: one of `SPLITS`.

        Returns:
            None where the experiment has no such series: `accuracy` is of classification, `rmse` and `r2` are of regression,
            and without a validation share nothing is measured there.

        Raises:
            ExperimentError: where the experiment has no such arm, or there is no such measure or split.
        """
        place, measure = self._place(arm), one_of("measure", measure, dict.fromkeys(chain(*MEASURES.values())))
        split = one_of("split", split, SPLITS)
        if measure in ("rmse", "r2"):
            return self._regression(arm, measure, split) if self.task == "regression" else None
        values = getattr(self, f"{split}_{measure}")
        return None if values is None else np.asarray(values[place])

    def _place(self, arm: str) -> int:
        """Which of the experiment's arms this is."""
        return self.experiment.arms.index(one_of("arm", arm, self.experiment.arms))

    def _regression(self, arm: str, measure: str, split: str) -> Array | None:
        loss = self.series(arm, "loss", split)
        if loss is None:
            return None
        if measure == "rmse":
            return np.asarray(np.sqrt(loss))
        variance = self.target_variance if split == "train" else self.validation_target_variance
        assert variance is not None
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(1 - loss / variance[:, None])


def is_recorded(epoch: int) -> bool:
    """Whether there is a snapshot after this epoch: every one up to 64, then 32 to each doubling (265 in 5,000 epochs).

    The rule knows nothing of the planned number of epochs, so a run that goes on longer keeps what a shorter one keeps.
    """
    stride = 1 << max(0, epoch.bit_length() - 6)
    return epoch % stride == 0


def planned_checkpoints(numbers: int) -> tuple[int, ...]:
    """After which epochs there is a checkpoint of so many `numbers`: every first, second, third, … of `CHECKPOINT_EPOCHS`.

    As many as `CHECKPOINT_NUMBERS` allows, however long is trained: a run that goes on longer keeps what a shorter one keeps.
    """
    most = max(2, CHECKPOINT_NUMBERS // numbers)
    return CHECKPOINT_EPOCHS[:: -(-len(CHECKPOINT_EPOCHS) // most)]
