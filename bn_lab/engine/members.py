"""Members: the networks of one arm in a stack. Most often they differ in their seed alone, in a study in more than that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import groupby

import numpy as np

from bn_lab.engine.types import Array
from bn_lab.experiment import FIELDS, Experiment, ExperimentError, Schedule

VARIED = frozenset(("learning_rate", "epsilon", "bn_momentum", "bn_noise", "initializer", "weight_std", "weight_scale",
                    "dropout", "l2", "seed"))  # fmt: skip
"""The fields in which members of a stack may differ; all others make its structure."""


@dataclass(frozen=True)
class Members:
    """The S networks of each arm, in their order.

    Attributes:
        experiments: (S,), the experiment of each, but for `seed`.
        seeds: (S,).
    """

    experiments: tuple[Experiment, ...]
    seeds: tuple[int, ...]

    @classmethod
    def of(cls, experiment: Experiment, given: Sequence[Experiment] | None = None) -> Members:
        """The members `given`, or else one for each seed of `experiment`.

        Raises:
            ExperimentError: naming a field, neither `seeds` nor in `VARIED`, in which a member differs from `experiment`.
        """
        if given is None:
            return cls((experiment,) * experiment.seeds, experiment.seed_list)
        for member in given:
            for name in (f.name for f in fields(Experiment) if f.name not in VARIED | {"seeds"}):
                expected, value = (FIELDS[name].format(getattr(each, name)) for each in (experiment, member))
                if value != expected:
                    raise ExperimentError(name, "one_of", value, options=expected)
        return cls(tuple(given), tuple(member.seed for member in given))

    def __len__(self) -> int:
        return len(self.seeds)

    def values(self, name: str, epoch: int = 0) -> Array:
        """What the members have in the field `name`, a number, in an epoch, counting from 0: (S,) float64."""
        values = (getattr(member, name) for member in self.experiments)
        return np.array([v.at(epoch + 1) if isinstance(v, Schedule) else v for v in values], np.float64)

    def runs(self, name: str) -> list[tuple[slice, float]]:
        """Neighbours with the same value in the field `name`: which members, and the value."""
        runs, start = [], 0
        for value, equal in groupby(self.values(name).tolist()):
            stop = start + len(list(equal))
            runs.append((slice(start, stop), value))
            start = stop
        return runs
