"""The curves of the runs that are drawn together: a pair of pictures for each kind of task and unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import streamlit as st

from bn_lab.figures.overlay import Overlaid, Target, overlay
from bn_lab.figures.sheet import as_json
from bn_lab.i18n import Texts
from bn_lab.ui.compare.kept import Run, experiment_of
from bn_lab.ui.compare.names import name_of
from bn_lab.ui.live.components import panel

NOTHING = "compare"
"""The run that these figures follow: none."""


class View(NamedTuple):
    """How the visitor wants to see the curves."""

    split: str
    measure: str
    log_x: bool
    log_y: bool


def show(among: Sequence[Run], t: Texts) -> None:
    """The choices, and the pictures of those runs of the list that are drawn and trained."""
    groups: dict[Target, list[Run]] = {}
    for run in sorted(among, key=lambda run: run["slot"] or 0):
        if run["slot"] is not None and (record := run["record"]) is not None:
            groups.setdefault(Target(record["task"], record["unit"]), []).append(run)
    if groups:
        view = _view(groups, t)
        for k, (target, runs) in enumerate(groups.items()):
            _pair(k, target, runs, among, view, t)


def _view(groups: Mapping[Target, Sequence[Run]], t: Texts) -> View:
    """What the visitor chose, of what there is to choose for these runs."""
    split, measure = "train", "rmse"
    with st.container(horizontal=True, key="compare_view"):
        if any(experiment_of(run).validation_share for runs in groups.values() for run in runs):
            split = _choice("split", t("compare.split"), {name: t(f"split.{name}") for name in ("train", "validation")})
        log_y = _choice("scale", t("view.scale"), {name: t(f"view.{name}") for name in ("log", "linear")}) == "log"
        log_x = _choice("epochs", t("view.epochs"), {name: t(f"view.{name}") for name in ("linear", "log")}) == "log"
        if any(target.task == "regression" for target in groups):
            measure = _choice("measure", t("view.metric"), {name: t(f"measure.{name}") for name in ("rmse", "r2")})
    return View(split, measure, log_x, log_y)


def _choice(key: str, label: str, names: dict[str, str]) -> str:
    """One of some options, the first one where nothing was chosen."""
    key = f"compare_{key}"
    if st.session_state.get(key) not in names:
        st.session_state[key] = next(iter(names))
    st.segmented_control(label, list(names), format_func=names.__getitem__, key=key, required=True)
    return str(st.session_state[key])


def _pair(k: int, target: Target, runs: Sequence[Run], among: Sequence[Run], view: View, t: Texts) -> None:
    """Loss and metric of runs that share an axis; those without validation are left out of its curves, and that is said."""
    drawn = [run for run in runs if view.split == "train" or experiment_of(run).validation_share]
    if len(drawn) < len(runs):
        st.caption(t("compare.no_validation", count=len(runs) - len(drawn)))
    if not drawn:
        return
    overlaid = [_overlaid(run, among, t) for run in drawn]
    metric = view.measure if target.task == "regression" else "accuracy"
    for column, name in zip(st.columns(2), ("loss", metric), strict=True):
        options: dict[str, Any] = {"measure": name, "split": view.split, "log_x": view.log_x, "log_y": view.log_y}
        wide, narrow = (as_json(overlay(overlaid, target, t, narrow=is_narrow, **options)) for is_narrow in (False, True))
        place = "loss" if name == "loss" else "metric"
        alt = t("compare.figure.alt", measure=t(f"compare.figure.{name}"), count=len(drawn))
        with column:
            panel(wide, narrow=narrow, run=NOTHING, alt=alt, key=f"compare_{k}_{place}", subject=f"{name} {view.split}")


def _overlaid(run: Run, among: Sequence[Run], t: Texts) -> Overlaid:
    record, slot = run["record"], run["slot"]
    assert record is not None
    assert slot is not None
    return Overlaid(name_of(run, among, t), slot, experiment_of(run).arms, record["epochs"], record["lines"])
