"""The Lesson page: one step at a time, and a list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from bn_lab.codegen import model, script
from bn_lab.experiment import Experiment
from bn_lab.i18n import Texts
from bn_lab.sharing import plain_text
from bn_lab.ui import rules, session
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.lesson import question
from bn_lab.ui.lesson.steps import FIRST, SOURCES, STEPS, Step
from bn_lab.ui.live import components

NAMES = tuple(STEPS)

LINK = "lesson"
"""In the session: the name of the step on screen, as the link has it; empty for the first one."""


def show() -> None:
    """Draw the page."""
    t = session.words()
    st.title(t("page.lesson"))
    named: str = st.session_state.get(LINK, "")
    step = STEPS.get(named, STEPS[FIRST])
    if step.id == FIRST:
        st.markdown(t("lesson.intro"))
    if named and named not in STEPS:
        st.warning(t("lesson.unread", part=formatting.escape_markdown(plain_text(named))), icon=":material/warning:")
    _choose(step, t)
    _text(step, t)
    question.show(step, t)
    with st.expander(t("lesson.rule.title"), icon=":material/gavel:"):
        st.markdown(t("lesson.rule.text"))
    _sources(step, t)
    _turn(step, t)


def _go_to(name: str) -> None:
    """Show another step; the first one needs no word in the link."""
    st.session_state[LINK] = "" if name == FIRST else name
    components.scroll_to(name)  # the button stands below, the step begins above


def _teacher(t: Texts) -> None:
    """The switch that shows answers without a question; a link for a class is for pupils, and has none."""
    if rules.is_lesson():
        return
    key = "lesson_show_all"
    st.session_state[key] = question.shows_all()
    st.toggle(
        t("lesson.show_all"),
        key=key,
        help=t("lesson.show_all_help"),
        on_change=guarded(lambda: question.show_all(st.session_state[key])),
    )


def _choose(step: Step, t: Texts) -> None:
    """All steps in a list, and how many are answered."""
    key = "lesson_step"
    st.session_state[key] = step.id
    with st.container(horizontal=True, vertical_alignment="bottom", key="lesson_choose"):
        st.selectbox(
            t("lesson.step"),
            NAMES,
            format_func=lambda name: _name(name, t),
            key=key,
            on_change=guarded(lambda: _go_to(st.session_state[key])),
        )
        _teacher(t)
    done = len(question.answered())
    st.progress(done / len(STEPS), text=t("lesson.progress", done=done, steps=len(STEPS)))


def _name(name: str, t: Texts) -> str:
    return f"{NAMES.index(name) + 1}. {t(f'lesson.{name}.title')}"


def _text(step: Step, t: Texts) -> None:
    """Heading, text, formulas and programs."""
    st.caption(t(f"lesson.chapter.{step.chapter}"))
    st.header(_name(step.id, t), anchor=step.id, divider="gray")
    facts = {} if step.facts is None else {name: formatting.escape_markdown(value) for name, value in step.facts().items()}
    formulas = (f"$$\n{formula}\n$$" for formula in step.formulas)
    st.markdown("\n\n".join([t(f"lesson.{step.id}.text", **facts), *formulas]))
    if step.programs:
        _programs(step, t)


def _programs(step: Step, t: Texts) -> None:
    """The models of the arms, in which the programs differ, and the whole programs, each of which trains one arm, for Keras."""
    _tabs(step, t, model)
    with st.expander(t("lesson.whole"), icon=":material/code:"):
        _tabs(step, t, script)


def _tabs(step: Step, t: Texts, write: Callable[[Experiment, str], str]) -> None:
    for tab, arm in zip(st.tabs([t(f"arm.{arm}") for arm in step.programs]), step.programs, strict=True):
        with tab:
            st.code(write(replace(step.experiment, arms=(arm,), seeds=1), "keras"), language="python")


def _sources(step: Step, t: Texts) -> None:
    if step.sources:
        lines = "\n".join(f"- {SOURCES[name].cited()}" for name in step.sources)
        st.markdown(f"**{t('lesson.sources')}**\n\n{lines}")


def _turn(step: Step, t: Texts) -> None:
    """Back and on."""
    place = NAMES.index(step.id)
    with st.container(horizontal=True, horizontal_alignment="distribute", key="lesson_turn"):
        for name, icon, other in (("back", ":material/arrow_back:", place - 1), ("on", ":material/arrow_forward:", place + 1)):
            inside = 0 <= other < len(NAMES)
            st.button(
                t(f"lesson.{name}"),
                key=f"lesson_{name}",
                icon=icon,
                disabled=not inside,
                on_click=guarded(_go_to),
                args=(NAMES[other] if inside else step.id,),
            )
