"""A step's question, and after the choice what the numbers say: computed from a recording that all visitors share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from bn_lab import numerals, timing
from bn_lab.arms import ARMS
from bn_lab.engine.history import History
from bn_lab.experiment import ExperimentError
from bn_lab.i18n import Texts
from bn_lab.service import LimitError, Watch, WatchState
from bn_lab.studies.claims import CLAIMS, STUDIES
from bn_lab.studies.measures import MEASURES
from bn_lab.ui import rules, session
from bn_lab.ui.algorithm.scene import encode
from bn_lab.ui.claims import state as claims
from bn_lab.ui.claims import trial
from bn_lab.ui.kit import formatting, navigation
from bn_lab.ui.kit.caching import cached_per_history, history_of
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.lesson.answers import OPEN, SAME, Answer
from bn_lab.ui.lesson.steps import STEPS, Step
from bn_lab.ui.live import components

SLOT = "lesson"
"""What the page's training is called among those of its visitor."""

ENDED = (WatchState.ENDED, WatchState.FAILED)
"""States after which nothing comes any more."""

ALL = "lesson_all"
"""In the session: whether answers are shown without a choice."""


def answered() -> dict[str, str]:
    """The chosen options by step."""
    return dict(st.session_state.get(session.ANSWERED, {}))


def recall(remembered: Mapping[str, Any]) -> None:
    """Take in what a browser remembers of an earlier visit, as far as there are such steps and options; what was chosen in this
    visit stays."""
    known = {name: said for name, said in remembered.items() if name in STEPS and said in STEPS[name].options}
    st.session_state[session.ANSWERED] = {**known, **answered()}


def shows_all() -> bool:
    """Whether answers are shown without a choice."""
    return bool(st.session_state.get(ALL, False))


def show_all(shown: bool) -> None:
    """Show answers without a choice, or do not."""
    st.session_state[ALL] = shown


def show(step: Step, t: Texts) -> None:
    """Draw question and answer. It is a fragment: a choice draws only it again, and it follows the training meanwhile."""
    with st.container(border=True, key=f"lesson_question_{step.id}"):
        waiting = _is_waiting(step)
        st.fragment(guarded(_exchange), run_every=timing.WAITING_TICK if waiting else None)(step.id, waiting, t)


def _is_open(step: Step) -> bool:
    """Whether the answer may be seen."""
    return shows_all() or step.id in answered()


def _is_waiting(step: Step) -> bool:
    """Whether the answer may be seen and is being computed. While it may not be seen, nothing is trained for the page."""
    if not _is_open(step):
        session.visitor().drop(SLOT)
        return False
    try:
        return _watch(step).progress.state not in ENDED
    except LimitError:
        return False


def _watch(step: Step) -> Watch:
    """The recording that the answer is read from, trained to its end.

    Raises:
        LimitError: it is more than this server gives.
    """
    return session.visitor().want(SLOT, step.experiment)


def _exchange(name: str, waiting: bool, t: Texts) -> None:
    """Everything in the frame.

    Args:
        name: of the step.
        waiting: whether it was mounted to wait for a training; where that has changed, the page is drawn again.
    """
    step = STEPS[name]
    _ask(step, t)
    if not _is_open(step):
        st.caption(t("lesson.answer_first"))
        return
    try:
        watch = _watch(step)
        if (watch.progress.state not in ENDED) != waiting:
            st.rerun()
        _answer(step, watch, t)
    except ExperimentError as error:
        st.error(formatting.error(t, error), icon=":material/error:")


def _ask(step: Step, t: Texts) -> None:
    key = f"lesson_option_{step.id}"
    st.session_state[key] = answered().get(step.id)
    st.radio(
        f"**{t(f'lesson.{step.id}.question')}**",
        step.options,
        format_func=lambda option: option_label(step, option, t),
        key=key,
        on_change=guarded(_choose),
        args=(step.id, key),
    )


def _choose(name: str, key: str) -> None:
    """Note what the reader says; nothing takes an answer back."""
    if (option := st.session_state[key]) is not None:
        st.session_state[session.ANSWERED] = {**answered(), name: option}
    st.rerun()  # the bar above counts the answers


def option_label(step: Step, option: str, t: Texts) -> str:
    """What an option is called: arms and measures as everywhere, others by the step's own words or by common ones."""
    if f"lesson.{step.id}.option.{option}" in t:
        return t(f"lesson.{step.id}.option.{option}")
    if option in MEASURES:
        return t(f"measure.{option}")
    return t(f"lesson.option.{option}") if option == SAME or option not in ARMS else t(f"arm.{option}")


