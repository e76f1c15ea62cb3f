"""Tables that are no text: workbooks (Excel's .xlsx, .xlsm, .xlsb and .xls, OpenDocument's .ods) and Apache Parquet.

Their cells become texts, as if the table had been saved as CSV, so that all that follows is the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bn_lab import timing
from bn_lab.datasets.uploads.errors import DataError
from bn_lab.datasets.uploads.limits import FEWEST_ROWS, MB, MOST_BYTES, MOST_CELLS, MOST_COLUMNS, MOST_ROWS, MOST_SKIPPED
from bn_lab.datasets.uploads.sheet_reader import NO_MEMORY

SheetKind = Literal["excel", "parquet"]
"""What kind of file a table that is no text is in."""

MOST_MEMORY = 400
"""MB that the reading process may take beyond what it starts with."""

MOST_TEXT = 2 * MOST_BYTES
"""Characters of all cells at most: twice as many as a file may have bytes, since numbers are longer as texts."""


@dataclass(frozen=True)
class SheetCells:
    """A table that is no text.

    Attributes:
        columns: the cells of each column as UTF-8, with zeros between them.
        names: of the columns, where the file has names apart from the cells.
        sheets: names of a workbook's sheets.
        number: which of them this is.
    """

    columns: list[bytes]
    names: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    number: int = 0


def sheet_cells(data: bytes, kind: SheetKind, number: int | None = None) -> SheetCells:
    """The cells of a file.

    Args:
        data: its bytes.
        kind: what it is.
        number: of a workbook, which sheet, from 0; None is the first one with a table.

    Raises:
        DataError: `file_table`, `file_sheet`, `file_kind`, `file_empty`, `file_one_column`, `file_columns`, `file_rows`,
            `file_cells`, `file_memory` or `file_time`.
    """
    asked = {
        "kind": kind,
        "sheet": number,
        "fewest_rows": FEWEST_ROWS,
        "most_rows": MOST_ROWS + MOST_SKIPPED,
        "most_columns": MOST_COLUMNS,
        "most_cells": MOST_CELLS,
        "most_text": MOST_TEXT,
        "most_memory": MOST_MEMORY * MB,
        "most_seconds": timing.READING_TIMEOUT,
    }
    command = [sys.executable, "-I", str(Path(__file__).with_name("sheet_reader.py"))]
    try:
        done = subprocess.run(
            command, input=json.dumps(asked).encode() + b"\n" + data, capture_output=True, timeout=timing.READING_KILL
        )
    except subprocess.TimeoutExpired:
        raise DataError("file", "file_time", timing.READING_KILL, high=timing.READING_TIMEOUT) from None
    if done.returncode:
        raise _why(done.returncode, len(data))
    line, _, cells = done.stdout.partition(b"\n")
    answer: Mapping[str, Any] = json.loads(line)
    if "rule" in answer:
        raise DataError("file", answer["rule"], answer["value"], **answer["values"])
    columns, start = [], 0
    for length in answer["lengths"]:
        columns.append(cells[start : start + length])
        start += length
    return SheetCells(columns, tuple(answer.get("names", ())), tuple(answer.get("sheets", ())), answer.get("sheet", 0))


def _why(status: int, size: int) -> DataError:
    """What an exit status of the reading process says; those below zero are signals."""
    if -status == SIGALRM:
        return DataError("file", "file_time", size, high=timing.READING_TIMEOUT)
    if status == NO_MEMORY or -status == SIGABRT:
        return DataError("file", "file_memory", size, high=MOST_MEMORY)
    return DataError("file", "file_table", size)


SIGABRT, SIGALRM = 6, 14
"""Signals that end a process whose native code got no more memory, or that took too long."""
