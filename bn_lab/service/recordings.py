"""`Recordings`: one for each experiment, trained as far as its furthest watcher wants, within limits.

A *recording* is the one run of an experiment, whatever its number of epochs; it is trained in a worker
(`bn_lab.service.worker`), and its numbers are kept here as they come (`bn_lab.service.relay`). Equal experiments give equal
numbers, so all who watch the same one share it, each up to a *target* of their own, and nobody can stop or slow what others
watch. Who asks for an epoch that a recording has passed without a moment there gets a private recording that ends there. A
visitor's own data make recordings that nobody else can name.

This is the page's side: nothing here imports torch, and everything may be called from any thread.
"""

from __future__ import annotations

import atexit
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from threading import Event, RLock, Thread
from typing import TYPE_CHECKING, Any, Literal

from bn_lab import timing
from bn_lab.datasets import Table
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.service import messages
from bn_lab.service.limits import MB, Limits
from bn_lab.service.pool import Pool, Remote, Start
from bn_lab.service.recording import Recording, id_of

if TYPE_CHECKING:
    from bn_lab.service.visitor import Visitor, Watch

log = logging.getLogger(__name__)


@dataclass(eq=False)
class PendingReply:
    """Somebody waits for a reply: about a recording, or of a function, where that is None. `remote` is the worker asked."""

    future: Future[Any]
    recording: Recording | None = None
    remote: Remote | None = None


