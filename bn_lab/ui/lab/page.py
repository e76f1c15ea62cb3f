"""The lab: settings in the sidebar, the stage on the first screen, and below it all that there is to see besides."""

from __future__ import annotations

import streamlit as st

from bn_lab.i18n import Texts
from bn_lab.service import LimitError, Watch
from bn_lab.ui import rules, session
from bn_lab.ui.compare import page as compare_page
from bn_lab.ui.kit import formatting, navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.lab import controls, panels, presets, preview, stage
from bn_lab.ui.live import components


def show() -> None:
    """Draw the page; inside another page or a slide only the stage."""
    t, is_embedded = session.words(), bool(st.context.is_embedded)
    if not is_embedded:
        controls.show(t)
    navigation.show_away(t)
    _problems(t)
    try:
        watch = session.watch()
    except LimitError as error:
        st.warning(formatting.error(t, error), icon=":material/warning:")
        return
    stage.show(watch, t)
    if not is_embedded:
        _below(watch, t)


def _problems(t: Texts) -> None:
    """What was wrong with the link or with the last change."""
    problems = st.session_state["problems"]
    if problems and st.session_state["problems_of_link"]:
        st.warning(t("link.problem"), icon=":material/warning:")
    for problem in problems:
        st.warning(formatting.error(t, problem), icon=":material/warning:")


def _below(watch: Watch, t: Texts) -> None:
    """What those see who scroll. A part that breaks leaves the others."""
    if not rules.is_hidden("intro"):
        st.markdown(t("page.intro"))
    if not rules.is_hidden("presets"):
        presets.question(t)
    if not rules.is_hidden("findings"):
        components.findings(watch, t, key="findings")
    guarded(compare_page.show_link)(watch, t)
    if not rules.is_hidden("curves"):
        guarded(panels.curves)(watch, t)
    panels.layers(watch, t)
    if not rules.is_hidden("preview"):
        st.subheader(t("preview.title"))
        guarded(preview.show)(watch.experiment, t)
