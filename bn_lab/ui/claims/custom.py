"""A custom study: the experiment of the lab, with one or two fields over lists of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import streamlit as st

from bn_lab import timing
from bn_lab.arms import ARMS
from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.figures.studies import label, value_label
from bn_lab.i18n import Texts
from bn_lab.sharing import decode, encode, plain_text
from bn_lab.studies.answers import custom_study, measures_of
from bn_lab.studies.study import Study, StudyError
from bn_lab.ui import session
from bn_lab.ui.claims import state, trial
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.lab import controls

STUDY, PROBLEM = "claims_custom", "claims_custom_problem"
"""In the session: the study on screen as texts, see `_take`; what was wrong with the last one that was asked for."""

VARIED = tuple(name for name in FIELDS if name not in ("arms", "seed", "seeds"))
"""Fields that can be varied."""

MOST_VALUES = 32
"""Values of a field at most: as many as a picture can show apart."""

MOST_NETWORKS = 20_000
"""Networks of a study at most: to name them all takes a second, and a page does that before anybody presses Run."""

PLACES = ("first", "second")
"""The fields that are varied at most: the first, and maybe a second."""


def show(t: Texts) -> None:
    """Draw the form, and below it the study that was asked for last."""
    with st.container(border=True, key="claim_custom"):
        study = _ordered()
        running = study is not None and state.is_running(study)
        st.fragment(guarded(_card), run_every=timing.STUDY_TICK if running else None)(running, t)


def _card(running: bool, t: Texts) -> None:
    study = _ordered()
    if (study is not None and state.is_running(study)) != running:
        st.rerun()
    st.markdown(t("claims.custom.explain"))
    if session.experiment().is_private:  # networks of a study are trained in other processes, and known to all
        st.info(t("uploads.no_study"), icon=":material/lock:")
    else:
        _base(session.experiment(), t)
        _form(t)
    if (problem := st.session_state.get(PROBLEM)) is not None:
        st.error(problem, icon=":material/error:")
    if study is not None:
        st.markdown(f"**{t('claims.custom.now')}** {formatting.escape_markdown(_title(study, t))}")
        st.caption(trial.size(study, t))
        trial.show(study, t)


def _base(experiment: Experiment, t: Texts) -> None:
    """What stays the same, as far as it is not the default."""
    left = {name: value for name, value in experiment.differences().items() if name in VARIED}
    same = label(left, t) if left else t("claims.custom.default")
    st.caption(f"{t('claims.custom.base')} {formatting.escape_markdown(same)}")


def _form(t: Texts) -> None:
    fields = [_axis(place, t) for place in PLACES]
    experiment = session.experiment()
    measured = replace(experiment, validation_share=0.2) if "validation_share" in fields else experiment
    with st.container(horizontal=True, vertical_alignment="bottom", key="claims_custom_more"):
        st.select_slider(t("claims.seeds"), trial.SEEDS, value=3, key="custom_seeds", help=t("claims.seeds_help"), width=220)
        st.selectbox(
            t("claims.custom.measure"),
            measures_of(measured),
            format_func=lambda name: t(f"measure.{name}"),
            key="custom_measure",
            width=260,
        )
    st.pills(
        t("field.arms"),
        ARMS,
        default=list(experiment.arms),
        selection_mode="multi",
        format_func=lambda arm: t(f"arm.{arm}"),
        key="custom_arms",
    )
    st.button(
        t("claims.custom.order"), key="custom_order", icon=":material/playlist_add_check:", on_click=guarded(_order), args=(t,)
    )


def _axis(place: str, t: Texts) -> str | None:
    """A field to vary and its values; the second may stay empty."""
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"claims_custom_axis_{place}"):
        name: str | None = st.selectbox(
            t(f"claims.custom.{place}"),
            VARIED,
            index=VARIED.index("learning_rate") if place == PLACES[0] else None,
            format_func=lambda field: t(f"field.{field}"),
            key=f"custom_field_{place}",
            placeholder=t("claims.custom.none"),
            width=260,
        )
        if name is not None and FIELDS[name].kind == "choice":
            st.multiselect(
                t("claims.custom.values"),
                FIELDS[name].options,
                format_func=lambda option: controls.option_label(t, str(name), option),
                key=f"custom_options_{place}_{name}",
                placeholder=t("claims.custom.choose"),
            )
        elif name is not None:
            st.text_input(
                t("claims.custom.values"),
                key=f"custom_values_{place}_{name}",
                placeholder=t("claims.custom.example", values=_example(name)),
                max_chars=400,
            )
    return name


def _example(name: str) -> str:
    """The default and a smaller and a larger value, as far as there are such."""
    default = FIELDS[name].default or FIELDS[name].limits.low
    stops = controls.stops(FIELDS[name], default)
    at = stops.index(default)
    return ", ".join(f"{stop:g}" for stop in stops[max(0, at - 3) : at + 4 : 3])


def _order(t: Texts) -> None:
    """Take the form for the study on screen, or say what does not fit; nothing runs before somebody presses Run."""
    entered = st.session_state
    entered[PROBLEM] = None
    try:
        axes = [(name, _values(name, place)) for place in PLACES if (name := entered.get(f"custom_field_{place}"))]
        arms = [arm for arm in ARMS if arm in entered["custom_arms"]]
        study = _bounded(custom_study(session.experiment(), axes, entered["custom_seeds"], entered["custom_measure"], arms))
    except ExperimentError as error:
        entered[PROBLEM] = formatting.error(t, error)
        return
    if any(study.measure not in measures_of(cell.experiment) for cell in study.cells):
        entered[PROBLEM] = t("claims.custom.no_measure", measure=t(f"measure.{study.measure}"))
        return
    _take(study)
    state.choose_custom(as_text(study))


def _take(study: Study) -> None:
    """Have this study on screen; the session keeps it as texts."""
    st.session_state[STUDY] = {
        "base": encode(study.base),
        "axes": tuple((name, tuple(map(FIELDS[name].format, values))) for name, values in study.axes),
        "measure": study.measure,
    }


def as_text(study: Study) -> str:
    """What a link says of a custom study: measure, seeds, arms, and each field with its values."""
    axes = (f"{name}={';'.join(map(FIELDS[name].format, values))}" for name, values in study.axes)
    return "/".join([study.measure, str(study.base.seeds), ";".join(study.base.arms), *axes])


def read(text: str, base: Experiment) -> Study:
    """The custom study that a link's text describes, of the link's experiment.

    Raises:
        ExperimentError: for what no study can be.
    """
    measure, seeds, arms, *axes = [*text.split("/"), "", ""][: 3 + len(PLACES)]
    split = [axis.partition("=") for axis in axes if axis]
    fields = [(name, [_value(name, part) for part in values.split(";")][: MOST_VALUES + 1]) for name, _, values in split]
    for name, values in fields:
        if len(values) > MOST_VALUES:
            raise StudyError(name, "no_values", len(values), high=MOST_VALUES)
    study = _bounded(custom_study(base, fields, _value("seeds", seeds), measure, _value("arms", arms.replace(";", ","))))
    if any(measure not in measures_of(cell.experiment) for cell in study.cells):
        raise StudyError("measure", "one_of", plain_text(measure), options=", ".join(measures_of(study.base)))
    return study


def _bounded(study: Study) -> Study:
    """The study, or a `StudyError` if it is too large for a page."""
    if study.size > MOST_NETWORKS:
        raise StudyError("study", "too_large", study.size, high=MOST_NETWORKS)
    return study


def follow(text: str) -> None:
    """Have the custom study on screen that a link's text describes, none for an empty one."""
    st.session_state[STUDY], st.session_state[PROBLEM] = None, None
    try:
        if text:
            _take(read(text, session.experiment()))
    except ExperimentError as error:
        st.session_state[PROBLEM] = formatting.error(session.words(), error)


