"""What is made of a record, or of an experiment, is made once, however many visitors look at it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from threading import Lock
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from bn_lab.engine.history import History
from bn_lab.experiment import Experiment

P = ParamSpec("P")
R = TypeVar("R")

MOST_RESULTS = 256
"""Results of a function that are remembered of a record: what a few visitors look at who move the sliders of a page."""


def cached_per_history(function: Callable[Concatenate[History, P], R]) -> Callable[Concatenate[History, P], R]:
    """Remember what a function returns for a record, as long as the record lives; its other arguments must be hashable.

    Records are immutable; what is returned is shared, and must not be changed either. Of a record the latest `MOST_RESULTS` are
    remembered.
    """
    known: WeakKeyDictionary[History, dict[object, R]] = WeakKeyDictionary()
    lock = Lock()

    @wraps(function)
    def remembered(history: History, /, *args: P.args, **kwargs: P.kwargs) -> R:
        key = (args, tuple(kwargs.items()))
        with lock:
            results = known.setdefault(history, {})
            if key in results:
                return results[key]
        result = function(history, *args, **kwargs)
        with lock:
            while len(results) >= MOST_RESULTS:
                results.pop(next(iter(results)))  # the oldest
            return results.setdefault(key, result)

    return remembered


def remembered(maxsize: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Remember what a function returned for its latest `maxsize` sets of arguments, but nothing of a visitor's own data.

    Arguments must be hashable, and an experiment among them given by its place, not its name. What is returned is shared.
    """

    def remember(function: Callable[P, R]) -> Callable[P, R]:
        known = lru_cache(maxsize)(function)

        @wraps(function)
        def found(*args: P.args, **kwargs: P.kwargs) -> R:
            private = any(isinstance(value, Experiment) and value.is_private for value in args)
            return function(*args, **kwargs) if private else known(*args, **kwargs)  # type: ignore[arg-type]

        return found

    return remember
