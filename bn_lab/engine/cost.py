"""What an experiment costs, roughly: seconds of one core and bytes of memory, told before anything is built.

Both are sums of what the engine does and holds, with constants measured once on a small server core, so that the same
experiment costs the same wherever it is asked for. Without torch, since pages ask before it is loaded. Letters as in
`bn_lab.engine.layers`.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from bn_lab.datasets import Table, table_of
from bn_lab.engine.boundary import GRID, has_boundary
from bn_lab.engine.history import BINS, KEPT_EPOCHS, KEPT_NUMBERS, PERCENTILES, STAGES, is_recorded
from bn_lab.experiment import BN_ARMS, Arm, Experiment

CALL, FLOPS, ELEMENT = 30e-6, 50e9, 4e-9
"""What a step costs: seconds a layer for calls, operations a second in float32 on one core, seconds for a unit of a sample."""

FLOAT, DOUBLE = 4, 8
"""Bytes of a number where networks are trained, and where they are recorded."""

PER_PARAMETER = 9
"""Numbers held for each parameter: its value and gradient, up to three of the optimizer, and the first state
of the epoch."""

PER_UNIT = 6
"""Tensors of a hidden layer as large as its output: what its parts compute, and the gradient."""

PREPARED = 1 << 22
"""Numbers of inputs that are prepared at a time: `BLOCK_NUMBERS` of `bn_lab.engine.batches`."""

FLOOR = 1 << 20
"""Bytes that even the smallest run takes."""

SLACK = 1.5
"""What memory is really taken for each number that is needed: temporary ones, and gaps between them. Nine runs from
3 MB to 900 MB were measured: they took 0.7 to 1.2 of what is told here, one of many small networks 1.5."""


def parameters(experiment: Experiment, table: Table, arm: Arm) -> int:
    """Trainable numbers of one network: weights, biases, and γ and β of batch normalization."""
    affine: int = sum((n + 1) * out for n, out in pairwise(_sizes(experiment, table)))
    return affine + (2 * experiment.width * experiment.depth if arm in BN_ARMS else 0)


def samples(experiment: Experiment) -> int:
    """How many samples a training passes through in an epoch at most: validation may take some."""
    return experiment.samples or table_of(experiment).samples


@lru_cache(maxsize=4096)
def seconds(experiment: Experiment, networks: int | None = None) -> float:
    """About how many seconds training takes on one core.

    Args:
        experiment: what to train.
        networks: how many in one stack; all of the experiment's if not given.
    """
    table = table_of(experiment)
    sizes, count = _sizes(experiment, table), samples(experiment)
    stack = len(experiment.arms) * experiment.seeds if networks is None else networks
    steps = -(-count // experiment.batch_size)
    products = sum(6 * a * b for a, b in pairwise(sizes)) * count
    units = sum(sizes[1:]) * count
    epoch = steps * CALL * (len(sizes) - 1) + stack * (products / FLOPS + units * ELEMENT)
    return float(experiment.epochs * epoch)


@lru_cache(maxsize=4096)
def memory(experiment: Experiment) -> int:
    """About how many bytes a run and its record take when it has done all its epochs; more of anything never takes less."""
    table = table_of(experiment)
    floats = _of_networks(experiment, table) + _of_data(experiment, table)
    return int(FLOOR + SLACK * (FLOAT * floats + DOUBLE * _of_record(experiment, table)))


def _of_networks(experiment: Experiment, table: Table) -> int:
    """Numbers of parameters and of what the layers compute for the two batch sizes of an epoch."""
    batches = 2 * min(experiment.batch_size, samples(experiment))  # the full one, and a rest that is smaller
    units = (experiment.width * experiment.depth * PER_UNIT + 2 * table.outputs) * batches * _networks(experiment)
    weights = experiment.seeds * sum(parameters(experiment, table, arm) for arm in experiment.arms)
    return int(PER_PARAMETER * weights + units)


def _of_data(experiment: Experiment, table: Table) -> int:
    """Numbers of the table, of the inputs prepared at a time, of those kept for evaluation, and of an epoch's outputs."""
    features, count, stack = table.features.shape[1], samples(experiment), _networks(experiment)
    widest = max(features, experiment.width * experiment.depth if experiment.dropout else 0)
    prepared = max(min(stack * widest * count, PREPARED), stack * widest * min(experiment.batch_size, count))
    if experiment.dropout:
        prepared *= 4  # masks are drawn, compared and divided, in steps of their own
    kept = min(stack * features * count, PREPARED)
    return int(table.samples * features + prepared + kept + 4 * stack * table.outputs * count)


def _of_record(experiment: Experiment, table: Table) -> int:
    """Numbers of the history: series, snapshots and kept weights (which are float32, so half of a number each)."""
    series = (4 if table.task == "classification" else 2) * experiment.epochs * _networks(experiment)
    layer = len(STAGES) * (BINS + len(PERCENTILES) + 4) + 4 * experiment.width + 6
    moment = len(experiment.arms) * (experiment.depth * layer + 2 * table.outputs**2) + 2 * _networks(experiment)
    if has_boundary(table.features.shape[1]):
        moment += len(experiment.arms) * GRID**2  # half of that in the record, and half where it is sent to a page
    moments = _recorded(experiment.epochs) + 2
    weights = sum(parameters(experiment, table, arm) for arm in experiment.arms)
    kept = max(2 * weights, min(KEPT_NUMBERS, weights * sum(epoch <= experiment.epochs for epoch in KEPT_EPOCHS))) + weights
    return int(series + moments * moment + kept // 2)


def _networks(experiment: Experiment) -> int:
    return len(experiment.arms) * experiment.seeds


def _sizes(experiment: Experiment, table: Table) -> list[int]:
    return [table.features.shape[1], *[experiment.width] * experiment.depth, table.outputs]


@lru_cache(maxsize=256)
def _recorded(epochs: int) -> int:
    return sum(map(is_recorded, range(epochs + 1)))
