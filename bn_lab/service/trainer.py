"""`Trainer`: the one thread on which all runs train, in turns.

Networks this small are bound by the interpreter: two training threads together do less than one alone. So there is one, and
runs take turns of a few milliseconds, which also makes every run's numbers independent of the others.

Turns are dealt out fairly: next is who has had least so far, a second counting less the more visitors watch: between a share
for each run and one for each visitor, what four watch gets twice as much as what one does. What has just begun to work is put
on a level with who was served last, so it is served at once and gains nothing by having waited.
"""

from __future__ import annotations

import atexit
import gc
import logging
import math
import sys
import time
from collections.abc import Callable, Sequence
from threading import Condition, Thread

from bn_lab.experiment import Experiment
from bn_lab.service.limits import MB, Limits
from bn_lab.service.training import Training
from bn_lab.service.view import ACTIVE, State

SLICE, ROUND, SHORTEST = 0.02, 0.15, 0.005
"""Seconds of a turn, which are fewer where so many train that all their turns would take longer than `ROUND`, but not less than
`SHORTEST`: a training shows itself once in its turn at most."""

SWITCH = 0.001
"""Seconds after which a thread that computes lets another one in, not Python's 0.005: a page waits for it a dozen times."""

HOUSEKEEPING = 0.5
"""Seconds between two looks at the leases."""

log = logging.getLogger(__name__)


