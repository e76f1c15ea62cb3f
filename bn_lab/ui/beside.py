"""Trainings that a page follows beside the lab's own: as another visitor of the trainer, so that they disturb nothing there.

What is trained this way is shared: it is at once there for the next who asks, and for the lab when it opens there.
"""

from __future__ import annotations

import streamlit as st

from bn_lab.experiment import Experiment
from bn_lab.service import State, Training, Visitor
from bn_lab.service.visitor import TO_THE_END
from bn_lab.ui import session


@st.cache_resource(scope="session", show_spinner=False, on_release=Visitor.release)
def _companion(name: str) -> Visitor:
    return Visitor(session.trainer(), name)


def companion(page: str) -> Visitor:
    """The visitor that follows trainings for a page; after a cut another object for the same one, as `session.visitor`."""
    return _companion(f"{session.visitor().name}-{page}")


def follow(page: str, experiment: Experiment) -> Training:
    """The training of an experiment, to its end: that of others, or a new one in the background. To be asked again and again.

    Raises:
        LimitError: for more than this server gives.
    """
    mine = companion(page)
    found = mine.training
    if found is None or found.view.experiment != experiment or found.view.state is State.GONE:
        found = mine.open(experiment, TO_THE_END)
    mine.renew()
    return found


def leave(page: str) -> None:
    """Nothing is followed any more: what nobody else watches need not go on."""
    companion(page).leave()
