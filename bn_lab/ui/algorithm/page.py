"""The Algorithm page: what to look at on top, then the parts, each a question that the numbers on screen answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st

from bn_lab.engine.history import Kept
from bn_lab.experiment import BN_ARMS
from bn_lab.i18n import Texts
from bn_lab.sharing import shown
from bn_lab.ui import controls, session, words
from bn_lab.ui.algorithm import epsilon, folding, graph, inference, mates, placements, scale, steps, subject
from bn_lab.ui.algorithm.choice import unread
from bn_lab.ui.algorithm.scene import Scene, choice, choose, scene
from bn_lab.ui.guard import guarded

PARTS: Mapping[str, Callable[[Scene, Texts], None]] = {
    "steps": steps.show,
    "graph": graph.show,
    "epsilon": epsilon.show,
}
"""The parts about one unit's numbers, or typed ones. Each draws its sentence of answer first, then what it is read from."""

NETWORK_PARTS: Mapping[str, Callable[[Scene, Kept, Texts], None]] = {
    "inference": inference.show,
    "mates": mates.show,
    "scale": scale.show,
    "placements": placements.show,
    "folding": folding.show,
}
"""The parts about the network at a moment, which follow; they show it also while numbers are typed."""

HEARTBEAT = 10.0
"""Seconds between two signs of life, without which the visitor's training would pause."""

DRAWING = 10.0
"""Seconds to wait for the networks to be drawn: the first visitor of a server waits for torch, too."""


def show() -> None:
    """Draw the page."""
    t = session.words()
    controls.show(t)
    st.title(t("page.algorithm"))
    st.markdown(t("algorithm.intro"))
    st.fragment(guarded(_body), run_every=HEARTBEAT)(t)


def _body(t: Texts) -> None:
    """Everything that a slider moves."""
    training = session.training()
    if training.view.history is None and session.is_light(session.experiment()):
        training.look(wait=DRAWING)
    for part in unread(st.session_state.get("algorithm", "")):
        st.warning(t("algorithm.unread", part=words.plain(shown(part))), icon=":material/warning:")
    found = scene()
    subject.show(found, t)
    if found is None:
        st.info(t("algorithm.nothing"), icon=":material/hourglass_empty:")
        st.button(t("algorithm.draw"), key="algorithm_draw", on_click=guarded(_draw), icon=":material/play_arrow:")
        return
    _notes(found, t)
    diverged = found.has_diverged
    if diverged:
        st.warning(t("algorithm.diverged", arm=t(f"arm.{found.arm}")), icon=":material/warning:")
    if not diverged or found.is_typed:
        for name, draw in PARTS.items():
            _head(name, t)
            guarded(draw)(found, t)
    for name, draw_network in () if diverged else NETWORK_PARTS.items():
        _head(name, t)
        if found.moment is None:
            st.info(t("algorithm.nothing"), icon=":material/hourglass_empty:")
            continue
        if found.is_typed:
            st.caption(t("algorithm.of_network", **_whose(found, found.moment, t)))
        guarded(draw_network)(found, found.moment, t)
    session.write_link()


def _notes(found: Scene, t: Texts) -> None:
    """What is on screen that is not what the link asks for, or not what one may take it for."""
    asked, shown = choice(), found.choice
    if asked.epoch is not None and found.moment is not None and int(found.moment.epoch) != asked.epoch:
        epochs = {"asked": f"{asked.epoch:,}", "shown": f"{int(found.moment.epoch):,}"}
        st.info(t("algorithm.other_epoch", **epochs), icon=":material/info:")
    elif [int(kept.epoch) for kept in found.kept] == [0]:
        st.caption(t("algorithm.untrained"))
    for name in ("arm", "layer", "unit", "sample"):
        before, now = getattr(asked, name), getattr(shown, name)
        if before != now and before:
            values = {"asked": words.plain(before), "shown": t(f"arm.{now}") if name == "arm" else now}
            st.info(t("algorithm.other_place", name=t(f"algorithm.{name}"), **values), icon=":material/info:")
    if found.arm not in BN_ARMS and not found.is_typed:
        st.info(t("algorithm.without", arm=t(f"arm.{found.arm}")), icon=":material/info:")


def _head(name: str, t: Texts) -> None:
    st.header(t(f"algorithm.{name}.title"), anchor=name, divider="gray")


def _whose(found: Scene, moment: Kept, t: Texts) -> dict[str, object]:
    picked = found.choice
    return {"arm": t(f"arm.{found.arm}"), "layer": picked.layer, "unit": picked.unit, "epoch": f"{int(moment.epoch):,}"}


def _draw() -> None:
    """Draw the untrained networks of an experiment that is too large to have them in advance."""
    session.training().look(wait=DRAWING)
    choose(replace(choice(), epoch=None))
