"""How a text is laid out: where its table begins and ends, what separates its fields, whether its first line names them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise

from bn_lab.datasets.uploads.cells import AMONG_NUMBERS, DASHES, INFINITE, MISSING, bare, is_date, number_of
from bn_lab.datasets.uploads.errors import DataError
from bn_lab.datasets.uploads.format import SPACES, Format
from bn_lab.datasets.uploads.limits import MOST_CELLS, MOST_COLUMNS, MOST_ROWS

DELIMITERS = ("\t", ";", "|", ",", SPACES)
"""What may separate fields; where several would do alike, the first: a comma may also be part of a number."""

COMMENTS = ("#", "%", "//", "!", "*")
"""How lines may begin that are no part of the table."""

LINES, JUDGED, WIDE = 200, 30, 40
"""Lines from which the layout is found; of these, lines and fields of a line that are looked at for numbers."""

LONGEST_LINE = 100_000
"""Characters of a line that are looked at for its delimiter."""

MOST_NOTES = 50
"""Lines above a table, or below it, that are left out without being asked."""

AGREEING = 0.9
"""Share of lines that have as many fields as most, where a delimiter is the right one."""

LONGEST_FIELD = 131_072
"""Characters of a field at most: Python's own limit, far beyond any cell; an open quotation mark makes longer ones."""

_END = "\0"
"""A last line to read, which no text has: it becomes part of a field where a quotation mark stays open."""

_YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)

_HINT = re.compile(r"sep=(.)", re.IGNORECASE)
"""A first line that tells spreadsheets the delimiter."""


@dataclass(frozen=True)
class FileLayout:
    """How to read lines as a table.

    Attributes:
        format: delimiter, header, above, below and comment, all of them filled.
        width: fields of every line.
        headings: those of the line that names the columns, as they stand there; empty where none does.
        in_comment: whether that line is a comment.
        has_row_names: whether the first column, which has no heading, names the rows.
        ends_empty: how many empty fields stand behind the last column at most.
        has_spaces: whether a space stands between a delimiter and a quotation mark.
        comments: how many lines are comments.
    """

    format: Format
    width: int
    headings: tuple[str, ...] = ()
    in_comment: bool = False
    has_row_names: bool = False
    ends_empty: int = 0
    has_spaces: bool = False
    comments: int = 0


@dataclass(frozen=True)
class CsvRecord:
    """A line of a table, or several where a field has lines.

    Attributes:
        fields: as they stand there.
        start, end: numbers of the first and the last line, from 1.
        is_open: whether a quotation mark stays open.
        is_quoted: whether it begins with one.
    """

    fields: list[str]
    start: int
    end: int
    is_open: bool = False
    is_quoted: bool = False


@dataclass(frozen=True)
class Lines:
    """Some lines of a text.

    Attributes:
        texts: the lines, without their ends.
        numbers: their numbers in the text, from 1.
    """

    texts: Sequence[str]
    numbers: Sequence[int]

    def without(self, comment: str) -> Lines:
        """Without those that begin like that."""
        if not comment:
            return self
        rest = [k for k, text in enumerate(self.texts) if not text.lstrip().startswith(comment)]
        return Lines([self.texts[k] for k in rest], [self.numbers[k] for k in rest])

    def between(self, above: int, below: int) -> Lines:
        """Without so many at the beginning and at the end."""
        end = max(above, len(self.texts) - below)
        return Lines(self.texts[above:end], self.numbers[above:end])


