"""The trainer takes turns, and lets go of what nobody watches. Time is a number here; nothing sleeps."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from bn_lab import Experiment, train
from bn_lab.experiment import ExperimentError
from bn_lab.service import State, Trainer, Visitor, leases
from bn_lab.service.leases import CLOSED_GRACE, HIDDEN_GRACE, KEPT_AFTER_CLOSE, KEPT_AFTER_HIDE
from bn_lab.service.view import ACTIVE
from tests.service.conftest import Clock, finished, until

IRIS = Experiment(dataset="iris", epochs=6)


def test_a_training_runs_from_ready_to_done(trainer: Trainer) -> None:
    training = trainer.add(IRIS)
    assert training.view.state is State.READY
    assert trainer.turn() is False  # nothing was asked for
    training.start()
    assert training.view.state is State.QUEUED
    finished(trainer, training)
    history = training.view.history
    assert history is not None
    assert history.epoch == 6
    assert trainer.turn() is False


def test_turns_of_many_give_each_its_own_numbers(trainer: Trainer) -> None:
    experiments = [Experiment(dataset="iris", epochs=8, seed=s, depth=1 + s) for s in range(3)]
    trainings = [trainer.add(e) for e in experiments]
    for training in trainings:
        training.start()
    for training in trainings:
        finished(trainer, training)
    for experiment, training in zip(experiments, trainings, strict=True):
        history = training.view.history
        assert history is not None
        np.testing.assert_array_equal(history.train_loss, train(experiment).train_loss)


def test_step_epoch_pause_and_resume_give_the_numbers_of_one_go(trainer: Trainer) -> None:
    training = trainer.add(IRIS)
    training.step()
    until(trainer, lambda: training.view.state is State.PAUSED)
    assert training.view.history is not None
    assert training.view.history.steps == 1
    training.step()
    training.step()
    until(trainer, lambda: training.view.state is State.PAUSED and not training.working)
    assert training.view.history.steps == 3
    training.finish_epoch()
    until(trainer, lambda: training.view.state is State.PAUSED and not training.working)
    assert training.view.history.epoch == 1
    assert training.view.history.partial_loss is None
    training.start()
    training.pause(wait=0)  # before its first turn
    trainer.turn()
    assert not training.working
    training.start()
    finished(trainer, training)
    np.testing.assert_array_equal(training.view.history.train_loss, train(IRIS).train_loss)


def test_the_present_weights_are_there_while_a_training_stands_still(trainer: Trainer, clock: Clock) -> None:
    training = trainer.add(Experiment(dataset="iris", epochs=5000))
    training.step()
    until(trainer, lambda: training.view.state is State.PAUSED)
    assert training.view.history is not None
    assert training.view.history.kept[-1].epoch == training.view.history.progress > 0
    training.start()
    clock.pass_by(1)
    until(trainer, lambda: training.view.state is State.RUNNING)
    assert all(float(kept.epoch).is_integer() for kept in training.view.history.kept), "none of the past pause is left"
    training.pause(wait=0)
    until(trainer, lambda: training.view.state is State.PAUSED)
    assert training.view.history.kept[-1].epoch == training.view.history.progress


def test_pausing_twice_or_while_queued_is_harmless(trainer: Trainer) -> None:
    training = trainer.add(IRIS)
    training.start()
    training.pause(wait=0)
    training.pause(wait=0)
    trainer.turn()
    assert training.view.state not in ACTIVE
    assert trainer.turn() is False
    training.start()
    finished(trainer, training)


def test_training_longer_goes_on_from_where_it_stands(trainer: Trainer) -> None:
    training = trainer.add(IRIS)
    training.start()
    finished(trainer, training)
    training.extend(10)
    training.start()
    until(trainer, lambda: training.view.history is not None and training.view.history.epoch == 10)
    assert training.view.history is not None
    np.testing.assert_array_equal(training.view.history.train_loss, train(Experiment(dataset="iris", epochs=10)).train_loss)
    with pytest.raises(ExperimentError, match="epochs"):
        training.extend(5001)


def test_a_closed_page_pauses_its_training_and_then_loses_it(trainer: Trainer, clock: Clock) -> None:
    training = trainer.add(Experiment(dataset="iris", epochs=5000))
    training.start()
    trainer.turn()
    training.release()
    clock.pass_by(2.5)  # a short cut of the connection
    trainer.turn()
    assert training.working
    training.renew()
    clock.pass_by(CLOSED_GRACE + 1)
    trainer.turn()
    assert training.working, "the page came back, so its closing is forgotten"
    training.release()
    clock.pass_by(CLOSED_GRACE + 1)
    trainer.turn()
    assert training.view.state is State.PAUSED
    assert not training.working
    clock.pass_by(KEPT_AFTER_CLOSE)
    trainer.turn()
    assert training.view.state is State.GONE
    assert trainer.get(training.id) is None
    assert CLOSED_GRACE <= 30 - 1
    assert CLOSED_GRACE + KEPT_AFTER_CLOSE <= 60 - 1


def test_a_hidden_page_keeps_its_training_and_wakes_it(trainer: Trainer, clock: Clock) -> None:
    training = trainer.add(Experiment(dataset="iris", epochs=5000))
    training.start()
    trainer.turn()
    clock.pass_by(HIDDEN_GRACE - 1)
    trainer.turn()
    assert training.working
    clock.pass_by(2)
    trainer.turn()
    assert training.view.state is State.PAUSED
    training.renew()
    assert training.working
    trainer.turn()
    assert training.view.state is State.RUNNING
    clock.pass_by(HIDDEN_GRACE + KEPT_AFTER_HIDE + 1)
    trainer.turn()
    assert training.view.state is State.GONE


def test_a_failure_ends_one_training_only(trainer: Trainer) -> None:
    wrong, right = trainer.add(Experiment(dataset="iris", samples=151)), trainer.add(IRIS)
    wrong.start()
    right.start()
    finished(trainer, right)
    assert wrong.view.state is State.FAILED
    assert isinstance(wrong.view.error, ExperimentError)
    wrong.start()
    assert trainer.turn() is False


def test_views_say_how_long_it_will_take(trainer: Trainer, clock: Clock) -> None:
    training = trainer.add(Experiment(dataset="iris", epochs=5000))
    training.start()
    trainer.turn()
    assert training.view.remaining is None
    clock.pass_by(1)
    trainer.turn()
    clock.pass_by(1)
    trainer.turn()
    view = training.view
    assert view.history is not None
    assert view.rate > 0
    assert view.remaining == pytest.approx((5000 - view.history.progress) / view.rate)


def test_a_pause_in_the_middle_of_a_turn_is_heeded(trainer: Trainer) -> None:
    training = trainer.add(Experiment(dataset="iris", epochs=5000))
    training.start()
    trainer.turn()
    run = training._run
    assert run is not None
    advance = run.advance

    def interrupted(seconds: float, until: float) -> None:
        training.pause(wait=0)
        advance(seconds, until=until)

    run.advance = interrupted  # type: ignore[method-assign]
    trainer.turn()
    trainer.turn()
    assert training.view.state is State.PAUSED
    assert not training.working
    assert training.view.history is not None
    assert training.view.history.progress == run.progress


def test_standing_still_is_no_time_spent(trainer: Trainer, clock: Clock) -> None:
    training = trainer.add(Experiment(dataset="iris", epochs=5000))
    training.start()
    for _ in range(3):
        clock.pass_by(1)
        trainer.turn()
    training.pause(wait=0)
    trainer.turn()
    seconds = training.view.seconds
    assert 0 < seconds <= 3
    clock.pass_by(1000)
    training.renew()
    training.start()
    clock.pass_by(1)
    trainer.turn()
    first = training.view
    clock.pass_by(1)
    trainer.turn()
    second = training.view
    assert first.history is not None
    assert second.history is not None
    assert second.seconds <= seconds + 2
    assert second.rate == pytest.approx(second.history.progress - first.history.progress)  # of the last second alone


def test_an_error_of_ours_is_logged_and_a_wrong_value_is_not(trainer: Trainer, caplog: pytest.LogCaptureFixture) -> None:
    wrong = trainer.add(Experiment(dataset="iris", samples=151))
    wrong.start()
    trainer.turn()
    assert not caplog.records
    broken = trainer.add(Experiment(dataset="iris", epochs=5000))
    broken.start()
    trainer.turn()
    assert broken._run is not None
    broken._run._step = None  # type: ignore[method-assign, assignment]
    trainer.turn()
    assert broken.view.state is State.FAILED
    assert "dataset='iris'" in caplog.text


@pytest.fixture
def threaded() -> Iterator[Trainer]:
    trainer = Trainer()
    yield trainer
    for training in trainer.trainings:
        trainer.drop(training.id)


def test_the_thread_trains_pauses_at_once_and_ends_with_the_last_training(threaded: Trainer) -> None:
    training = threaded.add(Experiment(dataset="iris", epochs=5000))
    with threaded._changed:
        training.start()
        assert threaded._changed.wait_for(lambda: training.view.state is State.RUNNING, timeout=30)
    training.pause(wait=5)
    assert training.view.state is State.PAUSED
    before = training.view.history
    assert before is not None
    training.start(wait=30)  # which returns as soon as there is something new to show
    assert training.view.state is State.RUNNING
    assert training.view.history is not None
    assert training.view.history.steps > before.steps
    thread = threaded._thread
    assert thread is not None
    threaded.drop(training.id)
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert "bn-lab-trainer" not in [t.name for t in threading.enumerate()]


def test_the_thread_ends_with_the_last_visitor_and_finished_runs_stay(
    threaded: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "KEPT_AFTER_CLOSE", 0.0)
    visitor = Visitor(threaded, "ann")
    training = visitor.open(IRIS)
    visitor.start()
    with threaded.lock:
        assert threaded.lock.wait_for(lambda: training.view.state is State.DONE, 30)
    thread = threaded._thread
    assert thread is not None
    assert thread.is_alive()  # somebody watches
    training.leave("ann")
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert Visitor(threaded, "ben").open(IRIS) is training
    assert threaded._thread is not None
    threaded.drop(training.id)
