"""A run with several targets: cut at each of them, its record is the one of a run that was planned to end there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from bn_lab.arms import ARMS
from bn_lab.datasets import Table
from bn_lab.engine import history as records
from bn_lab.engine.cost import recorded_steps
from bn_lab.engine.history import History, is_recorded
from bn_lab.engine.run import Run
from bn_lab.engine.training import train
from bn_lab.experiment import Experiment, ExperimentError

Toy = Callable[..., Table]
Same = Callable[[Any, Any], None]

FURTHEST = 45

EXPERIMENTS: Mapping[str, Experiment] = {
    "several steps": Experiment(depth=2, batch_size=6, arms=tuple(ARMS), dropout=0.2, bn_noise=0.1, optimizer="adam"),
    "classes": Experiment(
        dataset="iris", depth=2, batch_size=8, validation_share=0.2, arms=tuple(ARMS), seeds=2, seed=5, l2=1e-3
    ),
    "wide": Experiment(depth=2, width=128, batch_size=8, validation_share=0.2),
    "some diverge": Experiment(depth=2, arms=tuple(ARMS), seeds=3, optimizer="sgd", learning_rate=0.4, batch_size=8),
    "all diverge": Experiment(depth=2, arms=("none",), seeds=2, optimizer="sgd", learning_rate=10.0, batch_size=8),
}


def data(experiment: Experiment, toy: Toy) -> Table:
    return toy("classification" if experiment.dataset == "iris" else "regression")


@pytest.fixture(params=EXPERIMENTS)
def experiment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    """One of the experiments, as far as the furthest target; of the wide one, weights are kept of a few epochs only."""
    found = replace(EXPERIMENTS[request.param], epochs=FURTHEST)
    if request.param == "wide":
        monkeypatch.setattr(records, "CHECKPOINT_NUMBERS", 1 << 18)
    return found


@pytest.fixture
def alone(toy: Toy, request: pytest.FixtureRequest, experiment: Experiment) -> Callable[[int], History]:
    """The record of a run of its own that was planned to end there; trained once for all tests, since it is never changed."""
    name = request.node.callspec.params["experiment"]

    def trained(epochs: int) -> History:
        if (name, epochs) not in ALONE:
            ALONE[name, epochs] = train(replace(experiment, epochs=epochs), table=data(experiment, toy))
        return ALONE[name, epochs]

    return trained


ALONE: dict[tuple[str, int], History] = {}


def train_to(run: Run, epoch: float) -> None:
    while run.progress < epoch and not run.finished:
        run.step()


def check_example(name: str, ended: History) -> None:
    """The example is what its name says."""
    epochs = {each.epoch for each in ended.divergences}
    assert len(epochs) > 1 if name == "some diverge" else bool(epochs) == (name == "all diverge")
    assert (ended.epoch == FURTHEST) == (name != "all diverge")
    assert {each.epoch for each in ended.checkpoints} == {0, 5, 16, FURTHEST} or name != "wide"


def test_a_record_cut_at_a_target_is_that_of_a_run_alone(
    toy: Toy,
    request: pytest.FixtureRequest,
    experiment: Experiment,
    alone: Callable[[int], History],
    assert_same_bits: Same,
) -> None:
    targets = (1, 2, 3, 7, 32, 35, FURTHEST)
    check_example(request.node.callspec.params["experiment"], alone(FURTHEST))
    run = Run(experiment, table=data(experiment, toy))
    for target in targets[:-1]:
        run.aim(target)
    reached: set[int] = set()
    for moment in (1, 1.4, 2, 3.4, 7, 32, 33, 35, 35.4, FURTHEST):
        train_to(run, moment)
        now = {target for target in targets if run.epoch >= target or run.finished}
        due = now if moment == FURTHEST else now - reached | now & {3}  # when reached and after all else; one at all moments
        for target in due:
            assert_same_bits(run.history(target), alone(target))
            assert_same_bits(run.history(target, current=True, weights=True), alone(target))
        assert not any(run.history(target).finished for target in set(targets) - now)
        reached = now
    assert_same_bits(run.history(), alone(FURTHEST))


def test_before_a_target_the_record_is_what_a_run_alone_has_by_then(
    toy: Toy, experiment: Experiment, assert_same_bits: Same
) -> None:
    table = data(experiment, toy)
    run, other = Run(experiment, table=table), Run(replace(experiment, epochs=38), table=table)
    for moment in (0, 0.4, 1, 3, 5.4, 33, 35):
        for each in (run, other):
            train_to(each, moment)
        for options in ({}, {"current": True, "weights": True}, {"partial": False}):
            assert_same_bits(run.history(38, **options), other.history(**options))


def test_a_run_taken_further_is_a_run_planned_longer(
    toy: Toy, experiment: Experiment, alone: Callable[[int], History], assert_same_bits: Same
) -> None:
    """Before its first step, in the middle, in its last epoch, and when it has ended."""
    run = Run(replace(experiment, epochs=3), table=data(experiment, toy))
    for moment, further in ((0, 7), (2.4, 32), (31.4, 35), (35, FURTHEST)):
        train_to(run, moment)
        run.aim(further)
        assert run.experiment.epochs == further
    train_to(run, FURTHEST)
    assert_same_bits(run.history(), alone(FURTHEST))
    for target in (3, 7, 32, 35):
        assert_same_bits(run.history(target), alone(target))


def test_a_run_may_be_cut_where_it_stands(
    toy: Toy, experiment: Experiment, alone: Callable[[int], History], assert_same_bits: Same
) -> None:
    run = Run(experiment, table=data(experiment, toy))
    train_to(run, 35)
    assert run.reaches(35)
    run.aim(35)
    train_to(run, 38)
    assert_same_bits(run.history(35), alone(35))


def test_what_has_been_passed_is_reached_where_its_moment_and_weights_are_there(toy: Toy, assert_same_bits: Same) -> None:
    experiment = Experiment(epochs=105, depth=1, batch_size=8)
    run = Run(experiment, table=toy())
    run.aim(71)
    train_to(run, 90.4)
    reached = [target for target in range(1, 106) if run.reaches(target)]
    assert reached == [1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 51, 64, 71, *range(91, 106)]
    for target in (51, 64, 71):
        run.aim(target)
        assert_same_bits(run.history(target), train(replace(experiment, epochs=target), table=toy()))
    for refused in (7, 70, 90):
        with pytest.raises(ValueError, match=f"epoch {refused} has been passed"):
            run.aim(refused)
        with pytest.raises(ValueError, match=f"epoch {refused} has been passed"):
            run.history(refused)
        with pytest.raises(ValueError, match=f"epoch {refused} has been passed"):
            run.network("none", 0, refused)


def test_of_several_seeds_only_targets_have_the_weights_of_all(toy: Toy) -> None:
    run = Run(Experiment(epochs=105, depth=1, seeds=2, batch_size=8), table=toy())
    run.aim(64)
    run.aim(7)
    train_to(run, 70.4)
    assert [target for target in range(1, 71) if run.reaches(target)] == [7, 64]


def test_a_refused_target_leaves_the_run_as_it_was(toy: Toy, assert_same_bits: Same) -> None:
    run = Run(Experiment(epochs=71, depth=1), table=toy())
    train_to(run, 71)
    before = run.history()
    with pytest.raises(ExperimentError, match="epochs must be between 1 and 5000, got 5001"):
        run.aim(5001)
    assert run.finished
    assert_same_bits(before, run.history())


def test_a_target_that_is_forgotten_leaves_no_moment(toy: Toy, assert_same_bits: Same) -> None:
    experiment = Experiment(epochs=90, depth=1, batch_size=8)
    run = Run(experiment, table=toy())
    for target in (70, 71, 120):
        run.aim(target)
    train_to(run, 73.4)
    run.forget(70)
    assert not run.reaches(70)
    assert run.reaches(71)
    run.forget(120)
    assert run.experiment.epochs == 90
    train_to(run, 120)
    assert (run.epoch, run.finished) == (90, True)
    assert_same_bits(run.history(), train(experiment, table=toy()))


def test_a_run_ends_somewhere(toy: Toy) -> None:
    run = Run(Experiment(epochs=9, depth=1, batch_size=8), table=toy())
    run.forget(9)
    assert run.experiment.epochs == 9
    run.aim(4)
    train_to(run, 6.4)
    run.forget(9)
    assert (run.experiment.epochs, run.finished) == (4, True)
    assert run.history().epoch == 4
    run.aim(8)
    train_to(run, 8)
    assert run.history().epoch == 8


def test_a_network_is_the_one_at_the_target(toy: Toy, experiment: Experiment, assert_same_bits: Same) -> None:
    table, seeds = data(experiment, toy), experiment.seed_list
    alone = Run(replace(experiment, epochs=11), table=table)
    run = Run(experiment, table=table)
    run.aim(11)
    for each in (alone, run):
        train_to(each, 10.4)
    for arm in experiment.arms:
        assert_same_bits(run.network(arm, seeds[-1], 11), alone.network(arm, seeds[-1]))
    train_to(alone, 11)
    train_to(run, 15.4)
    for arm in experiment.arms:
        for seed in seeds:
            assert_same_bits(run.network(arm, seed, 11), alone.network(arm, seed))
            assert run.network(arm, seed).steps == run.steps
        assert_same_bits(run.history(11).network(arm, seeds[0]), alone.network(arm, seeds[0]))


def test_seconds_are_those_until_the_target(toy: Toy) -> None:
    run = Run(Experiment(epochs=9, depth=1, batch_size=8), table=toy())
    run.aim(3)
    train_to(run, 3)
    until = run.history(3).seconds
    assert 0 < until == run.seconds
    train_to(run, 9)
    assert run.history(3).seconds == until < run.history().seconds == run.seconds


def test_the_moments_of_a_run_do_not_depend_on_how_far_it_goes(
    toy: Toy, experiment: Experiment, alone: Callable[[int], History]
) -> None:
    table = data(experiment, toy)

    def moments(history: History) -> list[float]:
        return [each.epoch for each in history.snapshots if each.epoch % 1 or is_recorded(int(each.epoch))]

    long = moments(alone(FURTHEST))
    for epochs in (1, 3, 35):
        assert moments(alone(epochs)) == [moment for moment in long if moment <= epochs]
        assert recorded_steps(replace(experiment, epochs=epochs), table) == recorded_steps(experiment, table)
