"""Bring a heading into view: of the step that comes next, or of the part of a page that a button leads to."""

from __future__ import annotations

from uuid import uuid4

import streamlit as st

from bn_lab.ui.live import components

STATE = "scroll_to"
"""In the session: anchor of the heading, until the page with it has been drawn."""


def to(anchor: str) -> None:
    """Have the heading with this anchor in view once the page is drawn next."""
    st.session_state[STATE] = anchor


def follow() -> None:
    """Do so, at the end of the page, once."""
    if (anchor := st.session_state.pop(STATE, None)) is not None:
        components.scroll(anchor, request=uuid4().hex[:8], key="scroll")
