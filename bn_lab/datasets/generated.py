"""Data sets of two features that are computed: what people know from TensorFlow Playground, and two moons; and drawn ones.

The shapes are those of Playground's data sets (Smilkov et al. 2017, https://playground.tensorflow.org) and of scikit-learn's
`make_moons`; the code is our own, and differs in this: every set has exactly as many points of either class, no two points
coincide, and noise moves points, never their classes, by numbers drawn once. More noise moves the same points further.

To add one: a function from a generator to points and targets, its line in `GENERATED`, and its name in `DatasetName`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bn_lab import drawn
from bn_lab.datasets.tables import Table

POINTS = 500
"""Points of every set; of two classes 250 each, by turns."""

SEED = 0
"""What the points are drawn from: the same for every seed of an experiment, as the samples of a file are."""

MOVED = 2.0
"""Standard deviation of what a noise of 1 adds to a coordinate of a point whose class is asked for."""

TAKEN = 150
"""Samples of another set with which a drawn one begins, at most: so that some may be added."""

Drawn = tuple[NDArray[np.float64], NDArray[np.float64] | NDArray[np.int64]]
"""Points (N, 2) and their targets (N,): 0 or 1 for classes."""


def circle(random: np.random.Generator) -> Drawn:
    """Class 1 within a radius of 2.5, class 0 in a ring from 3.5 to 5 around it; both evenly filled."""
    label = np.arange(POINTS) % 2
    inner, outer = np.where(label, 0, 3.5), np.where(label, 2.5, 5)
    radius = np.sqrt(random.uniform(inner**2, outer**2))
    angle = random.uniform(0, 2 * np.pi, POINTS)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), label


def xor(random: np.random.Generator) -> Drawn:
    """Four squares between 0.3 and 5.3 off both axes: class 1 where the coordinates have the same sign."""
    label, sign = np.arange(POINTS) % 2, 1 - np.arange(POINTS) // 2 % 2 * 2
    size = random.uniform(0.3, 5.3, (POINTS, 2))
    return size * np.column_stack([sign, sign * (2 * label - 1)]), label


def gaussians(random: np.random.Generator) -> Drawn:
    """Two normal clouds of standard deviation 0.7: class 1 around (2, 2), class 0 around (−2, −2)."""
    label = np.arange(POINTS) % 2
    return random.normal(0, 0.7, (POINTS, 2)) + (4 * label - 2)[:, None], label


def spiral(random: np.random.Generator) -> Drawn:
    """Two arms that wind 1¾ times around each other, out to a radius of 5; drawn without chance."""
    label = np.arange(POINTS) % 2
    share = (np.arange(POINTS) // 2 + 0.5) / (POINTS // 2)  # of the way out
    angle = 2 * np.pi * 1.75 * share + np.pi * label
    return 5 * share[:, None] * np.column_stack([np.sin(angle), np.cos(angle)]), label


def moons(random: np.random.Generator) -> Drawn:
    """Two interleaving half circles of radius 10/3, class 0 above; `make_moons`, centred and enlarged; drawn without chance."""
    label = np.arange(POINTS) % 2
    angle = np.pi * (np.arange(POINTS) // 2) / (POINTS // 2 - 1)
    upper = np.column_stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25])
    return np.where(label[:, None], -upper, upper) * 10 / 3, label


def plane(random: np.random.Generator) -> Drawn:
    """For regression: points evenly over the square from −6 to 6, and (x₁ + x₂) / 10."""
    points = random.uniform(-6, 6, (POINTS, 2))
    return points, points.sum(axis=1) / 10


GENERATED: Mapping[str, Callable[[np.random.Generator], Drawn]] = {
    "circle": circle,
    "xor": xor,
    "gaussians": gaussians,
    "spiral": spiral,
    "moons": moons,
    "plane": plane,
}
"""How the points of each set are drawn, by its name; `generate` is the way to use it."""


@lru_cache(maxsize=64)
def generate(name: str, noise: float) -> Table:
    """The table of a set of `GENERATED`.

    Args:
        noise: at least 0, see `Experiment.data_noise`.
    """
    random = np.random.default_rng(SEED)
    points, target = GENERATED[name](random)
    is_classes = bool(np.issubdtype(target.dtype, np.integer))
    if is_classes:
        points = points + MOVED * noise * random.standard_normal(points.shape)
    else:
        target = target + noise * random.standard_normal(target.shape)
    return _table(name, points, target)


@lru_cache(maxsize=64)
def drawn_table(dataset: str) -> Table:
    """The table of a drawn set, in the order of its points; equal ids are one object.

    Args:
        dataset: an id as `bn_lab.drawn` writes it.
    """
    points = np.array(drawn.points_of(dataset))
    return _table(dataset, points[:, :2], points[:, 2].astype(np.int64), reach=drawn.REACH)


def thinned(points: NDArray[np.float64], target: NDArray[np.int64]) -> list[drawn.Point]:
    """Samples as points of a drawn set: all, or `TAKEN` evenly over the rows of each class.

    Args:
        points: (N, 2), what lies further than `bn_lab.drawn.FARTHEST` is put there.
        target: (N,), 0 or 1.
    """
    rows = np.arange(len(target))
    if len(rows) > TAKEN:
        ordered = rows[np.argsort(target, kind="stable")]
        rows = np.sort(ordered[np.arange(TAKEN) * len(rows) // TAKEN])
    kept = np.clip(points[rows], -drawn.FARTHEST, drawn.FARTHEST)
    return [(float(x), float(y), int(label)) for (x, y), label in zip(kept, target[rows], strict=True)]


def _table(name: str, points: NDArray[np.float64], target: NDArray[np.float64] | NDArray[np.int64], reach: float = 0) -> Table:
    is_classes = bool(np.issubdtype(target.dtype, np.integer))
    return Table(
        name=name,
        features=points,
        feature_names=("x1", "x2"),
        target=target,
        target_name="class" if is_classes else "y",
        target_unit="",
        task="classification" if is_classes else "regression",
        classes=("0", "1") if is_classes else (),
        reach=reach,
    )
