"""The lab: settings in the sidebar, the stage on the first screen, and below it all that there is to see besides."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from bn_lab.datasets import Table, table_of
from bn_lab.experiment import Experiment
from bn_lab.figures.layers import some_layers, stages_in_order
from bn_lab.figures.pictures import FIGURES, alt, figure_names
from bn_lab.figures.tables import statistics
from bn_lab.i18n import Texts
from bn_lab.presets import preset_of
from bn_lab.service import LimitError, Watch
from bn_lab.ui import rules, session
from bn_lab.ui.kit import formatting, navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.kit.widgets import file_stem, one_of
from bn_lab.ui.lab import controls, preview, stage
from bn_lab.ui.live import components

AXES = ("log_x", "log_y", "compact")
"""Options of figures that change how they are divided, not what their axes mean."""

SCALES = ("log", "linear")


def show() -> None:
    """Draw the page; inside another page or a slide only the stage."""
    t, is_embedded = session.words(), bool(st.context.is_embedded)
    if not is_embedded:
        controls.show(t)
    with st.container():  # always there: a stage that moves to another place of the page is mounted anew
        navigation.show_away(t)
        _problems(t)
    try:
        watch = session.watch()
    except LimitError as error:
        st.warning(formatting.error(t, error), icon=":material/warning:")
        return
    stage.show(watch, t)
    if not is_embedded:
        _below(watch, t)


def _problems(t: Texts) -> None:
    """What was wrong with the link or with the last change."""
    problems = st.session_state["problems"]
    if problems and st.session_state["problems_of_link"]:
        st.warning(t("link.problem"), icon=":material/warning:")
    for problem in problems:
        st.warning(formatting.error(t, problem), icon=":material/warning:")


def _below(watch: Watch, t: Texts) -> None:
    """What those see who scroll. A part that breaks leaves the others."""
    if not rules.is_hidden("intro"):
        st.markdown(t("page.intro"))
    if not rules.is_hidden("presets"):
        _question(t)
    if not rules.is_hidden("findings"):
        components.findings(watch, t, key="findings")
    if not rules.is_hidden("curves"):
        guarded(_curves)(watch, t)
    _inside(watch, t)
    if not rules.is_hidden("preview"):
        st.subheader(t("preview.title"))
        guarded(preview.show)(watch.experiment, t)


def _question(t: Texts) -> None:
    """What the preset on screen asks; nothing where it is none."""
    with st.container(key="preset_question"):  # always there, so that what follows stays where it is
        if (name := preset_of(session.experiment())) is not None:
            text = t("presets.on_screen", title=t(f"preset.{name}.title"), question=t(f"preset.{name}.question"))
            st.info(text, icon=":material/bookmark:")


# The pictures, in sections, each with its choices above it. They follow the playhead in the browser.


def _curves(watch: Watch, t: Texts) -> None:
    """Loss and metric, large, and how their axes are divided, here and on the stage."""
    experiment = watch.experiment
    data = table_of(experiment)
    st.subheader(t("section.curves"))
    with st.container(horizontal=True):
        one_of("view_scale", t("view.scale"), SCALES, lambda name: t(f"view.{name}"))
        one_of("view_epochs", t("view.epochs"), SCALES, lambda name: t(f"view.{name}"))
        measure = ""
        if data.task == "regression":
            measure = one_of("view_metric", t("view.metric"), ("rmse", "r2"), lambda name: t(f"measure.{name}"))
    left, right = st.columns(2)
    with left:
        _figure("loss", watch, data, t, log_x=stage.log_epochs(), log_y=stage.log_loss())
    with right:
        _figure("metric", watch, data, t, measure=measure, log_x=stage.log_epochs())
    if "boundary" in figure_names(experiment, data):
        _figure("boundary", watch, data, t)


def _inside(watch: Watch, t: Texts) -> None:
    """What happens inside the networks, and what they predict."""
    data = table_of(watch.experiment)
    for name, section in (("layers", _layers), ("scales", _scales), ("predictions", _predictions)):
        if not rules.is_hidden(name):
            guarded(section)(watch, data, t)


def _layers(watch: Watch, data: Table, t: Texts) -> None:
    experiment = watch.experiment
    st.subheader(t("section.layers"))
    st.caption(t("view.first_seed", seed=experiment.seed))
    with st.container(horizontal=True):
        name = one_of("view_stage", t("view.stage"), stages_in_order(experiment), lambda name: t(f"stage.{name}"))
    shown = _chosen_layers(experiment, t)
    _figure("ribbons", watch, data, t, stage=name, layers=shown, log_x=stage.log_epochs())
    _figure("histograms", watch, data, t, layers=shown)
    template = statistics(experiment, data, t, layers=shown)
    components.table(template.columns, template.rows, watch=watch, alt=t("table.statistics.alt"), key="statistics")


def _chosen_layers(experiment: Experiment, t: Texts) -> tuple[int, ...]:
    """The layers to show; all of a few, a choice of many."""
    if len(some_layers(experiment.depth)) == experiment.depth:
        return some_layers(experiment.depth)
    st.session_state["view_layers"] = list(stage.picked_layers(experiment))
    st.pills(
        t("view.layers"),
        list(range(1, experiment.depth + 1)),
        selection_mode="multi",
        format_func=lambda layer: t("view.layer", layer=layer),
        key="view_layers",
    )
    return stage.picked_layers(experiment)


def _scales(watch: Watch, data: Table, t: Texts) -> None:
    st.subheader(t("section.scales"))
    names = figure_names(watch.experiment, data)
    left, right = st.columns(2) if "gauge" in names else (st.container(), st.container())
    if "gauge" in names:
        with left:
            _figure("gauge", watch, data, t)
    with right:
        _figure("gradients", watch, data, t, log_x=stage.log_epochs())
    if "gamma_beta" in names:
        _figure("gamma_beta", watch, data, t, layers=stage.picked_layers(watch.experiment), log_x=stage.log_epochs())


def _predictions(watch: Watch, data: Table, t: Texts) -> None:
    st.subheader(t("section.predictions"))
    if data.task == "regression":
        _figure("predictions", watch, data, t)
        return
    _figure("confusion", watch, data, t)
    if watch.experiment.validation_share:
        _figure("confusion", watch, data, t, key="confusion_validation", split="validation")


def _figure(name: str, watch: Watch, data: Table, t: Texts, key: str = "", **options: Any) -> None:
    subject = " ".join(f"{option}={value}" for option, value in options.items() if option not in AXES)
    draw = partial(FIGURES[name].draw, watch.experiment, data, t, **options)
    key, file = key or name, file_stem(watch.experiment, key or name)
    components.picture(draw, alt=alt(name, t), key=key, subject=subject, watch=watch, file=file)
