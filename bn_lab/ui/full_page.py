"""What a visitor sees for whom there is no room."""

from __future__ import annotations

import streamlit as st

from bn_lab import timing
from bn_lab.ui import session
from bn_lab.ui.kit.errors import guarded


def show() -> None:
    """Say so, and try again: at once where the visitor asks for it, and now and then."""
    st.fragment(guarded(_wait), run_every=timing.FULL_PAGE_RETRY)()


def _wait() -> None:
    if session.admission().has_room:
        st.rerun()
    t = session.words()
    st.title("BN Lab")
    st.info(t("page.full", most=f"{session.admission().most:,}"), icon=":material/groups:")
    st.button(t("page.again"), key="try_again", icon=":material/refresh:", type="primary")
