"""What a single cell says: nothing, a number, yes or no, a date."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

MISSING = frozenset(("", "--", "..", "?", "na", "n/a", "n.a.", "n.a", "n. a.", "#na", "#n/a", "<na>", "nan", "null", "none",
                     "nil", "nat", "결측", "결측치", "#div/0!", "#value!", "#ref!", "#num!", "#name?", "#null!"))  # fmt: skip
"""Small letters of what stands for a missing value anywhere: nothing, the usual words and signs, and errors of spreadsheets."""

DASHES = frozenset(("-", "–", "—", "−", ".", "*"))
"""Signs that stand for a missing value unless they are one of two classes, as `-` is beside `+`."""

MINUS = frozenset(("-", "–", "−"))
"""Those that are also the class beside `+`."""

_GRADES = frozenset("+-–−±")
"""Signs of which such classes are made: `+`, `-`, `++`, `±`."""

AMONG_NUMBERS = frozenset(("unknown", "unk", "missing", "absent", "not available", "not applicable", "not measured", "no data",
                           "nodata", "n/d", "nd", "n.d.", "undefined", "k.a.", "keine angabe", "fehlt", "inconnu", "manquant",
                           "нет данных", "н/д", "不明", "欠測", "缺失", "未知", "없음", "모름", "미상", "미측정", "불명",
                           "해당없음", "해당 없음", "자료없음", "자료 없음"))  # fmt: skip
"""Small letters of words that stand for a missing value where all other cells are numbers; elsewhere they may be a category."""

INFINITE = frozenset(f"{sign}{word}" for sign in ("", "+", "-", "−") for word in ("inf", "infinity", "∞", "1.#inf"))
"""Small letters of infinity, which no network can learn from."""

NO_NUMBER = AMONG_NUMBERS | INFINITE
"""Small letters of what is left out of a column of numbers."""

BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("false", "no", "n", "f", "off", "아니오", "아니요", "거짓", "무", "x"), False),
    **dict.fromkeys(("true", "yes", "y", "t", "on", "예", "네", "참", "유", "o"), True),
}
"""Small letters of yes and no."""

PAIRS = (("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"), ("off", "on"), ("아니오", "예"), ("아니요", "예"),
         ("아니오", "네"), ("아니요", "네"), ("거짓", "참"), ("무", "유"), ("x", "o"))  # fmt: skip
"""No and yes as they belong together."""

SPACE, BLANKS = " ", "\u00a0\u202f\u2009\u2007"
"""A space, and those that keep a number on one line, which mean the same between thousands."""

THOUSANDS = (",", ".", SPACE, "'", "’")
"""What may stand between thousands."""

HIGHEST = 3.4e38
"""Where the numbers of networks, float32, end."""

MOST_JUDGED = 500
"""Texts of a column that are looked at one by one at most: a large file has millions."""

NUMBER_SIGNS = frozenset("0123456789+-.eE")
"""Signs of numbers that Python reads as they stand."""

_LETTER = r"(?:[^\W\d_]|[\u2100-\u214f\u3300-\u33ff])"  # also ℃, ㎡ and their like, which are signs
_BEHIND = re.compile(rf"(?<=\d)[ ]?((?:%|°|‰|{_LETTER}|[$€£¥₩￦₹Ωµμ])(?:{_LETTER}|[/·*^²³°%.\-]|(?<=[a-zA-Z/^])\d){{0,11}})$")
_BEFORE = re.compile(r"^([+\-−]?)((?:[$€£¥₩￦₹]|(?:US|R)\$|USD|EUR|GBP|KRW|JPY|CNY|CHF|INR|Rs\.?)[ ]?)(?=[\d.,+\-−])")
_BRACKETS = re.compile(r"^\(([^()\n]*\d[^()\n]*)\)$", re.MULTILINE)
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
def _number(decimal: str, thousands: str) -> re.Pattern[str]:
    """A number with this decimal separator, and any of these signs between thousands, in one number always the same."""
    point, groups = re.escape(decimal), "".join(map(re.escape, thousands))
    indian = r"|[1-9]\d?(?:,\d\d)+,\d{3}" if "," in thousands else ""
    whole = rf"(?:[1-9]\d{{0,2}}([{groups}])\d{{3}}(?:\1\d{{3}})*{indian}|\d+)" if thousands else r"(?:\d+)"
    return re.compile(rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def between(decimal: str, thousands: str | None = None) -> str:
    """The signs that may stand between thousands: the one that was said, or all but the decimal separator."""
    return "".join(sign for sign in THOUSANDS if sign != decimal) if thousands is None else thousands


def stands_for_nothing(texts: Mapping[str, object], markers: Collection[str] = ()) -> set[str]:
    """Which of the different cells of a column stand for a missing value wherever they are.

    Args:
        texts: has the different cells as keys.
        markers: what else stands for one.
    """
    nothing = {text for text in ("", *markers) if text in texts}
    if not MISSING.isdisjoint(map(str.lower, texts)):  # looked at first: there may be a million texts
        nothing |= {text for text in texts if text.lower() in MISSING}
    signs = DASHES.intersection(texts)
    rest = texts.keys() - nothing
    if signs and not (len(signs) == 1 and signs <= MINUS and "+" in rest and all(map(_GRADES.issuperset, rest))):
        nothing |= signs
    return nothing


def numbers_of(texts: Sequence[str], decimal: str, thousands: str) -> tuple[list[float], str] | None:
    """The numbers that cells say, and the unit that all of them have; None where one of them is none, or has another unit.

    They are numbers that networks can hold: beyond float32 there are none.

    Args:
        texts: cells, none of them missing.
        decimal: the decimal separator.
        thousands: the signs that may stand between thousands, see `between`.
    """
    if (values := _numbers_without_unit(texts, decimal, thousands)) is not None:
        return values, ""
    unit = bare(texts[0])[1] if texts else ""
    if not unit:
        return None
    inner = without_unit(texts, unit)
    values = _numbers_without_unit(inner, decimal, thousands) if len(inner) == len(texts) else None
    return None if values is None else (values, unit)


def without_unit(texts: Sequence[str], unit: str) -> list[str]:
    """What is beside the unit of cells that have it; of a unit that only ends like it, more is left than a number."""
    if unify_signs(texts[0]).endswith(unit):
        return [text[: -len(unit)].rstrip() for text in texts if text.endswith(unit)]
    return [number for number, other in map(bare, texts) if other == unit]


def _numbers_without_unit(texts: Sequence[str], decimal: str, thousands: str) -> list[float] | None:
    """All of them at once: a large file has millions of different ones."""
    joined = "\n".join(texts)
    signs = set(joined) - {"\n"}
    if not signs <= NUMBER_SIGNS or (decimal != "." and "." in signs):
        joined = unify_signs(joined)
        if not all(map(_number(decimal, thousands).fullmatch, joined.split("\n"))):
            return None
        for sign in thousands:
            joined = joined.replace(sign, "")
        joined = joined.replace(decimal, ".")
    try:
        values = list(map(float, joined.split("\n"))) if texts else []
    except ValueError:
        return None
    return values if all(-HIGHEST <= value <= HIGHEST for value in values) else None


def unify_signs(text: str) -> str:
    """A text in which one sign means one thing: the minus of keyboards for that of typesetters and for brackets around a
    number, one kind of space, and one of the two letters µ."""
    text = text.replace("−", "-").replace("–", "-").replace("μ", "µ")
    if "(" in text:  # as accountants write what is negative
        text = _BRACKETS.sub(r"-\1", text)
    for blank in BLANKS:
        text = text.replace(blank, SPACE)
    return text


def number_of(text: str, decimal: str, thousands: str | None = None) -> float | None:
    """The number that a cell says, with or without a unit, or None: `1,234.5`, `−3`, `2e-3`, `18.5 km`."""
    numbers = numbers_of([text], decimal, between(decimal, thousands))
    return numbers[0][0] if numbers else None


def bare(text: str) -> tuple[str, str]:
    """A cell without the unit before or behind its number, and this: `18.5 km` is `18.5` and `km`."""
    text = unify_signs(text)
    if (before := _BEFORE.match(text)) is not None:
        return before[1] + text[before.end() :].strip(), before[2].strip()
    if (behind := _BEHIND.search(text)) is not None and behind[1].lower() not in ("e", "nan", "inf"):
        return text[: behind.start()].strip(), behind[1]
    return text, ""


def are_numbers(texts: Sequence[str], decimal: str, thousands: str | None = None) -> list[bool]:
    """Which of these cells say a number, with or without a unit. Of more than 500 that are not digits alone the first 500 speak
    for all, since what a column of so many different texts holds does not depend on one."""
    fits = _number(decimal, between(decimal, thousands)).fullmatch
    # Without an exponent, and with so few digits, it is none beyond float32.
    says_number = [len(text) < 38 and "e" not in text.lower() and fits(text) is not None for text in texts]
    others = [k for k, is_number in enumerate(says_number) if not is_number]
    for k in others[:MOST_JUDGED]:
        says_number[k] = number_of(texts[k], decimal, thousands) is not None
    if len(others) > MOST_JUDGED and 2 * sum(says_number[k] for k in others[:MOST_JUDGED]) > MOST_JUDGED:
        for k in others[MOST_JUDGED:]:
            says_number[k] = True
    return says_number


def is_date(text: str) -> bool:
    """Whether a cell looks like a date or a time of day."""
    return 4 <= len(text) <= 40 and _DATE.fullmatch(text) is not None


def are_booleans(texts: Iterable[str]) -> bool:
    """Whether these cells are a word for yes and its word for no, in whatever letters."""
    return {text.lower() for text in texts} in [set(pair) for pair in PAIRS]
