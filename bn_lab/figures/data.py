"""`Data`: what figures need to know of a data set. A `bn_lab.datasets.Table` is one; figures do not import it."""

from __future__ import annotations

from typing import Protocol

from bn_lab.engine.types import Array
from bn_lab.figures.style import escape_plotly
from bn_lab.i18n import Texts


class Measured(Protocol):
    """What axes need to know of what is to be predicted."""

    @property
    def task(self) -> str:
        """`regression` or `classification`."""

    @property
    def target_unit(self) -> str:
        """Unit of the target, empty where it has none."""


class Data(Measured, Protocol):
    """See `bn_lab.datasets.Table`."""

    @property
    def features(self) -> Array:
        """All samples, (N, F)."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Headings of the features."""

    @property
    def target(self) -> Array:
        """What is to be predicted, (N,)."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes in the order of the outputs; empty for regression."""

    @property
    def target_name(self) -> str:
        """Heading of the target."""

    @property
    def reach(self) -> float:
        """How far pictures of the plane reach at least, 0 for what the samples need."""


def named(heading: str, t: Texts) -> str:
    """A column's name in the visitor's language, where the catalogue has one; it may still be a stranger's text."""
    return t(f"feature.{heading}") if f"feature.{heading}" in t else heading


def with_unit(text: str, data: Measured, t: Texts, power: int = 1) -> str:
    """An axis name with the target's unit behind it, in the visitor's language where it is known: `RMSE (1,000 USD)`."""
    name = data.target_unit
    unit = t(f"unit.{name}") if f"unit.{name}" in t else escape_plotly(name)
    if not unit:
        return text
    return f"{text} ({unit})" if power == 1 else f"{text} (({unit})²)"
