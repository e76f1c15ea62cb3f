"""A visitor's own data before anything is trained: how columns are distributed, and how they go together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bn_lab import numerals
from bn_lab.figures.sheet import Sheet, Spec, drawable
from bn_lab.figures.style import DARK, FIRST, SECOND, SMALL, escape_plotly, text_width
from bn_lab.i18n import Texts

SIGNED = [[0, "#a48fe0"], [0.5, "#eceff3"], [1, "#e0b54a"]]
"""From −1 to 1: all of it is light enough for dark numbers, in both themes."""

MOST_PANELS, MOST_CORRELATED = 12, 20
"""Columns that are drawn at most."""

NAME = 18
"""Characters of a name in a picture at most."""


class Counts(Protocol):
    """How often a column has which values: a `bn_lab.datasets.uploads.Distribution`, which figures do not import."""

    @property
    def name(self) -> str: ...
    @property
    def edges(self) -> tuple[float, ...]: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def counts(self) -> tuple[int, ...]: ...
    @property
    def rest(self) -> int: ...


def distributions(counted: Sequence[Counts], t: Texts, *, narrow: bool = False) -> Spec:
    """A panel for each column; the first one is the target, in another colour."""
    columns = 2 if narrow else min(4, len(counted))
    rows = -(-len(counted) // columns)
    title = t("uploads.figure.distributions")
    sheet = Sheet(title, rows, columns, height=110, heading=18, feet=14, left=44, narrow=narrow)
    sheet.layout["bargap"] = 0.04
    for k, each in enumerate(counted):
        name = escape_plotly(each.name, NAME) if k else t("uploads.figure.target", name=escape_plotly(each.name, NAME))
        draw = _bars if each.labels else _histogram
        draw(sheet, divmod(k, columns), each, name, FIRST if k else SECOND, t)
    return sheet.spec()


def _histogram(sheet: Sheet, place: tuple[int, int], column: Counts, name: str, color: str, t: Texts) -> None:
    panel = sheet.panel(*place, {"nticks": 4}, {"nticks": 3}, name)
    edges = np.array(column.edges)
    middles, widths = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    hover = [
        t("uploads.figure.between", low=numerals.short(low), high=numerals.short(high), count=count)
        for low, high, count in zip(edges[:-1], edges[1:], column.counts, strict=True)
    ]
    _add(sheet, panel, middles.tolist(), column.counts, color, hover, width=widths.tolist())


def _bars(sheet: Sheet, place: tuple[int, int], column: Counts, name: str, color: str, t: Texts) -> None:
    names = [escape_plotly(label, 40) for label in column.labels]
    names += [t("uploads.figure.rest", count=column.rest)] if column.rest else []
    short = [escape_plotly(label, 8) for label in column.labels] + ["…"] * bool(column.rest)
    x = {"tickvals": list(range(len(names))), "ticktext": short, "tickangle": -40 if len(names) > 3 else 0, "nticks": 0}
    panel = sheet.panel(*place, x, {"nticks": 3, "rangemode": "tozero"}, name)
    hover = [t("uploads.figure.times", name=each, count=count) for each, count in zip(names, column.counts, strict=True)]
    _add(sheet, panel, list(range(len(names))), column.counts, color, hover)


def _add(sheet: Sheet, panel: Any, x: list[Any], counts: Sequence[int], color: str, labels: list[str], **more: Any) -> None:
    hover = {"customdata": labels, "hovertemplate": "%{customdata}<extra></extra>"}
    sheet.add(panel, type="bar", x=x, y=list(counts), marker={"color": color}, showlegend=False, **hover, **more)


def correlations(names: Sequence[str], values: NDArray[np.float64], t: Texts, *, narrow: bool = False) -> Spec:
    """Pearson's r of every pair, blue below 0 and red above it; what has none is left out."""
    short = unique([escape_plotly(name, 10 if narrow else NAME) for name in names])
    longest = max(map(text_width, short))
    sheet = Sheet(
        t("uploads.figure.correlations"),
        1,
        1,
        height=max(160, (20 if narrow else 26) * len(names)),
        feet=int(0.7 * longest),
        left=round(longest) + 16,
        narrow=narrow,
    )
    axis: dict[str, Any] = {"type": "category", "showgrid": False, "nticks": 0, "tickfont": {"size": SMALL}}
    axis["tickvals"] = short
    panel = sheet.panel(0, 0, {**axis, "tickangle": -50}, {**axis, "autorange": "reversed"})
    full = [escape_plotly(name) for name in names]
    sheet.add(
        panel,
        type="heatmap",
        x=short,
        y=short,
        z=[drawable(line) for line in values],
        customdata=[[f"{a} · {b}" for b in full] for a in full],
        hovertemplate="%{customdata}<br>r = %{z}<extra></extra>",
        zhoverformat=".3~f",
        text=[[numerals.short(round(value, 2)) if np.isfinite(value) else "" for value in line] for line in values],
        texttemplate="%{text}" if len(names) <= (7 if narrow else 14) else "",
        textfont={"color": DARK},
        colorscale=SIGNED,
        zmin=-1,
        zmax=1,
        xgap=1,
        ygap=1,
        colorbar={"thickness": 10, "outlinewidth": 0},
        showscale=not narrow,
    )
    return sheet.spec()


def unique(names: Sequence[str]) -> list[str]:
    """Names of which no two are alike, by invisible joiners: categories of an axis with one name would be one."""
    return [name + "\u2060" * list(names[:k]).count(name) for k, name in enumerate(names)]
