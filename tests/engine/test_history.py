"""What is recorded of a run, and what is read from it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bn_lab.arms import ARMS
from bn_lab.datasets import Table, load
from bn_lab.engine.history import (
    CHECKPOINT_EPOCHS,
    CHECKPOINT_NUMBERS,
    FIRST_STEPS,
    STAGES,
    batch_norm_input,
    freeze,
    is_recorded,
    planned_checkpoints,
    stages,
)
from bn_lab.engine.run import Run
from bn_lab.engine.training import train
from bn_lab.experiment import DatasetName, Experiment

Toy = Callable[..., Table]


def moments(epochs: int) -> list[int]:
    """The epochs of which a finished run of that many epochs keeps a snapshot."""
    return [epoch for epoch in range(epochs + 1) if is_recorded(epoch) or epoch == epochs]


def test_snapshots_are_dense_early_and_at_most_a_few_hundred() -> None:
    assert len(moments(5000)) == 265
    assert moments(64) == list(range(65))
    for start in (64, 128, 256, 512, 1024, 2048):
        assert sum(is_recorded(epoch) for epoch in range(start, 2 * start)) == 32
    gaps = [b - a for a, b in pairwise(moments(4096))]
    assert gaps == sorted(gaps)


@pytest.mark.parametrize("epochs", [1, 5, 71, 130])
@pytest.mark.parametrize("batch_size", [4, 2])
def test_a_run_keeps_these_moments_those_of_the_first_steps_and_its_last(toy: Toy, epochs: int, batch_size: int) -> None:
    experiment = Experiment(epochs=epochs, arms=("none",), depth=1, batch_size=batch_size)
    history = train(experiment, table=toy(samples=8))
    steps = 8 // batch_size
    first = {step / steps for step in range(FIRST_STEPS + 1) if step <= epochs * steps}
    assert [snapshot.epoch for snapshot in history.snapshots] == sorted(first | set(moments(epochs)))
    assert history.current is None
    assert history.latest is history.snapshots[-1]


def test_a_moment_inside_an_epoch_has_the_loss_of_its_batches_so_far(toy: Toy) -> None:
    run = Run(Experiment(dataset="iris", epochs=30, arms=tuple(ARMS), seeds=2, batch_size=4), table=toy("classification"))
    partial, current = {}, {}
    while not run.finished:
        run.step()
        history = run.history(current=True)
        assert history.latest is not None
        partial[run.progress], current[run.progress] = history.partial_loss, history.latest
    inside = [snapshot for snapshot in run.history().snapshots if snapshot.epoch % 1]
    assert len(inside) == FIRST_STEPS // 5 * 4 + FIRST_STEPS % 5
    for snapshot in [*inside, *(each for each in current.values() if each.epoch % 1)]:
        assert snapshot.train_loss is not None
        assert snapshot.train_accuracy is not None
        assert snapshot.train_loss.shape == snapshot.train_accuracy.shape == (4, 2)
        np.testing.assert_array_equal(snapshot.train_loss, partial[snapshot.epoch])
    for snapshot in run.history().snapshots:
        if snapshot.epoch % 1 == 0:
            assert snapshot.train_loss is snapshot.train_accuracy is None


def test_stages_of_each_arm() -> None:
    assert stages("none") == stages("standardized") == ("pre_activation", "activation")
    assert stages("before") == stages("after") == STAGES
    assert [batch_norm_input(arm) for arm in ARMS] == ["pre_activation", "pre_activation", "pre_activation", "activation"]


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_series_of_a_regression(share: float) -> None:
    experiment = Experiment(arms=tuple(ARMS), seeds=2, epochs=3, validation_share=share)
    run = Run(experiment)
    while not run.finished:
        run.finish_epoch()
    history = run.history()
    target = load("boston").target
    for arm in ARMS:
        loss = history.series(arm, "loss")
        assert loss is not None
        assert loss.shape == (2, 3)
        assert history.series(arm, "accuracy") is None
        np.testing.assert_allclose(np.asarray(history.series(arm, "rmse")), np.sqrt(loss))
        variance = np.array([target[split.train].var() for split in run.source.splits])[:, None]
        np.testing.assert_allclose(np.asarray(history.series(arm, "r2")), 1 - loss / variance)
        held = history.series(arm, "loss", "validation")
        if not share:
            assert held is history.series(arm, "r2", "validation") is history.series(arm, "rmse", "validation") is None
            continue
        assert held is not None
        variance = np.array([target[split.validation].var() for split in run.source.splits])[:, None]
        np.testing.assert_allclose(np.asarray(history.series(arm, "r2", "validation")), 1 - held / variance)


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_series_of_a_classification(share: float) -> None:
    history = train(Experiment(dataset="iris", seeds=2, epochs=3, validation_share=share))
    for measure in ("loss", "accuracy"):
        values = history.series("before", measure)
        assert values is not None
        assert values.shape == (2, 3)
        held = history.series("before", measure, "validation")
        assert (held is None) if not share else (held is not None and held.shape == (2, 3))
    assert history.series("before", "rmse") is history.series("before", "r2") is None
    assert history.shown is None
    assert history.classes == load("iris").classes


def test_a_constant_target_has_no_r2_but_no_warning_either(toy: Toy) -> None:
    table = toy()
    constant = Table("boston", table.features, table.feature_names, np.full(20, 3.0), "y", "", "regression")
    values = train(Experiment(epochs=2), table=constant).series("none", "r2")
    assert values is not None
    assert not np.isfinite(values).any()


def test_a_history_does_not_change_while_the_run_goes_on(toy: Toy, assert_same_bits: Callable[[Any, Any], None]) -> None:
    experiment = Experiment(dataset="iris", epochs=4, arms=tuple(ARMS), validation_share=0.2, batch_size=4)
    run, twin = (Run(experiment, table=toy("classification")) for _ in range(2))
    for each in (run, twin):
        each.finish_epoch()
        each.step()
    early = run.history(current=True)
    while not run.finished:
        run.step()
    assert_same_bits(early, twin.history(current=True))


def test_a_history_is_read_only(toy: Toy) -> None:
    history = train(Experiment(epochs=1), table=toy())
    with pytest.raises(ValueError, match="read-only"):
        history.train_loss[0] = 0


def test_progress_counts_batches(toy: Toy) -> None:
    run = Run(Experiment(epochs=2, batch_size=5), table=toy())
    seen = []
    while not run.finished:
        history = run.history(current=True)
        assert history.latest is not None
        assert history.latest.epoch == history.progress
        assert history.finished is run.finished
        seen.append(history.progress)
        run.step()
    assert seen == [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75]
    assert run.history().progress == 2
    assert run.history().finished


def test_weights_are_kept_of_about_three_epochs_to_each_doubling() -> None:
    assert CHECKPOINT_EPOCHS[:16] == (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 51)
    assert len(CHECKPOINT_EPOCHS) == 35
    assert CHECKPOINT_EPOCHS[-1] < 5000 < round(2 ** (37 / 3))
    assert all(b / a < 1.34 for a, b in pairwise(CHECKPOINT_EPOCHS[6:]))


@pytest.mark.parametrize("most", [1, 2, 3, 5, 12, 34, 35, 100])
def test_what_memory_allows_is_kept_evenly(most: int) -> None:
    epochs = planned_checkpoints(CHECKPOINT_NUMBERS // most)
    assert most / 2 < len(epochs) <= max(2, most) or len(epochs) == len(CHECKPOINT_EPOCHS)
    assert epochs[0] == 0
    places = [CHECKPOINT_EPOCHS.index(epoch) for epoch in epochs]
    assert len(set(np.diff(places))) == 1
    if most >= 35:
        assert epochs == CHECKPOINT_EPOCHS


def test_two_epochs_are_kept_however_large_a_network_is() -> None:
    assert len(planned_checkpoints(9 * CHECKPOINT_NUMBERS)) == 2


def arrays(value: Any) -> Iterator[np.ndarray[Any, Any]]:
    """All arrays in a record, however deep."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from arrays(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from arrays(inner)
    elif is_dataclass(value):
        yield from arrays(vars(value))


@pytest.mark.parametrize("dataset", ["boston", "iris"])
def test_every_array_of_a_record_is_read_only(dataset: DatasetName) -> None:
    run = Run(Experiment(dataset=dataset, epochs=30, arms=tuple(ARMS), seeds=2, validation_share=0.2))
    for _ in range(FIRST_STEPS + 2):
        run.step()
    history = run.history(current=True, weights=True)
    assert history.current is not None
    found = list(arrays(history))
    assert len(found) > 100
    assert not any(array.flags.writeable for array in found)


def test_freezing_reaches_into_mappings() -> None:
    one, other = np.zeros(1), np.zeros(1)
    freeze({"a": one, "b": {"c": other}, "d": 3})
    assert not one.flags.writeable
    assert not other.flags.writeable
