"""What snapshots count, against numpy on the values that a plain pass through the network gives."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bn_lab.arms import ARMS
from bn_lab.datasets import Table
from bn_lab.engine import reference
from bn_lab.engine.activations import ACTIVATIONS
from bn_lab.engine.history import BINS, PERCENTILES, STAGES, ArmSnapshot, Snapshot, stages
from bn_lab.engine.probes import SHOWN, _distributions
from bn_lab.engine.run import Run
from bn_lab.engine.types import Array
from bn_lab.experiment import FIELDS, Experiment

Functions = Mapping[str, Callable[[Tensor], Tensor]]
Toy = Callable[..., Table]
Layer = dict[str, Array]
"""The values `(F, B)` of one hidden layer by stage, and `input`, that of the activation function."""


def at_the_start(activation: Any = "swish", **choices: Any) -> Run:
    """A run in float64 that has not trained yet: its first snapshot shows the first batch on the initial weights."""
    choices = {"arms": tuple(ARMS), "seeds": 2, "epochs": 2, "depth": 3, "dropout": 0.0, "epsilon": 1e-3, **choices}
    return Run(Experiment(activation=activation, **choices), dtype=torch.float64)


def plain_pass(run: Run, arm: int, function: Callable[[Tensor], Tensor]) -> list[Layer]:
    """What the first seed's network of that arm computes for the first batch, layer by layer, in numpy."""
    name, weights = run.experiment.arms[arm], run.weights(arm)
    rows = run.source.orders(0)[0, : run.source.sizes(0)[0]]
    x = run.table.features[rows]
    if "standardized" in (name, run.experiment.inputs):
        train = run.table.features[run.source.splits[0].train]
        x = (x - train.mean(axis=0)) / train.std(axis=0)
    x, layers = x.T, []
    for k in range(run.experiment.depth):
        layer = {"pre_activation": weights[f"weight.{k}"] @ x + weights[f"bias.{k}"][:, None]}
        layer["input"] = layer["pre_activation"]
        if name == "before":
            layer["input"] = normalize(layer, layer["pre_activation"], weights, k, run.experiment.epsilon)
        layer["activation"] = function(torch.tensor(layer["input"])).numpy()
        x = layer["activation"]
        if name == "after":
            x = normalize(layer, x, weights, k, run.experiment.epsilon)
        layers.append(layer)
    return layers


def normalize(layer: Layer, x: Array, weights: dict[str, Array], k: int, epsilon: float) -> Array:
    nodes = reference.forward(x, weights[f"gamma.{k}"][:, None], weights[f"beta.{k}"][:, None], epsilon)
    layer["normalized"], layer["scaled"] = nodes.normalized, nodes.y
    return nodes.y


def each_distribution(run: Run, snapshot: Snapshot, function: Callable[[Tensor], Tensor]) -> Any:
    """For every arm, layer and stage: what was recorded, where, and the values it was recorded of."""
    for a, arm in enumerate(run.experiment.arms):
        for k, layer in enumerate(plain_pass(run, a, function)):
            for j, stage in enumerate(stages(arm)):
                yield snapshot.arms[arm], (k, j), layer[stage].ravel()


def first(run: Run) -> Snapshot:
    return run.history().snapshots[0]


@pytest.mark.parametrize("dataset", ["boston", "iris"])
def test_histograms_count_every_value(dataset: str, torch_activations: Functions) -> None:
    run = at_the_start(dataset=dataset)
    for found, at, values in each_distribution(run, first(run), torch_activations["swish"]):
        assert found.low[at] == pytest.approx(values.min(), rel=1e-6)
        assert found.high[at] == pytest.approx(values.max(), rel=1e-6)
        assert found.counts[at].sum() == len(values)
        counts, edges = np.histogram(values, BINS)
        if not np.array_equal(found.counts[at], counts):  # a value on an edge may be rounded to either side
            distance = np.abs(values[:, None] - edges[None, 1:-1]).min()
            assert distance < 1e-9 * (edges[-1] - edges[0])
            assert np.abs(found.counts[at] - counts).sum() <= 2


def test_moments_and_percentiles_are_numpys(torch_activations: Functions) -> None:
    run = at_the_start()
    for found, at, values in each_distribution(run, first(run), torch_activations["swish"]):
        scale = np.abs(values).max() * 1e-6
        np.testing.assert_allclose(found.percentiles[at], np.percentile(values, PERCENTILES), rtol=1e-5, atol=scale)
        np.testing.assert_allclose(found.mean[at], values.mean(), rtol=1e-5, atol=scale)
        np.testing.assert_allclose(found.std[at], values.std(), rtol=1e-5)


@pytest.mark.parametrize("activation", FIELDS["activation"].options)
def test_saturated_and_dead_shares_count_the_tails(activation: str, torch_activations: Functions) -> None:
    function, (low, high) = torch_activations[activation], ACTIVATIONS[activation].tails
    run = at_the_start(activation, weight_scale=3.0)
    for a, arm in enumerate(ARMS):
        recorded = first(run).arms[arm]
        for k, layer in enumerate(plain_pass(run, a, function)):
            x = np.asarray(layer["input"])
            flat = (x <= low) | (x >= high)
            assert recorded.saturated[k] == pytest.approx(flat.mean(), abs=1e-6)
            assert recorded.dead[k] == pytest.approx(flat.all(axis=1).mean(), abs=1e-6)


