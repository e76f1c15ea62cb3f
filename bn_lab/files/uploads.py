"""A visitor's own file on the command line: which it is, how it is read and what to learn from it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from bn_lab.codegen import facts_of
from bn_lab.codegen.facts import Facts
from bn_lab.datasets import Table, keep, uploads
from bn_lab.datasets.uploads.limits import MOST_BYTES
from bn_lab.experiment import Experiment
from bn_lab.files.recipe import recipe

WORDS: Mapping[str, str] = {"tab": "\t", "space": " ", "spaces": uploads.SPACES, "comma": ",", "semicolon": ";", "none": ""}
"""Signs that are awkward to type, by their names."""


class ArgumentError(uploads.DataError):
    """An argument about a file that does not fit it."""

    RULES: Mapping[str, str] = {
        **uploads.DataError.RULES,
        "column_named": "{field} must be the name of a column or its number from 1 to {high}, got {value}",
        "target_needed": "{field} must be given, since no column of the file seems to be one, got {value}",
        "task_possible": "{field} must be {possible} for that target, got {value}",
        "file_needed": "{field} must be given: the experiment is on own data, those of the file with the hash {value}",
        "file_alone": "{field} must be given with what is said about a file, got {value}",
        "file_hash": "{field} must be the one of the experiment, with the hash {ours}, got {value}",
        "missing_words": "{field} must be dropped or median, got {value}",
        "header_words": "{field} must be yes or no, got {value}",
        "sheet_named": "{field} must be the name of a sheet or its number from 1 to {high}, got {value}",
    }


NAMES: Mapping[str, str] = {"\t": "tabs", uploads.SPACES: "spaces"}
"""Delimiters that are awkward to read."""


@dataclass(frozen=True)
class ExperimentWithData:
    """An experiment, and where it is on a visitor's own data, these.

    Attributes:
        experiment: the experiment.
        table: its data, which must be held as long as it is trained; None where they are shipped.
        facts: what a program has to know of them.
        message: what was found out about the file, in a line.
    """

    experiment: Experiment
    table: Table | None = None
    facts: Facts | None = None
    message: str = ""


HOW = ("sheet", "encoding", "delimiter", "header", "above", "below", "comment", "decimal", "thousands", "missing_value")
SAID = ("target", "task", "missing", "without", *HOW, *get_args(uploads.AskedKind))
"""What can be said about a file."""


def opened(options: argparse.Namespace, experiment: Experiment) -> ExperimentWithData:
    """The experiment with the file of the arguments.

    Args:
        options: the arguments.
        experiment: all else that is known of it; where it is on own data, their file must be that of the arguments.

    Raises:
        DataError: the file, or what is said about it, does not do.
        OSError: the file cannot be read.
    """
    said = [name for name in SAID if getattr(options, name) is not None]
    if options.file is None:
        if said:
            raise ArgumentError("file", "file_alone", f"--{said[0].replace('_', '-')} without it")
        if experiment.is_private:
            raise ArgumentError("file", "file_needed", uploads.parsed(experiment.dataset)[0])
        return ExperimentWithData(experiment)
    with options.file.open("rb") as source:
        data = source.read(MOST_BYTES + 1)  # one too many is enough to know
    before = None
    if experiment.is_private:
        ours, before = uploads.parsed(experiment.dataset)
        if uploads.digest_of(data) != ours:
            raise ArgumentError("file", "file_hash", uploads.digest_of(data), ours=ours)
    asked = _format(options, data, before.format if before else uploads.FOUND_OUT)
    file = uploads.read(data, asked)
    choice = _choice(options, file, before)
    name = uploads.id_of(file.digest, choice)
    data_set = keep(uploads.table(file, name))
    message = _message(options.file.name, file, choice, data_set)
    return ExperimentWithData(replace(experiment, dataset=name), data_set, facts_of(recipe(file, name)), message)


def _format(options: argparse.Namespace, data: bytes, before: uploads.Format) -> uploads.Format:
    """How the file is said to be written."""
    values: dict[str, Any] = {name: getattr(options, name) for name in ("encoding", "above", "below")}
    values = {name: value for name, value in values.items() if value is not None}
    for name in ("delimiter", "comment", "decimal", "thousands"):
        if (text := getattr(options, name)) is not None:
            values[name] = WORDS.get(text, text)
    if options.header is not None:
        if options.header not in ("yes", "no"):
            raise ArgumentError("header", "header_words", options.header)
        values["header"] = options.header == "yes"
    if options.missing_value is not None:
        values["missing"] = tuple(options.missing_value)
    asked = replace(before, **values)
    if options.sheet is not None:
        names = uploads.read(data, replace(asked, sheet=None)).sheets
        asked = replace(asked, sheet=_place("sheet", "sheet_named", options.sheet, names))
    kinds = [(kind, text) for kind in get_args(uploads.AskedKind) if (text := getattr(options, kind)) is not None]
    if kinds:
        file = uploads.read(data, asked)  # columns are known by their names only then
        asked = replace(asked, kinds=tuple((k, kind) for kind, text in kinds for k in _columns(kind, text, file)))
    return asked


def _columns(field: str, text: str, file: uploads.File) -> list[int]:
    """Indices of columns that are named or numbered, separated by commas."""
    return [_column(field, each.strip(), file) for each in text.split(",") if each.strip()]


def _column(field: str, text: str, file: uploads.File) -> int:
    return _place(field, "column_named", text, [column.name for column in file.columns])


def _place(field: str, rule: str, text: str, names: Sequence[str]) -> int:
    """The index of what is named, or numbered from 1."""
    if text in names:
        return names.index(text)
    if text.isdecimal() and 1 <= int(text) <= len(names):
        return int(text) - 1
    raise ArgumentError(field, rule, text, high=len(names))


def _choice(options: argparse.Namespace, file: uploads.File, before: uploads.DataChoice | None) -> uploads.DataChoice:
    """What to learn from the file."""
    if options.target is not None:
        choice = uploads.proposed(file, _column("target", options.target, file))
    else:
        choice = replace(before, format=file.asked) if before is not None else uploads.proposed(file)
    if choice is None:
        raise ArgumentError("target", "target_needed", "none")
    if options.task is not None:
        possible = uploads.possible_tasks(file.columns[choice.target])
        if options.task not in possible:
            raise ArgumentError("task", "task_possible", options.task, possible=" or ".join(possible))
        choice = replace(choice, task=options.task)
    if options.missing is not None:
        if options.missing not in uploads.MISSING:
            raise ArgumentError("missing", "missing_words", options.missing)
        choice = replace(choice, missing=options.missing)
    if options.without is not None:
        choice = replace(choice, without=tuple(sorted(set(_columns("without", options.without, file)) - {choice.target})))
    return choice


def _message(name: str, file: uploads.File, choice: uploads.DataChoice, data_set: Table) -> str:
    """What was found out, in a line for whoever wants to check it."""
    said = file.format
    how = (
        [f"{said.encoding}", f"separated by {NAMES.get(said.delimiter or '', repr(said.delimiter))}"]
        if file.kind == "text"
        else [str(file.kind)]
    )
    how += ["headings" if said.header else "no headings", f"decimal {said.decimal}"]
    how += [f"{count} lines skipped {where}" for where, count in (("above", said.above), ("below", said.below)) if count]
    how += [f"sheet {file.sheets[said.sheet or 0]!r}"] if file.sheets else []
    how += [f"{file.layout.comments} comments"] if file.layout.comments else []
    infinite = sum(column.infinite for column in file.columns)
    how += [f"{infinite} times infinity, which counts as missing"] if infinite else []
    suspects = [f"{column.suspect.text} in {column.name}" for column in file.columns if column.suspect is not None]
    maybe = f"; maybe missing values: {', '.join(suspects[:4])} (--missing-value)" if suspects else ""
    task = f"{choice.task} of {file.columns[choice.target].full_name} from {data_set.features.shape[1]} inputs"
    size = f"{file.rows} rows, {len(file.columns)} columns"
    return f"{name}: {size}, {', '.join(how)}; {task}, {data_set.samples} samples{maybe}"
