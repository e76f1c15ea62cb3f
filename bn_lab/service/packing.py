"""`Packer`: makes a worker's reports on one recording, in which each row comes once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from bn_lab import timing
from bn_lab.engine.history import History, is_recorded
from bn_lab.engine.summary import Finding, findings
from bn_lab.figures.frame import Layout
from bn_lab.figures.parts import epoch_rows, layouts, moment_row, once_row
from bn_lab.service.messages import RecordingUpdate, Requested, Rows, TakeRecording

if TYPE_CHECKING:
    from bn_lab.engine.run import Run


class Packer:
    """Knows which rows of a recording the page's process has, and packs the others.

    Args:
        take: how the recording came here.

    Attributes:
        overhead: seconds that the latest report took besides its rows; those are made once, this comes with every report.
    """

    def __init__(self, take: TakeRecording) -> None:
        self.overhead = 0.0
        self._recording = take.recording
        self._moments = take.moments  # how many are known
        self._sent: dict[str, int] = {}  # rows of each part that are known
        self._ends: set[tuple[int, str]] = set()  # end rows that are known
        self._findings: set[int] = set()  # targets whose findings are known
        self._layouts: Mapping[str, Layout] | None = None
        self._steps = -1  # of the run at the latest look
        self._is_whole = False  # whether nothing that was wanted then was left out
        self._requested: Requested | None = None

    def forget(self, target: int) -> None:
        """Nobody looks as far as this target any more; who does again later gets its rows and findings anew."""
        self._findings.discard(target)
        self._ends = {each for each in self._ends if each[0] != target}

    def has_news(self, run: Run, requested: Requested) -> bool:
        """Whether there may be something to report."""
        return not self._is_whole or run.steps != self._steps or requested != self._requested

    def pack(self, run: Run, requested: Requested) -> RecordingUpdate:
        """All that is new, or as much of it as there is time for."""
        start = perf_counter()
        history = run.history(partial=False)
        self.overhead = perf_counter() - start
        over = len(history.divergences) == len(history.experiment.arms) * history.experiment.seeds
        moments = [each for each in history.snapshots if over or _is_regular(each.epoch)]
        described = self._layouts is None
        if self._layouts is None:
            self._layouts = layouts(history)
        for part, rows in requested.parts.items():
            if part in self._layouts:
                self._sent.setdefault(part, rows)
        first, self._moments = self._moments, max(self._moments, len(moments))
        self._is_whole = True
        reached = [target for target in requested.targets if over or history.epoch >= target]
        irregular = [target for target in reached if target <= history.epoch and not _is_among(target, moments)]
        checkpoints = map(int, {each.epoch for each in history.checkpoints})
        update = RecordingUpdate(
            recording=self._recording,
            epoch=run.progress,
            over=over,
            first=first,
            moments=tuple(each.epoch for each in moments[first:]),
            rows=tuple(self._rows(history, moments, requested, start + timing.PACKING)),
            ends=self._end_rows(run, requested, irregular),
            findings=self._new_findings(run, reached),
            checkpoints=tuple(epoch for epoch in checkpoints if epoch > 0 and run.reaches(epoch)),
            layouts=self._layouts if described else None,
        )
        self._steps, self._requested = run.steps, requested
        return update

    def _rows(self, history: History, moments: list[Any], requested: Requested, latest: float) -> Iterator[Rows]:
        assert self._layouts is not None
        for part in requested.parts:
            if (layout := self._layouts.get(part)) is None:
                continue
            start = self._sent[part]
            stop = {"moment": len(moments), "epoch": history.epoch, "once": 1}[layout.axis]
            if start >= stop:
                continue
            if layout.axis == "epoch":
                numbers = epoch_rows(part, history, start, stop)
            elif layout.axis == "once":
                numbers = once_row(part, history)
            else:
                rows: list[Any] = []
                for moment in moments[start:stop]:
                    if rows and perf_counter() > latest:
                        self._is_whole = False
                        break
                    rows.append(moment_row(part, history, moment))
                numbers, stop = np.stack(rows), start + len(rows)
            self._sent[part] = stop
            yield Rows(part, start, stop - start, _bytes(numbers))

    def _end_rows(self, run: Run, requested: Requested, targets: list[int]) -> dict[int, dict[str, bytes]]:
        """The last moments of targets that are none of the recording's own."""
        assert self._layouts is not None
        parts = [part for part in requested.parts if part in self._layouts and self._layouts[part].axis == "moment"]
        rows: dict[int, dict[str, bytes]] = {}
        for target in targets:
            if missing := [part for part in parts if (target, part) not in self._ends]:
                history = run.history(target)
                rows[target] = {part: _bytes(moment_row(part, history, history.snapshots[-1])) for part in missing}
                self._ends |= {(target, part) for part in missing}
        return rows

    def _new_findings(self, run: Run, reached: list[int]) -> dict[int, tuple[Finding, ...]]:
        new = [target for target in reached if target not in self._findings]
        self._findings |= set(new)
        return {target: tuple(map(_to_jsonable, findings(run.history(target)))) for target in new}


def _is_regular(epoch: float) -> bool:
    """Whether this moment is one of every run that comes that far."""
    return not float(epoch).is_integer() or is_recorded(int(epoch))


def _is_among(target: int, moments: list[Any]) -> bool:
    return any(moment.epoch == target for moment in reversed(moments))


def _bytes(numbers: Any) -> bytes:
    return np.ascontiguousarray(numbers, "<f4").tobytes()


def _to_jsonable(finding: Finding) -> Finding:
    """The same with Python's own numbers, which JSON knows."""
    values = {name: value.item() if isinstance(value, np.generic) else value for name, value in finding.values.items()}
    return Finding(finding.id, values)
