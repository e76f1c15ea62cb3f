"""Heat maps of a measure over two axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bn_lab import numerals
from bn_lab.arms import ARMS
from bn_lab.engine.types import Array
from bn_lab.figures.sheet import Sheet, Spec, drawable
from bn_lab.figures.studies.curves import Mode, row
from bn_lab.figures.studies.drawing import grid
from bn_lab.figures.studies.numbers import Results, Spread, capital, progress, spread, value_label
from bn_lab.figures.studies.sweep import by_others
from bn_lab.figures.style import SMALL, text_width
from bn_lab.i18n import Texts
from bn_lab.studies.measures import MEASURES
from bn_lab.studies.networks import OF_NORMALIZERS
from bn_lab.studies.study import Cell, Study

SCALE = 76
"""Pixels right of the panels, for the colour bar."""


class Map(NamedTuple):
    """One heat map: the spreads in rows from the top, the names of rows and columns, and what stands above."""

    spreads: Sequence[Sequence[Spread]]
    rows: Sequence[str]
    columns: Sequence[str]
    title: str


def heat_map(study: Study, results: Results, t: Texts, *, narrow: bool = False) -> Spec:
    """The study's measure over its two longest axes, median over the seeds, a panel for each arm (and value of a third)."""
    axes = sorted(study.axes, key=lambda axis: -len(axis[1]))
    (across, columns), (down, rows) = axes[0], axes[1] if len(axes) > 1 else axes[0]
    maps = []
    for arm in study.base.arms:
        for others, cells in _tables(study, across, down):
            spreads = [[spread(study, results, study.measure, arm, cell) for cell in line] for line in cells]
            more = "".join(f" · {value_label(name, value, t)}" for name, value in others.items())
            names = [value_label(down, value, t) for value in rows] if len(axes) > 1 else [""]
            maps.append(Map(spreads, names, [value_label(across, value, t) for value in columns], t(f"arm.{arm}") + more))
    titles = t(f"field.{across}"), t(f"field.{down}") if len(axes) > 1 else ""
    return _sheet(maps, study.measure, titles, t("claims.figure.map", measure=t(f"measure.{study.measure}")), narrow,
                  progress(study, results, t, spread=False))  # fmt: skip


def _tables(study: Study, across: str, down: str) -> list[tuple[Any, list[Sequence[Cell]]]]:
    """Tables of cells, one for each combination of values of the axes that are neither across nor down."""
    if across == down:
        return [(others, [cells]) for others, cells in by_others(study, across)]
    tables: dict[tuple[Any, ...], tuple[Any, list[Sequence[Cell]]]] = {}
    for others, cells in by_others(study, across):
        rest = {name: value for name, value in others.items() if name != down}
        tables.setdefault(tuple(rest.items()), (rest, []))[1].append(cells)
    return list(tables.values())


def rows(study: Study, results: Results, t: Texts, *, narrow: bool = False, mode: Mode = "inference") -> Spec:
    """Accuracy at the end over the longest axis, a row for each arm and, with batch normalization, each value of the others."""
    axis, _ = row(study, {})
    measure = "train_accuracy" if mode == "training" else "inference_accuracy"
    named: dict[str, list[Spread]] = {}
    for arm in study.base.arms:
        for others, cells in by_others(study, axis):
            named.setdefault(
                _row_name(arm, others, t, narrow=narrow), [spread(study, results, measure, arm, cell) for cell in cells]
            )
    columns = [value_label(axis, value, t) for value in dict(study.axes)[axis]]
    drawn = Map(list(named.values()), list(named), columns, "")
    title = t("claims.figure.rows", measure=t(f"measure.{measure}"))
    return _sheet([drawn], measure, (t(f"field.{axis}"), ""), title, narrow, progress(study, results, t, spread=False))


