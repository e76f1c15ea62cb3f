"""A measure over the values of an axis, or of arms and dropout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from bn_lab.arms import ARMS, normalized
from bn_lab.figures.axes import log_axis
from bn_lab.figures.sheet import Panel, Sheet, Spec, drawable
from bn_lab.figures.studies.drawing import MOST_PANELS, STRIP, band, grid, line, measure_axis, strip, strip_key
from bn_lab.figures.studies.numbers import (
    Results,
    Spread,
    capital,
    is_log,
    is_numeric,
    label,
    number_label,
    progress,
    spread,
    value_label,
)
from bn_lab.figures.style import GRAY, legend
from bn_lab.i18n import Texts
from bn_lab.studies.measures import MEASURES
from bn_lab.studies.study import Cell, Study

FEW = 9
"""Values that all have a tick."""


def sweep(study: Study, results: Results, t: Texts, *, narrow: bool = False) -> Spec:
    """The study's measure over the longest axis: median and band of every arm, a panel for each value of the other axes.

    Networks that diverged, or never got to where the measure looks, are marks on a strip above the panel.
    """
    axis, values = max(study.axes, key=lambda each: len(each[1]))
    groups = by_others(study, axis)[:MOST_PANELS]
    rows, columns = grid(len(groups), narrow=narrow)
    heading = 20 if len(groups) > 1 else 0
    title = t("claims.figure.sweep", measure=t(f"measure.{study.measure}"), field=t(f"field.{axis}"))
    feet = 0 if is_numeric(axis, values) else 14  # labels of two lines
    sheet = Sheet(capital(title), rows, columns, height=280, heading=heading, feet=feet, narrow=narrow)
    for k, (others, cells) in enumerate(groups):
        place = divmod(k, columns)
        x = _axis(axis, values, t, title=place[0] == rows - 1)
        y = measure_axis(study.measure, t, title=place[1] == 0)
        panel = sheet.panel(*place, x, y, label(others, t))
        by_arm = {arm: [spread(study, results, study.measure, arm, cell) for cell in cells] for arm in study.base.arms}
        _arms(sheet, panel, study.measure, axis, values, by_arm, t, first=k == 0)
        if "three_ways" in study.probes:
            _other_statistics(sheet, panel, study, results, cells, values, t, first=k == 0)
    networks = product(study.base.arms, study.cells)
    if any(spread(study, results, study.measure, arm, cell).beyond for arm, cell in networks):
        strip_key(sheet, panel, t)
    sheet.subtitle(progress(study, results, t))
    return sheet.spec()


def by_others(study: Study, axis: str) -> list[tuple[Mapping[str, Any], Sequence[Cell]]]:
    """Rows of cells along an axis, one for each combination of the other axes' values."""
    others = [(name, values) for name, values in study.axes if name != axis]
    combined = [dict(zip([name for name, _ in others], each, strict=True)) for each in product(*(v for _, v in others))]
    return [(where, study.matching(where)) for where in combined]


def _axis(axis: str, values: Sequence[Any], t: Texts, *, title: bool) -> dict[str, Any]:
    """The axis of a field; places 0, 1, … where its values are no numbers."""
    named = {"title": t(f"field.{axis}") if title else ""}
    if not is_numeric(axis, values):
        labels = [value_label(axis, value, t).replace(" ", "<br>", 1) for value in values]
        ends = [-0.5, len(values) - 0.5]
        return {**named, "tickvals": list(range(len(values))), "ticktext": labels, "range": ends, "nticks": len(values)}
    scale = log_axis() if is_log(axis, values) else {}
    few = {"tickvals": list(values), "ticktext": [value_label(axis, value, t) for value in values]}
    return {**named, **scale, **(few if len(values) <= FEW else {})}


def _arms(
    sheet: Sheet,
    panel: Panel,
    measure: str,
    axis: str,
    values: Sequence[Any],
    by_arm: Mapping[str, Sequence[Spread]],
    t: Texts,
    *,
    first: bool,
) -> None:
    """Every arm: lines where the axis has numbers, else points with whiskers beside each other; and their strip."""
    log, joined = MEASURES[measure].log, is_numeric(axis, values)
    places: dict[str, Sequence[float]] = {}
    for k, (arm, spreads) in enumerate(by_arm.items()):
        aside = 0.18 * (k - (len(by_arm) - 1) / 2)
        x = places[arm] = list(values) if joined else [n + aside for n in range(len(values))]
        low, median, high = (np.array([getattr(each, name) for each in spreads]) for name in ("low", "median", "high"))
        marks = points(arm, x, median, log=log)
        if not joined:
            sheet.add(panel, **marks, error_y=whiskers(low, median, high), **legend(arm, t, first=first))
            continue
        if any(each.known > 1 for each in spreads):
            band(sheet, panel, arm, x, low, high, log=log)
        line(sheet, panel, arm, x, median, t, log=log, first=first)
        sheet.add(panel, **marks, showlegend=False, legendgroup=arm)
    if any(each.beyond for spreads in by_arm.values() for each in spreads):
        bottom, top = panel.place[2:]
        sheet.axis(panel.y, {"domain": (bottom, top - 1.2 * STRIP * (top - bottom))})
        strip(sheet, panel, by_arm, places, t)