def _answer(step: Step, watch: Watch, t: Texts) -> None:
    """Progress; then the answer, what it was read from, and where to go on.

    Raises:
        ExperimentError: the worker that has the numbers does not answer.
    """
    if watch.progress.state is not WatchState.ENDED:
        _progress(watch, t)
        return
    history = history_of(watch)
    answer = _computed(history, step.id)
    _compare(step, answer, t)
    _numbers(answer, t)
    if step.figure is not None:
        draw = partial(step.figure, history, t)
        components.picture(draw, alt=t("lesson.figure.alt"), key=f"lesson_figure_{step.id}", subject=step.id)
    st.markdown(t(f"lesson.{step.id}.why"))
    _links(step, t)


def _progress(watch: Watch, t: Texts) -> None:
    progress = watch.progress
    if progress.state is WatchState.FAILED:
        st.error(formatting.failure(watch, t), icon=":material/error:")
        return
    values = {"epoch": f"{int(progress.epoch):,}", "epochs": f"{watch.target:,}"}
    text = t("lesson.queued", place=f"{progress.place:,}") if progress.place > 1 else t("lesson.computing", **values)
    st.progress(min(1.0, progress.epoch / watch.target), text=text)


@cached_per_history
def _computed(history: History, name: str) -> Answer:
    return STEPS[name].answer(history)


def _compare(step: Step, answer: Answer, t: Texts) -> None:
    """What the numbers say, and whether the reader said the same."""
    said = answered().get(step.id)
    if answer.option == OPEN:
        st.info(t("lesson.open"), icon=":material/help:")
        return
    computed = option_label(step, answer.option, t)
    if said is None:
        st.info(t("lesson.computed", answer=computed), icon=":material/calculate:")
    elif said == answer.option:
        st.success(t("lesson.agreed", answer=computed), icon=":material/check_circle:")
    else:
        st.warning(t("lesson.differed", answer=computed, said=option_label(step, said, t)), icon=":material/compare_arrows:")


def _numbers(answer: Answer, t: Texts) -> None:
    """The numbers in sentences, and in small print the rule by which they decide."""
    if answer.sentence:
        values = {name: written(name, value) for name, value in answer.values.items()}
        st.markdown(t(f"lesson.sentence.{answer.sentence}", **values))
    for question, verdict in answer.trials:
        st.markdown(formatting.escape_markdown(trial.effect(question, verdict, t)))
        st.caption(formatting.escape_markdown(trial.details(question, verdict, t)))


def written(name: str, value: float | int) -> str:
    """A number of an answer's sentence: shares in percent, two digits and from ten on whole ones."""
    if name in ("share", "change", "mark"):
        return numerals.whole(100 * value) if value >= 0.1 else numerals.short(float(f"{100 * value:.2g}"))
    return f"{value:,}" if isinstance(value, int) else numerals.number(value)


def _links(step: Step, t: Texts) -> None:
    """Buttons to the pages that show more of the step; none to a page that the link of a class hides."""
    with st.container(horizontal=True, key=f"lesson_links_{step.id}"):
        _link("lab", step, t, ":material/science:")
        if step.algorithm is not None and not rules.is_hidden("algorithm"):
            _link("algorithm", step, t, ":material/account_tree:")
        if step.study and not rules.is_hidden("claims"):
            _link("claims", step, t, ":material/gavel:")


def _link(name: str, step: Step, t: Texts, icon: str) -> None:
    values = {"part": t(f"algorithm.{step.part}.title")} if name == "algorithm" else {}
    st.button(
        t(f"lesson.link.{name}", **values),
        key=f"lesson_link_{name}_{step.id}",
        icon=icon,
        on_click=guarded(_open),
        args=(name, step.id),
    )


def _open(page: str, name: str) -> None:
    """Open a page as the step speaks of it: the lab or the algorithm with the step's experiment, or the step's study."""
    step = STEPS[name]
    if page == "claims":
        claims.choose(step.study, STUDIES[step.study].base.seeds)
        components.scroll_to(next(claim.id for claim in CLAIMS.values() if step.study in claim.studies))
    else:
        session.adopt(step.experiment, session.TO_THE_END)
        if page == "algorithm" and step.algorithm is not None:
            st.session_state["algorithm"] = encode(step.algorithm)
            components.scroll_to(step.part)
    navigation.to("" if page == "lab" else page)
