"""Which data an experiment trains on: what is shipped, and what visitors have opened.

An uploaded table is known here by its id, so that the engine finds it as it finds the shipped ones; what keeps it in memory is
the visitor's session, and the trainings that still use it. With the last of them it is gone.
"""

from __future__ import annotations

from weakref import WeakValueDictionary

from bn_lab.datasets.shipped import load
from bn_lab.datasets.tables import Table
from bn_lab.experiment import Experiment, ExperimentError, is_uploaded

_uploaded: WeakValueDictionary[str, Table] = WeakValueDictionary()


def keep(table: Table) -> Table:
    """Let experiments find an uploaded table for as long as somebody refers to what is returned.

    Where a table with the same id is there already, it is that one: the id says what is in it.
    """
    assert is_uploaded(table.name)
    return _uploaded.setdefault(table.name, table)


def table_of(experiment: Experiment) -> Table:
    """The data of an experiment.

    Raises:
        ExperimentError: they were uploaded, and are gone (`not_held`).
    """
    if not experiment.is_private:
        return load(experiment.dataset, experiment.data_noise)
    if (table := _uploaded.get(experiment.dataset)) is None:
        raise ExperimentError("dataset", "not_held", experiment.dataset)
    return table
