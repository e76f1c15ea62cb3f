"""The runs of a comparison as one parameter of a link.

`compare=dataset:iris;epochs:20~dataset:iris;epochs:20;arms:none,after;name:BN later` is two runs: parts of a run are those of
its own link, and a name where the visitor gave one. In a name, what would end it stands as `%3B`, `%7E` and `%25`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.sharing import PASSED_ON, decode, encode, one_line, plain_text

MOST = 8
"""Runs of a link at most."""

LONGEST = 36_000
"""Characters of a link's comparison at most: eight runs with all their settings, names and drawn points take fewer."""

LONGEST_NAME = 60
"""Characters of a run's name at most."""

NAME = "name"
"""The part of a run that is no setting."""


class ComparisonError(ExperimentError):
    """What cannot be compared."""

    RULES: Mapping[str, str] = {
        **ExperimentError.RULES,
        "too_many_runs": "a comparison has at most {high} runs, got {value}",
        "own_run": "{field} must be shipped, got {value}",
        "too_long_link": "a comparison takes at most {high} characters of a link, got {value}",
    }


@dataclass(frozen=True)
class LinkedRun:
    """A run as a link says it.

    Attributes:
        number: its place in the link, from 1.
        experiment: with defaults for what could not be read.
        name: as the visitor gave it, empty where none was given; a stranger's text on one line.
    """

    number: int
    experiment: Experiment
    name: str


def write(runs: Iterable[tuple[Experiment, str]]) -> str:
    """The link's text for experiments with their names, which may be empty; the first `MOST` of them."""
    return "~".join(_written(experiment, name) for experiment, name in list(runs)[:MOST])


def _written(experiment: Experiment, name: str) -> str:
    """One run. The data set is always named, so that no run is an empty text."""
    parts = {"dataset": experiment.dataset, **encode(experiment)}
    if name:
        parts[NAME] = name.replace("%", "%25").replace(";", "%3B").replace("~", "%7E")
    return ";".join(f"{part}:{value}" for part, value in parts.items())


Problem = tuple[int, ExperimentError]
"""What is wrong with a link's text: the number of the run, 0 for the text as a whole, and the error."""


def read(text: str) -> tuple[list[LinkedRun], list[Problem]]:
    """The runs that a link's text describes, each experiment once, and one problem for every part that could not be read, also
    of runs that come to the same experiment; never raises."""
    if len(text) > LONGEST:
        return [], [(0, ComparisonError("compare", "too_long_link", f"{len(text):,}", high=f"{LONGEST:,}"))]
    parts = [part for part in text.split("~") if part]
    problems: list[Problem] = []
    if len(parts) > MOST:
        problems.append((0, ComparisonError("compare", "too_many_runs", len(parts), high=MOST)))
    runs: dict[Experiment, LinkedRun] = {}
    for number, part in enumerate(parts[:MOST], start=1):
        experiment, name, wrong = _read(part)
        runs.setdefault(experiment, LinkedRun(number, experiment, name))
        problems += [(number, problem) for problem in wrong]
    return list(runs.values()), problems


def _read(text: str) -> tuple[Experiment, str, list[ExperimentError]]:
    """One run: its experiment, with defaults for what could not be read, its name, and what is wrong with it."""
    pairs = (part.partition(":") for part in text.split(";") if part)
    params = {name: value for name, _, value in pairs}
    name = clean(unquote(params.pop(NAME, ""), errors="replace"))
    foreign = [ExperimentError(plain_text(other), "unknown", plain_text(other)) for other in params if other in PASSED_ON]
    decoded = decode({key: value for key, value in params.items() if key not in PASSED_ON})
    return decoded.experiment, name, [*decoded.problems, *foreign]


def clean(name: str) -> str:
    """A name on one line of at most `LONGEST_NAME` characters, without blanks at its ends."""
    return one_line(name.strip()[: 2 * LONGEST_NAME], LONGEST_NAME).strip()
