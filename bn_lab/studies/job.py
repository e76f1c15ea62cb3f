"""`Job`: one study being computed, on a thread that keeps an executor busy and takes what comes back."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

from bn_lab import timing
from bn_lab.engine.outcome import Outcome
from bn_lab.studies.executors import executor
from bn_lab.studies.networks import Network, Portion
from bn_lab.studies.progress import Failure, JobProgress, JobView
from bn_lab.studies.study import Study, StudyError

__all__ = ["Failure", "Job", "JobView"]

LOSSES = 3
"""How often a portion may lose its worker. After the last but one it runs alone, so that it is not blamed for another's."""

IN_FLIGHT = 4
"""Portions submitted at once to an executor that does not say (`in_flight`)."""

log = logging.getLogger(__name__)

Factory = Callable[[], AbstractContextManager[Executor]]
"""Opens an executor; the job closes it by leaving it. It is asked for another where one breaks."""


class Job:
    """Trains the networks of a study that are not known yet. Safe to use from any thread.

    Args:
        study: what to compute.
        factory: opens the executor.
        known: outcomes by key that need no training.
        on_outcome: called on the job's thread with every new network and its outcome, before it is in the view.
        on_end: called with the job on its thread when it is over.

    Attributes:
        study: what is computed.
        place: what `JobView.place` says; for whoever lets jobs wait in line.
    """

    def __init__(
        self,
        study: Study,
        factory: Factory = executor,
        *,
        known: Mapping[str, Outcome] | None = None,
        on_outcome: Callable[[Network, Outcome], None] | None = None,
        on_end: Callable[[Job], None] | None = None,
    ) -> None:
        self.study, self.place = study, 0
        self._factory, self._on_outcome, self._on_end = factory, on_outcome, on_end
        self._progress = JobProgress(study, known or {})
        self._inbox: SimpleQueue[Future[Any] | None] = SimpleQueue()
        self._cancelled, self._over = Event(), Event()
        self._thread = Thread(target=self._run, name="bn-lab-study", daemon=True)

    @property
    def view(self) -> JobView:
        """The present moment."""
        return self._progress.view(self.place)

    def start(self, known: Mapping[str, Outcome] | None = None) -> bool:
        """Begin; False where it has begun or was cancelled before. `known`: more outcomes by key that need no training."""
        if not self._progress.begin(known or {}):
            return False
        self._thread.start()
        return True

    def cancel(self) -> None:
        """Begin no more portions and return at once; what is running has `timing.CANCEL_GRACE` seconds to finish."""
        self._cancelled.set()
        self._progress.end("cancelled")
        self._inbox.put(None)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left of it, not even the thread; False where that took longer than `timeout` seconds."""
        if self._thread.ident is None:
            return True
        # Not `join` alone: one that Ctrl-C interrupts takes a thread that runs for ended (Python 3.11).
        if not self._over.wait(timeout):
            return False
        self._thread.join()
        return True

    def _run(self) -> None:
        try:
            self._work()
            self._progress.end("cancelled" if self._cancelled.is_set() else "done")
        except Exception as error:
            if not isinstance(error, StudyError | OSError):
                log.exception("study %s failed", self.study.id)
            self._progress.end("failed", error)
        finally:
            if self._on_end is not None:
                self._on_end(self)
            self._over.set()

    def _work(self) -> None:
        waiting = deque(_Piece(portion) for portion in self._progress.plan())
        while waiting and not self._cancelled.is_set():
            with self._factory() as place:
                _Feeder(place, waiting, self._inbox, self._cancelled, self._take, self._progress.fail).run()
                if not waiting and not self._cancelled.is_set():
                    self._progress.end("done")  # already here: closing the executor takes time that nobody need wait for

    def _take(self, portion: Portion, outcomes: list[Outcome]) -> None:
        for network, outcome in zip(portion.networks, outcomes, strict=True):
            if not self._progress.has(network):
                if self._on_outcome is not None:
                    self._on_outcome(network, outcome)
                self._progress.add(network, outcome)


@dataclass
class _Piece:
    """A portion, and how often its worker was lost."""

    portion: Portion
    losses: int = 0

    @property
    def suspect(self) -> bool:
        """Whether it may be what ends its workers."""
        return self.losses >= LOSSES - 1


class _Feeder:
    """Keeps one executor busy until nothing waits, it breaks, or the job is cancelled; afterwards nothing is running there."""

    def __init__(
        self,
        place: Executor,
        waiting: deque[_Piece],
        inbox: SimpleQueue[Future[Any] | None],
        cancelled: Event,
        take: Callable[[Portion, list[Outcome]], None],
        fail: Callable[[Portion, str], None],
    ) -> None:
        self._place, self._waiting, self._inbox, self._cancelled = place, waiting, inbox, cancelled
        self._take, self._fail = take, fail
        self._room: int = getattr(place, "in_flight", IN_FLIGHT)
        self._running: dict[Future[Any], _Piece] = {}
        self._broken = False

    def run(self) -> None:
        """Submit portions and receive their outcomes."""
        try:
            self._submit()
            while self._running and not self._cancelled.is_set():
                self._receive(self._inbox.get())
                self._submit()
            self._drain()
        except BaseException:
            self._stop()
            raise
        if self._broken:
            self._stop()

    def _submit(self) -> None:
        while self._has_room():
            piece = self._waiting.popleft()
            try:
                future = self._place.submit(piece.portion.train)
            except BrokenExecutor as error:
                self._lose(piece, error)
                return
            self._running[future] = piece
            future.add_done_callback(self._inbox.put)

    def _has_room(self) -> bool:
        if not self._waiting or self._broken or self._cancelled.is_set():
            return False
        if self._waiting[0].suspect or any(piece.suspect for piece in [*self._running.values()][:1]):
            return not self._running
        return len(self._running) < self._room

    def _receive(self, future: Future[Any] | None) -> None:
        piece = self._running.pop(future, None) if future is not None else None
        if piece is None or future is None:
            return
        if future.cancelled():
            self._lose(piece, None)
        elif isinstance(error := future.exception(), BrokenExecutor):
            self._lose(piece, error)
        elif error is not None:
            self._fail(piece.portion, f"{type(error).__name__}: {error}")
        else:
            self._take(piece.portion, future.result())

    def _lose(self, piece: _Piece, error: BaseException | None) -> None:
        """A worker died, or the whole executor: try again with another, but not for ever."""
        self._broken = True
        if getattr(self._place, "stopped", False):  # by somebody else: the program ends
            self._cancelled.set()
        piece.losses += 1
        if piece.losses < LOSSES or self._cancelled.is_set():
            self._waiting.appendleft(piece)
        else:
            self._fail(piece.portion, f"lost with its worker {LOSSES} times: {error or 'cancelled by the cluster'}")

    def _drain(self) -> None:
        """Where the job was cancelled: what has not begun does not begin, what is running has little time to finish."""
        for future in list(self._running):
            future.cancel()
        deadline = time.monotonic() + timing.CANCEL_GRACE
        try:
            while self._running:
                self._receive(self._inbox.get(timeout=max(0.0, deadline - time.monotonic())))
        except Empty:
            self._stop()
        while self._running:
            self._receive(self._inbox.get())

    def _stop(self) -> None:
        stop = getattr(self._place, "stop", None)
        if stop is not None:
            stop()
