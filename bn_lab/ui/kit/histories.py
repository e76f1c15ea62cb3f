"""Records in the page's process: each is fetched from the worker that has it once for as far as it is trained.

A record of some megabytes takes a while to come over, and fragments ask for the same one again and again.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from time import monotonic
from typing import NamedTuple
from weakref import WeakKeyDictionary, WeakValueDictionary

from bn_lab import timing
from bn_lab.engine.history import History
from bn_lab.experiment import ExperimentError
from bn_lab.i18n import Texts
from bn_lab.service import RequestError, Watch, WatchState
from bn_lab.ui.kit import formatting

MOST = 6
"""Records of data that everybody may see which are held at most; those that are looked at are few at a time."""


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
        found = _known(watch)
        if found is None or not (_is_whole(found.history, watch) or monotonic() - found.at < age):
            found = _Fetched(watch.history(timeout), monotonic())
            _keep(watch, found)
    finally:
        turn.release()
    return found.history


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
        if (found := _shared.get(key)) is not None:
            _shared.move_to_end(key)
        return found


def _keep(watch: Watch, fetched: _Fetched) -> None:
    with _lock:
        if watch.experiment.is_private:
            _private[watch] = fetched
            return
        _shared[watch.recording, watch.target] = fetched
        _shared.move_to_end((watch.recording, watch.target))
        while len(_shared) > MOST:
            _shared.popitem(last=False)


def failure(watch: Watch, t: Texts) -> str:
    """What a page says of a training that failed."""
    error = watch.progress.error
    return formatting.error(t, error) if isinstance(error, ExperimentError) else t("page.failed")
