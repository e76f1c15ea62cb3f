"""A real cluster: a scheduler and two workers, started with the commands of the README, one of them killed midway."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bn_lab.engine.outcome import Outcome
from bn_lab.experiment import Experiment
from bn_lab.studies.executors import cluster_executor
from bn_lab.studies.job import Job
from bn_lab.studies.networks import Network, portions
from bn_lab.studies.study import Study

pytest.importorskip("distributed", reason="needs requirements-cluster.txt")
pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[2]

STUDY = Study(
    "small",
    Experiment(dataset="iris", width=8, epochs=20, seeds=2),
    (("depth", (1, 2, 3, 4, 5)), ("samples", (50, 151)), ("learning_rate", (1e-3, 1e-2))),
)
"""Forty networks that can be trained, and as many that ask for more samples than there are."""


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for another process."""
    patience, pause = time.monotonic() + seconds, threading.Event()
    while not true():
        assert time.monotonic() < patience, "waited in vain"
        pause.wait(0.01)


def dask(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """One of the README's commands, in the project's folder, with a free port instead of the usual one."""
    log = (folder / f"{arguments[0]}.log").open("w", encoding="utf-8")
    with log:
        command = [sys.executable, "-m", "dask", *arguments]
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, text=True, start_new_session=True)


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, int]]:
    """Address and process of a scheduler with two workers."""
    told = folder / "scheduler.json"
    options = ("--port", "0", "--no-dashboard", "--scheduler-file", str(told))
    started = [dask(folder, "scheduler", "--host", "127.0.0.1", *options)]
    try:
        until(told.exists)
        until(lambda: told.read_text(encoding="utf-8").endswith("}"))
        found: str = json.loads(told.read_text(encoding="utf-8"))["address"]
        options = ("--no-dashboard", "--local-directory", str(folder))
        started.append(dask(folder, "worker", found, "--nworkers", "2", "--nthreads", "1", *options))
        yield found, started[0].pid
    finally:
        for process in reversed(started):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # a worker would first go on with what was cancelled
            process.wait(30)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a scheduler with two workers, for all tests that let it live."""
    with cluster(tmp_path_factory.mktemp("cluster")) as (found, _):
        yield found


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    threads = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= threads


def outcomes(study: Study) -> dict[str, Outcome]:
    """What the study gives here, for the networks that can be trained."""
    possible = [portion for portion in portions(study.networks) if portion.networks[0].experiment.samples == 50]
    found = [(portion.networks, portion.train()) for portion in possible]
    return {network.key: outcome for pair in found for network, outcome in zip(*pair, strict=True)}


def test_a_killed_worker_and_failing_cohorts_change_no_number(address: str) -> None:
    told: list[str] = []
    place = cluster_executor(address)
    victim = place.submit(os.getpid).result(60)

    def kill(network: Network, outcome: Outcome) -> None:
        told.append(network.key)
        if len(told) == 1:
            os.kill(victim, signal.SIGKILL)

    job = Job(STUDY, lambda: place, on_outcome=kill)
    job.start()
    assert job.wait(120)
    view = job.view
    expected = outcomes(STUDY)
    assert (view.state, view.done, view.share) == ("done", 40, 1.0)
    assert sorted(told) == sorted(expected), "every network once"
    for key, outcome in expected.items():
        assert np.array_equal(view.results[key].train_loss, outcome.train_loss, equal_nan=True)
        assert np.array_equal(view.results[key].inference_loss, outcome.inference_loss, equal_nan=True)
    assert {experiment.samples for failure in view.failures for experiment in failure.experiments} == {151}
    assert sum(len(failure.experiments) for failure in view.failures) == 40
    assert all("at most 150" in failure.error for failure in view.failures)


def test_a_study_on_a_cluster_can_be_cancelled(address: str) -> None:
    long = Study("long", Experiment(dataset="digits", depth=12, width=256, epochs=5000), (("batch_size", (2, 3, 4, 5)),))
    job = Job(long, partial(cluster_executor, address))
    job.start()
    until(lambda: job.view.version >= 2)
    job.cancel()
    assert job.wait(30)
    assert (job.view.state, job.view.done) == ("cancelled", 0)


LOST = """
import os, signal, sys
from bn_lab import timing
from bn_lab.__main__ import main
from bn_lab.studies import executors
from bn_lab.studies.store import Store

def lose(owner, name):
    method = getattr(owner, name)
    def losing(self, *arguments):
        if arguments and first:
            os.killpg(int(first.pop()), signal.SIGKILL)
        return method(self, *arguments)
    setattr(owner, name, losing)

first, timing.CLUSTER_TIMEOUT = [sys.argv[1]], 2.0
lose(*{"submitted": (executors.ClusterExecutor, "submit"), "saved": (Store, "save")}[sys.argv[2]])
if __name__ == "__main__":
    sys.exit(main(sys.argv[3:]))
"""
"""The command line, whose scheduler is killed before anything is submitted, or when the first record is saved."""


@pytest.mark.parametrize("moment", ["submitted", "saved"])
def test_a_scheduler_that_goes_away_is_told_in_our_words_only(tmp_path: Path, moment: str) -> None:
    with cluster(tmp_path) as (address, scheduler):
        options = ["study", "depth", "--seeds", "1", "--cluster", address, "--out", str(tmp_path / "out")]
        run = [sys.executable, "-c", LOST, str(scheduler), moment, *options]
        done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    first, *more = done.stderr.splitlines()
    assert (first, done.stdout, done.returncode) == (f"error: no answer from the cluster at {address} within 2 s", "", 2)
    assert len(more) == (moment == "saved")
    assert all(line.endswith("the same command goes on from there") for line in more)
