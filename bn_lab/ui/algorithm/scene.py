"""What is on screen: one unit's numbers through every node of batch normalization, forward and backward, and the network that
the unit is in.

The page's process has no torch, so a worker computes with the network's weights (`bn_lab.engine.anatomy`). Its answers are
remembered for as long as the record of the run is there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from bn_lab import timing
from bn_lab.datasets import table_of
from bn_lab.engine import reference
from bn_lab.engine.anatomy.records import Subject, typed
from bn_lab.engine.history import Checkpoint, History
from bn_lab.experiment import Experiment
from bn_lab.service import recordings
from bn_lab.ui import session
from bn_lab.ui.algorithm.selection import Selection, decode, encode, fitted
from bn_lab.ui.kit.caching import cached_per_history


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
