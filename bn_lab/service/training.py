"""`Training`: one run in a trainer's care, as a visitor's page sees and steers it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from threading import Condition
from typing import TYPE_CHECKING
from uuid import uuid4

from bn_lab.engine.cost import memory
from bn_lab.experiment import Arm, Experiment, ExperimentError
from bn_lab.service.computed import computed
from bn_lab.service.copies import Copies
from bn_lab.service.leases import Leases
from bn_lab.service.runs import new_run, untrained
from bn_lab.service.view import ACTIVE, Order, State, View

if TYPE_CHECKING:  # the run brings torch along, which only the trainer's thread waits for
    from bn_lab.engine.history import History, NetworkCopy
    from bn_lab.engine.run import Run

PUBLISH_EVERY = 0.1
"""Seconds between two views of a running training, at least."""

PUBLISH_SHARE = 0.1
"""Share of its own time that making views may take, where that is not too rare."""

PUBLISH_LATEST = 0.7
"""Seconds after which a training that has had a turn is seen again, also where many others train."""

FREE_BUILD = 0.1
"""Seconds of building a run that are not charged: who comes new has to build one."""

log = logging.getLogger(__name__)


class Training:
    """One run in a trainer's care. Pages call the methods below from any thread; the trainer's thread does the work.

    Attributes:
        id: what the trainer knows it by.
        run: what pages know its numbers by: a fork goes on with the same ones, and so has the same.
        view: the latest view; read it once and use that.
        spent: seconds that it has had of the trainer's thread, a second counting less the more visitors watch.
        served: number of its latest turn among all turns; both are kept by the trainer.
    """

    def __init__(self, experiment: Experiment, changed: Condition, clock: Callable[[], float], visitor: str = "") -> None:
        self.id = self.run = uuid4().hex[:12]
        self.view = View(State.READY, experiment)
        self.spent, self.served = 0.0, 0
        self._changed, self._clock = changed, clock
        self._experiment = experiment
        self._run: Run | None = None
        self._origin: Run | None = None  # to be copied by the trainer's thread, which alone may touch it
        self._owed = 0  # steps of the view that a run made anew has to do again
        self._orders: list[Order] = []
        self._copies = Copies(changed)
        self._until: float | None = None  # train until this many steps are done; None: stand still
        self._leases = Leases(clock, visitor)
        self._asleep = False  # paused because nobody watches
        self._published, self._making = -math.inf, 0.0  # when the latest view was made, and how long that took
        self._worked = 0.0  # seconds of training since then
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

    def reach(self, epochs: int) -> None:
        """Train until so many epochs are done, then stand still."""
        self._order(epochs)

    def look(self, wait: float = 0.0) -> None:
        """Draw the networks and make a view of them, untrained; returns when that is done, after `wait` seconds at most."""
        self._order("look")
        with self._changed:
            self._changed.wait_for(lambda: self.view.history is not None or self.view.state is not State.READY, wait)

    def network(self, arm: Arm, seed: int, wait: float) -> NetworkCopy | None:
        """A copy of one network as it is now; nothing that is trained, or seen of it, changes by that.

        A run that was given up is made anew for it, and trained to where it was.

        Returns:
            None where nothing is trained yet, or any more, or where it takes more than `wait` seconds.
        """
        with self._changed:
            history = self.view.history
            if history is None or not history.steps:
                return None
            if self.view.state not in ACTIVE and (found := history.network(arm, seed)) is not None:
                return found
            return None if self._has_ended else self._copies.ask(arm, seed, wait)

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

    def fork(self, visitor: str, *, epochs: int | None = None, copy: bool = True) -> Training:
        """Another training that stands where this one does, for one visitor.

        Args:
            visitor: who watches it.
            epochs: another number of epochs for it, not fewer than are done.
            copy: whether the run is copied; otherwise it is made anew when it is needed, and trained to where this one stands.

        Raises:
            ExperimentError: if `epochs` is out of range.
        """
        with self._changed:
            experiment = self._experiment if epochs is None else replace(self._experiment, epochs=epochs)
            new = Training(experiment, self._changed, self._clock, visitor)
            history = self.view.history
            steps = 0 if history is None else history.steps
            new.run, new._origin, new._owed = self.run, self._run or self._origin if copy else None, steps
            state = State.PAUSED if steps else State.READY
            new.view = View(state, experiment, history, self._seconds)
            new._seconds, new.spent = self._seconds, self.spent
            return new

    # Who watches.

    def renew(self, visitor: str = "") -> None:
        """This visitor's page is there: go on if the training slept, and keep it for a while."""
        with self._changed:
            self._leases.renew(visitor)
            if self._asleep:
                self._asleep = False
                if self._wanted:
                    self._publish_state(State.QUEUED)
                self._changed.notify_all()

    def release(self, visitor: str = "") -> None:
        """This visitor's connection broke: unless the page comes back, it soon counts as gone."""
        with self._changed:
            self._leases.release(visitor)

    def leave(self, visitor: str = "") -> None:
        """This visitor looks at something else now."""
        with self._changed:
            self._leases.leave(visitor)

    @property
    def asleep(self) -> bool:
        """Whether it only stands still because nobody watches."""
        return self._asleep

    def watchers(self, but: str | None = None) -> int:
        """How many visitors watch, apart from the one named."""
        return self._leases.count(but)

    # What the trainer does, on its own thread; `_changed` is not held while the run works.

    @property
    def working(self) -> bool:
        """Whether there is something to do now, be it only to say that it stands still: a pause often comes between turns."""
        if self.view.state is State.GONE:
            return False
        return bool(self._copies) or (not self._asleep and (self._wanted or self.view.state in ACTIVE))

    @property
    def _has_ended(self) -> bool:
        """Whether nothing more can be asked of it."""
        return self.view.state in (State.GONE, State.FAILED)

    @property
    def _is_behind(self) -> bool:
        """Whether the run is not there, or not as far as what is seen of it."""
        return self._run is None or self._run.steps < self._owed

    @property
    def _wanted(self) -> bool:
        """Whether the page wants more of the run."""
        return bool(self._orders) or self._until is not None

    @property
    def urgent(self) -> bool:
        """Whether a page waits for something that takes next to no time: to stand still, one step, or the first look."""
        if self._copies and self._is_behind:
            return False
        return not self._wanted or self._orders[:1] in (["step"], ["look"])

    @property
    def holds(self) -> int:
        """Bytes that its run takes, or is about to; 0 without one."""
        return memory(self._experiment) if self._run is not None or self._origin is not None else 0

    @property
    def builds(self) -> int:
        """Bytes that its next turn takes besides, where that makes a run; 0 where it does not."""
        return 0 if self.holds or not (self._wanted or self._copies) else memory(self._experiment)

    def shed(self) -> bool:
        """Give the run up, and keep the view: it is made anew when it is needed. False where it is needed now."""
        with self._changed:
            if self._run is None or self._wanted or self._copies or self.view.state in ACTIVE or self.view.history is None:
                return False
            self._run, self._owed = None, self.view.history.steps
            return True

    def turn(self, seconds: float) -> float:
        """Take one turn of about `seconds`; returns how many seconds of computing it is to be charged for."""
        start, free = computed(), 0.0
        try:
            if not (self._take_copies() or self._take_rest() or self._take_look()):
                free = self._take_turn(seconds)
        except Exception as error:  # whatever breaks one visitor's training must not end the thread that serves all
            if not isinstance(error, ExperimentError):
                log.exception("training failed: %r", "own data" if self._experiment.is_private else self._experiment)
            self.fail(error)
        return computed() - start - free

    def _take_turn(self, seconds: float) -> float:
        """Train, and make a view of it; returns the seconds that are not charged."""
        begun = computed()
        run = self._ready_run()
        start = computed()
        until = self._take_order(run)
        if until is not None and not run.finished:
            if self._mark is None and self._wanted:
                self._mark = self._clock(), run.progress
            run.advance(seconds, until=until)
            self._worked += computed() - start
        self._stop_where_asked(run)
        state = self._state(run)
        history = self._history(run, state)
        with self._changed:
            # Otherwise the page has asked for something else, and the next turn says so; or only for a copy, and sees nothing.
            seen = self._wanted or not self._is_behind
            if seen and state is self._state(run) and run.experiment == self._experiment:
                self._publish(state, history)
        return min(start - begun, FREE_BUILD)

    def _take_copies(self) -> bool:
        """Copy the networks that pages ask for, once the run is where they saw it."""
        run = self._run
        if not self._copies or run is None or self._is_behind:
            return False
        self._copies.answer(run)
        return True

    def _take_rest(self) -> bool:
        """Say that it stands still, where nothing else is asked for and no run is needed to say so."""
        with self._changed:
            if self._wanted or self._copies or self._run is not None or self._origin is not None:
                return False
            self._publish_state(State.PAUSED if self.view.history is not None and self.view.history.steps else State.READY)
            return True

    def fail(self, error: Exception) -> None:
        """End the training with `error` for the page to show."""
        with self._changed:
            if self.view.state is State.GONE:
                return
            self._orders.clear()
            self._copies.clear()
            self._until = None
            self.view = View(State.FAILED, self._experiment, self.view.history, self._seconds, error=error)
            self._changed.notify_all()

    def let_go(self) -> None:
        """Forget the run; nothing more can be asked of this training."""
        with self._changed:
            self._orders.clear()
            self._copies.clear()
            self._until, self._run, self._origin = None, None, None
            self.view = View(State.GONE, self._experiment)
            self._changed.notify_all()

    def look_after_leases(self) -> bool:
        """Fall asleep when nobody watches; returns False when nobody has watched for so long that it may be dropped."""
        with self._changed:
            over = self._leases.over
            if not self.watchers() and self.view.state in ACTIVE and not self._asleep:
                self._asleep = True
                self._publish_state(State.PAUSED)
            return not over

    def _order(self, order: Order) -> None:
        with self._changed:
            if self._has_ended:
                return
            self._orders.append(order)
            if self.view.state not in ACTIVE and order != "look":
                self._publish_state(State.QUEUED)
            self._changed.notify_all()

    def _take_look(self) -> bool:
        """Show the untrained networks where nothing else is asked for: they need no run, and all who look share them."""
        with self._changed:
            if self._orders != ["look"] or self._run is not None or self._origin is not None or self._owed:
                return False
            self._orders.clear()
        history = untrained(self._experiment)
        with self._changed:
            if not self._wanted:
                self._publish(State.READY, history)
        return True

    def _ready_run(self) -> Run:
        with self._changed:
            run, origin = self._run, self._origin
        if run is None and origin is not None:
            run = origin.fork()
        if run is not None and run.steps > self._experiment.epochs * run.steps_per_epoch:
            # Fewer epochs are asked for than were done by now: once more, which gives the same numbers.
            run, self._owed = None, 0 if self.view.history is None else self.view.history.steps
        if run is None:
            run = new_run(self._experiment)
        if run.experiment != self._experiment:
            run.extend(self._experiment.epochs)
        with self._changed:
            if self.view.state is not State.GONE:
                self._run, self._origin = run, None
        return run

    def _take_order(self, run: Run) -> float | None:
        """Heed the next order; returns the step to train to, or None to stand still."""
        with self._changed:
            if self._orders:
                order = self._orders.pop(0)
                if order == "all":
                    self._until = math.inf
                elif self._until is None and order != "look":
                    self._until = self._end_of(order, max(run.steps, self._owed), run.steps_per_epoch)
            if self._until is None and self._copies and run.steps < self._owed:
                return self._owed
            return self._until

    @staticmethod
    def _end_of(order: Order, steps: int, per_epoch: int) -> int:
        """After how many steps an order is carried out that is given after `steps`."""
        if isinstance(order, int):
            return max(steps, order * per_epoch)
        return steps + (1 if order == "step" else per_epoch - steps % per_epoch)

    def _stop_where_asked(self, run: Run) -> None:
        with self._changed:
            if self._until is not None and (run.finished or run.steps >= self._until):
                self._until = None

    def _history(self, run: Run, state: State) -> History | None:
        """The record for a view; None while it is too early for another one: views take at most `PUBLISH_SHARE` of the time."""
        start = self._clock()
        if run.steps < self._owed:
            return None  # the view is ahead of a run that was made anew
        if state is State.RUNNING and not self._is_due(start - self._published):
            return None
        # The mean of a few batches is too noisy a point to chase while full epochs follow each other.
        still = state is not State.RUNNING
        history = run.history(current=True, partial=still or not run.epoch, weights=still)
        self._published = self._clock()
        self._making, self._worked = self._published - start, 0.0
        return history

    def _is_due(self, since: float) -> bool:
        """Whether it is time for another view, so many seconds after the last one."""
        rare = since >= max(PUBLISH_LATEST, 5 * self._making)
        return since >= PUBLISH_EVERY and (self._worked >= self._making / PUBLISH_SHARE or rare)

    def _publish(self, state: State, history: History | None) -> None:
        if self.view.state is State.GONE:
            return
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
        if self.view.state is State.GONE:
            return
        if state is not State.RUNNING:
            self._mark = None
        self.view = View(state, self._experiment, self.view.history, self._seconds, self.view.rate, self.view.error)
        self._changed.notify_all()
