"""How the networks of a study are put together: what is equal in structure trains together, in pieces of a few seconds at most.

A stack is the unit of work that an executor gets: a tuple of networks of one structure and one arm, which is small enough that
results arrive one after the other and a study can be cancelled, and large enough that the calls into the library are shared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from bn_lab import timing
from bn_lab.engine.cost import seconds
from bn_lab.engine.members import VARIED
from bn_lab.engine.outcome import Outcome
from bn_lab.experiment import Experiment
from bn_lab.studies.networks import Network

MOST = 128
"""Networks of a stack at most."""


@dataclass(frozen=True)
class Stack:
    """Networks to be trained together.

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
        from bn_lab.engine.trial import train_stack  # brings torch, which who plans a study need not have

        return train_stack([network.experiment for network in self.networks], probes=self.probes)


def stacks(networks: Sequence[Network], probes: Iterable[str] = ()) -> list[Stack]:
    """Put networks together; a study's first networks are in the first stacks."""
    probes = tuple(probes)
    alike: dict[tuple[object, ...], list[Network]] = {}
    for network in networks:
        alike.setdefault(structure(network.experiment), []).append(network)
    order = {network: i for i, network in enumerate(networks)}
    found = [part for group in alike.values() for part in _parts(group, probes)]
    return sorted(found, key=lambda stack: order[stack.networks[0]])


def structure(experiment: Experiment) -> tuple[object, ...]:
    """What networks of one stack must have in common."""
    return tuple(value for name, value in asdict(experiment).items() if name not in VARIED)


def _parts(group: list[Network], probes: tuple[str, ...]) -> list[Stack]:
    size = next((n for n in range(1, MOST) if seconds(group[0].experiment, n + 1) > timing.STACK), MOST)
    size = max(size, min(len(group), _cheap(group[0].experiment)))
    count = -(-len(group) // size)
    bounds = [round(i * len(group) / count) for i in range(count + 1)]
    return [Stack(tuple(group[a:b]), probes, seconds(group[0].experiment, b - a)) for a, b in pairwise(bounds)]


def _cheap(experiment: Experiment) -> int:
    """How many networks cost little more than one, because it is calls that take the time; 1 where it is not."""
    alone = seconds(experiment, 1)
    if seconds(experiment, 2) > 1.5 * alone:
        return 1
    return next((n for n in range(1, MOST) if seconds(experiment, n + 1) > 2.5 * alone), MOST)
