"""The curves of the runs that are drawn together: a pair of pictures for each kind of task and unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import streamlit as st

from bn_lab.figures.overlay import Overlaid, Target, overlay
from bn_lab.i18n import Texts
from bn_lab.ui.compare.kept import Run, experiment_of
from bn_lab.ui.compare.names import name_of
from bn_lab.ui.kit.choices import one_of
from bn_lab.ui.live import static


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
            split = one_of("compare_split", t("compare.split"), ("train", "validation"), lambda name: t(f"split.{name}"))
        log_y = one_of("compare_scale", t("view.scale"), ("log", "linear"), lambda name: t(f"view.{name}")) == "log"
        log_x = one_of("compare_epochs", t("view.epochs"), ("linear", "log"), lambda name: t(f"view.{name}")) == "log"
        if any(target.task == "regression" for target in groups):
            measure = one_of("compare_measure", t("view.metric"), ("rmse", "r2"), lambda name: t(f"measure.{name}"))
    return View(split, measure, log_x, log_y)


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
        draw = partial(overlay, overlaid, target, t, **options)
        place = "loss" if name == "loss" else "metric"
        alt = t("compare.figure.alt", measure=t(f"compare.figure.{name}"), count=len(drawn))
        with column:
            static.picture(draw, alt=alt, key=f"compare_{k}_{place}", subject=f"{name} {view.split}")


def _overlaid(run: Run, among: Sequence[Run], t: Texts) -> Overlaid:
    record, slot = run["record"], run["slot"]
    assert record is not None
    assert slot is not None
    return Overlaid(name_of(run, among, t), slot, experiment_of(run).arms, record["epochs"], record["lines"])
