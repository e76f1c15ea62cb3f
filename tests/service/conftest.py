"""Recordings and workers that move when a test says so, at a time that passes when a test says so."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

from bn_lab import Experiment, train
from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.service import Limits, Recordings, Visitor, Watch, WatchState
from bn_lab.service.connection import Connection
from bn_lab.service.pool import Remote
from bn_lab.service.worker import Worker
from tests.service.threads import Queued, pair, post_waiting

STEPS = 8
"""Steps of a turn."""


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


class Bench:
    """Recordings whose workers are objects of the test.

    Args:
        clock: the time of all.
        limits: of the recordings; two workers where not given.
        tick: seconds that pass with each turn.
    """

    def __init__(self, clock: Clock, limits: Limits | None = None, tick: float = 0.02) -> None:
        self.clock, self.tick = clock, tick
        self.workers: dict[Connection, tuple[Queued, Worker]] = {}
        limits = limits or Limits(workers=2)
        self.recordings = Recordings(limits, start=self.start, clock=clock, listening=False)

    def start(self) -> tuple[Connection, Callable[[], None]]:
        here, there = pair()
        self.workers[here] = there, Worker(there, self.clock)
        return here, lambda: None

    @property
    def remotes(self) -> list[Remote]:
        return self.recordings._pool.workers

    def turn(self) -> bool:
        """Let every worker have a turn, and hand on what is said; False if there was nothing to do."""
        busy = False
        self.clock.pass_by(self.tick)
        for remote in list(self.remotes):
            post_waiting(remote)
            orders, worker = self.workers[remote.connection]
            for order in orders.waiting():
                worker.receive(order)
            busy |= worker.turn()
            assert isinstance(remote.connection, Queued)
            for report in remote.connection.waiting():
                self.recordings.receive(remote, report)
        return busy

    def until(self, condition: Callable[[], bool], keep_house: bool = False) -> None:
        """Give turns until `condition` holds."""
        for _ in range(20_000):
            if condition():
                return
            self.turn()
            if keep_house:
                self.recordings.keep_house()
        raise AssertionError("never happened")

    def ended(self, *watches: Watch) -> None:
        self.until(lambda: all(watch.progress.state is WatchState.ENDED for watch in watches))

    def quiet(self) -> None:
        """Give turns until there is nothing to do."""
        while self.turn():
            pass

    def lose(self, remote: Remote) -> None:
        """The process of this worker ends."""
        self.recordings.lost(remote)

    def answer(self, ask: Callable[[], Any]) -> Any:
        """What a page gets that asks on a thread of its own, while this one gives turns."""
        with ThreadPoolExecutor(1) as page:
            future = page.submit(ask)
            while not future.done():
                if not self.turn():
                    wait([future], timeout=0.001)  # for which the page's thread has the interpreter
            return future.result()

    def visitor(self, name: str) -> Visitor:
        """A visitor whose page is open."""
        visitor = self.recordings.visitor(name)
        visitor.connect()
        return visitor


@pytest.fixture(autouse=True)
def turns_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn is so many steps instead of seconds: what is trained when a report is due does not depend on the machine."""

    one_step = Run.advance

    def advance(run: Run, seconds: float, until: float = math.inf) -> None:
        for _ in range(STEPS):
            one_step(run, 0.0, until)

    monkeypatch.setattr(Run, "advance", advance)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bench(clock: Clock) -> Bench:
    return Bench(clock)


alone: Callable[[Experiment], History] = cache(train)
"""The record of an experiment by itself, which several tests ask for."""


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two records differ, bit for bit; how long it took is no part of that."""
    if path.endswith(".seconds"):
        return []
    if type(one) is not type(other):
        return [path]
    if isinstance(one, np.ndarray):
        same = one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
        return [] if same else [path]
    if is_dataclass(one):
        return [
            place
            for each in fields(one)
            for place in differences(getattr(one, each.name), getattr(other, each.name), f"{path}.{each.name}")
        ]
    if isinstance(one, Mapping):
        if one.keys() != other.keys():
            return [path]
        return [place for name in one for place in differences(one[name], other[name], f"{path}[{name}]")]
    if isinstance(one, tuple):
        if len(one) != len(other):
            return [f"{path}: {len(one)} and {len(other)}"]
        return [place for i, (a, b) in enumerate(zip(one, other, strict=True)) for place in differences(a, b, f"{path}[{i}]")]
    return [] if one == other else [path]
