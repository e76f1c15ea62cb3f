"""Executors: how many workers, how they stand back, and that nothing of them is left, however the program ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from bn_lab import timing
from bn_lab.studies import executors
from bn_lab.studies.executors import (
    CLUSTER,
    MOST,
    NICE,
    USUAL_MOST,
    WORKERS,
    LocalExecutor,
    cluster_executor,
    executor,
    local_executor,
    worker_count,
)
from bn_lab.studies.study import StudyError

ROOT = Path(__file__).resolve().parents[2]


def state_of_worker() -> tuple[int, str | None, bool]:
    """Run in a worker: niceness, threads of the libraries, whether Ctrl-C is heard."""
    return os.nice(0), os.environ.get("OMP_NUM_THREADS"), signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def alive(pid: int) -> bool:
    """Whether a process that is not a child of this one runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"


def until_gone(pid: int) -> None:
    patience, pause = time.monotonic() + 30, threading.Event()
    while alive(pid):
        assert time.monotonic() < patience, "the worker outlives its program"
        pause.wait(0.01)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    threads = set(threading.enumerate())
    yield
    assert not multiprocessing.active_children()
    assert set(threading.enumerate()) <= threads


def test_as_many_workers_as_cores_but_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WORKERS, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    for cores, workers in ((1, 1), (2, 2), (100, USUAL_MOST)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)), raising=False)
        assert worker_count() == workers
    monkeypatch.setenv(WORKERS, "12")
    assert worker_count() == 12


@pytest.mark.parametrize("text", ["0", "-1", "2.5", "many", str(MOST + 1), "²"])
def test_a_wrong_number_of_workers_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(WORKERS, text)
    with pytest.raises(StudyError) as refused:
        local_executor()
    assert WORKERS in str(refused.value)
    assert text in str(refused.value)


def test_workers_stand_back_and_do_not_hear_the_keyboard() -> None:
    here = os.nice(0)
    with local_executor(1) as pool:
        assert pool.in_flight == 2
        assert pool.submit(state_of_worker).result(60) == (min(here + NICE, 19), "1", True)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_stopping_does_not_wait_for_what_is_running() -> None:
    pool = LocalExecutor(1)
    pool.submit(os.getpid).result(60)
    running = pool.submit(time.sleep, 3600)
    pool.stop()
    assert pool.stopped
    with pytest.raises((BrokenProcessPool, CancelledError)):
        running.result(0)


PROGRAM = """
import os, sys, time
print("main", flush=True)
from bn_lab.studies.executors import LocalExecutor
pool = LocalExecutor(1)
print(pool.submit(os.getpid).result(60), flush=True)
pool.submit(time.sleep, 3600)
{end}
"""


def program(tmp_path: Path, end: str) -> subprocess.Popen[str]:
    """A program without a guard for its main script, as Streamlit runs one."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM.format(end=end), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_the_main_script_is_not_run_again_and_the_end_of_the_program_ends_its_workers(tmp_path: Path) -> None:
    done = program(tmp_path, "")
    out, err = done.communicate(timeout=60)
    first, pid = out.split()
    assert (first, err, done.returncode) == ("main", "", 0)
    until_gone(int(pid))


def test_workers_do_not_outlive_a_program_that_is_killed(tmp_path: Path) -> None:
    with program(tmp_path, "input()") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "main\n"
        pid = int(running.stdout.readline())
        assert alive(pid)
        running.kill()
        running.communicate(timeout=60)
    until_gone(pid)


def test_a_cluster_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(StudyError) as refused:
        cluster_executor("tcp://127.0.0.1:8786")
    assert refused.value.rule == "no_distributed"
    assert "requirements-cluster.txt" in str(refused.value)


def test_the_address_is_the_argument_or_the_variable_or_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "cluster_executor", lambda address, timeout: (address, timeout))
    monkeypatch.setattr(executors, "local_executor", lambda: "here")
    monkeypatch.delenv(CLUSTER, raising=False)
    assert executor() == "here"
    monkeypatch.setenv(CLUSTER, "tcp://variable:1")
    assert executor() == ("tcp://variable:1", timing.CLUSTER_TIMEOUT)
    assert executor("tcp://argument:1") == ("tcp://argument:1", timing.CLUSTER_TIMEOUT)


@pytest.mark.parametrize("listening", [False, True], ids=["closed", "silent"])
def test_where_no_scheduler_answers_that_is_said_in_time(listening: bool) -> None:
    pytest.importorskip("distributed", reason="needs requirements-cluster.txt")
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        if listening:
            port.listen()
        address = f"tcp://127.0.0.1:{port.getsockname()[1]}"
        start = time.monotonic()
        with pytest.raises(StudyError) as refused:
            cluster_executor(address, timeout=0.5)
    assert time.monotonic() - start < 5
    assert refused.value.rule == "no_cluster"
    assert address in str(refused.value)


@pytest.mark.parametrize("address", ["nonsense://x", "tcp://", "tcp://127.0.0.1:99999"])
def test_an_address_that_is_none_is_an_error_too(address: str) -> None:
    pytest.importorskip("distributed", reason="needs requirements-cluster.txt")
    with pytest.raises(StudyError) as refused:
        cluster_executor(address, timeout=0.5)
    assert refused.value.rule == "no_cluster"
