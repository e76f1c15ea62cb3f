"""A network's weights as safetensors, under the names that PyTorch's `nn.Sequential` gives them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from safetensors.numpy import save

from bn_lab.arms import ARMS
from bn_lab.codegen.loading import layers
from bn_lab.codegen.pytorch import NORMALIZERS
from bn_lab.datasets import Table, split, standardization
from bn_lab.engine.history import NetworkCopy
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment
from bn_lab.sharing import link


def state_dict(experiment: Experiment, copy: NetworkCopy, table: Table) -> dict[str, Array]:
    """Parameters and moving statistics by their names in PyTorch: `0.weight (out, in)`, `1.running_mean (F,)`, …

    PyTorch's layers before batch normalization have no bias. The lab's have one that stays 0; were it anything else, it would
    only move the mean that is subtracted, and is taken out of that.
    """
    state: dict[str, Array] = {}
    affine = norm = 0
    for place, layer in enumerate(layers(experiment, copy.arm, table.features.shape[1], table.outputs)):
        if layer.kind == "affine":
            state[f"{place}.weight"] = copy.arrays[f"weight.{affine}"]
            if layer.biased:
                state[f"{place}.bias"] = copy.arrays[f"bias.{affine}"]
            affine += 1
        elif layer.kind == "norm":
            state |= {f"{place}.{name}": values for name, values in _norm(copy, norm).items()}
            norm += 1
    return state


def _norm(copy: NetworkCopy, k: int) -> dict[str, Array]:
    """The normalizer of hidden layer k, counting from 0."""
    arm = ARMS[copy.arm]
    assert arm.normalizer is not None
    numbers = {name: copy.arrays[f"{name}.{k}"] for name in (*arm.parameters, *arm.statistics)}
    if arm.is_biasless:
        numbers["mean"] = numbers["mean"] - copy.arrays[f"bias.{k}"]
    numbers["steps"] = np.array(copy.steps, np.int64)
    return {theirs: numbers[name] for theirs, name in NORMALIZERS[arm.normalizer.name].tensors.items()}


def to_safetensors(experiment: Experiment, copy: NetworkCopy, table: Table) -> bytes:
    """The file: `state_dict`, and in its metadata where the numbers come from.

    `link` holds the parameters of the experiment's link with this one seed; `arm`, `seed`, `epoch`; and where the network has
    standardized inputs, `input_mean` and `input_std (F,)` as JSON.
    """
    tensors = {name: np.ascontiguousarray(values) for name, values in state_dict(experiment, copy, table).items()}
    single = replace(experiment, seed=copy.seed, seeds=1)
    metadata = {"format": "pt", "link": link("", single), "arm": copy.arm, "seed": str(copy.seed), "epoch": f"{copy.epoch:g}"}
    return save(tensors, metadata=metadata | _scaling(single, copy, table))


def _scaling(experiment: Experiment, copy: NetworkCopy, table: Table) -> dict[str, str]:
    if not experiment.standardizes(copy.arm):
        return {}
    mean, std = standardization(table.features[split(table, experiment, copy.seed).train])
    return {"input_mean": json.dumps(mean.tolist()), "input_std": json.dumps(std.tolist())}
