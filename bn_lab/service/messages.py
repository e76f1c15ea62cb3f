"""What the page's process and its workers say to each other: frozen records, none of which needs torch.

A *recording* is the one run of an experiment, whatever its number of epochs. A worker trains it as far as the latest
`Requested` says, and reports what is new in the parts named there (`bn_lab.figures.parts`), as rows: the page's process keeps
them, and knows by their number what is missing. So a worker that takes the place of a lost one trains again and goes on where
that one ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from bn_lab.datasets import Table
from bn_lab.engine.summary import Finding
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.figures.frame import Layout


class WatchState(StrEnum):
    """What a watched recording is doing, as far as it is watched; `QUEUED` waits for memory or for its first turn."""

    READY = "ready"
    QUEUED = "queued"
    TRAINING = "training"
    ENDED = "ended"
    FAILED = "failed"


class RequestError(ExperimentError):
    """Something that a worker was asked for and that cannot be had."""

    RULES: Mapping[str, str] = {
        **ExperimentError.RULES,
        "late": "{value} took longer than {seconds} seconds",
        "lost": "the process that worked on {value} ended, and again when another one tried",
        "failed": "{value} failed; the server's log says more",
        "no_worker": "no process could be started for {value}; the server's log says more",
    }


# To a worker.


@dataclass(frozen=True, eq=False)
class TakeRecording:
    """Take care of a recording from now on. Nothing is done for it before the first `Requested`.

    Attributes:
        recording: its id.
        experiment: what to train.
        table: a visitor's own data; None for what is shipped.
        moments: how many of its moments are known already.
        closely: say so (`Heartbeat`) before each of its turns, because a worker that had it was lost.
    """

    recording: str
    experiment: Experiment
    table: Table | None = None
    moments: int = 0
    closely: bool = False


@dataclass(frozen=True)
class Requested:
    """All that is wanted of a recording from now on.

    Attributes:
        recording: its id.
        targets: epochs at which it ends for somebody.
        until: how many epochs to train.
        parts: what to report, and how many rows of each are known already.
        watchers: how many visitors watch it now.
    """

    recording: str
    targets: tuple[int, ...]
    until: int
    parts: Mapping[str, int] = field(default_factory=dict)
    watchers: int = 1

    def says_the_same(self, other: Requested) -> bool:
        """Whether this asks for nothing else: how many rows it has sent meanwhile a worker knows itself."""
        same = self.targets, self.until, self.parts.keys(), self.watchers
        return same == (other.targets, other.until, other.parts.keys(), other.watchers)


@dataclass(frozen=True)
class Drop:
    """Forget a recording."""

    recording: str


@dataclass(frozen=True, eq=False)
class Ask:
    """Something that gets one `Reply`.

    Attributes:
        number: of this, which the reply has, too.
        what: a `History` of a recording, a `NetworkCopy` out of it, or the result of a function of `bn_lab.engine.anatomy`.
        recording: its id; None for a function.
        arguments: the target of a history; target, arm and seed of a network; name and arguments of a function.
        after: how many epochs must be trained first.
        table: a visitor's own data that a function needs.
    """

    number: int
    what: Literal["history", "network", "compute"]
    recording: str | None
    arguments: tuple[Any, ...]
    after: float = 0.0
    table: Table | None = None


@dataclass(frozen=True)
class Withdraw:
    """Nobody waits for the reply of this number any more."""

    number: int


# From a worker.


@dataclass(frozen=True)
class Heartbeat:
    """The worker's one training thread is alive.

    Attributes:
        recording: what is going to have the next turn, where that was taken with `closely`.
    """

    recording: str | None = None


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one part that follow each other: `count` of them from number `start` on, float32, little endian."""

    part: str
    start: int
    count: int
    numbers: bytes


@dataclass(frozen=True, eq=False)
class RecordingUpdate:
    """What is new of a recording.

    Attributes:
        recording: its id.
        epoch: epochs trained, the present one in part.
        over: whether every network has diverged, so that it ends here for every target.
        first, moments: epochs of the moments from number `first` on.
        rows: of the parts that were asked for.
        ends: by target and part, the row of the target's own last moment, where that is none of the moments.
        findings: by target that was reached, what the numbers say.
        checkpoints: passed epochs that may still become a target, because moment and weights are there.
        layouts: of all parts; None where they were sent before.
    """

    recording: str
    epoch: float
    over: bool
    first: int
    moments: tuple[float, ...]
    rows: tuple[Rows, ...] = ()
    ends: Mapping[int, Mapping[str, bytes]] = field(default_factory=dict)
    findings: Mapping[int, tuple[Finding, ...]] = field(default_factory=dict)
    checkpoints: tuple[int, ...] = ()
    layouts: Mapping[str, Layout] | None = None


@dataclass(frozen=True, eq=False)
class Failed:
    """A recording cannot be trained, or any further."""

    recording: str
    error: ExperimentError


@dataclass(frozen=True, eq=False)
class Reply:
    """The answer to the `Ask` of this number: a value, or an error."""

    number: int
    value: Any = None
    error: ExperimentError | None = None


Order = TakeRecording | Requested | Drop | Ask | Withdraw
Report = Heartbeat | RecordingUpdate | Failed | Reply
