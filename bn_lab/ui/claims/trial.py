"""A study on the page: buttons, progress, figure, a setting to open in the lab and files; and its verdicts in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from bn_lab import numerals
from bn_lab.experiment import ExperimentError
from bn_lab.figures.studies import FIGURES, Mode, Results, capital, label, rows, series_of, value_label
from bn_lab.i18n import Texts
from bn_lab.service import LimitError
from bn_lab.sharing import plain_text
from bn_lab.studies.answers import answers
from bn_lab.studies.claims import STUDIES
from bn_lab.studies.job import Failure, JobView
from bn_lab.studies.measures import MEASURES
from bn_lab.studies.records import to_csv, to_json
from bn_lab.studies.study import Cell, Question, Side, Study
from bn_lab.studies.verdict import Verdict
from bn_lab.ui import session
from bn_lab.ui.claims import state
from bn_lab.ui.kit import formatting, navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.kit.widgets import download, one_of
from bn_lab.ui.live import components

SEEDS = (1, 3, 5, 6, 10, 20)
"""Numbers of seeds to choose from; from 6 on there is a verdict."""

REFUSED = "claims_refused"
"""In the session: the study that was refused last, and why."""

FAILURES = 3
"""Failed groups of networks that are named one by one; the rest are counted."""


def size(study: Study, t: Texts) -> str:
    """What a study takes: networks, seeds, epochs, and what its figure measures."""
    measure = series_of(study.measure) if study.figure == "curves" else study.measure
    return t("claims.size", networks=f"{len(study.networks):,}", seeds=study.base.seeds, measure=t(f"measure.{measure}"))


def show(study: Study, t: Texts) -> None:
    """Buttons and progress; then, once there are results, the figure, the verdicts and what to take away."""
    view = state.view(study)
    _buttons(study, view, t)
    if view is not None:
        _news(view, t)
    if view is None or not view.results:
        _questions(study, t)
        return
    _picture(study, view.results, t)
    _verdicts(study, view.results, t)
    _take_away(study, view, t)


def _buttons(study: Study, view: JobView | None, t: Texts) -> None:
    key = f"claims_{study.id}"
    if view is not None and not view.ended:
        with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_running"):
            st.progress(view.share, text=_progress(view, t))
            st.button(
                t("claims.cancel"), key=f"{key}_cancel", icon=":material/stop:", on_click=guarded(state.cancel), args=(study,)
            )
        return
    if view is not None and view.state == "done" and not view.failures:
        networks = f"{view.done:,}"
        trained = t("claims.done", networks=networks, seconds=formatting.duration(view.seconds))
        st.caption(trained if view.trained else t("claims.known", networks=networks))
        return
    name = t("claims.resume" if view is not None and view.results else "claims.run")
    refused, why = st.session_state.get(REFUSED, ("", ""))
    if refused == study.id:
        st.error(why, icon=":material/error:")
    st.button(name, key=f"{key}_run", icon=":material/play_arrow:", type="primary", on_click=guarded(_run), args=(study,))


def _run(study: Study) -> None:
    """Run a study, and let the link point at it, or say why it cannot be run here."""
    st.session_state.pop(REFUSED, None)
    try:
        state.run(study)
    except LimitError as error:
        st.session_state[REFUSED] = (study.id, formatting.error(session.words(), error))
        return
    if study.id in STUDIES:
        state.choose(study.id, study.base.seeds)


def _progress(view: JobView, t: Texts) -> str:
    if view.place:
        return t("claims.queued", place=view.place)
    values = {"done": f"{view.done:,}", "total": f"{view.total:,}", "elapsed": formatting.duration(view.seconds)}
    if view.remaining is None:
        return t("claims.progress", **values)
    return t("claims.progress_remaining", remaining=formatting.duration(view.remaining), **values)


def _news(view: JobView, t: Texts) -> None:
    """That a study was cancelled or failed, and which of its networks could not be trained."""
    if view.state == "cancelled":
        st.info(t("claims.cancelled", done=f"{view.done:,}", total=f"{view.total:,}"), icon=":material/info:")
    if view.error is not None:
        message = formatting.error(t, view.error) if isinstance(view.error, ExperimentError) else t("claims.failed")
        st.error(message, icon=":material/error:")
    for failure in view.failures[:FAILURES]:
        st.error(_failure(failure, t), icon=":material/error:")
    if len(view.failures) > FAILURES:
        st.caption(t("claims.more_failures", count=f"{len(view.failures) - FAILURES:,}"))


def _failure(failure: Failure, t: Texts) -> str:
    """Networks that could not be trained: how many, the first one, and what went wrong."""
    first = label(failure.experiments[0].differences(), t)
    values = {"count": len(failure.experiments), "experiment": first, "error": plain_text(failure.error)}
    return formatting.escape_markdown(t("claims.failure", **values))


def _picture(study: Study, results: Results, t: Texts) -> None:
    """The study's figure of the results so far, with the choices that it needs."""
    if study.figure != "panels":
        _panel(study, study.figure, partial(FIGURES[study.figure], study, results, t), t)
        return
    mode, where = _choices(study, t)
    chosen = " ".join(map(str, (mode, *where.values())))
    _panel(study, "panels", partial(FIGURES["panels"], study, results, t, where=where, mode=mode), t, chosen)
    _panel(study, "rows", partial(rows, study, results, t, mode=mode), t, mode)


