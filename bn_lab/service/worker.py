"""A worker process: trains recordings in turns on one thread, packs what pages want of them, and replies to requests.

`python -m bn_lab.service.worker` is started by `bn_lab.service.pool` and speaks over its standard input and output. It ends
with the process that started it. Nothing here imports torch before the training thread does.
"""

from __future__ import annotations

import gc
import logging
import math
import os
import time
from collections.abc import Callable
from functools import cache
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from bn_lab import timing
from bn_lab.datasets import keep
from bn_lab.experiment import ExperimentError
from bn_lab.service import messages
from bn_lab.service.connection import Connection, Pipes
from bn_lab.service.packing import Packer
from bn_lab.service.turns import InTurn, Turns, computed

if TYPE_CHECKING:  # the run brings torch along, which only the training thread waits for
    from bn_lab.engine.run import Run

REPORT_SHARE = 0.1
"""Share of its own time that making reports may take besides their rows, where that is not too rare."""

NICE = 5
"""By how much a worker stands back behind the page's process; less than those that train studies."""

log = logging.getLogger(__name__)


class RecordingJob(InTurn):
    """One recording in a worker's care.

    Args:
        take: the order by which it came here.
        send: sends a report.
        clock: seconds, never going back.
    """

    def __init__(
        self, take: messages.TakeRecording, send: Callable[[messages.Report], None], clock: Callable[[], float]
    ) -> None:
        self.take = take
        self.requested: messages.Requested | None = None
        self.asks: list[messages.Ask] = []
        self._send, self._clock = send, clock
        self._table = None if take.table is None else keep(take.table)  # referred to here, so that the engine finds it
        self._run: Run | None = None
        self._packer = Packer(take)
        self._targets: set[int] = {take.experiment.epochs}  # of the run
        self._reported_at = -math.inf  # when the latest report was made
        self._worked = 0.0  # seconds of training since then

    def follow(self, requested: messages.Requested) -> None:
        """Do what is requested from now on."""
        self.requested, self.watchers = requested, requested.watchers

    @property
    def working(self) -> bool:
        """Whether there is something to do now."""
        if self.requested is None:
            return False
        return self._run is None or self._is_behind or bool(self.asks) or self._packer.has_news(self._run, self.requested)

    @property
    def urgent(self) -> bool:
        """Whether a page waits for something that takes next to no time: the first look, or what is there already."""
        return not self._is_behind

    @property
    def _is_behind(self) -> bool:
        """Whether there is more to train."""
        if self.requested is None:
            return False
        if self._run is None:
            return self.requested.until > 0
        return not self._run.finished and self._run.progress < self.requested.until

    def turn(self, seconds: float) -> float:
        """Take one turn of about `seconds`; returns how many seconds of computing it is to be charged for."""
        assert self.requested is not None
        begun, free = computed(), 0.0
        if self._run is None:
            self._run = self._new_run()
            free = min(computed() - begun, timing.FREE_BUILD)
            self._set_targets(self._run)
            self._report(self._run)  # the first look, before the first step
            return computed() - begun - free
        run = self._run
        self._set_targets(run)
        if self._is_behind:
            start = computed()
            run.advance(seconds, until=self.requested.until)
            self._worked += computed() - start
        self._reply(run)
        if self._is_due(run):
            self._report(run)
        return computed() - begun

    def _new_run(self) -> Run:
        from bn_lab.engine.run import Run

        return Run(self.take.experiment, table=self._table)

    def _set_targets(self, run: Run) -> None:
        """Have the run end, for somebody, at the requested targets and no others."""
        assert self.requested is not None
        targets = set(self.requested.targets)
        for target in sorted(targets - self._targets):
            run.aim(target)
        for target in self._targets - targets:
            run.forget(target)
            self._packer.forget(target)
        self._targets = targets

    def _is_due(self, run: Run) -> bool:
        """Whether it is time for a report: at once where nothing is trained; else reports take at most `REPORT_SHARE` of the
        time, unless that makes them too rare."""
        assert self.requested is not None
        if not self._is_behind:
            return self._packer.has_news(run, self.requested)
        since, making = self._clock() - self._reported_at, self._packer.overhead
        too_rare = since >= max(timing.LATEST_REPORT, 5 * making)
        return since >= timing.FRAME_INTERVAL and (self._worked >= making / REPORT_SHARE or too_rare)

    def _report(self, run: Run) -> None:
        assert self.requested is not None
        self._send(self._packer.pack(run, self.requested))
        self._reported_at, self._worked = self._clock(), 0.0

    def _reply(self, run: Run) -> None:
        """Reply to the requests whose epoch is reached."""
        due = [ask for ask in self.asks if run.progress >= ask.after or not self._is_behind]
        self.asks = [ask for ask in self.asks if ask not in due]
        for ask in due:
            self._send(reply_to(ask, ask.what, _read, run, ask))

    def withdraw(self, number: int) -> None:
        """Nobody waits for this reply any more."""
        self.asks = [ask for ask in self.asks if ask.number != number]


def _read(run: Run, ask: messages.Ask) -> Any:
    """What was asked for of a recording."""
    if ask.what == "history":
        (target,) = ask.arguments
        return run.history(target, current=True, weights=True)
    target, arm, seed = ask.arguments
    return run.network(arm, seed, target)


