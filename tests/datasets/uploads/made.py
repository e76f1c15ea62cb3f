"""Made-up files, as rows of texts and in any encoding."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]


def written(rows: Sequence[Sequence[object]], delimiter: str = ",", encoding: str = "utf-8", end: str = "\n") -> bytes:
    """A file of these rows."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue().encode(encoding)


def column(*cells: str, rows: int = 20) -> list[str]:
    """Cells repeated to fill a column."""
    return [cells[k % len(cells)] for k in range(rows)]


def file_of(**columns: Sequence[object]) -> bytes:
    """A file of named columns."""
    return written([list(columns), *zip(*columns.values(), strict=True)])


def mixed(seed: int = 0, rows: int = 60, gaps: bool = True) -> list[list[str]]:
    """A table of every usable kind with a heading: numbers, thousands, percents, yes and no, categories; and others."""
    draw = np.random.default_rng(seed)
    table = [["번호", "area", "paid", "share", "lift", "town", "built", "note", "value"]]
    for k in range(rows):
        area, value = draw.normal(80, 20), draw.normal(5, 2)
        row = [str(k + 1), f"{area:.3f}", f"{draw.integers(1000, 9_000_000):,}", f"{draw.integers(1, 99)}%"]
        row += [str(draw.choice(["yes", "no"])), str(draw.choice(["서울", "부산", "대구"])), f"2020-01-{1 + k % 28:02d}"]
        row += [f"text {k}", f"{value:.2f}"]
        if gaps and k % 7 == 3:
            row[int(draw.integers(1, 6))] = str(draw.choice(["", "NA", "?"]))
        table.append(row)
    return table
