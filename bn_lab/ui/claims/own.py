"""A study of one's own: the experiment of the lab, with one or two fields over lists of values."""

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
from bn_lab.studies.answers import measures_of, own_study
from bn_lab.studies.study import Study, StudyError
from bn_lab.ui import session
from bn_lab.ui.claims import jobs, trial
from bn_lab.ui.claims.choice import STATE as LINK
from bn_lab.ui.claims.choice import choose_own
from bn_lab.ui.claims.choice import decode as decode_choice
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.lab import controls

STATE = "claims_own"
"""In the session: the study on screen as plain texts, see `_order`."""

VARIED = tuple(name for name in FIELDS if name not in ("arms", "seed", "seeds"))
"""Fields that can be varied."""

MOST_VALUES = 32
"""Values of a field at most: as many as a picture can show apart."""

MOST_NETWORKS = 20_000
"""Networks of a study at most: to name them all takes a second, and a page does that before anybody presses Run."""

SEEDS = (1, 3, 5, 6, 10, 20)

PLACES = ("first", "second")
"""The fields that are varied at most: the first, and maybe a second."""


def show(t: Texts) -> None:
    """Draw the form, and below it the study that was asked for last."""
    with st.container(border=True, key="claim_own"):
        study = _ordered()
        running = study is not None and jobs.is_running(study)
        st.fragment(guarded(_card), run_every=timing.STUDY_TICK if running else None)(running, t)


def _card(running: bool, t: Texts) -> None:
    study = _ordered()
    if (study is not None and jobs.is_running(study)) != running:
        st.rerun()
    st.markdown(t("claims.own.explain"))
    if session.experiment().is_private:  # networks of a study are trained in other processes, and known to all
        st.info(t("own.no_study"), icon=":material/lock:")
    else:
        _base(session.experiment(), t)
        _form(t)
    if (problem := st.session_state.get("claims_own_problem")) is not None:
        st.error(problem, icon=":material/error:")
    if study is not None:
        st.markdown(f"**{t('claims.own.now')}** {formatting.escape_markdown(_title(study, t))}")
        st.caption(trial.size(study, t))
        trial.show(study, t)


def _base(experiment: Experiment, t: Texts) -> None:
    """What stays the same, as far as it is not the default."""
    left = {name: value for name, value in experiment.differences().items() if name in VARIED}
    told = label(left, t) if left else t("claims.own.default")
    st.caption(f"{t('claims.own.base')} {formatting.escape_markdown(told)}")


def _form(t: Texts) -> None:
    fields = [_axis(place, t) for place in PLACES]
    experiment = session.experiment()
    measured = replace(experiment, validation_share=0.2) if "validation_share" in fields else experiment
    with st.container(horizontal=True, vertical_alignment="bottom", key="claims_own_more"):
        st.select_slider(t("claims.seeds"), SEEDS, value=3, key="own_seeds", help=t("claims.seeds_help"), width=220)
        st.selectbox(
            t("claims.own.measure"),
            measures_of(measured),
            format_func=lambda name: t(f"measure.{name}"),
            key="own_measure",
            width=260,
        )
    st.pills(
        t("field.arms"),
        ARMS,
        default=list(experiment.arms),
        selection_mode="multi",
        format_func=lambda arm: t(f"arm.{arm}"),
        key="own_arms",
    )
    st.button(t("claims.own.order"), key="own_order", icon=":material/playlist_add_check:", on_click=guarded(_order), args=(t,))


def _axis(place: str, t: Texts) -> str | None:
    """A field to vary and its values; the second may stay empty."""
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"claims_own_axis_{place}"):
        name: str | None = st.selectbox(
            t(f"claims.own.{place}"),
            VARIED,
            index=VARIED.index("learning_rate") if place == PLACES[0] else None,
            format_func=lambda field: t(f"field.{field}"),
            key=f"own_field_{place}",
            placeholder=t("claims.own.none"),
            width=260,
        )
        if name is not None and FIELDS[name].kind == "choice":
            st.multiselect(
                t("claims.own.values"),
                FIELDS[name].options,
                format_func=lambda option: controls.option_label(t, str(name), option),
                key=f"own_options_{place}_{name}",
                placeholder=t("claims.own.choose"),
            )
        elif name is not None:
            st.text_input(
                t("claims.own.values"),
                key=f"own_values_{place}_{name}",
                placeholder=t("claims.own.example", values=_example(name)),
                max_chars=400,
            )
    return name


def _example(name: str) -> str:
    """The default and a smaller and a larger value, as far as there are such."""
    default = FIELDS[name].default or FIELDS[name].range.low  # type: ignore[union-attr]
    stops = controls.stops(FIELDS[name], default)
    at = stops.index(default)
    return ", ".join(f"{stop:g}" for stop in stops[max(0, at - 3) : at + 4 : 3])


