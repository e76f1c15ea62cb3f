"""From a file that is open to what a program without the lab has to know to read the same table from it."""

from __future__ import annotations

from bn_lab.codegen.own import Name, Recipe
from bn_lab.datasets.own import LONGEST, File, parsed, plan


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
