"""One network of a study, and the key under which what it has learned is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property

from bn_lab.arms import BASELINE, CONTROL, normalized
from bn_lab.experiment import FIELDS, Experiment

ONLY_WITH_BN = ("epsilon", "bn_momentum", "bn_noise")
"""Fields that mean nothing to a network without batch normalization."""

FORMAT = 1
"""Counted up when the same experiment gives other numbers than before, so that no record of old is taken for a new one."""


@dataclass(frozen=True)
class Network:
    """An experiment of one arm and one seed, in its plainest form: fields without effect have their defaults.

    Two networks that must come out the same by their fields are the same network, so that a study trains, keeps and counts it
    once.

    Attributes:
        experiment: with one arm and one seed.
    """

    experiment: Experiment

    def __post_init__(self) -> None:
        assert len(self.experiment.arms) == self.experiment.seeds == 1
        object.__setattr__(self, "experiment", plainest(self.experiment))

    @property
    def arm(self) -> str:
        """The only arm."""
        return self.experiment.arms[0]

    @cached_property
    def key(self) -> str:
        """A name for files and memories: 20 hexadecimal digits of the SHA-256 of all fields."""
        fields = json.dumps([FORMAT, asdict(self.experiment)], sort_keys=True)
        return hashlib.sha256(fields.encode()).hexdigest()[:20]


def plainest(experiment: Experiment) -> Experiment:
    """The experiment with the default in every field that cannot change its numbers."""
    if experiment.arms == (BASELINE,) and experiment.inputs == "standardized":
        experiment = replace(experiment, arms=(CONTROL,))
    idle = [] if normalized(experiment.arms) else [*ONLY_WITH_BN]
    if experiment.initializer != "normal":
        idle.append("weight_std")
    if experiment.arms == (CONTROL,):
        idle.append("inputs")
    return replace(experiment, **{name: FIELDS[name].default for name in idle})
