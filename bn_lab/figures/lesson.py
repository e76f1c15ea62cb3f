"""Figures of the Lesson page: what a finished training recorded, over its epochs."""

from __future__ import annotations

import numpy as np

from bn_lab.arms import ARMS
from bn_lab.engine.history import STAGES, History
from bn_lab.engine.seeds import spread
from bn_lab.engine.types import Array
from bn_lab.figures.axes import log_axis, share_axis
from bn_lab.figures.sheet import Panel, Sheet, Spec
from bn_lab.figures.studies.drawing import band, line
from bn_lab.figures.training import epochs
from bn_lab.i18n import Texts

DASHES = ("solid", "dash", "dot", "dashdot")
"""Lines of the layers, in their order."""


def curves(history: History, t: Texts, *, measure: str = "loss", split: str = "train", narrow: bool = False) -> Spec:
    """A series of every arm over the epochs: median and band of the seeds.

    Args:
        measure, split: as in `History.series`.
    """
    name = f"{split}_{measure}"
    sheet = Sheet(t("lesson.figure.curves", series=t(f"measure.{name}")), 1, 1, height=260, narrow=narrow)
    log = measure == "loss"
    y = log_axis() if log else share_axis(range=[-0.03, 1.03])
    ends = [-0.02, float(np.log10(max(history.epoch, 2)))]
    panel = sheet.panel(0, 0, {**epochs(t, log=True), "range": ends}, {"title": t(f"measure.{name}"), **y})
    moments = list(range(1, history.epoch + 1))
    for arm in history.experiment.arms:
        values = history.series(arm, measure, split)
        assert values is not None
        low, middle, high = spread(values)
        if history.experiment.seeds > 1:
            band(sheet, panel, arm, moments, low, high, log=log)
        line(sheet, panel, arm, moments, middle, t, log=log, first=True)
    sheet.layout["hovermode"] = "x unified"
    sheet.subtitle(t("figure.seeds", seeds=history.experiment.seeds))
    return sheet.spec()


def spreads(history: History, t: Texts, *, narrow: bool = False) -> Spec:
    """Standard deviation of the pre-activations of every layer over the epochs, a panel for each arm, all on one scale."""
    arms, columns = history.experiment.arms, 1 if narrow else len(history.experiment.arms)
    rows = -(-len(arms) // columns)
    sheet = Sheet(t("lesson.figure.spreads"), rows, columns, height=240, heading=20, narrow=narrow)
    moments = [snapshot.epoch for snapshot in history.snapshots]
    values = {arm: spread_of_layers(history, k) for k, arm in enumerate(arms)}
    every = np.log10(np.concatenate([stds[stds > 0] for stds in values.values()]))
    ends = [float(every.min()) - 0.1, float(every.max()) + 0.1]
    for k, arm in enumerate(arms):
        row, column = divmod(k, columns)
        x = {"title": t("figure.epoch") if row == rows - 1 else ""}
        y = log_axis(title=t("lesson.figure.std") if column == 0 else "", range=ends)
        panel = sheet.panel(row, column, x, y, t(f"arm.{arm}"))
        _layers(sheet, panel, moments, values[arm], ARMS[arm].color, t, named=k == 0)
    return sheet.spec()


def _layers(sheet: Sheet, panel: Panel, moments: list[float], values: Array, color: str, t: Texts, *, named: bool) -> None:
    for layer, series in enumerate(values.T, start=1):
        look = {"color": color, "width": 2, "dash": DASHES[(layer - 1) % len(DASHES)]}
        name = t("figure.layer", layer=layer)
        group = {"name": name, "legendgroup": name, "showlegend": named}
        sheet.add(panel, x=moments, y=series.tolist(), line=look, hovertemplate="%{y}", **group)


def spread_of_layers(history: History, arm: int) -> Array:
    """Standard deviation of the pre-activations at every snapshot: (snapshots, L), of the network of the first seed."""
    name, stage = history.experiment.arms[arm], STAGES.index("pre_activation")
    return np.array([snapshot.arms[name].std[:, stage] for snapshot in history.snapshots])
