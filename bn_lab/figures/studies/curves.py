"""Series over the epochs: of every cell, or of one cell for each of the values of an axis; and smoothness over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from bn_lab.engine.outcome import Smoothness
from bn_lab.engine.types import Array
from bn_lab.figures.axes import log_axis, share_axis
from bn_lab.figures.sheet import Panel, Sheet, Spec
from bn_lab.figures.studies.drawing import MOST_PANELS, band, grid, line, measure_axis
from bn_lab.figures.studies.numbers import Results, curve, label, outcomes, progress, series_of, value_label, worst_if_nan
from bn_lab.figures.training import epochs
from bn_lab.i18n import Texts
from bn_lab.studies.study import Cell, Study

Mode = Literal["training", "inference"]


def curves(study: Study, results: Results, t: Texts, *, narrow: bool = False) -> Spec:
    """The series of the study's measure over the epochs, a panel for each cell: median and band of every arm."""
    name = series_of(study.measure)
    cells = study.cells[:MOST_PANELS]
    rows, columns = grid(len(cells), narrow=narrow)
    heading = 20 if len(cells) > 1 else 0
    sheet = Sheet(
        t("claims.figure.curves", series=t(f"measure.{name}")), rows, columns, height=260, heading=heading, narrow=narrow
    )
    for k, cell in enumerate(cells):
        place = divmod(k, columns)
        ends = [-0.02, log10(max(cell.experiment.epochs, 2))]
        x = {**epochs(t, log=True, title=place[0] == rows - 1), "range": ends}
        y = measure_axis(name, t, title=place[1] == 0)
        panel = sheet.panel(*place, x, y, label(cell.values, t))
        _arms(sheet, panel, study, results, cell, name, t, log=y.get("type") == "log", first=k == 0)
    sheet.layout["hovermode"] = "x unified"
    sheet.subtitle(progress(study, results, t))
    return sheet.spec()


def panels(
    study: Study,
    results: Results,
    t: Texts,
    *,
    narrow: bool = False,
    where: Mapping[str, Any] = MappingProxyType({}),
    mode: Mode = "inference",
) -> Spec:
    """Accuracy over the epochs, a small panel for each value of the longest axis, with and without batch normalization.

    Args:
        where: values of the other axes; the first of an axis that is not named.
        mode: accuracy on the training samples in training mode, or in inference mode with moving statistics.
    """
    axis, cells = row(study, where)
    name = "train_accuracy" if mode == "training" else "inference_accuracy"
    columns = 2 if narrow else 4
    rows = -(-len(cells) // columns)
    sheet = Sheet(t("claims.figure.panels", series=t(f"measure.{name}")), rows, columns, height=100, heading=16, narrow=narrow)
    for k, cell in enumerate(cells):
        place = divmod(k, columns)
        x = {**epochs(t, log=False, title=place[0] == rows - 1), "nticks": 4, "range": [0, cell.experiment.epochs]}
        y = share_axis(range=[-0.05, 1.05], tickvals=[0, 0.5, 1], showticklabels=place[1] == 0)
        panel = sheet.panel(*place, x, y, value_label(axis, cell.values[axis], t))
        _arms(sheet, panel, study, results, cell, name, t, log=False, first=k == 0)
    sheet.layout["hovermode"] = "x unified"
    chosen = {other: value for other, value in cells[0].values.items() if other != axis}
    sheet.subtitle(" · ".join(part for part in (t("claims.figure.above", field=t(f"field.{axis}")), label(chosen, t)) if part))
    return sheet.spec()


def _arms(
    sheet: Sheet, panel: Panel, study: Study, results: Results, cell: Cell, name: str, t: Texts, *, log: bool, first: bool
) -> None:
    """The series of every arm; one of which nothing is known yet is empty."""
    for arm in study.base.arms:
        series = curve(study, results, name, arm, cell)
        if series is None:
            sheet.add(panel, x=[None], y=[None], name=t(f"arm.{arm}"), showlegend=False, hoverinfo="skip")
            continue
        if study.base.seeds > 1:
            band(sheet, panel, arm, series.epochs.tolist(), series.low, series.high, log=log)
        line(sheet, panel, arm, series.epochs.tolist(), series.median, t, log=log, first=first)


def row(study: Study, where: Mapping[str, Any]) -> tuple[str, Sequence[Cell]]:
    """The longest axis, and its cells at the values of the others."""
    axis, _ = max(study.axes, key=lambda each: len(each[1]))
    others = {name: where.get(name, values[0]) for name, values in study.axes if name != axis}
    return axis, study.matching(others)


# Smoothness along the gradient, after the figures of Santurkar et al. (2018).

KINDS = ("loss", "change", "beta")


def bands(study: Study, results: Results, t: Texts, *, narrow: bool = False) -> Spec:
    """Band of the loss, band of the gradient's change, and effective β over the steps; medians over the seeds."""
    cells = study.cells[: MOST_PANELS // 3]
    rows, columns = (3 * len(cells), 1) if narrow else (len(cells), 3)
    sheet = Sheet(t("claims.figure.bands"), rows, columns, height=230, heading=34, narrow=narrow)
    for n, cell in enumerate(cells):
        for k, kind in enumerate(KINDS):
            place = divmod(3 * n + k, columns)
            title = "<br>".join(part for part in (label(cell.values, t), t(f"claims.figure.{kind}")) if part)
            x = {"title": t("claims.figure.step") if place[0] == rows - 1 else ""}
            panel = sheet.panel(*place, x, log_axis(), title)
            for arm in study.base.arms:
                _smoothness(sheet, panel, study, results, arm, cell, kind, t, first=n == k == 0)
    sheet.subtitle(progress(study, results, t, spread=False))
    return sheet.spec()


def _smoothness(
    sheet: Sheet, panel: Panel, study: Study, results: Results, arm: str, cell: Cell, kind: str, t: Texts, *, first: bool
) -> None:
    records = [o.smoothness for o in outcomes(study, results, arm, cell) if o.smoothness is not None]
    if not records:
        return
    steps = records[0].steps.tolist()
    if kind == "beta":
        line(sheet, panel, arm, steps, _median(records, "beta"), t, log=True, first=first)
        return
    low, high = _median(records, f"{kind}_low"), _median(records, f"{kind}_high")
    band(sheet, panel, arm, steps, low, high, log=True)
    line(sheet, panel, arm, steps, high, t, log=True, first=first)


def _median(records: Sequence[Smoothness], name: str) -> Array:
    """Over the seeds, (P,); one that has diverged counts as the worst there can be."""
    return np.asarray(
        np.median(worst_if_nan(np.stack([getattr(each, name) for each in records]), lower_is_better=True), axis=0)
    )
