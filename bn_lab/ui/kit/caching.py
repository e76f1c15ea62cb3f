"""What is made of a record is made once, however many visitors look at it; and so is a record fetched.

A record of some megabytes takes a while to come over from its worker, and fragments ask for the same one again and again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from time import monotonic
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from bn_lab import timing
from bn_lab.engine.history import History
from bn_lab.service import RequestError, Watch, WatchState

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


MOST_HISTORIES = 6
"""The most records of shipped and computed data that are kept; those that are looked at are few at a time."""


class _Fetched(NamedTuple):
    history: History
    at: float


_shared: OrderedDict[tuple[str, int], _Fetched] = OrderedDict()  # by recording and target, the latest last
_private: WeakKeyDictionary[Watch, _Fetched] = WeakKeyDictionary()  # gone with their visitor
_turns: WeakValueDictionary[tuple[str, int], Lock] = WeakValueDictionary()  # who wants what another fetches waits for it
_lock = Lock()


def history_of(watch: Watch, timeout: float = timing.REPLY_TIMEOUT, age: float = 0.0) -> History:
    """What is recorded of a watch so far, cut at its target.

    Args:
        watch: what is watched.
        timeout: seconds to wait for the worker.
        age: a record that was fetched so many seconds ago will do, too.

    Raises:
        RequestError: it takes longer, or cannot be had.
    """
    key = watch.recording, watch.target
    with _lock:
        turn = _turns.setdefault(key, Lock())
    if not turn.acquire(timeout=timeout):
        raise RequestError("recording", "late", "history", seconds=f"{timeout:g}")
    try:
        fetched = _known(watch)
        if fetched is None or not (_is_whole(fetched.history, watch) or monotonic() - fetched.at < age):
            fetched = _Fetched(watch.history(timeout), monotonic())
            _keep(watch, fetched)
    finally:
        turn.release()
    return fetched.history


def _is_whole(history: History, watch: Watch) -> bool:
    """Whether nothing was trained for the watch since this was recorded."""
    progress = watch.progress
    ended = history.finished or progress.state is not WatchState.ENDED
    return ended and history.progress >= min(progress.epoch, watch.target)


def _known(watch: Watch) -> _Fetched | None:
    with _lock:
        if watch.experiment.is_private:
            return _private.get(watch)
        key = watch.recording, watch.target
        if (fetched := _shared.get(key)) is not None:
            _shared.move_to_end(key)
        return fetched


def _keep(watch: Watch, fetched: _Fetched) -> None:
    with _lock:
        if watch.experiment.is_private:
            _private[watch] = fetched
            return
        _shared[watch.recording, watch.target] = fetched
        _shared.move_to_end((watch.recording, watch.target))
        while len(_shared) > MOST_HISTORIES:
            _shared.popitem(last=False)
