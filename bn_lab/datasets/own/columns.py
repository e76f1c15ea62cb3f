"""Columns of a visitor's table: what kind of values they hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bn_lab.datasets.own.cells import BOOLEANS, are_booleans, bare, is_date, is_missing, number_of, numbers_of

Kind = Literal["numeric", "boolean", "categorical", "date", "mixed", "text", "constant", "empty"]
"""What a column holds. `mixed` is numbers and other things; `text` has too many different values for categories."""

USABLE: tuple[Kind, ...] = ("numeric", "boolean", "categorical")
"""Kinds from which networks can learn, and which they can be asked to tell."""

MOST_CATEGORIES = 50
"""Different values of a column of categories at most."""

MOST_NUMBERED = 10
"""Different numbers at most that are taken for names of categories where a few other texts stand among them."""

HEAD = 5
"""Rows of which the text is kept."""

LONGEST = 80
"""Characters that are kept of a name or of a cell to show."""

ID_NAMES = frozenset(("id", "no", "nr", "num", "number", "index", "idx", "key", "rowid", "rownum", "row", "unnamed0", "번호",
                      "순번", "일련번호", "아이디", "학번", "연번", "인덱스"))  # fmt: skip
"""What columns are called that number the rows, letters and digits only."""

DATE_NAMES = re.compile(r"date|day|time|일자|날짜|일시|시각|년월일", re.IGNORECASE)


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
        unit: the sign that stands at all numbers, such as `%`.
        is_id: whether it seems only to number the rows.
        grouped: whether thousands are set apart in its numbers.
        missing: the spellings of missing values in it.
        stray: of mixed columns, a cell by which it is not one of numbers.
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
    grouped: bool = False
    missing: tuple[str, ...] = ()
    stray: str = ""

    def __post_init__(self) -> None:
        for array in (self.numbers, self.codes):
            if array is not None:
                array.setflags(write=False)

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
        return sum(array.nbytes for array in (self.numbers, self.codes) if array is not None)


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


def cells_of(column: pd.Series) -> Cells:
    """The cells of a column of text."""
    codes, uniques = pd.factorize(column)
    found: list[str] = uniques.tolist()
    says = np.array([not is_missing(text) for text in found], bool)
    places = np.append(np.where(says, np.cumsum(says) - 1, -1), -1).astype(np.int32)  # the last for the code -1
    return Cells(
        codes=places[codes],
        texts=[text for text, yes in zip(found, says, strict=True) if yes],
        missing=tuple(sorted(text for text, yes in zip(found, says, strict=True) if not yes)),
        head=tuple(str(text)[:LONGEST] for text in column[:HEAD]),
    )


def decimal_of(columns: Sequence[Cells], delimiter: str) -> str:
    """The decimal separator, `.` or `,`: the one by which more columns are numbers.

    Where both would do, as with 1,234, it is a comma in a file that has semicolons, and else stands between thousands.
    """
    numeric, with_commas = {".": 0, ",": 0}, False
    for cells in columns:
        together = "".join(cells.texts)
        if "." in together or "," in together:
            fits = [decimal for decimal in numeric if numbers_of(cells.texts, decimal) is not None]
            for decimal in fits:
                numeric[decimal] += 1
            with_commas |= "," in together and bool(fits)
    if numeric["."] == numeric[","]:
        return "," if delimiter == ";" and with_commas else "."
    return max(numeric, key=numeric.__getitem__)


def column_of(name: str, cells: Cells, decimal: str) -> Column:
    """What a column holds."""
    texts = cells.texts
    common: dict[str, Any] = {"present": cells.present, "distinct": len(texts), "head": cells.head, "missing": cells.missing}
    if len(texts) < 2:
        return Column(name, "constant" if texts else "empty", **common)
    if (found := numbers_of(texts, decimal)) is not None:
        return _numeric(name, cells, *found, decimal, common)
    if are_booleans(texts):
        return _boolean(name, cells, common)
    if all(map(is_date, texts)):
        return Column(name, "date", **common)
    is_number = np.array([number_of(bare(text)[0], decimal) is not None for text in texts])
    but_few = _are_numbers_but_few(cells, is_number)
    if len(texts) <= MOST_CATEGORIES and len(texts) < cells.present and not but_few:
        return _categorical(name, cells, common)
    if but_few or 2 * np.count_nonzero(is_number) >= len(texts):
        return Column(name, "mixed", stray=_stray(texts, is_number), **common)
    return Column(name, "text", **common)


def _are_numbers_but_few(cells: Cells, is_number: NDArray[np.bool_]) -> bool:
    """Whether nine of ten cells are numbers, and these too many to be names of categories."""
    count = np.count_nonzero(is_number[cells.codes[cells.codes >= 0]])
    return bool(count >= 0.9 * cells.present and np.count_nonzero(is_number) > MOST_NUMBERED)


def _stray(texts: Sequence[str], is_number: NDArray[np.bool_]) -> str:
    """A cell by which a column is not one of numbers: one that is none, else one with another unit than most."""
    if not is_number.all():
        return texts[int(np.argmin(is_number))][:LONGEST]
    units = [bare(text)[1] for text in texts]
    ((most, _),) = Counter(units).most_common(1)
    return next(text for text, unit in zip(texts, units, strict=True) if unit != most)[:LONGEST]


def _numeric(name: str, cells: Cells, values: list[float], unit: str, decimal: str, common: dict[str, Any]) -> Column:
    numbers = np.append(np.array(values), np.nan)[cells.codes]
    distinct = len(set(values))
    common |= {"distinct": distinct, "numbers": numbers, "unit": unit}
    common["grouped"] = ("," if decimal == "." else ".") in "".join(cells.texts)
    if distinct < 2:
        return Column(name, "constant", **common | {"numbers": None})
    if DATE_NAMES.search(name) and all(19_000_101 <= v <= 20_991_231 and 1 <= v // 100 % 100 <= 12 for v in values):
        return Column(name, "date", **common | {"numbers": None})
    return Column(name, "numeric", is_id=_numbers_rows(name, cells, numbers), **common)


def _numbers_rows(name: str, cells: Cells, numbers: NDArray[np.float64]) -> bool:
    """Whether whole numbers are all different as they are written, and go up by one from row to row or are called like it."""
    if np.isnan(numbers).any() or (numbers % 1).any() or len(cells.texts) < len(numbers):
        return False
    called = re.sub(r"[\W_]", "", name.lower()) in ID_NAMES or re.search(r"(?i)(?:^|[\W_])id$", name) is not None
    # Long numbers as they are written, since floats of more than 15 digits may be one and the same.
    exact = map(_whole, cells.texts, numbers.tolist())
    return called or all(after - before == 1 for before, after in pairwise(exact))


def _whole(text: str, value: float) -> int:
    return int(text) if text.isdecimal() and len(text) < LONGEST else int(value)


def _boolean(name: str, cells: Cells, common: dict[str, Any]) -> Column:
    says = np.append([float(BOOLEANS[text.lower()]) for text in cells.texts], np.nan)
    numbers = says[cells.codes]
    spelled = tuple(min(text for text in cells.texts if BOOLEANS[text.lower()] is yes) for yes in (False, True))
    codes = np.where(np.isnan(numbers), -1, numbers).astype(np.int32)
    return Column(name, "boolean", numbers=numbers, codes=codes, texts=spelled, **common | {"distinct": 2})


def _categorical(name: str, cells: Cells, common: dict[str, Any]) -> Column:
    order = np.argsort(np.array(cells.texts, dtype=object), kind="stable")
    rank = np.empty(len(order) + 1, np.int32)
    rank[order], rank[-1] = np.arange(len(order)), -1
    texts = tuple(cells.texts[k] for k in order)
    return Column(name, "categorical", codes=rank[cells.codes], texts=texts, **common)
