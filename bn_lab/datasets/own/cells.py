"""What a single cell says: nothing, a number, yes or no, a date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

MISSING = frozenset(("", "-", "--", ".", "..", "?", "na", "n/a", "#na", "#n/a", "nan", "null", "none", "nil", "결측", "결측치",
                     "#div/0!", "#value!", "#ref!", "#num!", "#name?", "#null!"))  # fmt: skip
"""Small letters of what stands for a missing value: nothing, the usual words and signs, and errors of spreadsheets."""

BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("false", "no", "n", "f", "off", "아니오", "아니요", "거짓", "무", "x"), False),
    **dict.fromkeys(("true", "yes", "y", "t", "on", "예", "네", "참", "유", "o"), True),
}
"""Small letters of yes and no."""

PAIRS = (("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"), ("off", "on"), ("아니오", "예"), ("아니요", "예"),
         ("아니오", "네"), ("아니요", "네"), ("거짓", "참"), ("무", "유"), ("x", "o"))  # fmt: skip
"""No and yes as they belong together."""

UNITS = "%$€£¥₩￦원"
"""Signs of a unit that may stand before or behind the numbers of a column."""

LONGEST_MISSING = max(map(len, MISSING))

HIGHEST = 3.4e38
"""Where the numbers of networks, float32, end."""

_DATE = re.compile(
    r"(?:"
    r"\d{4}\s?[-/.년]\s?\d{1,2}(?:\s?[-/.월]\s?\d{1,2}\s?[.일]?|\s?월)?"  # 2024-01-31, 2024. 1. 31., 2024년 1월 31일, 2024-01
    r"|\d{1,2}[-/.]\s?\d{1,2}[-/.]\s?\d{2,4}"  # 31.01.2024, 1/31/24
    r"|\d{1,2}[- ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[- ,]+\d{2,4}"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[- ]\d{1,2}[- ,]+\d{2,4}"
    r")?"
    r"[ t]*(?:(?:오전|오후)?\s?\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:am|pm)?(?:z|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE | re.ASCII,
)


@cache
def _number(decimal: str) -> re.Pattern[str]:
    """A number with this decimal separator, the other one between thousands."""
    point, group = re.escape(decimal), re.escape("," if decimal == "." else ".")
    whole = rf"(?:[1-9]\d{{0,2}}(?:{group}\d{{3}})+|\d+)"
    return re.compile(rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def is_missing(text: str) -> bool:
    """Whether a cell stands for nothing."""
    return len(text) <= LONGEST_MISSING and text.lower() in MISSING


def number_of(text: str, decimal: str) -> float | None:
    """The number that a cell says, without a unit, or None: `1,234.5`, `-3`, `2e-3`."""
    found = _plain_numbers([text], decimal)
    return found[0] if found else None


def numbers_of(texts: Sequence[str], decimal: str) -> tuple[list[float], str] | None:
    """The numbers that cells say, and the unit that all of them have; None where one of them is none, or has another unit.

    They are numbers that networks can hold: beyond float32 there are none.
    """
    unit = bare(texts[0])[1] if texts else ""
    if not unit:
        plain: Sequence[str] = texts
    elif any(bare(text)[1] != unit for text in texts):
        return None
    else:
        plain = [bare(text)[0] for text in texts]
    found = _plain_numbers(plain, decimal)
    return None if found is None else (found, unit)


def _plain_numbers(texts: Sequence[str], decimal: str) -> list[float] | None:
    """All of them at once: a large file has a million different ones."""
    if not all(map(_number(decimal).fullmatch, texts)):
        return None
    joined = "\n".join(texts).replace("," if decimal == "." else ".", "").replace(decimal, ".")
    found = list(map(float, joined.split("\n"))) if texts else []
    return found if all(-HIGHEST <= value <= HIGHEST for value in found) else None


def bare(text: str) -> tuple[str, str]:
    """A cell without the signs of a unit around it, and these."""
    inner = text.strip(UNITS + " ")
    return inner, text.replace(inner, "", 1).strip() if inner else ""


def is_date(text: str) -> bool:
    """Whether a cell looks like a date or a time of day."""
    return 4 <= len(text) <= 40 and _DATE.fullmatch(text) is not None


def are_booleans(texts: Iterable[str]) -> bool:
    """Whether these cells are a word for yes and its word for no, in whatever letters."""
    return {text.lower() for text in texts} in [set(pair) for pair in PAIRS]
