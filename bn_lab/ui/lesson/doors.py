"""From a step to the page that shows more of it: lab or algorithm in exactly the state that it speaks of, or its study."""

from __future__ import annotations

import streamlit as st

from bn_lab.i18n import Texts
from bn_lab.studies.claims import CLAIMS, STUDIES
from bn_lab.ui import rules, session
from bn_lab.ui.algorithm.selection import encode
from bn_lab.ui.claims import choice
from bn_lab.ui.kit import navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.lesson.steps import STEPS, Step
from bn_lab.ui.live import scroll


def show(step: Step, t: Texts) -> None:
    """A row of buttons; none to a page that a lesson's link hides."""
    with st.container(horizontal=True, key=f"lesson_doors_{step.id}"):
        _door("lab", step, t, ":material/science:")
        if step.algorithm is not None and not rules.is_hidden("algorithm"):
            _door("algorithm", step, t, ":material/account_tree:")
        if step.study and not rules.is_hidden("claims"):
            _door("claims", step, t, ":material/gavel:")


def _door(name: str, step: Step, t: Texts, icon: str) -> None:
    values = {"part": t(f"algorithm.{step.part}.title")} if name == "algorithm" else {}
    st.button(
        t(f"lesson.door.{name}", **values),
        key=f"lesson_door_{name}_{step.id}",
        icon=icon,
        on_click=guarded(go),
        args=(name, step.id),
    )


def go(page: str, name: str) -> None:
    """Open a page with what a step shows; the experiment on screen becomes the step's, but for its study."""
    step = STEPS[name]
    if page == "claims":
        choice.choose(step.study, STUDIES[step.study].base.seeds)
        scroll.to(next(claim.id for claim in CLAIMS.values() if step.study in claim.studies))
    else:
        session.adopt(step.experiment, session.TO_THE_END)
        if page == "algorithm" and step.algorithm is not None:
            st.session_state["algorithm"] = encode(step.algorithm)
            scroll.to(step.part)
    navigation.to("" if page == "lab" else page)
