"""The studies that this visitor has ordered, computed by the one library of the process.

A library begins what it is asked for, so nobody asks it before somebody presses Run. What another visitor has run is then there
at once.
"""

from __future__ import annotations

from collections.abc import Hashable

import streamlit as st

from bn_lab.studies.job import Job, JobView
from bn_lab.studies.library import Library
from bn_lab.studies.study import Study


@st.cache_resource(show_spinner=False)
def library() -> Library:
    """The one library of this process."""
    return Library()


@st.cache_resource(scope="session", show_spinner=False)
def _orders() -> dict[Hashable, Job]:
    """Jobs by what they compute; not in the session's state, which outlives edits of the code."""
    return {}


def _key(study: Study) -> Hashable:
    return study.base, study.axes, study.probes


def run(study: Study) -> None:
    """Order a study, or what is missing of one that was cancelled or failed."""
    _orders()[_key(study)] = library().job(study)


def cancel(study: Study) -> None:
    """Take an order back; what is there stays."""
    _orders()[_key(study)].cancel()


def view(study: Study) -> JobView | None:
    """How far a study has come; None where it was not ordered."""
    job = _orders().get(_key(study))
    return None if job is None else job.view


def is_running(study: Study) -> bool:
    """Whether an order for this study is in line or being carried out."""
    found = view(study)
    return found is not None and not found.ended
