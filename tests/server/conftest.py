"""The server's own addresses without Streamlit's, with a worker on a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bn_lab.experiment import Experiment
from bn_lab.server import application, stream
from bn_lab.service import Recordings, Visitor
from tests.service.threads import on_a_thread

SHORT = Experiment(dataset="iris", epochs=3)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recordings]:
    made = Recordings(start=on_a_thread)
    for module in (stream, application):
        monkeypatch.setattr(module, "recordings", lambda: made)
    yield made
    made.close()


@pytest.fixture
def client(service: Recordings) -> TestClient:
    return TestClient(Starlette(routes=application.routes(), middleware=application.middleware()))


@pytest.fixture
def page(service: Recordings) -> Callable[..., Visitor]:
    """A visitor whose script has just run: `page(experiment, wanted)`."""
    names = iter(range(100))

    def opened(experiment: Experiment = SHORT, wanted: int = 0) -> Visitor:
        visitor = service.visitor(f"visitor {next(names)}")
        visitor.want("lab", experiment, wanted)
        return visitor

    return opened
