"""How far a study is: its job counts in a `JobProgress`, everybody else reads a frozen `JobView`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from types import MappingProxyType
from typing import Literal

from bn_lab.engine.outcome import Outcome
from bn_lab.experiment import Experiment
from bn_lab.studies.networks import Network, Portion, portions
from bn_lab.studies.study import Study

State = Literal["queued", "running", "done", "cancelled", "failed"]


@dataclass(frozen=True)
class Failure:
    """A portion that could not be trained.

    Attributes:
        experiments: of its networks.
        error: what went wrong.
    """

    experiments: tuple[Experiment, ...]
    error: str


@dataclass(frozen=True, eq=False)
class JobView:
    """A study at one moment; immutable.

    Attributes:
        state: `queued` has not begun, `cancelled` was asked to end, `failed` could not go on (`error`); a study is `done` also
            where portions failed.
        results: outcomes so far by `Network.key`.
        done, total: networks with an outcome, and all.
        share: how much of the work is over, by its cost, 0 … 1; what failed is over, too.
        seconds: since the start, until the end.
        remaining: seconds to go at the rate so far; None while that is unknown, 0 at the end.
        failures: what could not be trained.
        version: counts changes of everything but the two times and `place`.
        error: why it failed.
        trained: how many of the outcomes were not known before.
        place: how many studies are before this one, itself counted; 0 where none has to be waited for.
    """

    state: State = "queued"
    results: Mapping[str, Outcome] = field(default_factory=lambda: MappingProxyType({}))
    done: int = 0
    total: int = 0
    share: float = 0.0
    seconds: float = 0.0
    remaining: float | None = None
    failures: tuple[Failure, ...] = ()
    version: int = 0
    error: Exception | None = None
    place: int = 0
    trained: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing changes any more, but for results of what had begun when it was cancelled."""
        return self.state in ("done", "cancelled", "failed")


def has_probes(outcome: Outcome, probes: tuple[str, ...]) -> bool:
    """Whether an outcome holds what these probes measure."""
    return ("three_ways" not in probes or bool(outcome.final)) and (
        "smoothness" not in probes or outcome.smoothness is not None
    )


class JobProgress:
    """The bookkeeping of a job; safe to use from any thread.

    Args:
        study: whose networks are counted.
        known: outcomes by key that need no training; others than the study's networks are ignored.
        clock: seconds, never going back.
    """

    def __init__(self, study: Study, known: Mapping[str, Outcome], clock: Callable[[], float] = time.monotonic) -> None:
        self._study, self._known, self._clock = study, known, clock
        self._lock = Lock()
        self._state: State = "queued"
        self._results: dict[str, Outcome] = {}
        self._snapshot: Mapping[str, Outcome] = MappingProxyType({})
        self._failures: list[Failure] = []
        self._error: Exception | None = None
        self._costs: dict[str, float] = {}  # of every network; empty before `plan`
        self._total_cost, self._known_cost, self._over_cost = 0.0, 0.0, 0.0
        self._begun, self._ended = 0.0, 0.0
        self._version, self._trained = 0, 0

    def begin(self, known: Mapping[str, Outcome]) -> bool:
        """The job starts, with what is known by now besides; False where it had begun or was cancelled before."""
        with self._lock:
            if self._state != "queued":
                return False
            self._known = {**known, **self._known}
            self._state, self._begun = "running", self._clock()
            self._version += 1
            return True

    def plan(self) -> list[Portion]:
        """Count what is known, and put the rest together."""
        networks, probes = self._study.networks, self._study.probes
        every = portions(networks, probes)
        costs = {network.key: portion.cost / len(portion.networks) for portion in every for network in portion.networks}
        known = {key: outcome for key in costs if (outcome := self._known.get(key)) is not None and has_probes(outcome, probes)}
        with self._lock:
            self._costs, self._results, self._total_cost = costs, known, sum(costs.values())
            self._known = {}  # of other studies, too, whose outcomes need not stay in memory for this one
            self._known_cost = self._over_cost = sum(costs[key] for key in known)
            self._change()
        return portions([network for network in networks if network.key not in known], probes) if known else every

    def has(self, network: Network) -> bool:
        """Whether there is an outcome of this network."""
        return network.key in self._results

    def add(self, network: Network, outcome: Outcome) -> None:
        """Count an outcome, the first of its network."""
        with self._lock:
            assert network.key not in self._results
            self._results[network.key] = outcome
            self._trained += 1
            self._over_cost += self._costs[network.key]
            self._change()

    def fail(self, portion: Portion, error: str) -> None:
        """Count a portion that cannot be trained."""
        with self._lock:
            self._failures.append(Failure(tuple(network.experiment for network in portion.networks), error))
            self._over_cost += sum(self._costs[network.key] for network in portion.networks)
            self._change()

    def end(self, state: State, error: Exception | None = None) -> None:
        """The job is over, if it was not before."""
        with self._lock:
            if self._state in ("queued", "running"):
                self._ended = self._clock()
                self._begun = self._ended if self._state == "queued" else self._begun
                self._state, self._error = state, error
                self._change()

    def _change(self) -> None:
        self._version += 1
        self._snapshot = MappingProxyType({})

    def view(self, place: int = 0) -> JobView:
        """This moment."""
        with self._lock:
            if len(self._snapshot) < len(self._results):
                self._snapshot = MappingProxyType(dict(self._results))
            seconds = self._seconds()
            return JobView(
                state=self._state,
                results=self._snapshot,
                done=len(self._results),
                total=len(self._costs) or self._study.size,
                share=self._share(),
                seconds=seconds,
                remaining=self._remaining(seconds),
                failures=tuple(self._failures),
                version=self._version,
                error=self._error,
                place=place,
                trained=self._trained,
            )

    def _share(self) -> float:
        if self._state == "done":
            return 1.0  # which a sum of costs is only but for rounding
        return min(1.0, self._over_cost / self._total_cost) if self._total_cost else 0.0

    def _seconds(self) -> float:
        if self._state == "queued":
            return 0.0
        return (self._clock() if self._state == "running" else self._ended) - self._begun

    def _remaining(self, seconds: float) -> float | None:
        if self._state in ("done", "cancelled", "failed"):
            return 0.0
        trained = self._over_cost - self._known_cost
        return max(0.0, self._total_cost - self._over_cost) * seconds / trained if trained > 0 else None
