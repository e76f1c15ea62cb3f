"""A card: one claim, the study that puts it on trial, and what has come of it."""

from __future__ import annotations

import streamlit as st

from bn_lab import timing
from bn_lab.i18n import Texts
from bn_lab.studies.claims import CLAIMS, STUDIES, Claim
from bn_lab.studies.study import Study
from bn_lab.ui import session
from bn_lab.ui.claims import jobs, trial
from bn_lab.ui.claims.choice import choose, study_of
from bn_lab.ui.kit.errors import guarded

SEEDS = (1, 3, 5, 6, 10, 20)
"""Stops of the slider, besides the study's own number; from 6 on there is a verdict."""


def show(claim: Claim, t: Texts) -> None:
    """Draw the card. It is a fragment: what one does on it draws only it again, and it follows its study while that runs."""
    with st.container(border=True, key=f"claim_{claim.id}"):
        running = jobs.is_running(study_of(claim.id))
        st.fragment(guarded(_card), run_every=timing.STUDY_TICK if running else None)(claim.id, running, t)


def _card(name: str, running: bool, t: Texts) -> None:
    """Everything on the card.

    Args:
        name: of the claim.
        running: whether the card was mounted for a study that runs; where that has changed, the page is drawn again.
    """
    claim, study = CLAIMS[name], study_of(name)
    if jobs.is_running(study) != running:
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
        name = st.session_state[key] or study.id
        choose(name, STUDIES[name].base.seeds)

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
    stops = sorted({*SEEDS, STUDIES[study.id].base.seeds, study.base.seeds})
    with st.container(horizontal=True, vertical_alignment="center", key=f"claims_{study.id}_settings"):
        st.select_slider(
            t("claims.seeds"),
            stops,
            key=key,
            on_change=guarded(lambda: choose(study.id, st.session_state[key])),
            help=t("claims.seeds_help"),
            disabled=running,
            width=260,
        )
        st.caption(trial.size(study, t))
