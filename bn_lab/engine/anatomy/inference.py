"""The same weights with three kinds of statistics, and moving statistics folded into an affine layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil

import numpy as np
import torch
from torch import Tensor

from bn_lab.arms import ARMS
from bn_lab.datasets import Table
from bn_lab.engine.anatomy.bench import Bench, LayerwiseNetwork, Normalize, altered
from bn_lab.engine.anatomy.records import Folded, Score, ThreeWays, finite
from bn_lab.engine.history import Checkpoint
from bn_lab.engine.losses import LOSSES, accuracy
from bn_lab.engine.steps import batch_sizes
from bn_lab.experiment import Experiment, ExperimentError


@torch.inference_mode()
@np.errstate(all="ignore")
def three_ways(experiment: Experiment, checkpoint: Checkpoint, arm: str, table: Table | None = None) -> ThreeWays:
    """Evaluate the same weights with batch, moving and precise statistics; three times the same without batch normalization.

    Batches have the size of the latest epoch: of training samples in the order of the first one, of validation samples in that
    of the file. The precise statistics are taken layer by layer: those of a layer from what it takes in when the layers below
    already use theirs (PreciseBN, Wu & Johnson 2021, "Rethinking 'Batch' in BatchNorm", with the whole set as the batch).

    Arguments and errors are those of `subject`.
    """
    bench = Bench(experiment, arm, table)
    network = bench.network(checkpoint)
    precise = _precise(network, bench.samples(bench.source.splits[0].train)[0])
    rows = {"train": bench.source.orders(0)[0], "validation": bench.source.splits[0].validation}
    scores: dict[str, dict[str, Score]] = {"batch": {}, "moving": {}, "precise": {}}
    for which in [name for name, these in rows.items() if len(these)]:
        x, y = bench.samples(rows[which])
        sizes = batch_sizes(x.shape[2], experiment.phase(ceil(checkpoint.epoch)).batch_size)
        scores["batch"][which] = _score(bench, _in_batches(network, x, sizes), y)
        scores["moving"][which] = _score(bench, network.outputs(x, network.moving), y)
        scores["precise"][which] = _score(bench, network.outputs(x, precise), y)
    return ThreeWays(**scores)


def _precise(network: LayerwiseNetwork, x: Tensor) -> Normalize:
    """Batch normalization with the statistics over all samples x `(1, in, n)`."""
    statistics: list[dict[str, Tensor]] = []

    def normalize(values: Tensor, k: int) -> Tensor:
        return network.fixed(values, k, statistics[k])

    for k in range(network.experiment.depth):
        values = network.entering(k, x)  # (1, F, n)
        statistics.append({"mean": values.mean(dim=(0, 2)), "variance": values.var(dim=(0, 2), correction=0)})
        x = network.hidden(k, x, normalize)
    return normalize


def _in_batches(network: LayerwiseNetwork, x: Tensor, sizes: Sequence[int]) -> Tensor:
    """Outputs `(1, C, n)` for x `(1, in, n)` with batch statistics; the batches of equal size at once."""
    full = sizes.count(sizes[0]) * sizes[0]
    parts = [(x[0, :, :full], sizes[0]), (x[0, :, full:], sizes[-1])]
    stacks = [part.reshape(len(part), -1, size).transpose(0, 1) for part, size in parts if part.shape[1]]  # (D, in, B)
    outputs = [network.outputs(stack, network.batch) for stack in stacks]
    return torch.cat([out.transpose(0, 1).flatten(1) for out in outputs], dim=1)[None]


def _score(bench: Bench, outputs: Tensor, targets: Tensor) -> Score:
    loss = float(finite(LOSSES[bench.table.task].values(outputs, targets).numpy())[0])
    if bench.table.task == "regression":
        return Score(loss, None)
    return Score(loss, float(accuracy(outputs, targets)[0]) if outputs.isfinite().all() else np.nan)


@torch.inference_mode()
@np.errstate(all="ignore")
def folded(
    experiment: Experiment,
    checkpoint: Checkpoint,
    arm: str,
    layer: int,
    epsilon: float | None = None,
    table: Table | None = None,
) -> Folded:
    """Fold batch normalization of hidden layer `layer`, with its moving statistics μ and σ², into an affine layer.

    With s = γ / √(σ² + ε): `before` the activation it goes into the preceding layer, W′ = diag(s)·W and b′ = s(b − μ) + β;
    `after` it into the following one, W′ = W·diag(s) and b′ = b + W(β − sμ).

    Args:
        epsilon: ε of this layer instead of the experiment's.

    The other arguments and errors are those of `subject`.

    Raises:
        ExperimentError: also where `arm` has no batch normalization.
    """
    if not ARMS[arm].is_batch_norm:
        options = ", ".join(each for each in ARMS if ARMS[each].is_batch_norm)
        raise ExperimentError("arm", "one_of", arm, options=options)
    bench = Bench(experiment, arm, table)
    k = bench.index(layer)
    epsilons = altered(k, epsilon)
    network = bench.network(checkpoint, epsilons=epsilons)
    into = k if ARMS[arm].placement == "before" else k + 1
    weight, bias = _fold(network, k, into)
    changed = {f"weight.{into}": weight, f"bias.{into}": bias}
    x = bench.samples(bench.source.splits[0].train)[0]
    return Folded(
        layer=into + 1,
        weight=finite(network.weights[f"weight.{into}"].numpy()),
        bias=finite(network.weights[f"bias.{into}"].numpy()),
        folded_weight=finite(weight.numpy()),
        folded_bias=finite(bias.numpy()),
        difference=_difference(network, changed, k, x),
        difference32=_difference(bench.network(checkpoint, torch.float32, epsilons), changed, k, x),
        largest=float(finite(network.outputs(x, network.moving).abs().max().numpy())),
    )


def _fold(network: LayerwiseNetwork, k: int, into: int) -> tuple[Tensor, Tensor]:
    """Weight and bias of affine layer `into` with batch normalization of hidden layer k in them."""
    weights = network.weights
    weight, bias = weights[f"weight.{into}"], weights[f"bias.{into}"]
    gamma, beta, mean, variance = (weights[f"{name}.{k}"] for name in ("gamma", "beta", "mean", "variance"))
    factor = gamma / (variance + network.epsilon(k)).sqrt()
    if ARMS[network.arm].placement == "before":
        return factor[:, None] * weight, factor * (bias - mean) + beta
    return weight * factor, bias + weight @ (beta - factor * mean)


def _difference(network: LayerwiseNetwork, changed: Mapping[str, Tensor], k: int, x: Tensor) -> float:
    """Largest absolute difference of the outputs, in the network's own precision, when `changed` stand for BN of layer k."""
    dtype = network.weights["bias.0"].dtype
    weights = {**network.weights, **{name: values.to(dtype) for name, values in changed.items()}}
    other = replace(network, weights=weights)

    def normalize(values: Tensor, j: int) -> Tensor:
        return values if j == k else other.moving(values, j)

    change = other.outputs(x.to(dtype), normalize) - network.outputs(x.to(dtype), network.moving)
    return float(finite(change.abs().max().numpy()))
