"""Real, small runs for the tests of figures: three data sets, all arms, two seeds, with validation."""

import pytest

from bn_lab.arms import ARMS
from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.experiment import Experiment
from bn_lab.figures.frame import Recorded
from bn_lab.figures.parts import recorded

TRAINED = {"iris": 3, "boston_without_b": 2, "moons": 3}
"""Epochs that are trained of each data set."""


@pytest.fixture(scope="session", params=TRAINED)
def run(request: pytest.FixtureRequest) -> Run:
    """Some epochs, and one batch of the next."""
    experiment = Experiment(dataset=request.param, arms=tuple(ARMS), seeds=2, seed=5, validation_share=0.25, epochs=9)
    run = Run(experiment)
    for _ in range(TRAINED[request.param]):
        run.finish_epoch()
    run.step()
    return run


@pytest.fixture(scope="session")
def history(run: Run) -> History:
    return run.history(current=True)


@pytest.fixture(scope="session")
def table(history: History) -> Recorded:
    return recorded(history)
