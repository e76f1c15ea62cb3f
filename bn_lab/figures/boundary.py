"""What the networks say all over the plane of two features, with the samples on it: the picture of TensorFlow Playground."""

from __future__ import annotations

from typing import Any

import numpy as np

from bn_lab.arms import ARMS
from bn_lab.engine.boundary import GRID, cells, has_boundary
from bn_lab.engine.history import SPLITS
from bn_lab.experiment import Experiment
from bn_lab.figures.axes import HOVER
from bn_lab.figures.bindings import bind, constant, row
from bn_lab.figures.data import Data, named, with_unit
from bn_lab.figures.parts import POINTS
from bn_lab.figures.series import splits
from bn_lab.figures.sheet import Board, Panel, Sheet, Spec
from bn_lab.figures.style import GRAY, LEFT, QUIET, SMALL, escape_plotly
from bn_lab.figures.style import compact as compact_layout
from bn_lab.i18n import Texts

AREAS = ("236,178,10", "123,84,214", "122,78,40", "150,200,40", "90,205,225", "128,132,149", "100,30,80", "245,160,140")
"""Red, green and blue of what the networks say, by class; a test holds them apart from the arms' colours. The first two, gold
and violet, lie apart for all kinds of colour vision, and are the two ends of the scale of a regression."""

DOTS = ("#7d5a00", "#43239b", "#4a2c12", "#4f6d08", "#0d6d80", "#4d5160", "#3d0f30", "#a34d3d")
"""The same of the samples: darker, to be seen on an area of their own class."""

STRONGEST = 0.85
"""Opacity of an area where a network is sure. Where it is not, the page shines through, dark or light."""

HEIGHTS = {1: 380, 2: 380, 3: 270, 4: 300}
"""Pixels of a panel by the number of arms, so that it is about square; four stand two by two."""


def suits(data: Data) -> bool:
    """Whether this data has the picture: two features, and no more classes than there are colours."""
    return has_boundary(data.features.shape[1]) and len(data.classes) <= len(AREAS)


