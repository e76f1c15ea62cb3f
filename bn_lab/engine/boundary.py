"""Where a network of two inputs draws its boundary: the grid on which it is asked, and how its answers become one number each.

Without torch, since figures are laid out by the same grid.
"""

from __future__ import annotations

import numpy as np

from bn_lab.engine.types import Array

GRID = 40
"""Cells along each of the two features."""

MARGIN = 0.08
"""Room around the samples, as a share of their range."""

ALIKE = 3.0
"""Features whose ranges differ by no more than this factor are shown on one scale: a circle is round."""

SURE = 0.9999
"""The largest share of a cell's number that says how sure the network is, with three and more classes: below 1."""


def has_boundary(features: int) -> bool:
    """Whether a table with so many features has such a picture: exactly two make a plane."""
    return features == 2


def cells(features: Array, reach: float = 0) -> Array:
    """Middles of the grid's cells along the two features: (2, GRID), from the smallest on.

    Args:
        features: (N, 2), all samples of the table.
        reach: of the table; as if there were samples there.
    """
    low, high = features.min(axis=0), features.max(axis=0)
    if reach:
        low, high = np.minimum(low, -reach), np.maximum(high, reach)
    span = high - low
    span = np.where(span > 0, span, np.maximum(np.abs(low), 1.0))  # a constant feature has no range of its own
    if span.max() <= ALIKE * span.min():
        span = np.full(2, span.max())
    span = span * (1 + 2 * MARGIN)
    middle = low / 2 + high / 2
    return np.asarray(middle[:, None] + span[:, None] * ((np.arange(GRID) + 0.5) / GRID - 0.5))


def points(features: Array, reach: float = 0) -> Array:
    """The cells' middles one by one, x₁ running fastest: (GRID², 2); of the same arguments."""
    x, y = np.meshgrid(*cells(features, reach))
    return np.stack([x.ravel(), y.ravel()], axis=1)


@np.errstate(over="ignore", invalid="ignore")  # a diverging network: what is not finite is not drawn
def values(outputs: Array) -> Array:
    """What the picture shows of `outputs (A, C, GRID²)` of the output layer: (A, GRID, GRID) float32, x₂ by rows.

    One output: the prediction. Two classes: the probability of class 1. More: the number k of the most probable class plus its
    probability, so that class k lies between k and k + 1, the surer the higher.
    """
    outputs = outputs.astype(np.float64)
    if outputs.shape[1] > 1:
        shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
    if outputs.shape[1] > 2:
        values = shares.argmax(axis=1) + np.minimum(shares.max(axis=1), SURE)
    else:
        values = shares[:, 1] if outputs.shape[1] == 2 else outputs[:, 0]
    return np.asarray(values, np.float32).reshape(-1, GRID, GRID)
