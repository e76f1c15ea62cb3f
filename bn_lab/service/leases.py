"""`Leases`: which visitors watch a training, as far as a server can know."""

from __future__ import annotations

import math
from collections.abc import Callable

HIDDEN_GRACE = 90.0
"""Seconds that a visitor counts as watching without a sign of the page: browsers slow the timers of hidden tabs down to one a
minute."""

CLOSED_GRACE = 20.0
"""Seconds that a visitor counts as watching after the connection broke, which a change of network or a reload also does."""

KEPT_AFTER_CLOSE = 30.0
"""Seconds that a training is kept when its last visitor has left or closed the page."""

KEPT_AFTER_HIDE = 600.0
"""The same where the page only fell silent: a phone may have put the browser to sleep."""


class Leases:
    """Until when each visitor counts as watching. Not thread-safe: whoever shares one holds a lock.

    Args:
        clock: seconds, never going back.
        visitor: who watches first.
    """

    def __init__(self, clock: Callable[[], float], visitor: str) -> None:
        self._clock = clock
        self._until: dict[str, tuple[float, float]] = {}  # visitor -> end of the lease, and how long to keep what it is for
        self._dropped = -math.inf  # from when on nobody needs it
        self.renew(visitor)

    def renew(self, visitor: str) -> None:
        """The visitor's page is there."""
        self._until[visitor] = self._clock() + HIDDEN_GRACE, KEPT_AFTER_HIDE

    def release(self, visitor: str) -> None:
        """The connection of the visitor's page broke; it may come back."""
        if visitor in self._until:
            self._until[visitor] = min(self._until[visitor][0], self._clock() + CLOSED_GRACE), KEPT_AFTER_CLOSE

    def leave(self, visitor: str) -> None:
        """The visitor looks at something else."""
        if self._until.pop(visitor, None) is not None:
            self._dropped = max(self._dropped, self._clock() + KEPT_AFTER_CLOSE)

    def count(self, but: str | None = None) -> int:
        """How many visitors watch, apart from the one named."""
        now = self._clock()
        return sum(end > now and visitor != but for visitor, (end, _) in list(self._until.items()))

    @property
    def over(self) -> bool:
        """Whether nobody has watched for so long that what they watched may be dropped; to be asked now and then."""
        now = self._clock()
        for visitor, (end, kept) in list(self._until.items()):
            if end < now:
                del self._until[visitor]
                self._dropped = max(self._dropped, end + kept)
        return not self._until and now > self._dropped
