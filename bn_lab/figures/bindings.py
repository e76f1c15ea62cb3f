"""What figure templates say about their data: `meta.bind` of a trace names the part of a recording that fills an attribute.

The rules are those of `bn_lab.figures.frame`, the fields those of `bn_lab.figures.parts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bn_lab.engine.history import BINS, PERCENTILES

Binding = dict[str, Any]
Part = list[str | int]
End = Sequence[str | int] | Binding | float | str

EPOCHS: Binding = {"rows": "epoch"}
"""The epochs of all known moments."""

CURSOR: Binding = {"cursor": True}
"""The epoch on screen, twice: the ends of a vertical line."""


def early(arm: str, axis: str) -> Binding:
    """Where an arm's validation loss is best, and where early stopping stops, which the player chooses: `x` or `y` of both."""
    return {"early": arm, "axis": axis}


MOST = 500
"""Points of a curve at most: about as many as a screen can show apart."""


def bind(**attributes: Binding) -> dict[str, Any]:
    """A trace's `meta`; a double underscore in a name stands for the dot of a path."""
    return {"bind": {name.replace("__", "."): binding for name, binding in attributes.items()}}


def curve(name: str, **more: Any) -> Binding:
    """A line over the epochs, `{arm}.{split}.{measure}.median`, `.low` or `.high`."""
    return {"curve": name, "most": MOST, **more}


def epochs_of(measure: str, **more: Any) -> Binding:
    """The epochs at which a measure's curves have their points."""
    return curve("epoch", part=f"curves.{measure}", **more)


def constant(name: str) -> Binding:
    """A field that does not change during a run."""
    return {"once": name}


def row(*part: str | int, **more: Any) -> Binding:
    """A part of the moment on screen."""
    return {"row": list(part), **more}


def rows(*part: str | int) -> Binding:
    """One number of every known moment."""
    return {"rows": list(part)}


def share_of(arm: str, layer: int, stage: str) -> Part:
    """The histogram of a stage of a layer, counted from 1."""
    return [f"{arm}.{stage}.share", (layer - 1) * (BINS + 2), layer * (BINS + 2)]


def empty_bin(arm: str, layer: int, stage: str) -> Part:
    """The empty bin at the start of a histogram's outline: the zero from which an axis of shares starts."""
    return share_of(arm, layer, stage)[:2]


def numbers_of(arms: Sequence[str], layer: int, stage: str, name: str) -> list[Part]:
    """One number of a stage of a layer, of several arms: its `low`, `high` or `peak`."""
    return [[f"{arm}.{stage}.{name}", layer - 1] for arm in arms]


def percentile_of(arm: str, layer: int, stage: str, percentile: int) -> Part:
    """One percentile of a stage of a layer."""
    return [f"{arm}.{stage}.percentiles", (layer - 1) * len(PERCENTILES) + PERCENTILES.index(percentile)]


def limits(low: Sequence[End], high: Sequence[End], *, symmetric: bool | str = False) -> Mapping[str, Any]:
    """An entry of `layout.meta.ranges`: an axis that takes in all those parts, and never shrinks during a run."""
    return {"low": list(low), "high": list(high), **({"symmetric": symmetric} if symmetric else {})}
