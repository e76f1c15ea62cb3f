"""Real workers: processes that are lost, hang, and end with the one that started them; which itself never loads torch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from bn_lab import Experiment
from bn_lab.service import Limits, Recordings, WatchState
from tests.service.conftest import alone, differences
from tests.service.threads import on_a_thread

IRIS = Experiment(dataset="iris", epochs=6)
LONG = Experiment(dataset="iris", epochs=5000)


def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until `condition` holds; with processes nothing can say when that is."""
    latest = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < latest, "never happened"
        time.sleep(0.02)


@pytest.fixture
def recordings() -> Iterator[Recordings]:
    recordings = Recordings(Limits(workers=1))
    yield recordings
    recordings.close()


def children() -> set[int]:
    """Workers of this process, those that ended and were not waited for included."""
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False)
    return {int(line.split()[0]) for line in listed.stdout.splitlines() if "bn_lab.service.worker" in line or "defunct" in line}


def test_a_worker_on_a_thread_trains_answers_and_ends() -> None:
    recordings = Recordings(Limits(workers=1), start=on_a_thread)
    visitor = recordings.visitor("ann")
    visitor.connect()
    watch = visitor.want("lab", IRIS)
    wait(lambda: watch.progress.state is WatchState.ENDED)
    assert differences(watch.history(60), alone(IRIS)) == []
    recordings.close()


def test_importing_the_service_brings_neither_torch_nor_plotly() -> None:
    script = "import sys, bn_lab.service.worker; print(sorted({'torch', 'plotly', 'streamlit'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


WHOLE = """
import sys, time
from bn_lab.service import Recordings, Limits, WatchState
from bn_lab.experiment import Experiment
experiment = Experiment(dataset="iris", epochs=6)
recordings = Recordings(Limits(workers=1))
visitor = recordings.visitor("ann")
visitor.connect()
watch = visitor.want("lab", experiment)
while watch.progress.state is not WatchState.ENDED:
    time.sleep(0.02)
    watch.rows({"summary": 0, "layers": 0})
history = watch.history(60)
network = watch.network("before", 0, 60)
for name, arguments in {"subject": ("before", 1), "folded": ("before", 1), "three_ways": ("before",)}.items():
    assert recordings.compute(name, experiment, history.checkpoints[-1], *arguments, timeout=60) is not None
print(history.epoch, network.steps, sorted({"torch", "plotly"} & set(sys.modules)))
"""


@pytest.mark.processes
def test_the_pages_process_never_loads_torch_and_its_end_ends_its_workers() -> None:
    done = subprocess.run([sys.executable, "-c", WHOLE], capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr) == ("6 30 []\n", "")


@pytest.mark.processes
def test_a_killed_worker_is_replaced_and_nothing_is_left_behind(recordings: Recordings) -> None:
    visitor = recordings.visitor("ann")
    visitor.connect()
    watch = visitor.want("lab", LONG)
    wait(lambda: watch.progress.epoch > 20)
    (process,) = children()
    assert os.getpriority(os.PRIO_PROCESS, process) > os.getpriority(os.PRIO_PROCESS, 0)
    epoch = watch.progress.epoch
    os.kill(process, signal.SIGKILL)
    wait(lambda: watch.progress.epoch > epoch)
    (other,) = children()
    assert other != process
    visitor.drop("lab")
    ended = visitor.want("lab", IRIS)
    wait(lambda: ended.progress.state is WatchState.ENDED)
    assert differences(ended.history(60), alone(IRIS)) == []
    recordings.close()
    wait(lambda: not children())


@pytest.mark.processes
def test_a_worker_that_hangs_is_noticed(recordings: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = recordings.visitor("ann")
    visitor.connect()
    watch = visitor.want("lab", LONG)
    wait(lambda: watch.progress.epoch > 1)
    (process,) = children()
    monkeypatch.setattr("bn_lab.timing.SILENT_WORKER", 6.0)
    os.kill(process, signal.SIGSTOP)
    wait(lambda: process not in children())
    wait(lambda: watch.progress.state is WatchState.TRAINING and bool(children()))


@pytest.mark.processes
def test_the_end_of_the_pages_process_ends_its_workers_however_it_comes() -> None:
    script = WHOLE.replace("print(history", "print('ready', flush=True); time.sleep(600); print(history")
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server.pid)], capture_output=True, text=True, check=True)
        (worker,) = map(int, listed.stdout.split())
        server.kill()
    wait(lambda: not is_running(worker), 20)


def is_running(process: int) -> bool:
    """Whether a process runs; one that ended and that nobody has waited for does not."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip()) and not done.stdout.strip().startswith("Z")