def lines_of(text: str) -> Lines:
    """The lines of a text, up to the last one that is not blank.

    Raises:
        DataError: `file_rows`.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip(" \n\x1a")  # not tabs: empty fields
    count = text.count("\n") + 1
    if count > 10 * MOST_ROWS:  # also where every second line is blank
        raise DataError("file", "file_rows", count, high=MOST_ROWS)
    return Lines(text.split("\n"), range(1, count + 1))


def layout_of(lines: Lines, asked: Format) -> FileLayout:
    """The layout of a text; what was said about it holds, the rest is found out.

    Raises:
        DataError: `file_empty`, `file_one_column`, `file_columns`, `file_quote` or `file_field`.
    """
    hint = _HINT.fullmatch(lines.texts[0]) if asked.above is None and lines.texts else None
    above = asked.above
    if above is None:
        above = 1 if hint else next((k for k, text in enumerate(lines.texts) if text.strip()), 0)
    comment = asked.comment if asked.comment is not None else _comment(lines.between(above, asked.below or 0))
    table = lines.between(above, asked.below or 0).without(comment)
    if not any(text.strip() for text in table.texts):
        raise DataError("file", "file_empty", 0)
    first = islice((text[:LONGEST_LINE] for text in table.texts if text.strip()), LINES)
    sample = Lines(list(first), range(LINES))
    delimiter = asked.delimiter or (hint[1] if hint else _delimiter(sample))
    records = list(islice(records_of(table, delimiter), LINES))
    width, ends_empty = _width([record.fields for record in records])
    if width < 2:
        raise DataError("file", "file_one_column", width)
    if width > MOST_COLUMNS:
        raise DataError("file", "file_columns", width, high=MOST_COLUMNS)
    notes = _notes_above(records, width, asked) if asked.above is None else 0
    if notes:
        above = lines.numbers.index(records[notes].start)
    records = records[notes:]
    said = replace(asked, delimiter=delimiter, above=above, comment=comment)
    below = asked.below if asked.below is not None else _notes_below(table, delimiter)
    has_spaces = delimiter != SPACES and any(f'{delimiter} "' in text for text in table.texts)
    layout = FileLayout(replace(said, below=below), width, ends_empty=ends_empty, has_spaces=has_spaces)
    within = lines.between(above, below)
    layout = replace(layout, comments=len(within.texts) - len(within.without(comment).texts))
    return _with_headings(layout, lines, records, asked)


def _comment(lines: Lines) -> str:
    """How comments begin in a text whose first line is one; empty where it is none."""
    first = next((text.lstrip() for text in lines.texts if text.strip()), "")
    comment = next((sign for sign in COMMENTS if first.startswith(sign)), "")
    texts = [text for text in lines.texts if text.strip()] if comment else []
    start = next((k for k, text in enumerate(texts) if not text.lstrip().startswith(comment)), len(texts))
    table = texts[start : start + 10 * LINES]
    samples = Counter(_shape(text) for text in table if not text.lstrip().startswith(comment))
    if not samples:
        return ""
    comments = [text for text in table if text.lstrip().startswith(comment)]
    alike = sum(_shape(text) == samples.most_common(1)[0][0] for text in comments)
    return "" if 2 * alike > len(comments) else comment  # else it is how some samples begin


def _shape(text: str) -> tuple[int, ...]:
    """How often there is anything in a line that may separate fields."""
    return tuple(map(text.count, DELIMITERS[:-1])) if any(sign in text for sign in DELIMITERS[:-1]) else (len(text.split()),)


def _delimiter(sample: Lines) -> str:
    """The delimiter by which most lines have as many fields, two at least, and most of these are numbers."""
    qualities = {delimiter: quality for delimiter in DELIMITERS if (quality := _quality(sample, delimiter)) is not None}
    if not qualities:
        raise DataError("file", "file_one_column", 1)
    return max(qualities, key=qualities.__getitem__)


def _quality(sample: Lines, delimiter: str) -> tuple[bool, bool, float, float] | None:
    """How well a delimiter fits; None where it separates nothing."""
    records: list[list[str]] = []
    with suppress(DataError):  # which is raised where all lines are read
        records.extend(record.fields for record in records_of(sample, delimiter) if not record.is_open)
    if not records or (width := _width(records)[0]) < 2:
        return None
    alike = [fields for fields in records if width <= len(fields) and not any(fields[width:])]
    share = len(alike) / len(records)
    judged = [text for fields in alike[-JUDGED:] for field in fields[: min(width, WIDE)] if (text := field.strip())]
    numbers = sum(_says_something(text) for text in judged)
    quality = numbers / max(1, len(judged))
    if delimiter == SPACES:  # which sentences have, too
        if share < 1 and (share < AGREEING or quality < 0.5):
            return None
        quality -= 0.25
    # What is not in the first line is rather within the numbers below it; R leaves out the heading of the first column.
    begins = len(records[0]) >= max(2, width - 1)
    return share >= AGREEING, begins, quality, share


def _says_something(text: str) -> bool:
    return _is_number(text) or is_date(text) or _is_missing(text)


def _width(records: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Fields that most lines have, and how many empty ones stand behind them."""
    if not records:
        return 0, 0
    counts = Counter(map(len, records))
    most = max(counts, key=lambda count: (counts[count], count))
    if most > MOST_COLUMNS + MOST_NOTES:
        return most, 0
    rows = [fields for fields in records if len(fields) == most]
    width = most
    while width > 2 and not any(fields[width - 1].strip() for fields in rows):
        width -= 1
    longest = max((len(fields) for fields in records if not any(fields[width:])), default=width)
    return width, max(0, longest - width)


