"""The page that says by which rules the lab computes."""

from __future__ import annotations

import streamlit as st

from bn_lab.ui import session


def show() -> None:
    """Draw the page."""
    t = session.words()
    st.title(t("page.rules"))
    st.markdown(t("rules.body"))
