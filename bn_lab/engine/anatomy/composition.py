"""One sample among others: batch normalization makes its value depend on the composition of the batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from bn_lab.datasets import Table
from bn_lab.datasets.streams import COMPOSITION
from bn_lab.engine.anatomy.bench import Bench, LayerwiseNetwork
from bn_lab.engine.anatomy.records import RandomBatches
from bn_lab.engine.batches import PIECE_NUMBERS
from bn_lab.engine.history import Checkpoint
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment, ExperimentError


@torch.inference_mode()
@np.errstate(all="ignore")
def random_batches(
    experiment: Experiment,
    checkpoint: Checkpoint,
    arm: str,
    layer: int,
    unit: int,
    row: int,
    sizes: Sequence[int] = (2, 4, 8, 32, 128),
    draws: int = 200,
    table: Table | None = None,
) -> RandomBatches:
    """What unit `unit` of hidden layer `layer` takes in, for the sample `row` among `draws` random batches of every size.

    A batch of size B holds the sample and B − 1 different ones of the other training samples; sizes for which there are not
    enough of them are left out. The layers below see the same batch. The draws come from a stream of the experiment's seed
    and of the size alone, so that another layer or sample meets the same numbers.

    Args:
        unit: 0 … width − 1.
        row: row number of a sample in the data table.
        sizes: batch sizes, at least 2.

    The other arguments and errors are those of `subject`.
    """
    bench = Bench(experiment, arm, table)
    _check("unit", unit, experiment.width)
    _check("row", row, bench.table.samples)
    k, network = bench.index(layer), bench.network(checkpoint)
    train = bench.source.splits[0].train
    others = train[train != row]
    inputs = {}
    for size in [size for size in sizes if 2 <= size <= len(others) + 1]:
        rows = _draw(np.random.default_rng([experiment.seed, COMPOSITION, size]), others, row, size, draws)
        most = max(1, PIECE_NUMBERS // (size * max(experiment.width, bench.table.features.shape[1])))
        parts = [_entering(bench, network, k, unit, rows[i : i + most]) for i in range(0, draws, most)]
        inputs[size] = np.concatenate(parts)
    return RandomBatches(inputs, len(others) + 1)


def _check(name: str, value: int, count: int) -> None:
    if not 0 <= value < count:
        raise ExperimentError(name, "between", value, low=0, high=count - 1)


def _draw(random: np.random.Generator, others: Array, row: int, size: int, draws: int) -> Array:
    """Row numbers (draws, size), the sample itself first."""
    # Of a batch only the sample's place matters, and the statistics do not even depend on that: no need to shuffle.
    drawn = [random.choice(others, size - 1, replace=False, shuffle=False) for _ in range(draws)]
    return np.column_stack([np.full(draws, row), drawn])


def _entering(bench: Bench, network: LayerwiseNetwork, k: int, unit: int, rows: Array) -> Array:
    """What batch normalization of the unit takes in `(D, B)`, for each of the batches `rows (D, B)`."""
    inputs = bench.source.inputs(rows.reshape(1, -1))[0]  # (in, D·B)
    x = inputs.reshape(-1, *rows.shape).transpose(0, 1)  # (D, in, B)
    return np.array(network.entering(k, network.below(k, x, network.batch))[:, unit].numpy())
