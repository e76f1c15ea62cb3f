"""The pages of the lab where a lesson hides some: not in the navigation, and their addresses lead to the lab."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from bn_lab.i18n import Texts
from bn_lab.ui import rules
from bn_lab.ui.kit.errors import guarded

PAGES = "pages"
"""In the session: titles of the pages by address, the hidden ones among them; the lab's address is empty."""

PAGE = "page"
"""In the session: address of the page on screen."""

AWAY = "away"
"""In the session: title of the hidden page that was asked for."""


def navigation(pages: Sequence[StreamlitPage]) -> StreamlitPage:
    """Show the navigation; returns the page to run. The first page is the lab."""
    state = st.session_state
    state[PAGES] = {page.url_path: page.title for page in pages}
    rules.judge(state[PAGES], state["problems"])
    found = st.navigation([_shut(page) if rules.is_hidden(page.url_path) else page for page in pages], position="top")
    state[PAGE] = found.url_path
    return found


def _shut(page: StreamlitPage) -> StreamlitPage:
    """What stands at the address of a hidden page."""

    def lead() -> None:
        st.session_state[AWAY] = page.title
        to("")

    return st.Page(guarded(lead), title=page.title, icon=page.icon, url_path=page.url_path, visibility="hidden")


def to(path: str) -> NoReturn:
    """Go to the page with this address; the lab's is empty."""
    st.switch_page(page_at(path))


def page_at(path: str) -> StreamlitPage:
    """The page with this address, for links to it: Streamlit knows pages by their address alone."""
    title = st.session_state[PAGES][path]
    return st.Page(guarded(_nothing), title=title, url_path=path or "lab", default=not path)


def _nothing() -> None:
    """Never run."""


def show_way(t: Texts) -> None:
    """At the end of a page: that this is a lesson's view, and the way out of it; where the lab is shown inside another page,
    it stays as that page's author made it."""
    if rules.is_lesson() and not st.context.is_embedded:
        with st.container(horizontal=True, vertical_alignment="center", key="lesson_view"):
            st.caption(t("classroom.view"), width="content")
            st.button(t("classroom.leave"), key="lesson_leave", type="tertiary", on_click=guarded(rules.leave))


def show_away(t: Texts) -> None:
    """Once: that the page which was asked for does not belong to the lesson."""
    title = st.session_state.pop(AWAY, None)
    if title is not None:
        st.info(t("classroom.away", page=title), icon=":material/info:")
