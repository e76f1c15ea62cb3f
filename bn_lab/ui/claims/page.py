"""The Claims page: how a verdict comes about, the lesson's claims, what goes beyond it, and a custom study."""

from __future__ import annotations

import os

import streamlit as st

from bn_lab import timing
from bn_lab.i18n import Texts
from bn_lab.sharing import plain_text
from bn_lab.studies.claims import CLAIMS, STUDIES, Claim
from bn_lab.studies.executors import CLUSTER
from bn_lab.studies.study import Study
from bn_lab.ui import session
from bn_lab.ui.claims import custom, state, trial
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded


def show() -> None:
    """Draw the page."""
    t = session.words()
    st.title(t("page.claims"))
    st.markdown(t("claims.intro"))
    for part in state.unread(st.session_state.get(state.LINK, "")):
        st.warning(t("claims.unread", part=formatting.escape_markdown(plain_text(part))), icon=":material/warning:")
    if session.follows(state.LINK):
        custom.follow(state.follow_link().custom)
    with st.expander(t("claims.rule_title"), icon=":material/gavel:"):
        st.markdown(t("claims.rule"))
    _place(t)
    for beyond, heading in ((False, t("claims.of_lesson")), (True, t("claims.beyond"))):
        st.header(heading, divider="gray")
        for claim in CLAIMS.values():
            if claim.beyond is beyond:
                _card(claim, t)
    st.header(t("claims.custom.title"), anchor="own", divider="gray")
    custom.show(t)


def _place(t: Texts) -> None:
    """Where studies are trained."""
    address = os.environ.get(CLUSTER)
    st.caption(t("claims.on_cluster", address=formatting.escape_markdown(plain_text(address))) if address else t("claims.here"))


def _card(claim: Claim, t: Texts) -> None:
    """A claim, the study that puts it on trial, and what has come of it.

    It is a fragment: what a visitor does on it draws only it again, and it follows its study while that runs.
    """
    with st.container(border=True, key=f"claim_{claim.id}"):
        running = state.is_running(state.study_of(claim.id))
        st.fragment(guarded(_content), run_every=timing.STUDY_TICK if running else None)(claim.id, running, t)


def _content(name: str, running: bool, t: Texts) -> None:
    """Everything on the card.

    Args:
        name: of the claim.
        running: whether the card was mounted for a study that runs; where that has changed, the page is drawn again.
    """
    claim, study = CLAIMS[name], state.study_of(name)
    if state.is_running(study) != running:
        st.rerun()
    st.subheader(t(f"claims.{name}"), anchor=name)
    if len(claim.studies) > 1:
        _choose_study(claim, study, t)
    st.markdown(f"**{t(f'study.{study.id}.title')}.** {t(f'study.{study.id}.how')}")
    _settings(study, running, t)
    guarded(trial.show)(study, t)
    session.write_link()


def _choose_study(claim: Claim, study: Study, t: Texts) -> None:
    key = f"claims_{claim.id}_study"
    st.session_state[key] = study.id

    def changed() -> None:
        name = st.session_state[key] or study.id  # who picks the one that is chosen unpicks it
        state.choose(name, STUDIES[name].base.seeds)

    st.segmented_control(
        t("claims.tested_on"),
        claim.studies,
        format_func=lambda name: t(f"study.{name}.title"),
        key=key,
        on_change=guarded(changed),
        label_visibility="collapsed",
    )


def _settings(study: Study, running: bool, t: Texts) -> None:
    """Number of seeds, and what that makes."""
    key = f"claims_{study.id}_seeds"
    st.session_state[key] = study.base.seeds
    stops = sorted({*trial.SEEDS, STUDIES[study.id].base.seeds, study.base.seeds})
    with st.container(horizontal=True, vertical_alignment="center", key=f"claims_{study.id}_settings"):
        st.select_slider(
            t("claims.seeds"),
            stops,
            key=key,
            on_change=guarded(lambda: state.choose(study.id, st.session_state[key])),
            help=t("claims.seeds_help"),
            disabled=running,
            width=260,
        )
        st.caption(trial.size(study, t))
