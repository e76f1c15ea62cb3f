"""Batch normalization taken apart, for pages: computed in a worker, and remembered for as long as the record is there.

The functions are those of `bn_lab.engine.anatomy`, of the same names, on weights that a record holds; what they take from torch
is nothing that the page's process has.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from bn_lab import timing
from bn_lab.datasets import table_of
from bn_lab.engine.anatomy import Company, Folded, Placements, Rescaled, Statistics, Subject, ThreeWays
from bn_lab.engine.history import Checkpoint, History
from bn_lab.experiment import Arm
from bn_lab.service import recordings

MOST = 256
"""Results of a record that are remembered: what a few visitors look at who move their sliders."""

_known: WeakKeyDictionary[History, dict[object, Any]] = WeakKeyDictionary()
_lock = Lock()


def subject(history: History, checkpoint: Checkpoint, arm: Arm, layer: int) -> Subject:
    """The mini-batch that a layer sees."""
    found: Subject = _computed(history, "subject", checkpoint, arm, layer)
    return found


def statistics(history: History, checkpoint: tuple[Checkpoint, ...], arm: Arm, layer: int) -> Statistics:
    """Batch and moving statistics of a layer over the kept epochs."""
    found: Statistics = _computed(history, "statistics", checkpoint, arm, layer)
    return found


def three_ways(history: History, checkpoint: Checkpoint, arm: Arm) -> ThreeWays:
    """The same weights with three kinds of statistics."""
    found: ThreeWays = _computed(history, "three_ways", checkpoint, arm)
    return found


def company(history: History, checkpoint: Checkpoint, arm: Arm, layer: int, unit: int, row: int) -> Company:
    """One sample among random batches."""
    found: Company = _computed(history, "company", checkpoint, arm, layer, unit, row)
    return found


def rescaled(
    history: History, checkpoint: Checkpoint, arm: Arm, layer: int, factors: Sequence[float], epsilon: float | None
) -> Rescaled:
    """A layer's weights times each of some factors."""
    found: Rescaled = _computed(history, "rescaled", checkpoint, arm, layer, tuple(factors), epsilon)
    return found


def placements(history: History, checkpoint: Checkpoint, layer: int, arm: Arm, epsilon: float | None) -> Placements:
    """A layer with batch normalization on either side of its activation."""
    found: Placements = _computed(history, "placements", checkpoint, layer, arm, epsilon)
    return found


def folded(history: History, checkpoint: Checkpoint, arm: Arm, layer: int, epsilon: float | None) -> Folded:
    """Batch normalization folded into an affine layer."""
    found: Folded = _computed(history, "folded", checkpoint, arm, layer, epsilon)
    return found


def _computed(history: History, name: str, *args: Any) -> Any:
    """What a function makes of the record's experiment and `args`, which are hashable; weights count as the same by place.

    Raises:
        RequestError: it takes longer than a page waits, or cannot be had.
    """
    key = (name, *args)
    with _lock:
        found = _known.setdefault(history, {})
        if key in found:
            return found[key]
    experiment = history.experiment
    table = table_of(experiment) if experiment.is_private else None
    result = recordings().compute(name, experiment, *args, table=table, timeout=timing.COMPUTE_TIMEOUT)
    with _lock:
        while len(found) >= MOST:
            found.pop(next(iter(found)))  # the oldest
        found[key] = result
    return result
