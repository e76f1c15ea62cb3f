"""What the page looks at, and what is on screen of it.

A *selection* says what of a network is looked at, as one parameter of the link: `algorithm=layer:2,unit:3,epsilon:1e-06` names
only what differs from the default; typed numbers are `values:1.5;2;-3`. What cannot be read stays at its default, and `unread`
names it.

A *scene* is its numbers: those of one unit through every node of batch normalization, forward and backward, and the network
that the unit is in. The page's process has no torch, so a worker computes with the network's weights (`bn_lab.engine.anatomy`).
Its answers are remembered for as long as the record of the run is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import streamlit as st

from bn_lab import timing
from bn_lab.arms import ARMS
from bn_lab.datasets import table_of
from bn_lab.engine import reference
from bn_lab.engine.anatomy.records import FEWEST, LARGEST, MOST, Subject, typed
from bn_lab.engine.history import Checkpoint, History
from bn_lab.experiment import Experiment
from bn_lab.service import recordings
from bn_lab.ui import session
from bn_lab.ui.kit.caching import cached_per_history

EPSILONS = (1e-12, 10.0)
"""Limits of ε on this page, wider than in training: what breaks is what one learns from."""

YES = "yes"
"""How a link says that something is switched on; that it is off goes without saying."""

FACTORS = tuple(float(f"{10 ** (k / 4):.4g}") for k in range(-16, 17))
"""What weights may be multiplied by: 1e-4 to 1e4, four to a decade."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What to look at. Layer, unit and sample count from 1; ε, γ and β are None where the network's own are taken."""

    arm: str = ""
    """One of the experiment's arms; empty: the first with batch normalization."""

    layer: int = 1
    unit: int = 1
    epoch: int | None = None
    """One of the epochs with a checkpoint; None: the newest."""

    sample: int = 1
    """Position within the batch."""

    epsilon: float | None = None
    gamma: float | None = None
    beta: float | None = None
    node: str = "mean"
    """Node of the computation graph that is explained."""

    whole: bool = False
    """Whether the graph shows the whole batch instead of the selected sample."""

    factor: float = 1.0
    """One of `FACTORS`."""

    values: tuple[float, ...] = ()
    """Typed numbers in place of a batch of the network's; empty: the network's."""


def encode(selection: Selection) -> str:
    """The link's text for a selection; empty for the default one."""
    default = vars(Selection())
    return ",".join(f"{name}:{_written(value)}" for name, value in vars(selection).items() if value != default[name])


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ";".join(map(_written, value))
    if value is True:
        return YES
    return as_typed(value) if isinstance(value, float) else str(value)


def as_typed(value: float) -> str:
    """The shortest decimal that is the same number: what one types, and what a link has."""
    return repr(float(value)).removesuffix(".0")


def decode(text: str) -> Selection:
    """The selection that a link's text describes; never raises."""
    read: dict[str, Any] = {name: value for _, name, value in _parts(text) if value is not None}
    return Selection(**read)


def unread(text: str) -> list[str]:
    """The parts of a link's text that `decode` cannot read."""
    return [part for part, _, value in _parts(text) if value is None]


def _parts(text: str) -> Iterator[tuple[str, str, object]]:
    """Each part, the name that it begins with, and its value, None where it cannot be read."""
    for part in text.split(",")[: len(fields(Selection))] if text else ():
        name, _, written = part.partition(":")
        yield part, name, READERS[name](written) if name in READERS else None


