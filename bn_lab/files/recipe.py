"""From a file that is open to what a program without the lab has to know to read the same table from it."""

from __future__ import annotations

import re

from bn_lab.codegen.uploads import Name, Recipe
from bn_lab.datasets.uploads import LONGEST, File, parsed, plan


def recipe(file: File, name: str) -> Recipe:
    """How to read the table of that id.

    Raises:
        DataError: as `table`.
    """
    _, choice = parsed(name)
    planned = plan(file, choice)
    used = (*planned.features, choice.target)
    by_name = _can_be_named(file, used)
    names: list[Name] = [heading if by_name else k for k, heading in enumerate(file.headings or ("",) * len(file.columns))]
    kinds = {
        kind: [k for k in planned.features if file.columns[k].kind == kind] for kind in ("numeric", "boolean", "categorical")
    }
    target = file.columns[choice.target]
    numeric = [file.columns[k] for k in used if file.columns[k].kind == "numeric"]
    said, layout = file.format, file.layout
    has_headings, is_shorter = bool(said.header) and not layout.in_comment, layout.has_row_names or layout.ends_empty > 0
    return Recipe(
        kind=file.kind,
        encoding=said.encoding or "",
        delimiter=said.delimiter or "",
        sheet=said.sheet or 0,
        above=said.above or 0,
        below=said.below or 0,
        comment=said.comment or "",
        header=has_headings and not is_shorter,
        skips_headings=has_headings and is_shorter,
        columns=len(file.columns) + layout.ends_empty,
        is_named=by_name,
        has_spaces=layout.has_spaces,
        decimal=file.format.decimal or ".",
        grouped="".join(sorted({sign for column in numeric for sign in column.grouped})),
        has_minus=any(column.has_minus for column in numeric),
        units=tuple(sorted({column.unit for column in numeric if column.unit}, key=lambda unit: (-len(unit), unit))),
        missing=tuple((names[k], _missing(file, k)) for k in used),
        alike=_are_alike(file, used),
        forced=tuple((names[k], _pattern(file, k)) for k in used if (k, "numeric") in said.kinds),
        target=names[choice.target],
        target_kind=target.kind,
        task=choice.task,
        outputs=len(planned.classes) or 1,
        true=target.texts[1].lower() if target.kind == "boolean" else "",
        numbers=tuple(names[k] for k in kinds["numeric"]),
        booleans=tuple((names[k], file.columns[k].texts[1].lower()) for k in kinds["boolean"]),
        categories=tuple(names[k] for k in kinds["categorical"]),
        order=tuple(names[k] for k in planned.features),
        keeps_gaps=choice.missing == "median",
        filled=choice.missing == "median" and planned.filled > 0,
        samples=len(planned.rows),
        features=planned.inputs,
    )


def _missing(file: File, k: int) -> tuple[str, ...]:
    """The spellings of missing values in a column; where all that is no number is one, only those that are numbers."""
    spelled = file.columns[k].missing
    return tuple(text for text in spelled if text in file.format.missing) if (k, "numeric") in file.format.kinds else spelled


def _pattern(file: File, k: int) -> str:
    """A pattern of what may be a number of a column, with its unit: without infinity, other units and words."""
    point, unit = re.escape(file.format.decimal or "."), re.escape(file.columns[k].unit).replace("µ", "[µμ]")
    groups = re.escape(file.columns[k].grouped).replace("\\ ", "\\s")
    whole = rf"(?:\d*|\d{{1,3}}(?:[{groups}]\d{{2,3}})+)" if groups else r"\d*"
    number = rf"[-+−–(]?{whole}(?:{point}\d*)?(?:[eE][-+]?\d+)?\)?"
    return rf"(?:[-+−–]?{unit}\s?{number}|{number}\s?{unit})" if unit else number


def _are_alike(file: File, used: tuple[int, ...]) -> bool:
    """Whether what stands for a missing value in one of these columns says nothing else in another one."""
    spelled = {text for k in used for text in file.columns[k].missing}
    return not any(spelled.intersection(file.columns[k].texts) for k in used)


def _can_be_named(file: File, used: tuple[int, ...]) -> bool:
    """Whether pandas calls these columns as the file does, and a program can write their names without a second thought."""
    headings, layout = file.headings, file.layout
    if file.kind != "text" or layout.in_comment or layout.has_row_names or layout.ends_empty:
        return False
    return bool(headings) and all(
        heading == heading.strip() and heading.isprintable() and 0 < len(heading) <= LONGEST and headings.count(heading) == 1
        for heading in (headings[k] for k in used)
    )
