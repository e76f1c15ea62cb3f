"""From a file and a choice to a `Table`; equal bytes and equal ids give equal tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bn_lab.datasets.tables import Table
from bn_lab.datasets.uploads.choice import DataChoice, parsed
from bn_lab.datasets.uploads.columns import LONGEST, Column
from bn_lab.datasets.uploads.errors import DataError
from bn_lab.datasets.uploads.file import File, unique
from bn_lab.datasets.uploads.limits import FEWEST_ROWS, MOST_CATEGORIES, MOST_INPUTS, MOST_NUMBERS


@dataclass(frozen=True, eq=False)
class Plan:
    """What a choice makes of a file.

    Attributes:
        rows: (n,) indices of the rows that are used, ascending.
        without_target: how many rows are left out since they have no target.
        dropped: how many are left out since a feature is missing.
        filled: how many cells are filled.
        features: indices of the columns that are learned from.
        inputs: units of the input layer that these become.
        classes: indices of the target's texts, or its numbers, that are classes; empty for regression.
    """

    rows: NDArray[np.int64]
    without_target: int
    dropped: int
    filled: int
    features: tuple[int, ...]
    inputs: int
    classes: tuple[float, ...]


def table(file: File, name: str) -> Table:
    """The table of that id.

    Raises:
        DataError: the file does not allow that choice.
    """
    digest, choice = parsed(name)
    assert (digest, choice.format) == (file.digest, file.asked)
    planned = plan(file, choice)
    target, columns = file.columns[choice.target], [file.columns[k] for k in planned.features]
    features, names = _features(columns, planned.rows)
    return Table(
        name=name,
        features=features,
        feature_names=unique(names),
        target=_target(target, choice, planned),
        target_name=target.name if target.name not in names else f"{target.name} (target)",
        target_unit=target.unit if choice.task == "regression" else "",
        task=choice.task,
        classes=unique([_class_name(target, value) for value in planned.classes]),
    )


def plan(file: File, choice: DataChoice) -> Plan:
    """What a choice makes of a file, counted.

    Raises:
        DataError: the file does not allow it.
    """
    target = _checked_target(file, choice)
    features = features_of(file, choice)
    has_target = target.is_present
    present = [file.columns[k].is_present for k in features]
    lacking = np.zeros(file.rows, np.int64)
    for has in present:
        lacking += ~has
    used = has_target & (lacking == 0) if choice.missing == "dropped" else has_target
    rows = np.flatnonzero(used)
    if len(rows) < FEWEST_ROWS:
        raise DataError("file", "rows_left", len(rows), low=FEWEST_ROWS, rows=file.rows)
    classes = _classes(target, choice, rows)
    for k, has in zip(features, present, strict=True):
        if not has[rows].any():
            raise _about("features", "feature_empty", k)
    inputs = _inputs(file, features, rows)
    dropped = int(np.count_nonzero(has_target & (lacking > 0))) if choice.missing == "dropped" else 0
    filled = int(lacking[rows].sum())
    return Plan(rows, int(np.count_nonzero(~has_target)), dropped, filled, features, inputs, classes)


def features_of(file: File, choice: DataChoice) -> tuple[int, ...]:
    """Indices of the columns that are learned from: all that can be, but for the target and those left out.

    Raises:
        DataError: a column to be left out does not exist, or no column is left.
    """
    for k in choice.without:
        if k >= len(file.columns):
            raise DataError("features", "column_unknown", k + 1, high=len(file.columns))
    out = {choice.target, *choice.without}
    features = tuple(k for k, column in enumerate(file.columns) if column.is_usable and k not in out)
    if not features:
        raise DataError("features", "features_none", 0)
    return features


def _about(field: str, rule: str, k: int, **values: object) -> DataError:
    """An error about the column with this index."""
    return DataError(field, rule, k + 1, column=k + 1, **values)


def _checked_target(file: File, choice: DataChoice) -> Column:
    k = choice.target
    if k >= len(file.columns):
        raise DataError("target", "column_unknown", k + 1, high=len(file.columns))
    column = file.columns[k]
    if choice.task == "classification":
        if column.kind == "constant":
            raise _about("target", "target_one_class", k)
        if column.distinct > MOST_CATEGORIES and (column.is_usable or column.kind in ("text", "mixed")):
            raise _about("target", "target_classes", k, high=MOST_CATEGORIES, count=column.distinct)
    elif column.kind == "constant":
        raise _about("target", "target_constant", k)
    elif column.kind in ("boolean", "categorical"):
        raise _about("target", "target_numbers", k, kind=column.kind)
    if not column.is_usable:
        raise _about("target", "target_kind", k, kind=column.kind)
    return column


def _classes(target: Column, choice: DataChoice, rows: NDArray[np.int64]) -> tuple[float, ...]:
    """The classes among these rows: codes of texts, or numbers, ascending."""
    values = _values(target)[rows]
    different = np.unique(values)
    if choice.task == "regression":
        if len(different) < 2:
            raise _about("target", "target_constant", choice.target)
        return ()
    if len(different) < 2:
        raise _about("target", "target_one_class", choice.target)
    return tuple(float(value) for value in different)


def _values(column: Column) -> NDArray[np.float64]:
    """What tells the values of a column apart: numbers, or the codes of its texts (N,)."""
    if column.kind == "numeric":
        assert column.numbers is not None
        return column.numbers
    assert column.codes is not None
    return column.codes.astype(np.float64)


def _inputs(file: File, features: Sequence[int], rows: NDArray[np.int64]) -> int:
    """Units of the input layer: one for each number, one for each category that there is."""
    sizes = {k: len(_categories(file.columns[k], rows)) if file.columns[k].kind == "categorical" else 1 for k in features}
    inputs, widest = sum(sizes.values()), max(sizes, key=sizes.__getitem__)
    if inputs > MOST_INPUTS:
        raise DataError("features", "inputs_many", inputs, high=MOST_INPUTS, count=sizes[widest], column=widest + 1)
    if inputs * len(rows) > MOST_NUMBERS:
        raise DataError("features", "numbers_many", inputs * len(rows), high=MOST_NUMBERS)
    return inputs


def _features(columns: Sequence[Column], rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], list[str]]:
    """Features (n, F) and their names: numbers in their order, then categories one-hot, as `pandas.get_dummies` has them."""
    names, inputs = [], []
    for column in columns:
        if column.numbers is not None:
            names.append(column.full_name)
            inputs.append(_filled(column, rows))
    for column in columns:
        if column.kind == "categorical":
            codes, there = _filled_codes(column, rows), _categories(column, rows)
            names += [f"{column.name}_{column.texts[code]}"[:LONGEST] for code in there]
            inputs += [(codes == code).astype(np.float64) for code in there]
    return np.stack(inputs, axis=1), names


def _filled(column: Column, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Numbers with the median, or the more frequent of no and yes, where nothing is."""
    assert column.numbers is not None
    values = column.numbers[rows]
    gaps = np.isnan(values)
    if not gaps.any():
        return values
    known = values[~gaps]
    usual = float(np.median(known)) if column.kind == "numeric" else float(2 * np.count_nonzero(known) > len(known))
    return np.where(gaps, usual, values)


def _filled_codes(column: Column, rows: NDArray[np.int64]) -> NDArray[np.int32]:
    """Codes with the most frequent one where nothing is; of equally frequent ones the first."""
    assert column.codes is not None
    codes = column.codes[rows]
    if (codes >= 0).all():
        return codes
    return np.where(codes < 0, np.bincount(codes[codes >= 0]).argmax(), codes).astype(np.int32)


def _categories(column: Column, rows: NDArray[np.int64]) -> list[int]:
    """The codes that there are among these rows, ascending."""
    assert column.codes is not None
    return [int(code) for code in np.unique(column.codes[rows]) if code >= 0]


def _target(column: Column, choice: DataChoice, planned: Plan) -> NDArray[np.float64] | NDArray[np.int64]:
    values = _values(column)[planned.rows]
    return np.searchsorted(np.array(planned.classes), values).astype(np.int64) if choice.task == "classification" else values


def _class_name(column: Column, value: float) -> str:
    """What a class is called: its text, or its number as it is typed."""
    if column.kind == "numeric":
        return repr(value).removesuffix(".0")
    return column.texts[int(value)][:LONGEST]
