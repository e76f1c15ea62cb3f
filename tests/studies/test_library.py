"""The library: equal studies are one job, one computes at a time, what is known is not trained again, nothing is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from bn_lab.experiment import Experiment
from bn_lab.studies.job import Job
from bn_lab.studies.library import Library
from bn_lab.studies.networks import Portion
from bn_lab.studies.study import Study

BASE = Experiment(dataset="iris", depth=1, width=4, epochs=2, arms=("none",))


def study(name: str = "small", **values: Any) -> Study:
    """Two networks in two portions."""
    return Study(name, replace(BASE, **values), (("batch_size", (16, 32)),))


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for another thread."""
    patience, pause = time.monotonic() + seconds, threading.Event()
    while not true():
        assert time.monotonic() < patience, "waited in vain"
        pause.wait(0.002)


class Gate(Executor):
    """Trains on the spot what it is given while the gate is open, else later."""

    def __init__(self, open_: bool = True) -> None:
        self.open, self.later, self.trained, self.closed, self.stopped = open_, [], 0, False, False

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.trained += 1
        self.later.append((future, partial(function, *args, **kwargs)))
        if self.open:
            self.release()
        return future

    def release(self) -> None:
        while self.later:
            future, task = self.later.pop()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(task())
                except ValueError as error:
                    future.set_exception(error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.closed = True


@pytest.fixture
def gates() -> list[Gate]:
    """The executors that the library has opened."""
    return []


@pytest.fixture
def library(gates: list[Gate]) -> Iterator[Library]:
    def opened() -> Gate:
        gates.append(Gate())
        return gates[-1]

    threads = set(threading.enumerate())
    found = Library(opened)
    yield found
    found.close()
    assert all(gate.closed for gate in gates)
    until(lambda: set(threading.enumerate()) <= threads)


def test_equal_studies_are_one_job(library: Library, gates: list[Gate]) -> None:
    job = library.job(study())
    assert library.job(study("another name")) is job
    assert job.wait(60)
    assert library.job(study()) is job
    assert (job.view.state, job.view.done, gates[0].trained) == ("done", 2, 2)
    assert library.job(study(seed=1)) is not job
    assert library.job(Study("probed", BASE, job.study.axes, ("three_ways",))) is not job


def test_jobs_share_one_executor(library: Library, gates: list[Gate]) -> None:
    for seed in range(3):
        assert library.job(study(seed=seed)).wait(60)
    assert [gate.trained for gate in gates] == [6]
    assert not gates[0].closed


def test_a_study_of_known_networks_is_done_without_training(library: Library, gates: list[Gate]) -> None:
    assert library.job(study()).wait(60)
    part = library.job(Study("part", replace(BASE, batch_size=16)))
    assert part.wait(60)
    assert (part.view.state, part.view.done, gates[0].trained) == ("done", 1, 2)


def test_one_computes_and_the_others_wait_in_line(library: Library, gates: list[Gate]) -> None:
    assert library.job(study()).wait(60)
    (gate,) = gates
    gate.open = False
    first, second, third, fourth = (library.job(study(seed=seed)) for seed in (1, 2, 3, 4))
    assert [job.view.place for job in (first, second, third, fourth)] == [0, 1, 2, 3]
    assert [job.view.state for job in (first, second, third)] == ["running", "queued", "queued"]
    known = library.job(Study("part", replace(BASE, batch_size=32)))
    assert known.wait(60), "what is known need not wait"
    second.cancel()
    until(lambda: len(gate.later) == 2)
    gate.open = True
    gate.release()
    assert all(job.wait(60) for job in (first, third, fourth) if started(job))
    assert [job.view.state for job in (first, second, third, fourth)] == ["done", "cancelled", "done", "done"]
    assert gate.trained == 8
    assert third.view.place == 0


def started(job: Job) -> bool:
    until(lambda: job.view.state != "queued")
    return True


def test_a_cancelled_study_goes_on_with_what_it_has(library: Library, gates: list[Gate]) -> None:
    assert library.job(Study("part", replace(BASE, batch_size=16))).wait(60)
    gates[0].open = False
    job = library.job(study())
    until(lambda: len(gates[0].later) == 1)
    job.cancel()
    assert job.wait(60)
    gates[0].open = True
    again = library.job(study())
    assert again is not job
    assert again.wait(60)
    assert (again.view.state, again.view.done, gates[0].trained) == ("done", 2, 3)


def test_a_study_is_cancelled_when_the_last_visitor_has_left(library: Library, gates: list[Gate]) -> None:
    library.job(study(width=9), "warm-up")
    until(lambda: bool(gates) and library.find(study(width=9)).view.ended)  # type: ignore[union-attr]
    gates[0].open = False
    job = library.job(study(), "a")
    assert library.find(study(), "b") is job
    library.leave("a", study())
    library.leave("stranger")
    assert not job.view.ended
    library.leave("b")
    assert job.view.state == "cancelled"
    gates[0].release()


def test_nobody_begins_a_study_by_looking_for_it(library: Library, gates: list[Gate]) -> None:
    assert library.find(study(), "a") is None
    assert gates == []


def test_a_study_that_could_not_do_everything_is_made_anew(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(portion: Portion) -> object:
        raise ValueError("made up")

    with monkeypatch.context() as broken:
        broken.setattr(Portion, "train", fails)
        job = library.job(study(), "a")
        assert job.wait(60)
    assert job.view.state == "done"
    assert len(job.view.failures) == 2
    again = library.job(study(), "a")
    assert again is not job
    assert again.wait(60)
    assert (again.view.done, again.view.failures) == (2, ())
    assert (job.view.trained, again.view.trained) == (0, 2)
    assert library.job(study(), "a") is again


def test_a_stopped_executor_is_replaced(library: Library, gates: list[Gate]) -> None:
    assert library.job(study()).wait(60)
    gates[0].stopped = gates[0].closed = True
    assert library.job(study(seed=1)).view.state in ("running", "done")
    assert library.job(study(seed=1)).wait(60)
    assert library.job(study(seed=2)).wait(60)
    assert len(gates) == 2


def test_what_ended_long_ago_is_forgotten() -> None:
    library = Library(Gate, most=40)
    first = library.job(study())
    assert first.wait(60)
    assert library.job(study()) is first
    for seed in (1, 2, 3, 4):
        assert library.job(study(seed=seed)).wait(60)
    last = library.job(study(seed=4))
    assert last.wait(60)
    assert library.job(study(seed=4)) is last
    assert library.job(study()) is not first
    library.close()


def test_an_executor_without_work_is_closed() -> None:
    gates = [Gate(), Gate()]
    opened = iter(gates)
    library = Library(lambda: next(opened), idle=0.01)
    assert library.job(study()).wait(60)
    until(lambda: gates[0].closed)
    assert library.job(study(seed=1)).wait(60)
    until(lambda: gates[1].closed)
    library.close()


def test_a_closed_library_leaves_nothing_in_the_middle() -> None:
    gate = Gate(open_=False)
    library = Library(lambda: gate)
    first, second = library.job(study()), library.job(study(seed=1))
    until(lambda: len(gate.later) == 2)
    library.close()
    assert [job.view.state for job in (first, second)] == ["cancelled", "cancelled"]
    assert gate.closed
