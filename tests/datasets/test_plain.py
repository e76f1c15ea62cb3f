"""What is handed out as CSV is what the lab learns from."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from bn_lab.datasets import DATASETS, as_csv, load
from bn_lab.datasets.shipped import FOLDER


@pytest.mark.parametrize("name", DATASETS)
def test_the_same_numbers_come_out_of_the_file(name: str) -> None:
    noise = 0.3
    heading, *rows = csv.reader(as_csv(name, noise).decode("utf-8").splitlines())
    table = load(name, noise)
    assert heading == [*table.feature_names, table.target_name]
    if table.classes:
        assert [row[-1] for row in rows] == [table.classes[k] for k in table.target]
    else:
        assert [float(row[-1]) for row in rows] == table.target.tolist()
    found = np.array([row[:-1] for row in rows], np.float64)
    np.testing.assert_array_equal(found / 255 if name == "digits" else found, table.features)


@pytest.mark.parametrize("name", ["boston", "iris"])
def test_a_file_is_given_as_it_is(name: str) -> None:
    assert as_csv(name) == (FOLDER / f"{name}.csv").read_bytes()
