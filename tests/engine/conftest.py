"""What several test files of the engine share: small tables, torch's own activations, and comparison bit for bit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bn_lab.datasets import Table
from bn_lab.experiment import Experiment

TORCH_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "swish": functional.silu,
    "relu": functional.relu,
    "leaky_relu": lambda x: functional.leaky_relu(x, 0.01),
    "elu": functional.elu,
    "gelu": functional.gelu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda x: x * 1,
}


@pytest.fixture(scope="session")
def torch_activations() -> Mapping[str, Callable[[Tensor], Tensor]]:
    """Each activation as torch.nn.functional has it."""
    return TORCH_ACTIVATIONS


@pytest.fixture(scope="session")
def toy() -> Callable[..., Table]:
    """`toy(task, samples, features, constant=…)`: a small random table; the first feature may be constant."""

    def make(task: str = "regression", samples: int = 20, features: int = 3, constant: float | None = None) -> Table:
        random = np.random.default_rng(samples)
        x = random.normal(size=(samples, features))
        if constant is not None:
            x[:, 0] = constant
        names = tuple(f"x{i}" for i in range(features))
        if task == "classification":
            target = random.permutation(np.arange(samples) % 3)
            return Table("iris", x, names, target, "kind", "", "classification", ("a", "b", "c"))
        return Table("boston", x, names, x.sum(axis=1) + 20, "y", "", "regression")

    return make


Plain = Callable[..., Tensor]
"""`plain(experiment, parameters, x, masks=(), noise=())`: one network as one writes it in torch, from `(B, in)` to `(B, C)`."""


@pytest.fixture(scope="session")
def plain() -> Plain:
    """One network of one arm in training mode; parameters named as by `Stack.weights`, masks `(F, B)`, noise `(2, F)`."""

    def run(
        experiment: Experiment,
        parameters: Mapping[str, Tensor],
        x: Tensor,
        masks: Sequence[Tensor] = (),
        noise: Sequence[Tensor] = (),
    ) -> Tensor:
        def batch_norm(values: Tensor, k: int) -> Tensor:
            gamma, beta = parameters[f"gamma.{k}"], parameters[f"beta.{k}"]
            y = functional.batch_norm(values, None, None, gamma, beta, training=True, eps=experiment.epsilon)
            return y * noise[k][0] + noise[k][1] if len(noise) else y

        for k in range(experiment.depth):
            x = functional.linear(x, parameters[f"weight.{k}"], parameters[f"bias.{k}"])
            x = batch_norm(x, k) if experiment.arms == ("before",) else x
            x = TORCH_ACTIVATIONS[experiment.activation](x)
            x = batch_norm(x, k) if experiment.arms == ("after",) else x
            x = x * masks[k].T if len(masks) else x
        return functional.linear(x, parameters[f"weight.{experiment.depth}"], parameters[f"bias.{experiment.depth}"])

    return run


def compare(one: Any, other: Any, path: str) -> None:
    assert type(one) is type(other), path
    if isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (other.dtype, other.shape), path
        assert one.tobytes() == other.tobytes(), path
    elif is_dataclass(one):
        for field in fields(one):
            if field.name != "seconds":  # time is no number of the experiment
                compare(getattr(one, field.name), getattr(other, field.name), f"{path}.{field.name}")
    elif isinstance(one, tuple):
        assert len(one) == len(other), path
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            compare(a, b, f"{path}[{i}]")
    elif isinstance(one, Mapping):
        assert list(one) == list(other), path
        for key in one:
            compare(one[key], other[key], f"{path}[{key}]")
    else:
        assert one == other, path


@pytest.fixture(scope="session")
def assert_same_bits() -> Callable[[Any, Any], None]:
    """Fails unless two records (histories, snapshots, arrays) hold the same bits everywhere, time apart."""
    return lambda one, other: compare(one, other, type(one).__name__)
