"""Where the reader is in the lesson, and what was answered: in the session as texts; the step is in the link, too."""

from __future__ import annotations

import streamlit as st

from bn_lab.ui.lesson.steps import FIRST, STEPS, Step
from bn_lab.ui.live import components

LINK, ANSWERED, ALL = "lesson", "lesson_answered", "lesson_all"
"""In the session: the link's text; the chosen option by step; whether answers are shown without a choice."""


def step() -> Step:
    """The step on screen; the first one where the link names none that there is."""
    return STEPS.get(st.session_state.get(LINK, ""), STEPS[FIRST])


def unread() -> str:
    """What the link names that is no step; empty where it names one, or none."""
    named: str = st.session_state.get(LINK, "")
    return "" if named in STEPS else named


def go_to(name: str) -> None:
    """Show another step; the first one needs no word in the link."""
    st.session_state[LINK] = "" if name == FIRST else name
    components.scroll_to(name)  # the button stands below, the step begins above


def answered() -> dict[str, str]:
    """The chosen options by step."""
    return dict(st.session_state.get(ANSWERED, {}))


def answer(name: str, option: str | None) -> None:
    """Note what the reader says to a step's question; nothing takes an answer back."""
    if option is not None:
        st.session_state[ANSWERED] = {**answered(), name: option}


def shows_all() -> bool:
    """Whether answers are shown without a choice."""
    return bool(st.session_state.get(ALL, False))


def show_all(shown: bool) -> None:
    """Show answers without a choice, or do not."""
    st.session_state[ALL] = shown
