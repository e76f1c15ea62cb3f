"""The lab: controls in the sidebar, a training in the middle."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bn_lab.i18n import Texts
from bn_lab.service import State
from bn_lab.ui import controls, panels, player, preview, session, share, words

STYLE = Path(__file__).parent / "style.css"


def show() -> None:
    """Draw the page."""
    t = session.words()
    st.html(STYLE)
    controls.show(t)
    experiment, training = session.experiment(), session.training()
    state = training.view.state  # read once: it may change while the page is drawn
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.title("BN Lab", width="stretch")
        share.show(t)
    st.markdown(t("page.intro"))
    _problems(t)
    player.buttons(training, state, t)
    numbers = st.container()
    if state is State.READY:
        preview.show(experiment, t)
    panels.curves(training.id, experiment, t)
    findings = st.container(key="findings")
    with numbers:
        player.follow(training, state, findings, t)
    panels.layers(training.id, experiment, t)
    if state is not State.READY:
        with st.expander(t("preview.again")):
            preview.show(experiment, t)


def _problems(t: Texts) -> None:
    """What was wrong with the link or with the last change."""
    problems = st.session_state["problems"]
    if problems and st.session_state["problems_of_link"]:
        st.warning(t("link.problem"), icon=":material/warning:")
    if st.session_state.get("dropped") and session.training().view.state is State.READY:
        st.info(t("page.dropped"), icon=":material/hourglass_disabled:")
    for problem in problems:
        st.warning(words.error(t, problem), icon=":material/warning:")
