"""The cluster of deploy/compose.yaml: its commands, run here, train a study."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from bn_lab.experiment import Experiment
from bn_lab.studies.executors import cluster_executor
from bn_lab.studies.job import Job
from bn_lab.studies.study import Study
from tests.browser.conftest import free_port, running
from tests.deploy import compose, image

pytest.importorskip("distributed", reason="needs requirements-cluster.txt")
pytestmark = pytest.mark.processes

STUDY = Study("small", Experiment(dataset="iris", epochs=2, seeds=2), (("depth", (1, 2)),))

PLACE = compose.service("lab-1")["environment"]["BN_LAB_CLUSTER"]


@pytest.fixture
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the scheduler, with one worker, both run as in a container; by a name, as there."""
    folder = tmp_path_factory.mktemp("cluster")
    (app := folder / "app").mkdir()
    image.lay_out(app)
    (scratch := folder / "scratch").mkdir()
    port = free_port()
    here = f"tcp://localhost:{port}"
    commands = {
        "scheduler": compose.command("scheduler", **{"--host=scheduler": "--host=localhost", "--port=8786": f"--port={port}"}),
        "worker": compose.command("worker", **{PLACE: here, "--local-directory=/tmp": f"--local-directory={scratch}"}),
    }
    environment = os.environ | image.PATH | {"HOME": str(app), "PYTHONDONTWRITEBYTECODE": "1"}
    with ExitStack() as stack:
        for name, command in commands.items():
            log = folder / f"{name}.log"
            stack.enter_context(running(image.without_rights(command), log, cwd=app, env=environment))
        yield here


def test_the_clusters_commands_train_a_study(address: str) -> None:
    before = set(threading.enumerate())
    job = Job(STUDY, partial(cluster_executor, address, 60))
    job.start()
    assert job.wait(120)
    assert (job.view.state, job.view.done, job.view.failures) == ("done", 8, ())
    assert set(threading.enumerate()) <= before