class Worker:
    """Follows the orders that come over a connection, in turns.

    Args:
        connection: to the page's process; only reports are sent here, what is received comes by `receive`.
        clock: seconds, never going back.
    """

    def __init__(self, connection: Connection, clock: Callable[[], float] = time.monotonic) -> None:
        self._connection, self._clock = connection, clock
        self._inbox: SimpleQueue[messages.Order | None] = SimpleQueue()
        self._jobs: dict[str, RecordingJob] = {}
        self._asks: list[messages.Ask] = []  # for functions
        self._computes = False  # whether it computed one in the latest turn
        self._turns: Turns[RecordingJob] = Turns()
        self._sent_at = -math.inf  # when the latest report left
        self._is_over = False  # whether the last order has come
        self._is_untidy = False  # whether something was dropped since the latest collection of garbage

    def receive(self, order: messages.Order | None) -> None:
        """Take an order, on any thread; None is the last one."""
        self._inbox.put(order)

    def work(self) -> None:
        """Work until the last order comes, or until nobody is at the other end."""
        warm_up()
        try:
            self._send(messages.Heartbeat())  # only who could import everything is ready
            while not self._is_over:
                if not self.turn() and not self._is_over:
                    self._follow_all(timing.HEARTBEAT)
        except OSError:  # the other end is gone
            return

    def turn(self) -> bool:
        """Follow the orders that have come, and do one thing; False if there was nothing to do."""
        self._follow_all(0.0)
        if self._clock() - self._sent_at >= timing.HEARTBEAT:
            self._send(messages.Heartbeat())
        working = [job for job in self._jobs.values() if job.working]
        self._computes = bool(self._asks) and not (self._computes and working)  # at most every second time
        if self._computes:
            ask = self._asks.pop(0)
            self._send(reply_to(ask, str(ask.arguments[0]), _compute, ask))
            return True
        job = self._turns.next(working)
        if job is None:
            self._tidy_up()
            return False
        if job.take.closely:
            self._send(messages.Heartbeat(job.take.recording))
        try:
            self._turns.charge(job, job.turn(self._turns.length))
        except Exception as error:  # whatever breaks one recording must not end the thread that serves all
            self._fail(job, error)
        return True

    def _follow_all(self, wait: float) -> None:
        """Follow the orders that are there, or come within `wait` seconds."""
        try:
            while True:
                self._follow(self._inbox.get(timeout=wait) if wait else self._inbox.get_nowait())
                wait = 0.0
        except Empty:
            return

    def _follow(self, order: messages.Order | None) -> None:
        match order:
            case None:
                self._is_over = True
            case messages.TakeRecording():
                self._jobs[order.recording] = RecordingJob(order, self._send, self._clock)
            case messages.Requested() if order.recording in self._jobs:
                self._jobs[order.recording].follow(order)
            case messages.Drop():
                self._jobs.pop(order.recording, None)
                self._is_untidy = True
            case messages.Ask(recording=None):
                self._asks.append(order)
            case messages.Ask() if order.recording in self._jobs:
                self._jobs[order.recording].asks.append(order)
            case messages.Ask():
                self._send(messages.Reply(order.number, error=messages.RequestError("recording", "failed", order.what)))
            case messages.Withdraw():
                self._asks = [ask for ask in self._asks if ask.number != order.number]
                for job in self._jobs.values():
                    job.withdraw(order.number)

    def _fail(self, job: RecordingJob, error: Exception) -> None:
        recording, experiment = job.take.recording, job.take.experiment
        del self._jobs[recording]
        if not isinstance(error, ExperimentError):
            log.error("training failed: %s", "own data" if experiment.is_private else experiment, exc_info=error)
            error = messages.RequestError("recording", "failed", "recording")
        for ask in job.asks:
            self._send(messages.Reply(ask.number, error=error))
        self._send(messages.Failed(recording, error))

    def _send(self, report: messages.Report) -> None:
        self._sent_at = self._clock()
        self._connection.send(report)

    def _tidy_up(self) -> None:
        """Collect garbage, where a recording was dropped and nobody waits: some of it only refers to itself."""
        if self._is_untidy:
            self._is_untidy = False
            gc.collect()


def _compute(ask: messages.Ask) -> Any:
    """The result of a function of `bn_lab.engine.anatomy`."""
    from bn_lab.engine import anatomy

    name, *arguments = ask.arguments
    if name not in anatomy.COMPUTED:
        raise messages.RequestError("recording", "failed", name)
    if ask.table is None:
        return getattr(anatomy, name)(*arguments)
    table = keep(ask.table)
    return getattr(anatomy, name)(*arguments, table=table)


def reply_to(ask: messages.Ask, what: str, make: Callable[..., Any], *arguments: Any) -> messages.Reply:
    """The reply with what `make` returns, or with its error; of a mistake of ours the log says more, naming `what`."""
    try:
        return messages.Reply(ask.number, make(*arguments))
    except ExperimentError as error:
        return messages.Reply(ask.number, error=error)
    except Exception:
        log.exception("failed in a worker: %s", what)
        return messages.Reply(ask.number, error=messages.RequestError("recording", "failed", what))


@cache
def warm_up() -> None:
    """Import the engine, which takes a second, then tidy up; once in a process."""
    import bn_lab.engine.anatomy
    import bn_lab.engine.run  # noqa: F401

    # What is there now stays for good: later collections of garbage, which stop everything else, need not look at it.
    gc.collect()
    gc.freeze()


def main() -> None:
    """Work for the process at the other end of standard input and output, and end with it."""
    connection = Pipes(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # whatever is printed must not get among the messages
    if hasattr(os, "nice"):
        os.nice(NICE)
    logging.basicConfig(format="%(asctime)s worker %(process)d %(levelname)s %(name)s: %(message)s")
    worker = Worker(connection)
    Thread(target=_listen, args=(connection, worker), daemon=True).start()
    worker.work()


def _listen(connection: Pipes, worker: Worker) -> None:
    try:
        while True:
            worker.receive(connection.receive())
    except Exception as error:
        if not isinstance(error, EOFError):
            log.exception("a worker understands its orders no more")
        os._exit(0)  # also from the middle of a step


if __name__ == "__main__":
    main()