def _natural(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 1 <= len(text) <= 6 else None


def _number(text: str, largest: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) <= largest else None


def _scale(text: str) -> float | None:
    """γ or β, which may have to bring the largest of typed numbers back."""
    return _number(text, 10 * LARGEST)


def _epsilon(text: str) -> float | None:
    value = _number(text, EPSILONS[1])
    return value if value is not None and EPSILONS[0] <= value <= EPSILONS[1] else None


def _factor(text: str) -> float | None:
    """The nearest of `FACTORS`."""
    value = _number(text, FACTORS[-1])
    if value is None or not FACTORS[0] <= value <= FACTORS[-1]:
        return None
    return min(FACTORS, key=lambda factor: abs(math.log(factor / value)))


def _values(text: str) -> tuple[float, ...] | None:
    numbers = [_number(part, LARGEST) for part in text.split(";")[: MOST + 1]]
    known = tuple(value for value in numbers if value is not None)
    return known if len(known) == len(numbers) and FEWEST <= len(known) <= MOST else None


def _word(text: str) -> str | None:
    return text if text.isidentifier() and text.isascii() else None


READERS: dict[str, Callable[[str], object]] = {
    "arm": _word,
    "layer": _natural,
    "unit": _natural,
    "epoch": _natural,
    "sample": _natural,
    "epsilon": _epsilon,
    "gamma": _scale,
    "beta": _scale,
    "node": _word,
    "whole": lambda text: text == YES or None,
    "factor": _factor,
    "values": _values,
}


def arms(experiment: Experiment) -> tuple[str, ...]:
    """The arms that can be looked at, those with batch normalization first; one with another normalizer only where there is no
    other arm, since the page speaks of batch normalization."""
    arms = [arm for arm in experiment.arms if ARMS[arm].is_batch_norm or not ARMS[arm].normalizer]
    return tuple(sorted(arms or experiment.arms, key=lambda arm: not ARMS[arm].is_batch_norm))


def fitted(selection: Selection, experiment: Experiment, checkpoints: Sequence[Checkpoint]) -> Selection:
    """The selection as far as the experiment and its checkpoints have it; the nearest that they have where they do not."""
    arm = selection.arm if selection.arm in arms(experiment) else arms(experiment)[0]
    epochs = [int(each.epoch) for each in checkpoints]
    newest = selection.epoch is None or not epochs
    return replace(
        selection,
        arm=arm,
        layer=min(max(selection.layer, 1), experiment.depth),
        unit=min(max(selection.unit, 1), experiment.width),
        epoch=None if newest else min(epochs, key=lambda epoch: abs(epoch - (selection.epoch or 0))),
        sample=max(selection.sample, 1),
    )


# The scene.


def selected() -> Selection:
    """What the session looks at."""
    return decode(st.session_state.get("algorithm", ""))


def select(**changes: Any) -> None:
    """Look at something else: change these fields of the session's selection."""
    st.session_state["algorithm"] = encode(replace(selected(), **changes))


@dataclass(frozen=True, eq=False)
class Scene:
    """What is on screen.

    Attributes:
        selection: what the visitor selected, as far as it exists.
        experiment: the visitor's. history: its record, None while there is none yet.
        checkpoints: those of whole epochs, and `moment` the one that is looked at, or None where there is none yet; the parts
            about the network show it also while numbers are typed.
        subject: the mini-batch `(F, B)` of the layer, or the typed numbers `(1, B)`.
        epsilon, gamma, beta: of the unit, as selected or the network's own.
        nodes, gradients: the unit through the reference, `(1, B)` and `(1, 1)`.
    """

    selection: Selection
    experiment: Experiment
    history: History | None
    checkpoints: tuple[Checkpoint, ...]
    moment: Checkpoint | None
    subject: Subject
    epsilon: float
    gamma: float
    beta: float
    nodes: reference.Forward
    gradients: reference.Backward

    @property
    def is_typed(self) -> bool:
        """Whether the visitor typed the numbers."""
        return bool(self.selection.values)

    @property
    def sample(self) -> int:
        """Index of the selected sample within the batch."""
        return self.selection.sample - 1

    @property
    def size(self) -> int:
        """Samples of the batch."""
        return int(self.nodes.x.shape[1])

    @property
    def undoes_normalization(self) -> bool:
        """Whether γ and β are the standard deviation and the mean of the batch, so that y = x."""
        mean, deviation = self.nodes.mean.item(), self.nodes.deviation.item()
        is_mean = abs(self.beta - mean) <= 1e-9 * max(abs(mean), deviation)
        return bool(abs(self.gamma - deviation) <= 1e-9 * deviation and is_mean)

    # The network at the moment that is looked at.

    @property
    def arm(self) -> str:
        """The arm of the network."""
        return self.selection.arm

    @property
    def unit(self) -> int:
        """Index of the selected unit within its layer of the network."""
        return self.selection.unit - 1

    @property
    def network(self) -> tuple[History, Checkpoint]:
        """The record and the weights that the parts about the network look at, which are drawn where there are any."""
        assert self.history is not None
        assert self.moment is not None
        return self.history, self.moment

    @property
    def network_sample(self) -> int:
        """Index of the selected sample within the network's batch, its last one where more numbers are typed than it has."""
        return min(self.sample, len(self.subject_of(self.selection.layer).rows) - 1)

    @property
    def has_diverged(self) -> bool:
        """Whether the network's weights, or what they make of the batch, are no longer finite."""
        if self.moment is None:
            return False
        weights = self.moment.arms[self.arm].values()
        layers = range(1, self.experiment.depth + 1)
        return not (
            all(np.isfinite(each).all() for each in weights)
            and all(np.isfinite(self.subject_of(layer).x).all() for layer in layers)
        )

    def subject_of(self, layer: int) -> Subject:
        """A layer of the network, counting from 1, on its mini-batch."""
        return subject(*self.network, self.arm, layer)

    def compute(self, name: str, *args: Any) -> Any:
        """What function `name` of `bn_lab.engine.anatomy` returns for the network; `args` follow its arm."""
        history, moment = self.network
        return compute(history, name, moment, self.arm, *args)


def scene_of(history: History | None) -> Scene | None:
    """What is on screen, from the record of the lab's experiment; None while that has no weights to look at.

    Raises:
        ExperimentError: the worker does not answer.
    """
    experiment = session.experiment()
    # A moment within an epoch has no name of its own in the link.
    checkpoints = tuple(each for each in history.checkpoints if each.epoch == int(each.epoch)) if history else ()
    selection = fitted(selected(), experiment, checkpoints)
    newest = checkpoints[-1] if checkpoints else None
    moment = next((each for each in checkpoints if int(each.epoch) == selection.epoch), newest)
    if selection.values:
        batch = typed(selection.values, experiment.epsilon, chosen=min(selection.sample, len(selection.values)) - 1)
    elif history is None or moment is None:
        return None
    else:
        batch = subject(history, moment, selection.arm, selection.layer)
    unit = slice(0, 1) if selection.values else slice(selection.unit - 1, selection.unit)
    epsilon = batch.epsilon if selection.epsilon is None else selection.epsilon
    gamma = batch.gamma[unit] if selection.gamma is None else np.full((1, 1), selection.gamma)
    beta = batch.beta[unit] if selection.beta is None else np.full((1, 1), selection.beta)
    nodes = reference.forward(batch.x[unit], gamma, beta, epsilon)
    gradients = reference.backward(nodes, gamma, batch.grad_y[unit])
    selection = replace(selection, sample=min(selection.sample, nodes.x.shape[1]))
    return Scene(
        selection,
        experiment,
        history,
        checkpoints,
        moment,
        batch,
        epsilon,
        gamma.item(),
        beta.item(),
        nodes,
        gradients,
    )


def subject(history: History, checkpoint: Checkpoint, arm: str, layer: int) -> Subject:
    """The mini-batch that a layer, counting from 1, sees with the weights of `checkpoint`.

    Raises:
        RequestError: as of `compute`.
    """
    result: Subject = compute(history, "subject", checkpoint, arm, layer)
    return result


@cached_per_history
def compute(history: History, name: str, *args: Any) -> Any:
    """What function `name` of `bn_lab.engine.anatomy` makes of the record's experiment and `args`, which are hashable;
    checkpoints are compared by identity.

    Raises:
        RequestError: it takes longer than a page waits, or cannot be had.
    """
    experiment = history.experiment
    table = table_of(experiment) if experiment.is_private else None
    return recordings().compute(name, experiment, *args, table=table, timeout=timing.COMPUTE_TIMEOUT)
