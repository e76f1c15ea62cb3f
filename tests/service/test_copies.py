"""A page gets a copy of any network of a training in whatever state that is, and the training does not notice."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from bn_lab import Experiment
from bn_lab.engine.history import NetworkCopy
from bn_lab.engine.run import Run
from bn_lab.service import State, Trainer, Training
from tests.service.conftest import finished, until

IRIS = Experiment(dataset="iris", epochs=6, seeds=2, depth=2)


def asked(trainer: Trainer, training: Training, seed: int) -> NetworkCopy | None:
    """What a page gets that asks on a thread of its own, while this one gives turns."""
    answers: list[NetworkCopy | None] = []
    page = threading.Thread(target=lambda: answers.append(training.network("before", seed, wait=20)))
    page.start()
    until(trainer, lambda: not page.is_alive())
    page.join()
    return answers[0]


def expected(copy: NetworkCopy) -> dict[str, np.ndarray]:
    """The same network trained for as many steps without anybody looking."""
    run = Run(IRIS)
    while run.steps < copy.steps:
        run.step()
    return run.weights(IRIS.arms.index("before"), IRIS.seed_list.index(copy.seed))


def assert_right(copy: NetworkCopy | None, steps: int) -> None:
    assert copy is not None
    assert copy.steps == steps
    weights = expected(copy)
    assert set(copy.arrays) == set(weights)
    for name, values in weights.items():
        np.testing.assert_array_equal(copy.arrays[name], values)
        assert not copy.arrays[name].flags.writeable


def test_before_the_first_step_there_is_nothing_to_copy(trainer: Trainer) -> None:
    training = trainer.add(IRIS)
    assert training.network("before", 0, wait=0) is None
    training.look()
    trainer.turn()
    assert training.network("before", 0, wait=0) is None


@pytest.mark.parametrize("seed", IRIS.seed_list)
def test_of_a_finished_training_every_network_can_be_copied(trainer: Trainer, seed: int) -> None:
    training = trainer.add(IRIS)
    training.start()
    finished(trainer, training)
    before = training.view
    assert_right(asked(trainer, training, seed), 30)
    assert training.view is before


def test_a_running_training_gives_its_present_networks_and_goes_on(trainer: Trainer) -> None:
    training = trainer.add(IRIS)
    training.step()
    until(trainer, lambda: training.view.state is State.PAUSED)
    training.start()
    answers: list[NetworkCopy | None] = []
    page = threading.Thread(target=lambda: answers.append(training.network("before", 1, wait=20)))
    page.start()
    until(trainer, lambda: not page.is_alive())
    page.join()
    assert answers[0] is not None
    assert_right(answers[0], answers[0].steps)
    finished(trainer, training)
    assert_right(asked(trainer, training, 1), 30)


def test_a_run_that_was_given_up_is_made_anew_and_nobody_sees_it(trainer: Trainer) -> None:
    training = trainer.add(IRIS)
    training.start()
    finished(trainer, training)
    seconds = training.view.seconds
    assert training.shed()
    seen = set()
    answers: list[NetworkCopy | None] = []
    page = threading.Thread(target=lambda: answers.append(training.network("before", 1, wait=20)))
    page.start()
    for _ in range(10_000):
        seen.add(training.view.state)
        if not page.is_alive():
            break
        trainer.turn()
    page.join()
    assert_right(answers[0], 30)
    assert seen == {State.DONE}
    assert training.view.seconds == seconds


def test_the_first_network_of_a_standing_run_needs_no_run(trainer: Trainer) -> None:
    training = trainer.add(IRIS)
    training.start()
    finished(trainer, training)
    assert training.shed()
    assert_right(training.network("before", 0, wait=0), 30)


def test_who_asks_a_training_that_goes_away_gets_nothing(trainer: Trainer) -> None:
    training = trainer.add(IRIS)
    training.start()
    finished(trainer, training)
    training.fail(RuntimeError("broken"))
    assert training.network("before", 1, wait=20) is None  # at once
    trainer.drop(training.id)
    assert training.network("before", 0, wait=20) is None


def test_who_does_not_get_an_answer_in_time_asks_no_more(trainer: Trainer) -> None:
    training = trainer.add(IRIS)
    training.start()
    finished(trainer, training)
    assert training.network("before", 1, wait=0) is None
    assert trainer.turn() is False
