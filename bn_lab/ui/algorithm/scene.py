"""One unit before the visitor's eyes: its numbers through every node of batch normalization, forward and backward."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import streamlit as st

from bn_lab.engine import reference
from bn_lab.engine.anatomy import Subject, typed
from bn_lab.engine.history import Checkpoint, History
from bn_lab.engine.types import Array
from bn_lab.experiment import Arm, Experiment
from bn_lab.ui import anatomy, session
from bn_lab.ui.algorithm.choice import Choice, decode, encode, fitted


@dataclass(frozen=True, eq=False)
class Scene:
    """What is on screen.

    Attributes:
        choice: what the visitor picked, as far as it exists.
        experiment: the visitor's. history: its record, None while there is none yet.
        checkpoints: those of whole epochs, and `moment` the one that is looked at, or None where there is none yet; the
            whole-network parts show it also while numbers are typed.
        subject: the layer's mini-batch.
        epsilon, gamma, beta: of the unit, as picked or the network's own.
        nodes, gradients: the unit through the reference, `(1, B)` and `(1, 1)`.
    """

    choice: Choice
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
        """Whether the numbers are the visitor's own."""
        return bool(self.choice.values)

    @property
    def has_diverged(self) -> bool:
        """Whether the network's weights, or what they make of the batch, are no longer finite."""
        if self.moment is None:
            return False
        weights = self.moment.arms[self.arm].values()
        layers = range(1, self.experiment.depth + 1)
        return not (
            all(np.isfinite(each).all() for each in weights)
            and all(np.isfinite(subject_of(self, layer).x).all() for layer in layers)
        )

    @property
    def arm(self) -> Arm:
        """The arm of the network."""
        return next(arm for arm in self.experiment.arms if arm == self.choice.arm)

    @property
    def unit(self) -> int:
        """Index of the unit."""
        return 0 if self.is_typed else self.choice.unit - 1

    @property
    def sample(self) -> int:
        """Index of the chosen sample within the batch."""
        return self.choice.sample - 1

    @property
    def size(self) -> int:
        """Samples of the batch."""
        return int(self.nodes.x.shape[1])


def choice() -> Choice:
    """What the session looks at."""
    return decode(st.session_state.get("algorithm", ""))


def choose(new: Choice) -> None:
    """Look at something else."""
    st.session_state["algorithm"] = encode(new)


def scene(history: History | None) -> Scene | None:
    """What is on screen, from the record of the lab's experiment; None while that has no weights to look at.

    Raises:
        ExperimentError: the worker does not answer.
    """
    experiment = session.experiment()
    # A moment within an epoch has no name of its own in the link.
    checkpoints = tuple(each for each in history.checkpoints if each.epoch == int(each.epoch)) if history else ()
    picked = fitted(choice(), experiment, checkpoints)
    moment = _moment(picked, checkpoints)
    if picked.values:
        found = typed(picked.values, experiment.epsilon, chosen=_within(picked, len(picked.values)))
    elif history is None or moment is None:
        return None
    else:
        found = anatomy.subject(history, moment, cast(Arm, picked.arm), picked.layer)
    return _of(picked, experiment, history, checkpoints, moment, found)


def _moment(picked: Choice, checkpoints: tuple[Checkpoint, ...]) -> Checkpoint | None:
    """The one picked, which `fitted` made one of `checkpoints`; the newest where none is."""
    return next((k for k in checkpoints if int(k.epoch) == picked.epoch), checkpoints[-1] if checkpoints else None)


def _within(picked: Choice, size: int) -> int:
    return min(picked.sample, size) - 1


def _of(
    picked: Choice,
    experiment: Experiment,
    history: History | None,
    checkpoints: tuple[Checkpoint, ...],
    moment: Checkpoint | None,
    found: Subject,
) -> Scene:
    unit = slice(0, 1) if picked.values else slice(picked.unit - 1, picked.unit)
    epsilon = found.epsilon if picked.epsilon is None else picked.epsilon
    gamma, beta = (_one(own, unit, value) for own, value in ((found.gamma, picked.gamma), (found.beta, picked.beta)))
    nodes = reference.forward(found.x[unit], gamma, beta, epsilon)
    gradients = reference.backward(nodes, gamma, found.grad_y[unit])
    size = nodes.x.shape[1]
    shown = fitted(picked, experiment, checkpoints)
    shown = replace(shown, sample=min(shown.sample, size))
    own = epsilon, float(gamma[0, 0]), float(beta[0, 0])
    return Scene(shown, experiment, history, checkpoints, moment, found, *own, nodes, gradients)


def _one(own: Array, unit: slice, value: float | None) -> Array:
    return own[unit] if value is None else np.full((1, 1), value)


def subject_of(found: Scene, layer: int) -> Subject:
    """Another layer of the same network at the same moment, on the same batch."""
    history, moment = of_network(found)
    return anatomy.subject(history, moment, found.arm, layer)


def of_network(found: Scene) -> tuple[History, Checkpoint]:
    """The record and the weights that the parts about the network look at, which are drawn where there are any."""
    assert found.history is not None
    assert found.moment is not None
    return found.history, found.moment


def network_sample(found: Scene) -> int:
    """Index of the chosen sample within the network's batch, the last one where typed numbers are more than it has."""
    return min(found.sample, len(subject_of(found, found.choice.layer).rows) - 1)
