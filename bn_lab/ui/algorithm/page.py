"""The Algorithm page: what to look at on top, then the parts, each a question that the numbers on screen answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from bn_lab import timing
from bn_lab.arms import ARMS
from bn_lab.engine.history import History
from bn_lab.experiment import ExperimentError
from bn_lab.i18n import Texts
from bn_lab.service import Watch, WatchState
from bn_lab.sharing import plain_text
from bn_lab.ui import session
from bn_lab.ui.algorithm import network_parts, unit_parts, widgets
from bn_lab.ui.algorithm.scene import Scene, scene_of, selected, unread
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.caching import history_of
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.lab import controls

UNIT_PARTS: Mapping[str, Callable[[Scene, Texts], None]] = {
    "steps": unit_parts.steps,
    "graph": unit_parts.graph,
    "epsilon": unit_parts.epsilon,
}
"""The parts about one unit's numbers, or typed ones, by their anchors, which links name."""

NETWORK_PARTS: Mapping[str, Callable[[Scene, Texts], None]] = {
    "inference": network_parts.inference,
    "mates": network_parts.composition,
    "scale": network_parts.scale,
    "placements": network_parts.placements,
    "folding": network_parts.folding,
}
"""The parts about the network at a moment, which follow; they show it also while numbers are typed."""


def show() -> None:
    """Draw the page."""
    t = session.words()
    controls.show(t)
    if session.follows("algorithm"):
        widgets.follow()
    st.title(t("page.algorithm"))
    st.markdown(t("algorithm.intro"))
    pace = _pace(session.watch())
    st.fragment(guarded(_body), run_every=pace)(pace, t)


def _pace(watch: Watch) -> float | None:
    """Seconds after which to look again; None where nothing is going to change."""
    progress = watch.progress
    if progress.state is WatchState.FAILED:
        return None
    if watch.layouts is None:
        return timing.ALGORITHM_FIRST_TICK
    return timing.ALGORITHM_TICK if progress.state in (WatchState.QUEUED, WatchState.TRAINING) else None


def _body(pace: float | None, t: Texts) -> None:
    """Everything that a slider moves.

    Args:
        pace: how often it was mounted to look again; where that has changed, the page is drawn again.
    """
    watch = session.watch()
    for part in unread(st.session_state.get("algorithm", "")):
        st.warning(t("algorithm.unread", part=formatting.escape_markdown(plain_text(part))), icon=":material/warning:")
    try:
        scene = scene_of(_history(watch, t))
        diverged = scene is not None and scene.has_diverged
    except ExperimentError as error:
        st.error(formatting.error(t, error), icon=":material/error:")
        return
    if _pace(watch) != pace:
        st.rerun()
    widgets.choose(scene, t)
    if scene is None:
        return
    _notes(scene, t)
    if diverged:
        st.warning(t("algorithm.diverged", arm=t(f"arm.{scene.arm}")), icon=":material/warning:")
    if not diverged or scene.is_typed:
        for name, draw in UNIT_PARTS.items():
            _head(name, t)
            guarded(_part)(draw, scene, t)
    for name, draw in () if diverged or scene.moment is None else NETWORK_PARTS.items():
        _head(name, t)
        if scene.is_typed:
            st.caption(t("algorithm.of_network", **_whose(scene, t)))
        guarded(_part)(draw, scene, t)
    session.write_link()


def _history(watch: Watch, t: Texts) -> History | None:
    """The record of the lab's experiment; None, and said so, while its networks are not drawn yet.

    Raises:
        ExperimentError: the training failed, or the worker does not answer.
    """
    progress = watch.progress
    if progress.state is WatchState.FAILED:
        st.error(formatting.failure(watch, t), icon=":material/error:")
        return None
    if watch.layouts is None and progress.place > 1:
        st.info(t("algorithm.queued", place=f"{progress.place:,}"), icon=":material/hourglass_empty:")
        return None
    try:
        return history_of(
            watch, timing.DISSECTION_TIMEOUT, age=timing.ALGORITHM_TICK if progress.state is WatchState.TRAINING else 0.0
        )
    except ExperimentError:
        if watch.layouts is not None:
            raise
    st.info(t("algorithm.nothing"), icon=":material/hourglass_empty:")
    return None


def _part(draw: Callable[[Scene, Texts], None], scene: Scene, t: Texts) -> None:
    """A part whose numbers come from a worker, or what the worker says of them."""
    try:
        draw(scene, t)
    except ExperimentError as error:
        st.error(formatting.error(t, error), icon=":material/error:")


def _notes(scene: Scene, t: Texts) -> None:
    """What is on screen that is not what the link asks for, or not what one may take it for."""
    asked, shown = selected(), scene.selection
    if asked.epoch is not None and scene.moment is not None and int(scene.moment.epoch) != asked.epoch:
        epochs = {"asked": f"{asked.epoch:,}", "shown": f"{int(scene.moment.epoch):,}"}
        st.info(t("algorithm.other_epoch", **epochs), icon=":material/info:")
    elif [int(each.epoch) for each in scene.checkpoints] == [0]:
        st.caption(t("algorithm.untrained"))
    for name in ("arm", "layer", "unit", "sample"):
        before, now = getattr(asked, name), getattr(shown, name)
        if before != now and before:
            values = {"asked": formatting.escape_markdown(before), "shown": t(f"arm.{now}") if name == "arm" else now}
            st.info(t("algorithm.other_place", name=t(f"algorithm.{name}"), **values), icon=":material/info:")
    if not ARMS[scene.arm].is_batch_norm and not scene.is_typed:
        st.info(t("algorithm.without", arm=t(f"arm.{scene.arm}")), icon=":material/info:")


def _head(name: str, t: Texts) -> None:
    st.header(t(f"algorithm.{name}.title"), anchor=name, divider="gray")


def _whose(scene: Scene, t: Texts) -> dict[str, object]:
    selection, (_, moment) = scene.selection, scene.network
    return {"arm": t(f"arm.{scene.arm}"), "layer": selection.layer, "unit": selection.unit, "epoch": f"{int(moment.epoch):,}"}
