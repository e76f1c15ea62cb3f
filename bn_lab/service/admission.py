"""`Admission`: how many pages are open, and whether there is room for one more."""

from __future__ import annotations

from threading import Lock


class Admission:
    """Counts visitors. Safe to use from any thread.

    Args:
        most: how many may be inside at once.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._inside: set[str] = set()
        self._lock = Lock()

    def enter(self, visitor: str) -> bool:
        """Let a visitor in, who may be inside already; False where there is no room."""
        with self._lock:
            if visitor not in self._inside and len(self._inside) >= self.most:
                return False
            self._inside.add(visitor)
            return True

    def leave(self, visitor: str) -> None:
        """This visitor is gone."""
        with self._lock:
            self._inside.discard(visitor)

    @property
    def has_room(self) -> bool:
        """Whether one more may come in."""
        return self.inside < self.most

    @property
    def inside(self) -> int:
        """How many visitors there are."""
        return len(self._inside)
