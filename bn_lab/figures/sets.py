"""Pictures of a data set itself: the distribution of every column, and samples in the plane of two features."""

from __future__ import annotations

from typing import Any

import numpy as np

from bn_lab.engine.boundary import cells
from bn_lab.engine.types import Array
from bn_lab.figures.boundary import AREAS, DOTS, dots
from bn_lab.figures.data import Data, named, with_unit
from bn_lab.figures.sheet import Panel, Sheet, Spec
from bn_lab.figures.style import GRAY, LEFT, escape_plotly
from bn_lab.i18n import Texts

BINS = 24
"""Bins of a column with many values; one with few has one for each."""

FEW = 12
"""Up to so many different values a column has a bin for each of them."""


def distributions(data: Data, t: Texts, *, narrow: bool = False) -> Spec:
    """A histogram of every column, the target last: how many samples have which value, of classes one on the other."""
    columns = [*zip(data.feature_names, data.features.T, strict=True), *_number(data)]
    across = 2 if narrow else min(4, len(columns))
    sheet = Sheet(t("data.figure.distributions"), -(-len(columns) // across), across, height=84, heading=14, narrow=narrow)
    for k, (name, values) in enumerate(columns):
        y = {"title": t("data.figure.samples") if k % across == 0 else "", "nticks": 3}
        panel = sheet.panel(k // across, k % across, {"title": "", "nticks": 4}, y, escape_plotly(_titled(name, data, t), 24))
        _histogram(sheet, panel, data, t, values, legend=k == 0)
    sheet.layout |= {"barmode": "stack", "bargap": 0.04}
    return sheet.spec()


def _number(data: Data) -> list[tuple[str, Array]]:
    """The target as a column, unless it is a class."""
    return [] if data.classes else [(data.target_name, data.target)]


def _titled(name: str, data: Data, t: Texts) -> str:
    shown = named(name, t)
    return with_unit(shown, data, t) if shown == name == data.target_name else shown


def _histogram(sheet: Sheet, panel: Panel, data: Data, t: Texts, values: Array, *, legend: bool) -> None:
    """Bars of one column, in the colours of the classes."""
    different = np.unique(values)
    edges = np.histogram_bin_edges(values, BINS)
    groups = [values[data.target == k] for k in range(len(data.classes))] or [values]
    for k, group in enumerate(groups):
        if len(different) <= FEW:
            x, counts = different, (group[:, None] == different).sum(axis=0)
        else:
            x, counts = (edges[1:] + edges[:-1]) / 2, np.histogram(group, edges)[0]
        name = escape_plotly(data.classes[k]) if data.classes else t("data.figure.samples")
        sheet.add(
            panel,
            type="bar",
            x=x.tolist(),
            y=counts.tolist(),
            name=name,
            legendgroup=name,
            showlegend=legend and bool(data.classes),
            marker={"color": f"rgb({AREAS[k]})" if data.classes else GRAY, "line": {"width": 0}},
            hovertemplate="%{x}: %{y:,d}" + (f"<extra>{name}</extra>" if data.classes else "<extra></extra>"),
        )


def scatter(data: Data, t: Texts, *, narrow: bool = False) -> Spec:
    """The samples in the plane of their two features, coloured by the target; square, on the axes of the decision boundary."""
    sheet = Sheet(t("data.figure.scatter"), 1, 1, height=300 if narrow else 420, left=40 if narrow else LEFT, narrow=narrow)
    middles = cells(data.features, data.reach)
    names = [escape_plotly(named(name, t), 20) for name in data.feature_names]
    x, y = (
        {"title": name, "range": [float(ends[0]), float(ends[-1])], "constrain": "domain"}
        for name, ends in zip(names, middles, strict=True)
    )
    ratio = float(np.ptp(middles[0]) / np.ptp(middles[1]))
    panel = sheet.panel(0, 0, x, {**y, "scaleanchor": "x", "scaleratio": ratio})
    target = escape_plotly(named(data.target_name, t), 20)
    for k, name in enumerate(data.classes):
        look = {"color": DOTS[k], "size": 6, "line": {"color": "#ffffff", "width": 0.6}}
        _dots(sheet, panel, data.features[data.target == k], f"{target}: {escape_plotly(name)}", look)
    if not data.classes:
        bar = {"title": {"text": target, "side": "right"}, "thickness": 10, "outlinewidth": 0}
        look = {"color": data.target.tolist(), "colorscale": dots(data), "size": 7, "showscale": True, "colorbar": bar}
        _dots(sheet, panel, data.features, target, look)
    return sheet.spec()


def _dots(sheet: Sheet, panel: Panel, points: Array, name: str, look: dict[str, Any]) -> None:
    x, y = points.T.tolist()
    shown = look.get("showscale") is None
    hover = "%{x}, %{y}<extra>" + name + "</extra>"
    sheet.add(panel, mode="markers", x=x, y=y, name=name, legendgroup=name, showlegend=shown, marker=look, hovertemplate=hover)


def mosaic(images: Array, labels: Array, columns: int, rows_of: int, scale: int = 2) -> Array:
    """Samples of every class in rows, as one picture: ink as in the file, (rows·28·scale, columns·28·scale) uint8.

    Args:
        images: (N, side²), from 0 (paper) to 1 (ink).
        labels: (N,), the class of each.
        columns: samples of a class. rows_of: number of classes. scale: pixels on screen for one of the image.
    """
    side = round(images.shape[1] ** 0.5)
    lines = [np.hstack(images[labels == k][:columns].reshape(-1, side, side)) for k in range(rows_of)]
    paper = 255 - np.rint(255 * np.vstack(lines))
    return np.kron(paper, np.ones((scale, scale))).astype(np.uint8)