def _panel(study: Study, name: str, draw: partial[Any], t: Texts, subject: str = "") -> None:
    """The picture for wide and narrow screens, changed in place by the browser."""
    alt, key = t(f"claims.alt.{name}"), f"claims_{study.id}_{name}"
    components.picture(draw, alt=alt, key=key, subject=f"{study.id} {subject}")


def _choices(study: Study, t: Texts) -> tuple[Mode, Mapping[str, Any]]:
    """Training or inference mode, and a value of each axis but the longest."""
    longest, _ = max(study.axes, key=lambda axis: len(axis[1]))
    modes: tuple[Mode, ...] = ("inference", "training")
    with st.container(horizontal=True, key=f"claims_{study.id}_view"):
        mode = one_of(f"claims_{study.id}_mode", t("claims.mode.title"), modes, lambda name: t(f"claims.mode.{name}"))
        chosen = {}
        for name, values in study.axes:
            if name != longest:
                key, label_of = f"claims_{study.id}_{name}", partial(value_label, name, t=t)
                chosen[name] = one_of(key, t(f"field.{name}"), values, label_of)
    return mode, chosen


def _take_away(study: Study, view: JobView, t: Texts) -> None:
    """A setting to open in the lab, and files with every number once nothing is added to them any more."""
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"claims_{study.id}_take"):
        cell = _cell(study, t)
        opened = navigation.link_to("", replace(cell.experiment, seeds=1))
        st.link_button(t("claims.open"), opened, icon=":material/science:")
        if view.ended:
            for kind, write in (("csv", to_csv), ("json", to_json)):
                make, name = partial(write, study, view.results), f"{study.id}.{kind}"
                download(kind.upper(), make, name, key=f"claims_{study.id}_{kind}", about=t(f"claims.download_{kind}"))


def _cell(study: Study, t: Texts) -> Cell:
    if len(study.cells) == 1:
        return study.cells[0]
    names = [label(cell.values, t) for cell in study.cells]
    key = f"claims_{study.id}_cell"
    k: int = st.selectbox(t("claims.cell"), range(len(names)), format_func=names.__getitem__, key=key, width=420)
    return study.cells[k]


# Verdicts: the sentence, what the numbers say of it, by how much and how certainly.

LOOKS = {
    "supported": ("green", ":material/check_circle:"),
    "refuted": ("red", ":material/cancel:"),
    "undecided": ("gray", ":material/help:"),
}
"""Colour and icon of each outcome; the word stands beside them."""


def _questions(study: Study, t: Texts) -> None:
    """What is going to be asked, before there are numbers."""
    if study.questions:
        with st.expander(t("verdict.questions"), icon=":material/quiz:"):
            st.markdown("\n".join(f"- {t(f'question.{question.id}')}" for question in study.questions))


