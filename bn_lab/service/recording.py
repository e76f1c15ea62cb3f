"""`Recording`: what the page's process knows of one experiment that is trained somewhere, and who watches it how far."""

from __future__ import annotations

from dataclasses import astuple, replace
from hashlib import sha256
from math import ceil
from typing import TYPE_CHECKING

from bn_lab.datasets import Table
from bn_lab.engine.cost import memory, target_memory
from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.service.messages import Ask, RecordingUpdate, Requested
from bn_lab.service.pool import Remote
from bn_lab.service.relay import Relay

if TYPE_CHECKING:
    from bn_lab.service.visitor import Watch

HELD_TARGETS = 4
"""Targets that a recording has reached and that nobody watches any more, which it keeps for who comes later."""


class Recording:
    """The recording of one experiment, as the page's process knows it.

    Attributes:
        id: what it is known by.
        experiment: what is trained; its number of epochs means nothing here.
        table: a visitor's own data.
        owner: name of the only visitor whose it is, where the data are; else empty.
        apart: the only epoch at which it ends, where the recording of that experiment has passed it; else None.
        relay: what is known of it.
        named: watches that name it; present: those of them whose visitors are there.
        left: when the last visitor was there.
        error: why it cannot be trained.
        remote: the worker that has it; None where no memory is taken for a run.
    """

    def __init__(
        self, name: str, experiment: Experiment, table: Table | None, owner: str, apart: int | None, now: float
    ) -> None:
        self.id, self.experiment, self.table, self.owner, self.apart = name, experiment, table, owner, apart
        self.relay = Relay()
        self.named: set[Watch] = set()
        self.present: set[Watch] = set()
        self.left = now
        self.error: ExperimentError | None = None
        self.remote: Remote | None = None
        self.admitted = 0  # bytes that its run was taken to need when there was room for it last
        self.only_looks = False  # whether it has a worker for the first look, for which nobody waits until there is memory
        self.granted = 0  # how far the worker may have trained it
        self.passed: tuple[int, ...] = ()  # passed epochs that may still become targets
        self.requested: Requested | None = None  # the latest one
        self.is_moving = False  # whether it has had a turn since it was told to train
        self.is_suspect = False  # whether a worker was lost that had it
        self.asks: dict[int, Ask] = {}
        self.place = 0
        self.rate, self._seconds = 0.0, 0.0
        self._held: dict[int, float] = {}  # targets that were reached, and the seconds that it took
        self._mark: tuple[float, float] | None = None  # time and epoch when it was last heard of in training
        self._furthest = experiment.epochs

    @property
    def targets(self) -> tuple[int, ...]:
        """Epochs at which it ends for somebody."""
        return tuple(sorted({watch.target for watch in self.named} | set(self._held)))

    @property
    def until(self) -> int:
        """How many epochs are wanted: a run that was given up is trained again as far as it was seen."""
        seen = ceil(self.relay.epoch)
        wanted = [max(watch.wanted, min(seen, watch.target)) for watch in self.present]
        return max([*wanted, *(ceil(ask.after) for ask in self.asks.values())], default=0)

    @property
    def parts(self) -> dict[str, int]:
        """Parts that somebody looks at, and how many of their rows are here."""
        return {part: self.relay.known(part) for part in sorted({part for watch in self.present for part in watch.parts})}

    @property
    def needs_worker(self) -> bool:
        """Whether there is something to do for it."""
        if self.error is not None:
            return False
        if self.asks or self.wants_more:
            return True
        return any(self.relay.lacks(watch.parts, watch.target) for watch in self.present)

    @property
    def wants_more(self) -> bool:
        """Whether it is to be trained further."""
        return not self.relay.over and self.until > self.relay.epoch

    @property
    def has_ended(self) -> bool:
        """Whether it is there for who opens its link."""
        return any(map(self.relay.reached, self.targets))

    def reaches(self, target: int) -> bool:
        """Whether this may become a target."""
        if self.apart is not None:
            return target == self.apart
        if self.remote is None or target >= self.granted or target in self.passed or target in self.targets:
            return True
        return self.relay.over and target >= self.relay.epoch

    @property
    def experiment_to_train(self) -> Experiment:
        """With its furthest target as number of epochs."""
        self._furthest = max(self.targets, default=self._furthest)
        return replace(self.experiment, epochs=self._furthest)

    @property
    def size(self) -> int:
        """Bytes that its run takes."""
        experiment = self.experiment_to_train
        return memory(experiment) + max(0, len(self.targets) - 1) * target_memory(experiment)

    @property
    def holds(self) -> int:
        """Bytes that it takes."""
        return (0 if self.remote is None else self.size) + self.relay.bytes

    def seconds(self, target: int) -> float:
        """How long it was trained up to a target: from its starts to its stops, whoever else was trained in between."""
        return self._held.get(target, self._seconds)

    def grow(self, update: RecordingUpdate, now: float) -> None:
        """Take in what is new."""
        self.relay.add(update)
        self.passed = update.kept
        self.is_moving = not update.over and update.epoch < self.until
        self.rate = 0.0
        if self._mark is not None:
            then, epoch = self._mark
            self._seconds += now - then
            self.rate = (update.epoch - epoch) / (now - then) if self.is_moving and now > then else 0.0
        self._mark = (now, update.epoch) if self.is_moving else None
        for target in self.targets:
            if self.relay.reached(target):
                self._held.setdefault(target, self._seconds)

    def leave(self, watch: Watch) -> None:
        """A watch does not name it any more."""
        self.named.discard(watch)
        self.present.discard(watch)
        named = {each.target for each in self.named}
        spare = [target for target in self._held if target not in named]
        for target in spare[: max(0, len(spare) - HELD_TARGETS)]:
            del self._held[target]
            self.relay.forget(target)
        if watch.target not in self.targets:
            self.relay.forget(watch.target)

    def release(self) -> None:
        """No worker has it any more."""
        self.remote, self.requested, self.only_looks, self.granted, self.passed = None, None, False, 0, ()
        self.is_moving, self.rate, self._mark = False, 0.0, None


def id_of(experiment: Experiment, visitor: str = "") -> str:
    """What the recording of an experiment is known by: the same for any number of epochs; another one for each visitor."""
    fields = astuple(replace(experiment, epochs=FIELDS["epochs"].default))
    return sha256(repr((fields, visitor)).encode()).hexdigest()[:20]
