"""One sample among other samples: batch normalization makes its value depend on the company."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from bn_lab.datasets import Table
from bn_lab.datasets.streams import MATES
from bn_lab.engine.anatomy.bench import Bench, LayerwiseNetwork
from bn_lab.engine.anatomy.records import Company, Mates
from bn_lab.engine.batches import PIECE_NUMBERS
from bn_lab.engine.history import Checkpoint
from bn_lab.engine.types import Array
from bn_lab.experiment import Arm, Experiment, ExperimentError


def batch_mates(
    experiment: Experiment,
    checkpoint: Checkpoint,
    arm: Arm,
    layer: int,
    unit: int,
    row: int,
    sizes: Sequence[int] = (2, 4, 8, 32, 128),
    draws: int = 200,
    epsilon: float | None = None,
    table: Table | None = None,
) -> Mates:
    """x̂ of the sample `row` in unit `unit` of hidden layer `layer`, among `draws` random batches of every size.

    A batch of size B holds the sample and B − 1 different ones of the other training samples; sizes for which there are not
    enough of them are left out. The layers below see the same batch. The draws come from a stream of the experiment's seed
    and of the size alone, so that another layer or sample meets the same numbers.

    Args:
        unit: 0 … width − 1.
        row: row number of a sample in the data table.
        sizes: batch sizes, at least 2.
        epsilon: ε of this layer instead of the experiment's.

    The other arguments and errors are those of `subject`.
    """
    found = company(experiment, checkpoint, arm, layer, unit, row, sizes, draws, table)
    return found.mates(experiment.epsilon if epsilon is None else epsilon)


@torch.inference_mode()
@np.errstate(all="ignore")
def company(
    experiment: Experiment,
    checkpoint: Checkpoint,
    arm: Arm,
    layer: int,
    unit: int,
    row: int,
    sizes: Sequence[int] = (2, 4, 8, 32, 128),
    draws: int = 200,
    table: Table | None = None,
) -> Company:
    """The batches of `batch_mates`: all of its work but the last division, the only one that ε of the layer has a part in.

    Arguments and errors are those of `batch_mates`.
    """
    bench = Bench(experiment, arm, table)
    _check("unit", unit, experiment.width)
    _check("row", row, bench.table.samples)
    k, network = bench.index(layer), bench.network(checkpoint)
    train = bench.source.splits[0].train
    others = train[train != row]
    found = {}
    for size in [size for size in sizes if 2 <= size <= len(others) + 1]:
        rows = _draw(np.random.default_rng([experiment.seed, MATES, size]), others, row, size, draws)
        most = max(1, PIECE_NUMBERS // (size * max(experiment.width, bench.table.features.shape[1])))
        parts = [_entering(bench, network, k, unit, rows[i : i + most]) for i in range(0, draws, most)]
        found[size] = np.concatenate(parts)
    return Company(found, len(others) + 1)


def _check(name: str, value: int, count: int) -> None:
    if not 0 <= value < count:
        raise ExperimentError(name, "between", value, low=0, high=count - 1)


def _draw(random: np.random.Generator, others: Array, row: int, size: int, draws: int) -> Array:
    """Row numbers (draws, size), the sample itself first."""
    # Of a batch only the sample's place matters, and the statistics do not even depend on that: no need to shuffle.
    mates = [random.choice(others, size - 1, replace=False, shuffle=False) for _ in range(draws)]
    return np.column_stack([np.full(draws, row), mates])


def _entering(bench: Bench, network: LayerwiseNetwork, k: int, unit: int, rows: Array) -> Array:
    """What batch normalization of the unit takes in, for each of the batches `rows (D, B)`."""
    inputs = bench.source.inputs(rows.reshape(1, -1))[0]  # (in, D·B)
    x = inputs.reshape(-1, *rows.shape).transpose(0, 1)  # (D, in, B)
    return np.array(network.entering(k, network.below(k, x, network.batch))[:, unit].numpy())
