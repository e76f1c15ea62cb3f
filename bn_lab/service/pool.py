"""`Pool`: the worker processes as the page's process sees them; started when they are needed, watched, and ended."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from bn_lab import timing
from bn_lab.service.connection import Connection, Pipes
from bn_lab.service.messages import Order, Report

Start = Callable[[], tuple[Connection, Callable[[], None]]]
"""Starts a worker: the connection to it, and what ends it at once."""

log = logging.getLogger(__name__)


class Remote:
    """A worker as the page's process sees it.

    Attributes:
        heard_at: when it last said something (seconds of the clock), or was started.
        is_ready: whether it has said anything.
        turn: id of the recording that it last gave a turn to, of those for which it says so (`TakeRecording.closely`).
    """

    def __init__(self, connection: Connection, end: Callable[[], None], clock: Callable[[], float]) -> None:
        self.connection, self.end = connection, end
        self.heard_at, self.is_ready = clock(), False
        self.turn: str | None = None
        self._outbox: SimpleQueue[Order | None] = SimpleQueue()

    def send(self, order: Order) -> None:
        """Give an order, without waiting for a worker that is slow to read."""
        self._outbox.put(order)

    def post(self) -> None:
        """Hand on what was sent, until `close`: the work of a thread."""
        while (order := self._outbox.get()) is not None:
            try:
                self.connection.send(order)
            except (OSError, ValueError):  # nobody is there any more, which the listening thread notices, too
                return
        with suppress(OSError):
            self.connection.close()

    def close(self) -> None:
        """There are no more orders."""
        self._outbox.put(None)


class Pool:
    """At most `count` workers. Not safe to use from several threads at once: whoever calls holds a lock.

    Args:
        count: how many.
        receive: called with each report, on a thread for each worker.
        lost: called once with each worker that has ended.
        start: starts a worker.
        clock: seconds, never going back.
        listening: False for tests, which hand reports on themselves.
    """

    def __init__(
        self,
        count: int,
        receive: Callable[[Remote, Report], None],
        lost: Callable[[Remote], None],
        *,
        start: Start | None = None,
        clock: Callable[[], float] = time.monotonic,
        listening: bool = True,
    ) -> None:
        self.count = count
        self.workers: list[Remote] = []
        self._receive, self._lost = receive, lost
        self._start, self._clock, self._listening = start or in_process, clock, listening

    def least_busy(self, load: Callable[[Remote], float]) -> Remote:
        """The worker with the least load; a new one where all have some and there may be more."""
        idlest = min(self.workers, key=load, default=None)
        if idlest is not None and (not load(idlest) or len(self.workers) >= self.count):
            return idlest
        return self.begin()

    def begin(self) -> Remote:
        """Start one more."""
        remote = Remote(*self._start(), self._clock)
        self.workers.append(remote)
        if self._listening:
            Thread(target=remote.post, name="bn-lab-orders", daemon=True).start()
            Thread(target=self._listen, args=(remote,), name="bn-lab-reports", daemon=True).start()
        return remote

    def end_silent(self) -> None:
        """End workers that have not been heard of for too long; they are then lost."""
        for remote in self.workers:
            if self._clock() - remote.heard_at > timing.SILENT_WORKER:
                log.error("a worker gave no sign for %g s, and is ended", timing.SILENT_WORKER)
                remote.heard_at = self._clock()  # it takes a moment until it is lost
                remote.end()

    def close(self) -> None:
        """End all workers."""
        remotes, self.workers = self.workers, []
        for remote in remotes:
            remote.close()
        for remote in remotes:
            remote.end()

    def _listen(self, remote: Remote) -> None:
        try:
            while True:
                self._receive(remote, remote.connection.receive())
        except (EOFError, OSError, ValueError):
            pass
        except Exception:
            log.exception("a worker is not understood any more, and is ended")
        remote.close()
        remote.end()
        if remote in self.workers:
            self._lost(remote)


def in_process() -> tuple[Connection, Callable[[], None]]:
    """Start a worker in a process of its own."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "bn_lab.service.worker"]
    apart: dict[str, Any] = {"start_new_session": True}  # a Ctrl-C is for the server, which ends its workers
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, **apart)
    assert process.stdin is not None
    assert process.stdout is not None
    reports = process.stdout

    def end() -> None:
        process.kill()  # nothing is lost with it: its recordings are trained again
        with suppress(subprocess.TimeoutExpired):
            process.wait(timing.KILL)
        reports.close()

    return Pipes(reports, process.stdin), end
