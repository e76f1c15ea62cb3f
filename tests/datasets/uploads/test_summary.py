"""What pictures of own data show, compared with pandas and numpy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bn_lab.datasets.uploads import correlations, distribution, read
from bn_lab.datasets.uploads.summary import MOST_BARS
from tests.datasets.uploads.made import column, file_of, mixed, written


def test_every_value_is_counted_once() -> None:
    file = read(written(mixed(5)))
    for each in file.columns:
        if each.is_usable:
            shown = distribution(each)
            assert sum(shown.counts) == each.present
            assert len(shown.counts) == (len(shown.labels) + bool(shown.rest) if shown.labels else len(shown.edges) - 1)


def test_the_most_frequent_categories_have_bars_of_their_own() -> None:
    cells = [f"c{k}" for k in range(14) for _ in range(k + 1)]
    shown = distribution(read(file_of(x=cells, y=column("1", "2", rows=len(cells)))).columns[0])
    assert shown.labels == tuple(f"c{k}" for k in range(13, 13 - MOST_BARS, -1))
    assert (shown.counts, shown.rest) == ((*range(14, 4, -1), 1 + 2 + 3 + 4), 4)


@pytest.mark.parametrize("cells", [("1", "1.0000000000000002"), ("5e-324", "1e-323")])
def test_a_range_with_room_for_few_numbers_has_fewer_bins(cells: tuple[str, str]) -> None:
    shown = distribution(read(file_of(x=column(*cells, rows=19), y=column("1", "2", rows=19))).columns[0])
    assert sum(shown.counts) == 19
    assert len(shown.edges) == len(shown.counts) + 1


@pytest.mark.parametrize("scale", [1.0, 1e30, 1e-30, 1e-250])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_correlations_are_those_of_pandas(scale: float, shift: float) -> None:
    draw = np.random.default_rng(0)
    a = draw.normal(size=80)
    frame = pd.DataFrame({"a": a, "b": a + draw.normal(size=80), "c": -a, "d": draw.normal(size=80)})
    frame = frame.mask(draw.random(frame.shape) < 0.15)
    texts = [["" if np.isnan(v) else repr(float((v + shift) * scale)) for v in row] for row in frame.to_numpy()]
    file = read(written([list(frame.columns), *texts]))
    np.testing.assert_allclose(correlations(file.columns), frame.corr().to_numpy(), atol=1e-6)


def test_rows_that_only_one_column_has_change_nothing() -> None:
    draw = np.random.default_rng(0)
    a = draw.normal(size=40)
    b = a + 0.1 * draw.normal(size=40)
    by_hand = np.corrcoef(a[1:], b[1:])[0, 1]
    a[0] = 1e9
    file = read(file_of(a=[repr(float(v)) for v in a], b=["", *(repr(float(v)) for v in b[1:])]))
    assert correlations(file.columns)[0, 1] == pytest.approx(by_hand, abs=1e-12)


def test_a_pair_without_common_rows_has_no_correlation() -> None:
    file = read(file_of(x=[*"12345", *[""] * 5], y=[*[""] * 5, *"12345"]))
    r = correlations(file.columns)
    assert np.isnan(r[0, 1])
    assert r[0, 0] == pytest.approx(1)
