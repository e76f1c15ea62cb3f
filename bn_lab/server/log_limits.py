"""The log stays readable, and its disk free, however often the same thing goes wrong.

Of one kind of record so many are written in a minute, and of one logger some more; then nothing until the minute is over, and
the next one says how many were left out. Paths that hold the id of a session, which is as good as a key to it, are cut short.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from bn_lab import timing

MOST, MOST_OF_ALL = 10, 100
"""Records of one kind, and of one logger, that are written at most in `timing.LOG_WINDOW` seconds."""

KINDS = 1_000
"""Kinds that are remembered at most."""

FOREIGN = ("uvicorn", "streamlit")
"""Loggers that write down what visitors need to keep for themselves."""

DECIDED = "bn_lab_is_written"
"""In a record: whether it is written, once that is known."""

ACCESS = "uvicorn.access"
"""The logger of requests, one record each, for hosts who want that; `streamlit run` has it off."""

ID = re.compile(r"\b([0-9a-f]{4})[0-9a-f]{4}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
"""The id of a session, of which the beginning is enough to tell it from others."""

SECRET = re.compile(r"(/(?:_stcore/upload_file|media|component)/)[^\s?\"']+|[?][^\s\"']+")
"""In what uvicorn says of a request: the session and file of an upload, the name of a file, and the parameters of a link."""


@dataclass
class RateWindow:
    """What happened of one kind since `since`: how often within the limit, and how often beyond it."""

    since: float
    allowed: int = 0
    left_out: int = 0


class RateLimit:
    """How often things of one kind may happen. Safe to use from any thread.

    Args:
        most: how many in `seconds`.
        clock: seconds.
    """

    def __init__(self, most: int, seconds: float = timing.LOG_WINDOW, clock: Callable[[], float] = monotonic) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._windows: dict[Hashable, RateWindow] = {}
        self._lock = Lock()

    def take(self, kind: Hashable) -> int | None:
        """None where one more is one too many; else how many were left out in the window before, 0 but for a window's first."""
        with self._lock:
            return self._take(kind)

    def _take(self, kind: Hashable) -> int | None:
        now, before = self._clock(), 0
        window = self._windows.get(kind)
        if window is None or now - window.since >= self._seconds:
            before = 0 if window is None else window.left_out
            self._forget_old_windows(now)
            window = self._windows[kind] = RateWindow(now)
        if window.allowed >= self._most:
            window.left_out += 1
            return None
        window.allowed += 1
        return before

    def _forget_old_windows(self, now: float) -> None:
        if len(self._windows) >= KINDS:
            recent = {kind: window for kind, window in self._windows.items() if now - window.since < self._seconds}
            self._windows = recent if len(recent) < KINDS else {}


class LogLimits(logging.Filter):
    """Lets as many records through as may be written. One filter for all handlers of a process.

    Args:
        most, most_of_all: records of one kind, and of one logger, in a minute.
        clock: seconds.
    """

    def __init__(self, most: int = MOST, most_of_all: int = MOST_OF_ALL, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._kinds, self._loggers = RateLimit(most, clock=clock), RateLimit(most_of_all, clock=clock)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written. The same answer for each handler that asks."""
        decided = vars(record)
        if DECIDED not in decided:
            decided[DECIDED] = self._decide(record)
        return bool(decided[DECIDED])

    def _decide(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and record.name.startswith(FOREIGN):
            record.args = tuple(without_secrets(value) if isinstance(value, str) else value for value in record.args)
        if record.name == ACCESS:
            return True
        of_kind = self._kinds.take(kind_of(record))
        if of_kind is None:
            return False
        of_logger = self._loggers.take(record.name)
        if of_logger is None:
            return False
        if left_out := of_kind + of_logger:
            record.msg, record.args = f"{record.getMessage()} ({left_out:,} more in the minute before were left out)", ()
        return True


def without_secrets(text: str) -> str:
    """A value of a record without what nobody needs to know of a session."""
    return ID.sub(r"\1…", SECRET.sub(r"\1…", text))


def kind_of(record: logging.LogRecord) -> Hashable:
    """What makes two records the same: who writes, what before values are put in, and the kind of the exception.

    Of a text that has its values in it already the first line counts, without its numbers.
    """
    error = record.exc_info[0] if record.exc_info else None
    return record.name, re.sub(r"\d+", "#", str(record.msg).split("\n", 1)[0])[:80], error


LOG_LIMITS = LogLimits()
"""The filter of this process."""


def install(limits: LogLimits = LOG_LIMITS) -> None:
    """Put the filter before all handlers that there are. Cheap where it is there already."""
    loggers = [logging.getLogger(), *logging.root.manager.loggerDict.values()]
    handlers = [handler for logger in loggers if isinstance(logger, logging.Logger) for handler in logger.handlers]
    if logging.lastResort is not None:
        handlers.append(logging.lastResort)
    for handler in handlers:
        if limits not in handler.filters:
            handler.addFilter(limits)


@asynccontextmanager
async def installed(limits: LogLimits = LOG_LIMITS) -> AsyncIterator[None]:
    """Keep the filter before all handlers until the end of the block, also before those of loggers that are made meanwhile."""

    async def keep_installed() -> None:
        while True:
            install(limits)
            await asyncio.sleep(timing.NEW_LOGGERS)

    task = asyncio.create_task(keep_installed())
    try:
        yield
    finally:
        task.cancel()
