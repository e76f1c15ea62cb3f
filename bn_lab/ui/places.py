"""Pages as Streamlit knows them, to go to from others: by their address, so that none of them need import another."""

from __future__ import annotations

import streamlit as st

from bn_lab.ui.guard import guarded


def lab() -> st.Page:
    """Where networks are trained."""
    return st.Page(guarded(_elsewhere), url_path="lab", default=True)


def own() -> st.Page:
    """Where own data are opened."""
    return st.Page(guarded(_elsewhere), url_path="own")


def _elsewhere() -> None:
    """What a page does is said in `app.py`."""
