"""Many visitors of one experiment: one training, and nobody disturbs another. Time is a number here; nothing sleeps."""

from __future__ import annotations

import gc
from dataclasses import replace
from functools import cache
from time import thread_time

import numpy as np
import pytest

from bn_lab import Experiment, train
from bn_lab.datasets import Table, keep
from bn_lab.engine.run import Run
from bn_lab.experiment import ExperimentError
from bn_lab.service import LimitError, Limits, State, Trainer, Training, Visitor
from bn_lab.service.leases import CLOSED_GRACE, HIDDEN_GRACE, KEPT_AFTER_CLOSE, KEPT_AFTER_HIDE
from tests.service.conftest import Clock, finished, until

IRIS = Experiment(dataset="iris", epochs=6)
LONG = Experiment(dataset="iris", epochs=300)


@pytest.fixture
def ann(trainer: Trainer) -> Visitor:
    return Visitor(trainer, "ann")


@pytest.fixture
def ben(trainer: Trainer) -> Visitor:
    return Visitor(trainer, "ben")


def on_page(visitor: Visitor) -> Training:
    assert visitor.training is not None
    return visitor.training


def running(visitor: Visitor, epochs: float = 2) -> Training:
    """Let the training on the page go on until so many epochs are done; a view is published only as time passes."""

    def so_far() -> bool:
        visitor.trainer._clock.pass_by(0.11)  # type: ignore[attr-defined]
        return on_page(visitor).view.progress >= epochs

    until(visitor.trainer, so_far)
    assert on_page(visitor).view.state is State.RUNNING
    return on_page(visitor)


def assert_as_alone(training: Training) -> None:
    """It has the numbers that its experiment has by itself."""
    history = training.view.history
    assert history is not None
    assert training.view.state is State.DONE
    np.testing.assert_array_equal(history.train_loss, alone(training.view.experiment).train_loss)


alone = cache(train)
"""The numbers of an experiment by itself, which several tests ask for."""


def test_the_second_visitor_of_a_link_joins_the_run_in_progress(ann: Visitor, ben: Visitor) -> None:
    ann.open(LONG)
    ann.start()
    training = running(ann)
    assert ben.open(LONG) is training
    assert training.view.state is State.RUNNING
    assert len(ann.trainer.trainings) == 1
    finished(ann.trainer, training)
    assert_as_alone(training)


def test_who_comes_later_sees_the_finished_run_at_once(ann: Visitor, ben: Visitor, clock: Clock) -> None:
    ann.open(IRIS)
    ann.start()
    finished(ann.trainer, on_page(ann))
    ann.release()
    clock.pass_by(CLOSED_GRACE + KEPT_AFTER_CLOSE + HIDDEN_GRACE + 1)
    ann.trainer.turn()
    training = ben.open(IRIS)
    assert training.view.state is State.DONE
    assert training is on_page(ann)


def test_what_has_not_begun_is_each_visitors_own_until_somebody_trains(ann: Visitor, ben: Visitor) -> None:
    ann.open(LONG)
    ben.open(LONG)
    assert on_page(ann) is not on_page(ben)
    ann.start()
    running(ann)
    assert on_page(ben).view.state is State.READY
    ben.start()
    assert on_page(ben) is on_page(ann)
    assert len(ann.trainer.trainings) == 1


@pytest.mark.parametrize("order", ["pause", "reset", "longer", "fewer"])
def test_nothing_that_one_does_is_noticed_by_another(ann: Visitor, ben: Visitor, order: str) -> None:
    ann.open(LONG)
    ann.start()
    training = running(ann)
    ben.open(LONG)
    if order == "pause":
        ben.pause(wait=0)
    elif order == "reset":
        ben.begin(LONG)
    else:
        assert ben.plan(400 if order == "longer" else 200)
    assert on_page(ben) is not training
    assert on_page(ann) is training
    finished(ann.trainer, training)
    assert_as_alone(training)
    assert training.view.experiment == LONG


