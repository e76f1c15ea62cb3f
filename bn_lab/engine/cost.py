"""What an experiment costs, roughly: seconds of one core and bytes of memory, known before anything is built.

Both are sums of what the engine does and holds, with constants measured once on a small server core, so that the same
experiment costs the same wherever it is asked for. Without torch, since pages ask before it is loaded. Letters as in
`bn_lab.engine.layers`.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from bn_lab.arms import ARMS
from bn_lab.datasets import Table, table_of
from bn_lab.engine import history
from bn_lab.engine.boundary import GRID, has_boundary
from bn_lab.experiment import Experiment, Phase

CALL, FLOPS, ELEMENT = 30e-6, 50e9, 4e-9
"""What a step costs: seconds a layer for calls, operations a second in float32 on one core, seconds for a unit of a sample."""

FLOAT, DOUBLE = 4, 8
"""Bytes of a number where networks are trained, and where they are recorded."""

PROBE, VALUE = 0.7e-3, 15e-9
"""What a snapshot costs besides an evaluation of all samples: seconds for calls, and seconds for each value of a batch that is
counted into a histogram."""

QUICK = 8e-3
"""Seconds that a snapshot of each of the first steps may take, however quick the steps are."""

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
3 MB to 900 MB were measured: they took 0.7 to 1.2 of what is computed here, one of many small networks 1.5."""


def parameters(experiment: Experiment, table: Table, arm: str) -> int:
    """Trainable numbers of one network: weights, biases, and what its normalizer has for each hidden unit."""
    affine: int = sum((n + 1) * out for n, out in pairwise(_sizes(experiment, table)))
    return affine + len(ARMS[arm].parameters) * experiment.width * experiment.depth


def samples(experiment: Experiment) -> int:
    """How many samples a training passes through in an epoch at most: validation may take some."""
    return _count(experiment, table_of(experiment))


def _count(experiment: Experiment, table: Table) -> int:
    return experiment.samples or table.samples


@lru_cache(maxsize=4096)
def seconds(experiment: Experiment, networks: int | None = None) -> float:
    """About how many seconds training takes on one core.

    Args:
        experiment: what to train.
        networks: how many in one stack of which nothing is recorded but losses; all of the experiment's with their whole record
            if not given.
    """
    table, stack = table_of(experiment), _networks(experiment) if networks is None else networks
    training = 0.0
    for size, epochs in _batch_sizes(experiment):
        training += epochs * _steps(experiment, table, size) * _step(experiment, table, stack, size)
    return training if networks is not None else training + _probes(experiment, table)


def recorded_steps(experiment: Experiment, table: Table | None = None) -> int:
    """After how many of the first steps a moment is recorded, one by one.

    `FIRST_STEPS` where snapshots are quick, fewer where all of them together would take longer than so many steps and longer
    than so many times `QUICK`; at least one. The planned number of epochs has no part in it.

    Args:
        experiment: what is trained.
        table: its data; those that its `dataset` names where not given.
    """
    table = table_of(experiment) if table is None else table
    return max(1, min(history.FIRST_STEPS, int(_room(experiment, table) / _probe(experiment, table))))


def _probes(experiment: Experiment, table: Table) -> float:
    """Seconds for all snapshots of a run."""
    probe = _probe(experiment, table)
    return _recorded(experiment.epochs) * probe + min(history.FIRST_STEPS * probe, _room(experiment, table))


def _room(experiment: Experiment, table: Table) -> float:
    """Seconds that the snapshots of the first steps may take together."""
    return history.FIRST_STEPS * max(_step(experiment, table, _networks(experiment), experiment.phases[0].batch_size), QUICK)


def _phases(experiment: Experiment) -> list[Phase]:
    """Those that begin before the end."""
    return [phase for phase in experiment.phases if phase.first <= experiment.epochs]


def _batch_sizes(experiment: Experiment) -> list[tuple[int, int]]:
    """The batch size of each phase, and how many epochs that lasts."""
    phases = _phases(experiment)
    ends = [*(phase.first for phase in phases[1:]), experiment.epochs + 1]
    return [(phase.batch_size, end - phase.first) for phase, end in zip(phases, ends, strict=True)]


