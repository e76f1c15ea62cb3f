"""Jobs: every network once, views that stay as they are, failures and lost workers that sink nothing, nothing left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest

from bn_lab import timing
from bn_lab.engine.outcome import Outcome
from bn_lab.experiment import Experiment
from bn_lab.studies.executors import LocalExecutor
from bn_lab.studies.job import Job
from bn_lab.studies.networks import Network, portions
from bn_lab.studies.progress import JobProgress
from bn_lab.studies.study import Study, StudyError

BASE = Experiment(dataset="iris", depth=1, width=4, epochs=2, seeds=2)
STUDY = Study("small", BASE, (("depth", (1, 2, 3)),))
"""Six portions (three depths, two arms) of two networks."""

THREADS = partial(ThreadPoolExecutor, 2)


def outcomes(study: Study) -> dict[str, Outcome]:
    """What a study gives without any executor."""
    found = [(portion.networks, portion.train()) for portion in portions(study.networks, study.probes)]
    return {network.key: outcome for pair in found for network, outcome in zip(*pair, strict=True)}


def same(ours: Outcome, theirs: Outcome) -> bool:
    return ours.experiment == theirs.experiment and np.array_equal(ours.train_loss, theirs.train_loss, equal_nan=True)


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for another thread."""
    patience, pause = time.monotonic() + seconds, threading.Event()
    while not true():
        assert time.monotonic() < patience, "waited in vain"
        pause.wait(0.002)


class ByHand(Executor):
    """Does nothing until it is told to."""

    in_flight = 3

    def __init__(self) -> None:
        self.tasks: list[tuple[Future[Any], Callable[[], Any]]] = []
        self.submitted = self.closed = 0

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.tasks.append((future, partial(function, *args, **kwargs)))
        self.submitted += 1
        return future

    def run(self) -> None:
        future, task = self.tasks.pop(0)
        future.set_running_or_notify_cancel()
        future.set_result(task())

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.closed += 1


@pytest.fixture(autouse=True)
def nothing_left() -> Any:
    """No job leaves a thread or a process behind."""
    threads = set(threading.enumerate())
    yield
    assert not multiprocessing.active_children()
    assert set(threading.enumerate()) <= threads


def finished(job: Job) -> Job:
    job.start()
    assert job.wait(120)
    return job


def test_every_network_is_trained_once_and_as_without_a_job() -> None:
    told: list[Network] = []
    view = finished(Job(STUDY, THREADS, on_outcome=lambda network, _: told.append(network))).view
    assert (view.state, view.done, view.total, view.share, view.remaining) == ("done", 12, 12, 1.0, 0.0)
    assert sorted(network.key for network in told) == sorted(network.key for network in STUDY.networks)
    expected = outcomes(STUDY)
    assert view.results.keys() == expected.keys()
    assert all(same(view.results[key], outcome) for key, outcome in expected.items())


def test_a_view_stays_as_it_is_while_the_job_goes_on() -> None:
    place = ByHand()
    job = Job(STUDY, lambda: place)
    assert (job.view.state, job.view.seconds, job.view.share) == ("queued", 0.0, 0.0)
    job.start()
    until(lambda: place.submitted == 3)
    early = job.view
    assert (early.state, early.remaining) == ("running", None)
    place.run()
    until(lambda: job.view.done == 2)
    later = job.view
    assert (early.done, len(early.results), len(later.results)) == (0, 0, 2)
    assert later.version > early.version
    assert job.view.version == later.version
    assert 0 < later.share < 1
    assert later.remaining is not None
    with pytest.raises(TypeError):
        later.results["x"] = later.results[next(iter(later.results))]  # type: ignore[index]
    for left in range(5):
        until(lambda: bool(place.tasks))
        place.run()
        until(lambda left=left: job.view.done == 4 + 2 * left)  # type: ignore[misc]
    assert job.wait(60)
    assert place.closed == 1


