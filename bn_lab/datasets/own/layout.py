"""How a text is laid out: what separates its fields, whether its first line names them, whether all lines have as many."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice, pairwise

from bn_lab.datasets.own.cells import bare, is_missing, number_of
from bn_lab.datasets.own.errors import DataError

DELIMITERS = ("\t", ";", "|", ",")
"""What may separate fields; where several would do, the first: a comma may also be part of a number."""

SPACES = r"\s+"
"""Any number of spaces, where nothing else separates."""

SAMPLE, LINES = 1 << 18, 200
"""Characters and lines from which the delimiter is found; as many lines say whether there are headings."""

MOST_COLUMNS, MOST_ROWS, FEWEST_ROWS = 256, 50_000, 10
"""Columns and rows of a table at most, and rows at least."""

LONGEST_FIELD = 131_072
"""Characters of a field at most: Python's own limit, far beyond any cell; an open quotation mark makes longer ones."""

_FIELD = re.compile(r"[^ \t\n]+")
"""What stands between spaces as pandas' parser has them: a no-break space, say, is a part of the field."""

_END = "\0"
"""A last line to read, which no text has: it becomes part of a field where a quotation mark stays open."""

_YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)

_HINT = re.compile(r"sep=([\t;|,])\r?\n", re.IGNORECASE)
"""A first line that tells spreadsheets the delimiter."""


@dataclass(frozen=True)
class Layout:
    """How to read a text as a table.

    Attributes:
        delimiter: one of `DELIMITERS`, or `SPACES`.
        skipped: lines before the first one of the table, 0 or 1.
        header: whether the first line names the columns.
        first: the fields of the first line as they stand there.
        rows: how many lines of data follow, those without anything not counted.
    """

    delimiter: str
    skipped: int
    header: bool
    first: tuple[str, ...]
    rows: int


def layout_of(text: str) -> Layout:
    """The layout of a text.

    Raises:
        DataError: `file_empty`, `file_one_column`, `file_columns`, `file_ragged`, `file_quote`, `file_field`, `file_rows`
            or `file_few`.
    """
    hint = _HINT.match(text)
    skipped, body = (1, text[hint.end() :]) if hint else (0, text)
    delimiter = hint[1] if hint else _delimiter(body)
    first, below, lines = _checked(body, delimiter, skipped)
    header = not _is_sample(first, below)
    rows = lines - header
    if rows > MOST_ROWS:
        raise DataError("file", "file_rows", rows, high=MOST_ROWS)
    if rows < FEWEST_ROWS:
        raise DataError("file", "file_few", rows, low=FEWEST_ROWS)
    return Layout(delimiter, skipped, header, tuple(first), rows)


def _delimiter(text: str) -> str:
    """The delimiter by which most lines have as many fields as the first one, which has two at least."""
    sample = text[:SAMPLE]
    if len(text) > SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    agreeing = {delimiter: share for delimiter in DELIMITERS if (share := _agreeing(sample, delimiter))}
    if agreeing:
        return max(agreeing, key=agreeing.__getitem__)
    if '"' not in sample and _agreeing(sample, SPACES) == 1:
        return SPACES
    raise DataError("file", "file_one_column", 1)


def _agreeing(sample: str, delimiter: str) -> float:
    """Share of lines with as many fields as the first one; 0 where that has only one."""
    counts: list[int] = []
    with suppress(DataError):  # it is told where all lines are checked
        counts.extend(len(record) for record, *_ in islice(_records(sample, delimiter), LINES))
    return counts.count(counts[0]) / len(counts) if counts and counts[0] > 1 else 0.0


def _records(text: str, delimiter: str, skipped: int = 0) -> Iterator[tuple[list[str], int, int, bool]]:
    """Fields of every line that has any as pandas' parser separates them, the numbers of the first and the last line that they
    stand in, and whether a quotation mark stays open in them."""
    if delimiter == SPACES:
        for number, line in enumerate(io.StringIO(text, newline=None), 1 + skipped):
            if fields := _FIELD.findall(line):
                yield fields, number, number, False
        return
    reader = csv.reader(chain(io.StringIO(text, newline=""), [_END]), delimiter=delimiter)
    start = 1
    try:
        for record in reader:
            if record == [_END]:
                return
            if not _is_blank(record):
                yield record, start + skipped, reader.line_num + skipped, record[-1].endswith(_END)
            start = reader.line_num + 1
    except csv.Error:
        raise DataError("file", "file_field", reader.line_num + skipped, high=LONGEST_FIELD) from None


def _is_blank(record: Sequence[str]) -> bool:
    """Whether pandas skips the line: nothing is in it, or spaces."""
    return not record or (len(record) == 1 and record[0] != "" and not record[0].strip(" \t"))


def _checked(text: str, delimiter: str, skipped: int) -> tuple[list[str], list[list[str]], int]:
    """The first line's fields, those of some below, and how many lines there are, all of them with as many fields."""
    some: list[list[str]] = []
    lines = 0
    for record, start, end, is_open in _records(text, delimiter, skipped):
        if lines <= LINES:
            some.append(record)
        if lines == 0:
            _check_columns(len(record))
        expected = len(some[0])
        # A mark that opens by mistake is closed by the next one, lines below, and what opens there is not.
        if is_open or (len(record) != expected and end > start and text.count('"') % 2):
            raise DataError("file", "file_quote", start)
        if len(record) != expected:
            raise DataError("file", "file_ragged", len(record), line=end, expected=expected)
        lines += 1
    if not some:
        raise DataError("file", "file_empty", 0)
    return some[0], some[1:], lines


def _check_columns(count: int) -> None:
    if count < 2:
        raise DataError("file", "file_one_column", count)
    if count > MOST_COLUMNS:
        raise DataError("file", "file_columns", count, high=MOST_COLUMNS)


def _is_sample(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a first line is data already: half of its cells or more are numbers in columns of numbers, and not years."""
    present = {k: text for k, field in enumerate(first) if not is_missing(text := field.strip())}
    numbers = {k: text for k, text in present.items() if _is_number(text) and _are_numbers([line[k] for line in below])}
    return 0 < len(present) <= 2 * len(numbers) and not _are_years(list(numbers.values()))


def _are_numbers(fields: Sequence[str]) -> bool:
    """Whether most of these are numbers, those that stand for nothing aside."""
    present = [text for field in fields if not is_missing(text := field.strip())]
    return 2 * sum(map(_is_number, present)) > len(present)


def _are_years(texts: Sequence[str]) -> bool:
    """Whether these are years one after the other, as they stand above columns."""
    if len(texts) < 2 or not all(map(_YEAR.fullmatch, texts)):
        return False
    return {int(after) - int(before) for before, after in pairwise(texts)} in ({1}, {-1})


def _is_number(text: str) -> bool:
    return any(number_of(bare(text)[0], decimal) is not None for decimal in (".", ","))
