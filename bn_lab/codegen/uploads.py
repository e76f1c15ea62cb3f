"""How a program reads a visitor's own file: as the lab did, with pandas and without the lab."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bn_lab.codegen.facts import Facts
from bn_lab.codegen.sections import code, definitions

Name = str | int

HIGHEST = "3.4e38"
"""Where the numbers of networks, float32, end."""

WIDTH = 128
"""Characters of a line at most."""


@dataclass(frozen=True)
class Recipe:
    """What a program has to know of a file. Columns are named as pandas names them where that is unmistakable, else by index.

    Attributes:
        kind: `text`, `excel` or `parquet`.
        encoding: Python's name of it.
        delimiter: as pandas takes it.
        sheet: of a workbook, from 0.
        above, below: lines before and after the table.
        comment: how lines begin that do not belong to the table.
        header: whether the first line of the table is one of headings.
        skips_headings: whether there is one, which has fewer fields than others.
        columns: fields of a line at most.
        is_named: whether columns are called by their names.
        has_spaces: whether a space stands between a delimiter and a quotation mark.
        decimal: `.` or `,`.
        grouped: the signs between thousands.
        has_minus: whether there are typesetters' minus signs.
        units: what stands at numbers.
        missing: for each column used, the spellings of missing values in it.
        alike: whether these mean the same in all of the columns.
        forced: columns in which all that is no number is missing, too, and a pattern of their numbers.
        target, target_kind: the target and what it holds; `task` and `outputs` say what of it is learned.
        true: small letters of yes, where the target is yes or no; empty elsewhere.
        numbers: features that are numbers.
        booleans: features of yes and no, with the small letters of yes.
        categories: features to be made one-hot.
        order: all features in the order of the file.
        keeps_gaps: whether rows with missing features stay.
        filled: whether there are such rows.
        samples: rows that are left.
        features: inputs of the network.
    """

    kind: str
    encoding: str
    delimiter: str
    sheet: int
    above: int
    below: int
    comment: str
    header: bool
    skips_headings: bool
    columns: int
    is_named: bool
    has_spaces: bool
    decimal: str
    grouped: str
    has_minus: bool
    units: tuple[str, ...]
    missing: tuple[tuple[Name, tuple[str, ...]], ...]
    alike: bool
    forced: tuple[tuple[Name, str], ...]
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


ENDINGS = {"text": "csv", "excel": "xlsx", "parquet": "parquet"}
"""How the file is called that is to be put in place."""


def facts_of(recipe: Recipe) -> Facts:
    """What a program has to know of a visitor's file, for `script` and `notebook`."""
    return Facts(
        title="Own data",
        file=f"your-file.{ENDINGS[recipe.kind]}",
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
    """Statements that make `frame`: all cells of the columns used, as texts without spaces around them."""
    used = [*recipe.order, recipe.target]
    return code(
        *FRAMES[recipe.kind](recipe),
        _with_list("used", used, "frame = frame[{}]") if len(used) < recipe.columns or recipe.kind != "text" else None,
        "frame = frame.apply(lambda column: column.str.strip())",
    )


def _text(recipe: Recipe) -> list[str]:
    file, lines = "DATA", list[str]()
    if recipe.above or recipe.below or recipe.comment:
        file = 'io.StringIO("\\n".join(lines))'
        part = f"[{recipe.above or ''}:{-recipe.below or ''}]" if recipe.above or recipe.below else ""
        lines = [
            f"with open(DATA, encoding={_quoted(recipe.encoding)}) as file:",
            f'    lines = file.read().rstrip(" \\n\\x1a").split("\\n"){part}',
        ]
        if recipe.comment:
            is_sample = f"not line.lstrip().startswith({_quoted(recipe.comment)})"
            lines.append(f"lines = [line for line in lines if {is_sample}]")
    options = [file, f"sep={_quoted(recipe.delimiter)}" if recipe.delimiter != "," else None]
    options.append(f"encoding={_quoted(recipe.encoding)}" if file == "DATA" and recipe.encoding != "utf_8" else None)
    options.append("skiprows=1" if recipe.skips_headings else None)
    options.append("skipinitialspace=True" if recipe.has_spaces else None)
    if not recipe.is_named:
        header = "0" if recipe.header else "None"
        options += [f"header={header}", f"names=range({recipe.columns})"]
    options += ["index_col=False", "dtype=str", "keep_default_na=False"]
    return [*lines, _called("frame = pd.read_csv", [option for option in options if option])]


def _called(function: str, arguments: Sequence[str]) -> str:
    """A call on one line, or with a line for each argument where it does not fit."""
    line = f"{function}({', '.join(arguments)})"
    return line if len(line) <= WIDTH else "\n".join([f"{function}(", *(f"    {each}," for each in arguments), ")"])


def _excel(recipe: Recipe) -> list[str]:
    skipped = recipe.above + recipe.header
    options = ["DATA", f"sheet_name={recipe.sheet}", "header=None"]
    options += [f"skiprows={skipped}"] if skipped else []
    options += [f"skipfooter={recipe.below}"] if recipe.below else []
    options += ["dtype=str", "keep_default_na=False", 'engine="calamine"']
    is_there = 'frame = frame[frame.apply(lambda column: column.str.strip() != "").any(axis=1)]'
    return [_called("frame = pd.read_excel", options), is_there]


def _parquet(recipe: Recipe) -> list[str]:
    used = ", ".join(map(_quoted, sorted({*recipe.order, recipe.target}, key=int)))
    return [
        "table = pq.ParquetFile(DATA).read()",
        f'cells = {{k: table.column(k).cast("string").fill_null("").to_pylist() for k in [{used}]}}',
        "frame = pd.DataFrame(cells, dtype=str)",
    ]


FRAMES = {"text": _text, "excel": _excel, "parquet": _parquet}
"""How a file is opened, by its kind."""


def _missing(recipe: Recipe) -> str | None:
    """Rows that cannot be learned from are left out."""
    lacking = {name: texts for name, texts in recipe.missing if texts}
    if not lacking and not recipe.forced:
        return None
    statements: list[str] = []
    spelled = sorted({text for texts in lacking.values() for text in texts})
    if spelled and recipe.alike:
        statements.append(_with_list("missing", spelled, "frame = frame.mask(frame.isin({}))"))
    elif spelled:
        statements += [
            "missing = {",
            *(f"    {_quoted(name)}: [{', '.join(map(_quoted, texts))}]," for name, texts in lacking.items()),
            "}",
            "for name, texts in missing.items():",
            "    frame[name] = frame[name].mask(frame[name].isin(texts))",
        ]
    for name, pattern in recipe.forced:
        column = f"frame[{_quoted(name)}]"
        values = f"numbers({column})" if _needs_function(recipe) else f'pd.to_numeric({column}, errors="coerce")'
        statements += [f"pattern = {_quoted(pattern)}", f"values = {values}.abs()"]
        statements.append(f"{column} = {column}.where({column}.str.fullmatch(pattern) & (values <= {HIGHEST}))")
    left = f"subset=[{_quoted(recipe.target)}]" if recipe.keeps_gaps else ""
    return code(*statements, f"frame = frame.dropna({left})")


def _cleaned(recipe: Recipe, column: str) -> str:
    """An expression for a column of texts without units and what stands between thousands, with a decimal point."""
    steps = (
        '.str.replace("[−–]", "-", regex=True).str.replace(r"^\\((.*)\\)$", r"-\\1", regex=True)' if recipe.has_minus else ""
    )
    steps += "".join(f'.str.replace({_quoted(unit)}, "", regex=False)' for unit in recipe.units)
    steps += '.str.replace(r"\\s", "", regex=True)' if recipe.units or " " in recipe.grouped else ""
    steps += "".join(f'.str.replace({_quoted(sign)}, "", regex=False)' for sign in recipe.grouped if sign != " ")
    steps += '.str.replace(",", ".", regex=False)' if recipe.decimal == "," else ""
    return f"{column}{steps}"


def _numbers(recipe: Recipe) -> str | None:
    """A function from texts to numbers, where texts need more than `float`."""
    if not _needs_function(recipe):
        return None
    about = '    """The numbers that the texts of a column say."""'
    steps = _cleaned(recipe, "column").removeprefix("column").replace(").str", ")\n.str").split("\n")
    line = f'    return column{"".join(steps)}.astype("float64")'
    if len(line) > WIDTH or recipe.forced:
        line = "\n".join(f"    column = column{step}" for step in steps)
        end = 'pd.to_numeric(column, errors="coerce")' if recipe.forced else 'column.astype("float64")'
        line += f"\n    return {end}"
    return f"def numbers(column):\n{about}\n{line}"


def _needs_function(recipe: Recipe) -> bool:
    return bool(recipe.units or recipe.grouped or recipe.has_minus or recipe.decimal == ",")


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
    loop = [
        _with_list("numeric", recipe.numbers, "for name in {}:"),
        f"    frame[name] = {_as_numbers(recipe, 'frame[name]')}",
    ]
    statements = [code(*loop)] if recipe.numbers else []
    for name, true in recipe.booleans:
        column = f"frame[{_quoted(name)}]"
        statements.append(f"{column} = (({column}.str.lower() == {_quoted(true)}) * 1.0).where({column}.notna())")
    return statements


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
