"""The anatomy of batch normalization against plain torch modules with autograd, and against numpy."""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from bn_lab.arms import ARMS, normalized
from bn_lab.datasets import Table, load, split
from bn_lab.datasets.streams import BATCHES, generator
from bn_lab.engine.anatomy import folded, placements, random_batches, rescaled, statistics, subject, three_ways
from bn_lab.engine.anatomy.records import CompositionEffect, TypedError, typed
from bn_lab.engine.history import Checkpoint
from bn_lab.engine.run import Run
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment, ExperimentError

LESSON = Experiment(arms=tuple(ARMS), epochs=4, seeds=2, seed=3)
CLASSES = Experiment(
    dataset="iris", arms=tuple(ARMS), epochs=4, validation_share=0.2, depth=2, width=5, activation="tanh", dropout=0.3, l2=0.01
)
EXPERIMENTS = pytest.mark.parametrize("experiment", [LESSON, CLASSES], ids=["boston", "iris"])
EVERY_ARM = pytest.mark.parametrize("arm", ARMS)

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "swish": functional.silu,
    "tanh": torch.tanh,
    "relu": functional.relu,
    "identity": lambda x: x * 1,
}


@cache
def checkpoints_of(experiment: Experiment) -> tuple[Checkpoint, ...]:
    """Weights of a run, those within an epoch as the last."""
    run = Run(experiment)
    for _ in range(2):
        run.finish_epoch()
    run.step()
    return run.history(weights=True).checkpoints


def first_rows(experiment: Experiment, epoch: int) -> Array:
    """The row numbers of the first batch of an epoch, drawn as the rules of the lab say."""
    train, random = split(load(experiment.dataset), experiment, experiment.seed).train, generator(experiment.seed, BATCHES)
    for _ in range(epoch + 1):
        order = random.permutation(train)
    return np.asarray(order[: experiment.batch_size])


def samples(experiment: Experiment, arm: str, rows: Array) -> tuple[Tensor, Tensor]:
    """Inputs (n, in) and targets of these rows."""
    table = load(experiment.dataset)
    x = table.features
    if "standardized" in (arm, experiment.inputs):
        train = x[split(table, experiment, experiment.seed).train]
        x = (x - train.mean(axis=0)) / train.std(axis=0)
    return torch.tensor(x[rows]), torch.tensor(table.target[rows])


def loss_of(out: Tensor, target: Tensor) -> Tensor:
    return functional.cross_entropy(out, target) if target.dtype == torch.int64 else functional.mse_loss(out[:, 0], target)


@dataclass
class Net:
    """A network as anyone would write it in torch, samples first; `seen` holds every layer's values, with gradients."""

    experiment: Experiment
    arm: str
    weights: dict[str, Tensor]
    training: bool = True
    epsilons: Mapping[int, float] = field(default_factory=dict)

    def norm(self, x: Tensor, k: int) -> Tensor:
        w, eps = self.weights, self.epsilons.get(k, self.experiment.epsilon)
        mean, variance = (None, None) if self.training else (w[f"mean.{k}"], w[f"variance.{k}"])
        return functional.batch_norm(x, mean, variance, w[f"gamma.{k}"], w[f"beta.{k}"], self.training, 0.0, eps)

    def __call__(self, x: Tensor) -> Tensor:
        self.seen: list[dict[str, Tensor]] = []
        for k in range(self.experiment.depth):
            self.seen.append(seen := {"z": self.retained(functional.linear(x, *self.affine(k)))})
            if ARMS[self.arm].placement == "before":
                seen["y"] = self.retained(self.norm(seen["z"], k))
            seen["a"] = self.retained(FUNCTIONS[self.experiment.activation](seen.get("y", seen["z"])))
            if ARMS[self.arm].placement == "after":
                seen["y"] = self.retained(self.norm(seen["a"], k))
            x = seen["y"] if ARMS[self.arm].placement == "after" else seen["a"]
        return functional.linear(x, *self.affine(self.experiment.depth))

    def affine(self, k: int) -> tuple[Tensor, Tensor]:
        return self.weights[f"weight.{k}"], self.weights[f"bias.{k}"]

    def retained(self, x: Tensor) -> Tensor:
        if x.requires_grad:
            x.retain_grad()
        return x


