"""The networks of a study: one and the key of its record, and how they are put together to be trained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from bn_lab import timing
from bn_lab.arms import ARMS, BASELINE, CONTROL
from bn_lab.engine.cost import seconds
from bn_lab.engine.members import VARIED
from bn_lab.engine.outcome import Outcome
from bn_lab.experiment import FIELDS, Experiment, Schedule

OF_NORMALIZERS = ("epsilon", "bn_momentum", "bn_noise")
"""Fields that mean nothing to a network whose arm does not name them among its `settings`."""

FORMAT = 1
"""Counted up when the same experiment gives other numbers than before, so that an old record is not taken for a new one."""

MOST = 128
"""Networks of a portion at most."""


@dataclass(frozen=True)
class Network:
    """An experiment of one arm and one seed, in its plainest form: fields without effect have their defaults.

    Two networks whose numbers must be the same, by their fields, are the same network: a study trains, keeps and counts one.

    Attributes:
        experiment: with one arm and one seed.
    """

    experiment: Experiment

    def __post_init__(self) -> None:
        assert len(self.experiment.arms) == self.experiment.seeds == 1
        object.__setattr__(self, "experiment", without_idle_settings(self.experiment))

    @property
    def arm(self) -> str:
        """The only arm."""
        return self.experiment.arms[0]

    @cached_property
    def key(self) -> str:
        """A name for files and memories: 20 hexadecimal digits of the SHA-256 of all fields."""
        fields = json.dumps([FORMAT, self.experiment.plain()], sort_keys=True)
        return hashlib.sha256(fields.encode()).hexdigest()[:20]


def without_idle_settings(experiment: Experiment) -> Experiment:
    """The experiment with the default in every field that cannot change its numbers."""
    if experiment.arms == (BASELINE,) and experiment.inputs == "standardized":
        experiment = replace(experiment, arms=(CONTROL,))
    idle = [name for name in OF_NORMALIZERS if not any(name in ARMS[arm].settings for arm in experiment.arms)]
    if experiment.initializer != "normal":
        idle.append("weight_std")
    if experiment.arms == (CONTROL,):
        idle.append("inputs")
    experiment = replace(experiment, **{name: FIELDS[name].default for name in idle})
    values: dict[str, Any] = {
        name: Schedule(tuple(pair for pair in value.numbers if pair[0] <= experiment.epochs))
        for name, value in vars(experiment).items()
        if isinstance(value, Schedule)
    }
    return replace(experiment, **values)


@dataclass(frozen=True)
class Portion:
    """Networks of a study to be trained together, as one stack: the unit of work that an executor gets.

    It is small enough that results arrive one after the other and a study can be cancelled, and large enough that few calls
    compute many networks.

    Attributes:
        networks: of one structure and one arm.
        probes: as in `Study`.
        cost: about how many seconds it takes on one core.
    """

    networks: tuple[Network, ...]
    probes: tuple[str, ...]
    cost: float

    def train(self) -> list[Outcome]:
        """The outcome of every network, in order."""
        from bn_lab.engine.trial import train_stack  # brings torch, which the process that plans a study does without

        return train_stack([network.experiment for network in self.networks], probes=self.probes)


def portions(networks: Sequence[Network], probes: Iterable[str] = ()) -> list[Portion]:
    """Put networks of equal structure together; a study's first networks are in the first portions."""
    probes = tuple(probes)
    alike: dict[tuple[object, ...], list[Network]] = {}
    for network in networks:
        alike.setdefault(structure(network.experiment), []).append(network)
    order = {network: i for i, network in enumerate(networks)}
    parts = [part for group in alike.values() for part in _parts(group, probes)]
    return sorted(parts, key=lambda part: order[part.networks[0]])


def structure(experiment: Experiment) -> tuple[object, ...]:
    """What networks of one portion must have in common."""
    return tuple(value for name, value in experiment.plain().items() if name not in VARIED)


def _parts(group: list[Network], probes: tuple[str, ...]) -> list[Portion]:
    size = next((n for n in range(1, MOST) if seconds(group[0].experiment, n + 1) > timing.PORTION), MOST)
    size = max(size, min(len(group), _cheap(group[0].experiment)))
    count = -(-len(group) // size)
    bounds = [round(i * len(group) / count) for i in range(count + 1)]
    return [Portion(tuple(group[a:b]), probes, seconds(group[0].experiment, b - a)) for a, b in pairwise(bounds)]


def _cheap(experiment: Experiment) -> int:
    """How many networks cost little more than one, because it is calls that take the time; 1 where it is not."""
    alone = seconds(experiment, 1)
    if seconds(experiment, 2) > 1.5 * alone:
        return 1
    return next((n for n in range(1, MOST) if seconds(experiment, n + 1) > 2.5 * alone), MOST)