@pytest.mark.parametrize("epsilon", [1e-8, 1e-3, 1e-1])
def test_normalized_has_mean_0_and_the_spread_that_epsilon_leaves(epsilon: float, torch_activations: Functions) -> None:
    run = at_the_start(epsilon=epsilon, inputs="standardized", weight_scale=0.3)
    for a, arm in enumerate(ARMS):
        if arm not in ("before", "after"):
            continue
        found, j = first(run).arms[arm], stages(arm).index("normalized")
        for k, layer in enumerate(plain_pass(run, a, torch_activations["swish"])):
            variance = layer["activation" if arm == "after" else "pre_activation"].var(axis=1)
            assert found.mean[k, j] == pytest.approx(0, abs=1e-7)
            assert found.std[k, j] == pytest.approx(np.sqrt((variance / (variance + epsilon)).mean()), rel=1e-5)


def test_batch_variances_are_those_at_the_input_of_batch_norm(torch_activations: Functions) -> None:
    run = at_the_start()
    for a, arm in enumerate(ARMS):
        for k, layer in enumerate(plain_pass(run, a, torch_activations["swish"])):
            variance = layer["activation" if arm == "after" else "pre_activation"].var(axis=1)
            expected = [variance.min(), np.median(variance), variance.max()]
            np.testing.assert_allclose(first(run).arms[arm].batch_variance[k], expected, rtol=1e-5, atol=1e-30)


def as_torch(run: Run, arm: int) -> tuple[dict[str, Tensor], Tensor]:
    """The weights of the first seed's network as leaves, and loss and penalty of the first batch."""
    name, experiment = run.experiment.arms[arm], run.experiment
    leaves = {key: torch.tensor(array, requires_grad=True) for key, array in run.weights(arm).items()}
    rows = run.source.orders(0)[0, : run.source.sizes(0)[0]]
    features = run.table.features
    if name == "standardized":
        features = (features - features.mean(axis=0)) / features.std(axis=0)
    x = torch.tensor(features[rows])
    for k in range(experiment.depth):
        x = nn_linear(x, leaves, k)
        if name == "before":
            x = nn_norm(x, leaves, k, experiment.epsilon)
        x = torch.nn.functional.silu(x)
        if name == "after":
            x = nn_norm(x, leaves, k, experiment.epsilon)
    out = nn_linear(x, leaves, experiment.depth)
    loss = (out[:, 0] - torch.tensor(run.table.target[rows])).square().mean()
    penalty = sum(leaves[f"weight.{k}"].square().sum() for k in range(experiment.depth + 1))
    return leaves, loss + experiment.l2 * penalty


def nn_linear(x: Tensor, leaves: dict[str, Tensor], k: int) -> Tensor:
    return torch.nn.functional.linear(x, leaves[f"weight.{k}"], leaves[f"bias.{k}"])


def nn_norm(x: Tensor, leaves: dict[str, Tensor], k: int, epsilon: float) -> Tensor:
    return torch.nn.functional.batch_norm(x, None, None, leaves[f"gamma.{k}"], leaves[f"beta.{k}"], True, 0.0, epsilon)


@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_gradient_norms_are_autograds_with_the_penalty(l2: float) -> None:
    run = at_the_start(l2=l2)
    untrained = Run(run.experiment, dtype=torch.float64)
    run.step()
    stepped = run.history(current=True).latest
    assert stepped is not None
    for a, arm in enumerate(ARMS):
        leaves, loss = as_torch(untrained, a)
        loss.backward()
        norms = [torch.linalg.vector_norm(leaves[f"weight.{k}"].grad).item() for k in range(4)]
        # The first snapshot shows the first batch before the first step, this one that same batch after it.
        for snapshot in (first(untrained), stepped):
            np.testing.assert_allclose(snapshot.arms[arm].gradient_norm, norms, rtol=1e-9)


def trained(dataset: str, **choices: Any) -> Run:
    run = Run(Experiment(dataset=dataset, arms=tuple(ARMS), seeds=2, epochs=3, **choices))  # type: ignore[arg-type]
    while not run.finished:
        run.finish_epoch()
    return run


