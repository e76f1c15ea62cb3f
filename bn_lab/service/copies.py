"""Copies of single networks that pages wait for: asked for on any thread, made by the trainer's own."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Condition
from typing import TYPE_CHECKING

from bn_lab.experiment import Arm

if TYPE_CHECKING:
    from bn_lab.engine.history import NetworkCopy
    from bn_lab.engine.run import Run


@dataclass(eq=False)
class Request:
    """A page waits for a copy of one network."""

    arm: Arm
    seed: int
    answer: NetworkCopy | None = None


class Copies:
    """What is asked for of one training; true while somebody waits."""

    def __init__(self, changed: Condition) -> None:
        self._changed = changed
        self._requests: list[Request] = []

    def __bool__(self) -> bool:
        return bool(self._requests)

    def ask(self, arm: Arm, seed: int, wait: float) -> NetworkCopy | None:
        """Wait for a copy; None where there is none to be had, or where it takes more than `wait` seconds."""
        request = Request(arm, seed)
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()
            self._changed.wait_for(lambda: request not in self._requests, wait)
            self._forget([request])
            return request.answer

    def answer(self, run: Run) -> None:
        """Give all who wait their copies."""
        with self._changed:
            requests = list(self._requests)
        answers = [run.network(request.arm, request.seed) for request in requests]
        with self._changed:
            for request, answer in zip(requests, answers, strict=True):
                request.answer = answer
            self._forget(requests)
            self._changed.notify_all()

    def clear(self) -> None:
        """There is nothing to be had any more."""
        with self._changed:
            self._requests = []
            self._changed.notify_all()

    def _forget(self, requests: list[Request]) -> None:
        self._requests = [other for other in self._requests if other not in requests]
