"""What several seeds have in common: the smallest, the median and the largest of their numbers."""

from __future__ import annotations

import numpy as np

from bn_lab.engine.types import Array


def spread(values: Array) -> tuple[Array, Array, Array]:
    """Smallest, median and largest of `values (S, n)` over those seeds whose value is finite: (n,) each, NaN where none is.

    By sorting: numpy's nan-functions are slower by far for few seeds and warn where nothing is left.
    """
    if len(values) == 1:
        only = np.where(np.isfinite(values[0]), values[0], np.nan)
        return only, only, only
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=0)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=0)
    at = np.arange(values.shape[1])
    last = np.maximum(count - 1, 0)
    middle = (ordered[last // 2, at] + ordered[(last + 1) // 2, at]) / 2
    return ordered[0], middle, ordered[last, at]


def median(values: Array) -> Array:
    """Median of `values (S, n)` over those seeds whose value is finite: (n,)."""
    return spread(values)[1]
