"""What a page sees of a training: states, orders, and the view of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from bn_lab.experiment import Experiment

if TYPE_CHECKING:
    from bn_lab.engine.history import History


class State(StrEnum):
    """What a training is doing; `READY` has not made a step, `QUEUED` waits for its first turn, `GONE` was dropped."""

    READY = "ready"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"


ACTIVE = (State.QUEUED, State.RUNNING)
"""The states in which numbers are about to change."""

Order = Literal["all", "epoch", "step", "look"] | int
"""How far to train: to the end, to the end of the epoch, one batch, not at all, or until so many epochs are done."""


@dataclass(frozen=True, eq=False)
class View:
    """What a page shows of a training at one moment; immutable.

    Attributes:
        state: what it is doing.
        experiment: what is trained.
        history: what was recorded; None before the first turn. Without a step it holds the networks as they were drawn.
        seconds: time from its starts to its stops, which is more than its own where others trained in between.
        rate: epochs a second of late, 0 where unknown.
        error: why it failed.
    """

    state: State
    experiment: Experiment
    history: History | None = None
    seconds: float = 0.0
    rate: float = 0.0
    error: Exception | None = None

    @property
    def progress(self) -> float:
        """Epochs done, the present one in part."""
        return 0.0 if self.history is None else self.history.progress

    @property
    def remaining(self) -> float | None:
        """Seconds to go at the present rate, or None where unknown."""
        if self.history is None or not self.rate:
            return None
        return max(0.0, self.experiment.epochs - self.progress) / self.rate
