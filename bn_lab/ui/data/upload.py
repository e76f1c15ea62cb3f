"""A file is opened here: uploaded, or pasted as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import numpy as np
import streamlit as st
from streamlit import config
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from bn_lab.datasets.uploads import FOUND_OUT, DataError, Format
from bn_lab.datasets.uploads.limits import WRITTEN
from bn_lab.i18n import Texts
from bn_lab.ui import session
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.widgets import download
from bn_lab.ui.uploads import TOUCHED, OpenFile, Waiting, open_file, open_unread

PROBLEM, TURN = "uploads_problem", "uploads_turn"
"""In the session: what is wrong, an error, until the page is left, and how many files there were: a file that was read is taken
from its widget, which would hold it a second time."""

PASTE = "uploads_paste"
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


def show(t: Texts, then: Callable[[OpenFile], None], asked: Format = FOUND_OUT, judge: Judge | None = None) -> None:
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
        help_text = t("uploads.upload_help", **WRITTEN)
        uploaded = st.file_uploader(t("uploads.upload"), key=f"uploads_file_{turn}", help=help_text)
    else:
        st.info(t("uploads.no_upload"), icon=":material/upload_file:")
    with st.expander(t("uploads.paste"), icon=":material/content_paste:", expanded=not takes_files()):
        pasted = st.text_area(t("uploads.paste_label"), key=f"uploads_text_{turn}", max_chars=MOST_PASTED, height=160)
        wanted = st.button(t("uploads.paste_open"), key=PASTE, icon=":material/table:")
    if (problem := st.session_state.get(PROBLEM)) is not None:
        st.error(formatting.error(t, problem), icon=":material/error:")
    name = data = None
    if uploaded is not None:
        name, data = uploaded.name, uploaded.getvalue()
        _forget(uploaded.file_id)
    elif wanted:
        name, data = t("uploads.pasted"), pasted.encode("utf-8", "replace")
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


def _open(name: str, data: bytes, t: Texts, then: Callable[[OpenFile], None], asked: Format, judge: Judge | None) -> None:
    """Read it, or say what is wrong with it; in any case it has left its widget when the page is drawn again."""
    st.session_state[TOUCHED] = True  # from here on the log has nothing that exceptions say
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
        place.caption(t("uploads.waiting", count=before))

    with st.spinner(t("uploads.reading")):
        yield waiting


# Examples to download: small files of made-up data that have everything a file may have, in the visitor's language.

ROWS = 120

Rows = list[list[str]]


def homes(t: Texts) -> Rows:
    """A number to predict: the price of a home by area, rooms, lift and district; some cells are empty."""
    draw = np.random.default_rng(1)
    words = [t("uploads.template.yes"), t("uploads.template.no")]
    towns = t("uploads.template.towns").split(",")
    rows = [t("uploads.template.homes_columns").split(",")]
    for k in range(ROWS):
        area, rooms, minutes = draw.uniform(25, 130), int(draw.integers(1, 6)), int(draw.integers(1, 31))
        lift, town = int(draw.integers(2)), int(draw.integers(len(towns)))
        price = 40 + 6.5 * area + 12 * rooms - 4 * minutes - 15 * lift + 60 * town + draw.normal(0, 25)
        cells = [f"{area:.1f}", str(rooms), str(minutes), words[lift], towns[town], f"{price:.0f}"]
        rows.append(["" if k % 15 == j + 1 else cell for j, cell in enumerate(cells[:5])] + cells[5:])
    return rows


def fruit(t: Texts) -> Rows:
    """A class to predict: which fruit it is by weight, diameter, sweetness and colour."""
    draw = np.random.default_rng(2)
    names, colors = t("uploads.template.fruit_names").split(","), t("uploads.template.colors").split(",")
    rows = [t("uploads.template.fruit_columns").split(",")]
    for _ in range(ROWS):
        kind = int(draw.integers(3))
        weight, width = draw.normal((170, 110, 60)[kind], 18), draw.normal((7.5, 6.0, 4.6)[kind], 0.5)
        sweet, color = draw.normal((12, 10, 9)[kind], 1.5), colors[kind if draw.random() < 0.8 else int(draw.integers(3))]
        rows.append([f"{weight:.0f}", f"{width:.1f}", f"{sweet:.1f}", color, names[kind]])
    return rows


TEMPLATES: Mapping[str, Callable[[Texts], Rows]] = {"homes": homes, "fruit": fruit}
"""By the name of its texts: a file for regression, and one for classification."""


def written(rows: Rows) -> bytes:
    """A file in UTF-8 with a mark, by which spreadsheets know it."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def show_templates(t: Texts) -> None:
    """What a file must be like, and examples."""
    with st.expander(t("uploads.template.title"), icon=":material/help:"):
        st.markdown(t("uploads.template.rules", **WRITTEN))
        with st.container(horizontal=True):
            for name, make in TEMPLATES.items():
                label, file, data = t(f"uploads.template.{name}"), f"bn-lab-{name}.csv", partial(_file, make, t)
                download(label, data, file, key=f"uploads_template_{name}")


def _file(make: Callable[[Texts], Rows], t: Texts) -> bytes:
    return written(make(t))
