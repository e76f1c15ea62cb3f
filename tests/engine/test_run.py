"""A run: its numbers depend on its experiment alone, not on how it is driven, watched or accompanied."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from bn_lab.arms import ARMS
from bn_lab.datasets import Table
from bn_lab.engine import history
from bn_lab.engine.batches import Epoch
from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.engine.training import train
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment, ExperimentError

Toy = Callable[..., Table]
Same = Callable[[Any, Any], None]

BUSY = Experiment(dataset="iris", arms=tuple(ARMS), seeds=2, epochs=5, dropout=0.2, l2=1e-3, validation_share=0.2)
"""Everything at once: all arms, several seeds, dropout, penalty and validation."""


def finish(run: Run) -> History:
    while not run.finished:
        run.finish_epoch()
    return run.history()


@torch.inference_mode()
def step_losses(experiment: Experiment, steps: int) -> Array:
    """The training loss of every step: (R, steps)."""
    run, losses = Run(experiment), []
    stack, sizes = run.stack, run.source.sizes(0)
    for number in range(steps):
        epoch, i = divmod(number, len(sizes))
        if i == 0:
            batches = Epoch(run.source, epoch)
        batch = batches.batch(i)
        out = torch.empty(stack.networks, run.table.outputs, sizes[i])
        stack.step(batch.x, batch.y, batch.masks, out)
        losses.append(stack.loss.values(out, batch.y).numpy())
    return np.stack(losses, axis=1)


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"dataset": "iris"},
        {"dataset": "iris", "dropout": 0.3, "validation_share": 0.2, "arms": ("none", "after"), "optimizer": "adam"},
        {"dropout": 0.2, "validation_share": 0.2, "arms": tuple(ARMS), "l2": 1e-3},
    ],
    ids=lambda choices: ",".join(choices) or "default",
)
def test_network_7_of_a_cohort_of_32_is_the_network_one_gets_alone(choices: dict[str, Any]) -> None:
    stack = step_losses(Experiment(seed=0, seeds=32, **choices), 200)
    alone = step_losses(Experiment(seed=7, **choices), 200)
    arms = len(alone)
    np.testing.assert_allclose(stack.reshape(arms, 32, 200)[:, 7], alone, rtol=1e-5)


def test_a_seed_has_the_same_split_and_record_in_any_stack() -> None:
    choices: dict[str, Any] = {"dataset": "iris", "validation_share": 0.2, "epochs": 10, "arms": ("none", "after")}
    stack, alone = Run(Experiment(seed=3, seeds=6, **choices)), Run(Experiment(seed=7, **choices))
    for which in ("train", "validation"):
        np.testing.assert_array_equal(getattr(stack.source.splits[4], which), getattr(alone.source.splits[0], which))
    one, other = finish(stack), finish(alone)
    for name in ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy"):
        np.testing.assert_allclose(getattr(one, name)[:, 4], getattr(other, name)[:, 0], rtol=1e-5, err_msg=name)


def test_the_same_experiment_gives_the_same_bits_again(assert_same_bits: Same) -> None:
    assert_same_bits(train(BUSY), train(BUSY))


def test_global_generators_have_no_say(assert_same_bits: Same) -> None:
    expected = train(BUSY)
    run = Run(BUSY)
    while not run.finished:
        torch.manual_seed(run.stack.steps)
        torch.rand(3)
        np.random.seed(run.stack.steps)
        np.random.rand(3)
        run.step()
    assert_same_bits(expected, run.history())


def test_training_draws_from_no_global_generator() -> None:
    torch.manual_seed(1)
    np.random.seed(1)
    before = torch.get_rng_state(), np.random.get_state(legacy=False)
    train(BUSY)
    assert torch.equal(before[0], torch.get_rng_state())
    after = np.random.get_state(legacy=False)
    assert str(before[1]) == str(after)


def test_steps_epochs_and_slices_of_time_give_the_same_bits(assert_same_bits: Same) -> None:
    expected = train(BUSY)
    by_step, by_time, mixed = Run(BUSY), Run(BUSY), Run(BUSY)
    while not by_step.finished:
        by_step.step()
    while not by_time.finished:
        by_time.advance(0.002)
    mixed.step()
    mixed.finish_epoch()
    assert mixed.epoch == 1, "the end of the epoch that had begun"
    mixed.advance(60)
    for run in (by_step, by_time, mixed):
        assert_same_bits(expected, run.history())


def test_advance_trains_at_least_one_batch() -> None:
    run = Run(BUSY)
    run.advance(1e-9)
    assert run.stack.steps == 1


@pytest.mark.parametrize("experiment", [BUSY, Experiment(epochs=3, arms=tuple(ARMS))], ids=["iris", "boston"])
def test_probing_at_any_moment_changes_nothing(experiment: Experiment, assert_same_bits: Same) -> None:
    expected = train(experiment)
    random = np.random.default_rng(4)
    run = Run(experiment)
    while not run.finished:
        if random.random() < 0.5:
            assert run.history(current=True).latest is not None
        if random.random() < 0.3:
            run.evaluate()
            run.weights(1)
            run.history(weights=True)
        run.step()
    assert_same_bits(expected, run.history(current=True, weights=True))


def test_looking_twice_shows_the_same(assert_same_bits: Same) -> None:
    run = Run(BUSY)
    for _ in range(3):
        run.step()
    assert_same_bits(run.history(current=True), run.history(current=True))


@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.parametrize("batch_size", [6, 19, 64])
@torch.inference_mode()
def test_the_loss_of_an_epoch_is_the_mean_of_its_batches_weighted_by_their_samples(
    toy: Toy, task: str, batch_size: int
) -> None:
    table = toy(task)
    experiment = Experiment(epochs=2, batch_size=batch_size, arms=tuple(ARMS), seeds=2, dropout=0.2)
    run, shadow = (Run(experiment, table=table, dtype=torch.float64) for _ in range(2))
    for epoch in range(2):
        losses, hits, sizes = [], [], []
        for i, size in enumerate(shadow.source.sizes(0)):
            batch, out = Epoch(shadow.source, epoch).batch(i), torch.empty(8, table.outputs, size, dtype=torch.float64)
            shadow.stack.step(batch.x, batch.y, batch.masks, out)
            z, y = out.numpy(), batch.y.numpy()
            if task == "regression":
                losses.append(((z - y) ** 2).mean(axis=(1, 2)))
            else:
                shares = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
                losses.append(-np.log((shares * y).sum(axis=1)).mean(axis=1))
                hits.append((z.argmax(axis=1) == y.argmax(axis=1)).mean(axis=1))
            sizes.append(size)
            run.step()
            partial = run.history().partial_loss
            if i < len(shadow.source.sizes(0)) - 1:
                assert partial is not None
                np.testing.assert_allclose(partial.ravel(), np.average(losses, axis=0, weights=sizes))
            else:
                assert partial is None
        history = run.history()
        np.testing.assert_allclose(history.train_loss[..., epoch].ravel(), np.average(losses, axis=0, weights=sizes))
        if hits:
            assert history.train_accuracy is not None
            np.testing.assert_allclose(history.train_accuracy[..., epoch].ravel(), np.average(hits, axis=0, weights=sizes))


def test_weights_are_copies(toy: Toy) -> None:
    run = Run(Experiment(arms=tuple(ARMS), seeds=2), table=toy())
    for arm in range(4):
        for s in range(2):
            for array in run.weights(arm, s).values():
                array[:] = np.nan
            assert all(np.isfinite(array).all() for array in run.weights(arm, s).values())
    shapes = {key: array.shape for key, array in run.weights(2).items()}
    assert shapes["weight.0"] == (8, 3)
    assert shapes["bias.3"] == (1,)
    assert shapes["gamma.2"] == shapes["beta.0"] == shapes["mean.1"] == shapes["variance.1"] == (8,)
    assert not any(key.startswith("gamma") for key in run.weights(0))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"samples": 21}, "samples must be at most 20 for boston with this validation share, got 21"),
        ({"samples": 20, "validation_share": 0.2}, "samples must be at most 16 for boston with this validation share, got 20"),
    ],
)
def test_data_that_do_not_fit_are_an_error(toy: Toy, choices: dict[str, Any], message: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        Run(Experiment(**choices), table=toy())
    assert str(caught.value) == message


def kept_epochs(run: Run, weights: bool = False) -> list[float]:
    return [kept.epoch for kept in run.history(weights=weights).checkpoints]


def test_a_run_keeps_weights_of_the_first_seed_as_they_were(toy: Toy, assert_same_bits: Same) -> None:
    run = Run(Experiment(epochs=9, arms=tuple(ARMS), seeds=2, depth=1), table=toy())
    seen = []
    while not run.finished:
        seen.append({arm: run.weights(a) for a, arm in enumerate(ARMS)})
        run.finish_epoch()
    seen.append({arm: run.weights(a) for a, arm in enumerate(ARMS)})
    assert kept_epochs(run) == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    for kept in run.history().checkpoints:
        assert_same_bits(dict(kept.arms), seen[int(kept.epoch)])


def test_the_present_weights_are_added_where_asked_for(toy: Toy, assert_same_bits: Same) -> None:
    run = Run(Experiment(epochs=9, batch_size=5), table=toy())
    run.finish_epoch()
    assert kept_epochs(run, weights=True) == [0, 1], "none are added where they were kept"
    run.step()
    assert kept_epochs(run) == [0, 1]
    assert kept_epochs(run, weights=True) == [0, 1, 1.25]
    assert_same_bits(dict(run.history(weights=True).checkpoints[-1].arms["before"]), run.weights(1))
    run.finish_epoch()
    assert kept_epochs(run, weights=True) == [0, 1, 2], "and nothing stays of it"


def test_weights_that_do_not_fit_are_kept_of_fewer_epochs(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, assert_same_bits: Same
) -> None:
    def run_for(epochs: int) -> Run:
        return Run(Experiment(epochs=epochs, depth=1), table=toy())

    monkeypatch.setattr(history, "CHECKPOINT_NUMBERS", 9 * run_for(1).history().checkpoints[0].numbers + 1)
    run = run_for(9)
    finish(run)
    assert kept_epochs(run) == [0, 4, 9], "every fourth, and the last moment of a run that ends between kept epochs"
    run = run_for(30)
    finish(run)
    assert kept_epochs(run) == [0, 4, 10, 25, 30], "a longer run keeps what a shorter one does"
