"""The way from the lab to the comparison: what was trained to its end is kept by itself."""

from __future__ import annotations

import streamlit as st

from bn_lab.i18n import Texts
from bn_lab.service import Watch
from bn_lab.ui import rules
from bn_lab.ui.compare import kept
from bn_lab.ui.kit import navigation

PATH = "compare"
"""The address of the page."""


def show_way(watch: Watch, t: Texts) -> None:
    """Keep what has ended; a link that says how many runs there are to compare."""
    kept.keep_finished(watch)
    with st.container(horizontal=True, vertical_alignment="center", key="compare_way"):
        if not rules.is_hidden(PATH) and (count := len(kept.runs())):
            label = t("compare.way_one") if count == 1 else t("compare.way", count=count)
            st.page_link(navigation.page_at(PATH), label=label, icon=":material/stacked_line_chart:")
