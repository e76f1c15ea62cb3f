"""`File`: a visitor's table as it was found, whatever it will be used for."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from bn_lab.datasets.own.columns import LONGEST, Column, cells_of, column_of, decimal_of
from bn_lab.datasets.own.decoding import decoded
from bn_lab.datasets.own.errors import DataError
from bn_lab.datasets.own.layout import Layout, layout_of


@dataclass(frozen=True, eq=False)
class File:
    """What is in a file; the same bytes give the same, whatever they are called.

    Attributes:
        digest: 16 hexadecimal digits of the SHA-256 of its bytes.
        size: bytes.
        encoding: Python's name, see `decoded`.
        layout: delimiter and header.
        decimal: `.` or `,`.
        headings: the fields of the first line as they stand there, empty where it is data.
        columns: all columns in their order.
    """

    digest: str
    size: int
    encoding: str
    layout: Layout
    decimal: str
    headings: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def rows(self) -> int:
        """N, how many rows there are."""
        return self.layout.rows

    @property
    def memory(self) -> int:
        """Bytes that it takes."""
        return sum(column.memory for column in self.columns)


def digest_of(data: bytes) -> str:
    """What a file is known by: the first half of a hash is enough to tell files apart."""
    return hashlib.sha256(data).hexdigest()[:16]


def read(data: bytes) -> File:
    """The table in the bytes of a file.

    Raises:
        DataError: saying what is wrong with it. Nothing else is raised, whatever the bytes are.
    """
    text, encoding = decoded(data)
    layout = layout_of(text)
    frame = _frame(text, layout)
    headings = layout.first if layout.header else ()
    names = names_of(headings or [""] * len(layout.first))
    cells = [cells_of(frame[k]) for k in range(len(names))]
    decimal = decimal_of(cells, layout.delimiter)
    columns = tuple(column_of(name, each, decimal) for name, each in zip(names, cells, strict=True))
    return File(digest_of(data), len(data), encoding, layout, decimal, headings, columns)


def _frame(text: str, layout: Layout) -> pd.DataFrame:
    """All cells as text without spaces around them; columns are called 0, 1, …"""
    try:
        frame = pd.read_csv(
            io.StringIO(text, newline=""),
            sep=layout.delimiter,
            skiprows=layout.skipped,
            header=0 if layout.header else None,
            names=range(len(layout.first)),
            dtype=str,
            keep_default_na=False,
            engine="c",
            index_col=False,
        )
    except pd.errors.ParserError:
        raise DataError("file", "file_quote", text.count("\n") + 1) from None
    if len(frame) != layout.rows:
        raise DataError("file", "file_quote", text.count("\n") + 1)
    stripped: pd.DataFrame = frame.apply(lambda column: column.str.strip())
    return stripped


def names_of(headings: Iterable[str]) -> tuple[str, ...]:
    """Names of columns: on one line, not too long, no two alike; `#3` where there is none."""
    short = (re.sub(r"\s+", " ", heading).strip()[:LONGEST] for heading in headings)
    return unique([name or f"#{number}" for number, name in enumerate(short, 1)])


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Names of which no two are alike: the second `x` is `x (2)`."""
    taken, found = set(names), set[str]()
    told: list[str] = []
    for name in names:
        mine, count = name, 1
        while mine in found or (count > 1 and mine in taken):
            count += 1
            mine = f"{name} ({count})"
        found.add(mine)
        told.append(mine)
    return tuple(told)
