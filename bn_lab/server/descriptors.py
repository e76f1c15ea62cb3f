"""How many files and connections the process may have open at once, which systems count together."""

from __future__ import annotations

import sys
from contextlib import suppress

MOST = 65_536
"""More than all limits of the lab need together; some systems allow a billion, which slows down whoever goes through all."""

UNKNOWN = 1_024
"""Reckoned with where the system does not say."""


def raise_limit() -> int:
    """Allow the process as many open files as its system lets it have, at most `MOST`; returns how many that are."""
    if sys.platform == "win32":
        return UNKNOWN
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MOST if soft == resource.RLIM_INFINITY else soft
    while wanted > soft:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
        wanted //= 2  # macOS promises more than it gives
    return soft
