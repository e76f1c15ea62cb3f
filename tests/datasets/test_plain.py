"""What is handed out as CSV is what the lab learns from."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from bn_lab.datasets import DATASETS, as_csv, load
from bn_lab.datasets.shipped import FOLDER


@pytest.mark.parametrize("name", DATASETS)
def test_the_same_numbers_come_out_of_the_file(name: str) -> None:
    noise = 0.3
    frame = pd.read_csv(io.BytesIO(as_csv(name, noise)), float_precision="round_trip")
    table = load(name, noise)
    assert list(frame.columns) == [*table.feature_names, table.target_name]
    target = frame.pop(table.target_name)
    expected = [table.classes[k] for k in table.target] if table.classes else table.target.tolist()
    assert target.astype(str).tolist() == expected if table.classes else target.tolist() == expected
    found = frame.to_numpy(np.float64)
    np.testing.assert_array_equal(found / 255 if name == "digits" else found, table.features)


@pytest.mark.parametrize("name", ["boston", "iris"])
def test_a_file_is_given_as_it_is(name: str) -> None:
    assert as_csv(name) == (FOLDER / f"{name}.csv").read_bytes()
