"""What a study's training leaves of one network: frozen records in numpy, which need no torch where they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bn_lab.engine.history import Record
from bn_lab.engine.steps import Steps
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment

PROBES = ("three_ways", "smoothness")
"""What may be measured of networks besides their losses."""


@dataclass(frozen=True, eq=False)
class Smoothness(Record):
    """What one network's loss looks like along its gradient at P steps of the training.

    Attributes:
        steps: (P,), steps done before, from 0 in equal strides.
        distances: (D,), η.
        loss_low, loss_high: (P,), the band of the loss.
        change_low, change_high: (P,), the band of the gradient's change.
        beta: (P,), the effective β-smoothness; NaN where the gradient is 0.

    Where the loss at θ is not finite, or the training ended before, all are NaN; where it is not finite at some θ − ηg, the
    loss, the change and β there count as infinite.
    """

    steps: Array
    distances: Array
    loss_low: Array
    loss_high: Array
    change_low: Array
    change_high: Array
    beta: Array


@dataclass(frozen=True, eq=False)
class Outcome(Record):
    """What became of one network.

    Letters: E epochs, I epochs with an evaluation of the training samples.

    Attributes:
        experiment: of one arm and one seed.
        train_loss: (E,) float64, in training mode as `History.train_loss`; NaN from where the network diverged.
        train_accuracy: (E,) likewise; None for regression.
        validation_loss, validation_accuracy: (E,) in inference mode; None where nothing is held back.
        inference_epochs: (I,), after which epochs the training samples were evaluated in inference mode: those of
            `is_recorded`, and the last.
        inference_loss, inference_accuracy: (I,).
        steps: of the epochs.
        seconds: this network's share of the processor time that training took, evaluation and probes apart: one n-th of n
            networks'. What else the machine does meanwhile has no part in it.
        diverged: in which epoch, counting from 1, the loss was no longer finite; 0 if never.
        final: with the probe `three_ways`, the scores of `bn_lab.engine.anatomy.three_ways` after the last epoch, such as
            `precise.validation.accuracy`; else empty.
        smoothness: with the probe `smoothness`.
    """

    experiment: Experiment
    train_loss: Array
    train_accuracy: Array | None
    validation_loss: Array | None
    validation_accuracy: Array | None
    inference_epochs: Array
    inference_loss: Array
    inference_accuracy: Array | None
    steps: Steps
    seconds: float
    diverged: int
    final: Mapping[str, float]
    smoothness: Smoothness | None
