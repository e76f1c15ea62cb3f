"""How messages travel between the page's process and a worker: as pickles, over pipes that nobody else can reach.

The two pipes are the standard input and output of a process that we start. No bytes of a visitor are ever read as a pickle:
whoever could put some there could run anything in both processes anyhow.
"""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any, Protocol

_LENGTH = struct.Struct("<Q")


class Connection(Protocol):
    """One end: both directions at once, each used by one thread at a time."""

    def send(self, message: object) -> None:
        """Send a message; raises `OSError` where nobody is at the other end any more."""

    def receive(self) -> Any:
        """Wait for a message; raises `EOFError` where nobody is at the other end any more."""

    def close(self) -> None:
        """Close this end, which the other one notices."""


class Pipes:
    """Messages over a pipe in each direction, each behind its length."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def send(self, message: object) -> None:
        """Send a message; waits while the pipe is full."""
        data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        self._outgoing.write(_LENGTH.pack(len(data)) + data)
        self._outgoing.flush()

    def receive(self) -> Any:
        """Wait for a message."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return pickle.loads(self._read(length))

    def close(self) -> None:
        """Close the outgoing pipe; the other end then closes the other one."""
        self._outgoing.close()

    def _read(self, count: int) -> bytes:
        data = self._incoming.read(count)
        if len(data) < count:
            raise EOFError
        return data
