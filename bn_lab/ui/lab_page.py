"""The lab: controls in the sidebar, a training in the middle."""

from __future__ import annotations

import streamlit as st

from bn_lab.i18n import Texts
from bn_lab.ui import compare, controls, panels, player, presets, preview, session, share, take_away, words
from bn_lab.ui.classroom import dialog, pages, rules


def show() -> None:
    """Draw the page."""
    t = session.words()
    controls.show(t)
    experiment, training = session.experiment(), session.training()
    begun = player.has_begun(training.view.state)  # asked once: it may change while the page is drawn
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.title("BN Lab", width="stretch")
        if not rules.is_hidden("presets"):
            presets.choose(t)
        if not rules.is_hidden("share"):
            share.show(t)
            dialog.entry(t)
        if not rules.is_hidden("take_away"):
            take_away.show(t)
    if not rules.is_hidden("intro"):
        st.markdown(t("page.intro"))
    pages.show_away(t)
    presets.question(t)
    _problems(t)
    dialog.show(t)
    numbers = st.container()
    # Always there, so that what comes after it stays where it is, and is not drawn anew, when it empties.
    with st.container(key="preview"):
        if not begun and not rules.is_hidden("preview"):
            preview.show(experiment, t)
    if not rules.is_hidden("curves"):
        panels.curves(training.run, experiment, t)
    compare.show_way(training, t)
    findings = st.container(key="findings")
    with numbers:
        player.show(training, begun, findings, t)
    panels.layers(training.run, experiment, t)
    if begun and not rules.is_hidden("preview"):
        with st.expander(t("preview.again")):
            preview.show(experiment, t)


def _problems(t: Texts) -> None:
    """What was wrong with the link or with the last change."""
    problems = st.session_state["problems"]
    if problems and st.session_state["problems_of_link"]:
        st.warning(t("link.problem"), icon=":material/warning:")
    for problem in problems:
        st.warning(words.error(t, problem), icon=":material/warning:")
