"""`DataChoice`: what is made of a file; with the file's hash it is the id of a data set, and an id says no more.

What is proposed for a file: the target, the task, and columns to leave out; the lesson's own tables are recognized.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from bn_lab.datasets.tables import Task
from bn_lab.datasets.uploads.columns import Column
from bn_lab.datasets.uploads.file import File
from bn_lab.datasets.uploads.format import FOUND_OUT, Format, format_of, pieces_of
from bn_lab.datasets.uploads.limits import MOST_CATEGORIES
from bn_lab.experiment import is_uploaded

Missing = Literal["dropped", "median"]
"""What is done about rows with missing values: left out, or filled with the column's median, or its most frequent value where
it holds no numbers."""

MISSING: tuple[Missing, ...] = ("dropped", "median")


@dataclass(frozen=True)
class DataChoice:
    """What to learn from a file.

    Attributes:
        target: index of the column to be predicted, from 0.
        task: whether it is a number or a class.
        missing: what is done about missing values of features; a row without a target is left out in any case.
        without: indices of columns not to learn from, ascending.
        format: how the file is written, as far as somebody said so.
    """

    target: int
    task: Task
    missing: Missing = "dropped"
    without: tuple[int, ...] = ()
    format: Format = FOUND_OUT


def id_of(digest: str, choice: DataChoice) -> str:
    """The `dataset` of an experiment on a visitor's own data."""
    without = "".join(f"-{index}" for index in choice.without)
    read = "".join(f"-{piece}" for piece in pieces_of(choice.format))
    name = f"own-{digest}-{choice.target}-{choice.task}-{choice.missing}"
    return name + (f"-without{without}" if without else "") + (f"-read{read}" if read else "")


def parsed(name: str) -> tuple[str, DataChoice]:
    """The file's hash and the choice that an id says."""
    assert is_uploaded(name)
    said, _, read = name.partition("-read-")
    _, digest, target, task, missing, *rest = said.split("-")
    without = tuple(sorted({int(index) for index in rest[1:]}))
    asked = format_of(read.split("-")) if read else FOUND_OUT
    return digest, DataChoice(int(target), cast("Task", task), cast("Missing", missing), without, asked)


FEW = 10
"""Different whole numbers up to which a column is proposed to be classes."""

TARGETS = ("target", "label", "class", "y", "species", "variety", "medv", "price", "output", "품종", "정답", "레이블", "라벨",
           "타깃", "타겟", "목표", "종속변수", "가격", "집값", "분류")  # fmt: skip
"""What targets are often called."""

BOSTON = frozenset(("crim", "zn", "indus", "chas", "nox", "rm", "age", "dis", "rad", "tax", "ptratio", "lstat", "medv"))
"""Headings of Boston housing; `b` may be missing."""

LENGTHS: Mapping[str, tuple[str, ...]] = {
    "sepal length": ("sepallength", "꽃받침길이"),
    "sepal width": ("sepalwidth", "꽃받침폭", "꽃받침너비"),
    "petal length": ("petallength", "꽃잎길이"),
    "petal width": ("petalwidth", "꽃잎폭", "꽃잎너비"),
}
"""Iris' measures and what they are called, without units, letters only."""

SPECIES = ("species", "variety", "class", "target", "label", "품종", "종")


@dataclass(frozen=True)
class Known:
    """A table of the lesson.

    Attributes:
        name: which.
        target: index of the column to be predicted.
        swapped: whether sepal and petal seem to have changed their headings, as in a copy of iris that goes around.
    """

    name: Literal["boston", "iris"]
    target: int
    swapped: bool = False


def known(file: File) -> Known | None:
    """Which of the lesson's tables a file seems to be, by its headings."""
    places = {_letters(column.name): k for k, column in enumerate(file.columns)}
    if places.keys() >= BOSTON:
        return Known("boston", places["medv"])
    lengths = {measure: _first(places, names) for measure, names in LENGTHS.items()}
    species = _first(places, SPECIES)
    if species is None or any(place is None for place in lengths.values()):
        return None
    sepal, petal = (file.columns[lengths[part] or 0].numbers for part in ("sepal length", "petal length"))
    if sepal is None or petal is None:
        return None
    return Known("iris", species, swapped=bool(np.nanmean(petal) > np.nanmean(sepal)))


def _letters(name: str) -> str:
    """A heading without case, unit and what is no letter: `Sepal.Length (cm)` is `sepallength`."""
    return re.sub(r"[\W_]|cm$", "", re.sub(r"\(?cm\)?\s*$", "", name.lower()))


def _first(places: Mapping[str, int], names: tuple[str, ...]) -> int | None:
    return next((places[name] for name in names if name in places), None)


def proposed(file: File, target: int | None = None) -> DataChoice | None:
    """What to try first, or for this target; None where no column can be one."""
    if target is None and (target := _target(file)) is None:
        return None
    ids = tuple(k for k, column in enumerate(file.columns) if column.is_id and k != target)
    return DataChoice(target, proposed_task(file.columns[target]), without=ids, format=file.asked)


def _target(file: File) -> int | None:
    """The target of a table of the lesson, else a column that is called like one, else the last that can be one."""
    lesson = known(file)
    if lesson is not None and _can_be_target(file.columns[lesson.target]):
        return lesson.target
    able = [k for k, column in enumerate(file.columns) if _can_be_target(column)]
    called = [k for k in able if file.columns[k].name.strip().lower() in TARGETS]
    return called[-1] if called else able[-1] if able else None


def _can_be_target(column: Column) -> bool:
    return column.is_usable and not column.is_id


def proposed_task(column: Column) -> Task:
    """Classification for words and for a few whole numbers, else regression."""
    if column.kind != "numeric":
        return "classification"
    return "classification" if column.distinct <= FEW and column.is_whole else "regression"


def possible_tasks(column: Column) -> tuple[Task, ...]:
    """The tasks that a column can be the target of."""
    if column.kind != "numeric":
        return ("classification",)
    return ("regression", "classification") if column.distinct <= MOST_CATEGORIES else ("regression",)