def boundary(experiment: Experiment, data: Data, t: Texts, *, compact: bool = False, narrow: bool = False) -> Spec:
    """What the first seed's network of every arm says in inference mode, a panel for each arm; axes and colours are shared.

    Args:
        compact: for the stage.
    """
    if compact:
        return _compact(experiment, data, t)
    arms = experiment.arms
    columns = min(2, len(arms)) if narrow or len(arms) > 3 else len(arms)
    sheet = Sheet(
        t(f"figure.boundary.{data.task}"),
        -(-len(arms) // columns),
        columns,
        height=(300 if columns == 1 else 150) if narrow else HEIGHTS[len(arms)],
        heading=30 if narrow else 16,
        left=40 if narrow else LEFT,
        narrow=narrow,
    )
    for k, arm in enumerate(arms):
        x, y = _axes(data, t, first=k == 0, left=k % columns == 0, below=k + columns >= len(arms))
        panel = sheet.panel(k // columns, k % columns, x, y, t(f"arm.{arm}"))
        _area(sheet, panel, data, t, arm)
        for split in splits(experiment):
            _samples(sheet, panel, data, t, split, small=narrow and columns > 1)
        if k == 0:
            _keys(sheet, panel, experiment, data, t)
    sheet.layout["coloraxis"] = _colors(data, t, shown=not narrow)
    sheet.subtitle(t("figure.boundary.moment", epoch="{0}", seed=experiment.seed), row("epoch", 0))
    return sheet.spec()


def _compact(experiment: Experiment, data: Data, t: Texts) -> Spec:
    """The planes alone, each under its arm's name: up to three beside each other, four two by two."""
    arms = experiment.arms
    columns = 2 if len(arms) == 4 else len(arms)
    deep = -(-len(arms) // columns)
    board = Board(compact_layout(t(f"figure.boundary.{data.task}"), left=4, right=4, top=24, bottom=4))
    name = 0.07 if deep == 1 else 0.14
    bare = {"showticklabels": False, "ticks": "", "showline": True, "mirror": True, "linecolor": QUIET, "zeroline": False}
    for k, arm in enumerate(arms):
        x, y = _axes(data, t, first=k == 0, left=False, below=False)
        column, bottom = k % columns, 1 - (k // columns + 1) / deep
        place = ((column + 0.02) / columns, (column + 0.98) / columns, bottom, bottom + (1 - name) / deep)
        panel = board.place(place, {**x, **bare, "showgrid": False}, {**y, **bare})
        _area(board, panel, data, t, arm)
        for split in splits(experiment):
            _samples(board, panel, data, t, split, small=len(arms) > 1)
        # At the plane itself, which is square within its place.
        above: dict[str, Any] = {"xref": f"{panel.x} domain", "yref": f"{panel.y} domain", "x": 0.5, "y": 1}
        board.note(t(f"arm.{arm}"), font={"size": SMALL, "color": ARMS[arm].color}, xanchor="center", yanchor="bottom", **above)
    board.layout["coloraxis"] = _colors(data, t, shown=False)
    return board.spec()


def _axes(data: Data, t: Texts, *, first: bool, left: bool, below: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two axes of a panel: as large as the grid, and square whatever the units of the features."""
    (x0, x1), (y0, y1) = (_ends(middles) for middles in cells(data.features, data.reach))
    names = [escape_plotly(named(name, t), 20) for name in data.feature_names]
    x: dict[str, Any] = {"title": names[0] if below else "", "range": [x0, x1], "constrain": "domain"}
    y: dict[str, Any] = {
        "title": names[1] if left else "",
        "range": [y0, y1],
        "constrain": "domain",
        "showgrid": False,
        "showticklabels": left,
    }
    if first:
        return x, {**y, "scaleanchor": "x", "scaleratio": (x1 - x0) / (y1 - y0)}
    return {**x, "matches": "x"}, {**y, "matches": "y"}


def _ends(middles: Any) -> tuple[float, float]:
    half = (middles[1] - middles[0]) / 2
    return float(middles[0] - half), float(middles[-1] + half)


def _area(board: Board, panel: Panel, data: Data, t: Texts, arm: str) -> None:
    """What the network says, and between two classes the line where it changes its mind."""
    x, y = cells(data.features, data.reach)
    place = {"x0": x[0], "dx": x[1] - x[0], "y0": y[0], "dy": y[1] - y[0]}
    meta = bind(z=row(f"{arm}.boundary", shape=[GRID, GRID]))
    several = len(data.classes) > 2
    where = "%{x}, %{y}"
    hover = where if several else f"{where}<br>{_scale_name(data, t)}: %{{z}}"
    board.add(
        panel,
        type="heatmap",
        coloraxis="coloraxis",
        zhoverformat=HOVER,
        zsmooth=False if several else "fast",  # between three classes there is nothing in between
        hovertemplate=f"{hover}<extra>{t(f'arm.{arm}')}</extra>",
        meta=meta,
        **place,
    )
    if len(data.classes) == 2:
        line, quiet = {"color": GRAY, "width": 2, "smoothing": 1}, {"showscale": False, "showlegend": False}
        level = {"start": 0.5, "end": 0.5, "size": 1, "coloring": "none"}
        board.add(panel, type="contour", contours=level, line=line, hoverinfo="skip", meta=meta, **quiet, **place)


def _samples(board: Board, panel: Panel, data: Data, t: Texts, split: str, *, small: bool) -> None:
    """The samples: those trained on filled, those held back as rings."""
    size, edge = (3, 0.3) if small else (5, 0.6)
    x, y, target = (constant(name) for name in POINTS[split])
    filled = split == "train"
    low, high = _limits(data)
    marker = {"cmin": low, "cmax": high, "colorscale": dots(data), "size": size if filled else size + 1}
    marker |= (
        {"line": {"color": "#ffffff", "width": edge}} if filled else {"symbol": "circle-open", "line": {"width": 3 * edge}}
    )
    meta = bind(x=x, y=y, marker__color=target)
    name = t(f"figure.{split}")
    board.add(panel, mode="markers", name=name, showlegend=False, hoverinfo="skip", marker=marker, meta=meta)


def _keys(sheet: Sheet, panel: Panel, experiment: Experiment, data: Data, t: Texts) -> None:
    """What colours and forms mean."""
    target = escape_plotly(named(data.target_name, t), 20)
    for k, name in enumerate(data.classes):
        label = t("figure.boundary.class", target=target, name=escape_plotly(name, 20))
        sheet.key(panel, label, mode="markers", legendgroup=f"class {k}", marker={"color": DOTS[k], "size": 8})
    if experiment.validation_share:
        for split, symbol in zip(SPLITS, ("circle", "circle-open"), strict=True):
            look = {"color": GRAY, "size": 7, "symbol": symbol}
            sheet.key(panel, t(f"figure.{split}"), mode="markers", legendgroup=split, marker=look)


def _limits(data: Data) -> tuple[float, float]:
    """Ends of the scale of targets: of numbers the smallest and the largest, of classes their numbers."""
    return (0, len(data.classes) - 1) if data.classes else (float(np.min(data.target)), float(np.max(data.target)))


def _colors(data: Data, t: Texts, *, shown: bool) -> dict[str, Any]:
    """The colours of the areas."""
    low, high = _limits(data)
    several = len(data.classes) > 2
    scale = _bands(len(data.classes)) if several else _diverging()
    bar = {"title": {"text": _scale_name(data, t), "side": "right"}, "thickness": 10, "outlinewidth": 0}
    common = {"colorscale": scale, "showscale": shown and not several, "colorbar": bar, "cmin": low}
    return {**common, "cmax": high + 1 if several else high if high > low else low + 1}


def _diverging() -> list[list[Any]]:
    """Gold, nothing, violet."""
    ends = (f"rgba({AREAS[0]},{STRONGEST})", f"rgba({AREAS[0]},0)"), (f"rgba({AREAS[1]},0)", f"rgba({AREAS[1]},{STRONGEST})")
    return [[0, ends[0][0]], [0.5, ends[0][1]], [0.5, ends[1][0]], [1, ends[1][1]]]


def _bands(count: int) -> list[list[Any]]:
    """A band for each class, the paler the less sure the network is."""
    return [[(k + end) / count, f"rgba({AREAS[k]},{end * STRONGEST:g})"] for k in range(count) for end in (0, 1)]


def dots(data: Data) -> list[list[Any]]:
    """Colours of the samples over the scale of targets."""
    if not data.classes:
        return [[0, DOTS[0]], [0.5, "#9a9a9a"], [1, DOTS[1]]]
    last = max(len(data.classes) - 1, 1)
    return [[k / last, color] for k, color in enumerate(DOTS[: last + 1])]


def _scale_name(data: Data, t: Texts) -> str:
    target = escape_plotly(named(data.target_name, t), 20)
    if data.classes:
        name = t("figure.boundary.class", target=target, name=escape_plotly(data.classes[-1], 20))
        return t("figure.boundary.probability", name=name)
    return with_unit(t("figure.boundary.predicted", target=target), data, t)
