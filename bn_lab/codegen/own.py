"""How a program reads a visitor's own file: as the lab did, with pandas and without the lab."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bn_lab.codegen.facts import Facts
from bn_lab.codegen.sections import code, definitions

Name = str | int

WIDTH = 128
"""Characters of a line at most."""


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
    task: str
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


def facts_of(recipe: Recipe) -> Facts:
    """What a program has to know of a visitor's file, for `script` and `notebook`."""
    return Facts(
        title="Own data",
        file="your-file.csv",
        samples=recipe.samples,
        features=recipe.features,
        outputs=recipe.outputs,
        reading=_reading(recipe),
        where="your own file",
    )


def _reading(recipe: Recipe) -> str:
    """Statements that make `features` and `targets` from the file `DATA`."""
    statements = code(
        _frame(recipe),
        _missing(recipe),
        _target(recipe),
        *_converted(recipe),
        _filled(recipe) if recipe.filled else None,
        _features(recipe),
    )
    return definitions(_numbers(recipe), statements)


def _frame(recipe: Recipe) -> str:
    options = ["DATA", f"sep={_quoted(recipe.delimiter)}" if recipe.delimiter != "," else None]
    options.append(f"encoding={_quoted(recipe.encoding)}" if recipe.encoding != "utf-8" else None)
    options.append("skiprows=1" if recipe.skipped else None)
    if not recipe.is_named:
        header = "0" if recipe.header else "None"
        options += [f"header={header}", f"names=range({recipe.columns})"]
    options += ["index_col=False", "dtype=str", "keep_default_na=False"]
    used = [*recipe.order, recipe.target]
    return code(
        f"frame = pd.read_csv({', '.join(option for option in options if option)})",
        _with_list("used", used, "frame = frame[{}]") if len(used) < recipe.columns else None,
        "frame = frame.apply(lambda column: column.str.strip())",
    )


def _missing(recipe: Recipe) -> str | None:
    """Rows that cannot be learned from are left out."""
    if not recipe.missing:
        return None
    left = f"subset=[{_quoted(recipe.target)}]" if recipe.keeps_gaps else ""
    gaps = _with_list("missing", recipe.missing, "frame = frame.mask(frame.isin({}))")
    return code(gaps, f"frame = frame.dropna({left})")


def _numbers(recipe: Recipe) -> str | None:
    """A function from texts to numbers, where texts need more than `float`."""
    if not _needs_function(recipe):
        return None
    steps = f".str.strip({_quoted(recipe.units + ' ')})" if recipe.units else ""
    group = "," if recipe.decimal == "." else "."
    steps += f'.str.replace("{group}", "", regex=False)' if recipe.grouped else ""
    steps += '.str.replace(",", ".", regex=False)' if recipe.decimal == "," else ""
    about = '    """The numbers that the texts of a column say."""'
    return f'def numbers(column):\n{about}\n    return column{steps}.astype("float64")'


def _needs_function(recipe: Recipe) -> bool:
    return bool(recipe.units or recipe.grouped or recipe.decimal == ",")


def _as_numbers(recipe: Recipe, column: str) -> str:
    return f"numbers({column})" if _needs_function(recipe) else f'{column}.astype("float64")'


def _target(recipe: Recipe) -> str:
    column = f"frame.pop({_quoted(recipe.target)})"
    if recipe.task == "regression":
        return f'targets = {_as_numbers(recipe, column)}.to_numpy("float32")[:, None]'
    if recipe.target_kind == "boolean":
        return f'targets = ({column}.str.lower() == {_quoted(recipe.true)}).to_numpy("int64")'
    values = _as_numbers(recipe, column) if recipe.target_kind == "numeric" else column
    return f'targets = {values}.astype("category").cat.codes.to_numpy("int64")  # classes in order'


def _converted(recipe: Recipe) -> list[str]:
    """Features as numbers; yes is 1, no is 0."""
    plain = [
        _with_list("numeric", recipe.numbers, "for name in {}:"),
        f"    frame[name] = {_as_numbers(recipe, 'frame[name]')}",
    ]
    found = [code(*plain)] if recipe.numbers else []
    for name, true in recipe.booleans:
        column = f"frame[{_quoted(name)}]"
        found.append(f"{column} = (({column}.str.lower() == {_quoted(true)}) * 1.0).where({column}.notna())")
    return found


def _filled(recipe: Recipe) -> str:
    numbers = [_with_list("numeric", recipe.numbers, "frame = frame.fillna(frame[{}].median())")] if recipe.numbers else []
    usual = "frame = frame.fillna(frame.mode().iloc[0])  # the most frequent value, where there is no median"
    return code(*numbers, usual if recipe.booleans or recipe.categories else None)


def _features(recipe: Recipe) -> str:
    if not recipe.categories:
        return 'features = frame.to_numpy("float64")'
    dummies = _with_list("categories", recipe.categories, 'frame = pd.get_dummies(frame, columns={}, dtype="float64")')
    return code(dummies, 'features = frame.to_numpy("float64")')


def _with_list(name: str, items: Sequence[Name], statement: str) -> str:
    """A statement with a list in its place, which gets a name, and a line for each item, where it does not fit."""
    line = statement.replace("{}", f"[{', '.join(map(_quoted, items))}]")
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name} = [", *(f"    {_quoted(item)}," for item in items), "]", statement.replace("{}", name)])


def _quoted(value: Name) -> str:
    """A name as Python writes it, in double quotes."""
    return json.dumps(value, ensure_ascii=False)
