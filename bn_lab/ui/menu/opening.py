"""The experiment of a file, put on screen."""

from __future__ import annotations

import streamlit as st

from bn_lab.files.experiments import FileError, from_json
from bn_lab.i18n import Texts
from bn_lab.ui import session
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded

COUNT, PROBLEM = "take_opened", "take_problem"
"""In the session: how many files were opened, so that the next one has a widget of its own; what was wrong with the last,
an error, until the dialog is left."""

MOST = 1
"""MB that a browser sends at most; what is larger than an experiment can be is then not read."""


def show(t: Texts) -> None:
    """Draw the field for the file, and what was wrong with it; a good one closes the dialog."""
    count = st.session_state.setdefault(COUNT, 0)
    key = f"take_file_{count}"
    st.file_uploader(
        t("take.open"),
        type="json",
        key=key,
        max_upload_size=MOST,
        on_change=guarded(_opened),
        args=(key,),
    )
    if (problem := st.session_state.get(PROBLEM)) is not None:
        st.error(formatting.error(t, problem), icon=":material/error:")


def _opened(key: str) -> None:
    """Put the file's experiment on screen, and tell there what of it could not be read."""
    state = st.session_state
    state[PROBLEM] = None
    if (file := state[key]) is None:
        return
    try:
        opened = from_json(file.getvalue())
    except FileError as error:
        state[PROBLEM] = error
        return
    session.adopt(opened.experiment)
    state["problems"] = [*opened.problems, *state["problems"]]
    state[COUNT] += 1
    state.pop(session.DIALOG, None)
