"""What visitors leave behind in memory is given back, also when nobody comes after them.

Streamlit keeps a session for a while after its connection broke, and forgets it when the next one is kept: of the last visitors
it would keep all for ever. And as there is no full garbage collection after every script here (`runner.postScriptGC`), one is
made when nobody watches anything.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Timer

from streamlit import config
from streamlit.runtime import Runtime

from bn_lab import timing


class CleanUp:
    """Cleans up once after the last of several departures. Safe to use from any thread.

    Args:
        idle: whether nobody watches anything.
        forget: makes Streamlit forget the sessions that are over.
        timer: starts a timer that calls a function after some seconds; tests have their own.
    """

    def __init__(
        self,
        idle: Callable[[], bool],
        forget: Callable[[], None] | None = None,
        timer: Callable[[float, Callable[[], None]], Timer] | None = None,
    ) -> None:
        self._idle, self._forget, self._timer = idle, forget or forget_sessions, timer or start_timer
        self._waiting: Timer | None = None
        self._lock = Lock()

    def after_departure(self) -> None:
        """A visitor has left; earlier ones need no cleaning up of their own."""
        with self._lock:
            if self._waiting is not None:
                self._waiting.cancel()
            self._waiting = self._timer(needed() + timing.CLEANUP_DELAY, self.clean)

    def clean(self) -> None:
        """Forget sessions; and where nobody has to wait for it, find what only refers to itself, and return what is free."""
        self._forget()
        if self._idle():
            gc.collect()
            return_free_memory()


def needed() -> float:
    """Seconds for which something of a visitor who has left is kept: the session, and what was watched."""
    return float(max(config.get_option("server.disconnectedSessionTTL"), timing.RELOAD))


def return_free_memory() -> None:
    """Give free memory back to the system, which glibc keeps otherwise; elsewhere there is no such thing to call."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def forget_sessions() -> None:
    """Make Streamlit forget the sessions that are over: a part of it without a public name, which a test holds in place."""
    if Runtime.exists():
        loop = Runtime.instance()._get_async_objs().eventloop
        storage = Runtime.instance()._session_mgr._session_storage  # type: ignore[attr-defined]
        done = Event()

        def expire() -> None:
            storage._cache.expire()
            done.set()

        loop.call_soon_threadsafe(expire)
        done.wait(timeout=timing.CLEANUP_DELAY)


def start_timer(seconds: float, act: Callable[[], None]) -> Timer:
    """A timer that does not keep the process alive."""
    timer = Timer(seconds, act)
    timer.daemon = True
    timer.start()
    return timer
