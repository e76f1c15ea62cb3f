"""Where portions of studies are trained: in a few processes of this machine, or on the machines of a cluster.

Both are executors of `concurrent.futures` that know two things more: how many portions to keep `in_flight`, and how to `stop`
at once, where `shutdown` waits for what has begun. Closed in either way they leave no process and no thread behind.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.machinery import ModuleSpec
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from bn_lab import timing
from bn_lab.studies.study import StudyError

WORKERS = "BN_LAB_STUDY_WORKERS"
"""Environment variable: how many processes of this machine train studies, 1 … 61. Default: one a core, at most 8."""

CLUSTER = "BN_LAB_CLUSTER"
"""Environment variable: address of a cluster's scheduler, such as `tcp://127.0.0.1:8786`, that is to train studies instead."""

USUAL_MOST, MOST = 8, 61
"""The most workers unless the variable says more, and the most there can be: on Windows a process waits for no more at once."""

NICE = 10
"""By how much the priority of the workers is below the page's."""

CLUSTER_IN_FLIGHT = 1000
"""Portions that a cluster's scheduler is given at once: enough for that many workers, few enough for its memory."""

LOGGERS = ("distributed", "distributed.client")
"""Loggers whose levels the package sets when it is imported; the others follow the first."""

RETRIES = 2
"""How often a cluster tries a portion again that has failed, maybe on a machine on which something is missing."""


def executor(address: str | None = None) -> LocalExecutor | ClusterExecutor:
    """The cluster at `address`, else the one that `BN_LAB_CLUSTER` names, else processes of this machine.

    Raises:
        StudyError: `no_cluster`, `no_distributed`, or for a wrong `BN_LAB_STUDY_WORKERS`.
    """
    address = address or os.environ.get(CLUSTER)
    return cluster_executor(address, timing.CLUSTER_TIMEOUT) if address else local_executor()


def local_executor(workers: int | None = None) -> LocalExecutor:
    """Processes of this machine that leave it responsive: `workers` of them, or what `worker_count` says."""
    return LocalExecutor(worker_count() if workers is None else workers)


def worker_count() -> int:
    """As many as `BN_LAB_STUDY_WORKERS` says; without it one a core that this process may use, at most 8.

    Raises:
        StudyError: where the variable is not a whole number from 1 to 61.
    """
    text = os.environ.get(WORKERS)
    if not text:
        return min(len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1, USUAL_MOST)
    if not text.strip().isdecimal():
        raise StudyError(WORKERS, "integer", text)
    if not 1 <= int(text) <= MOST:
        raise StudyError(WORKERS, "between", text, low=1, high=MOST)
    return int(text)


class _Process(SpawnProcess):
    """A fresh interpreter that neither runs the program's main script anew nor hears its Ctrl-C."""

    def start(self) -> None:
        with _without_main_script(), _without_interrupts():
            super().start()


@contextmanager
def _without_main_script() -> Iterator[None]:
    """Processes import the main module of the program that starts them; here that would run the whole page once more.

    They leave out the main module of a package, so that is what ours passes for in the meantime.
    """
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    main.__spec__ = ModuleSpec("bn_lab.__main__", None)
    try:
        yield
    finally:
        main.__spec__ = spec


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """What a thread does not hear, the processes that it starts do not hear: it is for us to end them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Context(SpawnContext):
    """Remembers the processes that it has made, so that they can be ended."""

    def __init__(self) -> None:
        self.processes: list[SpawnProcess] = []

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        process = _Process(*args, **kwargs)
        self.processes.append(process)
        return process


def _prepare() -> None:
    """The first thing in a worker: take low priority, compute with one thread, do not outlive the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is there
    if hasattr(os, "nice"):
        os.nice(NICE)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class LocalExecutor(ProcessPoolExecutor):
    """A pool of `workers` processes.

    Attributes:
        in_flight: how many portions to submit at once, so that no worker waits for the next.
        stopped: whether it was stopped, and trains nothing any more.
    """

    def __init__(self, workers: int) -> None:
        self._context, self._closing = _Context(), threading.Lock()
        super().__init__(workers, mp_context=self._context, initializer=_prepare)
        self.in_flight = 2 * workers
        self.stopped = False
        _open.add(self)
        _watch_exit()

    def stop(self) -> None:
        """End the workers in the middle of what they do and wait until they are gone; what was submitted fails."""
        self.stopped = True
        for process in self._context.processes:
            if process.is_alive():
                process.kill()
        self.shutdown(wait=True, cancel_futures=True)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As `Executor.shutdown`, which two threads must not do at once."""
        with self._closing:
            super().shutdown(wait, cancel_futures=cancel_futures)


_open: weakref.WeakSet[LocalExecutor] = weakref.WeakSet()


@cache
def _watch_exit() -> None:
    """Stop the pools when the program ends: Python itself would wait for portions whose results nobody reads."""
    # `atexit` comes too late, after that waiting. Pools of `concurrent.futures` register themselves in the same way.
    getattr(threading, "_register_atexit", lambda _: None)(_stop_all)


def _stop_all() -> None:
    for pool in list(_open):
        pool.stop()


def cluster_executor(address: str, timeout: float = timing.CLUSTER_TIMEOUT) -> ClusterExecutor:
    """The cluster whose scheduler listens at `address`; nothing is waited for longer than `timeout` seconds.

    Raises:
        StudyError: `no_distributed` where the package is not installed, `no_cluster` where nobody answers as a scheduler does.
    """
    try:
        distributed = import_module("distributed")
    except ImportError:
        raise StudyError("cluster", "no_distributed", address) from None
    # A scheduler that goes away is reported as a `StudyError`; the package would print a traceback besides.
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        asyncio.run(asyncio.wait_for(_knock(address), timeout))
        client = distributed.Client(address, timeout=timeout, set_as_default=False)
    except Exception as error:  # of many kinds: wrong addresses, closed ports, others who listen there
        raise StudyError("cluster", "no_cluster", address, seconds=f"{timeout:g}") from error
    return ClusterExecutor(client)


async def _knock(address: str) -> None:
    """Ask who is there. A client that finds nobody would leave its thread behind."""
    async with import_module("distributed").rpc(address) as stranger:
        assert (await stranger.identity())["type"] == "Scheduler"


class ClusterExecutor(Executor):
    """A cluster's client; the scheduler gives lost workers' portions to others, each up to three times.

    Attributes:
        in_flight: how many portions to submit at once.
        stopped: whether it was closed.
    """

    in_flight = CLUSTER_IN_FLIGHT

    def __init__(self, client: Any) -> None:
        self._client = client
        self._executor = client.get_executor(pure=False, retries=RETRIES)
        self.stopped = False

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As `Executor.submit`."""
        future: Future[Any] = self._executor.submit(function, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As `Executor.shutdown`; what has not begun is always cancelled where nobody waits."""
        if self.stopped:
            return
        self.stopped = True
        self._executor.shutdown(wait=wait and not cancel_futures)
        self._client.close()

    def stop(self) -> None:
        """Let go of everything submitted; what a worker has begun it ends for nobody."""
        self.shutdown(cancel_futures=True)
