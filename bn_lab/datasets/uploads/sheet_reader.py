"""Reads a workbook or a Parquet file in a process of its own, within limits: the libraries that do it are native code, which a
hostile file may bring to take any memory, or down.

`sheets.py` runs it. It gets a line of JSON and then the file on its standard input, and writes a line of JSON and then the
cells on its standard output. It imports nothing of the project, so that it starts at once.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

NO_MEMORY, BROKEN = 3, 4
"""Exit statuses: memory was refused, or reading broke off."""

CHUNK = 500
"""Rows that are turned into columns at a time."""


class SheetError(Exception):
    """A file that is not read, by the name of a rule of `DataError`."""

    def __init__(self, rule: str, value: object, **values: object) -> None:
        super().__init__(rule)
        self.answer = {"rule": rule, "value": value, "values": values}


def main() -> None:
    """Read one file."""
    asked = json.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read()
    _limit(asked["most_memory"], asked["most_seconds"])
    try:
        answer, columns = READERS[asked["kind"]](data, asked)
    except SheetError as refused:
        answer, columns = refused.answer, []
    except MemoryError:
        os._exit(NO_MEMORY)  # at once: what is native may wait for a thread that is no more
    except BaseException:
        os._exit(BROKEN)  # a panic of native code, say
    answer["lengths"] = [len(column) for column in columns]
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    for column in columns:
        sys.stdout.buffer.write(column)


def _limit(memory: int, seconds: int) -> None:
    """Take no more than so many further bytes and seconds, where the system can hold one to it."""
    try:
        import resource
        import signal
    except ImportError:
        return
    signal.setitimer(signal.ITIMER_REAL, seconds)  # which ends the process, also where it waits for ever
    with open("/proc/self/statm") if sys.platform == "linux" else io.StringIO("0 0 0 0 0 0 0") as file:
        taken = int(file.read().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (taken + memory, taken + memory))


def workbook(data: bytes, asked: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """One sheet of a workbook: the names of all sheets, and the cells of each column with zeros between them."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = [str(name) for name in book.sheet_names]
        number = _first_table(book, asked) if asked["sheet"] is None else asked["sheet"]
        if number >= len(names):
            raise SheetError("file_sheet", number + 1, high=len(names))
        sheet = book.get_sheet_by_index(number)
    except (CalamineError, OSError, ValueError):
        # The old format is that of old documents, too.
        rule, value = ("file_table", len(data)) if data.startswith(b"PK") else ("file_kind", "office")
        raise SheetError(rule, value) from None
    (_, left), (bottom, right) = sheet.start or (0, 0), sheet.end or (-1, -1)
    _check(bottom + 1, right + 1, asked)
    # As pandas has it nothing at the beginning is left out: rows above the first cell come along, columns before it do not.
    rows = ([""] * left + row for row in sheet.iter_rows())
    return {"sheets": names, "sheet": number}, _columns(rows, right + 1, asked["most_text"])


def _first_table(book: Any, asked: dict[str, Any]) -> int:
    """The first sheet that has as many rows and columns as a table needs, else the first one."""
    sheets = map(book.get_sheet_by_index, range(len(book.sheet_names)))
    return next((k for k, sheet in enumerate(sheets) if sheet.width >= 2 and sheet.height >= asked["fewest_rows"]), 0)


def _check(rows: int, columns: int, asked: dict[str, Any]) -> None:
    if columns < 2:
        raise SheetError("file_one_column" if columns else "file_empty", columns)
    if columns > asked["most_columns"]:
        raise SheetError("file_columns", columns, high=asked["most_columns"])
    if rows > asked["most_rows"]:
        raise SheetError("file_rows", rows, high=asked["most_rows"])
    if rows * columns > asked["most_cells"]:
        raise SheetError("file_cells", rows * columns, high=asked["most_cells"])


def _columns(rows: Iterable[Sequence[Any]], width: int, most_text: int) -> list[bytes]:
    parts: list[list[str]] = [[] for _ in range(width)]
    each: Iterator[Sequence[Any]] = iter(rows)
    length = 0
    while chunk := list(islice(each, CHUNK)):
        for part, cells in zip(parts, zip(*chunk, strict=True), strict=True):
            part.append(joined := "\0".join(map(_text, cells)))
            length = _within(length + len(joined), most_text)
    return ["\0".join(part).encode("utf-8", "replace") for part in parts]


def _within(length: int, most: int) -> int:
    """A number of characters that is not too many: a cell may be repeated a million times in a small file."""
    if length > most:
        raise SheetError("file_large", f"{length / 1e6:.1f}", high=most // 1_000_000)
    return length


def _text(cell: Any) -> str:
    """A cell as pandas makes a text of it: 5.0 is 5, true is True, a day without a time has none."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        cell = int(cell)
    return str(cell).replace("\0", "")


def parquet(data: bytes, asked: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """A Parquet file: the names of its columns, and the cells of each with zeros between them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_memory_pool(pa.system_memory_pool())  # others hold back what they have
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        names = list(file.schema_arrow.names)
        _check(file.metadata.num_rows, len(names), asked)
        table, length, columns = file.read(), 0, []
        for column in table.columns:  # not by their names, of which two may be alike
            columns.append(_packed(column))
            length = _within(length + len(columns[-1]), asked["most_text"])
        return {"names": names}, columns
    except (pa.ArrowException, OSError, ValueError):
        raise SheetError("file_table", len(data)) from None


def _packed(column: Any) -> bytes:
    import pyarrow as pa

    with suppress(pa.ArrowException):  # lists and records, say
        column = column.cast(pa.string())
    cells = column.to_pylist()
    if column.type != pa.string() or column.null_count:
        cells = ["" if cell is None else str(cell) for cell in cells]
    joined = "\0".join(cells)
    if joined.count("\0") >= max(1, len(cells)):  # some have zeros in them
        joined = "\0".join(cell.replace("\0", "") for cell in cells)
    return joined.encode("utf-8", "replace")


READERS = {"excel": workbook, "parquet": parquet}
"""By the kind of the file."""

if __name__ == "__main__":
    main()
