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

from bn_lab.datasets.own.errors import DataError
from bn_lab.datasets.own.layout import FEWEST_ROWS, MOST_CELLS, MOST_COLUMNS, MOST_LINES_ABOVE, MOST_ROWS

MOST_MB, MOST_SECONDS = 400, 10
"""MB that the reading process may take beyond what it starts with, and seconds that it may compute."""

PATIENCE = 3 * MOST_SECONDS
"""Seconds after which it is ended: on a busy machine it computes only a part of the time."""


@dataclass(frozen=True)
class Sheet:
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


def sheet(data: bytes, kind: Literal["excel", "parquet"], number: int | None = None) -> Sheet:
    """The cells of a file.

    Args:
        data: its bytes.
        kind: what it is.
        number: of a workbook, which sheet, from 0; None is the first one with a table.

    Raises:
        DataError: `file_table`, `file_sheet`, `file_kind`, `file_empty`, `file_one_column`, `file_columns`, `file_rows`,
            `file_cells`, `file_memory` or `file_time`.
    """
    limits = {
        "fewest_rows": FEWEST_ROWS,
        "most_cells": MOST_CELLS,
        "most_columns": MOST_COLUMNS,
        "most_rows": MOST_ROWS + MOST_LINES_ABOVE,
    }
    asked = {"kind": kind, "sheet": number, "most_memory": MOST_MB * 1_000_000, "most_seconds": MOST_SECONDS, **limits}
    command = [sys.executable, "-I", str(Path(__file__).with_name("native.py"))]
    try:
        done = subprocess.run(command, input=json.dumps(asked).encode() + b"\n" + data, capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise DataError("file", "file_time", PATIENCE, high=MOST_SECONDS) from None
    if done.returncode:
        is_late = -done.returncode in _OVER_TIME
        raise DataError("file", "file_time" if is_late else "file_memory", 0, high=MOST_SECONDS if is_late else MOST_MB)
    line, _, cells = done.stdout.partition(b"\n")
    answer: Mapping[str, Any] = json.loads(line)
    if "rule" in answer:
        raise DataError("file", answer["rule"], answer["value"], **answer["values"])
    columns, start = [], 0
    for length in answer["lengths"]:
        columns.append(cells[start : start + length])
        start += length
    return Sheet(columns, tuple(answer.get("names", ())), tuple(answer.get("sheets", ())), answer.get("sheet", 0))


_OVER_TIME = (24, 9)
"""Signals by which a system ends what has computed for too long: SIGXCPU, then SIGKILL."""
