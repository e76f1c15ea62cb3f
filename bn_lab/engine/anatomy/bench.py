"""What all of the anatomy stands on: the network of a checkpoint in two forms.

As a stack of one (`Bench`) it goes forward and backward as in training. Layer by layer (`LayerwiseNetwork`) it can be stopped,
altered, and given many batches in one call: D batches of B samples are `(D, F, B)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from bn_lab.arms import ARMS
from bn_lab.datasets import Table, table_of
from bn_lab.engine import reference
from bn_lab.engine.activations import ACTIVATIONS
from bn_lab.engine.batches import Source
from bn_lab.engine.bound_layers import BoundLayers
from bn_lab.engine.history import Checkpoint
from bn_lab.engine.normalizers import NORMALIZERS, Norm, NormPerEpsilon, Site
from bn_lab.engine.stack import Stack
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment, ExperimentError

Normalize = Callable[[Tensor, int], Tensor]
"""What stands for batch normalization: from its input `(D, F, B)` in hidden layer k, counting from 0, to its output."""


class Bench:
    """What the network is laid out on to be taken apart: the first network of one arm and its samples, in float64, without
    noise, dropout and penalty.

    Raises:
        ExperimentError: if data and experiment do not fit.
    """

    def __init__(self, experiment: Experiment, arm: str, table: Table | None = None) -> None:
        self.arm, self.experiment = arm, replace(experiment, arms=(arm,), seeds=1, bn_noise=0.0, dropout=0.0, l2=0.0)
        self.table = table_of(experiment) if table is None else table
        self.source = Source(self.experiment, self.table, dtype=torch.float64, device="cpu")
        shape = self.table.features.shape[1], self.table.outputs, self.table.task
        self.stack = Stack(self.experiment, *shape, dtype=torch.float64)

    def index(self, layer: int) -> int:
        """Hidden layer number `layer`, counting from 1, counted from 0."""
        if not 1 <= layer <= self.experiment.depth:
            raise ExperimentError("layer", "between", layer, low=1, high=self.experiment.depth)
        return layer - 1

    def rows(self, checkpoint: Checkpoint) -> Array:
        """Row numbers (B,) of the mini-batch: the first one of the epoch that `checkpoint` stands in or before."""
        epoch = int(checkpoint.epoch)
        size = self.source.sizes(min(epoch, self.experiment.epochs - 1))[0]  # what changes after the end changes nothing
        return np.array(self.source.orders(epoch)[0, :size])

    def samples(self, rows: Array) -> tuple[Tensor, Tensor]:
        """Inputs `(1, in, n)` and targets `(1, C, n)` of the samples `rows (n,)`."""
        writable = np.array(rows[None])  # torch warns of arrays that it may not write to
        return self.source.inputs(writable), self.source.outputs(writable)

    def set_weights(self, checkpoint: Checkpoint) -> None:
        """Give the stack the parameters and moving statistics of `checkpoint`."""
        for name, view in (self.stack.parameters.views | self.stack.moving.views).items():
            values = checkpoint.arms[self.arm][".".join(name.split(".")[:2])]
            view.copy_(torch.tensor(values, dtype=torch.float64).view(view.shape))

    def forward(self, rows: Array) -> tuple[BoundLayers, Tensor]:
        """Send the samples `rows (B,)` forward in training mode; returns what the layers computed, and the targets."""
        x, y = self.samples(rows)
        return self.stack.forward(x, (), torch.empty_like(y)), y

    def network(
        self, checkpoint: Checkpoint, dtype: torch.dtype = torch.float64, epsilons: Mapping[int, float] | None = None
    ) -> LayerwiseNetwork:
        """The network of `checkpoint`, layer by layer; `epsilons` as in `LayerwiseNetwork`."""
        weights = {name: torch.tensor(values, dtype=dtype) for name, values in checkpoint.arms[self.arm].items()}
        return LayerwiseNetwork(self.experiment, self.arm, weights, epsilons or {})


def altered(k: int, epsilon: float | None) -> dict[int, float]:
    """`LayerwiseNetwork.epsilons` where hidden layer k alone has another one, if any."""
    return {} if epsilon is None else {k: epsilon}


def norm_of(bound: BoundLayers, k: int) -> Norm | None:
    """What normalizes in hidden layer k, if anything does."""
    norm = next(iter(bound.hidden[k].norms.values()), None)
    assert not isinstance(norm, NormPerEpsilon)
    return norm


@dataclass(frozen=True, eq=False)
class LayerwiseNetwork:
    """One network, layer by layer.

    Attributes:
        weights: as `Run.weights` names them.
        epsilons: ε of those hidden layers, counting from 0, that have another than the experiment's.
    """

    experiment: Experiment
    arm: str
    weights: Mapping[str, Tensor]
    epsilons: Mapping[int, float]

    def epsilon(self, k: int) -> float:
        """ε of hidden layer k."""
        return self.epsilons.get(k, self.experiment.epsilon)

    def affine(self, k: int, x: Tensor) -> Tensor:
        """W x + b of affine layer k, from x `(D, in, B)` to `(D, out, B)`."""
        return torch.matmul(self.weights[f"weight.{k}"], x) + self.weights[f"bias.{k}"][:, None]

    def activate(self, x: Tensor) -> Tensor:
        """The activation function of x."""
        out = torch.empty_like(x)
        ACTIVATIONS[self.experiment.activation].forward(x, out)
        return out

    def scale(self, k: int) -> tuple[Tensor, Tensor]:
        """γ and β of hidden layer k, `(F, 1)` each; 1 and 0 without batch normalization."""
        if ARMS[self.arm].is_batch_norm:
            return self.weights[f"gamma.{k}"][:, None], self.weights[f"beta.{k}"][:, None]
        ones = torch.ones(self.experiment.width, 1, dtype=self.weights["bias.0"].dtype)
        return ones, ones - 1

    def batch(self, x: Tensor, k: int) -> Tensor:
        """Normalization with the statistics of each batch, on all D batches `(D, F, B)` at once: of batch normalization by the
        reference, of anything else by its kernels, which take the batches for as many networks."""
        if (normalizer := ARMS[self.arm].normalizer) is not None and not ARMS[self.arm].is_batch_norm:
            parameters, out = self._numbers(ARMS[self.arm].parameters, k, len(x)), torch.empty_like(x)
            gradients = {name: torch.empty_like(values) for name, values in parameters.items()}
            statistics = {name: x.new_empty(x.shape[:2]) for name in ARMS[self.arm].statistics}
            site = Site(x, out, torch.empty_like(x), parameters, gradients, statistics, self.epsilon(k))
            NORMALIZERS[normalizer.name](site).forward()
            return out
        gamma, beta = (np.tile(each.numpy(), (len(x), 1)) for each in self.scale(k))
        nodes = reference.forward(x.flatten(0, 1).numpy(), gamma, beta, self.epsilon(k))
        return torch.from_numpy(nodes.y).view(x.shape)

    def fixed(self, x: Tensor, k: int, statistics: Mapping[str, Tensor]) -> Tensor:
        """Normalization with given statistics, `(F,)` by name; `mean` and `variance` for batch normalization."""
        if (normalizer := ARMS[self.arm].normalizer) is not None and not ARMS[self.arm].is_batch_norm:
            numbers = self._numbers(ARMS[self.arm].parameters, k, len(x))
            numbers |= {name: statistics[name].expand(len(x), -1).contiguous() for name in ARMS[self.arm].statistics}
            out = x.clone()
            NORMALIZERS[normalizer.name].infer(out, numbers, self.epsilon(k))
            return out
        (gamma, beta), mean, variance = self.scale(k), statistics["mean"], statistics["variance"]
        return gamma * (x - mean[:, None]) / (variance[:, None] + self.epsilon(k)).sqrt() + beta

    def moving(self, x: Tensor, k: int) -> Tensor:
        """Normalization with the moving statistics, as in inference mode."""
        return self.fixed(x, k, {name: self.weights[f"{name}.{k}"] for name in ARMS[self.arm].statistics})

    def _numbers(self, names: Iterable[str], k: int, count: int) -> dict[str, Tensor]:
        """The weights of these names in hidden layer k, once for each of `count` batches: `(count, F)` each."""
        return {name: self.weights[f"{name}.{k}"].expand(count, -1).contiguous() for name in names}

    def entering(self, k: int, x: Tensor) -> Tensor:
        """What batch normalization takes in in hidden layer k for its input x; without it, the pre-activation."""
        z = self.affine(k, x)
        return self.activate(z) if ARMS[self.arm].placement == "after" else z

    def hidden(self, k: int, x: Tensor, normalize: Normalize) -> Tensor:
        """Output of hidden layer k for its input x."""
        z = self.affine(k, x)
        if ARMS[self.arm].placement == "before":
            z = normalize(z, k)
        y = self.activate(z)
        return normalize(y, k) if ARMS[self.arm].placement == "after" else y

    def below(self, k: int, x: Tensor, normalize: Normalize) -> Tensor:
        """The input of affine layer k when the first layer takes x `(D, in, B)`."""
        for j in range(k):
            x = self.hidden(j, x, normalize)
        return x

    def outputs(self, x: Tensor, normalize: Normalize) -> Tensor:
        """Outputs `(D, C, B)` for x `(D, in, B)`."""
        last = self.experiment.depth
        return self.affine(last, self.below(last, x, normalize))
