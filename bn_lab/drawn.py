"""Data sets that somebody has drawn: their points stand in the data set's id, `drawn:-1.5,2,0:0.25,-3,1`.

A point is its two coordinates and its class, between commas as in a row of a table. An id is canonical: coordinates are
rounded, and points are in order of their numbers, so that equal points are one id and with it one experiment. It has no
character that an address or a shell would want quoted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

DRAWN = "drawn"
"""What the ids begin with."""

FEWEST, MOST = 2, 200
"""Points of a set: a batch of one has no variance, and all of them have to stand in a link."""

FARTHEST = 10.0
"""Largest coordinate, and with a minus the smallest."""

REACH = 6.0
"""Pictures of the plane reach at least from −6 to 6, where one points, so that they do not move with the points."""

DECIMALS = 2
"""Digits of a coordinate behind the point."""

CLASSES = 2

LONGEST_ECHO = 30
"""Characters of a wrong point that a message repeats at most."""

Point = tuple[float, float, int]
"""x₁, x₂ and the class: 0 or 1."""

_POINT = re.compile(r"(-?[0-9]{1,4}(?:\.[0-9]{1,17})?),(-?[0-9]{1,4}(?:\.[0-9]{1,17})?),([01])")


class PointsError(ValueError):
    """What no drawn set can be.

    Attributes:
        rule: id of the broken rule, a key of `bn_lab.experiment.ExperimentError.RULES`.
        values: what its sentence needs.
    """

    def __init__(self, rule: str, **values: object) -> None:
        super().__init__(rule)
        self.rule, self.values = rule, values


def is_drawn(dataset: str) -> bool:
    """Whether this is, or is meant to be, the id of a drawn set."""
    return dataset == DRAWN or dataset.startswith(f"{DRAWN}:")


def kind_of(dataset: str) -> str:
    """The id under which texts, files and messages know a data set: `drawn` for all that are drawn, else its own."""
    return DRAWN if is_drawn(dataset) else dataset


def written(points: Iterable[Point]) -> str:
    """The id of these points.

    Raises:
        PointsError: too few or too many, or one that is none.
    """
    return _canonical([_checked(number, point, point) for number, point in enumerate(points, start=1)])


@lru_cache(maxsize=256)  # each experiment that is made asks
def canonical(text: str) -> str:
    """The id that a text means: the same points, rounded and in order.

    Raises:
        PointsError: as `written`.
    """
    return _canonical(_read(text))


def points_of(dataset: str) -> list[Point]:
    """The points of a drawn set, in order.

    Raises:
        PointsError: as `written`.
    """
    return sorted(_read(dataset))


def _read(text: str) -> list[Point]:
    parts = [part for part in text.split(":")[1:] if part]
    _check_count(len(parts))
    points = []
    for number, part in enumerate(parts, start=1):
        if (match := _POINT.fullmatch(part)) is None:
            raise _no_point(number, part)
        points.append(_checked(number, (float(match[1]), float(match[2]), int(match[3])), part))
    return points


def _checked(number: int, point: Point, said: object) -> Point:
    """A point with its coordinates rounded."""
    x, y, label = point
    if not (math.isfinite(x) and math.isfinite(y) and max(abs(x), abs(y)) <= FARTHEST and label in range(CLASSES)):
        raise _no_point(number, said)
    return _rounded(x), _rounded(y), int(label)


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS) + 0.0  # minus zero becomes zero


def _no_point(number: int, said: object) -> PointsError:
    return PointsError("point", number=number, point=ascii(str(said)[:LONGEST_ECHO])[1:-1], high=f"{FARTHEST:g}")


def _check_count(count: int) -> None:
    if not FEWEST <= count <= MOST:
        raise PointsError("points", count=count, low=FEWEST, high=MOST)


def _canonical(points: list[Point]) -> str:
    _check_count(len(points))
    return ":".join([DRAWN, *(f"{_text(x)},{_text(y)},{label}" for x, y, label in sorted(points))])


def _text(coordinate: float) -> str:
    return f"{coordinate:.{DECIMALS}f}".rstrip("0").rstrip(".")


RULES: Mapping[str, str] = {
    "points": "{field} must have from {low} to {high} drawn points, got {count} in {value}",
    "point": "{field} must list points as x1,x2,class, both coordinates from -{high} to {high} and the class 0 or 1,"
    " got {point} as point {number} of {value}",
}
"""The rules in words, by their ids."""
