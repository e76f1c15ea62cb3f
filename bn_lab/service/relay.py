"""`Relay`: the rows of one recording as they came from workers, and what of them concerns who watches up to a target.

Rows are known by number: row k of a part of moments is moment k. So a worker that takes the place of another one, and trains
again with the same numbers, hears how many are here and goes on from there; a browser that comes back likewise.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

from bn_lab.engine.summary import Finding
from bn_lab.figures.frame import Block, Layout
from bn_lab.service.messages import RecordingUpdate

END = "!"
"""Stands after the name of a part where its end row is meant."""

FLOAT = 4
"""Bytes of a number."""


class Relay:
    """The rows of one recording.

    Attributes:
        epoch: epochs trained, the present one in part; over: whether it ends there for every target.
        moments: epochs of the moments.
        findings: by target that was reached.
        layouts: of all parts; None before the first moment.
        bytes: memory that the rows take.
    """

    def __init__(self) -> None:
        self.epoch, self.over = 0.0, False
        self.moments: list[float] = []
        self.findings: dict[int, tuple[Finding, ...]] = {}
        self.layouts: Mapping[str, Layout] | None = None
        self.bytes = 0
        self._rows: dict[str, bytearray] = {}
        self._ends: dict[int, dict[str, bytes]] = {}
        self._described: dict[str, Any] | None = None

    def add(self, update: RecordingUpdate) -> None:
        """Add what is new; where a worker took the place of another one, what is here already comes again."""
        self.epoch, self.over = max(self.epoch, update.epoch), self.over or update.over
        self.layouts = self.layouts or update.layouts
        if update.first <= len(self.moments):
            self.moments += update.moments[len(self.moments) - update.first :]
        self.findings |= update.findings
        for rows in update.rows:
            here, known = self._rows.setdefault(rows.part, bytearray()), self.known(rows.part)
            if rows.start <= known < rows.start + rows.count:
                here += rows.numbers[(known - rows.start) * len(rows.numbers) // rows.count :]
        for target, parts in update.ends.items():
            self._ends.setdefault(target, {}).update(parts)
        self._count()

    def _count(self) -> None:
        ends = sum(len(row) for parts in self._ends.values() for row in parts.values())
        self.bytes = sum(map(len, self._rows.values())) + ends

    def known(self, part: str) -> int:
        """How many rows of a part are here."""
        return len(self._rows.get(part, b"")) // self._size(part)

    def _size(self, part: str) -> int:
        """Bytes of a row."""
        return FLOAT * self.layouts[part].size if self.layouts and part in self.layouts else FLOAT

    def forget(self, target: int) -> None:
        """Nobody looks as far as this target any more."""
        self.findings.pop(target, None)
        if self._ends.pop(target, None) is not None:
            self._count()

    def reached(self, target: int) -> bool:
        """Whether all that is recorded up to a target is recorded."""
        return self.over or self.epoch >= target

    @property
    def description(self) -> dict[str, Any] | None:
        """The layouts as JSON knows them: `{part: {axis, fields, size}}`."""
        if self._described is None and self.layouts is not None:
            self._described = {
                name: {
                    "axis": layout.axis,
                    "fields": {field: list(place) for field, place in layout.fields.items()},
                    "size": layout.size,
                }
                for name, layout in self.layouts.items()
            }
        return self._described

    def lacks(self, parts: Iterable[str], target: int) -> bool:
        """Whether something of these parts is recorded, up to a target, and not here."""
        if self.layouts is None:
            return True
        if self.reached(target) and target not in self.findings:
            return True
        for part in parts:
            if (layout := self.layouts.get(part)) is None:
                continue
            if self.known(part) < self._rows_to(layout, target):
                return True
            if layout.axis == "moment" and self._has_end(target) and part not in self._ends.get(target, {}):
                return True
        return False

    def blocks(self, sent: Mapping[str, int], target: int, budget: int) -> list[Block]:
        """Rows up to a target that were not sent: all of them, or of every part the same share of what is left.

        Args:
            sent: by part, how many rows were; under the name with `END` whether the end row was.
            target: where it ends.
            budget: bytes to send at most, or one row of every part.
        """
        if self.layouts is None:
            return []
        due = {}
        for part, start in sent.items():
            if (layout := self.layouts.get(part)) is not None:
                stop = min(self.known(part), self._rows_to(layout, target))
                if start < stop:
                    due[part] = start, stop
        share = min(1.0, budget / max(1, sum((stop - start) * self._size(part) for part, (start, stop) in due.items())))
        blocks = []
        for part, (start, stop) in due.items():
            count, size = ceil((stop - start) * share), self._size(part)
            blocks.append(Block(part, start, bytes(self._rows[part][start * size : (start + count) * size]), count))
        then_sent = {**sent, **{block.part: block.start + block.count for block in blocks}}
        end = bisect_right(self.moments, target)  # number of the end row, which comes after all others
        for part, row in self._ends.get(target, {}).items():
            if part in sent and not sent.get(part + END) and then_sent[part] >= end:
                blocks.append(Block(part, end, row, 1, end=True))
        return blocks

    def _rows_to(self, layout: Layout, target: int) -> int:
        """How many rows of a part there are up to a target."""
        if layout.axis == "moment":
            return bisect_right(self.moments, target)
        return min(int(self.epoch), target) if layout.axis == "epoch" else 1

    def count(self, target: int) -> int:
        """How many moments there are up to a target, its own last one included."""
        return bisect_right(self.moments, target) + self._has_end(target)

    def _has_end(self, target: int) -> bool:
        """Whether the last moment of a target is recorded and none of the recording's own."""
        place = bisect_right(self.moments, target)
        return self.epoch >= target and (not place or self.moments[place - 1] != target)