def _steps(experiment: Experiment, table: Table, batch_size: int) -> int:
    """Batches of an epoch."""
    return -(-_count(experiment, table) // batch_size)


def _step(experiment: Experiment, table: Table, stack: int, batch_size: int) -> float:
    """Seconds for a batch of as many networks as the `stack` has: forth, back (twice the products), and the update."""
    sizes, batch = _sizes(experiment, table), _count(experiment, table) / _steps(experiment, table, batch_size)
    return CALL * (len(sizes) - 1) + stack * (3 * _products(sizes) / FLOPS + sum(sizes[1:]) * ELEMENT) * batch


def _probe(experiment: Experiment, table: Table) -> float:
    """Seconds for a snapshot: all samples, and the points of the plane, sent forth, and the values of a batch counted.

    Of the first epoch's batches, lest a later change of their size change which of the first steps are recorded.
    """
    sizes, arms, count = _sizes(experiment, table), len(experiment.arms), _count(experiment, table)
    evaluated = _networks(experiment) * count + (arms * GRID**2 if has_boundary(sizes[0]) else 0)
    values = sum(len(history.stages(arm)) for arm in experiment.arms) * experiment.depth * experiment.width
    forward = CALL * (len(sizes) - 1) + evaluated * (_products(sizes) / FLOPS + sum(sizes) * ELEMENT)
    return PROBE + forward + VALUE * values * min(experiment.phases[0].batch_size, count)


def _products(sizes: list[int]) -> int:
    """Operations of the matrix products of one network for one sample."""
    return sum(2 * a * b for a, b in pairwise(sizes))


@lru_cache(maxsize=4096)
def memory(experiment: Experiment) -> int:
    """About how many bytes a run and its record take when it has done all its epochs; more of anything never takes less."""
    table = table_of(experiment)
    floats = _of_networks(experiment, table) + _of_data(experiment, table)
    return int(FLOOR + SLACK * (FLOAT * floats + DOUBLE * _of_record(experiment, table)))


@lru_cache(maxsize=4096)
def target_memory(experiment: Experiment) -> int:
    """About how many bytes of a run each target takes besides its furthest, which `memory` counts already."""
    return int(SLACK * DOUBLE * _of_target(experiment, table_of(experiment)))


def _of_networks(experiment: Experiment, table: Table) -> int:
    """Numbers of parameters and of what the layers compute for the two batch sizes of an epoch, whatever epochs there are."""
    kinds = {(phase.batch_size, phase.dropout > 0) for phase in _phases(experiment)}
    count = _count(experiment, table)
    batches = 2 * sum(min(size, count) for size, _ in kinds)  # the full one, and a rest that is smaller
    units = (experiment.width * experiment.depth * PER_UNIT + 2 * table.outputs) * batches * _networks(experiment)
    weights = experiment.seeds * sum(parameters(experiment, table, arm) for arm in experiment.arms)
    return int(PER_PARAMETER * weights + units)


def _of_data(experiment: Experiment, table: Table) -> int:
    """Numbers of the table, of the inputs prepared at a time, of those kept for evaluation, and of an epoch's outputs."""
    features, count, stack = table.features.shape[1], _count(experiment, table), _networks(experiment)
    phases = _phases(experiment)
    dropout, largest = any(phase.dropout for phase in phases), max(phase.batch_size for phase in phases)
    widest = max(features, experiment.width * experiment.depth if dropout else 0)
    prepared = max(min(stack * widest * count, PREPARED), stack * widest * min(largest, count))
    if dropout:
        prepared *= 4  # masks are drawn, compared and divided, in steps of their own
    evaluated = min(stack * features * count, PREPARED)
    return int(table.samples * features + prepared + evaluated + 4 * stack * table.outputs * count)


def _of_record(experiment: Experiment, table: Table) -> int:
    """Numbers of the history: series, snapshots and checkpoints (which are float32, so half of a number each)."""
    series = (4 if table.task == "classification" else 2) * experiment.epochs * _networks(experiment)
    moments = _recorded(experiment.epochs) + history.FIRST_STEPS + 1
    weights = sum(network_numbers(experiment, table, arm) for arm in experiment.arms)
    planned = sum(epoch <= experiment.epochs for epoch in history.CHECKPOINT_EPOCHS)
    checkpoints = max(2 * weights, min(history.CHECKPOINT_NUMBERS, weights * planned))
    return int(series + moments * _of_moment(experiment, table) + checkpoints // 2 + _of_target(experiment, table))


def _of_moment(experiment: Experiment, table: Table) -> int:
    layer = len(history.STAGES) * (history.BINS + len(history.PERCENTILES) + 4) + 4 * experiment.width + 6
    moment = len(experiment.arms) * (experiment.depth * layer + 2 * table.outputs**2) + 4 * _networks(experiment)
    if has_boundary(table.features.shape[1]):
        moment += len(experiment.arms) * GRID**2  # half of that in the record, and half where it is sent to a page
    return moment


def _of_target(experiment: Experiment, table: Table) -> int:
    """Numbers of the last moment of a target, with the weights of all networks."""
    weights = experiment.seeds * sum(network_numbers(experiment, table, arm) for arm in experiment.arms)
    return _of_moment(experiment, table) + weights // 2


def network_numbers(experiment: Experiment, table: Table, arm: str) -> int:
    """Numbers of one network as they are kept: what is trained, and the moving statistics."""
    return parameters(experiment, table, arm) + len(ARMS[arm].statistics) * experiment.width * experiment.depth


def _networks(experiment: Experiment) -> int:
    return len(experiment.arms) * experiment.seeds


def _sizes(experiment: Experiment, table: Table) -> list[int]:
    return [table.features.shape[1], *[experiment.width] * experiment.depth, table.outputs]


@lru_cache(maxsize=256)
def _recorded(epochs: int) -> int:
    return sum(map(history.is_recorded, range(epochs + 1)))
