"""The table on the screen and the JSON beside it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import Growth, Result, Row
from benchmarks.settings import Settings

HEADINGS = ("what", "against", "measured", "min–max", "goal", "")


def number(value: float) -> str:
    """Three digits, without an exponent: `0.0123`, `1.23`, `123`, `12,345`."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def cells(row: Row) -> tuple[str, ...]:
    """One row of the table as texts."""
    if row.value is None:
        return row.what, row.against, "–", "", str(row.goal or ""), f"skipped: {row.note}"
    spread = f"{number(min(row.values))}–{number(max(row.values))}"
    remark = ", ".join(text for text in (row.verdict, row.note) if text)
    return row.what, row.against, f"{number(row.value)} {row.unit}", spread, str(row.goal or ""), remark


def aligned(lines: Sequence[Sequence[str]], *, right: bool = False) -> str:
    """Columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    side = str.rjust if right else str.ljust
    return "\n".join("  ".join(side(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def text(results: Sequence[Result]) -> str:
    """All results: one table of the rows, then the growth tables."""
    rows = [cells(row) for row in results if isinstance(row, Row)]
    parts = [aligned([HEADINGS, *rows])] if rows else []
    for growth in (g for g in results if isinstance(g, Growth)):
        lines = [tuple(growth.columns), *(tuple(map(number, line)) for line in growth.rows)]
        parts.append("\n".join(filter(None, (growth.title, aligned(lines, right=True), growth.note))))
    return "\n\n".join(parts)


def machine() -> dict[str, object]:
    """What the numbers were measured on."""
    packages = {name: version(name) for name in ("torch", "numpy", "streamlit", "plotly")}
    cores, architecture = len(os.sched_getaffinity(0)), platform.machine()
    return {"cores": cores, "architecture": architecture, "python": platform.python_version()} | packages


def write(path: Path, results: Mapping[str, Sequence[Result]], settings: Settings) -> None:
    """The results by benchmark as JSON. A missing value is null: it was not measured."""
    record = {
        "machine": machine(),
        "repeats": settings.repeats,
        "quick": settings.quick,
        "device": settings.device,
        "results": {name: [result.record() for result in rows] for name, rows in results.items()},
    }
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
