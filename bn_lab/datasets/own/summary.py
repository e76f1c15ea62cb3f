"""What a column looks like, and how columns go together: numbers for pictures, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bn_lab.datasets.own.columns import Column

BINS = 24
"""Bins of a histogram."""

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
        heights, edges = np.histogram(column.numbers[column.is_present], BINS)
        return Distribution(column.name, tuple(edges.tolist()), (), tuple(heights.tolist()))
    found = np.bincount(column.codes[column.codes >= 0], minlength=len(column.texts))
    order = np.argsort(-found, kind="stable")
    shown, others = order[:MOST_BARS], order[MOST_BARS:]
    counts = [*found[shown].tolist(), *([int(found[others].sum())] if len(others) else [])]
    labels = tuple(column.texts[k] for k in shown)
    return Distribution(column.name, (), labels, tuple(int(count) for count in counts), len(others))


def correlations(columns: Sequence[Column]) -> NDArray[np.float64]:
    """Pearson's r of every pair of columns of numbers, over the rows that have both, (C, C); NaN where there is none."""
    values = np.stack([column.numbers for column in columns if column.numbers is not None])  # (C, N)
    known = (~np.isnan(values)).astype(np.float64)
    # Less their mean, so that the products below do not drown in rounding.
    values = np.nan_to_num(values - np.nanmean(values, axis=1, keepdims=True))
    scale = np.abs(values).max(axis=1, keepdims=True)
    values = values / np.where(scale > 0, scale, 1.0)
    pairs = np.maximum(known @ known.T, 1.0)
    mean = values @ known.T / pairs  # of the first column where the second is known, too
    square = values**2 @ known.T / pairs - mean**2
    covariance = values @ values.T / pairs - mean * mean.T
    spread = np.sqrt(np.maximum(square, 0) * np.maximum(square.T, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 1e-12, np.clip(covariance / spread, -1, 1), np.nan)
