"""What an experiment is told to cost, against what it does cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from bn_lab.arms import ARMS
from bn_lab.datasets import load
from bn_lab.engine import cost
from bn_lab.engine.batches import BLOCK_NUMBERS
from bn_lab.engine.history import FIRST_STEPS
from bn_lab.engine.run import Run
from bn_lab.experiment import Experiment


@pytest.mark.parametrize("arm", ARMS)
def test_parameters_are_those_of_the_engine(arm: str) -> None:
    experiment = Experiment(dataset="digits", arms=(arm,), depth=4, width=5)  # type: ignore[arg-type]
    weights = Run(experiment).weights()
    trained = sum(array.size for name, array in weights.items() if not name.startswith(("mean", "variance")))
    assert cost.parameters(experiment, load("digits"), arm) == trained  # type: ignore[arg-type]


def test_inputs_are_prepared_as_many_at_a_time_as_the_engine_does() -> None:
    assert cost.PREPARED == BLOCK_NUMBERS


def held(run: Run) -> int:
    """Bytes of all tensors that a run can reach, and of the arrays of its record."""
    seen: dict[int, int] = {}
    waiting, known = [run, run.history(weights=True)], set()
    while waiting:
        each = waiting.pop()
        if id(each) in known:
            continue
        known.add(id(each))
        if isinstance(each, torch.Tensor):
            storage = each.untyped_storage()
            seen[storage.data_ptr()] = storage.nbytes()
        elif isinstance(each, np.ndarray):
            owner = each if each.base is None else each.base
            seen[id(owner)] = getattr(owner, "nbytes", 0)
        elif isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list | tuple):
            waiting += each
        elif type(each).__module__.startswith("bn_lab"):
            waiting += vars(each).values()
    return sum(seen.values())


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"dataset": "iris", "arms": tuple(ARMS), "seeds": 8},
        {"dataset": "digits", "width": 128, "depth": 6, "epochs": 1},
        {"dataset": "digits", "batch_size": 1024, "width": 64, "arms": tuple(ARMS)},
        {"dataset": "digits", "width": 64, "seeds": 4, "dropout": 0.3},
        {"width": 256, "depth": 12, "optimizer": "adam", "epochs": 1},
    ],
)
def test_memory_is_what_a_run_holds_and_not_many_times_as_much(choices: dict[str, object]) -> None:
    experiment = Experiment(**({"epochs": 2} | choices))  # type: ignore[arg-type]
    run = Run(experiment)
    while not run.finished:
        run.finish_epoch()
    assert held(run) <= cost.memory(experiment) <= 8 * held(run) + 2 * cost.FLOOR


def test_a_further_target_takes_its_moment_and_the_weights_of_all_networks() -> None:
    experiment = Experiment(epochs=3, width=64, seeds=8)
    runs = [Run(experiment) for _ in range(2)]
    runs[1].aim(2)
    for run in runs:
        while not run.finished:
            run.finish_epoch()
        run._checkpoints = run._checkpoints[:1]  # or else those would share their arrays with the weights of targets
    taken = held(runs[1]) - held(runs[0])
    assert taken <= cost.target_memory(experiment) <= 4 * taken


def test_each_of_the_first_steps_has_its_moment_where_moments_are_quick() -> None:
    for dataset in ("boston", "iris", "spiral"):
        assert cost.recorded_steps(Experiment(dataset=dataset)) == FIRST_STEPS
    counts = [cost.recorded_steps(Experiment(dataset="digits", width=width)) for width in (1, 16, 64, 256)]
    assert counts == sorted(counts, reverse=True)
    assert 1 <= counts[-1] < counts[0] < FIRST_STEPS


def test_the_moments_of_the_first_steps_depend_on_the_experiment_alone() -> None:
    experiment = Experiment(dataset="digits")
    found = {cost.recorded_steps(replace(experiment, epochs=epochs)) for epochs in (1, 30, 5000)}
    assert found == {cost.recorded_steps(experiment, load("digits"))}


def test_a_record_takes_time_of_which_studies_have_none() -> None:
    experiment = Experiment(dataset="digits", seeds=4)
    assert cost.seconds(experiment) > cost.seconds(experiment, networks=8)


@pytest.mark.parametrize("field", ["epochs", "seeds", "width", "depth", "samples", "batch_size"])
def test_more_of_anything_takes_more_memory(field: str) -> None:
    base = Experiment(dataset="digits", samples=200, epochs=100)
    assert cost.memory(replace(base, **{field: 2 * getattr(base, field)})) > cost.memory(base)  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["epochs", "seeds", "width", "depth", "samples"])
def test_more_of_anything_takes_longer(field: str) -> None:
    base = Experiment(dataset="digits", samples=200, epochs=100)
    assert cost.seconds(replace(base, **{field: 2 * getattr(base, field)})) > cost.seconds(base)  # type: ignore[arg-type]


def test_smaller_batches_take_longer() -> None:
    assert cost.seconds(Experiment(batch_size=4)) > cost.seconds(Experiment())
