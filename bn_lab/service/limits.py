"""What one server gives: for an experiment, for a study, for a visitor, and altogether.

Every limit is a setting in the environment, named `BN_LAB_` and the field in capitals: `BN_LAB_EXPERIMENT_MINUTES=30`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

from bn_lab.engine.cost import memory, samples, seconds
from bn_lab.experiment import FIELDS, Experiment, ExperimentError, Schedule

PREFIX = "BN_LAB_"

MB = 1e6

BARE, WORKER, PAGE = 220.0, 350.0, 8.0
"""Memory of a server process with everything loaded, of each worker, and of each page that is open, in MB; rounded up."""

CONTROL_GROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux says how much memory a container has."""

CORES = Path("/sys/fs/cgroup/cpu.max")
"""Where Linux says how much of the processor a container has: `max`, or microseconds in each period."""

SHRUNK = ("epochs", "seeds", "samples", "width", "depth", "batch_size")
"""Fields by which an experiment can be made to fit, in the order in which that is proposed."""

PROPOSALS = 3
"""How many alternatives a message names."""

MOST_WORKERS = 16
"""Workers at most where the setting does not say otherwise: the page's process, which hands on what they make, is one."""

MOST_HALVINGS = 16
"""How often a field is halved at most: from the largest value there is to the smallest."""


class LimitError(ExperimentError):
    """More than this server gives.

    Attributes:
        fits: alternatives, each of them fields and values with which the experiment would fit; the first of `SHRUNK` first.
    """

    RULES: Mapping[str, str] = {
        **ExperimentError.RULES,
        "too_long": "training would take about {value} minutes of a processor, and {setting} allows {high}; {fits}",
        "too_big": "training would take about {value} MB of memory, and {setting} allows {high}; {fits}",
        "study_too_long": "this study would take about {value} minutes of a processor, and {setting} allows {high}",
        "watches": "{value} experiments would be watched at once, and {setting} allows {high}",
        "studies": "{value} studies of yours are not finished yet, and {setting} allows {high} at a time",
    }

    def __init__(
        self, field: str, rule: str, value: object, *, fits: Sequence[Mapping[str, int]] = (), **values: object
    ) -> None:
        self.fits = tuple(fits)[:PROPOSALS]
        if self.fits:
            alternatives = (" and ".join(f"{name} {most}" for name, most in each.items()) for each in self.fits)
            values["fits"] = f"it would fit with {' or '.join(alternatives)}"
        super().__init__(field, rule, value, **values)


@cache
def available() -> float:
    """Memory that this process may use, in MB: the container's if it has a limit, else the machine's."""
    limits = [int(text) / MB for path in CONTROL_GROUPS if path.is_file() and (text := path.read_text().strip()).isdigit()]
    try:
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / MB)
    except (AttributeError, ValueError, OSError):  # not every system says it
        limits.append(4096.0)
    return min(limits)


@cache
def cores() -> int:
    """Processor cores that this process may use: those of the container if it has a limit, else the machine's."""
    machine = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    quota, period = CORES.read_text().split() if CORES.is_file() else ("max", "")
    return min(machine, ceil(int(quota) / int(period))) if quota.isdigit() else machine


def usual_workers() -> int:
    """One a core where memory allows: workers may take half of what the bare server leaves. One in any case."""
    return max(1, min(cores(), MOST_WORKERS, int((available() - BARE) / 2 / WORKER)))