def net(
    experiment: Experiment,
    arm: str,
    checkpoint: Checkpoint,
    *,
    training: bool = True,
    epsilons: Mapping[int, float] | None = None,
    **changed: Array,
) -> Net:
    """The network of `checkpoint`, with other values for some names (dots written as underscores) and layers from 0."""
    values = {**checkpoint.arms[arm], **{name.replace("_", "."): value for name, value in changed.items()}}
    weights = {name: torch.tensor(value, dtype=torch.float64, requires_grad=training) for name, value in values.items()}
    return Net(experiment, arm, weights, training, epsilons or {})


def close(ours: Any, theirs: Any, scale: float = 1e-10) -> None:
    """Equal but for rounding, relative to the largest number."""
    theirs = theirs.detach().numpy() if isinstance(theirs, Tensor) else np.asarray(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=scale * max(1e-300, float(np.abs(theirs).max())))


@EXPERIMENTS
@EVERY_ARM
@pytest.mark.parametrize("moment", [0, 2, -1])
def test_a_subject_is_what_autograd_sees(experiment: Experiment, arm: str, moment: int) -> None:
    checkpoint = checkpoints_of(experiment)[moment]
    rows = first_rows(experiment, int(checkpoint.epoch))
    module = net(experiment, arm, checkpoint)
    x, target = samples(experiment, arm, rows)
    loss_of(module(x), target).backward()
    for layer in range(1, experiment.depth + 1):
        record, seen = subject(experiment, checkpoint, arm, layer), module.seen[layer - 1]
        assert (record.arm, record.layer, record.epoch, record.epsilon) == (arm, layer, checkpoint.epoch, experiment.epsilon)
        np.testing.assert_array_equal(record.rows, rows)
        close(record.x, seen["a" if arm == "after" else "z"].mT)
        grad = seen["y" if bool(ARMS[arm].normalizer) else "z"].grad
        assert grad is not None
        close(record.grad_y, grad.mT)
        if bool(ARMS[arm].normalizer):
            for name in ("gamma", "beta", "moving_mean", "moving_variance"):
                own = checkpoint.arms[arm][f"{name.removeprefix('moving_')}.{layer - 1}"]
                np.testing.assert_array_equal(getattr(record, name), own[:, None])
            close(record.forward().y, seen["y"].mT)
            close(record.backward().gamma[:, 0], module.weights[f"gamma.{layer - 1}"].grad)
            close(record.backward().beta[:, 0], module.weights[f"beta.{layer - 1}"].grad)
            inward = seen["a" if arm == "after" else "z"].grad
            assert inward is not None
            close(record.backward().x, inward.mT, 1e-8)
        else:
            assert record.moving_mean is record.moving_variance is None
            assert (record.gamma == 1).all()
            assert (record.beta == 0).all()


def test_the_order_of_the_file_is_kept_where_nothing_is_shuffled() -> None:
    experiment = Experiment(epochs=1, shuffle="never")
    assert subject(experiment, Run(experiment).history().checkpoints[0], "before", 1).rows.tolist() == list(range(32))


def test_a_table_of_ones_own(toy: Callable[..., Table]) -> None:
    table, experiment = toy(), Experiment(epochs=1, batch_size=5)
    checkpoint = Run(experiment, table=table).history().checkpoints[0]
    record = subject(experiment, checkpoint, "before", 1, table)
    weight = checkpoint.arms["before"]["weight.0"].astype(np.float64)
    close(record.x, weight @ table.features[record.rows].T)


