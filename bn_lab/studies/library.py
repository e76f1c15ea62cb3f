"""`Library`: the studies of one server process, shared by all its visitors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from threading import Lock, Timer
from weakref import WeakKeyDictionary

import numpy as np

from bn_lab import timing
from bn_lab.engine.outcome import Outcome
from bn_lab.studies.executors import executor
from bn_lab.studies.job import Job
from bn_lab.studies.networks import Network
from bn_lab.studies.progress import has_probes
from bn_lab.studies.study import Study

MOST_NUMBERS = 1 << 24
"""How many numbers the outcomes of ended studies may have together: 128 MB. The last study is kept in any case."""

PASSING = 5000
"""Up to how many networks a study is looked through, so that it need not wait in line where all of them are known."""


class Library:
    """Makes one job of equal studies, computes one job at a time, and remembers what came out. Safe to use from any thread.

    A study finds the networks that others have trained. Those that ended longest ago are forgotten first.

    Args:
        factory: opens the executor that all jobs share; the default is the cluster or the processes that
            `bn_lab.studies.executors.executor` finds. The library closes it.
        most: how many numbers to remember.
        idle: seconds after which an executor without work is closed.
    """

    def __init__(
        self, factory: Callable[[], Executor] = executor, most: int = MOST_NUMBERS, idle: float = timing.IDLE_EXECUTOR
    ) -> None:
        self._factory, self._most, self._idle = factory, most, idle
        self._lock, self._opening = Lock(), Lock()
        self._jobs: OrderedDict[Hashable, Job] = OrderedDict()  # those asked for last at the end
        self._visitors: WeakKeyDictionary[Job, set[Hashable]] = WeakKeyDictionary()
        self._computing: Job | None = None
        self._line: list[Job] = []
        self._shared: Executor | None = None
        self._timer: Timer | None = None
        self._closed = False

    def job(self, study: Study, visitor: Hashable = None) -> Job:
        """The job of this study, or of an equal one: begun, in line, or done; `visitor` wants it.

        One that was cancelled or could not do everything is made anew and goes on with what it has.
        """
        with self._lock:
            job = self._jobs.get(key_of(study))
            if job is None or (job.view.ended and (job.view.state != "done" or job.view.failures)):
                job = Job(study, self._borrow, known=job.view.results if job else {}, on_end=self._on_end)
                self._jobs[key_of(study)] = job
                self._begin(job)
            self._jobs.move_to_end(key_of(study))
            self._visitors.setdefault(job, set()).add(visitor)
            self._advance()
        return job

    def find(self, study: Study, visitor: Hashable = None) -> Job | None:
        """The job of this study if somebody has ordered it; `visitor` watches it from now on."""
        with self._lock:
            job = self._jobs.get(key_of(study))
            if job is not None:
                self._visitors.setdefault(job, set()).add(visitor)
            return job

    def leave(self, visitor: Hashable, study: Study | None = None) -> None:
        """`visitor` is interested in this study no more, or in any; what nobody wants any more is cancelled."""
        with self._lock:
            jobs = [*self._jobs.values()] if study is None else [*filter(None, [self._jobs.get(key_of(study))])]
            left = [job for job in jobs if visitor in self._visitors.get(job, ())]
            for job in left:
                self._visitors[job].discard(visitor)
            unwanted = [job for job in left if not self._visitors[job] and not job.view.ended]
        for job in unwanted:
            job.cancel()

    def close(self) -> None:
        """Cancel all jobs and wait until nothing is left of them; no further job computes."""
        with self._lock:
            self._closed = True
            jobs = [*self._jobs.values(), *self._line, *([self._computing] if self._computing else [])]
        for job in jobs:
            job.cancel()
        for job in jobs:
            job.wait()
        self._let_go()
        if self._timer is not None:
            self._timer.join()

    def _begin(self, job: Job) -> None:
        """Put it in line, or let it pass where everything is known."""
        known, study = self._known(), job.study
        if known and study.size <= PASSING and all(_is_there(known, network, study) for network in study.networks):
            job.start(known)
        else:
            self._line.append(job)

    def _known(self) -> dict[str, Outcome]:
        return {key: outcome for job in self._jobs.values() for key, outcome in job.view.results.items()}

    def _on_end(self, job: Job) -> None:
        """On the thread of a job that is over: let the next one begin."""
        with self._lock:
            if job is self._computing:
                self._computing = None
            self._forget()
            self._advance()

    def _advance(self) -> None:
        while self._line and self._computing is None and not self._closed:
            job = self._line.pop(0)
            job.place = 0
            if job.start(self._known()):  # else it was cancelled while it waited
                self._computing = job
        self._line = [job for job in self._line if not job.view.ended]
        for place, job in enumerate(self._line, start=1):
            job.place = place

    def _forget(self) -> None:
        ended = [key for key, job in self._jobs.items() if job.view.ended]
        numbers = {key: sum(map(_numbers, self._jobs[key].view.results.values())) for key in ended}
        for key in ended[:-1]:
            if sum(numbers.values()) <= self._most:
                return
            del self._jobs[key], numbers[key]

    @contextmanager
    def _borrow(self) -> Iterator[Executor]:
        """The executor that all jobs share; one that has broken is replaced."""
        with self._opening:
            if self._timer is not None:
                self._timer.cancel()
            if self._shared is None:
                self._shared = self._factory()
            shared = self._shared
        try:
            yield shared
        finally:
            with self._opening:
                if getattr(shared, "stopped", False):
                    self._shared = None
                self._timer = Timer(self._idle, self._let_go)
                self._timer.daemon = True
                self._timer.start()

    def _let_go(self) -> None:
        """Close the executor, unless somebody computes."""
        if self._computing is not None and not self._closed:
            return
        with self._opening:
            shared, self._shared = self._shared, None
            if self._timer is not None:
                self._timer.cancel()
        if shared is not None:
            shared.shutdown(wait=True, cancel_futures=True)


def key_of(study: Study) -> Hashable:
    """What equal studies have in common: everything that their networks depend on."""
    return study.base, study.axes, study.probes


def _is_there(known: Mapping[str, Outcome], network: Network, study: Study) -> bool:
    return network.key in known and has_probes(known[network.key], study.probes)


def _numbers(outcome: Outcome) -> int:
    arrays = [*vars(outcome).values(), *(vars(outcome.smoothness).values() if outcome.smoothness is not None else ())]
    return sum(each.size for each in arrays if isinstance(each, np.ndarray))