def _values(name: str, place: str) -> Sequence[Any]:
    """The values of a field that the visitor picked or typed.

    Raises:
        ExperimentError: for one that the field cannot have, or too many or too few.
    """
    if FIELDS[name].kind == "choice":
        parts = list(st.session_state.get(f"custom_options_{place}_{name}", []))
    else:
        typed = st.session_state.get(f"custom_values_{place}_{name}", "")
        parts = [part.strip() for part in typed.split(",") if part.strip()]
    if not 1 <= len(parts) <= MOST_VALUES or len(set(parts)) < len(parts):
        raise StudyError(name, "no_values", len(parts), high=MOST_VALUES)
    return [_value(name, part) for part in parts]


def _value(name: str, text: str) -> Any:
    """What a text stands for; a link's reader makes its error safe to show."""
    decoded = decode({name: text})
    if decoded.problems:
        raise decoded.problems[0]
    if name in decoded.other:  # a parameter of links, but no field
        raise StudyError("axis", "axis", name)
    return getattr(decoded.experiment, name)


def _ordered() -> Study | None:
    """The study that was asked for last."""
    order = st.session_state.get(STUDY)
    return None if order is None else _study(tuple(order["base"].items()), order["axes"], order["measure"])


@lru_cache(maxsize=64)
def _study(base: tuple[tuple[str, str], ...], axes: tuple[tuple[str, tuple[str, ...]], ...], measure: str) -> Study:
    """A study from its texts; cached, since it is looked at every second while it runs."""
    experiment = decode(dict(base)).experiment
    parsed = [(name, [FIELDS[name].parse(text) for text in texts]) for name, texts in axes]
    return custom_study(experiment, parsed, experiment.seeds, measure, experiment.arms)


def _title(study: Study, t: Texts) -> str:
    """The fields that are varied with their values."""
    axes = (f"{t(f'field.{name}')} ({', '.join(value_label(name, v, t) for v in values)})" for name, values in study.axes)
    return " × ".join(axes)
