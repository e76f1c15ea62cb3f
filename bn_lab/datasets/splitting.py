"""Which samples a network trains on, which ones judge it, and how its inputs are standardized."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bn_lab.datasets.streams import SPLIT, generator
from bn_lab.datasets.tables import Table
from bn_lab.drawn import kind_of
from bn_lab.experiment import Experiment, ExperimentError

FEWEST = 2
"""Fewest samples to train on: a batch of one has no variance."""


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of a table, int64, ascending, not writeable; no row is in both.

    Attributes:
        train: (n,), at least `FEWEST`.
        validation: (m,), empty where nothing is held back.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]

    def __post_init__(self) -> None:
        for rows in (self.train, self.validation):
            rows.setflags(write=False)


def split(table: Table, experiment: Experiment, seed: int) -> Split:
    """The split that `experiment` gives the network with this seed; equally large for every seed.

    One shuffled order decides: the validation set is its beginning, the training samples are what follows, so
    that a smaller `samples` takes a subset of what a larger one takes and never changes the validation set.
    Rows are then put back into the order of the file; shuffling is the batches' business. A share that rounds
    to nothing holds back one sample.

    Args:
        table: the data set of `experiment`.
        experiment: `samples` and `validation_share` matter here.
        seed: one of `experiment.seed_list`.

    Raises:
        ExperimentError: `samples` is more than validation leaves (`too_many`), or fewer than `FEWEST` are
            left (`too_few`).
    """
    validation, train = _sizes(table, experiment)
    order = _order(table, generator(seed, SPLIT))
    return Split(train=np.sort(order[validation : validation + train]), validation=np.sort(order[:validation]))


def standardization(features: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What to subtract from each feature and then to divide it by, computed in float64.

    A constant feature has no scale: it becomes 0 everywhere, its mean being its value and its standard
    deviation 1.

    Args:
        features: (n, F), the training rows only, lest validation be judged with its own help.

    Returns:
        Mean (F,) and population standard deviation (F,), which is never 0.
    """
    values = np.asarray(features, np.float64)
    # Compared by value: the rounding of a mean leaves a constant such as 0.1 with a deviation of 1e-17
    # instead of 0.
    constant = values.min(axis=0) == values.max(axis=0)
    mean = np.where(constant, values[0], values.mean(axis=0))
    std = np.where(constant, 1.0, values.std(axis=0))
    # Values so close that their squares underflow are constant for every purpose here.
    return mean, np.where(std > 0, std, 1.0)


def _sizes(table: Table, experiment: Experiment) -> tuple[int, int]:
    """How many samples are held back for validation, and how many are trained on."""
    validation = experiment.validation_size(table.samples)
    left = table.samples - validation
    if left < FEWEST:
        field, value = ("validation_share", experiment.validation_share) if validation else ("dataset", kind_of(table.name))
        raise ExperimentError(field, "too_few", value, low=FEWEST)
    if experiment.samples is not None and experiment.samples > left:
        raise ExperimentError("samples", "too_many", experiment.samples, high=left, dataset=kind_of(table.name))
    return validation, left if experiment.samples is None else experiment.samples


def _order(table: Table, random: np.random.Generator) -> NDArray[np.int64]:
    """All rows, shuffled; for classes so that every beginning of the order has them in proportion (N,).

    The i-th of the n members of a class stands at (i + ½) / n, ties in order of the classes. That is
    Sainte-Laguë's rule for seats: sizes are exact, and other than with largest remainders no class loses a
    sample when the total grows.
    """
    shuffled = random.permutation(table.samples)
    if table.task == "regression":
        return shuffled
    labels = table.target[shuffled].astype(np.int64)
    position = np.empty(table.samples)
    for label in np.unique(labels):
        members = labels == label
        size = np.count_nonzero(members)
        position[members] = (np.arange(size) + 0.5) / size
    return shuffled[np.lexsort((labels, position))]