def _row_name(arm: str, others: Any, t: Texts, *, narrow: bool) -> str:
    values = [(name, value) for name, value in others.items() if name in ARMS[arm].settings or name not in OF_NORMALIZERS]
    symbols = {"epsilon": "ε", "bn_momentum": "p"}
    parts = [f"{symbols.get(name, t(f'field.{name}'))} = {value_label(name, value, t)}" for name, value in values]
    norm = ARMS[arm].normalizer if ARMS[arm].placement == "before" else None
    name = norm.short if norm and parts else t(f"arm.{arm}")
    return f"{name}, {(',<br>' if narrow else ', ').join(parts)}" if parts else name


def _sheet(maps: Sequence[Map], measure: str, titles: tuple[str, str], title: str, narrow: bool, subtitle: str) -> Spec:
    """Maps of one measure with one scale of colours."""
    size = grid(len(maps), narrow=narrow, widest=2)
    longest = max(text_width(line, SMALL) for drawn in maps for name in drawn.rows for line in name.split("<br>"))
    height = max(160, min(32 if narrow else 26, 480 // len(maps[0].rows)) * len(maps[0].rows))
    sheet = Sheet(capital(title), *size, height=height, heading=22, feet=20, left=round(min(170, longest + 50)), narrow=narrow)
    sheet.layout["margin"]["r"] = SCALE
    colors = _colors(maps, measure)
    for k, drawn in enumerate(maps):
        place = divmod(k, size[1])
        x = {"title": titles[0] if place[0] == size[0] - 1 else "", "type": "category", "showgrid": False}
        y = {"title": titles[1] if place[1] == 0 else "", "type": "category", "autorange": "reversed", "showgrid": False}
        y["showticklabels"] = place[1] == 0
        step = -(-len(drawn.columns) // 6) if narrow else 1  # every label, or six where there is little room
        x |= {"tickangle": -45 if len(drawn.columns) > 8 else 0, "tickvals": drawn.columns[::step]}
        panel = sheet.panel(*place, x, {**y, "nticks": 0}, drawn.title)
        sheet.add(panel, type="heatmap", x=drawn.columns, y=drawn.rows, showscale=k == 0, **_cells(drawn, measure), **colors)
    sheet.subtitle(subtitle)
    return sheet.spec()


def _cells(drawn: Map, measure: str) -> dict[str, Any]:
    """Numbers, and a cross where networks have none."""
    medians = np.array([[each.median for each in line] for line in drawn.spreads])
    z = _scaled(medians, measure)
    marks = [["×" if each.beyond else "" for each in line] for line in drawn.spreads]
    hover = [[_hover(each, measure) for each in line] for line in drawn.spreads]
    return {
        "z": [drawable(line) for line in z],
        "text": marks,
        "texttemplate": "%{text}",
        "customdata": hover,
        "hovertemplate": "%{x} · %{y}<br>%{customdata}<extra></extra>",
        "hoverongaps": True,
        "xgap": 1,
        "ygap": 1,
    }


def _hover(values: Spread, measure: str) -> str:
    if not values.known:
        return "–"
    number = numerals.measured(measure, values.median)
    return f"{number} (×: {values.beyond} / {values.known})" if values.beyond else number


@np.errstate(divide="ignore", invalid="ignore")
def _scaled(medians: Array, measure: str) -> Array:
    """What the colours stand for: logarithms where the measure's axis is logarithmic."""
    return np.log10(medians) if MEASURES[measure].log else medians


def _colors(maps: Sequence[Map], measure: str) -> dict[str, Any]:
    """Colours with one scale for all maps; accuracies always from 0 to 1."""
    medians = np.array([each.median for drawn in maps for line in drawn.spreads for each in line])
    z = _scaled(medians, measure)
    z = z[np.isfinite(z)]
    low, high = (0.0, 1.0) if "accuracy" in measure else (float(z.min()), float(z.max())) if len(z) else (0.0, 1.0)
    bar: dict[str, Any] = {"thickness": 10, "tickformat": ".0%" if "accuracy" in measure else ""}
    if MEASURES[measure].log:
        ticks = np.linspace(low, high, 5).tolist()
        bar |= {"tickvals": ticks, "ticktext": [numerals.short(10**tick) for tick in ticks]}
    return {"colorscale": "Viridis", "zmin": low, "zmax": high if high > low else low + 1, "colorbar": bar}
