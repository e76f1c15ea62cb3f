"""Whose turn it is on a worker's one training thread.

Networks this small are bound by the interpreter: two training threads of a process together do less than one alone. So there is
one, and runs take turns of a few milliseconds, which also makes every run's numbers independent of the others.

Turns are dealt out fairly: next is who has had least so far, a second counting less the more visitors watch: between a share
for each run and one for each visitor, what four watch gets twice as much as what one does. What has just begun to work is put
on a level with who was served last, so it is served at once and gains nothing by having waited.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Mapping, Sequence
from threading import local
from time import thread_time
from typing import Generic, TypeVar

from bn_lab import timing


class InTurn:
    """Who takes turns.

    Attributes:
        spent: seconds that it has had of the thread, a second counting less the more visitors watch; kept by `Turns`.
        served: number of its latest turn among all turns; kept by `Turns`.
        watchers: how many visitors watch.
    """

    spent, served, watchers = 0.0, 0, 0

    @property
    def urgent(self) -> bool:
        """Whether somebody waits for something that takes next to no time."""
        return False


P = TypeVar("P", bound=InTurn)


class Turns(Generic[P]):
    """Deals out turns."""

    def __init__(self) -> None:
        self._working: set[P] = set()  # who had something to do at the last turn
        self._level = 0.0  # what the one that was served last had had
        self._served = 0  # turns so far

    def next(self, working: Sequence[P]) -> P | None:
        """Whose turn it is of those who have something to do: who wants almost nothing before who has had least so far; of
        equals, who was served longest ago."""
        for each in working:
            if each not in self._working:
                each.spent = max(each.spent, self._level)
        self._working = set(working)
        most = self._level + 2 * timing.TURN  # who has had much more than the others must wait, be it for almost nothing
        urgent = {each for each in working if each.urgent and each.spent <= most}
        first = min(working, key=lambda each: (each not in urgent, each.spent, each.served), default=None)
        if first is not None:
            self._served += 1
            first.served = self._served
            if first not in urgent:
                self._level = first.spent
        return first

    @property
    def length(self) -> float:
        """Seconds of a turn."""
        return max(timing.SHORTEST_TURN, min(timing.TURN, timing.FRAME_INTERVAL / max(1, len(self._working))))

    def charge(self, each: P, seconds: float) -> None:
        """Say that somebody has had so many seconds."""
        each.spent += seconds / math.sqrt(max(1, each.watchers))


class _Collections(local):
    """Those of the present thread: when the latest began, and how long all before took, in seconds of its own time."""

    begun = 0.0
    seconds = 0.0


_collections = _Collections()


def computed() -> float:
    """Seconds that the present thread has computed, collections of garbage left out; only differences mean something.

    Python collects in the thread that happens to make one object too many, and looks at the objects of all: who was charged for
    that would wait until all others had had as much.
    """
    return thread_time() - _collections.seconds


def _note(phase: str, _: Mapping[str, int]) -> None:
    if phase == "start":
        _collections.begun = thread_time()
    else:
        _collections.seconds += thread_time() - _collections.begun


gc.callbacks.append(_note)
