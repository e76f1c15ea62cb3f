"""`Training`: one run in a trainer's care, as a visitor's page sees and steers it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Condition
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from bn_lab.experiment import Experiment, ExperimentError

if TYPE_CHECKING:  # the run brings torch along, which only the trainer's thread waits for
    from bn_lab.engine.history import History
    from bn_lab.engine.run import Run

HIDDEN_GRACE = 100.0
"""Seconds that a training goes on without a sign of its page: browsers slow the timers of hidden tabs down to one a minute."""

CLOSED_GRACE = 20.0
"""Seconds that it goes on after the connection broke, which a change of network or a reload also does."""

KEPT_AFTER_CLOSE = 30.0
"""Seconds between the pause of a training whose page was closed and its end."""

KEPT_AFTER_HIDE = 600.0
"""The same where the page only fell silent: a phone may have put the browser to sleep."""

PUBLISH_EVERY = 0.1
"""Seconds between two views of a running training, at least."""

PUBLISH_SHARE = 0.1
"""Share of the time that making views may take."""


log = logging.getLogger(__name__)


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

Order = Literal["all", "epoch", "step", "look"]
"""How far to train: to the end, to the end of the epoch, one batch, or not at all."""


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
    def remaining(self) -> float | None:
        """Seconds to go at the present rate, or None where unknown."""
        if self.history is None or not self.rate:
            return None
        return max(0.0, self.experiment.epochs - self.history.progress) / self.rate


class Training:
    """One run in a trainer's care. Pages call the methods below from any thread; the trainer's thread does the work.

    Attributes:
        id: what pages know it by; a new one for every start from the beginning.
        view: the latest view; read it once and use that.
    """

    def __init__(self, experiment: Experiment, changed: Condition, clock: Callable[[], float]) -> None:
        self.id = uuid4().hex[:12]
        self.view = View(State.READY, experiment)
        self._changed, self._clock = changed, clock
        self._experiment = experiment
        self._run: Run | None = None
        self._orders: list[Order] = []
        self._until: float | None = None  # train until this many steps are done; None: stand still
        self._lease, self._kept = clock() + HIDDEN_GRACE, KEPT_AFTER_HIDE
        self._asleep = False  # paused because nobody watches
        self._published, self._interval = -math.inf, PUBLISH_EVERY  # when the latest view was made, and how soon the next
        self._mark: tuple[float, float] | None = None  # time and progress when the present stretch was last measured
        self._seconds = 0.0

    # What a page asks for.

    def start(self, wait: float = 0.0) -> None:
        """Train to the end; returns when the first steps are in the view, after `wait` seconds at most.

        A page that is drawn right after this then shows something new at once instead of a tick later.
        """
        with self._changed:
            before = self.view.history
            self._order("all")
            self._changed.wait_for(lambda: self.view.history is not before or self.view.state not in ACTIVE, wait)

    def step(self, wait: float = 0.0) -> None:
        """Train one batch more, then stand still; returns when it does, after `wait` seconds at most."""
        self._order("step")
        self._rest(wait)

    def finish_epoch(self, wait: float = 0.0) -> None:
        """Train to the end of the present epoch, then stand still; returns when it does, after `wait` seconds at most."""
        self._order("epoch")
        self._rest(wait)

    def look(self, wait: float = 0.0) -> None:
        """Draw the networks and make a view of them, untrained; returns when that is done, after `wait` seconds at most."""
        self._order("look")
        with self._changed:
            self._changed.wait_for(lambda: self.view.history is not None or self.view.state is not State.READY, wait)

    def extend(self, epochs: int) -> None:
        """Plan another number of epochs, not fewer than are done, without changing what is there.

        Raises:
            ExperimentError: if `epochs` is out of range.
        """
        with self._changed:
            self._experiment = replace(self._experiment, epochs=epochs)
            history = self.view.history
            more = self.view.state is State.DONE and history is not None and epochs > history.epoch
            self._publish_state(State.PAUSED if more else self.view.state)

    def pause(self, wait: float = 0.25) -> None:
        """Stand still; returns when it does, after `wait` seconds at most."""
        with self._changed:
            self._orders.clear()
            self._until = None
            self._changed.notify_all()
        self._rest(wait)

    def _rest(self, wait: float) -> None:
        """Return when the training stands still, after `wait` seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: self.view.state not in ACTIVE, wait)

    def renew(self) -> None:
        """The page is there: go on if the training slept, and keep it for a while."""
        with self._changed:
            self._lease, self._kept = self._clock() + HIDDEN_GRACE, KEPT_AFTER_HIDE
            if self._asleep:
                self._asleep = False
                self._changed.notify_all()

    def release(self) -> None:
        """The page's connection broke: unless it renews, the training soon sleeps and then is dropped."""
        with self._changed:
            self._lease, self._kept = min(self._lease, self._clock() + CLOSED_GRACE), KEPT_AFTER_CLOSE

    # What the trainer does, on its own thread; `_changed` is not held while the run works.

    @property
    def working(self) -> bool:
        """Whether there is something to do now, be it only to say that it stands still: a pause often comes between turns."""
        return not self._asleep and self.view.state is not State.GONE and (self._wanted or self.view.state in ACTIVE)

    @property
    def _wanted(self) -> bool:
        """Whether the page wants more of the run."""
        return bool(self._orders) or self._until is not None

    def turn(self, seconds: float) -> None:
        """Take one turn of about `seconds`."""
        try:
            run = self._ready_run()
            until = self._take_order(run)
            if until is not None and not run.finished:
                if self._mark is None:
                    self._mark = self._clock(), run.progress
                run.advance(seconds, until=until)
            self._stop_where_asked(run)
            state = self._state(run)
            history = self._history(run, state)
        except Exception as error:  # whatever breaks one visitor's training must not end the thread that serves all
            if not isinstance(error, ExperimentError):
                log.exception("training failed: %r", self._experiment)
            self.fail(error)
            return
        with self._changed:
            if state is self._state(run):  # otherwise the page has asked for something else, and the next turn says so
                self._publish(state, history)

    def fail(self, error: Exception) -> None:
        """End the training with `error` for the page to show."""
        with self._changed:
            self._orders.clear()
            self._until = None
            self.view = View(State.FAILED, self._experiment, self.view.history, self._seconds, error=error)
            self._changed.notify_all()

    def let_go(self) -> None:
        """Forget the run; nothing more can be asked of this training."""
        with self._changed:
            self._orders.clear()
            self._until, self._run = None, None
            self.view = View(State.GONE, self._experiment)
            self._changed.notify_all()

    def look_after_lease(self) -> bool:
        """Fall asleep when nobody has watched for long; returns False when the training is to be dropped."""
        with self._changed:
            overdue = self._clock() - self._lease
            if overdue > self._kept:
                self.let_go()
                return False
            if overdue > 0 and self.view.state in ACTIVE and not self._asleep:
                self._asleep = True
                self._publish_state(State.PAUSED)
            return True

    def _order(self, order: Order) -> None:
        with self._changed:
            if self.view.state in (State.GONE, State.FAILED):
                return
            self._orders.append(order)
            if self.view.state not in ACTIVE and order != "look":
                self._publish_state(State.QUEUED)
            self._changed.notify_all()

    def _ready_run(self) -> Run:
        if self._run is not None and self._run.steps > self._experiment.epochs * self._run.steps_per_epoch:
            self._run = None  # fewer epochs are asked for than were done by now: once more, which gives the same numbers
        if self._run is None:
            from bn_lab.engine.run import Run

            self._run = Run(self._experiment)
        if self._run.experiment != self._experiment:
            self._run.extend(self._experiment.epochs)
        return self._run

    def _take_order(self, run: Run) -> float | None:
        """Heed the next order; returns the step to train to, or None to stand still."""
        with self._changed:
            if self._orders:
                order = self._orders.pop(0)
                if order == "all":
                    self._until = math.inf
                elif self._until is None and order != "look":
                    self._until = run.steps + (1 if order == "step" else run.steps_per_epoch - run.steps % run.steps_per_epoch)
            return self._until

    def _stop_where_asked(self, run: Run) -> None:
        with self._changed:
            if self._until is not None and (run.finished or run.steps >= self._until):
                self._until = None

    def _history(self, run: Run, state: State) -> History | None:
        """The record for a view; None while it is too early for another one: views take at most `PUBLISH_SHARE` of the time."""
        start = self._clock()
        if state is State.RUNNING and start - self._published < self._interval:
            return None
        # The mean of a few batches is too noisy a point to chase while full epochs follow each other.
        still = state is not State.RUNNING
        history = run.history(current=True, partial=still or not run.epoch, weights=still)
        self._published = self._clock()
        self._interval = max(PUBLISH_EVERY, (self._published - start) / PUBLISH_SHARE)
        return history

    def _publish(self, state: State, history: History | None) -> None:
        if history is None:
            if self.view.state is not state:
                self._publish_state(state)
            return
        rate = 0.0
        if self._mark is not None:
            now, (then, progress) = self._clock(), self._mark
            self._seconds += now - then
            rate = (history.progress - progress) / (now - then) if state is State.RUNNING and now > then else 0.0
            self._mark = (now, history.progress) if state is State.RUNNING else None
        self.view = View(state, self._experiment, history, self._seconds, rate)
        self._changed.notify_all()

    def _state(self, run: Run) -> State:
        if run.finished:
            return State.DONE
        if self._wanted:
            return State.RUNNING
        return State.PAUSED if run.steps else State.READY

    def _publish_state(self, state: State) -> None:
        if state is not State.RUNNING:
            self._mark = None
        self.view = View(state, self._experiment, self.view.history, self._seconds, self.view.rate, self.view.error)
        self._changed.notify_all()
