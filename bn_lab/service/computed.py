"""What a thread has computed, without the collections of garbage that it was caught by.

Python collects in the thread that happens to make one object too many, and looks at the objects of all: 0.35 s at a time where
a hundred visitors are there. Who was charged for that would wait until all others had had as much, which took 39 s.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from threading import local
from time import thread_time


class _Collections(local):
    """Those of the present thread: when the latest began, and how long all before took, in seconds of its own time."""

    begun = 0.0
    seconds = 0.0


_collections = _Collections()


def computed() -> float:
    """Seconds that the present thread has computed, collections of garbage left out; only differences mean something."""
    return thread_time() - _collections.seconds


def _note(phase: str, _: Mapping[str, int]) -> None:
    if phase == "start":
        _collections.begun = thread_time()
    else:
        _collections.seconds += thread_time() - _collections.begun


gc.callbacks.append(_note)
