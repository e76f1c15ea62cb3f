"""The studies on this visitor's page, computed by the one library of the process.

A library begins what it is asked for, so nobody asks it before somebody presses Run. What another visitor runs or has run is
seen at once. Cancelling ends a study only where nobody else watches it, and so does leaving.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from functools import cache
from threading import Timer

import streamlit as st

from bn_lab import timing
from bn_lab.studies.job import JobView
from bn_lab.studies.library import Library, key_of
from bn_lab.studies.study import Study
from bn_lab.ui import session


@cache
def library() -> Library:
    """The one library of this process."""
    return Library()


class Visitor:
    """One connected page.

    Attributes:
        ordered: the studies that this visitor has ordered, as far as they may not be finished.
        dismissed: what was there of studies when this visitor cancelled them; others may watch them still.
    """

    def __init__(self) -> None:
        self.dismissed: dict[Hashable, JobView] = {}
        self.ordered: list[Study] = []

    @property
    def unfinished(self) -> int:
        """How many of the visitor's own orders are in line or being computed."""
        self.ordered = [study for study in self.ordered if key_of(study) not in self.dismissed and is_running(study)]
        return len(self.ordered)

    def leave(self) -> None:
        """Called by Streamlit when the connection is over."""
        timer = Timer(timing.STUDY_VISITOR, library().leave, (self,))
        timer.daemon = True
        timer.start()


@st.cache_resource(scope="session", show_spinner=False, on_release=Visitor.leave)
def _visitor() -> Visitor:
    return Visitor()


def run(study: Study) -> None:
    """Order a study, or what is missing of one that was cancelled or failed.

    Raises:
        LimitError: for one that is more than this server gives.
    """
    places = [cell.experiment for cell in study.cells]
    session.limits().check_study(places, _visitor().unfinished)
    _visitor().dismissed.pop(key_of(study), None)
    if study not in _visitor().ordered:
        _visitor().ordered.append(study)
    library().job(study, _visitor())


def cancel(study: Study) -> None:
    """Take an order back; what is there stays."""
    if (job := library().find(study)) is not None:
        _visitor().dismissed[key_of(study)] = replace(job.view, state="cancelled", place=0)
    library().leave(_visitor(), study)


def view(study: Study) -> JobView | None:
    """How far a study has come; None where nobody has ordered it."""
    if (seen := _visitor().dismissed.get(key_of(study))) is not None:
        return seen
    job = library().find(study, _visitor())
    return None if job is None else job.view


def is_running(study: Study) -> bool:
    """Whether a study is in line or being computed."""
    found = view(study)
    return found is not None and not found.ended
