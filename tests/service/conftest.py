"""A trainer that trains when a test says so, at a time that passes when a test says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bn_lab.service import State, Trainer, Training


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def trainer(clock: Clock) -> Trainer:
    return Trainer(clock=clock, threaded=False)


def until(trainer: Trainer, condition: Callable[[], bool]) -> None:
    """Give turns until `condition` holds."""
    for _ in range(10_000):
        if condition():
            return
        trainer.turn()
    raise AssertionError("never happened")


def finished(trainer: Trainer, training: Training) -> None:
    until(trainer, lambda: training.view.state is State.DONE)
