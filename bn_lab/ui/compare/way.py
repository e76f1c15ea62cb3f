"""The way from the lab to the comparison: what was trained to its end is kept by itself, what stands still where one asks."""

from __future__ import annotations

import streamlit as st

from bn_lab.i18n import Texts
from bn_lab.service import Training
from bn_lab.ui import session
from bn_lab.ui.classroom import pages, rules
from bn_lab.ui.compare import kept
from bn_lab.ui.guard import guarded

PATH = "compare"
"""The address of the page."""


def show_way(training: Training, t: Texts) -> None:
    """Keep a finished training; a button for one that stands still, and how many there are to compare."""
    kept.keep_finished(training)
    with st.container(horizontal=True, vertical_alignment="center", key="compare_way"):
        if rules.is_hidden(PATH):
            return
        if kept.can_keep(training):
            _keep(t)
        if count := len(kept.runs()):
            label = t("compare.way_one") if count == 1 else t("compare.way", count=count)
            st.page_link(pages.page_at(PATH), label=label, icon=":material/stacked_line_chart:")


def _keep(t: Texts) -> None:
    st.button(
        t("compare.keep"),
        key="compare_keep",
        help=t("compare.keep_help"),
        icon=":material/bookmark_add:",
        on_click=guarded(lambda: kept.keep(session.training())),
    )
