"""A study on the page: buttons, progress, figure, verdicts, a setting to open in the lab, and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from bn_lab.experiment import ExperimentError
from bn_lab.figures.studies import FIGURES, Mode, Results, label, rows, series_of, value_label
from bn_lab.i18n import Texts
from bn_lab.service import LimitError
from bn_lab.sharing import plain_text
from bn_lab.studies.claims import STUDIES
from bn_lab.studies.job import Failure, JobView
from bn_lab.studies.records import to_csv, to_json
from bn_lab.studies.study import Cell, Study
from bn_lab.ui import session
from bn_lab.ui.claims import state, verdicts
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
        verdicts.questions(study, t)
        return
    _picture(study, view.results, t)
    verdicts.show(study, view.results, t)
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