def test_a_pause_holds_the_own_view_and_a_step_goes_on_from_there(ann: Visitor, ben: Visitor) -> None:
    ann.open(LONG)
    ann.start()
    training = running(ann)
    ben.open(LONG)
    ben.pause(wait=0)
    held = on_page(ben)
    until(ben.trainer, lambda: not held.working)
    stood = held.view
    assert stood.state is State.PAUSED
    assert held.run == training.run  # the same numbers, as far as they go
    running(ann, epochs=stood.progress + 20)
    assert held.view is stood
    ben.step()
    until(ben.trainer, lambda: held.view.state is State.PAUSED and held.view is not stood)
    assert stood.history is not None
    assert held.view.history is not None
    assert held.view.history.steps == stood.history.steps + 1
    finished(ann.trainer, training)
    assert_as_alone(training)


def test_who_goes_on_after_a_pause_is_where_the_others_are(ann: Visitor, ben: Visitor) -> None:
    ann.open(LONG)
    ann.start()
    training = running(ann)
    ben.open(LONG)
    ben.pause(wait=0)
    until(ben.trainer, lambda: not on_page(ben).working)
    running(ann, epochs=on_page(ben).view.progress + 20)
    ben.start()
    assert on_page(ben) is training
    assert len(ben.trainer.trainings) == 1


@pytest.mark.parametrize("order", ["reset", "another control", "step"])
def test_who_goes_ways_of_their_own_trains_by_themselves(ann: Visitor, ben: Visitor, order: str) -> None:
    for visitor in (ann, ben):
        visitor.open(IRIS)
    ann.start()
    finished(ann.trainer, on_page(ann))
    if order == "step":
        ben.step()
        until(ben.trainer, lambda: on_page(ben).view.state is State.PAUSED)
    else:
        ben.begin(IRIS)
    ben.start()
    assert on_page(ben) is not on_page(ann)
    assert on_page(ben).view.state is State.QUEUED
    finished(ben.trainer, on_page(ben))
    assert_as_alone(on_page(ben))


def test_who_has_made_steps_beyond_the_others_goes_on_alone(ann: Visitor, ben: Visitor) -> None:
    ann.open(IRIS)
    ann.step()
    until(ann.trainer, lambda: on_page(ann).view.state is State.PAUSED)
    ben.open(IRIS)
    ben.start()  # with nobody: what stands still is its visitor's own
    assert on_page(ben) is not on_page(ann)
    ann.start()
    for visitor in (ann, ben):
        finished(visitor.trainer, on_page(visitor))
        assert_as_alone(on_page(visitor))


def test_alone_a_pause_is_a_pause(ann: Visitor, ben: Visitor) -> None:
    ann.open(LONG)
    ann.start()
    training = running(ann)
    ann.pause(wait=0)
    until(ann.trainer, lambda: not training.working)
    assert on_page(ann) is training
    assert training.view.state is State.PAUSED
    assert ben.open(LONG) is not training
    ann.start()
    assert ann.trainer.find(LONG) is training


def test_training_longer_goes_on_from_what_is_there_and_leaves_the_finished_run(ann: Visitor, ben: Visitor) -> None:
    ann.open(IRIS)
    ann.start()
    finished(ann.trainer, on_page(ann))
    short = on_page(ann)
    longer = replace(IRIS, epochs=12)
    assert ann.plan(12)
    assert on_page(ann).view.progress == 6
    assert on_page(ann).run == short.run
    ann.start()
    assert ben.open(longer) is on_page(ann)
    finished(ann.trainer, on_page(ann))
    assert_as_alone(on_page(ann))
    assert ben.trainer.find(IRIS) is short
    assert_as_alone(short)


def test_a_plan_that_others_have_carried_out_further_is_joined(ann: Visitor, ben: Visitor) -> None:
    for visitor, epochs in ((ann, 12), (ben, 6)):
        visitor.open(replace(IRIS, epochs=epochs))
        visitor.start()
        finished(visitor.trainer, on_page(visitor))
    assert ben.plan(12)
    assert on_page(ben) is on_page(ann)


def test_fewer_epochs_than_are_done_are_no_plan(ann: Visitor) -> None:
    ann.open(IRIS)
    ann.start()
    finished(ann.trainer, on_page(ann))
    assert not ann.plan(3)
    with pytest.raises(ExperimentError):
        ann.plan(10**6)
    assert on_page(ann).view.experiment == IRIS


