"""Measuring side by side: short turns in alternating order, ratios of neighbours, medians of them.

A machine is faster in one second than in the next. Two things measured in turn share most of that, so what is reported is the
ratio within a pair of turns, never a time of today beside a time of yesterday.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal

Clock = Callable[[], float]
"""Seconds. Wherever both sides compute on one thread without ever waiting, it is `time.thread_time`, the processor time of that
thread: other programs' turns on the core are then nobody's cost. Wherever one of them waits or has several threads it is
`time.perf_counter`."""

Turn = Callable[[], float]
"""Do some of the work and return what one unit of it cost, usually in seconds a step."""


@dataclass(frozen=True)
class Goal:
    """A bound to hold: `Goal("≥", 7)`."""

    sign: Literal["≥", "≤"]
    bound: float

    def met(self, value: float) -> bool:
        """Whether `value` is on the right side of the bound."""
        return bool((operator.ge if self.sign == "≥" else operator.le)(value, self.bound))

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured; against: beside what, empty where a number stands alone.
        unit: `×` for ratios, else a unit.
        values: one per repeat (or per pair of turns); the median is the result. Empty where nothing could be measured.
        goal: the bound that it should hold, or None for information.
        note: why there is no value, or what to know about it.
        details: further figures, for the JSON.
    """

    what: str
    against: str
    unit: str
    values: Sequence[float]
    goal: Goal | None = None
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> float | None:
        """The median, or None."""
        return median(self.values) if self.values else None

    @property
    def verdict(self) -> str:
        """`met`, `missed`, `skipped`, or empty without a goal."""
        if self.value is None:
            return "skipped"
        if self.goal is None:
            return ""
        return "met" if self.goal.met(self.value) else "missed"

    def record(self) -> dict[str, Any]:
        """The row for the JSON."""
        row = asdict(self) | {"value": self.value, "verdict": self.verdict, "goal": str(self.goal) if self.goal else None}
        return row | {"values": list(self.values), "details": dict(self.details)}


@dataclass(frozen=True)
class Growth:
    """How a cost grows: one line per value of `over`.

    Attributes:
        columns: headings, the first one being what grows. rows: the numbers below them.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[float]]
    note: str = ""

    def record(self) -> dict[str, Any]:
        """The table for the JSON."""
        return asdict(self)


Result = Row | Growth


def interleave(turns: Mapping[str, Turn], pairs: int) -> dict[str, list[float]]:
    """Let all `turns` take turns, `pairs` times, every second time in the opposite order; the costs by name.

    The first round warms up and is not counted.
    """
    costs: dict[str, list[float]] = {name: [] for name in turns}
    for k in range(-1, pairs):
        for name in list(turns)[:: 1 if k % 2 else -1]:
            cost = turns[name]()
            if k >= 0:
                costs[name].append(cost)
    return costs


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """The ratio within each pair."""
    return [a / b for a, b in zip(over, under, strict=True)]