def _verdicts(study: Study, results: Results, t: Texts) -> None:
    """Every question with its verdict, those that ask for the opposite under a separate heading."""
    answered = answers(study, results)
    for other_side, heading in ((False, t("verdict.title")), (True, t("verdict.other_side"))):
        asked = [(question, verdict) for question, verdict in answered if question.other_side is other_side]
        if asked:
            st.markdown(f"#### {heading}")
        for question, verdict in asked:
            _verdict(question, verdict, t)


def _verdict(question: Question, verdict: Verdict | None, t: Texts) -> None:
    sentence = t(f"question.{question.id}")
    if verdict is None:
        st.markdown(f":gray-badge[:material/hourglass_empty: {t('verdict.waiting')}] {sentence}")
        return
    color, icon = LOOKS[verdict.outcome]
    with st.container(gap=None):
        st.markdown(f":{color}-badge[{icon} {t(f'verdict.{verdict.outcome}')}] **{sentence}**")
        st.markdown(formatting.escape_markdown(effect(question, verdict, t)))
        st.caption(formatting.escape_markdown(details(question, verdict, t)))


def effect(question: Question, verdict: Verdict, t: Texts) -> str:
    """By how much our side is better or worse, with the interval: `Training loss: 38 % smaller (95 %: 12 % to 51 %)`."""
    is_worse = verdict.median < 0
    low, high = (-verdict.high, -verdict.low) if is_worse else (verdict.low, verdict.high)
    smaller = MEASURES[question.measure].lower_is_better is not is_worse
    values = {"measure": capital(t(f"measure.{question.measure}")), "median": amount(abs(verdict.median), question, t)}
    if verdict.median == 0:
        text = t("verdict.equal", **values)
    else:
        text = t("verdict.smaller" if smaller else "verdict.larger", **values)
    if math.isnan(low):
        return text
    ends = (amount(low, question, t), amount(high, question, t))
    return f"{text} {t('verdict.interval', low=ends[0], high=ends[1])}"


def details(question: Question, verdict: Verdict, t: Texts) -> str:
    """Both sides' medians, pairs, what matters, and why there is no other verdict."""
    ours, theirs = side_names(question, t)
    parts = [
        t(
            "verdict.sides",
            ours=ours,
            our_number=side_number(verdict.ours, question, t),
            theirs=theirs,
            their_number=side_number(verdict.theirs, question, t),
        ),
        t("verdict.pairs", pairs=verdict.pairs),
        t("verdict.smallest", smallest=amount(verdict.smallest, question, t)),
    ]
    if any(verdict.diverged):
        parts.append(t("verdict.diverged", ours=verdict.diverged[0], theirs=verdict.diverged[1]))
    if verdict.reason:
        parts.append(t(f"verdict.reason.{verdict.reason}"))
    return " · ".join(parts)


def side_names(question: Question, t: Texts) -> tuple[str, str]:
    """What the two sides are called: their arms with the values in which they differ, or the measures if it is those."""
    if question.their_measure:
        return t(f"measure.{question.measure}"), t(f"measure.{question.their_measure}")
    return _side_name(question.ours, question.theirs, t), _side_name(question.theirs, question.ours, t)


def _side_name(side: Side, other: Side, t: Texts) -> str:
    differing = {name: value for name, value in side.values.items() if other.values.get(name) != value}
    name = t(f"arm.{side.arm}")
    return f"{name} ({label(differing, t)})" if differing else name


def amount(value: float, question: Question, t: Texts) -> str:
    """A difference in its unit: a share of the other side, percentage points, cells, or the measure's own."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if MEASURES[question.measure].relative:
        return t("verdict.percent", value=numerals.short(100 * value))
    if "accuracy" in question.measure:
        return t("verdict.points", value=numerals.short(100 * value))
    return numerals.short(value)


def side_number(value: float, question: Question, t: Texts) -> str:
    """A median of one side; what never got there has none."""
    if not math.isfinite(value):
        return t("verdict.none")
    return numerals.percent(value) if "accuracy" in question.measure else numerals.short(value)
