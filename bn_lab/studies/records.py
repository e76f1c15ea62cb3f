"""What studies leave behind: one network's outcome as JSON and back, and tables for other programs.

JSON has neither NaN nor infinity: in records NaN (a diverged network's loss, say) is null, infinity is the text "Infinity" and
minus infinity "-Infinity". Numbers are written with all their digits, so that what is read equals what was written, and a
checksum tells where it does not.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from bn_lab.engine.outcome import Outcome, Smoothness
from bn_lab.engine.steps import Steps
from bn_lab.engine.types import Array
from bn_lab.experiment import FIELDS, Experiment, ExperimentError, Schedule
from bn_lab.studies.networks import Network
from bn_lab.studies.study import Study, StudyError

RECORD = 2
"""Number of the format below; counted up when it changes. Format 1 had no checksum."""

SERIES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
"""One number an epoch."""

INFERENCE = ("inference_loss", "inference_accuracy")
"""One number for every one of `Outcome.inference_epochs`."""

OPTIONAL = ("train_accuracy", "validation_loss", "validation_accuracy", "inference_accuracy")
"""Series that some networks do not have: null."""

STEPS = "steps_per_epoch"
"""The field of `Outcome.steps`: one whole number, or pairs of an epoch and that number from there on."""

LARGEST_WHOLE = 2**53
"""The largest whole number in a record; every one up to it is a float, too."""

INFINITIES = {"Infinity": math.inf, "-Infinity": -math.inf}


def to_record(network: Network, outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain values for JSON: `format`, `key`, `checksum`, and the fields of `Outcome` under their names."""
    values = {
        name: to_jsonable(getattr(outcome, name)) for name in (*SERIES, "inference_epochs", *INFERENCE, "diverged", "seconds")
    }
    counts = outcome.steps.counts
    values[STEPS] = counts[0][1] if len(counts) == 1 else [list(pair) for pair in counts]
    smoothness = None if outcome.smoothness is None else {n: to_jsonable(v) for n, v in vars(outcome.smoothness).items()}
    final = {name: to_jsonable(value) for name, value in outcome.final.items()}
    start = {"format": RECORD, "key": network.key, "experiment": network.experiment.plain()}
    record = {**start, **values, "final": final, "smoothness": smoothness}
    return record | {"checksum": checksum(record)}


