"""An experiment as a file: JSON with every field under its id. Reading is as forgiving as reading a link."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, NoReturn

from bn_lab.experiment import Experiment, ExperimentError, Field
from bn_lab.sharing import Decoded, field_of, plain_text

FORMAT, VERSION = "bn-lab-experiment", 1
"""What the file says that it is, and the version of what is in it."""

LARGEST = 16_384
"""Bytes of a file that is read at most; a written one has less than a third of that."""


class FileError(ExperimentError):
    """A file that is no experiment; see `ExperimentError`."""

    RULES: Mapping[str, str] = {
        **ExperimentError.RULES,
        "file_size": "the file of an experiment has at most {high} bytes, got {value}",
        "file_json": "the file of an experiment is JSON, and this one is not",
        "file_format": 'the file of an experiment has "format": "{expected}", got {value}',
        "file_version": "this lab reads files of version {high} at most, got {value}",
    }


def to_json(experiment: Experiment) -> str:
    """The file of an experiment; unlike a link it names the defaults, too."""
    return json.dumps({"format": FORMAT, "version": VERSION, "experiment": experiment.plain()}, indent=2) + "\n"


def from_json(content: bytes) -> Decoded:
    """The experiment in a file.

    Raises:
        FileError: where that is not the file of an experiment. Fields that are wrong are problems of what is returned.
    """
    choices: dict[str, Any] = {}
    problems: list[ExperimentError] = []
    for name, value in _fields(content).items():
        try:
            choices[name] = field_of(name, partial(Field.check, value=value), _text(value))
        except ExperimentError as error:
            problems.append(error)
    return Decoded(Experiment(**choices), tuple(problems))


def _fields(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST:
        raise FileError("file", "file_size", f"{len(content):,}", high=f"{LARGEST:,}")
    try:
        said = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)  # some editors put a byte order mark
    except (ValueError, RecursionError):
        raise FileError("file", "file_json", "") from None
    name = said.get("format") if isinstance(said, dict) else None
    if name != FORMAT or not isinstance(said.get("experiment"), dict):
        raise FileError("file", "file_format", plain_text(_text(name)), expected=FORMAT)
    version = said.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= VERSION:
        raise FileError("file", "file_version", plain_text(_text(version)), high=VERSION)
    return dict(said["experiment"])


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"JSON has no {constant}")


def _text(value: Any) -> str:
    """What stands in the file, for a message: a text in its quotes, which may be all that is wrong with it."""
    return json.dumps(value, ensure_ascii=False)