class Recordings:
    """All recordings and visitors of this process.

    Args:
        limits: what it gives.
        start: starts a worker; a process where not given.
        clock: seconds, never going back.
        listening: False for tests, which hand reports on and do the housekeeping themselves.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        start: Start | None = None,
        clock: Callable[[], float] = time.monotonic,
        listening: bool = True,
    ) -> None:
        self.limits = limits or Limits()
        self._clock, self._listening = clock, listening
        self._lock = RLock()
        self._depth = 0  # of nested `changing` blocks
        self._recordings: dict[str, Recording] = {}
        self._queue: dict[str, Recording] = {}  # wait for memory, in order of arrival
        self._visitors: dict[str, Visitor] = {}
        self._tokens: dict[str, Visitor] = {}
        self._pinned = id_of(Experiment())  # the recording of the plain address, which is never dropped
        self._changed: set[Visitor] = set()  # watch something that has changed
        self._numbers = count(1)
        self._pending: dict[int, PendingReply] = {}
        self._pool = Pool(self.limits.workers, self.receive, self.lost, start=start, clock=clock, listening=listening)
        self._closed = Event()
        self._housekeeper: Thread | None = None

    # Who is there.

    def visitor(self, name: str) -> Visitor:
        """The visitor of this name."""
        from bn_lab.service.visitor import Visitor

        with self._lock:
            if (visitor := self._visitors.get(name)) is None:
                visitor = self._visitors[name] = Visitor(self, name, secrets.token_urlsafe(18), self._clock)
                self._tokens[visitor.token] = visitor
            return visitor

    def by_token(self, token: str) -> Visitor | None:
        """The visitor who was given this token; None where nobody was, or nobody has been there for long."""
        with self._lock:
            return self._tokens.get(token)

    @property
    def visitors(self) -> int:
        """How many visitors watch something."""
        with self._lock:
            return sum(visitor.is_present and bool(visitor.watches) for visitor in self._visitors.values())

    @property
    def idle(self) -> bool:
        """Whether nothing is being trained, and nobody waits for anything."""
        with self._lock:
            return not self._pending and not any(each.needs_worker for each in self._recordings.values())

    def find(self, name: str) -> Recording | None:
        """The recording of that id."""
        return self._recordings.get(name)

    # Watching: called by visitors, inside `changing`.

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Nobody else changes anything during this block; after the outermost one, who watches what has changed is notified."""
        changed: set[Visitor] = set()
        try:
            with self._lock:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                    if not self._depth:
                        changed, self._changed = self._changed, changed
        finally:
            for visitor in changed:
                visitor.notify()

    def name_for(self, experiment: Experiment, visitor: str, table: Table | None) -> str:
        """The id of the recording that a new watch is to name; the recording is there afterwards.

        Where the experiment's own has passed that epoch, or ends at as many for others as a recording may, it is a private one.
        """
        owner, target = visitor if experiment.is_private else "", experiment.epochs
        name, only_target = id_of(experiment, owner), None
        shared = self._recordings.get(name)
        if shared is not None and not (self._has_place(shared, target) and shared.reaches(target)):
            name, only_target = f"{name}-{target}", target
        if name not in self._recordings:
            self._recordings[name] = Recording(name, experiment, table, owner, only_target, self._clock())
        self._recordings[name].error = None  # who comes anew may have more luck
        return name

    def _has_place(self, recording: Recording, target: int) -> bool:
        return target in recording.targets or len(recording.targets) < self.limits.recording_targets

    def _recording_of(self, watch: Watch) -> Recording:
        """The recording that a watch names, which is made again where it is gone, or has passed the target meanwhile."""
        recording = self._recordings.get(watch.recording)
        if recording is None or not (watch in recording.watches or recording.reaches(watch.target)):
            watch.rename(self.name_for(watch.experiment, watch.visitor.name, watch.table))
            recording = self._recordings[watch.recording]
        recording.watches.add(watch)
        return recording

    def attach(self, watch: Watch) -> None:
        """The visitor of a watch is there."""
        self._start_housekeeping()
        recording = self._recording_of(watch)
        recording.present.add(watch)
        self.schedule(recording)

    def detach(self, watch: Watch, *, for_good: bool) -> None:
        """The visitor of a watch is away, or the watch is over."""
        if (recording := self._recordings.get(watch.recording)) is None:
            return
        if watch in recording.present:
            recording.left = self._clock()
            recording.present.discard(watch)
        if for_good:
            recording.leave(watch)
            if not recording.watches and (recording.only_target is not None or not recording.relay.epoch):
                self._drop(recording)
                return
        self.schedule(recording)

    def schedule(self, recording: Recording) -> None:
        """Have done for a recording what is wanted of it now; nothing for one that was dropped.

        Its worker hears of it, or it takes or leaves its place in the queue for memory.
        """
        if self._recordings.get(recording.id) is not recording:
            return
        grows = recording.remote is not None and recording.run_bytes > recording.admitted_bytes
        if recording.first_look_only and (recording.until or recording.asks):
            recording.first_look_only, grows = False, True
        recording.admitted_bytes = recording.run_bytes
        if grows and not self._make_room(0):  # its run is counted already
            self._release(recording)  # it waits in the queue, and what was seen of it stays
        if recording.remote is not None:
            self._request(recording)
        elif recording.needs_worker:
            self._queue.setdefault(recording.id, recording)
        else:
            self._queue.pop(recording.id, None)
        self._admit()

    def retry(self, recording: Recording) -> None:
        """Try again what has failed."""
        recording.error = None
        self.schedule(recording)

    # Memory.

    def _admit(self) -> None:
        """Give what waits in the queue a worker, as far as there is memory."""
        for recording in list(self._queue.values()):
            if self._queue.get(recording.id) is not recording:
                continue  # it left meanwhile
            # The first look takes a moment only, so nobody waits for it: its run is given up at once where memory is short.
            first_look_only = not recording.until and not recording.asks
            if not recording.needs_worker:
                del self._queue[recording.id]
            elif first_look_only or self._make_room(recording.run_bytes):
                del self._queue[recording.id]
                self._take(recording, first_look_only)
        for place, recording in enumerate(self._queue.values(), start=1):
            if recording.place != place:
                recording.place = place
                self._mark_changed(recording)

    def _make_room(self, needed: int) -> bool:
        """Have `needed` bytes free, at the cost of what nobody watches, oldest first, then of runs that stand still."""
        excess = sum(each.bytes for each in self._recordings.values()) + needed - self.limits.trainings_mb * MB
        if excess <= 0:
            return True
        free = {each: self._spare(each) for each in self._recordings.values() if not each.needs_worker}
        if needed and excess > sum(free.values()):
            return False  # and nobody loses anything for it
        for recording in sorted(free, key=lambda each: (bool(each.present), each.left)):
            if excess <= 0:
                break
            excess -= free[recording]
            if self._is_needless(recording):
                self._drop(recording)
            else:
                self._release(recording)
        return excess <= 0

    def _spare(self, recording: Recording) -> int:
        """Bytes that can be had from a recording that stands still."""
        return recording.bytes if self._is_needless(recording) else recording.bytes - recording.relay.bytes

    def _is_needless(self, recording: Recording) -> bool:
        return not recording.present and recording.id != self._pinned

    def _evict(self, ended: list[Recording]) -> None:
        """Drop ended recordings that nobody watches, the oldest first, as far as they take more memory than such may have."""
        ended = [recording for recording in ended if recording.id != self._pinned]
        excess = sum(recording.bytes for recording in ended) - self.limits.finished_mb * MB
        for recording in sorted(ended, key=lambda recording: recording.left):
            if excess <= 0:
                return
            excess -= recording.bytes
            self._drop(recording)

    def _release(self, recording: Recording) -> None:
        """Take a recording from its worker; what is known of it stays."""
        if recording.remote is not None:
            recording.remote.send(messages.Drop(recording.id))
        recording.release()

    def _drop(self, recording: Recording) -> None:
        """Forget a recording."""
        self._release(recording)
        self._queue.pop(recording.id, None)
        self._recordings.pop(recording.id, None)
        for number in list(recording.asks):
            self._resolve(number, error=messages.RequestError("recording", "lost", "recording"))

    # What workers are given to do.

    def _worker(self, what: str) -> Remote:
        """The worker with the least to do; raises a `RequestError` where none can be started for `what`."""
        try:
            return self._pool.least_busy(self._load)
        except OSError:
            log.exception("no worker can be started")
            raise messages.RequestError("recording", "no_worker", what) from None

    def _load(self, remote: Remote) -> float:
        """How much a worker has to do."""
        recordings = sum(each.remote is remote and each.needs_worker for each in self._recordings.values())
        return recordings + sum(pending.remote is remote for pending in self._pending.values())

    def _take(self, recording: Recording, first_look_only: bool) -> None:
        """Give a recording to a worker."""
        recording.place, recording.first_look_only, recording.admitted_bytes = 0, first_look_only, recording.run_bytes
        try:
            remote = recording.remote = self._worker("recording")
        except messages.RequestError as error:
            self._fail(recording, error)
            return
        experiment, moments = recording.experiment_to_train, len(recording.relay.moments)
        remote.send(messages.TakeRecording(recording.id, experiment, recording.table, moments, recording.is_suspect))
        self._request(recording)
        for ask in recording.asks.values():
            self._ask(ask, remote)

    def _request(self, recording: Recording) -> None:
        """Say to a recording's worker what is wanted, where that is something new."""
        assert recording.remote is not None
        watchers = len({watch.visitor for watch in recording.present})
        targets = recording.targets or (recording.experiment_to_train.epochs,)
        requested = messages.Requested(recording.id, targets, recording.until, recording.parts, watchers)
        if recording.requested is None or not requested.says_the_same(recording.requested):
            recording.requested = requested
            recording.granted = max(recording.granted, requested.until)
            recording.remote.send(requested)

    def ask(self, what: Literal["history", "network"], watch: Watch, arguments: tuple[Any, ...], timeout: float) -> Any:
        """What a worker answers about a watched recording, as far as that is trained.

        Raises:
            RequestError: it takes longer than `timeout` seconds, or cannot be had. ExperimentError: the recording failed.
        """
        with self.changing():
            number = next(self._numbers)
            recording = self._recordings.get(watch.recording) or self._recording_of(watch)
            if recording.error is not None:
                raise recording.error
            ask = messages.Ask(number, what, recording.id, arguments, after=min(recording.relay.epoch, watch.target))
            recording.asks[number] = ask
            pending = self._pending[number] = PendingReply(Future(), recording)
            self._start_housekeeping()
            self.schedule(recording)
            if recording.remote is not None and pending.remote is None:
                self._ask(ask, recording.remote)
        return self._wait(number, pending, what, timeout)

    def compute(self, name: str, *arguments: Any, table: Table | None = None, timeout: float = timing.COMPUTE_TIMEOUT) -> Any:
        """The result of one of the functions that `bn_lab.engine.anatomy.COMPUTED` names.

        Args:
            name: of the function; arguments: for it, by position.
            table: a visitor's own data, where it is about those.
            timeout: seconds to wait.

        Raises:
            RequestError: it takes longer, or cannot be had. ExperimentError: the function's own.
        """
        with self._lock:
            number = next(self._numbers)
            self._start_housekeeping()
            remote = self._worker(name)
            pending = self._pending[number] = PendingReply(Future())
            self._ask(messages.Ask(number, "compute", None, (name, *arguments), table=table), remote)
        return self._wait(number, pending, name, timeout)

    def _ask(self, ask: messages.Ask, remote: Remote) -> None:
        self._pending[ask.number].remote = remote
        remote.send(ask)

    def _wait(self, number: int, pending: PendingReply, what: str, timeout: float) -> Any:
        try:
            return pending.future.result(timeout)
        except TimeoutError:
            raise messages.RequestError("recording", "late", what, seconds=f"{timeout:g}") from None
        finally:
            with self.changing():
                if self._forget_ask(number) and pending.remote is not None:
                    pending.remote.send(messages.Withdraw(number))

    def _resolve(self, number: int, value: Any = None, error: ExperimentError | None = None) -> None:
        """Give who waits for a reply a value or an error."""
        if pending := self._pending.get(number):
            if error is None:
                pending.future.set_result(value)
            else:
                pending.future.set_exception(error)
            self._forget_ask(number)

    def _forget_ask(self, number: int) -> PendingReply | None:
        """Nobody waits for this reply any more; None where nobody did."""
        pending = self._pending.pop(number, None)
        if pending and pending.recording and pending.recording.asks.pop(number, None):
            self.schedule(pending.recording)
        return pending

    # What workers say.

    def receive(self, remote: Remote, report: messages.Report) -> None:
        """Take in a worker's report."""
        with self.changing():
            remote.heard_at, remote.is_ready = self._clock(), True
            match report:
                case messages.Heartbeat():
                    remote.turn = report.recording or remote.turn
                case messages.Reply():
                    self._resolve(report.number, report.value, report.error)
                case messages.RecordingUpdate() | messages.Failed():
                    recording = self._recordings.get(report.recording)
                    if recording is None or recording.remote is not remote:
                        return  # it was taken from this worker meanwhile
                    if isinstance(report, messages.Failed):
                        self._fail(recording, report.error)
                    else:
                        self._update(recording, report)

    def _update(self, recording: Recording, update: messages.RecordingUpdate) -> None:
        recording.take_in(update, self._clock())
        self._mark_changed(recording)
        if not recording.needs_worker:
            self._make_room(0)
            self._admit()

    def _fail(self, recording: Recording, error: ExperimentError) -> None:
        recording.error = error
        recording.release()
        for number in list(recording.asks):
            self._resolve(number, error=error)
        self._mark_changed(recording)
        self._admit()

    def _mark_changed(self, recording: Recording) -> None:
        self._changed |= {watch.visitor for watch in recording.present}

    def lost(self, remote: Remote) -> None:
        """A worker has ended: others go on with what it had."""
        with self.changing():
            if self._closed.is_set():
                return
            if remote in self._pool.workers:
                self._pool.workers.remove(remote)
            orphans = [each for each in self._recordings.values() if each.remote is remote]
            log.error("a worker ended; another one goes on with its %d recordings", len(orphans))
            for number, pending in list(self._pending.items()):
                if pending.remote is remote and pending.recording is None:
                    self._resolve(number, error=messages.RequestError("recording", "lost", "request"))
            for recording in orphans:
                self._move(recording, remote)

    def _move(self, recording: Recording, lost: Remote) -> None:
        """Go on with a recording whose worker ended, unless that is the recording's own fault."""
        if not lost.is_ready:
            self._fail(recording, messages.RequestError("recording", "no_worker", "recording"))
        elif recording.is_suspect and recording.id == lost.turn:
            self._fail(recording, messages.RequestError("recording", "lost", "recording"))
        else:
            recording.is_suspect = recording.is_suspect or recording.needs_worker
            recording.release()
            self.schedule(recording)

    # Coming and going.

    def warm(self) -> None:
        """Start all workers, so that no visitor need wait until one has imported torch."""
        with self._lock:
            self._start_housekeeping()
            try:
                while len(self._pool.workers) < self._pool.count:
                    self._pool.begin()
            except OSError:  # who wants something trained gets an error
                log.exception("no worker can be started")

    def close(self) -> None:
        """End the workers; nothing is trained any more."""
        self._closed.set()
        with self._lock:
            self._pool.close()
            for number in list(self._pending):
                self._resolve(number, error=messages.RequestError("recording", "lost", "request"))

    def keep_house(self) -> None:
        """Notice who has left, drop what nobody needs any more, and end workers that hang; to be called now and then."""
        with self.changing():
            for visitor in list(self._visitors.values()):
                visitor.update_presence()
                if visitor.is_gone:
                    self._forget_visitor(visitor)
            now = self._clock()
            ended = []
            for recording in [each for each in self._recordings.values() if not each.present and not each.asks]:
                if recording.has_ended and recording.error is None and (recording.only_target is None or recording.watches):
                    ended.append(recording)
                elif recording.error is not None or now - recording.left > timing.UNENDED_RECORDING:
                    self._drop(recording)
            self._evict(ended)
            self._pool.end_silent()
            self._admit()

    def _forget_visitor(self, visitor: Visitor) -> None:
        visitor.keep(())
        del self._visitors[visitor.name], self._tokens[visitor.token]
        for recording in [each for each in self._recordings.values() if each.owner == visitor.name]:
            self._drop(recording)

    def _start_housekeeping(self) -> None:
        if self._listening and self._housekeeper is None:
            self._housekeeper = Thread(target=self._keep_house_for_good, name="bn-lab-recordings", daemon=True)
            self._housekeeper.start()

    def _keep_house_for_good(self) -> None:
        while not self._closed.wait(timing.HOUSEKEEPING):
            try:
                self.keep_house()
            except Exception:  # a mistake of ours; what visitors watch goes on
                log.exception("looking after the recordings failed")


@cache
def recordings() -> Recordings:
    """The one `Recordings` of this process, with the limits that the environment sets."""
    all_ = Recordings(Limits.from_environment())
    atexit.register(all_.close)
    return all_
