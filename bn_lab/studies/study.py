"""`Study`: a grid of experiments × seeds with the questions that it is to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.studies.networks import Network

MOST_NETWORKS = 100_000
"""The largest study there can be."""


class StudyError(ExperimentError):
    """A study that cannot be, or cannot run: which rule, which value; see `ExperimentError`."""

    RULES: Mapping[str, str] = {
        **ExperimentError.RULES,
        "axis": "{field} cannot be varied, got {value}",
        "private": "a study is trained in other processes and known to all, so not on {field} {value}",
        "same_axis": "a study varies different fields, got {field} twice ({value})",
        "no_values": "{field} must have between 1 and {high} different values, got {value}",
        "too_large": "a study has at most {high} networks, got {value}",
        "no_study": "there is no study {value}; there are {options}",
        "no_cluster": "no answer from the cluster at {value} within {seconds} s",
        "no_distributed": "a cluster needs the package distributed (requirements-cluster.txt), asked for {value}",
    }


@dataclass(frozen=True)
class Cell:
    """One place of the grid.

    Attributes:
        values: by field of the study's axes, in their order.
        experiment: the study's with these values; its arms are compared, its seeds are the study's.
    """

    values: Mapping[str, Any]
    experiment: Experiment

    def network(self, arm: str, seed: int) -> Network:
        """The network of one arm and one seed."""
        return Network(replace(self.experiment, arms=(arm,), seed=seed, seeds=1))


@dataclass(frozen=True)
class Study:
    """Every combination of the axes' values, every arm of `base`, every seed.

    Attributes:
        id: what it is called in links, files and texts (`study.<id>.…`).
        base: what all of it has in common; its arms are the sides that are compared, its `seed` is the first one and its
            `seeds` how many there are.
        axes: fields of `Experiment` that are varied (not `arms`, `seed`, `seeds`), each with its values; at most two or
            three, since somebody has to look at it.
        probes: what is measured of the networks besides their losses, names of `bn_lab.engine.trial.PROBES`.
        questions: what it is to answer.
        figure: name of the figure that shows it, one of `bn_lab.figures.studies.FIGURES`.
        measure: name of the measure that the figure shows, one of `bn_lab.studies.measures.MEASURES`.

    Raises:
        StudyError: for an axis that cannot be varied, a value that its field cannot have, or too many networks.
    """

    id: str
    base: Experiment
    axes: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    probes: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    figure: str = "curves"
    measure: str = "train_loss"

    def __post_init__(self) -> None:
        names = [name for name, _ in self.axes]
        for name, values in self.axes:
            if name not in FIELDS or name in ("arms", "seed", "seeds"):
                raise StudyError("axis", "axis", name)
            if names.count(name) > 1:
                raise StudyError(name, "same_axis", name)
            checked = {FIELDS[name].check(value) for value in values}
            if not values or len(checked) < len(values):
                raise StudyError(name, "no_values", len(values), high=MOST_NETWORKS)
        if self.size > MOST_NETWORKS:
            raise StudyError("study", "too_large", self.size, high=MOST_NETWORKS)

    @property
    def size(self) -> int:
        """How many places there are for networks; some may be the same network."""
        count = len(self.base.arms) * self.base.seeds
        for _, values in self.axes:
            count *= len(values)
        return count

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of every side."""
        return self.base.seed_list

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All places of the grid, the last axis varying fastest."""
        names = [name for name, _ in self.axes]
        grid = (dict(zip(names, values, strict=True)) for values in product(*(values for _, values in self.axes)))
        return tuple(Cell(values, replace(self.base, **values)) for values in grid)

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """All networks, each once, cell by cell, so that a cell is complete before the next begins."""
        every = (cell.network(arm, seed) for cell in self.cells for arm in self.base.arms for seed in self.seeds)
        return tuple(dict.fromkeys(every))

    def with_seeds(self, seeds: int) -> Study:
        """The same study with another number of seeds."""
        return replace(self, base=replace(self.base, seeds=seeds))

    def matching(self, values: Mapping[str, Any]) -> tuple[Cell, ...]:
        """The cells with these values, in order: one where all axes are named, a row where one is left out."""
        return tuple(cell for cell in self.cells if all(cell.values.get(name) == value for name, value in values.items()))


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes:
        arm: which networks.
        values: of the study's axes; an axis that is left out makes a row of cells, which the measure sees as a whole.
    """

    arm: str
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Question:
    """A claim that numbers can decide: `ours` is better than `theirs` by at least `smallest`.

    Attributes:
        id: the words are `question.<id>`, those of the page.
        measure: what is compared, a name of `bn_lab.studies.measures.MEASURES`.
        ours, theirs: the sides, paired over the seeds: same weights, same batches.
        smallest: the smallest difference that matters, in the measure's unit of difference.
        their_measure: what is measured of theirs where it is something else, such as the same weights evaluated in another way.
        other_side: whether it is a condition under which the opposite of the claim is to be seen.
    """

    id: str
    measure: str
    ours: Side
    theirs: Side
    smallest: float
    their_measure: str = ""
    other_side: bool = False
