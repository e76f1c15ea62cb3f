"""What studies leave behind: one network's outcome as JSON and back, a folder of such records, and tables for other programs.

JSON has neither NaN nor infinity: in records NaN (a diverged network's loss, say) is null, infinity is the text "Infinity" and
minus infinity "-Infinity". Numbers are written with all their digits, so that what is read equals what was written.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from bn_lab.engine.outcome import Outcome, Smoothness
from bn_lab.engine.types import Array
from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.studies.networks import Network
from bn_lab.studies.study import Study, StudyError

RECORD = 1
"""Number of the format below; counted up when it changes."""

SERIES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
"""One number an epoch."""

INFERENCE = ("inference_loss", "inference_accuracy")
"""One number for every one of `Outcome.inference_epochs`."""

OPTIONAL = ("train_accuracy", "validation_loss", "validation_accuracy", "inference_accuracy")
"""Series that some networks do not have: null."""

WHOLE = ("steps_per_epoch", "diverged")
"""Fields that are one whole number."""

INFINITIES = {"Infinity": math.inf, "-Infinity": -math.inf}


def to_record(network: Network, outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain values for JSON: `format`, `key`, `experiment`, and the fields of `Outcome` under their names."""
    values = {name: plain(getattr(outcome, name)) for name in (*SERIES, "inference_epochs", *INFERENCE, *WHOLE, "seconds")}
    smoothness = None if outcome.smoothness is None else {n: plain(v) for n, v in vars(outcome.smoothness).items()}
    final = {name: plain(value) for name, value in outcome.final.items()}
    start = {"format": RECORD, "key": network.key, "experiment": asdict(network.experiment)}
    return {**start, **values, "final": final, "smoothness": smoothness}


def from_record(record: Any) -> Outcome:
    """The outcome that was made a record of.

    Raises:
        StudyError: where `record` is none, or one of another format, or does not fit itself.
    """
    found = _object("record", record, [field.name for field in fields(Outcome)] + ["format", "key"])
    if found["format"] != RECORD:
        raise StudyError("format", "one_of", found["format"], options=RECORD)
    experiment = _experiment(found["experiment"])
    if Network(experiment).key != found["key"]:
        raise StudyError("key", "one_of", found["key"], options=Network(experiment).key)
    values: dict[str, Any] = {name: _array(name, found[name], experiment.epochs) for name in SERIES}
    points = _epochs(found["inference_epochs"], experiment)
    values |= {name: _array(name, found[name], len(points)) for name in INFERENCE}
    values |= {name: _whole(name, found[name]) for name in WHOLE}
    if (smoothness := found["smoothness"]) is not None:
        smoothness = _smoothness(smoothness)
    return Outcome(
        experiment=experiment,
        inference_epochs=points,
        seconds=_number("seconds", found["seconds"]),
        final={name: _number(name, value) for name, value in _object("final", found["final"], ()).items()},
        smoothness=smoothness,
        **values,
    )


def plain(value: Any) -> Any:
    """A number or an array of numbers as JSON has them."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, np.ndarray):
        return [plain(each) for each in value.tolist()]
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
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise StudyError(name, "number", value)
    return float(value)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise StudyError(name, "integer", value)
    return value


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
    if epochs != sorted(set(epochs)) or not set(epochs) <= set(range(1, experiment.epochs + 1)):
        raise StudyError("inference_epochs", "shape", epochs, expected=f"1 … {experiment.epochs}")
    return np.array(epochs, np.int64)


def _smoothness(value: Any) -> Smoothness:
    found = _object("smoothness", value, [field.name for field in fields(Smoothness)])
    if not isinstance(found["steps"], list) or not isinstance(found["distances"], list):
        raise StudyError("smoothness", "shape", "nothing", expected="{steps: […], distances: […]}")
    points = len(found["steps"])
    names = [field.name for field in fields(Smoothness) if field.name not in ("steps", "distances")]
    numbers: dict[str, Any] = {name: _array(name, found[name], points) for name in names}
    numbers["steps"] = np.array([_whole("steps", each) for each in found["steps"]], np.int64)
    numbers["distances"] = _array("distances", found["distances"], len(found["distances"]))
    return Smoothness(**numbers)


def write(path: Path, value: Any) -> None:
    """Write `value` as JSON so that at no moment there is half a file: beside it first, then in its place."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(value, allow_nan=False) + "\n", encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


class Store:
    """A folder with one record a network, `<key>.json`, which is whole or not there at all.

    Attributes:
        skipped: how many files the last `load` found that are no record of their network.

    Raises:
        OSError: if the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.skipped = folder, 0
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, network: Network, outcome: Outcome) -> None:
        """Write a record, in the place of an earlier one."""
        write(self._path(network), to_record(network, outcome))

    def load(self, networks: Sequence[Network]) -> dict[str, Outcome]:
        """The outcomes of these networks that are there, by key."""
        self.skipped = 0
        found = {network.key: self._read(network) for network in networks}
        return {key: outcome for key, outcome in found.items() if outcome is not None}

    def _read(self, network: Network) -> Outcome | None:
        try:
            record = json.loads(self._path(network).read_text(encoding="utf-8"), parse_constant=_refuse)
            outcome = from_record(record)
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError):  # broken off, not UTF-8, or something else altogether
            self.skipped += 1
            return None
        if Network(outcome.experiment) != network:
            self.skipped += 1
            return None
        return outcome

    def _path(self, network: Network) -> Path:
        return self.folder / f"{network.key}.json"


def _refuse(constant: str) -> NoReturn:
    raise StudyError("record", "number", constant)


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
    axes = {name: list(values) for name, values in study.axes}
    return {"id": study.id, "experiment": asdict(study.base), "axes": axes, "probes": list(study.probes)}
