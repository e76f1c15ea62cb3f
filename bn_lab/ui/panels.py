"""The pictures of a training, in sections, each with its choices above it.

Sections are drawn outside of the ticking part of the page: the browser fills them from the frames that the ticks send.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from bn_lab.datasets import Table, table_of
from bn_lab.experiment import Experiment
from bn_lab.figures import FIGURES, alt, figure_names, some_layers, stages_in_order, statistics
from bn_lab.i18n import Texts
from bn_lab.ui.choose import one_of
from bn_lab.ui.classroom import rules
from bn_lab.ui.file_names import file_stem
from bn_lab.ui.guard import guarded
from bn_lab.ui.live.components import panel
from bn_lab.ui.live.components import table as table_component
from bn_lab.ui.once import remembered

WIDTHS = (False, True)
"""Every figure is sent in a wide and a narrow arrangement; the browser takes the one that fits."""

DRAWN = ("dataset", "arms", "depth", "width", "seeds", "validation_share")
"""Fields of the experiment on which figure templates depend, besides its seed, which only stands in their texts."""

SEED = 1_928_374_650
"""A seed to be found again in a template, and replaced by the real one: visitors with other seeds share their templates."""

SCALES = ("log_x", "log_y")
"""Options of figures that change how an axis is divided, not what it means."""


def curves(run: str, experiment: Experiment, t: Texts) -> None:
    """Loss and metric of the run with this id."""
    st.fragment(guarded(_curves))(run, experiment, table_of(experiment), t, drawn=_log_epochs())


def layers(run: str, experiment: Experiment, t: Texts) -> None:
    """What happens inside the networks of the run, and what they predict."""
    for section in (_inside, _predictions):
        # A fragment each: choosing what to see draws one section again, not the page.
        st.fragment(guarded(section))(run, experiment, table_of(experiment), t)


def _curves(run: str, experiment: Experiment, data: Table, t: Texts, *, drawn: bool) -> None:
    """`drawn`: whether the other sections have logarithmic epochs, too."""
    st.subheader(t("section.curves"))
    with st.container(horizontal=True):
        log_y = one_of("view_scale", t("view.scale"), ("log", "linear"), lambda name: t(f"view.{name}")) == "log"
        log_x = one_of("view_epochs", t("view.epochs"), ("linear", "log"), lambda name: t(f"view.{name}")) == "log"
        measure = ""
        if data.task == "regression":
            measure = one_of("view_metric", t("view.metric"), ("rmse", "r2"), lambda name: t(f"measure.{name}"))
    if log_x != drawn:
        st.rerun()  # all sections share this choice; not before all widgets are there, for Streamlit forgets those that are not
    left, right = st.columns(2)
    with left:
        _figure("loss", run, experiment, data, t, log_x=log_x, log_y=log_y)
    with right:
        _figure("metric", run, experiment, data, t, measure=measure, log_x=log_x, log_y=log_y)
    if "boundary" in figure_names(experiment, data):
        _figure("boundary", run, experiment, data, t)


def _inside(run: str, experiment: Experiment, data: Table, t: Texts) -> None:
    if not rules.is_hidden("layers"):
        _layers(run, experiment, data, t)
    if not rules.is_hidden("scales"):
        _scales(run, experiment, data, t)  # in the same fragment: it shows the layers that were picked above


def _layers(run: str, experiment: Experiment, data: Table, t: Texts) -> None:
    st.subheader(t("section.layers"))
    st.caption(t("view.first_seed", seed=experiment.seed))
    with st.container(horizontal=True):
        look = one_of("view_look", t("view.look"), ("histogram", "over_time"), lambda name: t(f"view.{name}"))
        if look == "over_time":
            stage = one_of("view_stage", t("view.stage"), stages_in_order(experiment), lambda name: t(f"stage.{name}"))
    layers = _chosen_layers(experiment, t)
    if look == "histogram":
        _figure("histograms", run, experiment, data, t, layers=layers)
    else:
        _figure("ribbons", run, experiment, data, t, stage=stage, layers=layers, log_x=_log_epochs())
    template = statistics(experiment, data, t, layers=layers)
    table_component(template.columns, template.rows, run=run, alt=t("table.statistics.alt"), key="statistics")


def _scales(run: str, experiment: Experiment, data: Table, t: Texts) -> None:
    st.subheader(t("section.scales"))
    names = figure_names(experiment, data)
    left, right = st.columns(2) if "gauge" in names else (st.container(), st.container())
    if "gauge" in names:
        with left:
            _figure("gauge", run, experiment, data, t)
    with right:
        _figure("gradients", run, experiment, data, t, log_x=_log_epochs())
    if "gamma_beta" in names:
        _figure("gamma_beta", run, experiment, data, t, layers=_picked_layers(experiment), log_x=_log_epochs())


def _predictions(run: str, experiment: Experiment, data: Table, t: Texts) -> None:
    if rules.is_hidden("predictions"):
        return
    st.subheader(t("section.predictions"))
    if data.task == "regression":
        _figure("predictions", run, experiment, data, t)
        return
    _figure("confusion", run, experiment, data, t)
    if experiment.validation_share:
        _figure("confusion", run, experiment, data, t, key="confusion_validation", split="validation")


def _figure(name: str, run: str, experiment: Experiment, data: Table, t: Texts, key: str = "", **options: Any) -> None:
    wide, narrow = templates(name, experiment, data, t, **options)
    subject = " ".join(f"{option}={value}" for option, value in options.items() if option not in SCALES)
    file = file_stem(experiment, key or name)
    panel(wide, narrow=narrow, run=run, alt=alt(name, t), key=key or name, subject=subject, file=file)


def templates(name: str, experiment: Experiment, data: Table, t: Texts, **options: Any) -> tuple[str, ...]:
    """A figure in both widths as JSON."""
    common = Experiment(**{field: getattr(experiment, field) for field in DRAWN}, epochs=1, seed=SEED)
    drawn = _templates(name, common, data, t, tuple(options.items()))
    return tuple(template.replace(str(SEED), str(experiment.seed)) for template in drawn)


@remembered(256)
def _templates(
    name: str, experiment: Experiment, data: Table, t: Texts, options: tuple[tuple[str, Any], ...]
) -> tuple[str, ...]:
    """Drawing takes most of the time of a page, and most pages draw the same again."""
    return tuple(FIGURES[name].draw(experiment, data, t, narrow=narrow, **dict(options)).to_json() for narrow in WIDTHS)


def _log_epochs() -> bool:
    """Whether the visitor wants axes of epochs logarithmic."""
    return st.session_state.get("view_epochs") == "log"


def _picked_layers(experiment: Experiment) -> tuple[int, ...]:
    """The layers that the visitor picked and that exist, else the usual ones."""
    picked = [layer for layer in st.session_state.get("view_layers", ()) if layer <= experiment.depth]
    return tuple(sorted(picked)) or some_layers(experiment.depth)


def _chosen_layers(experiment: Experiment, t: Texts) -> tuple[int, ...]:
    """The layers to show; all of a few, a choice of many."""
    if len(some_layers(experiment.depth)) == experiment.depth:
        return some_layers(experiment.depth)
    st.session_state["view_layers"] = list(_picked_layers(experiment))
    st.pills(
        t("view.layers"),
        list(range(1, experiment.depth + 1)),
        selection_mode="multi",
        format_func=lambda layer: t("view.layer", layer=layer),
        key="view_layers",
    )
    return _picked_layers(experiment)
