"""`Format`: how a file is written, as far as somebody has said so; the reader finds out the rest."""

from __future__ import annotations

import codecs
import encodings as encodings_of_python
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import cache
from typing import Any, Literal

from bn_lab.datasets.uploads.errors import DataError
from bn_lab.datasets.uploads.limits import LONGEST_COMMENT, LONGEST_MARKER, MOST_MARKERS, MOST_SKIPPED

AskedKind = Literal["numeric", "categorical"]
"""What somebody may say that a column holds."""

SPACES = r"\s+"
"""A delimiter: any number of spaces and tabs, as one."""

NOT_TEXT = frozenset(("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"))
"""Encodings of Python that no file is written in, or that only one system has."""


@dataclass(frozen=True)
class Format:
    """How a file is written. What is None is found out.

    Attributes:
        encoding: Python's name of it.
        delimiter: what separates fields: one character, or `SPACES`.
        header: whether the first line of the table names the columns.
        above, below: lines that stand before and after the table, from 0 to `MOST_SKIPPED`.
        comment: how lines begin that do not belong to the table, of 1 to 3 characters; empty where there are none.
        decimal: the decimal separator, `.` or `,`.
        thousands: what stands between thousands, one character; empty where nothing does.
        sheet: of a workbook, which sheet, from 0.
        missing: further spellings of a missing value, of 1 to 20 characters.
        kinds: of single columns, by their index: what they hold.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    above: int | None = None
    below: int | None = None
    comment: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    sheet: int | None = None
    missing: tuple[str, ...] = ()
    kinds: tuple[tuple[int, AskedKind], ...] = ()

    def __post_init__(self) -> None:
        if self.encoding is not None:
            object.__setattr__(self, "encoding", name_of(self.encoding) or self.encoding)
        object.__setattr__(self, "missing", tuple(sorted(set(self.missing))))
        object.__setattr__(self, "kinds", tuple(sorted(dict(self.kinds).items())))


FOUND_OUT = Format()
"""Nothing was said, and all is found out."""


def check(asked: Format) -> None:
    """Whether files can be written like that.

    Raises:
        DataError: `format_encoding`, `format_delimiter`, `format_lines`, `format_comment`, `format_decimal`,
            `format_thousands`, `format_missing` or `format_same`.
    """
    for name, (is_right, rule, limits) in RULES.items():
        value = getattr(asked, name)
        if value is not None and not is_right(value):
            raise DataError(f"format.{name}", rule, value if isinstance(value, int) else len(value), **limits)
    if asked.encoding is not None and name_of(asked.encoding) is None:
        raise DataError("format.encoding", "format_encoding", len(asked.encoding))
    decimal, thousands = asked.decimal, asked.thousands
    if thousands and thousands == decimal:
        raise DataError("format.thousands", "format_same", len(thousands))


def _has_one(text: str) -> bool:
    return len(text) == 1 and text not in '"\r\n\0' and _is_whole(text)


def _is_whole(text: str) -> bool:
    """Whether a text is no part of one, which no file and no link can hold."""
    return all(not 0xD800 <= ord(letter) <= 0xDFFF for letter in text)


def _stands_between(thousands: str) -> bool:
    return not thousands or (_has_one(thousands) and not thousands.isalnum() and thousands not in "+-−")


def _is_count(lines: int) -> bool:
    return 0 <= lines <= MOST_SKIPPED


def _begins_comment(text: str) -> bool:
    return len(text) <= LONGEST_COMMENT and text.isprintable() and text == text.strip()


def _are_markers(texts: tuple[str, ...]) -> bool:
    return len(texts) <= MOST_MARKERS and all(0 < len(text) <= LONGEST_MARKER and _is_whole(text) for text in texts)


RULES: Mapping[str, tuple[Callable[[Any], bool], str, Mapping[str, int]]] = {
    "delimiter": (lambda text: text == SPACES or _has_one(text), "format_delimiter", {}),
    "above": (_is_count, "format_lines", {"high": MOST_SKIPPED}),
    "below": (_is_count, "format_lines", {"high": MOST_SKIPPED}),
    "comment": (_begins_comment, "format_comment", {"high": LONGEST_COMMENT}),
    "decimal": (lambda text: text in (".", ","), "format_decimal", {}),
    "thousands": (_stands_between, "format_thousands", {}),
    "missing": (_are_markers, "format_missing", {"high": MOST_MARKERS, "longest": LONGEST_MARKER}),
}
"""What each setting must be, the name of the rule, and its limits."""


def name_of(encoding: str) -> str | None:
    """Python's one name of an encoding of text; None where there is none."""
    return _names().get(normalize_encoding(encoding).lower())


@cache
def _names() -> dict[str, str]:
    """The names of encodings by all their names. Only those are looked up: Python remembers whatever it is asked for."""
    names: dict[str, str] = {}
    modules = {module.name: module.name for module in pkgutil.iter_modules(encodings_of_python.__path__)}
    for alias, target in {**modules, **aliases}.items():
        try:
            codec = codecs.lookup(target)
        except LookupError:  # of another system, or no encoding
            continue
        name = codec.name.replace("-", "_")
        if codec._is_text_encoding and name not in NOT_TEXT:
            names |= dict.fromkeys((alias, target, name), name)
    return names


@cache
def encodings() -> tuple[str, ...]:
    """All encodings of text that Python knows, in order of the alphabet."""
    return tuple(sorted(set(_names().values())))


# As a part of an id: pieces between hyphens, each a letter and what it says; text in hexadecimal digits of its UTF-8. The
# pattern stands in `bn_lab.experiment.UPLOADED`.

LETTERS = {"encoding": "e", "delimiter": "d", "header": "h", "above": "a", "below": "b", "comment": "c", "decimal": "p",
           "thousands": "t", "sheet": "s"}  # fmt: skip


def pieces_of(asked: Format) -> list[str]:
    """What was said, for an id; nothing where nothing was."""
    values = {name: getattr(asked, name) for name in LETTERS if name != "encoding"}
    pieces = [f"e{asked.encoding}"] if asked.encoding is not None else []
    pieces += [f"{LETTERS[name]}{_written(value)}" for name, value in values.items() if value is not None]
    pieces += [f"m{_written(text)}" for text in asked.missing]
    return [*pieces, *(f"k{index}{kind}" for index, kind in asked.kinds)]


def format_of(pieces: list[str]) -> Format:
    """What the pieces of an id say."""
    names = {letter: name for name, letter in LETTERS.items()}
    values: dict[str, Any] = {names[piece[0]]: _read(piece[0], piece[1:]) for piece in pieces if piece[0] in names}
    missing = tuple(_text(piece[1:]) for piece in pieces if piece[0] == "m")
    kinds = (re.fullmatch(r"k([0-9]+)([a-z]+)", piece) for piece in pieces)
    return Format(**values, missing=missing, kinds=tuple((int(k[1]), k[2]) for k in kinds if k is not None))  # type: ignore[misc]


def _written(value: str | int) -> str:
    return value.encode("utf-8", "replace").hex() if isinstance(value, str) else str(int(value))


def _read(letter: str, text: str) -> str | int | bool:
    if letter == "h":
        return text == "1"
    if letter in "abs":
        return int(text)
    return text if letter == "e" else _text(text)


def _text(digits: str) -> str:
    return bytes.fromhex(digits).decode("utf-8", "replace")
