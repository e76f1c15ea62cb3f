"""`File`: a visitor's table as it was found, whatever it will be used for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from bn_lab.datasets.uploads.columns import LONGEST, Column, cells_of, column_of, decimal_of
from bn_lab.datasets.uploads.decoding import decoded, kind_of
from bn_lab.datasets.uploads.errors import DataError
from bn_lab.datasets.uploads.format import FOUND_OUT, Format, check
from bn_lab.datasets.uploads.layout import LINES, FileLayout, layout_of, lines_of, sheet_layout, table_of
from bn_lab.datasets.uploads.limits import FEWEST_ROWS, MOST_ROWS
from bn_lab.datasets.uploads.sheets import SheetKind, sheet_cells

CHUNK = 500
"""Rows that are turned into columns at a time."""

SAMPLED = 50
"""Every how manyth row beyond the first few hundred is looked at for the decimal separator."""


@dataclass(frozen=True, eq=False)
class File:
    """What is in a file; the same bytes and the same settings give the same, whatever they are called.

    Attributes:
        digest: 16 hexadecimal digits of the SHA-256 of its bytes.
        size: bytes.
        kind: text, a workbook, or Parquet.
        asked: how it was said to be written.
        layout: how it is written; its `format` is filled.
        rows: N, how many rows there are.
        columns: all columns in their order.
        sheets: names of a workbook's sheets.
    """

    digest: str
    size: int
    kind: Literal["text"] | SheetKind
    asked: Format
    layout: FileLayout
    rows: int
    columns: tuple[Column, ...]
    sheets: tuple[str, ...] = ()

    @property
    def format(self) -> Format:
        """How it is written."""
        return self.layout.format

    @property
    def headings(self) -> tuple[str, ...]:
        """What the columns are called in the file, empty where it does not say."""
        return self.layout.headings

    @property
    def memory(self) -> int:
        """Bytes that it takes."""
        return sum(column.memory for column in self.columns)


def digest_of(data: bytes) -> str:
    """What a file is known by: the first half of a hash is enough to tell files apart."""
    return hashlib.sha256(data).hexdigest()[:16]


def read(data: bytes, asked: Format = FOUND_OUT) -> File:
    """The table in the bytes of a file.

    Args:
        data: the bytes.
        asked: how it is written, as far as somebody said so.

    Raises:
        DataError: saying what is wrong with it. Nothing else is raised, whatever the bytes are.
    """
    check(asked)
    kind = kind_of(data)
    if kind in ("excel", "parquet"):
        return _from_sheet(data, kind, asked)  # type: ignore[arg-type]
    if kind != "text":
        raise DataError("file", "file_kind", kind)
    text, encoding = decoded(data, asked.encoding)
    lines = lines_of(text)
    del text  # of a large file every copy counts
    layout = layout_of(lines, asked)
    layout = replace(layout, format=replace(layout.format, encoding=encoding))
    return _file(data, "text", asked, layout, _columns(table_of(lines, layout), layout.width))


def _from_sheet(data: bytes, kind: SheetKind, asked: Format) -> File:
    """The table of a workbook or of a Parquet file."""
    sheet = sheet_cells(data, kind, asked.sheet)
    if kind == "parquet":
        said = Format(encoding="", delimiter="", header=True, above=0, below=0, comment="", sheet=0)
        return _file(data, kind, asked, FileLayout(said, len(sheet.names), sheet.names), sheet.columns)
    width = max((k + 1 for k, column in enumerate(sheet.columns) if column.strip(b"\0 ")), default=0)
    sheet = replace(sheet, columns=sheet.columns[: max(2, width)])  # what has only spaces, or was cleared, is not there
    head = [column.decode().split("\0", LINES)[:LINES] for column in sheet.columns]
    layout = sheet_layout(list(zip(*head, strict=True)), asked)
    said = replace(layout.format, sheet=sheet.number)
    first = (said.above or 0) + bool(said.header)
    last = max(len(column.rstrip(b"\0 ").split(b"\0")) for column in sheet.columns)
    below = sheet.columns[0].count(b"\0") + 1 - last + (said.below or 0)
    columns = [_between(column, first, below) for column in sheet.columns]
    return _file(data, kind, asked, replace(layout, format=said), columns, sheet.sheets)


def _between(column: bytes, above: int, below: int) -> bytes:
    """The cells of a column without so many at its beginning and at its end."""
    cells = column.split(b"\0")
    return b"\0".join(cells[above : max(above, len(cells) - below)])


def _columns(rows: Iterator[Sequence[str]], width: int) -> list[bytes]:
    """The cells of each column, one after the other with a zero between them: of a table as lists of texts each cell would take
    sixty bytes."""
    parts: list[list[str]] = [[] for _ in range(width)]
    count = 0
    while chunk := list(islice(rows, CHUNK)):
        count += len(chunk)
        if count > MOST_ROWS:
            raise DataError("file", "file_rows", count + sum(1 for _ in rows), high=MOST_ROWS)
        for part, cells in zip(parts, zip(*chunk, strict=True), strict=True):
            part.append("\0".join(cells))
    packed = []
    for part in parts:
        packed.append("\0".join(part).encode("utf-8", "surrogatepass"))
        part.clear()
    return packed


def _cells(packed: bytes) -> list[str]:
    return packed.decode("utf-8", "surrogatepass").split("\0") if packed else []


def _file(
    data: bytes,
    kind: Literal["text"] | SheetKind,
    asked: Format,
    layout: FileLayout,
    packed: Sequence[bytes],
    names_of_sheets: tuple[str, ...] = (),
) -> File:
    """The file with these columns."""
    rows = packed[0].count(b"\0") + 1 if packed[0] else 0
    if rows < FEWEST_ROWS:
        raise DataError("file", "file_few", rows, low=FEWEST_ROWS)
    if rows > MOST_ROWS:
        raise DataError("file", "file_rows", rows, high=MOST_ROWS)
    names = names_of(layout.headings or [""] * layout.width)
    kinds = dict(asked.kinds)
    for index in kinds:
        if index >= len(names):
            raise DataError("format.kinds", "column_unknown", index + 1, high=len(names))
    decimal = asked.decimal
    if decimal is None:
        decimal = decimal_of([_sampled(_cells(each)) for each in packed], layout.format.delimiter or "", asked.thousands)
    markers = frozenset(asked.missing)
    columns = []
    for k, each in enumerate(packed):
        cells = cells_of(_cells(each), markers, are_classes=kinds.get(k) == "categorical")
        column = column_of(names[k], cells, decimal, asked.thousands, kinds.get(k))
        is_name = k == 0 and layout.has_row_names and column.distinct == rows
        columns.append(replace(column, is_id=True) if is_name else column)
    grouped = sorted({sign for column in columns for sign in column.grouped})
    thousands = asked.thousands if asked.thousands is not None else grouped[0] if len(grouped) == 1 else ""
    filled = replace(layout.format, decimal=decimal, thousands=thousands, missing=asked.missing, kinds=asked.kinds)
    layout = replace(layout, format=filled)
    return File(digest_of(data), len(data), kind, asked, layout, rows, tuple(columns), names_of_sheets)


def _sampled(cells: list[str]) -> list[str]:
    return [*cells[:LINES], *cells[LINES::SAMPLED]]


def names_of(headings: Iterable[str]) -> tuple[str, ...]:
    """Names of columns: on one line, not too long, no two alike; `#3` where there is none."""
    short = (re.sub(r"\s+", " ", heading).strip()[:LONGEST] for heading in headings)
    return unique([name or f"#{number}" for number, name in enumerate(short, 1)])


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Names of which no two are alike: the second `x` is `x (2)`."""
    taken, given = set(names), dict[str, None]()
    for name in names:
        numbered, count = name, 1
        while numbered in given or (count > 1 and numbered in taken):
            count += 1
            numbered = f"{name} ({count})"
        given[numbered] = None
    return tuple(given)
