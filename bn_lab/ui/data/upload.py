"""A file is opened here: uploaded, or pasted as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit import config
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from bn_lab.datasets.uploads import FOUND_OUT, DataError, Format
from bn_lab.datasets.uploads.limits import WRITTEN
from bn_lab.i18n import Texts
from bn_lab.ui import session
from bn_lab.ui.kit import formatting
from bn_lab.ui.reading import Waiting
from bn_lab.ui.uploads import TOUCHED, Opened, open_file, open_unread

PROBLEM, TURN = "own_problem", "own_turn"
"""In the session: what is wrong, an error, until the page is left, and how many files there were: a file that was read is taken
from its widget, which would hold it a second time."""

PASTE = "own_paste"
"""Key of the button that opens a pasted text."""

COOKIE = "_streamlit_xsrf"
"""Name of the cookie without which no file is taken, which comes before the page connects."""

MOST_PASTED = 500_000
"""Characters of a pasted text at most: the browser sends it as one message."""

OTHERWISE = frozenset(("file_cells", "file_columns", "file_encoding", "file_few", "file_field", "file_one_column",
                       "file_quote", "file_ragged", "file_rows", "file_sheet"))  # fmt: skip
"""Rules that a file may not break any more once somebody has said how it is written."""

Judge = Callable[[str, bytes], None]
"""Raises a `DataError` for a file that is not to be opened, by its name and its bytes."""


def show(t: Texts, then: Callable[[Opened], None], asked: Format = FOUND_OUT, judge: Judge | None = None) -> None:
    """Widgets for a file; what was opened is given to `then`, and the page is drawn again.

    Args:
        t: the texts.
        then: takes what was opened.
        asked: how the file is written, as far as that is known.
        judge: looks at a file before it is read.
    """
    turn = st.session_state.setdefault(TURN, 0)
    if PASTE not in st.session_state:  # a page without this button has been drawn since, or none
        st.session_state[PROBLEM] = None
    uploaded = None
    if takes_files():
        help_text = t("own.upload_help", **WRITTEN)
        uploaded = st.file_uploader(t("own.upload"), key=f"own_upload_{turn}", help=help_text)
    else:
        st.info(t("own.no_upload"), icon=":material/upload_file:")
    with st.expander(t("own.paste"), icon=":material/content_paste:", expanded=not takes_files()):
        pasted = st.text_area(t("own.paste_label"), key=f"own_text_{turn}", max_chars=MOST_PASTED, height=160)
        wanted = st.button(t("own.paste_open"), key=PASTE, icon=":material/table:")
    if (problem := st.session_state.get(PROBLEM)) is not None:
        st.error(formatting.error(t, problem), icon=":material/error:")
    name = data = None
    if uploaded is not None:
        name, data = uploaded.name, uploaded.getvalue()
        _forget(uploaded.file_id)
    elif wanted:
        name, data = t("own.pasted"), pasted.encode("utf-8", "replace")
    if name is not None and data is not None:
        _open(name, data, t, then, asked, judge)


def takes_files() -> bool:
    """Whether this browser can upload anything: Streamlit takes a file only with a cookie against forged requests, which a
    browser keeps back where the page is shown inside one of another site."""
    is_connected = bool(st.context.headers.to_dict())
    return not (is_connected and config.get_option("server.enableXsrfProtection")) or COOKIE in st.context.cookies


def _forget(file_id: str) -> None:
    """Have Streamlit forget a file, which it keeps until the session ends: a part of it without a public name, which a test
    holds in place."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, file_id)


def _open(name: str, data: bytes, t: Texts, then: Callable[[Opened], None], asked: Format, judge: Judge | None) -> None:
    """Read it, or say what is wrong with it; in any case it has left its widget when the page is drawn again."""
    st.session_state[TOUCHED] = True  # from here on the log is told nothing that exceptions say
    st.session_state[TURN] += 1
    st.session_state[PROBLEM] = None
    try:
        if judge is not None:
            judge(name, data)
        with reading(t) as waiting:
            opened = open_file(name, data, session.limits().own_mb, asked, waiting)
        then(opened)
    except DataError as error:
        if judge is None and error.rule in OTHERWISE:
            then(open_unread(name, data, session.limits().own_mb, error))
        else:
            st.session_state[PROBLEM] = error
    st.rerun()


@contextmanager
def reading(t: Texts) -> Iterator[Waiting]:
    """What is seen while a file is read, or is waiting for its turn."""
    place = st.empty()

    def waiting(before: int) -> None:
        place.caption(t("own.waiting", count=before))

    with st.spinner(t("own.reading")):
        yield waiting