class Trainer:
    """Trains what it is given, in turns, on a thread that exists only while there is something to look after.

    A training is shared by all who ask for its experiment from `share` to `withdraw`: while it goes on by itself, and when it
    has ended, until its memory is needed. What is trained on a visitor's own data is never shared.

    Args:
        clock: seconds, never going back.
        threaded: False for tests, which call `turn` themselves.
        limits: what this process gives.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        threaded: bool = True,
        limits: Limits | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._clock, self._threaded = clock, threaded
        self._changed = Condition()
        self._trainings: dict[str, Training] = {}  # in order of arrival
        self._shared: dict[Experiment, Training] = {}
        self._standing: dict[tuple[Experiment, int], Training] = {}
        self._thread: Thread | None = None
        self._looked = clock()
        self._closing = False
        self._working: set[str] = set()  # who had something to do at the last turn
        self._level = 0.0  # what the one that was served last had had
        self._served = 0  # turns so far
        self._quiet = False  # whether there was nobody and nothing but kept trainings at the last look at the leases
        if threaded:
            atexit.register(self.close)  # a thread inside torch when the interpreter goes down would abort the process

    def add(self, experiment: Experiment, visitor: str = "") -> Training:
        """Take a new training into care; it does nothing until it is told to.

        Raises:
            LimitError: for more than this process gives.
        """
        self.limits.check(experiment)
        return self._keep(Training(experiment, self._changed, self._clock, visitor))

    def fork(self, training: Training, visitor: str, epochs: int | None = None) -> Training:
        """Take another training into care that stands where this one does.

        Args:
            training: what to copy.
            visitor: who watches the copy.
            epochs: another number of epochs to plan for it.

        Raises:
            ExperimentError: if `epochs` is out of range. LimitError: if it is more than this process gives.
        """
        with self._changed:
            copied = training.fork(visitor, epochs=epochs, copy=self._make_room(training.holds))
            self.limits.check(copied.view.experiment)
            return self._keep(copied)

    def _keep(self, training: Training) -> Training:
        with self._changed:
            self._trainings[training.id] = training
            self.attend()
        return training

    def attend(self) -> None:
        """Somebody is there: have a thread to look after what they watch."""
        with self._changed:
            if self._threaded and self._thread is None:
                self._thread = Thread(target=self._work, name="bn-lab-trainer", daemon=True)
                self._thread.start()

    def get(self, training_id: str) -> Training | None:
        """The training of that id, or None if it was dropped."""
        return self._trainings.get(training_id)

    def drop(self, training_id: str) -> None:
        """Forget a training; what it has recorded stays with whoever holds a view of it."""
        with self._changed:
            if (training := self._trainings.pop(training_id, None)) is not None:
                self.withdraw(training)
                training.let_go()

    @property
    def trainings(self) -> list[Training]:
        """All trainings in care."""
        with self._changed:
            return list(self._trainings.values())

    @property
    def lock(self) -> Condition:
        """Held by whoever asks and then acts on the answer."""
        return self._changed

    # One training for all who ask for its experiment.

    def find(self, experiment: Experiment) -> Training | None:
        """The training of this experiment that goes on by itself, or has ended."""
        with self._changed:
            found = self._shared.get(experiment)
            return None if found is None or found.view.state in (State.GONE, State.FAILED) else found

    def share(self, training: Training) -> bool:
        """Let others find a training; False where they find another one of the same experiment already, or nobody may."""
        with self._changed:
            private = training.view.experiment.is_private
            if private or self.find(training.view.experiment) not in (None, training):
                return False
            self._shared[training.view.experiment] = training
            return True

    def find_standing(self, experiment: Experiment, epochs: int) -> Training | None:
        """The training of this experiment that others opened to stand still after so many epochs, and that does so or will."""
        with self._changed:
            found = self._standing.get((experiment, epochs))
            if found is None or found.view.state in (State.GONE, State.FAILED) or found.view.progress > epochs:
                return None
            return found

    def share_standing(self, training: Training, epochs: int) -> None:
        """Let others find a training that goes to so many epochs, and who goes on from there does so with a copy."""
        with self._changed:
            if not training.view.experiment.is_private:
                self._standing[training.view.experiment, epochs] = training

    def withdraw(self, training: Training) -> None:
        """Let nobody find a training any more; who watches it goes on watching."""
        with self._changed:
            self._shared = {key: found for key, found in self._shared.items() if found is not training}
            self._standing = {key: found for key, found in self._standing.items() if found is not training}

    def shares(self, training: Training) -> bool:
        """Whether others find this training."""
        return self.find(training.view.experiment) is training

    @property
    def watching(self) -> int:
        """How many visitors watch something that moves."""
        return sum(training.watchers() for training in self.trainings if training.view.state in ACTIVE)

    def place(self, training: Training) -> int:
        """Place in line of a training that waits for its first turn, counted from 1; 0 for one that does not wait."""
        waiting = [each for each in self.trainings if each.view.state is State.QUEUED]
        return waiting.index(training) + 1 if training in waiting else 0

    # The thread.

    def close(self) -> None:
        """End the thread; nothing is trained any more."""
        self._closing = True
        with self._changed:
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout=5)

    def turn(self) -> bool:
        """Give the training whose turn it is one, and look after the leases; False if there was nothing to do."""
        if self._clock() - self._looked >= HOUSEKEEPING:
            self._looked = self._clock()
            self._look_after_leases()
        training = self._next()
        if training is not None:
            part = max(SHORTEST, min(SLICE, ROUND / len(self._working)))
            training.spent += training.turn(part) / math.sqrt(max(1, training.watchers()))
        return training is not None

    def _next(self) -> Training | None:
        """The training whose turn it is: that wants almost nothing, else had least; of equals, was served longest ago."""
        working = [training for training in self.trainings if training.working]
        for training in working:
            if training.id not in self._working:
                training.spent = max(training.spent, self._level)
        self._working = {training.id for training in working}
        most = self._level + 2 * SLICE  # who has had much more than the others must wait, be it for a single step
        urgent = {training for training in working if training.urgent and training.spent <= most}
        line = sorted(working, key=lambda training: (training not in urgent, training.spent, training.served))
        found = next((training for training in line if self._make_room(training.builds)), None)
        if found is not None:
            self._served += 1
            found.served = self._served
            if found not in urgent:
                self._level = found.spent
        return found

    def _look_after_leases(self) -> None:
        with self._changed:  # nobody may come to watch what is about to be dropped
            over = [training for training in self.trainings if not training.look_after_leases()]
            kept = [training for training in over if self._is_kept(training)]
            for training in set(over) - set(kept):
                self.drop(training.id)
            self._forget(kept)
            self._quiet = len(kept) == len(over) and set(self.trainings) <= set(kept)

    def _is_kept(self, training: Training) -> bool:
        """Whether a training needs nobody, and is only there for who opens its link."""
        return not training.watchers() and training.holds > 0 and training.view.state is State.DONE and self.shares(training)

    def _forget(self, kept: Sequence[Training]) -> None:
        """Drop what nobody watches of the finished trainings, the oldest first, as far as they are too many."""
        excess = sum(training.holds for training in kept) - self.limits.finished_mb * MB
        for training in sorted(kept, key=lambda training: training.served):
            if excess <= 0:
                return
            excess -= training.holds
            self.drop(training.id)

    def _make_room(self, needed: int) -> bool:
        """Have `needed` bytes free, at the cost of what nobody watches, oldest first, then of what only stands there."""
        if not needed:
            return True
        with self._changed:
            held = {training: training.holds for training in self.trainings}
            excess = sum(held.values()) + needed - self.limits.trainings_mb * MB
            free = {training: size for training, size in held.items() if size and not training.working}
            if excess > sum(free.values()):
                return False  # and nobody loses anything for it
            for training in sorted(free, key=lambda training: (training.watchers() > 0, training.served)):
                if excess <= 0:
                    break
                if self._give_up(training):
                    excess -= free[training]
            return excess <= 0

    def _give_up(self, training: Training) -> bool:
        """Free the memory of a training's run, if it is not at work; one that nobody watches is dropped."""
        if training.working:
            return False
        if training.watchers():
            return training.shed()
        self.drop(training.id)
        return True

    def _work(self) -> None:
        sys.setswitchinterval(SWITCH)
        warm_up()
        while True:
            try:
                busy = self.turn()
            except Exception:  # a mistake of ours; the visitors' other trainings go on
                log.exception("a turn of the trainer failed")
                busy = False
            with self._changed:
                if self._closing or not self._trainings or (self._quiet and all(map(self._is_kept, self.trainings))):
                    self._thread = None
                    return
                if not busy:
                    self._changed.wait(HOUSEKEEPING)


def warm_up() -> None:
    """Import the engine, which takes a second: on the trainer's thread, so that a page need not wait for it. Then tidy up."""
    import bn_lab.engine.run  # noqa: F401

    if not gc.get_freeze_count():
        # What is there now stays for good: later collections of garbage, which stop everything else, need not look at it.
        gc.collect()
        gc.freeze()
