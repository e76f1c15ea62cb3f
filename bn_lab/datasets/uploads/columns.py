"""Columns of a visitor's table: what kind of values they hold."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise
from sys import getsizeof
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bn_lab.datasets.uploads.cells import (
    BOOLEANS,
    INFINITE,
    NO_NUMBER,
    are_booleans,
    are_numbers,
    bare,
    between,
    is_date,
    number_of,
    numbers_of,
    stands_for_nothing,
    unify_signs,
    without_unit,
)
from bn_lab.datasets.uploads.format import AskedKind
from bn_lab.datasets.uploads.limits import LONGEST_MARKER, MOST_CATEGORIES

Kind = Literal["numeric", "boolean", "categorical", "date", "mixed", "text", "constant", "empty"]
"""What a column holds. `mixed` is numbers and other things; `text` has too many different values for categories."""

USABLE: tuple[Kind, ...] = ("numeric", "boolean", "categorical")
"""Kinds from which networks can learn, and which they can be asked to tell."""

FEWEST_NUMBERS = 5
"""Different texts from which on a single word among numbers may stand for a missing value."""

PROBED = 50
"""Texts that say whether it is worth while to look at all for numbers."""

MOST_NUMBERED = 10
"""Different numbers at most that are taken for names of categories where a few other texts stand among them."""

HEAD = 5
"""Rows of which the text is kept."""

LONGEST = 80
"""Characters that are kept of a name or of a cell to show."""

MOST_SHOWN = 2000
"""Texts among which one to be shown is looked for."""

MOST_SPELLINGS = 50
"""Different spellings of a missing value that are kept."""

ID_NAMES = frozenset(("id", "no", "nr", "num", "number", "index", "idx", "key", "rowid", "rownum", "row", "unnamed0", "번호",
                      "순번", "일련번호", "아이디", "학번", "연번", "인덱스"))  # fmt: skip
"""What columns are called that number the rows, letters and digits only."""

ENDS_IN_ID = re.compile(r"(?:^|[\W_])[iI][dD]$|[a-z]ID$|번호$")
"""What else such names end in: `user_id`, `userID`."""

DATE_NAMES = re.compile(r"date|day|time|month|일자|날짜|일시|시각|년월|연월|기준일", re.IGNORECASE)
"""What is in names of columns whose whole numbers may be dates such as 20240131."""


@dataclass(frozen=True)
class Suspect:
    """A text that may stand for a missing value, which only somebody who knows the data can say.

    Attributes:
        text: a number such as -200, or the only word among numbers.
        count: how many cells say it.
    """

    text: str
    count: int


@dataclass(frozen=True, eq=False)
class Column:
    """One column of N cells; its arrays are read-only.

    Attributes:
        name: its heading, or `#3` where it has none; no other column's.
        kind: what it holds.
        present: how many cells hold anything.
        distinct: how many different values.
        head: the first few cells as text, shortened.
        numbers: (N,) float64, NaN where nothing is: of numeric columns, and 0 and 1 of boolean ones.
        codes: (N,) int32, indices of `texts`, -1 where nothing is: of categorical and boolean columns.
        texts: the different cells of these, in order.
        unit: what stands at all numbers, such as `%` or `km/h`.
        is_id: whether it seems only to number or to name the rows.
        grouped: the signs that stand between thousands in its numbers.
        has_minus: whether its numbers have the minus of typesetters, `−` or `–`, or stand in brackets where they are negative.
        missing: the spellings of missing values in it, 50 at most.
        stray: of mixed columns, a cell by which it is not one of numbers.
        infinite: how many cells say infinity, and count as missing.
        suspect: what may stand for a missing value.
    """

    name: str
    kind: Kind
    present: int
    distinct: int
    head: tuple[str, ...]
    numbers: NDArray[np.float64] | None = None
    codes: NDArray[np.int32] | None = None
    texts: tuple[str, ...] = ()
    unit: str = ""
    is_id: bool = False
    grouped: str = ""
    has_minus: bool = False
    missing: tuple[str, ...] = ()
    stray: str = ""
    infinite: int = 0
    suspect: Suspect | None = None

    def __post_init__(self) -> None:
        for array in (self.numbers, self.codes):
            if array is not None:
                array.setflags(write=False)

    @property
    def full_name(self) -> str:
        """Its name with the unit of its numbers."""
        return f"{self.name} ({self.unit})" if self.unit and f"({self.unit})" not in self.name else self.name

    @property
    def is_usable(self) -> bool:
        """Whether networks can learn from it or be asked to tell it."""
        return self.kind in USABLE

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers only."""
        return self.kind == "numeric" and bool((self.numbers[self.is_present] % 1 == 0).all())  # type: ignore[index]

    @property
    def is_present(self) -> NDArray[np.bool_]:
        """(N,), where there is a value; of usable columns."""
        if self.codes is not None:
            return np.asarray(self.codes >= 0)
        assert self.numbers is not None
        return ~np.isnan(self.numbers)

    @property
    def memory(self) -> int:
        """Bytes that it takes."""
        return sum(array.nbytes for array in (self.numbers, self.codes) if array is not None) + sum(map(getsizeof, self.texts))


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of one column: different texts in order of appearance, those that stand for nothing apart.

    Attributes:
        codes: (N,) int32, indices of `texts`, -1 where nothing is.
        texts: the different texts that say something.
        missing: the different ones that stand for nothing, in order of the alphabet.
        head: the first few as they are.
    """

    codes: NDArray[np.int32]
    texts: list[str]
    missing: tuple[str, ...]
    head: tuple[str, ...]

    @property
    def present(self) -> int:
        """How many say something."""
        return int(np.count_nonzero(self.codes >= 0))

    def but(self, nothing: Set[str]) -> Cells:
        """The same, with these texts among those that stand for nothing."""
        if not nothing:
            return self
        says = np.array([text not in nothing for text in self.texts], bool)
        places = np.append(np.where(says, np.cumsum(says) - 1, -1), -1).astype(np.int32)  # the last for the code -1
        texts = [text for text, yes in zip(self.texts, says, strict=True) if yes]
        return Cells(places[self.codes], texts, tuple(sorted({*self.missing, *nothing})), self.head)


def cells_of(column: Sequence[str], markers: Set[str] = frozenset(), *, are_classes: bool = False) -> Cells:
    """The cells of a column of texts.

    Args:
        column: the texts, with or without spaces around them.
        markers: what else stands for a missing value.
        are_classes: whether somebody said that these are categories: then only nothing, and what else was said, is missing.
    """
    index: defaultdict[str, int] = defaultdict()
    index.default_factory = index.__len__  # a text that is new gets the next number
    codes = np.fromiter(map(index.__getitem__, column), np.int32, len(column))
    index.default_factory = None  # else it refers to itself, and stays until garbage is collected
    stripped = dict.fromkeys(map(str.strip, index))
    if len(stripped) < len(index):  # some differ by spaces only
        order = {text: k for k, text in enumerate(stripped)}
        codes = np.array([order[text.strip()] for text in index], np.int32)[codes]
    head = tuple(text.strip()[:LONGEST] for text in column[:HEAD])
    nothing = {"", *markers}.intersection(stripped) if are_classes else stands_for_nothing(stripped, markers)
    return Cells(codes, list(stripped), (), head).but(nothing)


_WHOLE_MONEY = re.compile(r"^-?\d{1,3}(?:,\d{3})*\s?(?:원|만원|천원|억원|円|元)$|^(?:₩|￦|¥|KRW|JPY)\s?-?\d{1,3}(?:,\d{3})*$")
"""Sums in currencies, or in units of them, that have no decimals."""


def decimal_of(columns: Sequence[Sequence[str]], delimiter: str, thousands: str | None = None) -> str:
    """The decimal separator, `.` or `,`: the one by which more columns are numbers.

    Where both would do, as with 1,234, it is a comma in a file that has semicolons, and else stands between thousands.

    Args:
        columns: some cells of each column.
        delimiter: what separates the fields.
        thousands: what stands between thousands, if somebody said so.
    """
    numeric, with_commas = {".": 0, ",": 0}, False
    for column in columns:
        texts = cells_of(column).texts
        together = "".join(texts)
        if "." in together or "," in together:
            fits = [decimal for decimal in numeric if _mostly_numbers(texts, decimal, thousands)]
            if len(fits) == 2 and all(map(_WHOLE_MONEY.search, texts)):
                fits = ["."]  # money without decimals
            for decimal in fits:
                numeric[decimal] += 1
            with_commas |= "," in together and bool(fits)
    if numeric["."] == numeric[","]:
        return "," if delimiter == ";" and with_commas else "."
    return max(numeric, key=numeric.__getitem__)


def _mostly_numbers(texts: Sequence[str], decimal: str, thousands: str | None) -> bool:
    """Whether nine of ten different texts are numbers: some may stand for nothing in words that nobody knows."""
    between_thousands = between(decimal, thousands)
    if decimal in between_thousands:
        return False
    if numbers_of(texts, decimal, between_thousands) is not None:
        return True
    few = are_numbers(texts[:PROBED], decimal, thousands)
    if 2 * sum(few) < len(few):
        return False
    return sum(are_numbers(texts, decimal, thousands)) >= 0.9 * len(texts)


def column_of(name: str, cells: Cells, decimal: str, thousands: str | None = None, asked: AskedKind | None = None) -> Column:
    """What a column holds.

    Args:
        name: its heading.
        cells: what stands in it.
        decimal: the decimal separator.
        thousands: what stands between thousands, if somebody said so.
        asked: what it holds, if somebody said so; other cells than numbers then stand for nothing.
    """
    if asked == "categorical":
        return _categorical(name, cells) if 2 <= len(cells.texts) <= MOST_CATEGORIES else _column(name, cells, "text")
    if asked == "numeric":
        cells = _numbers_only(cells, decimal, thousands)
    if len(cells.texts) < 2:
        return _column(name, cells, "constant" if cells.texts else "empty")
    if (column := _as_numbers(name, cells, decimal, thousands)) is not None:
        return column
    if len(cells.texts) <= MOST_SPELLINGS and are_booleans(cells.texts):
        return _boolean(name, cells)
    if all(map(is_date, cells.texts)):
        return _column(name, cells, "date")
    # Words that stand for nothing among numbers, and infinity.
    nothing = set[str]()
    if not NO_NUMBER.isdisjoint(map(str.lower, cells.texts)):
        nothing = {text for text in cells.texts if text.lower() in NO_NUMBER}
    if nothing and len(cells.texts) > len(nothing) + 1:
        fewer = cells.but(nothing)
        if (column := _as_numbers(name, fewer, decimal, thousands)) is not None:
            infinite = {text for text in nothing if text.lower() in INFINITE}
            codes = [k for k, text in enumerate(cells.texts) if text in infinite]
            return replace(column, infinite=int(np.isin(cells.codes, codes).sum()))
    return _of_texts(name, cells, decimal, thousands)


def _of_texts(name: str, cells: Cells, decimal: str, thousands: str | None) -> Column:
    """A column of which not all cells are numbers."""
    texts = cells.texts
    probed = texts[:: max(1, len(texts) // PROBED)]
    if len(texts) > MOST_CATEGORIES and 10 * sum(are_numbers(probed, decimal, thousands)) < len(probed):
        return _column(name, cells, "text")
    is_number = np.array(are_numbers(texts, decimal, thousands))
    but_few = _are_numbers_but_few(cells, is_number)
    if len(texts) <= MOST_CATEGORIES and 3 * len(texts) <= 2 * cells.present and not but_few:
        return replace(_categorical(name, cells), suspect=_only_word(cells, is_number))
    if but_few or 2 * np.count_nonzero(is_number) >= len(texts):
        return replace(_column(name, cells, "mixed"), stray=_stray(texts, is_number), suspect=_only_word(cells, is_number))
    return _column(name, cells, "text")


def _column(name: str, cells: Cells, kind: Kind, distinct: int | None = None, **more: Any) -> Column:
    """A column of these cells, which have as many different values as texts unless it is said."""
    missing = tuple(text[:LONGEST] for text in cells.missing[:MOST_SPELLINGS])
    return Column(name, kind, cells.present, distinct or len(cells.texts), cells.head, missing=missing, **more)


def _numbers_only(cells: Cells, decimal: str, thousands: str | None) -> Cells:
    """Without what is no number, or has another unit than most."""
    if numbers_of(cells.texts, decimal, between(decimal, thousands)) is not None:
        return cells
    units = {text: bare(text)[1] for text in cells.texts if number_of(text, decimal, thousands) is not None}
    most = Counter(units.values()).most_common(1)[0][0] if units else ""
    return cells.but({text for text in cells.texts if units.get(text) != most})


def _are_numbers_but_few(cells: Cells, is_number: NDArray[np.bool_]) -> bool:
    """Whether four of five cells are numbers, and these too many to be names of categories."""
    count = np.count_nonzero(is_number[cells.codes[cells.codes >= 0]])
    return bool(count >= 0.8 * cells.present and np.count_nonzero(is_number) > MOST_NUMBERED)


def _only_word(cells: Cells, is_number: NDArray[np.bool_]) -> Suspect | None:
    """The one text among numbers that is none; None where there is another number of them."""
    (others,) = np.nonzero(~is_number)
    if len(others) != 1 or len(cells.texts) < FEWEST_NUMBERS or len(cells.texts[others[0]]) > LONGEST_MARKER:
        return None
    return Suspect(cells.texts[others[0]], int(np.count_nonzero(cells.codes == others[0])))


def _stray(texts: Sequence[str], is_number: NDArray[np.bool_]) -> str:
    """A cell by which a column is not one of numbers: one that is none, else one with another unit than most."""
    if not is_number.all():
        return texts[int(np.argmin(is_number))][:LONGEST]
    units = [bare(text)[1] for text in texts[:MOST_SHOWN]]
    ((most, _),) = Counter(units).most_common(1)
    return next((text for text, unit in zip(texts, units, strict=False) if unit != most), texts[-1])[:LONGEST]


def _as_numbers(name: str, cells: Cells, decimal: str, thousands: str | None) -> Column | None:
    """A column of numbers; None where not all of its cells are some."""
    signs = between(decimal, thousands)
    if (with_unit := numbers_of(cells.texts, decimal, signs)) is None:
        return None
    values, unit = with_unit
    numbers = np.append(np.array(values), np.nan)[cells.codes]
    distinct = len(set(values))
    if distinct < 2:
        return _column(name, cells, "constant", distinct, unit=unit)
    if DATE_NAMES.search(name) and (_are_days(values) or _are_days([100 * v + 1 for v in values])):
        return _column(name, cells, "date", distinct, unit=unit)
    joined = "".join(cells.texts)
    together = set(unify_signs(joined))
    grouped = "".join(sign for sign in signs if sign in together and sign not in unit)
    if unit and " " in grouped and " " not in unify_signs("\n".join(without_unit(cells.texts, unit))):
        grouped = grouped.replace(" ", "")  # it only stands before the unit
    return _column(
        name,
        cells,
        "numeric",
        distinct,
        numbers=numbers,
        unit=unit,
        is_id=_numbers_rows(name, cells, numbers),
        grouped=grouped,
        has_minus=any(sign in joined for sign in "−–("),
        suspect=_sentinel(cells, numbers),
    )


def _are_days(values: Sequence[float]) -> bool:
    """Whether these are days as 20240131."""
    return all(19_000_101 <= v <= 20_991_231 and 1 <= v // 100 % 100 <= 12 for v in values)


def _sentinel(cells: Cells, numbers: NDArray[np.float64]) -> Suspect | None:
    """A number that seems to stand for a missing value, such as -200 or 9999: round, there more than once, and further from
    all others than these are from each other."""
    present = numbers[~np.isnan(numbers)]
    low, high = present.min(), present.max()
    for extreme, sign in ((low, 1.0), (high, -1.0)):
        if not (float(extreme).is_integer() and _SENTINEL.fullmatch(f"{abs(int(extreme))}")):
            continue
        rest = present[present != extreme]
        count = len(present) - len(rest)
        if count < 2 or len(rest) < count or len(np.unique(rest)) < FEWEST_NUMBERS:
            continue
        gap = (rest * sign).min() - extreme * sign
        if gap > max(rest.max() - rest.min(), 1.0):
            return Suspect(cells.texts[cells.codes[int(np.argmax(numbers == extreme))]], count)
    return None


_SENTINEL = re.compile(r"9{2,}|[1-9]0{2,}|9{2,}0+|1", re.ASCII)
"""What numbers that stand for a missing value look like, without their sign: 99, 9999, 200, 1000, 99900, and -1."""


def _numbers_rows(name: str, cells: Cells, numbers: NDArray[np.float64]) -> bool:
    """Whether whole numbers are all different as they are written, and go up by one from row to row or are called like it."""
    if np.isnan(numbers).any() or (numbers % 1).any() or len(cells.texts) < len(numbers):
        return False
    called = re.sub(r"[\W_]", "", name.lower()) in ID_NAMES or ENDS_IN_ID.search(name) is not None
    # Long numbers as they are written, since floats of more than 15 digits may be one and the same.
    exact = map(_whole, cells.texts, numbers.tolist())
    return called or all(after - before == 1 for before, after in pairwise(exact))


def _whole(text: str, value: float) -> int:
    return int(text) if text.isdecimal() and len(text) < LONGEST else int(value)


def _boolean(name: str, cells: Cells) -> Column:
    says = np.append([float(BOOLEANS[text.lower()]) for text in cells.texts], np.nan)
    numbers = says[cells.codes]
    spelled = tuple(min(text for text in cells.texts if BOOLEANS[text.lower()] is yes) for yes in (False, True))
    codes = np.where(np.isnan(numbers), -1, numbers).astype(np.int32)
    return _column(name, cells, "boolean", 2, numbers=numbers, codes=codes, texts=spelled)


def _categorical(name: str, cells: Cells) -> Column:
    order = np.argsort(np.array(cells.texts, dtype=object), kind="stable")
    rank = np.empty(len(order) + 1, np.int32)
    rank[order], rank[-1] = np.arange(len(order)), -1
    texts = tuple(cells.texts[k] for k in order)
    return _column(name, cells, "categorical", codes=rank[cells.codes], texts=texts)
