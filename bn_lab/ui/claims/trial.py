"""A study on the page: run it, watch it, its figure, its verdicts, its networks."""

from __future__ import annotations

import streamlit as st

from bn_lab.experiment import ExperimentError
from bn_lab.figures.studies import label, series_of
from bn_lab.i18n import Texts
from bn_lab.service import LimitError
from bn_lab.sharing import plain_text
from bn_lab.studies.claims import STUDIES
from bn_lab.studies.job import Failure, JobView
from bn_lab.studies.study import Study
from bn_lab.ui import session
from bn_lab.ui.claims import jobs, picture, take_away, verdicts
from bn_lab.ui.claims.choice import choose
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded

REFUSED = "claims_refused"
"""In the session: the study that was refused last, and why."""

FAILURES = 3
"""Failed groups of networks that are told one by one."""


def size(study: Study, t: Texts) -> str:
    """What a study takes: networks, seeds, epochs, and what its figure measures."""
    measure = series_of(study.measure) if study.figure == "curves" else study.measure
    return t("claims.size", networks=f"{len(study.networks):,}", seeds=study.base.seeds, measure=t(f"measure.{measure}"))


def show(study: Study, t: Texts) -> None:
    """Buttons and progress; then, as far as there are results, the figure, the verdicts and what to take away."""
    view = jobs.view(study)
    _buttons(study, view, t)
    if view is not None:
        _news(view, t)
    if view is None or not view.results:
        verdicts.questions(study, t)
        return
    picture.show(study, view.results, t)
    verdicts.show(study, view.results, t)
    take_away.show(study, view, t)


def _buttons(study: Study, view: JobView | None, t: Texts) -> None:
    key = f"claims_{study.id}"
    if view is not None and not view.ended:
        with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_running"):
            st.progress(view.share, text=_progress(view, t))
            st.button(
                t("claims.cancel"), key=f"{key}_cancel", icon=":material/stop:", on_click=guarded(jobs.cancel), args=(study,)
            )
        return
    if view is not None and view.state == "done" and not view.failures:
        networks = f"{view.done:,}"
        told = t("claims.done", networks=networks, seconds=formatting.duration(view.seconds))
        st.caption(told if view.trained else t("claims.known", networks=networks))
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
        jobs.run(study)
    except LimitError as error:
        st.session_state[REFUSED] = (study.id, formatting.error(session.words(), error))
        return
    if study.id in STUDIES:
        choose(study.id, study.base.seeds)


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
        told = formatting.error(t, view.error) if isinstance(view.error, ExperimentError) else t("claims.failed")
        st.error(told, icon=":material/error:")
    for failure in view.failures[:FAILURES]:
        st.error(_failure(failure, t), icon=":material/error:")
    if len(view.failures) > FAILURES:
        st.caption(t("claims.more_failures", count=f"{len(view.failures) - FAILURES:,}"))


def _failure(failure: Failure, t: Texts) -> str:
    """Networks that could not be trained: how many, the first one, and what went wrong."""
    first = label(failure.experiments[0].differences(), t)
    values = {"count": len(failure.experiments), "experiment": first, "error": plain_text(failure.error)}
    return formatting.escape_markdown(t("claims.failure", **values))