def test_another_number_of_epochs_for_a_running_one_that_nobody_else_watches(ann: Visitor, ben: Visitor) -> None:
    ann.open(LONG)
    ann.start()
    training = running(ann)
    assert ann.plan(200)
    assert on_page(ann) is training
    assert ben.open(replace(LONG, epochs=200)) is training
    assert ann.trainer.find(LONG) is None
    finished(ann.trainer, training)
    assert_as_alone(training)


@pytest.mark.parametrize(("wanted", "state", "epochs"), [("all", State.DONE, 6), ("4", State.PAUSED, 4), ("", State.READY, 0)])
def test_a_link_restores_what_no_server_remembers(ann: Visitor, wanted: str, state: State, epochs: int) -> None:
    training = ann.open(IRIS, wanted)
    training.look()
    until(ann.trainer, lambda: not training.working)
    assert training.view.state is state
    assert training.view.progress == epochs
    assert ann.wanted == wanted
    assert training.view.history is not None
    np.testing.assert_array_equal(training.view.history.train_loss, alone(IRIS).train_loss[:, :, :epochs])


def test_who_leaves_takes_nothing_from_those_who_stay(ann: Visitor, ben: Visitor, clock: Clock) -> None:
    ann.open(LONG)
    ann.start()
    training = running(ann)
    ben.open(LONG)
    ann.release()
    for _ in range(12):
        clock.pass_by(10)
        ben.renew()
        ben.trainer.turn()
    assert training.watchers() == 1
    assert training.view.state is State.RUNNING
    ben.release()
    clock.pass_by(CLOSED_GRACE + 0.6)
    ben.trainer.turn()
    assert training.view.state is State.PAUSED
    ann.renew()  # and is there again
    assert on_page(ann).working


def test_a_run_that_nobody_watches_wakes_for_the_next_visitor(ann: Visitor, ben: Visitor, clock: Clock) -> None:
    ann.open(LONG)
    ann.start()
    training = running(ann)
    ann.release()
    clock.pass_by(CLOSED_GRACE + 0.6)
    ann.trainer.turn()
    assert training.view.state is State.PAUSED
    assert ben.open(LONG) is training
    assert training.working


