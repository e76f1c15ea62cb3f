"""`Recipe`: how a program without the lab reads the same table from the same file, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from bn_lab.datasets.own.choice import parsed
from bn_lab.datasets.own.columns import LONGEST
from bn_lab.datasets.own.file import File
from bn_lab.datasets.own.table import plan
from bn_lab.datasets.tables import Task

Name = str | int


@dataclass(frozen=True)
class Recipe:
    """What a program has to know of a file. Columns are named as pandas names them where that is unmistakable, else by index.

    Attributes:
        encoding: Python's name. delimiter: as pandas takes it. skipped: lines before the table.
        header: whether there is a line of headings.
        columns: how many there are. is_named: whether they are called by their names.
        decimal: `.` or `,`; `grouped` says whether the other one stands between thousands.
        units: signs around numbers.
        missing: spellings of missing values in the columns used.
        target: the target; `task` and `outputs` say what of it is learned.
        true: small letters of yes, where the target is yes or no; empty elsewhere.
        numbers: features that are numbers. booleans: features of yes and no, with the small letters of yes.
        categories: features to be made one-hot.
        order: all features in the order of the file.
        keeps_gaps: whether rows with missing features stay. filled: whether there are such.
        samples: rows that are left. features: inputs.
    """

    encoding: str
    delimiter: str
    skipped: int
    header: bool
    columns: int
    is_named: bool
    decimal: str
    grouped: bool
    units: str
    missing: tuple[str, ...]
    target: Name
    target_kind: str
    task: Task
    outputs: int
    true: str
    numbers: tuple[Name, ...]
    booleans: tuple[tuple[Name, str], ...]
    categories: tuple[Name, ...]
    order: tuple[Name, ...]
    keeps_gaps: bool
    filled: bool
    samples: int
    features: int


def recipe(file: File, name: str) -> Recipe:
    """How to read the table of that id.

    Raises:
        DataError: as `table`.
    """
    _, choice = parsed(name)
    found = plan(file, choice)
    used = (*found.features, choice.target)
    by_name = _are_plain(file, used)
    names: list[Name] = [heading if by_name else k for k, heading in enumerate(file.headings or ("",) * len(file.columns))]
    kinds = {
        kind: [k for k in found.features if file.columns[k].kind == kind] for kind in ("numeric", "boolean", "categorical")
    }
    target = file.columns[choice.target]
    numeric = [file.columns[k] for k in used if file.columns[k].kind == "numeric"]
    return Recipe(
        encoding=file.encoding,
        delimiter=file.layout.delimiter,
        skipped=file.layout.skipped,
        header=file.layout.header,
        columns=len(file.columns),
        is_named=by_name,
        decimal=file.decimal,
        grouped=any(column.grouped for column in numeric),
        units="".join(sorted({column.unit for column in numeric})),
        missing=tuple(sorted({text for k in used for text in file.columns[k].missing})),
        target=names[choice.target],
        target_kind=target.kind,
        task=choice.task,
        outputs=len(found.classes) or 1,
        true=target.texts[1].lower() if target.kind == "boolean" else "",
        numbers=tuple(names[k] for k in kinds["numeric"]),
        booleans=tuple((names[k], file.columns[k].texts[1].lower()) for k in kinds["boolean"]),
        categories=tuple(names[k] for k in kinds["categorical"]),
        order=tuple(names[k] for k in found.features),
        keeps_gaps=choice.missing == "median",
        filled=choice.missing == "median" and found.filled > 0,
        samples=len(found.rows),
        features=found.inputs,
    )


def _are_plain(file: File, used: tuple[int, ...]) -> bool:
    """Whether pandas calls these columns as the file does, and a program can write their names without a second thought."""
    headings = file.headings
    return bool(headings) and all(
        heading == heading.strip() and heading.isprintable() and 0 < len(heading) <= LONGEST and headings.count(heading) == 1
        for heading in (headings[k] for k in used)
    )
