"""What is made of a record is made once, however many visitors look at it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from bn_lab.engine.history import History

P = ParamSpec("P")
R = TypeVar("R")


def once_per_history(function: Callable[Concatenate[History, P], R]) -> Callable[Concatenate[History, P], R]:
    """Remember what a function returns for a record, as long as the record lives; its other arguments must be hashable.

    Records are immutable; what is returned is shared, and must not be changed either.
    """
    known: WeakKeyDictionary[History, dict[object, R]] = WeakKeyDictionary()
    lock = Lock()

    @wraps(function)
    def remembered(history: History, /, *args: P.args, **kwargs: P.kwargs) -> R:
        key = (args, tuple(kwargs.items()))
        with lock:
            found = known.setdefault(history, {})
        if key not in found:
            found[key] = function(history, *args, **kwargs)
        return found[key]

    return remembered
