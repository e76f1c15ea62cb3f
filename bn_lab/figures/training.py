"""Loss and metric over the epochs."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from bn_lab.experiment import Arm, Experiment
from bn_lab.figures.bindings import bind, curve
from bn_lab.figures.data import Data, with_unit
from bn_lab.figures.series import SPLITS
from bn_lab.figures.sheet import Panel, Sheet
from bn_lab.figures.style import COLORS, translucent
from bn_lab.i18n import Texts

HEIGHT = 300


def loss(
    experiment: Experiment, data: Data, t: Texts, *, log_x: bool = False, log_y: bool = False, narrow: bool = False
) -> go.Figure:
    """The loss of every arm over the epochs: training solid, validation dashed; a median and a band with several seeds."""
    is_regression = data.task == "regression"
    name = with_unit(t("figure.loss.mse"), data, t, power=2) if is_regression else t("figure.loss.cross_entropy")
    y = {"title": name, "type": "log" if log_y else "linear", "exponentformat": "power"}
    return _figure(experiment, t, "loss", t("figure.loss.title"), y, log_x=log_x, narrow=narrow)


def metric(
    experiment: Experiment,
    data: Data,
    t: Texts,
    *,
    measure: str = "",
    log_x: bool = False,
    log_y: bool = False,
    narrow: bool = False,
) -> go.Figure:
    """The metric of every arm over the epochs.

    Args:
        measure: `rmse` (by default) or `r2` for regression; always `accuracy` for classification.
        log_y: without effect on R², which may be negative, and on accuracy.
    """
    if data.task == "classification":
        y: dict[str, Any] = {"title": t("measure.accuracy"), "tickformat": ".0%", "range": [0, 1.03]}
        return _figure(experiment, t, "accuracy", t("figure.metric.accuracy"), y, log_x=log_x, narrow=narrow)
    if measure == "r2":
        return _figure(experiment, t, "r2", t("figure.metric.r2"), {"title": "R²"}, log_x=log_x, narrow=narrow)
    y = {"title": with_unit("RMSE", data, t), "type": "log" if log_y else "linear", "exponentformat": "power"}
    return _figure(experiment, t, "rmse", t("figure.metric.rmse"), y, log_x=log_x, narrow=narrow)


def _figure(
    experiment: Experiment, t: Texts, measure: str, title: str, y: dict[str, Any], *, log_x: bool, narrow: bool
) -> go.Figure:
    splits = SPLITS if experiment.validation_share else SPLITS[:1]
    sheet = Sheet(title, 1, 1, height=HEIGHT, narrow=narrow)
    panel = sheet.panel(0, 0, epochs(t, log=log_x), y)
    sheet.layout["hovermode"] = "x unified"
    for arm in experiment.arms:
        for split in splits:
            if experiment.seeds > 1:
                _band(sheet, panel, arm, split, measure)
            _line(sheet, panel, arm, split, measure, t)
    sheet.cursor(panel)
    if experiment.seeds > 1:
        sheet.subtitle(t("figure.seeds", seeds=experiment.seeds))
    return sheet.figure()


def epochs(t: Texts, *, log: bool, title: bool = True) -> dict[str, Any]:
    """An axis of epochs."""
    hover = {"text": t("figure.at_epoch", epoch="%{x:.6~g}")}
    scale = {"type": "log"} if log else {"type": "linear", "rangemode": "nonnegative"}
    return {"title": t("figure.epoch") if title else "", "unifiedhovertitle": hover, **scale}


def _band(sheet: Sheet, panel: Panel, arm: Arm, split: str, measure: str) -> None:
    """Smallest to largest over the seeds; the upper edge fills down to the trace before it."""
    opacity = 0.22 if split == "train" else 0.12
    area = {"fill": "tonexty", "fillcolor": translucent(arm, opacity)}
    for edge, more in (("low", {}), ("high", area)):
        meta = bind(x=curve("epoch"), y=curve(f"{arm}.{split}.{measure}.{edge}"))
        hidden = {"hoverinfo": "skip", "showlegend": False, "legendgroup": f"{arm}.{split}"}
        sheet.add(panel, line={"width": 0}, meta=meta, **hidden, **more)


def _line(sheet: Sheet, panel: Panel, arm: Arm, split: str, measure: str, t: Texts) -> None:
    """The curve, and a dot at its end: it shows a curve of one point, and where a diverged network stopped."""
    name, color = f"{arm}.{split}.{measure}", COLORS[arm]
    group = f"{arm}.{split}"
    sheet.add(
        panel,
        name=f"{t(f'arm.{arm}')} · {t(f'figure.{split}')}",
        legendgroup=group,
        line={"color": color, "width": 2, "dash": "solid" if split == "train" else "dash"},
        hovertemplate="%{y:.4~g}",
        meta=bind(x=curve("epoch"), y=curve(f"{name}.median")),
    )
    sheet.add(
        panel,
        mode="markers",
        legendgroup=group,
        showlegend=False,
        hoverinfo="skip",
        marker={"color": color, "size": 7, "symbol": "circle" if split == "train" else "circle-open"},
        meta=bind(x=curve(f"{name}.end_epoch"), y=curve(f"{name}.end")),
    )
