"""Real, small runs for the tests of figures: three data sets, all arms, two seeds, with validation."""

from collections.abc import Callable

import pytest

from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.experiment import ARMS, Experiment
from bn_lab.figures import curves, fields, row
from bn_lab.figures.frame import DecodedFrame, pack, unpack

TRAINED = {"iris": 3, "boston_without_b": 2, "moons": 3}
"""Epochs that are trained of each data set."""


@pytest.fixture(scope="session", params=TRAINED)
def run(request: pytest.FixtureRequest) -> Run:
    """Some epochs, and one batch of the next."""
    experiment = Experiment(dataset=request.param, arms=ARMS, seeds=2, seed=5, validation_share=0.25, epochs=9)
    run = Run(experiment)
    for _ in range(TRAINED[request.param]):
        run.finish_epoch()
    run.step()
    return run


@pytest.fixture(scope="session")
def history(run: Run) -> History:
    return run.history(current=True)


def _framed(history: History) -> DecodedFrame:
    header = {
        "run": "1",
        "state": "done",
        "epoch": history.progress,
        "epochs": 9,
        "recorded": [],
        "labels": {},
        "current": False,
    }
    moments = [*history.snapshots, *([history.current] if history.current else [])]
    rows = [(snapshot.epoch, row(history, snapshot)) for snapshot in moments]
    return unpack(pack(header, curves(history), rows, fields(history)))


@pytest.fixture(scope="session")
def framed() -> Callable[[History], DecodedFrame]:
    """A function that makes the frame of a history which the browser gets."""
    return _framed