def test_only_so_many_cohorts_are_in_flight() -> None:
    place = ByHand()
    job = Job(STUDY, lambda: place)
    job.start()
    for done in range(6):
        until(lambda done=done: place.submitted == min(6, 3 + done))  # type: ignore[misc]
        assert len(place.tasks) <= 3
        place.run()
    assert job.wait(60)
    assert job.view.state == "done"


def test_what_is_known_is_not_trained() -> None:
    known = {key: outcome for key, outcome in outcomes(STUDY).items() if outcome.experiment.depth < 3}
    told: list[Network] = []
    view = finished(Job(STUDY, THREADS, known=known, on_outcome=lambda network, _: told.append(network))).view
    assert {network.experiment.depth for network in told} == {3}
    assert (view.done, view.total, len(told)) == (12, 12, 4)
    assert all(view.results[key] is outcome for key, outcome in known.items())


def test_where_all_is_known_no_executor_is_opened() -> None:
    view = finished(Job(STUDY, lambda: pytest.fail("opened"), known=outcomes(STUDY))).view
    assert (view.state, view.done, view.share) == ("done", 12, 1.0)


def test_what_is_known_without_the_probes_asked_for_is_trained_again() -> None:
    plain = Study("small", Experiment(dataset="iris", depth=1, epochs=2, arms=("before",)))
    probed = Study("small", plain.base, probes=("smoothness", "three_ways"))
    (outcome,) = finished(Job(probed, THREADS, known=outcomes(plain))).view.results.values()
    assert outcome.smoothness is not None
    assert outcome.final
    view = finished(Job(plain, lambda: pytest.fail("opened"), known={plain.networks[0].key: outcome})).view
    assert view.done == 1


def test_a_cohort_that_fails_is_reported_and_sinks_nothing() -> None:
    study = Study("small", BASE, (("samples", (100, 151)),))
    view = finished(Job(study, THREADS)).view
    assert (view.state, view.done, view.total, view.share) == ("done", 4, 8, 1.0)
    assert {experiment.samples for failure in view.failures for experiment in failure.experiments} == {151}
    assert sum(len(failure.experiments) for failure in view.failures) == 4
    assert all("at most 150" in failure.error for failure in view.failures)


def test_a_record_that_cannot_be_written_ends_the_job() -> None:
    def full(network: Network, outcome: Outcome) -> None:
        raise OSError("no space left")

    view = finished(Job(STUDY, THREADS, on_outcome=full)).view
    assert view.state == "failed"
    assert "no space left" in str(view.error)
    assert view.done == 0


def test_where_there_is_no_cluster_the_job_says_so() -> None:
    def nowhere() -> Executor:
        raise StudyError("cluster", "no_cluster", "tcp://x", seconds=1)

    view = finished(Job(STUDY, nowhere)).view
    assert view.state == "failed"
    assert isinstance(view.error, StudyError)
    assert view.error.rule == "no_cluster"


def test_cancelling_returns_at_once_and_begins_nothing() -> None:
    place = ByHand()
    job = Job(STUDY, lambda: place)
    job.start()
    until(lambda: place.submitted == 3)
    running = place.tasks[0][0]
    running.set_running_or_notify_cancel()
    job.cancel()
    assert (job.view.state, job.view.ended, job.view.remaining) == ("cancelled", True, 0.0)
    until(lambda: place.tasks[1][0].cancelled() and place.tasks[2][0].cancelled())
    running.set_result(place.tasks[0][1]())
    assert job.wait(60)
    assert (job.view.state, job.view.done, place.submitted) == ("cancelled", 2, 3), "what was running is kept"


def test_a_job_cancelled_before_its_start_never_begins() -> None:
    job = Job(STUDY, lambda: pytest.fail("opened"))
    job.cancel()
    assert not job.start()
    assert job.wait(0)
    assert job.view.state == "cancelled"


def test_results_that_arrive_twice_count_once() -> None:
    class Twice(ThreadPoolExecutor):
        def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future = super().submit(lambda: [*function(*args, **kwargs)])
            add = future.add_done_callback
            future.add_done_callback = lambda call: (add(call), add(call))  # type: ignore[method-assign, assignment, func-returns-value]
            return future

    told: list[str] = []
    view = finished(Job(STUDY, lambda: Twice(1), on_outcome=lambda network, _: told.append(network.key))).view
    assert (view.done, len(told), len(set(told))) == (12, 12, 12)


