"""What figure templates say about their data: `meta.bind` of a trace names the part of a frame that fills an attribute.

The rule is that of the live view: `{"curve": name}` is a whole curve; `{"row": [field, …]}` a part of the snapshot on screen;
`{"rows": [field, …]}` the same part of all known snapshots; a part is `[field]`, `[field, i]` or `[field, start, stop]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bn_lab.engine.history import BINS, PERCENTILES, stages
from bn_lab.experiment import Arm

Binding = dict[str, Any]
Part = list[str | int]

EPOCHS: Binding = {"rows": "epoch"}
"""The epochs of all known snapshots."""

CURSOR: Binding = {"cursor": True}
"""The epoch on screen, twice: the ends of a vertical line."""


def bind(**attributes: Binding) -> dict[str, Any]:
    """A trace's `meta`; a double underscore in a name stands for the dot of a path."""
    return {"bind": {name.replace("__", "."): binding for name, binding in attributes.items()}}


def curve(name: str) -> Binding:
    """All points of a curve."""
    return {"curve": name}


def row(*part: str | int, **more: Any) -> Binding:
    """A part of the snapshot on screen."""
    return {"row": list(part), **more}


def rows(*part: str | int) -> Binding:
    """One number of every known snapshot."""
    return {"rows": list(part)}


def stage_at(arm: Arm, layer: int, stage: str) -> int:
    """Index of a stage within a field of shape (L, T); layers count from 1."""
    present = stages(arm)
    return (layer - 1) * len(present) + present.index(stage)


def share_of(arm: Arm, layer: int, stage: str) -> Part:
    """The histogram of a stage: its part of the field `share`."""
    bins, k = BINS + 2, stage_at(arm, layer, stage)
    return [f"{arm}.share", k * bins, (k + 1) * bins]


def percentile_of(arm: Arm, layer: int, stage: str, percentile: int) -> Part:
    """One percentile of a stage."""
    at = stage_at(arm, layer, stage) * len(PERCENTILES) + PERCENTILES.index(percentile)
    return [f"{arm}.percentiles", at]


def limits(low: list[Part], high: list[Part]) -> Mapping[str, Any]:
    """An entry of `layout.meta.ranges`: an axis that takes in all those parts, and never shrinks during a run."""
    return {"low": low, "high": high}
