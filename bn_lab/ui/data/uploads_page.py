"""The page on which own data are opened, looked at, and taken into the lab."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from bn_lab.datasets.uploads import File, id_of, known, parsed
from bn_lab.experiment import FIELDS
from bn_lab.i18n import Texts
from bn_lab.ui import session, uploads
from bn_lab.ui.data import columns, form, looks, settings, templates, upload
from bn_lab.ui.kit import navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.uploads import Opened

SHOWN = "own_shown"
"""In the session: the hash of the file on the page."""


def show() -> None:
    """Draw the page."""
    t = session.words()
    st.title(t("page.own"))
    st.markdown(t("own.intro"))
    upload.show(t, _opened)
    templates.show(t)
    if (opened := _on_page(t)) is not None:
        _file(opened, t)


def _opened(opened: Opened) -> None:
    st.session_state[SHOWN] = opened.digest


def _on_page(t: Texts) -> Opened | None:
    """The file to look at, among those that are open."""
    files = uploads.files()
    if not files:
        return None
    if st.session_state.get(SHOWN) not in files:
        st.session_state[SHOWN] = next(reversed(files))
    with st.container(horizontal=True, vertical_alignment="bottom", key="own_files_row"):
        st.selectbox(t("own.files"), list(files), format_func=lambda digest: files[digest].name, key=SHOWN, width=360)
        st.button(t("own.close"), key="own_close", icon=":material/close:", on_click=guarded(_close))
    return files[st.session_state[SHOWN]]


def _close() -> None:
    """Let go of the file; who has it in the lab gets shipped data there, or is told why not, and the file stays."""
    digest = st.session_state[SHOWN]
    if _is_needed(digest):
        session.adopt(replace(session.experiment(), dataset=FIELDS["dataset"].default))
    if _is_needed(digest):  # a lesson's link fixes what shipped data would change
        st.session_state[upload.PROBLEM] = st.session_state["problems"][0]
    else:
        uploads.close_file(digest)


def _is_needed(digest: str) -> bool:
    """Whether the experiment on screen is about this file."""
    experiment = session.experiment()
    return experiment.is_private and parsed(experiment.dataset)[0] == digest


def _file(opened: Opened, t: Texts) -> None:
    settings.show(opened, t)
    if (file := opened.file) is None:
        return
    _lesson(file, t)
    choice = form.choice_of(file)
    if choice is None:
        st.error(t("own.no_target"), icon=":material/error:")
        columns.show(file, None, t)
        return
    form.show(file, choice, t)
    plan = form.counted(file, choice, t)
    name = id_of(file.digest, choice)  # which says how the file is read, too
    if st.button(t("own.use_these"), key="own_use", icon=":material/science:", type="primary", disabled=plan is None):
        _use(name)
    columns.show(file, choice, t)
    if plan is not None:
        looks.show(file, choice, plan, t)


def _lesson(file: File, t: Texts) -> None:
    """That a file is one of the lesson's, and what to know of it."""
    if (lesson := known(file)) is not None:
        st.info(t(f"own.known_{lesson.name}"), icon=":material/school:")
        if lesson.swapped:
            st.warning(t("own.known_swapped"), icon=":material/swap_horiz:")


def _use(name: str) -> None:
    """Take the data into the lab; other settings stay as far as they fit, and what does not is told there."""
    session.adopt(replace(session.experiment(), dataset=name))
    navigation.to("")
