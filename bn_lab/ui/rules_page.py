"""The page that says by which rules the lab computes."""

from __future__ import annotations

import streamlit as st

from bn_lab.ui import controls, session


def show() -> None:
    """Draw the page."""
    t = session.words()
    controls.language(t)
    st.title(t("page.rules"))
    st.markdown(t("rules.body"))