def records_of(lines: Lines, delimiter: str) -> Iterator[CsvRecord]:
    """The lines that have any fields, as pandas' parser separates them.

    Raises:
        DataError: `file_field`.
    """
    texts: Iterable[str] = lines.texts
    if delimiter == SPACES:
        texts, delimiter = (text.replace("\t", " ").strip(" ") for text in texts), " "
    reader = csv.reader(chain((f"{text}\n" for text in texts), [_END]), delimiter=delimiter, skipinitialspace=True)
    start = 0
    try:
        for fields in reader:
            if fields == [_END]:
                return
            end = min(reader.line_num, len(lines.numbers))
            if not _is_blank(fields, lines.texts[start]):
                is_quoted = lines.texts[start].lstrip().startswith('"')
                yield CsvRecord(fields, lines.numbers[start], lines.numbers[end - 1], fields[-1].endswith(_END), is_quoted)
            start = end
    except csv.Error:
        line = lines.numbers[min(reader.line_num, len(lines.numbers)) - 1]
        raise DataError("file", "file_field", line, high=LONGEST_FIELD) from None


def _is_blank(fields: Sequence[str], text: str) -> bool:
    """Whether pandas skips the line: nothing is in it, or spaces; not where nothing stands between quotation marks."""
    return not fields or (len(fields) == 1 and not text.strip(" \t"))


def _notes_above(records: Sequence[CsvRecord], width: int, asked: Format) -> int:
    """How many lines stand above the table: those with another number of fields than its first one."""
    first = next((k for k, record in enumerate(records) if len(record.fields) >= width and not any(record.fields[width:])), 0)
    if first and _names_rows(records[first - 1 :], width, asked):
        first -= 1
    return first if first <= MOST_NOTES else 0


def _names_rows(records: Sequence[CsvRecord], width: int, asked: Format) -> bool:
    """Whether the first line names all columns but the first, as R writes tables."""
    headings, *below = [record.fields for record in records]
    is_likely = width > 2 or records[0].is_quoted  # else it is rather a title
    if asked.header is False or len(headings) != width - 1 or not below or not all(text.strip() for text in headings):
        return False
    return asked.header is True or (is_likely and _is_sample(below[0], below[1:]))


def _notes_below(table: Lines, delimiter: str) -> int:
    """How many lines stand below the table: sentences, which have no second field."""
    below = 0
    for text in reversed(table.texts):
        fields = next((record.fields for record in records_of(Lines([text], [1]), delimiter)), [])
        is_note = delimiter != SPACES and '"' not in text and len([field for field in fields if field.strip()]) == 1
        is_note = is_note and re.search(r"[^\W\d_]{2}", text) is not None and not _says_something(text.strip())
        if text.strip() and not is_note:
            break
        below += 1
        if below > MOST_NOTES:
            return 0
    return below


def _with_headings(layout: FileLayout, lines: Lines, records: Sequence[CsvRecord], asked: Format) -> FileLayout:
    """The layout, with what is known about headings."""
    width = layout.width
    rows = [record.fields[:width] for record in records]
    if not rows:
        raise DataError("file", "file_empty", 0)
    commented = _commented(layout, lines, records[0].start) if asked.header is not False else ()
    if commented and (asked.header or _is_sample(rows[0], rows[1:])):
        return replace(layout, format=replace(layout.format, header=True), headings=commented, in_comment=True)
    if _names_rows(records, width, asked):
        named = replace(layout.format, header=True)
        return replace(layout, format=named, headings=("", *rows[0]), has_row_names=True)
    header = asked.header if asked.header is not None else not _is_sample(rows[0], rows[1:])
    headings = tuple(rows[0]) if header else ()
    return replace(layout, format=replace(layout.format, header=header), headings=headings)


def _commented(layout: FileLayout, lines: Lines, first: int) -> tuple[str, ...]:
    """The fields of a comment right above the line with this number, if there are as many as the table has."""
    comment, delimiter = layout.format.comment, layout.format.delimiter
    assert delimiter is not None
    place = lines.numbers.index(first) - 1
    if not comment or place < 0 or not lines.texts[place].lstrip().startswith(comment):
        return ()
    inner = lines.texts[place].lstrip().removeprefix(comment)
    fields = next((record.fields for record in records_of(Lines([inner], [1]), delimiter)), [])
    return tuple(field.strip() for field in fields) if len(fields) == layout.width else ()


