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

SPARE_TARGETS = 4
"""Targets that a recording has reached and that nobody watches any more, which it keeps for who comes later."""


class Recording:
    """The recording of one experiment, as the page's process knows it.

    Attributes:
        id: what it is known by.
        experiment: what is trained; its number of epochs means nothing here.
        table: a visitor's own data.
        owner: name of the only visitor who may watch it, where the data are the visitor's own; else empty.
        only_target: the one epoch at which it ends, where the experiment's shared recording has passed that; else None.
        relay: the numbers that have come from workers.
        watches: all that name it; present: those of them whose visitors are there.
        left: when the last visitor was there, in seconds of the clock.
        error: why it cannot be trained.
        remote: the worker that has it; None where no memory is taken for a run.
        admitted_bytes: what its run was taken to need when there was room for it last.
        first_look_only: whether it has a worker for the first look only, for which nobody waits until there is memory.
        granted: epochs to which the worker may have trained it.
        passed: passed epochs that may still become targets.
        requested: what its worker was asked for last.
        is_moving: whether it has had a turn since its worker was asked to train it.
        is_suspect: whether a worker was lost that had it.
        asks: what its worker is to reply to, by number.
        place: in the queue for memory, from 1; 0 where it does not wait.
        rate: epochs a second of late; 0 where unknown.
    """

    def __init__(
        self, name: str, experiment: Experiment, table: Table | None, owner: str, only_target: int | None, now: float
    ) -> None:
        self.id, self.experiment, self.table, self.owner, self.only_target = name, experiment, table, owner, only_target
        self.relay = Relay()
        self.watches: set[Watch] = set()
        self.present: set[Watch] = set()
        self.left = now
        self.error: ExperimentError | None = None
        self.remote: Remote | None = None
        self.admitted_bytes = 0
        self.first_look_only = False
        self.granted = 0
        self.passed: tuple[int, ...] = ()
        self.requested: Requested | None = None
        self.is_moving = False
        self.is_suspect = False
        self.asks: dict[int, Ask] = {}
        self.place = 0
        self.rate = 0.0
        self._seconds = 0.0  # of training so far
        self._reached: dict[int, float] = {}  # targets that were reached, and the seconds that it took
        self._last_moving: tuple[float, float] | None = None  # time and epoch of the latest update in training
        self._furthest = experiment.epochs

    @property
    def targets(self) -> tuple[int, ...]:
        """Epochs at which it ends for somebody."""
        return tuple(sorted({watch.target for watch in self.watches} | set(self._reached)))

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
        if self.only_target is not None:
            return target == self.only_target
        if self.remote is None or target >= self.granted or target in self.passed or target in self.targets:
            return True
        return self.relay.over and target >= self.relay.epoch

    @property
    def experiment_to_train(self) -> Experiment:
        """With its furthest target as number of epochs."""
        self._furthest = max(self.targets, default=self._furthest)
        return replace(self.experiment, epochs=self._furthest)

    @property
    def run_bytes(self) -> int:
        """Bytes that its run takes in a worker, by the estimate of `bn_lab.engine.cost`."""
        experiment = self.experiment_to_train
        return memory(experiment) + max(0, len(self.targets) - 1) * target_memory(experiment)

    @property
    def bytes(self) -> int:
        """Bytes that it takes: its run, where a worker has one, and the rows that are here."""
        return (0 if self.remote is None else self.run_bytes) + self.relay.bytes

    def seconds(self, target: int) -> float:
        """How long it was trained up to a target: from its starts to its stops, whoever else was trained in between."""
        return self._reached.get(target, self._seconds)

    def take_in(self, update: RecordingUpdate, now: float) -> None:
        """Note what a worker says is new."""
        self.relay.add(update)
        self.passed = update.checkpoints
        self.is_moving = not update.over and update.epoch < self.until
        self.rate = 0.0
        if self._last_moving is not None:
            then, epoch = self._last_moving
            self._seconds += now - then
            self.rate = (update.epoch - epoch) / (now - then) if self.is_moving and now > then else 0.0
        self._last_moving = (now, update.epoch) if self.is_moving else None
        for target in self.targets:
            if self.relay.reached(target):
                self._reached.setdefault(target, self._seconds)

    def leave(self, watch: Watch) -> None:
        """A watch does not name it any more."""
        self.watches.discard(watch)
        self.present.discard(watch)
        named = {each.target for each in self.watches}
        spare = [target for target in self._reached if target not in named]
        for target in spare[: max(0, len(spare) - SPARE_TARGETS)]:
            del self._reached[target]
            self.relay.forget(target)
        if watch.target not in self.targets:
            self.relay.forget(watch.target)

    def release(self) -> None:
        """No worker has it any more."""
        self.remote, self.requested, self.first_look_only, self.granted, self.passed = None, None, False, 0, ()
        self.is_moving, self.rate, self._last_moving = False, 0.0, None


def id_of(experiment: Experiment, visitor: str = "") -> str:
    """What the recording of an experiment is known by: the same for any number of epochs; another one for each visitor."""
    fields = astuple(replace(experiment, epochs=FIELDS["epochs"].default))
    return sha256(repr((fields, visitor)).encode()).hexdigest()[:20]