def test_turns_go_to_who_had_least_for_each_visitor(trainer: Trainer, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training of four visitors gets twice as many turns as one of a single visitor, and a newcomer the very next."""
    turns: list[Training] = []

    def turn(training: Training, seconds: float) -> float:
        turns.append(training)
        clock.pass_by(0.02)
        return 0.02

    monkeypatch.setattr(Training, "turn", turn)
    visitors = [Visitor(trainer, name) for name in "abcde"]
    for visitor in visitors:
        visitor.open(LONG if visitor.name != "e" else replace(LONG, seed=1))
        visitor.start()
    for _ in range(90):
        trainer.turn()
    shared, own = on_page(visitors[0]), on_page(visitors[4])
    assert turns.count(shared) == pytest.approx(60, abs=2)
    assert turns.count(own) == pytest.approx(30, abs=2)
    newcomer = Visitor(trainer, "f")
    newcomer.open(replace(LONG, seed=2))
    newcomer.start()
    for _ in range(2):
        trainer.turn()
    assert on_page(newcomer) in turns[90:]
    for _ in range(120):
        trainer.turn()
    assert turns[92:].count(on_page(newcomer)) == pytest.approx(30, abs=3)  # no more than its share for having waited


def test_a_long_turn_of_one_is_made_good_to_the_others(trainer: Trainer, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    spent: dict[Training, float] = {}
    heavy = trainer.add(replace(LONG, seed=1), "a")
    light = trainer.add(replace(LONG, seed=2), "b")

    def turn(training: Training, seconds: float) -> float:
        took = 0.5 if training is heavy else 0.02
        spent[training] = spent.get(training, 0.0) + took
        clock.pass_by(took)
        for each in (heavy, light):
            each.renew("a" if each is heavy else "b")
        return took

    monkeypatch.setattr(Training, "turn", turn)
    for each in (heavy, light):
        each.start()
    for _ in range(500):
        trainer.turn()
    assert spent[light] == pytest.approx(spent[heavy], rel=0.15)


def test_who_waits_has_a_place_in_line(trainer: Trainer) -> None:
    trainings = [trainer.add(replace(LONG, seed=seed)) for seed in range(3)]
    assert [trainer.place(training) for training in trainings] == [0, 0, 0]
    for training in trainings:
        training.start()
    assert [trainer.place(training) for training in trainings] == [1, 2, 3]
    trainer.turn()
    assert sorted(trainer.place(training) for training in trainings) == [0, 1, 2]


def tight(clock: Clock, runs: float) -> Trainer:
    """A trainer with memory for so many runs of `LONG`."""
    return Trainer(clock=clock, threaded=False, limits=Limits(trainings_mb=runs * memory_mb(), experiment_mb=1.1 * memory_mb()))


def memory_mb() -> float:
    from bn_lab.engine.cost import memory

    return memory(LONG) / 1e6


def test_finished_runs_stay_as_long_as_there_is_memory_the_oldest_goes_first(clock: Clock) -> None:
    trainer = tight(clock, runs=2.5)
    visitor = Visitor(trainer, "ann")
    experiments = [replace(LONG, seed=seed) for seed in range(4)]
    for experiment in experiments:
        visitor.open(experiment)
        visitor.start()
        finished(trainer, on_page(visitor))
    assert [trainer.find(experiment) is not None for experiment in experiments] == [False, False, True, True]


def test_finished_runs_that_nobody_watches_are_bounded_by_themselves(clock: Clock) -> None:
    limits = Limits(finished_mb=1.5 * memory_mb())
    trainer = Trainer(clock=clock, threaded=False, limits=limits)
    experiments = [replace(LONG, seed=seed) for seed in range(3)]
    for k, experiment in enumerate(experiments):
        visitor = Visitor(trainer, str(k))
        visitor.open(experiment)
        visitor.start()
        finished(trainer, on_page(visitor))
    clock.pass_by(HIDDEN_GRACE + KEPT_AFTER_HIDE + 1)
    visitor.renew()  # the last one is watched, so it does not count
    trainer.turn()
    assert [trainer.find(experiment) is not None for experiment in experiments] == [False, True, True]


def test_without_memory_a_visitor_waits_in_line_until_there_is_some(clock: Clock) -> None:
    trainer = tight(clock, runs=1.5)
    ann, ben = Visitor(trainer, "ann"), Visitor(trainer, "ben")
    for visitor, seed in ((ann, 0), (ben, 1)):
        visitor.open(replace(LONG, seed=seed))
        visitor.start()
    running(ann)
    assert on_page(ben).view.state is State.QUEUED
    assert trainer.place(on_page(ben)) == 1
    ann.pause(wait=0)
    finished(trainer, on_page(ben))
    assert_as_alone(on_page(ben))
    stood = on_page(ann).view
    assert stood.state is State.PAUSED
    ann.start()  # its run has made room, and is made again
    finished(trainer, on_page(ann))
    assert stood.progress < 300
    assert_as_alone(on_page(ann))


def test_a_copy_for_which_there_is_no_memory_is_made_by_training_again(clock: Clock) -> None:
    trainer = tight(clock, runs=1.5)
    ann, ben = Visitor(trainer, "ann"), Visitor(trainer, "ben")
    for visitor in (ann, ben):
        visitor.open(LONG)
    ann.start()
    running(ann)
    ben.open(LONG)
    ben.pause(wait=0)
    held = on_page(ben).view
    assert held.history is not None
    assert held.state is State.PAUSED
    ann.begin(replace(LONG, seed=5))  # the run that both watched is no longer needed, and gone
    trainer.drop(next(t.id for t in trainer.trainings if t not in (on_page(ann), on_page(ben))))
    ben.step()
    until(trainer, lambda: on_page(ben).view.state is State.PAUSED and on_page(ben).view is not held)
    history = on_page(ben).view.history
    assert history is not None
    assert history.steps == held.history.steps + 1
    np.testing.assert_array_equal(history.train_loss, alone(LONG).train_loss[:, :, : history.epoch])


def test_more_than_the_server_gives_is_refused_wherever_it_is_asked_for(clock: Clock) -> None:
    trainer = Trainer(clock=clock, threaded=False, limits=Limits(experiment_minutes=0.01))
    visitor = Visitor(trainer, "ann")
    with pytest.raises(LimitError):
        visitor.open(replace(LONG, epochs=5000))
    assert trainer.trainings == []
    visitor.open(replace(LONG, epochs=20))
    with pytest.raises(LimitError):
        visitor.plan(5000)
    assert on_page(visitor).view.experiment.epochs == 20


def test_fewer_epochs_than_a_run_has_done_since_it_was_last_seen(ann: Visitor, ben: Visitor) -> None:
    """A view is up to a second old: what is planned by it may be less than what is done."""
    for other in (False, True):
        seed = 40 + other
        ann.open(replace(LONG, seed=seed))
        ann.start()
        training = running(ann)
        if other:
            ben.open(replace(LONG, seed=seed))
        ann.trainer.turn()
        seen = training.view.progress
        for _ in range(8):  # time stands still, so there is no new view
            ann.trainer.turn()
        assert training._run is not None
        planned = int(seen) + 1
        assert training._run.progress > planned
        assert training.view.progress == seen
        assert ann.plan(planned)
        views = [on_page(ann).view.progress]
        while on_page(ann).view.state is not State.DONE:
            ann.trainer.turn()
            views.append(on_page(ann).view.progress)
        assert max(views) <= planned
        assert min(views) >= seen
        assert_as_alone(on_page(ann))


def test_who_only_looks_or_pauses_takes_no_memory_that_is_not_there(clock: Clock) -> None:
    trainer = tight(clock, runs=1.5)
    visitors = [Visitor(trainer, name) for name in "abcd"]
    for seed, visitor in enumerate(visitors):
        visitor.open(replace(LONG, seed=seed))
        visitor.start()
    running(visitors[0])
    for visitor in visitors[1:]:
        assert on_page(visitor).view.state is State.QUEUED
        visitor.pause(wait=0)
    for _ in range(20):
        trainer.turn()
    assert [on_page(visitor).view.state for visitor in visitors[1:]] == [State.READY] * 3
    assert sum(training.holds for training in trainer.trainings) == on_page(visitors[0]).holds > 0


def test_nobody_loses_anything_for_one_who_cannot_be_helped(clock: Clock) -> None:
    trainer = tight(clock, runs=2.5)
    ann, ben, cem = (Visitor(trainer, name) for name in ("ann", "ben", "cem"))
    ann.open(replace(LONG, seed=0))
    ann.start()
    finished(trainer, on_page(ann))
    ben.open(replace(LONG, seed=1, epochs=400))
    ben.start()
    running(ben)
    trainer.limits = Limits(trainings_mb=1.2 * memory_mb(), experiment_mb=1.1 * memory_mb())  # as after a larger one has come
    cem.open(replace(LONG, seed=2))
    cem.start()
    for _ in range(5):
        trainer.turn()
    assert on_page(cem).view.state is State.QUEUED
    assert on_page(ann).holds > 0


@pytest.mark.parametrize("order", ["step", "finish_epoch", "start", "pause"])
def test_a_message_that_no_page_would_send_changes_nothing_that_others_watch(ann: Visitor, ben: Visitor, order: str) -> None:
    ann.open(IRIS)
    ann.start()
    finished(ann.trainer, on_page(ann))
    before = ben.open(IRIS).view
    getattr(ben, order)()
    assert on_page(ann).view is before
    assert not on_page(ann).working


def test_a_run_that_sleeps_is_still_wanted(ann: Visitor, clock: Clock) -> None:
    ann.open(LONG)
    ann.start()
    training = running(ann)
    clock.pass_by(HIDDEN_GRACE + 1)
    ann.trainer.turn()
    assert training.view.state is State.PAUSED
    assert ann.wanted == "all"
    ann.renew()
    assert training.view.state is State.QUEUED


def test_what_is_computed_for_one_is_charged_to_it(trainer: Trainer) -> None:
    """Building a large run and making views of it take time that others wait for."""
    heavy = Experiment(dataset="digits", width=128, seeds=2, arms=("none", "before"), epochs=50)
    light = Visitor(trainer, "light")
    light.open(LONG)
    light.start()
    training = trainer.add(heavy, "heavy")
    training.start()
    until(trainer, lambda: training.view.progress > 0)
    charged = training.spent
    assert charged > 0.1
    until(trainer, lambda: on_page(light).spent >= charged - 0.05 or on_page(light).view.state is State.DONE)
    assert training.spent == charged  # the other one had all turns meanwhile


def test_a_collection_of_garbage_is_charged_to_nobody(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the longer the more visitors there are, and in whose turn it comes is chance."""
    training = trainer.add(LONG, "a")
    training.start()
    trainer.turn()  # which builds the run
    advance, charged, collected = Run.advance, training.spent, 0.0

    def caught(run: Run, seconds: float, until: float) -> None:
        nonlocal collected
        start = thread_time()
        gc.collect()
        collected += thread_time() - start
        advance(run, seconds, until=until)

    monkeypatch.setattr(Run, "advance", caught)
    start = thread_time()
    trainer.turn()
    assert 0 < training.spent - charged < thread_time() - start - 0.9 * collected


def test_a_link_to_a_standing_run_is_one_training_for_all_and_who_goes_on_goes_alone(ann: Visitor, ben: Visitor) -> None:
    training = ann.open(LONG, "20")
    assert ben.open(LONG, "20") is training
    until(ann.trainer, lambda: training.view.state is State.PAUSED)
    stood = training.view
    assert stood.progress == 20
    ben.step()
    assert on_page(ben) is not training
    until(ben.trainer, lambda: on_page(ben).view.progress > 20)
    ann.open(LONG, "20")
    cem = Visitor(ann.trainer, "cem")
    assert cem.open(LONG, "20") is training
    cem.start()
    finished(cem.trainer, on_page(cem))
    assert_as_alone(on_page(cem))
    assert training.view is stood
    assert ann.plan(400)
    assert on_page(ann).view.experiment.epochs == 400
    assert on_page(ann).view.progress == 20


def test_a_link_to_all_epochs_is_a_link_to_the_end(ann: Visitor, ben: Visitor) -> None:
    training = ann.open(IRIS, "6")
    assert ben.open(IRIS, "all") is training
    finished(ann.trainer, training)
    assert_as_alone(training)


def test_what_is_trained_on_own_data_is_shared_with_nobody(ann: Visitor, ben: Visitor, trainer: Trainer) -> None:
    name = "own-0123456789abcdef-2-regression-dropped"
    held = keep(Table(name, np.eye(8), tuple("abcdefgh"), np.arange(8.0), "y", "", "regression"))
    experiment = Experiment(dataset=held.name, epochs=4)
    mine, theirs = ann.open(experiment, "all"), ben.open(experiment, "all")
    assert mine is not theirs
    finished(trainer, mine)
    assert trainer.find(experiment) is None
    assert not trainer.shares(mine)
    standing = ann.open(experiment, "2")
    assert trainer.find_standing(experiment, 2) is None
    assert ben.open(experiment, "2") is not standing


def test_who_leaves_watches_nothing_and_takes_along_what_is_nobody_elses(ann: Visitor, ben: Visitor) -> None:
    ann.leave()  # before the first training
    own = ann.begin(IRIS)
    ann.leave()
    assert ann.training is None
    assert own.view.state is State.GONE
    shared = ann.open(LONG, "all")
    ben.open(LONG)
    ann.leave()
    assert shared.watchers() == 1
    running(ben)


def test_who_leaves_a_shared_training_that_nobody_else_watches_lets_it_end(ann: Visitor, clock: Clock) -> None:
    training = ann.open(LONG, "all")
    running(ann)
    ann.leave()
    clock.pass_by(KEPT_AFTER_CLOSE + 1)
    ann.trainer.turn()
    assert training.view.state is State.GONE
    assert ann.trainer.trainings == []