OTHER_STATISTICS = {"batch_accuracy": "dash", "precise_accuracy": "dot"}
"""The same weights evaluated with other statistics than the moving ones, and how their lines look."""


def _other_statistics(
    sheet: Sheet,
    panel: Panel,
    study: Study,
    results: Results,
    cells: Sequence[Cell],
    x: Sequence[float],
    t: Texts,
    *,
    first: bool,
) -> None:
    """Medians of the arms with batch normalization, evaluated with batch and with precise statistics."""
    for arm in normalized(study.base.arms):
        for measure, dash in OTHER_STATISTICS.items():
            medians = np.array([spread(study, results, measure, arm, cell).median for cell in cells])
            look = {"line": {"color": ARMS[arm].color, "dash": dash}, "hovertemplate": "%{y}"}
            sheet.add(panel, x=list(x), y=drawable(medians), name=t(f"measure.{measure}"), showlegend=first, **look)


def points(arm: str, x: Sequence[float], y: np.ndarray[Any, Any], *, log: bool, symbol: str = "circle") -> dict[str, Any]:
    """A trace of marks."""
    marker = {"color": ARMS[arm].color, "size": 8 if symbol != "circle" else 6, "symbol": symbol}
    return {"x": list(x), "y": drawable(y, log=log), "mode": "markers", "marker": marker, "hovertemplate": "%{y}"}


def whiskers(low: np.ndarray[Any, Any], median: np.ndarray[Any, Any], high: np.ndarray[Any, Any]) -> dict[str, Any]:
    """From smallest to largest, as Plotly wants it: distances from the median."""
    with np.errstate(invalid="ignore"):
        up, down = drawable(high - median), drawable(median - low)
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.5, "width": 5}


def overfitting(study: Study, results: Results, t: Texts, *, narrow: bool = False) -> Spec:
    """Training and validation loss after the last epoch, both in inference mode, per arm and dropout; a panel for the rest."""
    groups = by_others(study, "dropout")[:MOST_PANELS]
    rows, columns = grid(len(groups), narrow=narrow, widest=2)
    heading = 20 if len(groups) > 1 else 0
    sheet = Sheet(t("claims.figure.overfitting"), rows, columns, height=290, heading=heading, feet=28, narrow=narrow)
    for k, (others, cells) in enumerate(groups):
        place = divmod(k, columns)
        conditions = [(arm, cell) for arm in study.base.arms for cell in cells]
        labels = [_condition(arm, cell, t) for arm, cell in conditions]
        x = {"tickvals": list(range(len(conditions))), "ticktext": labels, "range": [-0.5, len(conditions) - 0.5]}
        y = log_axis(title=t("measure.loss") if place[1] == 0 else "")
        panel = sheet.panel(*place, {**x, "nticks": len(labels)}, y, label(others, t))
        for at, (arm, cell) in enumerate(conditions):
            _gap(sheet, panel, study, results, arm, cell, at, t)
    for kind, symbol in SYMBOLS.items():
        marker = {"symbol": symbol, "size": 9, "color": GRAY}
        sheet.key(panel, t(f"figure.{kind}"), mode="markers", marker=marker)
    sheet.subtitle(progress(study, results, t))
    return sheet.spec()


SYMBOLS = {"train": "circle", "validation": "diamond-open"}


def _condition(arm: str, cell: Cell, t: Texts) -> str:
    name = t(f"arm.{arm}")
    name = name.replace(" ", "<br>", 1) if len(name) > 8 else name
    dropout = cell.values.get("dropout")
    return f"{name}<br>{t('claims.figure.dropout', share=number_label(dropout, t))}" if dropout else name


def _gap(sheet: Sheet, panel: Panel, study: Study, results: Results, arm: str, cell: Cell, at: int, t: Texts) -> None:
    """Both losses of one condition with their whiskers, side by side."""
    for k, (kind, symbol) in enumerate(SYMBOLS.items()):
        measure = "inference_loss" if kind == "train" else "validation_loss"
        loss = spread(study, results, measure, arm, cell)
        low, median, high = (np.array([value]) for value in loss[:3])
        trace = points(arm, [at - 0.08 + 0.16 * k], median, log=True, symbol=symbol)
        bars = whiskers(low, median, high)
        name = f"{t(f'arm.{arm}')} · {t(f'figure.{kind}')}"
        sheet.add(panel, **trace, error_y=bars, name=name, showlegend=False, legendgroup=arm)