def _spare() -> float:
    """Half of the memory beyond the bare server and its workers: one half is for pages, the other for runs."""
    return max(64.0, (available() - BARE - usual_workers() * WORKER) / 2)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of one server process; those of memory follow from the memory there is, where they are not set.

    Attributes:
        workers: processes that train what visitors watch.
        visitors: pages that may be open at once.
        trainings_mb: memory of all runs together, in MB.
        finished_mb: memory of those that have ended and that nobody watches, kept for those who open their links, in MB.
        own_mb: memory of all data that visitors brought along, in MB; it is part of what is there for pages.
        experiment_mb: memory of one run, in MB.
        recording_targets: different numbers of epochs up to which one experiment may be watched at once.
        visitor_watches: experiments that one page may watch at once.
        experiment_minutes: time of one processor core that one experiment may take, by the estimate of `bn_lab.engine.cost`.
        study_minutes: the same for one study, all its networks together.
        visitor_studies: studies of one visitor that may be queued or running.
    """

    workers: int = field(default_factory=usual_workers)
    visitors: int = field(default_factory=lambda: int(_spare() / PAGE))
    trainings_mb: float = field(default_factory=_spare)
    finished_mb: float = field(default_factory=lambda: min(128.0, _spare() / 2))
    own_mb: float = field(default_factory=lambda: min(512.0, _spare() / 2))
    experiment_mb: float = field(default_factory=lambda: _spare() / 2)
    recording_targets: int = 32
    visitor_watches: int = 12
    experiment_minutes: float = 120.0
    study_minutes: float = 600.0
    visitor_studies: int = 3

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Limits:
        """The limits that the environment sets.

        Raises:
            ValueError: for a setting that is not a positive number, naming it.
        """
        values: dict[str, Any] = {}
        for each in fields(cls):
            if (text := environment.get(setting(each.name), "").strip()) == "":
                continue
            try:
                number = float(text)
            except ValueError:
                number = 0.0
            if not 0 < number < float("inf"):
                raise ValueError(f"{setting(each.name)} must be a positive number, got {text[:60]!r}")
            values[each.name] = max(1, int(number)) if each.type == "int" else number
        return cls(**values)

    def check(self, experiment: Experiment) -> None:
        """Raise a `LimitError` where an experiment asks for more than this server gives."""
        if (minutes := seconds(experiment) / 60) > self.experiment_minutes:
            raise self._too_much("too_long", experiment, minutes, "experiment_minutes")
        if (size := memory(experiment) / MB) > self.most_mb:
            raise self._too_much("too_big", experiment, size, "experiment_mb")

    @property
    def most_mb(self) -> float:
        """Memory of one run at most, in MB: all runs together bound the single one, too."""
        return min(self.experiment_mb, self.trainings_mb)

    def check_study(self, experiments: Sequence[Experiment], unfinished: int) -> None:
        """Raise a `LimitError` for a study that a visitor with so many `unfinished` ones orders.

        Args:
            experiments: what is trained at each place of its grid, with all arms and seeds; a network is trained by itself.
            unfinished: studies of the visitor that are queued or running.
        """
        if unfinished >= self.visitor_studies:
            raise LimitError("study", "studies", unfinished, setting=setting("visitor_studies"), high=self.visitor_studies)
        if (minutes := sum(map(seconds, experiments)) / 60) > self.study_minutes:
            name, high = setting("study_minutes"), written(self.study_minutes)
            raise LimitError("study", "study_too_long", written(minutes), setting=name, high=high)
        largest = max(experiments, key=lambda each: memory(_one_network(each)))
        if (size := memory(_one_network(largest)) / MB) > self.most_mb:
            raise self._too_much("too_big", _one_network(largest), size, "experiment_mb")

    def allows(self, experiment: Experiment) -> bool:
        """Whether this server gives what an experiment asks for."""
        return seconds(experiment) / 60 <= self.experiment_minutes and memory(experiment) / MB <= self.most_mb

    def shrunk(self, experiment: Experiment) -> Experiment:
        """The nearest experiment that fits: with one field smaller, or with several where one is not enough."""
        return _with(experiment, self._alternatives(experiment)[0])

    def _too_much(self, rule: str, experiment: Experiment, value: float, name: str) -> LimitError:
        fits = self._alternatives(experiment)
        high = self.most_mb if name == "experiment_mb" else getattr(self, name)
        field = next(iter(fits[0]))
        return LimitError(field, rule, written(value), setting=setting(name), high=written(high), fits=fits)

    def _alternatives(self, experiment: Experiment) -> list[dict[str, int]]:
        """Fields and values that make an experiment fit: one field smaller, or several where none alone is enough."""
        single = [{name: most} for name in SHRUNK if (most := self._most(experiment, name)) is not None]
        return single or [self._halved(experiment)]

    def _halved(self, experiment: Experiment) -> dict[str, int]:
        """All fields that have become smaller, halved in turns until the experiment fits or nothing is left to halve."""
        halved: dict[str, int] = {}
        for name in SHRUNK * MOST_HALVINGS:
            smaller = _with(experiment, halved)
            if self.allows(smaller):
                break
            value = _present(smaller, name)
            halved[name] = max(_lowest(name), _rounded(value // 2, _lowest(name)))
        return halved

    def _most(self, experiment: Experiment, name: str) -> int | None:
        """The largest value of a field below the present one that would fit, by halving; None where there is none."""
        low, high = _lowest(name), _present(experiment, name)
        if low >= high or not self.allows(_with(experiment, {name: low})):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            fits = self.allows(_with(experiment, {name: middle}))
            low, high = (middle, high) if fits else (low, middle)
        return _rounded(low, _lowest(name))


def setting(name: str) -> str:
    """What a limit is called in the environment."""
    return f"{PREFIX}{name.upper()}"


def written(value: float) -> str:
    """A limit, or what was asked for, with two significant digits, from a hundred on as a whole number."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _one_network(experiment: Experiment) -> Experiment:
    return replace(experiment, arms=experiment.arms[:1], seeds=1)


def _with(experiment: Experiment, values: Mapping[str, int]) -> Experiment:
    changed: dict[str, Any] = dict(values)
    return replace(experiment, **changed)


def _present(experiment: Experiment, name: str) -> int:
    """The number of a field, the largest where it changes during the training."""
    value = getattr(experiment, name)
    if isinstance(value, Schedule):
        return int(max(number for _, number in value.numbers))
    return int(samples(experiment) if value is None else value)


def _lowest(name: str) -> int:
    return int(FIELDS[name].limits.low)


def _rounded(value: int, low: int) -> int:
    """`value`, down to two significant digits, which are easier to read and to type."""
    unit = int(10 ** max(0, len(str(value)) - 2))
    return max(low, value // unit * unit)
