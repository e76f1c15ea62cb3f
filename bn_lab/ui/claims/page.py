"""The Claims page: how a verdict comes about, the lesson's claims, what goes beyond it, and a study of one's own."""

from __future__ import annotations

import os

import streamlit as st

from bn_lab.i18n import Texts
from bn_lab.sharing import plain_text
from bn_lab.studies.claims import CLAIMS
from bn_lab.studies.executors import CLUSTER
from bn_lab.ui import session
from bn_lab.ui.claims import card, own
from bn_lab.ui.claims.choice import STATE, follow_link, unread
from bn_lab.ui.kit import formatting


def show() -> None:
    """Draw the page."""
    t = session.words()
    st.title(t("page.claims"))
    st.markdown(t("claims.intro"))
    for part in unread(st.session_state.get(STATE, "")):
        st.warning(t("claims.unread", part=formatting.escape_markdown(plain_text(part))), icon=":material/warning:")
    follow_link()
    own.follow_link()
    with st.expander(t("claims.rule_title"), icon=":material/gavel:"):
        st.markdown(t("claims.rule"))
    _place(t)
    for beyond, heading in ((False, t("claims.of_lesson")), (True, t("claims.beyond"))):
        st.header(heading, divider="gray")
        for claim in CLAIMS.values():
            if claim.beyond is beyond:
                card.show(claim, t)
    st.header(t("claims.own.title"), anchor="own", divider="gray")
    own.show(t)


def _place(t: Texts) -> None:
    """Where studies are trained."""
    address = os.environ.get(CLUSTER)
    st.caption(t("claims.on_cluster", address=formatting.escape_markdown(plain_text(address))) if address else t("claims.here"))
