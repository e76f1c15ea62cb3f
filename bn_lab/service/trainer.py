"""`Trainer`: the one thread on which all runs train, in turns.

Networks this small are bound by the interpreter: two training threads together do less than one alone. So there is one, and
runs take turns of a few milliseconds, which also makes every run's numbers independent of the others.
"""

from __future__ import annotations

import atexit
import logging
import time
from collections.abc import Callable
from threading import Condition, Thread

from bn_lab.experiment import Experiment
from bn_lab.service.training import Training

SLICE = 0.02
"""Seconds of a turn."""

HOUSEKEEPING = 0.5
"""Seconds between two looks at the leases."""

log = logging.getLogger(__name__)


class Trainer:
    """Trains what it is given, in turns, on a thread that exists only while there is something to look after.

    Args:
        clock: seconds, never going back.
        threaded: False for tests, which call `turn` themselves.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, threaded: bool = True) -> None:
        self._clock, self._threaded = clock, threaded
        self._changed = Condition()
        self._trainings: dict[str, Training] = {}
        self._thread: Thread | None = None
        self._looked = clock()
        self._closing = False
        if threaded:
            atexit.register(self.close)  # a thread inside torch when the interpreter goes down would abort the process

    def add(self, experiment: Experiment) -> Training:
        """Take a new training into care; it does nothing until it is told to."""
        training = Training(experiment, self._changed, self._clock)
        with self._changed:
            self._trainings[training.id] = training
            if self._threaded and self._thread is None:
                self._thread = Thread(target=self._work, name="bn-lab-trainer", daemon=True)
                self._thread.start()
        return training

    def get(self, training_id: str) -> Training | None:
        """The training of that id, or None if it was dropped."""
        return self._trainings.get(training_id)

    def drop(self, training_id: str) -> None:
        """Forget a training; what it has recorded stays with whoever holds a view of it."""
        with self._changed:
            if (training := self._trainings.pop(training_id, None)) is not None:
                training.let_go()

    @property
    def trainings(self) -> list[Training]:
        """All trainings in care."""
        return list(self._trainings.values())

    def close(self) -> None:
        """End the thread; nothing is trained any more."""
        self._closing = True
        with self._changed:
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout=5)

    def turn(self) -> bool:
        """Give every working training one turn and look after the leases; False if there was nothing to do."""
        busy = False
        for training in self.trainings:
            if training.working:  # asked only now: an earlier turn may have taken long
                busy = True
                training.turn(SLICE)
        if self._clock() - self._looked >= HOUSEKEEPING:
            self._looked = self._clock()
            for training in self.trainings:
                if not training.look_after_lease():
                    self._trainings.pop(training.id, None)
        return busy

    def _work(self) -> None:
        warm_up()
        while True:
            try:
                busy = self.turn()
            except Exception:  # a mistake of ours; the visitors' other trainings go on
                log.exception("a turn of the trainer failed")
                busy = False
            with self._changed:
                if self._closing or not self._trainings:
                    self._thread = None
                    return
                if not busy and not any(training.working for training in self.trainings):
                    self._changed.wait(HOUSEKEEPING)


def warm_up() -> None:
    """Import the engine, which takes a second: on the trainer's thread, so that a page need not wait for it."""
    import bn_lab.engine.run  # noqa: F401
