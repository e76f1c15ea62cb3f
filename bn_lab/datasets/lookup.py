"""Which data an experiment trains on: what is shipped, and what visitors have opened.

A visitor's table is held here only by its id, so that the engine finds it as it finds the shipped ones; what keeps it alive is
the visitor's session, and the trainings that still use it. With the last of them it is gone.
"""

from __future__ import annotations

from weakref import WeakValueDictionary

from bn_lab.datasets.shipped import load
from bn_lab.datasets.tables import Table
from bn_lab.experiment import Experiment, ExperimentError, is_uploaded

_held: WeakValueDictionary[str, Table] = WeakValueDictionary()


def keep(table: Table) -> Table:
    """Let experiments find a visitor's table for as long as somebody holds what is returned.

    That is the table which is held already where one has the same id: the id says what is in it.
    """
    assert is_uploaded(table.name)
    return _held.setdefault(table.name, table)


def table_of(experiment: Experiment) -> Table:
    """The data of an experiment.

    Raises:
        ExperimentError: they are a visitor's own, and nobody holds them (`not_held`).
    """
    if not experiment.is_private:
        return load(experiment.dataset, experiment.data_noise)
    if (table := _held.get(experiment.dataset)) is None:
        raise ExperimentError("dataset", "not_held", experiment.dataset)
    return table
