"""One file of a visitor is read at a time, in the order in which they came: each takes up to a hundred MB while it is read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition

from bn_lab import timing
from bn_lab.datasets.uploads import File, Format, read
from bn_lab.ui.cleanup import return_free_memory

Waiting = Callable[[int], None]
"""Called with a place in the line, from 1, as long as others come first."""


class Line:
    """A line of threads of which the first one works. Safe to use from any thread."""

    def __init__(self) -> None:
        self._places: deque[object] = deque()
        self._changed = Condition()

    @contextmanager
    def turn(self, waiting: Waiting | None = None) -> Iterator[None]:
        """Wait until all who came before are done, or have given up, and hold up those who come after.

        Args:
            waiting: what it raises ends the waiting, as Streamlit does where the page is left.
        """
        mine = object()
        with self._changed:
            self._places.append(mine)
        try:
            while place := self._place(mine):
                if waiting is not None:
                    waiting(place)
                with self._changed:
                    self._changed.wait_for(lambda: self._places[0] is mine, timing.WAITING_TICK)
            yield
        finally:
            with self._changed:
                self._places.remove(mine)
                self._changed.notify_all()

    def _place(self, mine: object) -> int:
        with self._changed:
            return self._places.index(mine)


LINE = Line()
"""That of this process."""


def in_turn(data: bytes, asked: Format, waiting: Waiting | None = None) -> File:
    """The table in the bytes of a file, read when it is its turn.

    Raises:
        DataError: saying what is wrong with it.
    """
    with LINE.turn(waiting):
        try:
            return read(data, asked)
        finally:
            return_free_memory()  # before the next one takes some
