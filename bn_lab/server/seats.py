"""`Seats`: how many websockets may be open, which depends on how many files the process may have open."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

MOST_FILES = 65_536
"""Open files (connections are files, too) that the process asks its system for: more than all limits of the lab need together.
Some systems allow a billion, which slows down whoever goes through all."""

UNKNOWN_FILES = 1_024
"""Open files reckoned with where the system does not say."""

WAITING = 8
"""Pages that may wait until there is room, besides as many as there may be visitors."""

PER_PAGE = 5
"""Open files that a page takes: its two sockets, and the event loop that Streamlit makes for its script."""

RESERVED = 640
"""Open files for all else: sessions that Streamlit keeps after their page is gone (three each, at most 128), the workers,
files that are being read, and connections that are no websocket."""


class FullError(Exception):
    """As many sockets are open as may be."""


class Seats:
    """Counts the open sockets of one kind. Used by the event loop only.

    Args:
        most: how many may be open at once. A quarter more is for those who come back: their page is open, its connection broke,
            and the one before may still be counted.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    @contextmanager
    def taking(self, *, comes_back: bool = False) -> Iterator[None]:
        """Count a socket until the end of the block.

        Raises:
            FullError: where all seats are taken. Nobody who has one ever loses it.
        """
        if self.taken >= self.most + (self.most // 4 if comes_back else 0):
            raise FullError
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


def seats_for(visitors: int, descriptors: int) -> int:
    """How many pages may be connected at once: those that are in, and as many again that wait for room.

    Args:
        visitors: how many pages may be open.
        descriptors: how many files the process may have open; four fifths of what is not reserved are for seats, the last one
            for those who come back.
    """
    left = max(descriptors - RESERVED, descriptors // 4)  # where there are few, all else has to do with less
    return max(1, min(2 * visitors + WAITING, left * 4 // (5 * PER_PAGE)))


def raise_file_limit() -> int:
    """Allow the process as many open files as its system lets it have, at most `MOST_FILES`; returns how many that are."""
    if sys.platform == "win32":
        return UNKNOWN_FILES
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MOST_FILES if soft == resource.RLIM_INFINITY else soft
    while wanted > soft:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
        wanted //= 2  # macOS promises more than it gives
    return soft
