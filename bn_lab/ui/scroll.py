"""Bring a heading into view: of the step that comes next, or of the part of a page that a button leads to."""

from __future__ import annotations

import streamlit as st

STATE = "scroll_to"
"""In the session: anchor of the heading, until the page with it has been drawn."""


def to(anchor: str) -> None:
    """Have the heading with this anchor in view once the page is drawn next.

    Args:
        anchor: one of the project's own, never a visitor's text: it becomes part of a script.
    """
    assert anchor.isidentifier()
    st.session_state[STATE] = anchor


def follow() -> None:
    """Do so, at the end of the page, once."""
    if (anchor := st.session_state.pop(STATE, None)) is not None:
        script = f"<script>document.getElementById('{anchor}')?.scrollIntoView()</script>"
        st.html(script, unsafe_allow_javascript=True)
