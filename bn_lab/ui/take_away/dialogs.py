"""Two buttons beside the title, and the dialogs that they open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from bn_lab.i18n import Texts
from bn_lab.ui.guard import guarded
from bn_lab.ui.take_away import downloads, opening, programs

OPEN = "take_open"
"""In the session: name of the dialog that is open."""

WIDTH = 880
"""Pixels of a dialog: enough for a line of a program."""

DIALOGS: dict[str, tuple[str, Callable[[Texts], None]]] = {
    "code": (":material/code:", programs.show),
    "files": (":material/download:", downloads.show),
}
"""Icon and content by name."""


def show(t: Texts) -> None:
    """Draw the buttons. They are a fragment: opening a dialog does not draw the page again."""
    with st.container(width="content"):
        st.fragment(guarded(_buttons))(t)


def _buttons(t: Texts) -> None:
    with st.container(horizontal=True):
        for name, (icon, _) in DIALOGS.items():
            st.button(t(f"take.{name}"), key=f"take_{name}", icon=icon, on_click=guarded(partial(_open, name)))
    if (name := str(st.session_state.get(OPEN))) in DIALOGS:
        # Drawn by every run while it is open: also a page that is drawn again since a training has ended leaves it open.
        title = t("take.code_title" if name == "code" else "take.files_title")
        st.dialog(title, width=WIDTH, icon=DIALOGS[name][0], on_dismiss=guarded(close))(guarded(DIALOGS[name][1]))(t)


def _open(name: str) -> None:
    st.session_state[OPEN], st.session_state[opening.PROBLEM] = name, None


def close() -> None:
    """Have no dialog open from the next run on."""
    st.session_state.pop(OPEN, None)
    st.session_state[opening.PROBLEM] = None
