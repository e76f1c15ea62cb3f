"""The pages and their addresses. One that a lesson hides is not in the navigation, and its address leads to the lab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from types import MappingProxyType
from typing import Literal, NoReturn
from urllib.parse import urlsplit

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from bn_lab.experiment import Experiment
from bn_lab.i18n import Texts
from bn_lab.sharing import link
from bn_lab.ui import rules, session
from bn_lab.ui.kit.errors import guarded

PAGES = "pages"
"""In the session: titles of the pages by address, the hidden ones among them; the lab's address is empty."""

PAGE = "page"
"""In the session: address of the page on screen."""

OWN_COMPUTER = "http://localhost:8501"
"""Where the lab is that somebody has started by the README's command."""

AWAY = "away"
"""In the session: title of the hidden page that was asked for."""


def choose_page(pages: Sequence[StreamlitPage]) -> StreamlitPage:
    """Show the navigation; returns the page to run. The first page is the lab."""
    state = st.session_state
    state[PAGES] = {page.url_path: page.title for page in pages}
    rules.judge(state[PAGES], state["problems"])
    session.pass_on()
    page = st.navigation([_shut(page) if rules.is_hidden(page.url_path) else page for page in pages], position="top")
    state[PAGE], state[session.PAGE_HASH] = page.url_path, page._script_hash
    return page


def _shut(page: StreamlitPage) -> StreamlitPage:
    """What stands at the address of a hidden page."""

    def lead() -> None:
        st.session_state[AWAY] = page.title
        to("")

    return st.Page(guarded(lead), title=page.title, icon=page.icon, url_path=page.url_path, visibility="hidden")


def to(path: str) -> NoReturn:
    """Go to the page with this address; the lab's is empty."""
    st.switch_page(page_at(path), query_params=session.passing_parameters())


def page_at(path: str) -> StreamlitPage:
    """The page with this address, for links to it: Streamlit knows pages by their address alone."""
    title = st.session_state[PAGES][path]
    return st.Page(guarded(_nothing), title=title, url_path=path or "lab", default=not path)


def _nothing() -> None:
    """Never run."""


def show_leave(t: Texts) -> None:
    """At the end of a page: that this is a lesson's view, and a button to leave it; where the lab is shown inside another page,
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


# Links.


def here() -> str:
    """The link to the lab with what is on screen there."""
    return link(root(), session.experiment(), session.address_parameters())


def this_page() -> str:
    """The link to the page on screen."""
    return link(root() + st.session_state[PAGE], session.experiment(), session.address_parameters())


def link_to(page: str, experiment: Experiment, more: Mapping[str, str] = MappingProxyType({})) -> str:
    """The link to a page of the lab, in the language that the visitor chose, and in a lesson with what that hides and fixes.

    Args:
        page: its address; the lab's is empty.
        more: what else the link says.
    """
    other = {name: text for name, text in session.link_parameters().items() if name in ("lang", rules.HIDE, rules.FIX)}
    return link(root() + page, experiment, {**more, **other})


def root() -> str:
    """The address of the lab, whichever of its pages is on screen: `https://host/`.

    Where the browser names none, or what is no address of a page, it is that of a lab on the visitor's own computer.
    """
    said = st.context.url or ""
    url = (said if _host(said) else OWN_COMPUTER).rstrip("/")  # Streamlit leaves the last slash out
    lab, _, page = url.rpartition("/")
    return f"{lab if page in st.session_state.get(PAGES, ()) else url}/"


def reach(address: str) -> Literal["local", "network", "public"]:
    """Who can open this address: only the visitor's own computer, others in the same private network, or everyone.

    What is no address of a page nobody can open; that counts as the visitor's own computer.
    """
    host = (_host(address) or "localhost").rstrip(".")
    try:
        ip = ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            return "local"
        return "network" if "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa")) else "public"
    if ip.is_loopback or ip.is_unspecified:
        return "local"
    return "public" if ip.is_global else "network"


def _host(address: str) -> str:
    """The host of an address of a page; empty where it is none, such as `http://[::1`."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.scheme in ("http", "https") else ""
