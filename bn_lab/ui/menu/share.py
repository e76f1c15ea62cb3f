"""The link to what is on screen, ready to copy."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

import streamlit as st

from bn_lab.experiment import Experiment
from bn_lab.i18n import Texts
from bn_lab.sharing import link
from bn_lab.ui import rules, session
from bn_lab.ui.kit.navigation import PAGE
from bn_lab.ui.live.components import copy_button

OWN_COMPUTER = "http://localhost:8501"
"""Where the lab is that somebody has started by the README's command."""


def show(t: Texts) -> None:
    """What is in the dialog: the link to the page on screen, and what to know of it."""
    st.markdown(t("share.explain"))
    address(link(root() + st.session_state[PAGE], session.experiment(), session.address_parameters()), t, key="copy_link")
    if session.experiment().is_private:
        st.info(t("own.share"), icon=":material/lock:")


def here() -> str:
    """The link to the lab with what is on screen there."""
    return link(root(), session.experiment(), session.address_parameters())


def link_to(page: str, experiment: Experiment, more: Mapping[str, str] = MappingProxyType({})) -> str:
    """The link to a page of the lab, in the language that the visitor chose, and in a lesson with what that hides and fixes.

    Args:
        page: its address; the lab's is empty.
        more: what else the link says.
    """
    kept = {name: text for name, text in session.link_parameters().items() if name in ("lang", rules.HIDE, rules.FIX)}
    return link(root() + page, experiment, {**more, **kept})


def root() -> str:
    """The address of the lab, whichever of its pages is on screen: `https://host/`.

    Where the browser names none, or what is no address of a page, it is that of a lab on the visitor's own computer.
    """
    said = st.context.url or ""
    url = (said if _host(said) else OWN_COMPUTER).rstrip("/")  # Streamlit leaves the last slash out
    lab, _, page = url.rpartition("/")
    return f"{lab if page in st.session_state.get('pages', ()) else url}/"


def address(text: str, t: Texts, *, key: str) -> None:
    """An address to read and to copy, and who cannot open it."""
    copy_button(text, label=t("share.copy"), copied=t("share.copied"), key=key)
    st.code(text, language=None, wrap_lines=True)
    if (who := reach(text)) != "public":
        st.warning(t("share.local" if who == "own" else "share.network"), icon=":material/warning:")


def reach(address: str) -> Literal["own", "network", "public"]:
    """Who can open this address: only the visitor's own computer, others in the same private network, or everyone.

    What is no address of a page nobody can open; that counts as the visitor's own computer.
    """
    host = (_host(address) or "localhost").rstrip(".")
    try:
        ip = ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            return "own"
        return "network" if "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa")) else "public"
    if ip.is_loopback or ip.is_unspecified:
        return "own"
    return "public" if ip.is_global else "network"


def _host(address: str) -> str:
    """The host of an address of a page; empty where it is none, such as `http://[::1`."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.scheme in ("http", "https") else ""
