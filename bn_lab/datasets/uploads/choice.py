"""`DataChoice`: what is made of a file; with the file's hash it is the id of a data set, and an id says no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from bn_lab.datasets.tables import Task
from bn_lab.datasets.uploads.format import FOUND_OUT, Format, format_of, pieces_of
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
