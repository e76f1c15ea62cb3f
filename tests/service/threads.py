"""Workers in the process of the tests: their connections are queues, and they work when told to, or on threads."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from bn_lab.service.connection import Connection
from bn_lab.service.pool import Remote
from bn_lab.service.worker import Worker


class Queued:
    """Messages over queues, for both ends in one process. They are pickled all the same, so that nothing is shared."""

    def __init__(self, incoming: SimpleQueue[bytes | None], outgoing: SimpleQueue[bytes | None]) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def send(self, message: object) -> None:
        """Send a message."""
        self._outgoing.put(pickle.dumps(message))

    def receive(self, wait: bool = True) -> Any:
        """Wait for a message, or take one that is there; raises `queue.Empty` where there is none."""
        data = self._incoming.get(block=wait)
        if data is None:
            self._incoming.put(None)  # for whoever asks again
            raise EOFError
        return pickle.loads(data)

    def waiting(self) -> list[Any]:
        """All messages that are there."""
        messages = []
        try:
            while True:
                messages.append(self.receive(wait=False))
        except (Empty, EOFError):
            return messages

    def close(self) -> None:
        """Close this end, which the other one notices."""
        self._outgoing.put(None)


def pair() -> tuple[Queued, Queued]:
    """Two ends of one connection."""
    there: SimpleQueue[bytes | None] = SimpleQueue()
    back: SimpleQueue[bytes | None] = SimpleQueue()
    return Queued(back, there), Queued(there, back)


def post_waiting(remote: Remote) -> None:
    """Hand on what was sent to a worker so far."""
    while not remote._outbox.empty():
        if (order := remote._outbox.get()) is not None:
            remote.connection.send(order)


def on_a_thread() -> tuple[Connection, Callable[[], None]]:
    """Start a worker on a thread of this process, which is there at once: it need not import torch first."""
    here, there = pair()
    worker = Worker(there)

    def listen() -> None:
        try:
            while True:
                worker.receive(there.receive())
        except EOFError:
            worker.receive(None)

    Thread(target=listen, name="bn-lab-worker-orders", daemon=True).start()
    working = Thread(target=worker.work, name="bn-lab-worker", daemon=True)
    working.start()

    def end() -> None:
        here.close()
        there.close()
        working.join()  # torch does not survive an interpreter that ends in the middle of a step

    return here, end
