"""Verdicts in words: the sentence, what the numbers say of it, by how much and how certainly."""

from __future__ import annotations

import math

import streamlit as st

from bn_lab import numerals
from bn_lab.figures.studies import Results, capital, label
from bn_lab.i18n import Texts
from bn_lab.studies.answers import answers
from bn_lab.studies.measures import MEASURES
from bn_lab.studies.study import Question, Side, Study
from bn_lab.studies.verdict import Verdict
from bn_lab.ui.kit import formatting

LOOKS = {
    "supported": ("green", ":material/check_circle:"),
    "refuted": ("red", ":material/cancel:"),
    "undecided": ("gray", ":material/help:"),
}
"""Colour and icon of each outcome; the word stands beside them."""


def questions(study: Study, t: Texts) -> None:
    """What is going to be asked, before there are numbers."""
    if study.questions:
        with st.expander(t("verdict.questions"), icon=":material/quiz:"):
            st.markdown("\n".join(f"- {t(f'question.{question.id}')}" for question in study.questions))


def show(study: Study, results: Results, t: Texts) -> None:
    """Every question with its verdict, those that ask for the opposite under a separate heading."""
    answered = answers(study, results)
    for other_side, heading in ((False, t("verdict.title")), (True, t("verdict.other_side"))):
        asked = [(question, verdict) for question, verdict in answered if question.other_side is other_side]
        if asked:
            st.markdown(f"#### {heading}")
        for question, verdict in asked:
            _one(question, verdict, t)


def _one(question: Question, verdict: Verdict | None, t: Texts) -> None:
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
