"""`Recordings`: one for each experiment, trained as far as its furthest watcher wants, within limits.

A *recording* is the one run of an experiment, whatever its number of epochs; it is trained in a worker
(`bn_lab.service.worker`), and its numbers are kept here as they come (`bn_lab.service.relay`). Equal experiments give equal
numbers, so all who watch the same one share it, each up to a *target* of their own, and nobody can stop or slow what others
watch. Who asks for an epoch that a recording has passed without a moment there gets a recording apart that ends there. A
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
from bn_lab.service.limits import MB, Limits
from bn_lab.service.messages import (
    Ask,
    Drop,
    Failed,
    Heartbeat,
    RecordingUpdate,
    Reply,
    Report,
    Requested,
    RequestError,
    Take,
    Withdraw,
)
from bn_lab.service.pool import Pool, Remote, Start
from bn_lab.service.recording import Recording, id_of

if TYPE_CHECKING:
    from bn_lab.service.visitor import Visitor, Watch

log = logging.getLogger(__name__)


@dataclass(eq=False)
class PendingReply:
    """Somebody waits for an answer: from a recording, or from whatever worker; `remote` is the one that was asked."""

    future: Future[Any]
    recording: Recording | None = None
    remote: Remote | None = None


class Recordings:
    """All recordings and visitors of this process.

    Args:
        limits: what it gives.
        start: starts a worker; a process where not given.
        clock: seconds, never going back.
        listening: False for tests, which hand reports on and look after what is there themselves.
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
        self._depth = 0
        self._recordings: dict[str, Recording] = {}
        self._line: dict[str, Recording] = {}  # wait for memory, in order of arrival
        self._visitors: dict[str, Visitor] = {}
        self._tokens: dict[str, Visitor] = {}
        self._pinned = id_of(Experiment())  # the recording of the plain address
        self._changed: set[Visitor] = set()
        self._numbers = count(1)
        self._pending: dict[int, PendingReply] = {}
        self._pool = Pool(self.limits.workers, self.receive, self.lost, start=start, clock=clock, listening=listening)
        self._closed = Event()
        self._keeper: Thread | None = None

    # Who is there.

    def visitor(self, name: str) -> Visitor:
        """The visitor of this name."""
        from bn_lab.service.visitor import Visitor

        with self._lock:
            if (found := self._visitors.get(name)) is None:
                found = self._visitors[name] = Visitor(self, name, secrets.token_urlsafe(18), self._clock)
                self._tokens[found.token] = found
            return found

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

    # Watching: called by visitors, who hold `changing`.

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Held while something changes; afterwards those who watch it are told."""
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
                visitor.tell()

    def name_for(self, experiment: Experiment, visitor: str, table: Table | None) -> str:
        """The id of the recording that a new watch is to name; the recording is there afterwards.

        Where the experiment's own has passed that epoch, or ends at as many for others as a recording may, it is one apart.
        """
        owner = visitor if experiment.is_private else ""
        name = id_of(experiment, owner)
        found = self._recordings.get(name)
        if found is not None and not (self._has_place(found, experiment.epochs) and found.reaches(experiment.epochs)):
            name, apart = f"{name}-{experiment.epochs}", experiment.epochs
        else:
            apart = None
        if name not in self._recordings:
            self._recordings[name] = Recording(name, experiment, table, owner, apart, self._clock())
        self._recordings[name].error = None  # who comes anew may have more luck
        return name

    def _has_place(self, recording: Recording, target: int) -> bool:
        return target in recording.targets or len(recording.targets) < self.limits.recording_targets

    def attach(self, watch: Watch) -> None:
        """A watch whose visitor is there: its recording is made again where it is gone."""
        self._attend()
        found = self._recordings.get(watch.recording)
        if found is None or not (watch in found.named or found.reaches(watch.target)):
            watch.recording = self.name_for(watch.experiment, watch.visitor.name, watch.table)
            watch.names.add(watch.recording)
            found = self._recordings[watch.recording]
        found.named.add(watch)
        found.present.add(watch)
        self.settle(found)

    def detach(self, watch: Watch, *, for_good: bool) -> None:
        """A watch whose visitor is away, or that is over."""
        if (found := self._recordings.get(watch.recording)) is None:
            return
        if watch in found.present:
            found.left = self._clock()
            found.present.discard(watch)
        if for_good:
            found.leave(watch)
            if not found.named and (found.apart is not None or not found.relay.epoch):
                self._drop(found)
                return
        self.settle(found)

    def settle(self, recording: Recording) -> None:
        """Have done for a recording what is wanted of it now; nothing for one that was dropped."""
        if self._recordings.get(recording.id) is not recording:
            return
        grows = recording.remote is not None and recording.size > recording.admitted
        if recording.only_looks and (recording.until or recording.asks):
            recording.only_looks, grows = False, True
        recording.admitted = recording.size
        if grows and not self._make_room(0):  # its run is counted already
            self._release(recording)  # it waits in line, and what was seen of it stays
        if recording.remote is not None:
            self._request(recording)
        elif recording.needs_worker:
            self._line.setdefault(recording.id, recording)
        else:
            self._line.pop(recording.id, None)
        self._admit()

    def retry(self, recording: Recording) -> None:
        """Try again what has failed."""
        recording.error = None
        self.settle(recording)

    # Memory.

    def _admit(self) -> None:
        """Give what waits a worker, as far as there is memory."""
        for recording in list(self._line.values()):
            if self._line.get(recording.id) is not recording:
                continue  # it left meanwhile
            # The first look takes a moment only, so nobody waits for it: its run is given up at once where memory is short.
            only_looks = not recording.until and not recording.asks
            if not recording.needs_worker:
                del self._line[recording.id]
            elif only_looks or self._make_room(recording.size):
                del self._line[recording.id]
                self._take(recording, only_looks=only_looks)
        for place, recording in enumerate(self._line.values(), start=1):
            if recording.place != place:
                recording.place = place
                self._changed |= {watch.visitor for watch in recording.present}

    def _make_room(self, needed: int) -> bool:
        """Have `needed` bytes free, at the cost of what nobody watches, oldest first, then of runs that stand still."""
        excess = sum(each.holds for each in self._recordings.values()) + needed - self.limits.trainings_mb * MB
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
        return recording.holds if self._is_needless(recording) else recording.holds - recording.relay.bytes

    def _is_needless(self, recording: Recording) -> bool:
        return not recording.present and recording.id != self._pinned

    def _take(self, recording: Recording, only_looks: bool) -> None:
        """Give a recording to a worker."""
        recording.place, recording.only_looks, recording.admitted = 0, only_looks, recording.size
        try:
            remote = self._pool.least_busy(self._load)
        except OSError:
            log.exception("no worker can be started")
            self._fail(recording, RequestError("recording", "no_worker", "recording"))
            return
        recording.remote = remote
        remote.send(
            Take(
                recording.id,
                recording.experiment_to_train,
                recording.table,
                len(recording.relay.moments),
                recording.is_suspect,
            )
        )
        self._request(recording)
        for ask in recording.asks.values():
            self._send(ask, remote)

    def _request(self, recording: Recording) -> None:
        """Tell a recording's worker what is wanted, where that is something new."""
        assert recording.remote is not None
        watchers = len({watch.visitor for watch in recording.present})
        targets = recording.targets or (recording.experiment_to_train.epochs,)
        requested = Requested(recording.id, targets, recording.until, recording.parts, watchers)
        if recording.requested is None or not requested.says_the_same(recording.requested):
            recording.requested = requested
            recording.granted = max(recording.granted, requested.until)
            recording.remote.send(requested)

    def _load(self, remote: Remote) -> float:
        """How much a worker has to do."""
        recordings = sum(each.remote is remote and each.needs_worker for each in self._recordings.values())
        return recordings + sum(request.remote is remote for request in self._pending.values())

    def _release(self, recording: Recording) -> None:
        if recording.remote is not None:
            recording.remote.send(Drop(recording.id))
        recording.release()

    def _drop(self, recording: Recording) -> None:
        self._release(recording)
        self._line.pop(recording.id, None)
        self._recordings.pop(recording.id, None)
        for number in list(recording.asks):
            self._answer(number, None, RequestError("recording", "lost", "recording"))

    def look_after(self) -> None:
        """Notice who has left, and let go of what nobody needs any more; to be called now and then."""
        with self.changing():
            for visitor in list(self._visitors.values()):
                visitor.look()
                if visitor.is_gone:
                    self._forget_visitor(visitor)
            now = self._clock()
            left = [each for each in self._recordings.values() if not each.present and not each.asks]
            kept = []
            for recording in left:
                if recording.has_ended and recording.error is None and (recording.apart is None or recording.named):
                    kept.append(recording)
                elif recording.error is not None or now - recording.left > timing.UNENDED_RECORDING:
                    self._drop(recording)
            self._forget(kept)
            self._pool.look_after()
            self._admit()

    def _forget_visitor(self, visitor: Visitor) -> None:
        visitor.keep(())
        del self._visitors[visitor.name], self._tokens[visitor.token]
        for recording in [each for each in self._recordings.values() if each.owner == visitor.name]:
            self._drop(recording)

    def _forget(self, kept: list[Recording]) -> None:
        """Drop what nobody watches of the ended ones, the oldest first, as far as they are too many."""
        kept = [recording for recording in kept if recording.id != self._pinned]
        excess = sum(recording.holds for recording in kept) - self.limits.finished_mb * MB
        for recording in sorted(kept, key=lambda recording: recording.left):
            if excess <= 0:
                return
            excess -= recording.holds
            self._drop(recording)

    # Requests.

    def ask(self, what: Literal["history", "network"], watch: Watch, arguments: tuple[Any, ...], timeout: float) -> Any:
        """What a worker answers about a watched recording, as far as that is trained.

        Raises:
            RequestError: it takes longer, or cannot be had. ExperimentError: the recording failed.
        """
        with self.changing():
            number = next(self._numbers)
            found = self._recordings.get(watch.recording)
            if found is None:
                watch.recording = self.name_for(watch.experiment, watch.visitor.name, watch.table)
                found = self._recordings[watch.recording]
                found.named.add(watch)
            if found.error is not None:
                raise found.error
            ask = Ask(number, what, found.id, arguments, after=min(found.relay.epoch, watch.target))
            found.asks[number] = ask
            request = self._pending[number] = PendingReply(Future(), found)
            self._attend()
            self.settle(found)
            if found.remote is not None and request.remote is None:
                self._send(ask, found.remote)
        return self._wait(number, request, what, timeout)

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
            self._attend()
            try:
                remote = self._pool.least_busy(self._load)
            except OSError:
                log.exception("no worker can be started")
                raise RequestError("recording", "no_worker", name) from None
            request = self._pending[number] = PendingReply(Future())
            self._send(Ask(number, "compute", None, (name, *arguments), table=table), remote)
        return self._wait(number, request, name, timeout)

    def _send(self, ask: Ask, remote: Remote) -> None:
        self._pending[ask.number].remote = remote
        remote.send(ask)

    def _wait(self, number: int, request: PendingReply, what: str, timeout: float) -> Any:
        try:
            return request.future.result(timeout)
        except TimeoutError:
            raise RequestError("recording", "late", what, seconds=f"{timeout:g}") from None
        finally:
            with self.changing():
                if self._pending.pop(number, None) is not None:
                    if request.remote is not None:
                        request.remote.send(Withdraw(number))
                    self._forget_ask(number, request)

    def _forget_ask(self, number: int, request: PendingReply) -> None:
        if request.recording is not None and request.recording.asks.pop(number, None) is not None:
            self.settle(request.recording)

    # What workers say.

    def receive(self, remote: Remote, report: Report) -> None:
        """Heed a worker's report."""
        with self.changing():
            self._pool.heard(remote)
            match report:
                case Heartbeat():
                    remote.turn = report.recording or remote.turn
                case RecordingUpdate():
                    self._grow(remote, report)
                case Failed():
                    found = self._recordings.get(report.recording)
                    if found is not None and found.remote is remote:
                        self._fail(found, report.error)
                case Reply():
                    self._answer(report.number, report.value, report.error)

    def _grow(self, remote: Remote, update: RecordingUpdate) -> None:
        found = self._recordings.get(update.recording)
        if found is None or found.remote is not remote:
            return
        found.grow(update, self._clock())
        self._changed |= {watch.visitor for watch in found.present}
        if not found.needs_worker:
            self._make_room(0)
            self._admit()

    def _fail(self, recording: Recording, error: ExperimentError) -> None:
        recording.error = error
        recording.release()
        for number in list(recording.asks):
            self._answer(number, None, error)
        self._changed |= {watch.visitor for watch in recording.present}
        self._admit()

    def _answer(self, number: int, value: Any, error: ExperimentError | None) -> None:
        if (request := self._pending.pop(number, None)) is None:
            return  # nobody waits any more
        if error is None:
            request.future.set_result(value)
        else:
            request.future.set_exception(error)
        self._forget_ask(number, request)

    def lost(self, remote: Remote) -> None:
        """A worker has ended: others go on with what it had."""
        with self.changing():
            if self._closed.is_set():
                return
            if remote in self._pool.workers:
                self._pool.workers.remove(remote)
            had = [each for each in self._recordings.values() if each.remote is remote]
            log.error("a worker ended; another one goes on with its %d recordings", len(had))
            for number, request in list(self._pending.items()):
                if request.remote is remote and request.recording is None:
                    self._answer(number, None, RequestError("recording", "lost", "request"))
            for recording in had:
                self._move(recording, remote)

    def _move(self, recording: Recording, remote: Remote) -> None:
        """Go on with a recording whose worker ended, unless that is the recording's own fault."""
        if not remote.is_ready:
            self._fail(recording, RequestError("recording", "no_worker", "recording"))
            return
        if recording.is_suspect and recording.id == remote.turn:
            self._fail(recording, RequestError("recording", "lost", "recording"))
            return
        recording.is_suspect = recording.is_suspect or recording.needs_worker
        recording.release()
        self.settle(recording)

    # Coming and going.

    def warm(self) -> None:
        """Start all workers, so that no visitor need wait until one has imported torch."""
        with self._lock:
            self._attend()
            try:
                while len(self._pool.workers) < self._pool.count:
                    self._pool.begin()
            except OSError:  # whoever wants something is told
                log.exception("no worker can be started")

    def close(self) -> None:
        """End the workers; nothing is trained any more."""
        self._closed.set()
        with self._lock:
            self._pool.close()
            for number in list(self._pending):
                self._answer(number, None, RequestError("recording", "lost", "request"))

    def _attend(self) -> None:
        """Somebody is there: have a thread to look after what they watch."""
        if self._listening and self._keeper is None:
            self._keeper = Thread(target=self._keep, name="bn-lab-recordings", daemon=True)
            self._keeper.start()

    def _keep(self) -> None:
        while not self._closed.wait(timing.HOUSEKEEPING):
            try:
                self.look_after()
            except Exception:  # a mistake of ours; what visitors watch goes on
                log.exception("looking after the recordings failed")


@cache
def recordings() -> Recordings:
    """The one `Recordings` of this process, with the limits that the environment sets."""
    found = Recordings(Limits.from_environment())
    atexit.register(found.close)
    return found