class Fragile(ThreadPoolExecutor):
    """Breaks, and loses all that is in flight, as soon as it comes to a network of depth `poison`."""

    def __init__(self, poison: int) -> None:
        super().__init__(1)
        self.poison, self.flying, self.broken, self.lock = poison, [], False, threading.Lock()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with self.lock:
            if self.broken:
                raise BrokenExecutor("broken before")
            future: Future[Any] = Future()
            self.flying.append(future)
        super().submit(self.work, future, function)
        return future

    def work(self, future: Future[Any], function: Any) -> None:
        with self.lock:
            self.broken |= function.__self__.networks[0].experiment.depth == self.poison
            if self.broken:
                for lost in self.flying:
                    lost.set_exception(BrokenExecutor("a worker died"))
                self.flying.clear()
                return
            self.flying.remove(future)
        future.set_result(function())


def test_a_cohort_that_kills_its_workers_is_blamed_alone() -> None:
    told: list[str] = []
    view = finished(Job(STUDY, lambda: Fragile(2), on_outcome=lambda network, _: told.append(network.key))).view
    assert (view.state, view.done, len(told)) == ("done", 8, 8)
    assert {experiment.depth for failure in view.failures for experiment in failure.experiments} == {2}
    assert sum(len(failure.experiments) for failure in view.failures) == 4
    assert all("3 times" in failure.error for failure in view.failures)


@pytest.mark.processes
def test_a_worker_that_is_killed_costs_nothing_but_time() -> None:
    study = Study("small", Experiment(dataset="iris", width=8, epochs=20, seeds=2), (("depth", (1, 2, 3, 4)),))
    told: list[str] = []
    killed: list[int] = []

    def kill(network: Network, outcome: Outcome) -> None:
        told.append(network.key)
        if not killed:
            killed.append(multiprocessing.active_children()[0].pid or 0)
            os.kill(killed[0], signal.SIGKILL)

    view = finished(Job(study, lambda: LocalExecutor(2), on_outcome=kill)).view
    assert (view.state, view.failures, view.done) == ("done", (), 16)
    assert sorted(told) == sorted(network.key for network in study.networks)
    expected = outcomes(study)
    assert all(same(view.results[key], outcome) for key, outcome in expected.items())


def test_a_cohort_without_end_does_not_hold_up_cancelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "CANCEL_GRACE", 0.0)
    long = Study("long", Experiment(dataset="digits", depth=12, width=256, epochs=5000))
    with LocalExecutor(1) as place:
        place.submit(os.getpid).result()
        job = Job(long, lambda: place)
        job.start()
        until(lambda: job.view.version >= 2)
        job.cancel()
        assert job.wait(30)
        assert place.stopped
    assert job.view.state == "cancelled"


def test_share_and_remaining_time_go_by_cost() -> None:
    now = [100.0]
    every = portions(STUDY.networks)
    total = sum(portion.cost for portion in every)
    expected = outcomes(STUDY)
    first, second = every[0], every[1]
    known = {network.key: expected[network.key] for network in first.networks}
    progress = JobProgress(STUDY, known, lambda: now[0])
    assert progress.begin({})
    assert len(progress.plan()) == 5
    assert progress.view().share == pytest.approx(first.cost / total)
    now[0] += 10
    assert (progress.view().seconds, progress.view().remaining) == (10.0, None)
    for network in second.networks:
        progress.add(network, expected[network.key])
    left = total - first.cost - second.cost
    assert progress.view().remaining == pytest.approx(left * 10 / second.cost)
    progress.fail(every[2], "broken")
    assert progress.view().share == pytest.approx(sum(portion.cost for portion in every[:3]) / total)
    progress.end("done")
    now[0] += 50
    assert (progress.view().seconds, progress.view().remaining) == (10.0, 0.0)
    progress.end("failed", ValueError())
    assert progress.view().state == "done"
