"""The reader of the lesson: a visitor of the trainer beside the one of the lab, so that a question disturbs nothing there.

What is trained for an answer is shared: it is at once there for the next reader, and for the lab when the step opens there.
"""

from __future__ import annotations

import streamlit as st

from bn_lab.experiment import Experiment
from bn_lab.service import State, Training, Visitor
from bn_lab.service.visitor import TO_THE_END
from bn_lab.ui import session


@st.cache_resource(scope="session", show_spinner=False, on_release=Visitor.release)
def _reader(name: str) -> Visitor:
    return Visitor(session.trainer(), name)


def reader() -> Visitor:
    """The reader of this session; after a cut another object for the same one, as `session.visitor`."""
    return _reader(f"{session.visitor().name}-lesson")


def follow(experiment: Experiment) -> Training:
    """The training of an experiment, to its end: that of others, or a new one in the background. To be asked again and again.

    Raises:
        LimitError: for more than this server gives.
    """
    mine = reader()
    found = mine.training
    if found is None or found.view.experiment != experiment or found.view.state is State.GONE:
        found = mine.open(experiment, TO_THE_END)
    mine.renew()
    return found


def leave() -> None:
    """Nothing is asked any more: what nobody else watches need not go on."""
    reader().leave()