def checksum(record: Mapping[str, Any]) -> str:
    """64 hexadecimal digits: the SHA-256 of all of a record but its own `checksum`, as JSON with sorted names and no blanks.

    Raises:
        ValueError: where it holds what JSON has not, such as NaN.
    """
    rest = {name: value for name, value in record.items() if name != "checksum"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def from_record(record: Any) -> Outcome:
    """The outcome that was made a record of.

    Raises:
        StudyError: where `record` is none, has another format, was altered (`field` is `checksum`), or does not fit itself.
        ValueError: where it holds what JSON has not, such as NaN.
    """
    given = _object("record", record, ["format"])
    if given["format"] != RECORD:
        raise StudyError("format", "one_of", given["format"], options=RECORD)
    names = [STEPS if field.name == "steps" else field.name for field in fields(Outcome)]
    given = _object("record", record, [*names, "key", "checksum"])
    if given["checksum"] != (expected := checksum(given)):
        raise StudyError("checksum", "one_of", given["checksum"], options=expected)
    experiment = _experiment(given["experiment"])
    if Network(experiment).key != given["key"]:
        raise StudyError("key", "one_of", given["key"], options=Network(experiment).key)
    values: dict[str, Any] = {name: _array(name, given[name], experiment.epochs) for name in SERIES}
    points = _epochs(given["inference_epochs"], experiment)
    values |= {name: _array(name, given[name], len(points)) for name in INFERENCE}
    values |= {"diverged": _whole("diverged", given["diverged"]), "steps": _steps(given[STEPS])}
    if (smoothness := given["smoothness"]) is not None:
        smoothness = _smoothness(smoothness)
    return Outcome(
        experiment=experiment,
        inference_epochs=points,
        seconds=_number("seconds", given["seconds"]),
        final={name: _number(name, value) for name, value in _object("final", given["final"], ()).items()},
        smoothness=smoothness,
        **values,
    )


def to_jsonable(value: Any) -> Any:
    """A number or an array of numbers as JSON has them."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, np.ndarray):
        return [to_jsonable(each) for each in value.tolist()]
    number = float(value)
    if math.isnan(number):
        return None
    return number if math.isfinite(number) else ("Infinity" if number > 0 else "-Infinity")


def _object(name: str, value: Any, names: Iterable[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise StudyError(name, "shape", type(value).__name__, expected="{…}")
    if missing := [each for each in names if each not in value]:
        raise StudyError(name, "shape", "nothing", expected=f"{{{', '.join(missing)}, …}}")
    return value


def _experiment(value: Any) -> Experiment:
    given = _object("experiment", value, FIELDS)
    if unknown := [name for name in given if name not in FIELDS]:
        raise StudyError("experiment", "unknown", unknown[0])
    try:
        experiment = Experiment(**given)
    except ExperimentError as error:
        others = {name: each for name, each in error.values.items() if name not in ("field", "value")}
        raise StudyError(error.field, error.rule, error.values["value"], **others) from None
    if len(experiment.arms) * experiment.seeds != 1:
        raise StudyError("experiment", "shape", f"{len(experiment.arms)} × {experiment.seeds}", expected="1 arm × 1 seed")
    return experiment


def _number(name: str, value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, str) and value in INFINITIES:
        return INFINITIES[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StudyError(name, "number", value)
    try:
        number = float(value)
    except OverflowError:  # JSON's whole numbers have no end
        number = math.inf
    if not math.isfinite(number):
        raise StudyError(name, "number", value)
    return number


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise StudyError(name, "integer", value)
    if value > LARGEST_WHOLE:
        raise StudyError(name, "between", value, low=0, high=LARGEST_WHOLE)
    return value


def _steps(value: Any) -> Steps:
    if not isinstance(value, list):
        return Steps(((1, _whole(STEPS, value)),))
    if not value or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise StudyError(STEPS, "shape", value, expected="[[1, …], …]")
    counts = tuple((_whole(STEPS, first), _whole(STEPS, steps)) for first, steps in value)
    firsts = [first for first, _ in counts]
    if firsts[0] != 1 or firsts != sorted(set(firsts)):
        raise StudyError(STEPS, "shape", value, expected="[[1, …], …]")
    return Steps(counts)


def _array(name: str, value: Any, length: int) -> Array | None:
    if value is None and name in OPTIONAL:
        return None
    if not isinstance(value, list) or len(value) != length:
        raise StudyError(name, "shape", len(value) if isinstance(value, list) else type(value).__name__, expected=(length,))
    return np.array([_number(name, each) for each in value], np.float64)


def _epochs(value: Any, experiment: Experiment) -> Array:
    if not isinstance(value, list):
        raise StudyError("inference_epochs", "shape", type(value).__name__, expected="[…]")
    epochs = [_whole("inference_epochs", each) for each in value]
    if epochs != sorted(set(epochs)) or epochs[:1] < [1] or epochs[-1:] != [experiment.epochs]:
        raise StudyError("inference_epochs", "shape", epochs, expected=f"1 … {experiment.epochs}")
    return np.array(epochs, np.int64)


def _smoothness(value: Any) -> Smoothness:
    given = _object("smoothness", value, [field.name for field in fields(Smoothness)])
    if not isinstance(given["steps"], list) or not isinstance(given["distances"], list):
        raise StudyError("smoothness", "shape", "nothing", expected="{steps: […], distances: […]}")
    points = len(given["steps"])
    names = [field.name for field in fields(Smoothness) if field.name not in ("steps", "distances")]
    numbers: dict[str, Any] = {name: _array(name, given[name], points) for name in names}
    numbers["steps"] = np.array([_whole("steps", each) for each in given["steps"]], np.int64)
    numbers["distances"] = _array("distances", given["distances"], len(given["distances"]))
    return Smoothness(**numbers)


def to_csv(study: Study, results: Mapping[str, Outcome]) -> str:
    """Every network's series as a table: a line for each place of the grid, arm, seed and epoch.

    A network that stands in several places of the grid (one without batch normalization, where ε is varied) has lines for each.
    Columns: `key`, the fields of the study's axes, `arm`, `seed`, `epoch`, and the series that any network has. NaN is where a
    network has diverged; an empty place is an epoch without evaluation.
    """
    names = [name for name in (*SERIES, *INFERENCE) if any(getattr(each, name) is not None for each in results.values())]
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["key", *(name for name, _ in study.axes), "arm", "seed", "epoch", *names])
    for cell in study.cells:
        for arm in study.base.arms:
            for seed in study.seeds:
                key = cell.network(arm, seed).key
                if (outcome := results.get(key)) is not None:
                    start = [key, *map(_cell, cell.values.values()), arm, seed]
                    table.writerows([*start, epoch, *values] for epoch, *values in _rows(outcome, names))
    return file.getvalue()


def _rows(outcome: Outcome, names: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    epochs = range(1, len(outcome.train_loss) + 1)
    columns: list[list[Any]] = []
    for name in names:
        series = getattr(outcome, name)
        numbers = [] if series is None else [_text(each) for each in series.tolist()]
        at = outcome.inference_epochs.tolist() if name in INFERENCE else epochs
        given = dict(zip(at, numbers, strict=False))
        columns.append([given.get(epoch, "") for epoch in epochs])
    return zip(epochs, *columns, strict=True)


def _text(number: float) -> float | str:
    return "NaN" if math.isnan(number) else number


def _cell(value: Any) -> Any:
    return "all" if value is None else value


def to_json(study: Study, results: Mapping[str, Outcome]) -> str:
    """The study and the records of all its networks that there are, each once, as JSON."""
    networks = [to_record(network, results[network.key]) for network in study.networks if network.key in results]
    return json.dumps({"format": RECORD, "study": describe(study), "networks": networks}, allow_nan=False)


def describe(study: Study) -> dict[str, Any]:
    """What a study computes, as plain values for JSON."""
    axes = {name: [str(v) if isinstance(v, Schedule) else v for v in values] for name, values in study.axes}
    return {"id": study.id, "experiment": study.base.plain(), "axes": axes, "probes": list(study.probes)}