def test_typed_numbers_are_a_batch_of_one_unit() -> None:
    record = typed([1, 3.0, np.float64(5), np.int64(7)], 4.0, chosen=2)
    assert (record.x.shape, record.x.dtype, record.rows.tolist()) == ((1, 4), np.float64, [0, 1, 2, 3])
    assert record.arm is record.layer is record.epoch is record.moving_mean is record.moving_variance is None
    nodes = record.forward()
    assert (nodes.mean.item(), nodes.variance.item(), nodes.deviation.item()) == (4, 5, 3)
    close(nodes.y, [[-1, -1 / 3, 1 / 3, 1]])
    x = torch.tensor([1.0, 3, 5, 7], dtype=torch.float64, requires_grad=True)
    functional.batch_norm(x[:, None], None, None, training=True, eps=4.0)[2, 0].backward()
    assert x.grad is not None
    close(record.backward().x[0], x.grad)


NUMBERS = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=2, max_size=256)


@given(NUMBERS, st.floats(1e-8, 0.1), st.data())
def test_whatever_is_typed_is_centered_and_its_gradients_cancel(
    values: list[float], epsilon: float, data: st.DataObject
) -> None:
    record = typed(values, epsilon, data.draw(st.integers(0, len(values) - 1)))
    nodes, gradients = record.forward(), record.backward()
    assert record.grad_y.sum() == 1
    assert np.abs(nodes.normalized).max() <= np.sqrt(len(values) - 1) * (1 + 1e-9), "nothing lies further out than that"
    assert abs(gradients.x.sum()) <= 1e-12 * len(values) * nodes.inverse.item()


@pytest.mark.parametrize(
    ("values", "rule", "expected", "message"),
    [
        ([1.0], "count", {"low": 2, "high": 256, "value": 1}, "there must be between 2 and 256 numbers, got 1"),
        ([0.0] * 257, "count", {"value": 257}, "got 257"),
        ([1, np.nan, 3], "cell", {"position": 2}, "number 2 must be a finite number, got nan"),
        ([1, 2, np.inf], "cell", {"position": 3}, "got inf"),
        ([None, 2], "cell", {"position": 1, "value": None}, "number 1 must be a finite number, got None"),
        ([1, "2"], "cell", {"position": 2}, "number 2"),
        ([1, True], "cell", {"position": 2}, "number 2"),
        ([10**400, 1], "cell", {"position": 1}, "number 1"),
        ([1, -1e51], "magnitude", {"position": 2}, "number 2 must be between -1e+50 and 1e+50, got -1e+51"),
    ],
)
def test_what_cannot_be_a_batch_is_refused(values: list[Any], rule: str, expected: dict[str, Any], message: str) -> None:
    with pytest.raises(TypedError) as caught:
        typed(values, 1e-3)
    assert caught.value.rule == rule
    assert expected.items() <= caught.value.values.items()
    assert message in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("chosen", [-1, 2])
def test_the_chosen_sample_is_one_of_them(chosen: int) -> None:
    with pytest.raises(TypedError, match=f"the chosen sample must be one of 0 to 1, got {chosen}"):
        typed([1, 2], 1e-3, chosen)


