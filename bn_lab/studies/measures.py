"""What is measured of networks to compare them: every measure is a function from outcomes to one number, in one registry.

To add one: write the function and its line in `MEASURES`, and its name `measure.<name>` in both catalogues.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from bn_lab.engine.outcome import Outcome
from bn_lab.engine.types import Array

Outcomes = Sequence[Outcome]
"""Of one network; or of one arm and seed over a row of cells, for measures of a whole row."""

LEARNED = 0.5
"""Training accuracy from which on a network on the ten digits, where chance is 0.1, counts as having learned."""


@dataclass(frozen=True)
class Measure:
    """A number that says how well networks did.

    Attributes:
        of: from outcomes to the number; NaN for a network that diverged (the worst there can be), inf for a mark never reached.
        lower_is_better: whether small is good.
        relative: whether differences are shares.
        row: whether it looks at a whole row of cells instead of one network.
        log: whether an axis for it is logarithmic.
        deviation: whether it is the distance of a seed from the middle one of its side that is compared, |ln x − median ln x|.
    """

    of: Callable[[Outcomes], float]
    lower_is_better: bool = True
    relative: bool = True
    row: bool = False
    log: bool = True
    deviation: bool = False


def _at(series: Array | None, epoch: int) -> float:
    """The value after `epoch` (the last one for −1); NaN where the series does not exist or does not reach so far."""
    if series is None or epoch > len(series):
        return np.nan
    return float(series[epoch - 1 if epoch > 0 else -1])


def series_at(outcomes: Outcomes, name: str, epoch: int = -1) -> float:
    """A series of the first outcome at an epoch."""
    return _at(getattr(outcomes[0], name), epoch)


def final(outcomes: Outcomes, name: str) -> float:
    """A number of `Outcome.final`: the same weights evaluated in another way."""
    return outcomes[0].final.get(name, np.nan)


def gap(outcomes: Outcomes) -> float:
    """Validation loss less training loss, both in inference mode, after the last epoch."""
    return _at(outcomes[0].validation_loss, -1) - _at(outcomes[0].inference_loss, -1)


def epochs_to(outcomes: Outcomes, target: float) -> float:
    """The first epoch with a training loss of at most `target`; inf where there is none, NaN for a network that diverged."""
    outcome = outcomes[0]
    reached = np.flatnonzero(outcome.train_loss <= target)
    if len(reached):
        return float(reached[0] + 1)
    return np.nan if outcome.diverged else np.inf


def steps_to(outcomes: Outcomes, target: float) -> float:
    """`epochs_to` in steps of the optimizer."""
    epochs = epochs_to(outcomes, target)
    return outcomes[0].steps.until(epochs) if np.isfinite(epochs) else epochs


def seconds_to(outcomes: Outcomes, target: float) -> float:
    """`epochs_to` in seconds: the network's share of the time of the stack that it was trained in."""
    return epochs_to(outcomes, target) * outcomes[0].seconds / len(outcomes[0].train_loss)


def learned(outcomes: Outcomes, name: str = "train_accuracy") -> float:
    """In how many cells of the row the network has learned: accuracy of at least `LEARNED` after the last epoch."""
    return float(sum(_at(getattr(outcome, name), -1) >= LEARNED for outcome in outcomes))


def smoothness(outcomes: Outcomes, name: str) -> float:
    """Median over the recorded steps of one of the bands along the gradient; see `bn_lab.engine.smoothness`."""
    bands = outcomes[0].smoothness
    if bands is None:
        return np.nan
    with np.errstate(invalid="ignore"):
        ranges = bands.loss_high - bands.loss_low
    beyond = np.isinf(bands.loss_high)  # also where the whole band is, ∞ − ∞
    values = {"loss_range": np.where(beyond, np.inf, ranges), "gradient_change": bands.change_high, "beta": bands.beta}[name]
    return float(np.median(values))


ACCURACY = partial(Measure, lower_is_better=False, relative=False, log=False)

MEASURES: Mapping[str, Measure] = {
    "train_loss": Measure(partial(series_at, name="train_loss")),
    "train_loss_10": Measure(partial(series_at, name="train_loss", epoch=10)),
    "train_loss_100": Measure(partial(series_at, name="train_loss", epoch=100)),
    "train_loss_1000": Measure(partial(series_at, name="train_loss", epoch=1000)),
    "deviation_10": Measure(partial(series_at, name="train_loss", epoch=10), relative=False, deviation=True),
    "deviation_1000": Measure(partial(series_at, name="train_loss", epoch=1000), relative=False, deviation=True),
    "inference_loss": Measure(partial(series_at, name="inference_loss")),
    "validation_loss": Measure(partial(series_at, name="validation_loss")),
    "train_accuracy": ACCURACY(partial(series_at, name="train_accuracy")),
    "inference_accuracy": ACCURACY(partial(series_at, name="inference_accuracy")),
    "validation_accuracy": ACCURACY(partial(series_at, name="validation_accuracy")),
    "batch_accuracy": ACCURACY(partial(final, name="batch.validation.accuracy")),
    "precise_accuracy": ACCURACY(partial(final, name="precise.validation.accuracy")),
    "gap": Measure(gap, relative=False, log=False),
    "epochs_to_20": Measure(partial(epochs_to, target=20.0)),
    "steps_to_20": Measure(partial(steps_to, target=20.0)),
    "seconds_to_20": Measure(partial(seconds_to, target=20.0)),
    "epochs_to_02": Measure(partial(epochs_to, target=0.2)),
    "steps_to_02": Measure(partial(steps_to, target=0.2)),
    "seconds_to_02": Measure(partial(seconds_to, target=0.2)),
    "learned": ACCURACY(learned, row=True),
    "learned_inference": ACCURACY(partial(learned, name="inference_accuracy"), row=True),
    "loss_range": Measure(partial(smoothness, name="loss_range")),
    "gradient_change": Measure(partial(smoothness, name="gradient_change")),
    "beta": Measure(partial(smoothness, name="beta")),
}
"""Measures by name."""
