"""`Seats`: how many websockets are open, and whether there is room for one more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

WAITING = 8
"""Sockets of those who wait until there is room, besides as many as there may be visitors."""

PER_PAGE = 5
"""Open files that a page takes: its two sockets, and the event loop that Streamlit makes for its script."""

RESERVED = 640
"""Open files for all else: sessions that Streamlit keeps after their page is gone (three each, at most 128), the workers,
files that are being read, and connections that are no websocket."""


class FullError(Exception):
    """There is no seat left."""


class Seats:
    """Counts the sockets of one kind. Used by the event loop only.

    Args:
        most: how many may be open at once. A quarter more is for those who come back: their page is open, its connection broke,
            and the one before may still be counted.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    @contextmanager
    def taking(self, *, comes_back: bool = False) -> Iterator[None]:
        """Have a seat until the end of the block.

        Raises:
            FullError: where all are taken. Nobody who has one ever loses it.
        """
        if self.taken >= self.most + (self.most // 4 if comes_back else 0):
            raise FullError
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


def seats_for(visitors: int, descriptors: int) -> int:
    """How many pages may be connected at once: who is inside, and as many again who are told to wait.

    Args:
        visitors: how many pages may be open.
        descriptors: how many files the process may have open; four fifths of what is not reserved are for seats, the last one
            for those who come back.
    """
    left = max(descriptors - RESERVED, descriptors // 4)  # where there are few, all else has to do with less
    return max(1, min(2 * visitors + WAITING, left * 4 // (5 * PER_PAGE)))