def table_of(lines: Lines, layout: FileLayout) -> Iterator[list[str]]:
    """The fields of every line of data, as many in each.

    Raises:
        DataError: `file_ragged`, `file_quote`, `file_field` or `file_cells`.
    """
    asked, width = layout.format, layout.width
    assert asked.delimiter is not None
    table = lines.between(asked.above or 0, asked.below or 0).without(asked.comment or "")
    odd: bool | None = None
    skipped = asked.header and not layout.in_comment
    for count, record in enumerate(records_of(table, asked.delimiter)):
        fields = record.fields
        if len(fields) != width or record.is_open:
            if skipped and not count and layout.has_row_names and not record.is_open:
                continue
            if record.is_open or (len(fields) < width or any(fields[width:])):
                if odd is None:
                    odd = sum(text.count('"') for text in table.texts) % 2 == 1
                # A mark that opens by mistake is closed by the next one, lines below, and what opens there is not.
                if record.is_open or (record.end > record.start and odd):
                    raise DataError("file", "file_quote", record.start)
                raise DataError("file", "file_ragged", len(fields), line=record.end, expected=width)
            fields = fields[:width]
        if skipped and not count:
            continue
        if count * width > MOST_CELLS:
            raise DataError("file", "file_cells", len(table.texts) * width, high=MOST_CELLS)
        yield fields


def sheet_layout(rows: Sequence[Sequence[str]], asked: Format) -> FileLayout:
    """The layout of a sheet: where its table begins, and whether its first row names the columns.

    Args:
        rows: its first rows, all of them of the same width.

    Raises:
        DataError: `file_empty`, `file_one_column` or `file_columns`.
    """
    width = len(rows[0]) if rows else 0
    if width < 2:
        raise DataError("file", "file_one_column" if width else "file_empty", width)
    if width > MOST_COLUMNS:
        raise DataError("file", "file_columns", width, high=MOST_COLUMNS)
    above = asked.above
    if above is None:  # titles and notes have one cell or two
        filled = [sum(1 for text in row if text.strip()) for row in rows]
        above = next((k for k, count in enumerate(filled) if count >= max(2, width / 2)), 0)
    table = rows[above:]
    if not table:
        raise DataError("file", "file_empty", 0)
    header = asked.header if asked.header is not None else not _is_sample(table[0], table[1:])
    said = replace(asked, above=above, below=asked.below or 0, header=header, delimiter="", comment="", encoding="")
    return FileLayout(said, width, tuple(table[0]) if header else ())


def _is_sample(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a first line is data already, by what stands below its cells.

    A number above numbers, and a word that comes again, speak for it; a word above numbers speaks against it. Years one after
    the other, or 0, 1, 2, …, are headings.
    """
    present = {k: text for k, field in enumerate(first) if not _is_missing(text := field.strip())}
    columns = {k: [text for row in below if k < len(row) and not _is_missing(text := row[k].strip())] for k in present}
    numeric = {k for k, texts in columns.items() if 2 * sum(map(_is_number, texts[:LINES])) > len(texts[:LINES]) > 0}
    units = {k: Counter(bare(text)[1] for text in columns[k][:LINES]).most_common(1)[0][0] for k in numeric}
    numbers = {k: text for k, text in present.items() if k in numeric and _is_number(text) and bare(text)[1] == units[k]}
    if _count_up(list(numbers.values())) or _go_up(numbers, columns):
        return False
    again = {k for k, text in present.items() if k not in numeric and text in columns[k]}
    against = len(numeric) - len(numbers)
    if numbers or against:
        return len(numbers) + len(again) > against
    return 0 < len(present) <= 2 * len(again)


def _count_up(texts: Sequence[str]) -> bool:
    """Whether these are headings: years one after the other, or the numbers of the columns."""
    if len(texts) >= 2 and all(map(_YEAR.fullmatch, texts)):
        return {int(after) - int(before) for before, after in pairwise(texts)} in ({1}, {-1})
    return len(texts) >= 4 and list(texts) in ([str(k) for k in range(first, first + len(texts))] for first in (0, 1))


def _go_up(numbers: Mapping[int, str], columns: Mapping[int, Sequence[str]]) -> bool:
    """Whether these are headings: three whole numbers or more, equally far apart, most of them beyond their columns."""
    if len(numbers) < 3 or not all(text.isdecimal() for text in numbers.values()):
        return False
    values = [int(text) for text in numbers.values()]
    if len({after - before for before, after in pairwise(values)}) != 1 or values[0] == values[1]:
        return False
    strange = 0
    for k, value in zip(numbers, values, strict=True):
        below = [number for text in columns[k][:LINES] if (number := number_of(text, ".")) is not None]
        strange += not below or not min(below) <= value <= max(below)
    return 2 * strange > len(values)


def _is_number(text: str) -> bool:
    return any(number_of(text, decimal) is not None for decimal in (".", ","))


def _is_missing(text: str) -> bool:
    lower = text.lower()
    return lower in MISSING or lower in DASHES or lower in AMONG_NUMBERS or lower in INFINITE