@EXPERIMENTS
@EVERY_ARM
def test_statistics_over_the_epochs(experiment: Experiment, arm: str) -> None:
    record = statistics(experiment, checkpoints_of(experiment), arm, 2)
    steps = -(-len(split(load(experiment.dataset), experiment, experiment.seed).train) // experiment.batch_size)
    np.testing.assert_array_equal(record.epochs, [0, 1, 2, 2 + 1 / steps])
    close(record.start_weight, [0.99**n for n in (0, steps, 2 * steps, 2 * steps + 1)])
    for e, checkpoint in enumerate(checkpoints_of(experiment)):
        module = net(experiment, arm, checkpoint)
        module(samples(experiment, arm, first_rows(experiment, int(checkpoint.epoch)))[0])
        values = module.seen[1]["a" if arm == "after" else "z"].detach().numpy()
        close(record.batch_mean[e], values.mean(axis=0))
        close(record.batch_variance[e], ((values - values.mean(axis=0)) ** 2).mean(axis=0))
        if bool(ARMS[arm].normalizer):
            assert record.moving_mean is not None
            assert record.moving_variance is not None
            np.testing.assert_array_equal(record.moving_mean[e], checkpoint.arms[arm]["mean.1"])
            np.testing.assert_array_equal(record.moving_variance[e], checkpoint.arms[arm]["variance.1"])
    if not ARMS[arm].normalizer:
        assert record.moving_mean is record.moving_variance is None


def test_steps_are_whole_however_their_share_of_an_epoch_is_rounded() -> None:
    experiment = Experiment(batch_size=10, epochs=3)
    moments = [Checkpoint(2 + i / 51, checkpoints_of(LESSON)[0].arms) for i in range(51)]
    assert statistics(experiment, moments, "none", 1).start_weight == pytest.approx([0.99 ** (2 * 51 + i) for i in range(51)])


@EXPERIMENTS
@EVERY_ARM
def test_three_ways_to_the_same_weights(experiment: Experiment, arm: str) -> None:
    checkpoint = checkpoints_of(experiment)[2]
    parts = split(load(experiment.dataset), experiment, experiment.seed)
    record = three_ways(experiment, checkpoint, arm)
    order = {"train": generator(experiment.seed, BATCHES).permutation(parts.train), "validation": parts.validation}
    whole = net(experiment, arm, checkpoint)
    whole(samples(experiment, arm, parts.train)[0])
    population = {}
    for k, seen in enumerate(whole.seen):
        values = seen["a" if arm == "after" else "z"].detach().numpy()
        population |= {f"mean_{k}": values.mean(axis=0), f"variance_{k}": values.var(axis=0)}
    splits = [which for which, rows in order.items() if len(rows)]
    assert list(record.batch) == list(record.moving) == list(record.precise) == splits
    for which in splits:
        x, target = samples(experiment, arm, order[which])
        module = net(experiment, arm, checkpoint)
        size = experiment.batch_size
        outputs = {
            "batch": torch.cat([module(x[i : i + size]) for i in range(0, len(x), size)]),
            "moving": net(experiment, arm, checkpoint, training=False)(x),
            "precise": net(experiment, arm, checkpoint, training=False, **population)(x),
        }
        for way, out in outputs.items():
            score = getattr(record, way)[which]
            close(score.loss, loss_of(out, target))
            right = None if experiment.dataset == "boston" else float((out.argmax(dim=1) == target).double().mean())
            assert score.accuracy == (right if right is None else pytest.approx(right))


def test_a_single_validation_sample_is_a_batch_of_its_own(toy: Callable[..., Table]) -> None:
    experiment = Experiment(epochs=1, validation_share=0.01, batch_size=3, arms=("before",))
    checkpoint = Run(experiment, table=toy()).history().checkpoints[0]
    assert np.isfinite(three_ways(experiment, checkpoint, "before", toy()).batch["validation"].loss)


@EXPERIMENTS
@EVERY_ARM
@pytest.mark.parametrize("epsilon", [None, 5.0])
def test_batches_of_two_are_among_all_pairs(experiment: Experiment, arm: str, epsilon: float | None) -> None:
    checkpoint, layer, unit = checkpoints_of(experiment)[2], 2, 3
    train = split(load(experiment.dataset), experiment, experiment.seed).train
    row = int(train[7])
    possible = []
    for other in train[train != row]:
        module = net(experiment, arm, checkpoint)
        module(samples(experiment, arm, np.array([row, other]))[0])
        x = module.seen[layer - 1]["a" if arm == "after" else "z"].detach().numpy()[:, unit]
        possible.append((x[0] - x.mean()) / np.sqrt(x.var() + (epsilon or experiment.epsilon)))
    batches = random_batches(experiment, checkpoint, arm, layer, unit, row, sizes=(2,), draws=40)
    effect = batches.effect(epsilon or experiment.epsilon)
    assert effect.values[2].shape == (40,)
    assert np.abs(effect.values[2][:, None] - np.array(possible)).min(axis=1).max() < 1e-9
    assert len(np.unique(effect.values[2])) > 10
    assert effect.std[2] == pytest.approx(np.std(effect.values[2]))


def test_the_exponent_is_that_of_a_power_law() -> None:
    std = {2: 1.0, 4: 3 * 4**-0.4, 8: 3 * 8**-0.4, 32: 3 * 32**-0.4}
    assert CompositionEffect({}, std, 100).exponent == pytest.approx(-0.4)
    assert np.isnan(CompositionEffect({}, {2: 1.0, 4: 0.5}, 100).exponent)


@EVERY_ARM
def test_with_everybody_in_the_batch_no_draw_differs(arm: str) -> None:
    checkpoint = checkpoints_of(CLASSES)[1]
    parts = split(load("iris"), CLASSES, CLASSES.seed)
    for row, size in ((parts.train[0], len(parts.train)), (parts.validation[0], len(parts.train) + 1)):
        batches = random_batches(CLASSES, checkpoint, arm, 2, 0, int(row), sizes=(size, size + 1), draws=3)
        effect = batches.effect(CLASSES.epsilon)
        assert list(effect.values) == [size], "there are no larger batches"
        module = net(CLASSES, arm, checkpoint)
        module(samples(CLASSES, arm, np.union1d(parts.train, [row]))[0])
        x = module.seen[1]["a" if arm == "after" else "z"].detach().numpy()[:, 0]
        at = np.union1d(parts.train, [row]).tolist().index(row)
        close(effect.values[size], [(x[at] - x.mean()) / np.sqrt(x.var() + CLASSES.epsilon)] * 3)
        assert effect.std[size] < 1e-9


def test_draws_are_the_same_again_in_pieces_and_beside_other_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = checkpoints_of(LESSON)[1]
    effect = random_batches(LESSON, checkpoint, "before", 2, 1, 5).effect(LESSON.epsilon)
    assert list(effect.values) == [2, 4, 8, 32, 128]
    assert list(effect.std.values()) == sorted(effect.std.values(), reverse=True)
    monkeypatch.setattr("bn_lab.engine.anatomy.composition.PIECE_NUMBERS", 1000)
    again = random_batches(LESSON, checkpoint, "before", 2, 1, 5, sizes=(32,)).effect(LESSON.epsilon)
    close(again.values[32], effect.values[32])


@EXPERIMENTS
@EVERY_ARM
@pytest.mark.parametrize("epsilon", [None, 1e-8])
def test_rescaled_weights_against_autograd(experiment: Experiment, arm: str, epsilon: float | None) -> None:
    checkpoint, layer, factors = checkpoints_of(experiment)[2], 2, [1e-4, 0.5, 1.0, -2.0, 1e4]
    record = rescaled(experiment, checkpoint, arm, layer, factors, epsilon)
    x, target = samples(experiment, arm, first_rows(experiment, 2))
    outputs, norms = [], []
    for a in [1.0, *factors]:
        own = {f"{name}_1": a * checkpoint.arms[arm][f"{name}.1"].astype(np.float64) for name in ("weight", "bias")}
        module = net(experiment, arm, checkpoint, epsilons={} if epsilon is None else {1: epsilon}, **own)
        loss_of(module(x), target).backward()
        outputs.append(module.seen[1]["y" if bool(ARMS[arm].normalizer) else "z"].detach().numpy())
        grad = module.weights["weight.1"].grad
        assert grad is not None
        norms.append(np.linalg.norm(grad.numpy()))
    change = [np.linalg.norm(y - outputs[0]) / np.linalg.norm(outputs[0]) for y in outputs[1:]]
    np.testing.assert_allclose(record.change, change, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(record.gradient_norm, norms[1:], rtol=1e-7)
    np.testing.assert_allclose(record.predicted, norms[0] / np.abs(factors), rtol=1e-7)


@pytest.mark.parametrize(("arm", "activation"), [("before", "swish"), ("after", "relu"), ("after", "identity")])
def test_weights_have_no_scale_where_epsilon_is_small(arm: str, activation: Any) -> None:
    experiment = Experiment(arms=(arm,), epochs=1, activation=activation)
    record = rescaled(experiment, Run(experiment).history().checkpoints[0], arm, 1, [0.1, 10, 1e4], epsilon=1e-8)
    assert record.change.max() < 1e-6
    np.testing.assert_allclose(record.gradient_norm, record.predicted, rtol=1e-5)


@EXPERIMENTS
@EVERY_ARM
@pytest.mark.parametrize("epsilon", [None, 2.0])
def test_both_placements_see_the_same_pre_activation(experiment: Experiment, arm: str, epsilon: float | None) -> None:
    checkpoint = checkpoints_of(experiment)[2]
    module = net(experiment, arm, checkpoint)
    module(samples(experiment, arm, first_rows(experiment, 2))[0])
    record, z = placements(experiment, checkpoint, arm, 2, epsilon), module.seen[1]["z"]
    assert list(record.before) == ["pre_activation", "normalized", "scaled", "activation"]
    assert list(record.after) == ["pre_activation", "activation", "normalized", "scaled"]
    function = FUNCTIONS[experiment.activation]
    gamma, beta = (module.weights[f"{name}.1"] if bool(ARMS[arm].normalizer) else None for name in ("gamma", "beta"))

    def norm(x: Tensor, *scale: Tensor | None) -> Tensor:
        return functional.batch_norm(x, None, None, *scale, training=True, eps=epsilon or experiment.epsilon)

    expected = {
        "before": [z, norm(z), norm(z, gamma, beta), function(norm(z, gamma, beta))],
        "after": [z, function(z), norm(function(z)), norm(function(z), gamma, beta)],
    }
    for placement, values in expected.items():
        for ours, theirs in zip(getattr(record, placement).values(), values, strict=True):
            close(ours, theirs.mT)


@EXPERIMENTS
@pytest.mark.parametrize("arm", normalized(ARMS))
@pytest.mark.parametrize(("layer", "epsilon"), [(1, None), (2, None), (2, 0.5)])
def test_folded_into_an_affine_layer_the_network_computes_the_same(
    experiment: Experiment, arm: str, layer: int, epsilon: float | None
) -> None:
    checkpoint, here = checkpoints_of(experiment)[2], epsilon or experiment.epsilon
    record, own = folded(experiment, checkpoint, arm, layer, epsilon), checkpoint.arms[arm]
    into = layer - 1 if arm == "before" else layer
    assert record.layer == into + 1
    np.testing.assert_array_equal(record.weight, own[f"weight.{into}"])
    np.testing.assert_array_equal(record.bias, own[f"bias.{into}"])
    x = samples(experiment, arm, split(load(experiment.dataset), experiment, experiment.seed).train)[0]
    # Without batch normalization: its statistics and parameters are such that it hands on what it gets.
    nothing = {"gamma": 1.0, "beta": 0.0, "mean": 0.0, "variance": 1 - here}
    changed = {f"{name}_{layer - 1}": np.full(experiment.width, value) for name, value in nothing.items()}
    changed |= {f"weight_{into}": record.folded_weight, f"bias_{into}": record.folded_bias}
    epsilons = {layer - 1: here}
    one, other = (net(experiment, arm, checkpoint, training=False, epsilons=epsilons, **each)(x) for each in ({}, changed))
    close(one, other)
    size = float(one.abs().max())
    assert record.largest == pytest.approx(size)
    assert record.difference < 1e-13 * max(1, size)
    assert 0 < record.difference32 < 1e-4 * max(1, size)


@pytest.mark.parametrize("call", [subject, folded], ids=["subject", "folded"])
@pytest.mark.parametrize("layer", [0, 4])
def test_there_is_no_such_layer(call: Callable[..., Any], layer: int) -> None:
    with pytest.raises(ExperimentError, match=f"layer must be between 1 and 3, got {layer}"):
        call(LESSON, checkpoints_of(LESSON)[0], "before", layer)


@pytest.mark.parametrize(("unit", "row", "name"), [(8, 0, "unit"), (-1, 0, "unit"), (0, 506, "row")])
def test_there_is_no_such_unit_or_sample(unit: int, row: int, name: str) -> None:
    with pytest.raises(ExperimentError, match=f"{name} must be between 0"):
        random_batches(LESSON, checkpoints_of(LESSON)[0], "before", 1, unit, row)


def test_nothing_is_folded_without_batch_normalization() -> None:
    with pytest.raises(ExperimentError, match="arm must be one of before, after, got none"):
        folded(LESSON, checkpoints_of(LESSON)[0], "none", 1)


def everything(experiment: Experiment, checkpoint: Checkpoint, arm: str) -> list[Any]:
    """The results of all functions."""
    records: list[Any] = [subject(experiment, checkpoint, arm, 2), statistics(experiment, [checkpoint], arm, 1)]
    records += [records[0].forward(), records[0].backward(), three_ways(experiment, checkpoint, arm)]
    records += [random_batches(experiment, checkpoint, arm, 2, 0, 0, draws=3).effect(experiment.epsilon)]
    records += [rescaled(experiment, checkpoint, arm, 2, [0.0, 1e-4, 1e4])]
    records += [placements(experiment, checkpoint, arm, 2)]
    return records + ([folded(experiment, checkpoint, arm, 1)] if ARMS[arm].normalizer else [])


@EVERY_ARM
@pytest.mark.parametrize("size", [1e200, 1e30, np.inf, np.nan])
@pytest.mark.parametrize("name", ["weight.0", "weight.1", "gamma.1", "variance.0"])
def test_diverged_weights_give_nan_without_a_word(arm: str, size: float, name: str) -> None:
    checkpoint = checkpoints_of(CLASSES)[1]
    own: Mapping[str, Array] = checkpoint.arms[arm]
    if name in own:
        diverged = Checkpoint(1, {arm: {**own, name: own[name].astype(np.float64) * size}})
        records = everything(CLASSES, diverged, arm)
        values = [value for record in records for value in numbers(record)]
        assert not np.isinf(np.concatenate([np.ravel(value) for value in values])).any()
        if not np.isfinite(size) and name.startswith("weight"):
            assert np.isnan(records[0].x).any()
            assert np.isnan(records[4].batch["train"].loss)
            assert np.isnan(records[4].batch["train"].accuracy)


def numbers(value: Any) -> list[Any]:
    """All numbers and arrays in a record."""
    if is_dataclass(value):
        return [inner for each in fields(value) for inner in numbers(getattr(value, each.name))]
    if isinstance(value, Mapping):
        return [inner for each in value.values() for inner in numbers(each)]
    return [value] if isinstance(value, float | np.ndarray) else []


@EVERY_ARM
def test_looking_changes_nothing_and_is_the_same_again(arm: str, assert_same_bits: Callable[[Any, Any], None]) -> None:
    torch.manual_seed(1)
    np.random.seed(1)
    before = torch.get_rng_state(), str(np.random.get_state(legacy=False)), torch.get_num_threads()
    run, twin = Run(CLASSES), Run(CLASSES)
    for each in (run, twin):
        each.finish_epoch()
        each.step()
    records = everything(CLASSES, run.history(weights=True).checkpoints[-1], arm)
    again = everything(CLASSES, run.history(weights=True).checkpoints[-1], arm)
    assert_same_bits(tuple(records), tuple(again))
    for each in (run, twin):
        each.finish_epoch()
    assert_same_bits(run.history(current=True), twin.history(current=True))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (str(np.random.get_state(legacy=False)), torch.get_num_threads())


@EVERY_ARM
def test_what_is_handed_out_is_float64_and_read_only(arm: str) -> None:
    for record in everything(LESSON, checkpoints_of(LESSON)[1], arm):
        for value in numbers(record):
            if isinstance(value, np.ndarray):
                assert not value.flags.writeable
                assert value.dtype in (np.float64, np.int64)