def test_units_are_the_weights_of_the_first_seed() -> None:
    run = trained("iris")
    for a, arm in enumerate(ARMS):
        found, weights = run.history().snapshots[-1].arms[arm], run.weights(a)
        pairs = {"gamma": "gamma", "beta": "beta", "moving_mean": "mean", "moving_variance": "variance"}
        for name, key in pairs.items():
            values = getattr(found, name)
            if arm in ("none", "standardized"):
                assert values is None
            else:
                np.testing.assert_array_equal(values, np.stack([weights[f"{key}.{k}"] for k in range(3)]))


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_predictions_of_a_regression_belong_to_the_shown_values(share: float) -> None:
    run = trained("boston", validation_share=share)
    history, evaluation = run.history(), run.evaluate()
    assert history.shown is not None
    for which in ("train", "validation") if share else ("train",):
        rows = getattr(run.source.splits[0], which)
        shown = getattr(history.shown, which)
        assert len(shown) == min(SHOWN, len(rows))
        places = np.unique(np.linspace(0, len(rows) - 1, len(shown)).astype(int))
        np.testing.assert_array_equal(shown, run.table.target[rows[places]])
        for a, arm in enumerate(ARMS):
            recorded = history.snapshots[-1].arms[arm]
            predictions = recorded.predictions if which == "train" else recorded.validation_predictions
            np.testing.assert_array_equal(predictions, evaluation[which].outputs[a, 0, places])
    if not share:
        assert len(history.shown.validation) == 0
        assert all(len(history.snapshots[-1].arms[arm].validation_predictions) == 0 for arm in ARMS)


def test_the_confusion_matrix_counts_predicted_against_true_classes() -> None:
    run = trained("iris", validation_share=0.3)
    history, evaluation = run.history(), run.evaluate()
    for a, arm in enumerate(ARMS):
        recorded = history.snapshots[-1].arms[arm]
        for which, matrix in (("train", recorded.predictions), ("validation", recorded.validation_predictions)):
            rows = getattr(run.source.splits[0], which)
            expected = np.zeros((3, 3))
            for true, predicted in zip(run.table.target[rows], evaluation[which].outputs[a].argmax(axis=0), strict=True):
                expected[int(true), predicted] += 1
            np.testing.assert_array_equal(matrix, expected)
            accuracy = evaluation[which].accuracy
            assert accuracy is not None
            assert np.trace(matrix) / matrix.sum() == pytest.approx(accuracy[a, 0])


def test_inference_is_evaluated_for_all_networks() -> None:
    run = trained("iris")
    snapshot, evaluation = run.history().snapshots[-1], run.evaluate()["train"]
    np.testing.assert_array_equal(snapshot.inference_loss, evaluation.loss)
    np.testing.assert_array_equal(snapshot.inference_accuracy, evaluation.accuracy)


def shapes(snapshot: ArmSnapshot) -> dict[str, tuple[int, ...]]:
    return {name: values.shape for name, values in vars(snapshot).items() if values is not None}


@pytest.mark.parametrize("arm", ARMS)
def test_shapes_are_the_documented_ones(arm: str) -> None:
    run = Run(Experiment(dataset="iris", arms=(arm,), depth=2, width=5, seeds=3))
    kinds, found = len(stages(arm)), shapes(first(run).arms[arm])
    expected: dict[str, tuple[int, ...]] = dict.fromkeys(("low", "high", "mean", "std"), (2, kinds))
    expected |= {"counts": (2, kinds, BINS), "percentiles": (2, kinds, len(PERCENTILES)), "batch_variance": (2, 3)}
    expected |= {"saturated": (2,), "dead": (2,), "gradient_norm": (3,), "predictions": (3, 3), "validation_predictions": (0,)}
    if kinds == len(STAGES):
        expected |= dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), (2, 5))
    assert found == expected


def distributions(*values: Array) -> dict[str, Array]:
    return _distributions(np.stack(values)[None].astype(np.float32))


@pytest.mark.parametrize("constant", [0.0, 1e-30, -7.5, 3e6, -1e30])
def test_a_constant_is_counted_in_one_bin_of_a_narrow_range(constant: float) -> None:
    histogram = distributions(np.full(12, constant))
    assert sorted(histogram["counts"][0, 0])[-2:] == [0, 12]
    assert histogram["low"][0, 0] < np.float32(constant) < histogram["high"][0, 0]
    assert histogram["std"][0, 0] == 0
    np.testing.assert_array_equal(histogram["percentiles"][0, 0], np.full(5, np.float32(constant)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_not_counted_and_spoils_nothing_else(bad: float) -> None:
    good = np.linspace(-1, 2, 12)
    spoiled = good.copy()
    spoiled[5] = bad
    found, alone = distributions(good, spoiled), distributions(good)
    for name, values in found.items():
        np.testing.assert_array_equal(values[0, 0], alone[name][0, 0])
        assert np.isnan(values[0, 1]).all(), name


@pytest.mark.parametrize("values", [[1.0, np.nextafter(np.float32(1), 2)], [-1e-42, 1e-42], [-3e38, 3e38], [0.0, 1e-45]])
def test_extreme_ranges_are_counted_too(values: list[float]) -> None:
    histogram = distributions(np.array(values))
    assert histogram["counts"][0, 0].tolist() == [1, *[0] * (BINS - 2), 1]
    assert [histogram["low"][0, 0], histogram["high"][0, 0]] == np.array(values, np.float32).tolist()


def test_values_on_every_edge_are_counted_once() -> None:
    histogram = distributions(np.arange(BINS + 1))
    assert histogram["counts"][0, 0].tolist() == [*[1] * (BINS - 1), 2]
