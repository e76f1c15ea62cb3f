"""What a column looks like, and how columns go together: numbers for pictures, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bn_lab.datasets.uploads.columns import Column

BINS = 24
"""Bins of a histogram at most."""

MOST_BARS = 10
"""Categories that have a bar of their own; all others share one."""


@dataclass(frozen=True)
class Distribution:
    """How often a column has which values.

    Attributes:
        name: of the column.
        edges: of the bins, one more than there are; empty for categories.
        labels: of the categories; empty for numbers.
        counts: of values in each bin, or of each category.
        rest: categories that have no bar of their own, all counted in the last bar.
    """

    name: str
    edges: tuple[float, ...]
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    rest: int = 0


def distribution(column: Column) -> Distribution:
    """Of a usable column: a histogram of numbers, or bars of categories, the most frequent first."""
    if column.codes is None:
        assert column.numbers is not None
        values = column.numbers[column.is_present]
        room = np.unique(np.linspace(values.min(), values.max(), BINS + 1))  # fewer where floats are no closer together
        heights, edges = np.histogram(values, room)
        return Distribution(column.name, tuple(edges.tolist()), (), tuple(heights.tolist()))
    frequencies = np.bincount(column.codes[column.codes >= 0], minlength=len(column.texts))
    order = np.argsort(-frequencies, kind="stable")
    shown, others = order[:MOST_BARS], order[MOST_BARS:]
    counts = [*frequencies[shown].tolist(), *([int(frequencies[others].sum())] if len(others) else [])]
    labels = tuple(column.texts[k] for k in shown)
    return Distribution(column.name, (), labels, tuple(int(count) for count in counts), len(others))


def correlations(columns: Sequence[Column]) -> NDArray[np.float64]:
    """Pearson's r of every pair of columns of numbers, over the rows that have both, (C, C); NaN where there is none.

    With 50,000 rows it takes 0.5 ms a pair: 0.1 s for 20 columns, and 15 s for 256, of which no picture shows all.
    """
    frame = pd.DataFrame({k: column.numbers for k, column in enumerate(columns) if column.numbers is not None})
    return np.asarray((frame / frame.abs().max()).corr())  # scaled, so that the squares of small numbers are not 0