def _order(t: Texts) -> None:
    """Take the form for the study on screen, or say what does not fit; nothing runs before somebody presses Run."""
    state = st.session_state
    state["claims_own_problem"] = None
    try:
        axes = [(name, _values(name, place)) for place in PLACES if (name := state.get(f"own_field_{place}"))]
        arms = [arm for arm in ARMS if arm in state["own_arms"]]
        study = _bounded(own_study(session.experiment(), axes, state["own_seeds"], state["own_measure"], arms))
    except ExperimentError as error:
        state["claims_own_problem"] = formatting.error(t, error)
        return
    if any(study.measure not in measures_of(cell.experiment) for cell in study.cells):
        state["claims_own_problem"] = t("claims.own.no_measure", measure=t(f"measure.{study.measure}"))
        return
    _take(study)
    choose_own(written(study))


def _take(study: Study) -> None:
    """Have this study on screen; the session keeps it as plain texts."""
    st.session_state[STATE] = {
        "base": encode(study.base),
        "axes": tuple((name, tuple(map(FIELDS[name].format, values))) for name, values in study.axes),
        "measure": study.measure,
    }


def written(study: Study) -> str:
    """What a link says of an own study: measure, seeds, arms, and each field with its values."""
    axes = (f"{name}={';'.join(map(FIELDS[name].format, values))}" for name, values in study.axes)
    return "/".join([study.measure, str(study.base.seeds), ";".join(study.base.arms), *axes])


def read(text: str, base: Experiment) -> Study:
    """The own study that a link's text describes, of the link's experiment.

    Raises:
        ExperimentError: for what no study can be.
    """
    measure, seeds, arms, *axes = [*text.split("/"), "", ""][: 3 + len(PLACES)]
    split = [axis.partition("=") for axis in axes if axis]
    fields = [(name, [_value(name, part) for part in values.split(";")][: MOST_VALUES + 1]) for name, _, values in split]
    for name, values in fields:
        if len(values) > MOST_VALUES:
            raise StudyError(name, "no_values", len(values), high=MOST_VALUES)
    study = _bounded(own_study(base, fields, _value("seeds", seeds), measure, _value("arms", arms.replace(";", ","))))
    if any(measure not in measures_of(cell.experiment) for cell in study.cells):
        raise StudyError("measure", "one_of", plain_text(measure), options=", ".join(measures_of(study.base)))
    return study


def _bounded(study: Study) -> Study:
    """The study, or a `StudyError` if it is too large for a page."""
    if study.size > MOST_NETWORKS:
        raise StudyError("study", "too_large", study.size, high=MOST_NETWORKS)
    return study


def follow_link() -> None:
    """Have the study of the link on screen, once for a link."""
    own = decode_choice(st.session_state.get(LINK, "")).own
    if not own or STATE in st.session_state:
        return
    try:
        _take(read(own, session.experiment()))
    except ExperimentError as error:
        st.session_state["claims_own_problem"] = formatting.error(session.words(), error)
        st.session_state[STATE] = None


def _values(name: str, place: str) -> Sequence[Any]:
    """The values of a field that the visitor picked or typed.

    Raises:
        ExperimentError: for one that the field cannot have, or too many or too few.
    """
    if FIELDS[name].kind == "choice":
        parts = list(st.session_state.get(f"own_options_{place}_{name}", []))
    else:
        typed = st.session_state.get(f"own_values_{place}_{name}", "")
        parts = [part.strip() for part in typed.split(",") if part.strip()]
    if not 1 <= len(parts) <= MOST_VALUES or len(set(parts)) < len(parts):
        raise StudyError(name, "no_values", len(parts), high=MOST_VALUES)
    return [_value(name, part) for part in parts]


def _value(name: str, text: str) -> Any:
    """What a text stands for; a link's reader makes its error safe to show."""
    found = decode({name: text})
    if found.problems:
        raise found.problems[0]
    if name in found.other:  # a parameter of links, but no field
        raise StudyError("axis", "axis", name)
    return getattr(found.experiment, name)


def _ordered() -> Study | None:
    """The study that was asked for last."""
    order = st.session_state.get(STATE)
    return None if order is None else _study(tuple(order["base"].items()), order["axes"], order["measure"])


@lru_cache(maxsize=64)
def _study(base: tuple[tuple[str, str], ...], axes: tuple[tuple[str, tuple[str, ...]], ...], measure: str) -> Study:
    """A study from its texts; kept, since it is looked at every second while it runs."""
    experiment = decode(dict(base)).experiment
    parsed = [(name, [FIELDS[name].parse(text) for text in texts]) for name, texts in axes]
    return own_study(experiment, parsed, experiment.seeds, measure, experiment.arms)


def _title(study: Study, t: Texts) -> str:
    """The fields that are varied with their values."""
    axes = (f"{t(f'field.{name}')} ({', '.join(value_label(name, v, t) for v in values)})" for name, values in study.axes)
    return " × ".join(axes)
