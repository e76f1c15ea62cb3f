"""Visitors' own tables: found by their id while somebody holds them, and gone with the last one."""

import gc

import numpy as np
import pytest

from bn_lab.datasets import Table, keep, load, table_of
from bn_lab.experiment import Experiment, ExperimentError

ID = "own-0123456789abcdef-2-regression-dropped"


def made(name: str = ID) -> Table:
    return Table(name, np.arange(6.0).reshape(3, 2), ("a", "b"), np.arange(3.0), "c", "", "regression")


def test_shipped_data_are_found_by_their_name() -> None:
    assert table_of(Experiment(dataset="iris")) is load("iris")


def test_own_data_are_found_while_somebody_holds_them() -> None:
    experiment = Experiment(dataset=ID)
    with pytest.raises(ExperimentError) as caught:
        table_of(experiment)
    assert (caught.value.field, caught.value.rule, caught.value.values["value"]) == ("dataset", "not_held", ID)
    first = keep(made())
    assert table_of(experiment) is first
    second = keep(made())  # another visitor with the same file
    assert second is first
    del first, second
    gc.collect()
    with pytest.raises(ExperimentError, match=ID):
        table_of(experiment)


@pytest.mark.parametrize("name", ["iris", "own-0123", "../data/boston.csv"])
def test_only_tables_with_an_own_id_are_kept(name: str) -> None:
    with pytest.raises(AssertionError):
        keep(made(name))
