"""Networks whose loss is no longer finite: who, when, which layer; and that nobody else notices."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from bn_lab.arms import ARMS
from bn_lab.datasets import Table
from bn_lab.engine.batches import Epoch, Source
from bn_lab.engine.bound_layers import BoundLayers
from bn_lab.engine.divergence import Growth, grown_layers, magnitudes
from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.engine.stack import Stack, Weights
from bn_lab.engine.training import train
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment

Toy = Callable[..., Table]
Same = Callable[[Any, Any], None]


def explosive(**choices: Any) -> Experiment:
    """Plain gradient descent on raw Boston with a step that only batch normalization survives for a while."""
    return Experiment(**{"optimizer": "sgd", "learning_rate": 1e-2, "epochs": 6, "seeds": 3, "arms": tuple(ARMS), **choices})


def diverged(history: History) -> set[tuple[str, int]]:
    return {(d.arm, d.seed) for d in history.divergences}


@pytest.mark.parametrize("rate", [1e-2, 10.0])
def test_the_losses_are_nan_from_the_named_epoch_on(rate: float) -> None:
    history = train(explosive(learning_rate=rate, seed=4, validation_share=0.2))
    assert history.divergences
    ends = {(d.arm, d.seed): d.epoch for d in history.divergences}
    assert len(ends) == len(history.divergences), "a network diverges once"
    assert history.validation_loss is not None
    for a, arm in enumerate(ARMS):
        for s, seed in enumerate((4, 5, 6)):
            done = ends.get((arm, seed), history.epoch + 1) - 1  # epochs that were finite
            for series in (history.train_loss[a, s], history.validation_loss[a, s]):
                assert np.isnan(series[done:]).all()
            assert np.isfinite(history.train_loss[a, s, :done]).all()
    for d in history.divergences:
        assert 1 <= d.epoch <= history.epoch
        assert 1 <= d.layer <= 4


def test_the_run_ends_when_no_network_is_left() -> None:
    run = Run(explosive(arms=("none",), learning_rate=10.0, epochs=1000))
    while not run.finished:
        run.finish_epoch()
    history = run.history()
    assert history.finished
    assert run.epoch == max(d.epoch for d in history.divergences) < 20
    assert history.train_loss.shape[2] == run.epoch
    assert diverged(history) == {("none", 0), ("none", 1), ("none", 2)}
    assert history.snapshots[-1].epoch == run.epoch
    steps = run.stack.steps
    run.step()
    run.finish_epoch()
    run.advance(0.01)
    assert run.stack.steps == steps


def test_others_go_on_bitwise_unaffected() -> None:
    runs = [Run(Experiment(dataset="iris", seeds=3, arms=tuple(ARMS), epochs=8, validation_share=0.2)) for _ in range(2)]
    healthy, struck = runs
    places = [1, 7]  # seed 1 of the first arm, seed 1 of the third
    for epoch in range(8):
        if epoch == 3:
            with torch.inference_mode():
                struck.stack.parameters["weight.3"][places] = torch.inf
        for run in runs:
            run.finish_epoch()
    assert diverged(struck.history()) == {("none", 1), ("before", 1)}
    assert not healthy.divergences
    others = [place for place in range(12) if place not in places]
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        one, other = (getattr(run.history(), name).reshape(12, -1) for run in runs)
        np.testing.assert_array_equal(one[others], other[others])
        assert np.isnan(other[places, 3:]).all()
        np.testing.assert_array_equal(one[places, :3], other[places, :3])
    for a, arm in enumerate(ARMS):
        for s in (0, 2):
            for key, values in healthy.weights(a, s).items():
                np.testing.assert_array_equal(struck.weights(a, s)[key], values, err_msg=f"{arm} {key}")


def tiny_layer(layer: int) -> Weights:
    """Weights whose given affine layer (from 1) all but vanishes, so that it alone can grow a hundredfold at once.

    Later layers rest on biases of 1, and earlier layers get hardly any gradient through the tiny one.
    """
    random = np.random.default_rng(0)
    sizes = [13, 4, 4, 4, 1]
    weights = []
    for k, (n, out) in enumerate(pairwise(sizes), 1):
        weight = random.normal(size=(out, n)) * (1e-7 if k == layer else 0.3)
        weights.append((weight, np.full(out, float(k > layer))))
    return weights


@pytest.mark.parametrize("layer", [1, 2, 3, 4])
def test_the_layer_that_grew_first_is_named(layer: int) -> None:
    experiment = explosive(
        arms=("none",), seeds=2, seed=9, width=4, activation="identity", inputs="standardized", learning_rate=0.2
    )
    history = train(experiment, weights=tiny_layer(layer))
    assert diverged(history) == {("none", 9), ("none", 10)}
    assert [d.layer for d in history.divergences] == [layer, layer]


@torch.inference_mode()
def watch(experiment: Experiment, epochs: int) -> tuple[Array, Array]:
    """The largest absolute value of each affine layer: before training `(R, L)` and in every step `(steps, R, L)`."""
    run = Run(experiment)
    stack, largest = run.stack, []

    def look(bound: BoundLayers) -> Array:
        outs = [hidden.affine.out for hidden in bound.hidden] + [bound.output.out]
        found = np.stack([np.abs(out.double().numpy()).max(axis=(1, 2)) for out in outs], axis=1)
        return np.where(np.isnan(found), np.inf, found)

    outputs = [torch.empty(stack.networks, run.table.outputs, size) for size in run.source.sizes(0)]
    batch = Epoch(run.source, 0).batch(0)
    initial = look(stack.forward(batch.x, batch.masks, outputs[0]))
    for number in range(epochs):
        epoch = Epoch(run.source, number)
        for i, out in enumerate(outputs):
            batch = epoch.batch(i)
            largest.append(look(stack.step(batch.x, batch.y, batch.masks, out)))
    return initial, np.stack(largest)


CASES = {
    "momentum": explosive(seeds=8, epochs=25, inputs="standardized", optimizer="momentum", learning_rate=0.02),
    "iris": Experiment(
        dataset="iris", arms=tuple(ARMS), seeds=4, activation="relu", optimizer="sgd", learning_rate=10, epochs=12
    ),
    "rmsprop": Experiment(
        dataset="iris", arms=tuple(ARMS), seeds=4, activation="relu", learning_rate=10, epochs=12, batch_size=150
    ),
    "several windows": explosive(seeds=4, epochs=40, inputs="standardized", learning_rate=0.05, samples=64),
}


@pytest.mark.parametrize("name", CASES)
def test_the_named_layer_is_the_first_to_exceed_a_hundred_times_its_size(name: str) -> None:
    """In whatever epoch before that was: all steps are looked at here, where a run looks again at those of few epochs."""
    experiment = CASES[name]
    history = train(experiment)
    initial, largest = watch(experiment, history.epoch)
    for d in history.divergences:
        place = [*ARMS].index(d.arm) * experiment.seeds + d.seed
        growth = largest[: history.plan.until(d.epoch), place] / initial[place]
        first = next(each for each in growth if each.max() > 100)
        assert d.layer == first.argmax() + 1, d
    if name != "rmsprop":
        assert len({d.layer for d in history.divergences}) > 1, "the case should have different layers"


def test_growth_in_an_epoch_before_the_loss_is_no_longer_finite_counts() -> None:
    history = train(replace(CASES["iris"], seeds=1))
    (after,) = [d for d in history.divergences if d.arm == "after"]
    assert (after.epoch, after.layer) == (4, 2)
    initial, largest = watch(replace(CASES["iris"], seeds=1), 1)
    growth = largest[:, [*ARMS].index("after")] / initial[[*ARMS].index("after")]
    assert next(step for step, each in enumerate(growth, 1) if each.max() > 100) == 3, "in step 3 of epoch 1"


def test_watching_growth_changes_no_number(assert_same_bits: Same, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = replace(CASES["momentum"], epochs=6)
    watched = train(experiment)
    monkeypatch.setattr(Growth, "end", lambda *_: None)
    plain = train(experiment)
    for name in ("train_loss", "snapshots", "checkpoints"):
        assert_same_bits(getattr(watched, name), getattr(plain, name))


def test_a_network_that_overflows_before_the_first_step_names_its_layer() -> None:
    weights = [(np.full((4, n), 1.0), np.zeros(4)) for n in (13, 4, 4)] + [(np.ones((1, 4)), np.zeros(1))]
    weights[1] = (np.full((4, 4), 1e38), np.zeros(4))
    history = train(explosive(arms=("none",), seeds=1, width=4, activation="identity"), weights=weights)
    (divergence,) = history.divergences
    assert (divergence.arm, divergence.seed, divergence.epoch, divergence.layer) == ("none", 0, 1, 2)


def test_the_largest_allowed_initial_weights_diverge_without_a_warning() -> None:
    experiment = Experiment(
        arms=tuple(ARMS),
        depth=12,
        width=64,
        initializer="normal",
        weight_std=10,
        weight_scale=100,
        epochs=2,
        activation="identity",
    )
    history = train(experiment)
    assert ("none", 0) in diverged(history)
    for snapshot in history.snapshots:
        for arm in ARMS:
            assert np.isnan(snapshot.arms[arm].counts).any() == (arm in ("none", "standardized"))


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "momentum"])
def test_diagnosis_leaves_the_cohort_as_it_was(toy: Toy, optimizer: str) -> None:
    experiment = Experiment(arms=tuple(ARMS), seeds=2, optimizer=optimizer, dropout=0.3, batch_size=6)  # type: ignore[arg-type]
    source = Source(experiment, toy(), dtype=torch.float32, device="cpu")
    stack = Stack(experiment, 3, 1, "regression")
    outputs = [torch.empty(stack.networks, 1, size) for size in source.sizes(0)]
    start, epochs = stack.state(), [Epoch(source, number) for number in range(2)]
    for epoch in epochs:
        for i, out in enumerate(outputs):
            batch = epoch.batch(i)
            bound = stack.step(batch.x, batch.y, batch.masks, out)
    base, before = magnitudes(bound), stack.state()
    values = [out.clone() for out in outputs], stack.gradients.flat.clone(), bound.output.x.clone()
    layers, largest = grown_layers(stack, start, epochs, base)
    assert layers.shape == largest.shape == (8,)
    after = stack.state()
    assert before.steps == after.steps == 2 * len(outputs)
    for one, other in zip(
        (before.parameters, before.moving, *before.optimizer), (after.parameters, after.moving, *after.optimizer), strict=True
    ):
        assert torch.equal(one, other)
    assert all(torch.equal(out, value) for out, value in zip(outputs, values[0], strict=True))
    assert torch.equal(stack.gradients.flat, values[1]), "what the snapshot shows is the last step's still"
    assert torch.equal(bound.output.x, values[2])


def test_a_layer_with_nan_is_infinitely_large() -> None:
    stack = Stack(Experiment(depth=2, arms=("none",), seeds=2), 3, 1, "regression")
    stack.parameters["weight.1"][1, 0, 0] = torch.nan
    found = magnitudes(stack.forward(torch.ones(2, 3, 4), (), torch.empty(2, 1, 4)))
    assert np.isfinite(found[:, 0]).all()
    assert np.isinf(found[:, 1]).tolist() == [False, True, True]


def test_a_diverging_run_is_repeatable(assert_same_bits: Same) -> None:
    assert_same_bits(train(explosive()), train(explosive()))


def test_a_further_target_of_a_run_whose_networks_are_all_gone_changes_nothing_recorded(assert_same_bits: Same) -> None:
    experiment = explosive(arms=("none",), learning_rate=10.0, epochs=100)
    run = Run(experiment)
    while not run.finished:
        run.finish_epoch()
    before = run.history()
    run.aim(200)
    assert run.finished
    assert_same_bits(run.history(100), before)
    assert_same_bits(run.history(200), train(replace(experiment, epochs=200)))
