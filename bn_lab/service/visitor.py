"""`Visitor` and `Watch`: what one page watches, for as long as it is there.

A run of the page's script declares what the page watches, under a *slot* for each place that shows something. That counts for
`timing.RELOAD` seconds, and for as long as a connection of the page is open (`bn_lab.server.stream`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bn_lab import timing
from bn_lab.datasets import Table, keep, table_of
from bn_lab.engine.summary import Finding
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.figures.frame import Block
from bn_lab.service.limits import LimitError, setting
from bn_lab.service.messages import WatchState
from bn_lab.service.relay import END

if TYPE_CHECKING:
    from bn_lab.engine.history import History, NetworkCopy
    from bn_lab.service.recordings import Recordings

BUDGET = 256_000
"""Bytes of rows that are sent at once, where so many wait: some dozens of moments."""


def _nothing() -> None:
    """The listener of a connection without one."""


@dataclass(frozen=True)
class WatchProgress:
    """What a watched recording is doing.

    Attributes:
        state: as far as it is watched.
        epoch: epochs trained, the present one in part; at most the target.
        target: the epoch at which it ends.
        place: in the queue for memory, from 1; 0 where it does not wait.
        seconds: time from its starts to its stops, which is more than its own where others are trained in between.
        rate: epochs a second of late, 0 where unknown.
        error: why it failed.
        findings: what the numbers at the target say; empty before.
        moments: how many are recorded up to the target.
    """

    state: WatchState
    epoch: float
    target: int
    place: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    error: ExperimentError | None = None
    findings: tuple[Finding, ...] = ()
    moments: int = 0

    @property
    def remaining(self) -> float | None:
        """Seconds to go at the present rate, or None where unknown."""
        return max(0.0, self.target - self.epoch) / self.rate if self.rate > 0 else None


class Watch:
    """One recording, up to one target, as one visitor watches it. Made by `Visitor.want`.

    Attributes:
        visitor: who watches; slot: for which place on the page.
        recording: id of the recording; names: all ids that it had, of which the page may know an older one: after a time away
            the same numbers may be those of another recording.
        experiment: what is trained; target: its number of epochs.
        wanted: how far it is to be trained for this visitor now, at most the target.
        table: the visitor's own data.
        parts: what of it the page looks at.
    """

    def __init__(
        self, recordings: Recordings, visitor: Visitor, slot: str, experiment: Experiment, table: Table | None, recording: str
    ) -> None:
        self._recordings = recordings
        self.visitor, self.slot, self.recording = visitor, slot, recording
        self.names = {recording}
        self.experiment, self.target, self.table = experiment, experiment.epochs, table
        self.wanted = 0
        self.parts: frozenset[str] = frozenset()

    def rename(self, recording: str) -> None:
        """The same numbers are those of another recording from now on."""
        self.recording = recording
        self.names.add(recording)

    def go(self, epochs: int) -> None:
        """Have it trained up to so many epochs, at most to the target; what has failed is tried again."""
        with self._recordings.changing():
            self.wanted = max(self.wanted, min(epochs, self.target))
            if (recording := self._recordings.find(self.recording)) is not None:
                self._recordings.retry(recording)

    @property
    def progress(self) -> WatchProgress:
        """What it is doing."""
        with self._recordings.changing():
            recording = self._recordings.find(self.recording)
            if recording is None:
                return WatchProgress(WatchState.READY, 0.0, self.target)
            relay = recording.relay
            if recording.error is not None:
                state = WatchState.FAILED
            elif relay.reached(self.target):
                state = WatchState.ENDED
            elif recording.wants_more and recording.is_moving:
                state = WatchState.TRAINING
            elif self.wanted > relay.epoch or (recording.place and relay.layouts is None):
                state = WatchState.QUEUED
            else:
                state = WatchState.READY
            return WatchProgress(
                state,
                min(relay.epoch, float(self.target)),
                self.target,
                recording.place if state is WatchState.QUEUED else 0,
                recording.seconds(self.target),
                recording.rate if state is WatchState.TRAINING else 0.0,
                recording.error,
                relay.findings.get(self.target, ()),
                relay.count(self.target),
            )

    @property
    def layouts(self) -> dict[str, Any] | None:
        """How rows are divided, as JSON knows it: `{part: {axis, fields, size}}`; None before the first moment."""
        with self._recordings.changing():
            recording = self._recordings.find(self.recording)
            return None if recording is None else recording.relay.description

    def rows(self, sent: Mapping[str, int], budget: int = BUDGET) -> list[Block]:
        """Rows that were not sent yet, up to the target; and note which parts the page looks at.

        Args:
            sent: by part that is looked at, how many rows were sent; the name with `!` stands for its end row.
            budget: bytes to send at most, or one row of every part.
        """
        with self._recordings.changing():
            if (recording := self._recordings.find(self.recording)) is None:
                return []
            known = recording.relay.layouts  # names that are none of a part are not handed on to a worker
            parts = frozenset(part for part in sent if not part.endswith(END) and (known is None or part in known))
            if parts != self.parts:
                self.parts = parts
                self._recordings.schedule(recording)
            return recording.relay.blocks(sent, self.target, budget)

    def history(self, timeout: float = timing.REPLY_TIMEOUT) -> History:
        """The whole record, as far as it is trained, cut at the target.

        Raises:
            RequestError: it takes longer than `timeout` seconds, or cannot be had.
        """
        history: History = self._recordings.ask("history", self, (self.target,), timeout)
        return history

    def network(self, arm: str, seed: int, timeout: float = timing.REPLY_TIMEOUT) -> NetworkCopy:
        """A copy of one network, at the target or as far as it is trained.

        Raises:
            RequestError: it takes longer than `timeout` seconds, or cannot be had.
        """
        network: NetworkCopy = self._recordings.ask("network", self, (self.target, arm, seed), timeout)
        return network


class Visitor:
    """One page. Made by `Recordings.visitor`.

    Attributes:
        name: what its session calls it.
        token: by which its connection proves whose it is.
    """

    def __init__(self, recordings: Recordings, name: str, token: str, clock: Callable[[], float]) -> None:
        self.name, self.token = name, token
        self._recordings, self._clock = recordings, clock
        self._watches: dict[str, Watch] = {}
        self._until = clock() + timing.RELOAD  # without a connection it counts as there until then
        self._listeners: list[Callable[[], None]] = []  # one for each open connection
        self._hidden: float | None = None  # since when its page is
        self._was_present = False  # whether its watches count at present

    @property
    def watches(self) -> Mapping[str, Watch]:
        """What it watches, by slot."""
        return dict(self._watches)

    def want(self, slot: str, experiment: Experiment, wanted: int | None = None, table: Table | None = None) -> Watch:
        """Watch an experiment up to its number of epochs; to be said in every run of the script.

        Args:
            slot: the place on the page; whatever else it showed is not watched any more.
            experiment: what to watch.
            wanted: how many epochs to train for now, to the end where not given; the same experiment keeps the larger number.
            table: the visitor's own data, where it is about those.

        Raises:
            LimitError: for more than the server gives. ExperimentError: the data are not there.
        """
        with self._recordings.changing():
            self._until = max(self._until, self._clock() + timing.RELOAD)
            self.update_presence()
            watch = self._watches.get(slot)
            if watch is None or watch.experiment != experiment:
                return self._new(slot, experiment, wanted, table)
            if (epochs := watch.target if wanted is None else wanted) > watch.wanted:
                watch.go(epochs)
            return watch

    def _new(self, slot: str, experiment: Experiment, wanted: int | None, table: Table | None) -> Watch:
        if experiment.is_private:
            table = table_of(experiment) if table is None else keep(table)
        limits = self._recordings.limits
        limits.check(experiment)
        if slot not in self._watches and len(self._watches) >= limits.visitor_watches:
            high = limits.visitor_watches
            raise LimitError("experiment", "watches", len(self._watches) + 1, setting=setting("visitor_watches"), high=high)
        recording = self._recordings.name_for(experiment, self.name, table)
        before = self._watches.get(slot)
        watch = self._watches[slot] = Watch(self._recordings, self, slot, experiment, table, recording)
        watch.wanted = watch.target if wanted is None else min(wanted, watch.target)
        self._recordings.attach(watch)
        if before is not None:  # only now, so that what both share is not let go of in between
            self._recordings.detach(before, for_good=True)
        return watch

    def drop(self, slot: str) -> None:
        """This place shows nothing any more."""
        with self._recordings.changing():
            if (watch := self._watches.pop(slot, None)) is not None:
                self._recordings.detach(watch, for_good=True)

    def keep(self, slots: Collection[str]) -> None:
        """Only these places show something; to be said at the end of a run of the script."""
        with self._recordings.changing():
            for slot in set(self._watches) - set(slots):
                self.drop(slot)

    # Coming and going.

    def connect(self, changed: Callable[[], None] = _nothing) -> None:
        """A connection of its page is open; `changed` is called, on any thread, when something it watches has news."""
        with self._recordings.changing():
            self._listeners.append(changed)
            self.update_presence()

    def disconnect(self, changed: Callable[[], None] = _nothing, *, hidden: bool = False) -> None:
        """That connection is over; `hidden`: because its page is hidden and asks for nothing meanwhile."""
        with self._recordings.changing():
            if changed in self._listeners:
                self._listeners.remove(changed)
            if not self._listeners:
                since = self._hidden if hidden else None
                self._until = self._clock() + timing.RELOAD if since is None else since + timing.HIDDEN_PAGE
            self.update_presence()

    def hide(self, hidden: bool) -> None:
        """Its page is hidden, or seen again."""
        with self._recordings.changing():
            if hidden != (self._hidden is not None):
                self._hidden = self._clock() if hidden else None
                if not hidden and not self._listeners:
                    self._until = self._clock() + timing.RELOAD
            self.update_presence()

    @property
    def connections(self) -> int:
        """How many connections of its page are open."""
        return len(self._listeners)

    def notify(self) -> None:
        """Call the listeners: something it watches has changed."""
        for listener in list(self._listeners):
            listener()

    @property
    def is_present(self) -> bool:
        """Whether it is there, so that what it watches is trained."""
        now = self._clock()
        seen = self._hidden is None or now < self._hidden + timing.HIDDEN_PAGE
        return (bool(self._listeners) and seen) or now < self._until

    @property
    def is_gone(self) -> bool:
        """Whether it has been away for so long that it may be forgotten."""
        return not self._listeners and self._clock() >= self._until + timing.FORGET_VISITOR

    def update_presence(self) -> None:
        """Have its watches count while it is there, and no longer."""
        with self._recordings.changing():
            present = self.is_present
            if present == self._was_present:
                return
            self._was_present = present
            for watch in self._watches.values():
                if present:
                    self._recordings.attach(watch)
                else:
                    self._recordings.detach(watch, for_good=False)
