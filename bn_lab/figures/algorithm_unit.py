"""Figures of the Algorithm page about one unit: its mini-batch on its way through batch normalization, the computation
graph, and the part of ε.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bn_lab import numerals
from bn_lab.engine.reference import Forward
from bn_lab.engine.types import Array
from bn_lab.figures.axes import log_axis
from bn_lab.figures.sheet import Panel, Sheet, Spec
from bn_lab.figures.style import CHOSEN, GRAY, layout
from bn_lab.i18n import Texts

SCALE = ((0, "#2f7fd6"), (0.33, "#9a66d8"), (0.66, "#d4559a"), (1, "#b3701e"))
"""Each sample's colour, by the order of its value at the start, the same from step to step; readable on both backgrounds."""


def steps(nodes: Forward, sample: int, t: Texts, *, narrow: bool = False) -> Spec:
    """The four steps beside each other: values with their mean, squared distances with theirs, x̂, y.

    Args:
        nodes: one unit through the reference, `(1, B)` and `(1, 1)`.
        sample: index of the chosen sample.
    """
    rows, columns = (4, 1) if narrow else (1, 4)
    sheet = Sheet(t("anatomy.steps.title"), rows, columns, height=200, heading=24, narrow=narrow)
    drawn = (
        ("mean", nodes.x, nodes.mean),
        ("variance", nodes.squared, nodes.variance),
        ("normalized", nodes.normalized, np.zeros((1, 1))),
        ("y", nodes.y, nodes.y.mean(keepdims=True)),
    )
    for k, (name, values, level) in enumerate(drawn):
        x = {"title": t("anatomy.steps.x")} if k == 3 or not narrow else {}
        panel = sheet.panel(*divmod(k, columns), x, {}, t(f"anatomy.steps.{name}"))
        _samples(sheet, panel, values[0], np.argsort(np.argsort(nodes.x[0])), sample, t)
        ends = [0.5, values.shape[1] + 0.5]
        sheet.add(panel, x=ends, y=[level.item()] * 2, line={"color": GRAY, "dash": "dash"}, showlegend=False, hoverinfo="skip")
    return sheet.spec()


def _samples(sheet: Sheet, panel: Panel, values: Array, order: Array, sample: int, t: Texts) -> None:
    chosen = np.arange(len(values)) == sample
    marker: dict[str, Any] = {
        "color": order.tolist(),
        "colorscale": SCALE,
        "size": np.where(chosen, 13, 7).tolist(),
        "line": {"color": np.where(chosen, CHOSEN, GRAY).tolist(), "width": np.where(chosen, 3, 0.5).tolist()},
    }
    sheet.add(
        panel,
        x=list(range(1, len(values) + 1)),
        y=values.tolist(),
        mode="markers",
        marker=marker,
        showlegend=False,
        hovertemplate=f"{t('anatomy.steps.sample')} %{{x:,d}}: %{{y}}<extra></extra>",
    )


# The computation graph: values of the forward pass above each edge, gradients below it.

LABELS: Mapping[str, str] = {
    "x": "x",
    "mean": "μ",
    "centered": "x − μ",
    "squared": "(·)²",
    "variance": "σ²",
    "shifted": "+ ε",
    "deviation": "√",
    "inverse": "1/·",
    "normalized": "x̂",
    "gamma": "γ",
    "scaled": "γx̂",
    "beta": "β",
    "y": "y",
}
"""Nodes in the order of the forward pass, and what stands in their boxes."""

PLACES: Mapping[str, tuple[float, float]] = {
    "x": (0, 0),
    "mean": (0.8, -1.3),
    "centered": (2, 0),
    "squared": (2.6, -1.3),
    "variance": (3.6, -1.3),
    "shifted": (4.6, -1.3),
    "deviation": (5.6, -1.3),
    "inverse": (6.6, -1.3),
    "normalized": (7.1, 0),
    "gamma": (7.6, 1.2),
    "scaled": (8.4, 0),
    "beta": (8.9, 1.2),
    "y": (9.8, 0),
}
"""Where the boxes stand on a wide screen; a narrow one has the graph turned by a quarter, from the top to the bottom."""

BACKWARD = "rgba(240,160,0,0.24)"
"""Ground of gradients, as a marker pen leaves it: no one colour of text can be read on both themes."""


def graph(
    nodes: Forward,
    gradients: Mapping[tuple[str, str], Array],
    parameters: Mapping[str, float],
    sample: int | None,
    node: str,
    t: Texts,
    *,
    narrow: bool = False,
) -> Spec:
    """Boxes and edges with their numbers.

    Args:
        nodes: one unit through the reference. gradients: its `reference.edges`. parameters: its `gamma` and `beta`.
        sample: index of the sample whose numbers are shown; None for means over the batch (values) and sums (gradients).
        node: the one that is explained.
    """
    settings = layout(t("anatomy.graph.title"), top=48, bottom=12, height=940 if narrow else 310, narrow=narrow)
    settings["margin"] |= {"l": 8, "r": 8}
    hidden = {"visible": False, "fixedrange": True}
    across, along = [-1.9, 1.8], [-0.5, 10.3]
    settings |= {
        "xaxis": hidden | {"range": [-1.8, 1.9] if narrow else along},
        "yaxis": hidden | {"range": along[::-1] if narrow else across},
        "annotations": [],
        "dragmode": False,
        "showlegend": False,
    }
    for edge, gradient in gradients.items():
        _edge(settings, edge, _value(nodes, parameters, edge[0], sample), _shown(gradient, sample), node, narrow)
    for name, label in LABELS.items():
        _box(settings, name, label, node, narrow)
    nothing = {"type": "scatter", "x": [0], "y": [0], "mode": "none", "hoverinfo": "skip"}  # without a trace there are no axes
    return {"data": [nothing], "layout": settings}


def _place(name: str, narrow: bool) -> tuple[float, float]:
    x, y = PLACES[name]
    return (-y, x) if narrow else (x, y)


def _box(settings: dict[str, object], name: str, label: str, node: str, narrow: bool) -> None:
    x, y = _place(name, narrow)
    color = CHOSEN if name == node else GRAY
    box = {"bordercolor": color, "borderwidth": 3 if name == node else 1, "borderpad": 5, "bgcolor": "rgba(128,132,149,0.25)"}
    settings["annotations"].append({"x": x, "y": y, "text": label, "showarrow": False, "font": {"size": 15}, **box})  # type: ignore[attr-defined]


def _edge(settings: dict[str, object], edge: tuple[str, str], value: str, gradient: str, node: str, narrow: bool) -> None:
    (x0, y0), (x1, y1) = (_place(name, narrow) for name in edge)
    color = CHOSEN if node in edge else GRAY
    arrow = {"axref": "x", "ayref": "y", "ax": x0, "ay": y0, "x": x1, "y": y1, "text": "", "arrowhead": 2}
    arrow |= {"arrowcolor": color, "standoff": 20, "startstandoff": 18, "arrowwidth": 1.5}
    middle = {"x": (x0 + x1) / 2, "y": (y0 + y1) / 2, "showarrow": False}
    above, below = _sides((x1 - x0, y1 - y0), edge, narrow)
    notes: list[object] = settings["annotations"]  # type: ignore[assignment]
    notes.append(arrow)
    shift = 20 if y0 == y1 else 10  # where the boxes beside them are near, above and below the boxes
    notes.append(middle | above | {"yshift": shift, "text": value, "font": {"size": 11}})
    notes.append(middle | below | {"yshift": -shift, "text": gradient, "font": {"size": 11}, "bgcolor": BACKWARD})


def _sides(direction: tuple[float, float], edge: tuple[str, str], narrow: bool) -> tuple[dict[str, object], dict[str, object]]:
    """How value and gradient are anchored so that the line of their edge does not run through them."""
    across, along = direction
    left, right = {"xanchor": "right", "xshift": -8}, {"xanchor": "left", "xshift": 8}
    if across == 0:  # right of the path from x to x̂ are the statistics
        side = left if "centered" in edge else right
        return side, side
    if along == 0:
        return {}, {}
    if not narrow:  # steep edges; the two around the mean lean away from each other
        side = left | {"xshift": -14} if edge == ("x", "mean") else right | {"xshift": 14}
        return side, side
    # Flat edges that lead down: above the line is free on the side that it leads to, below it on the side that it comes from.
    return (right, left) if across > 0 else (left, right)


def _value(nodes: Forward, parameters: Mapping[str, float], name: str, sample: int | None) -> str:
    if name in parameters:
        return numerals.short(parameters[name])
    values: Array = getattr(nodes, name)
    number = values[0, sample] if sample is not None and values.shape[1] > 1 else values.mean()
    return numerals.short(number)


def _shown(gradient: Array, sample: int | None) -> str:
    if sample is not None and gradient.shape[1] > 1:
        return numerals.short(gradient[0, sample])
    number, size = float(gradient.sum()), float(np.abs(gradient).sum())
    return numerals.short(number, size, numerals.DOUBLE)


# The spread of x̂ over the variance.


def spread_over_variance(epsilon: float, variances: Sequence[Array], chosen: float, t: Texts, *, narrow: bool = False) -> Spec:
    """Standard deviation of x̂, √(σ²/(σ²+ε)), over σ², with the units of each layer as points on the curve.

    Args:
        variances: σ²_B of the units `(F,)` of every layer. chosen: σ²_B of the unit on screen.
    """
    sheet = Sheet(t("anatomy.spread.title"), 1, 1, height=280, narrow=narrow)
    every = np.concatenate([*variances, [chosen]])
    positive = every[every > 0]
    low = min(-6.0, np.log10(epsilon) - 3, *np.log10(positive)) if len(positive) else -6.0
    high = max(1.0, np.log10(epsilon) + 3, *np.log10(positive)) if len(positive) else 1.0
    x = log_axis(title=t("anatomy.spread.x"), range=[low - 0.2, high + 0.2])
    panel = sheet.panel(0, 0, x, {"title": t("anatomy.spread.y"), "range": [-0.03, 1.08]})
    curve = np.logspace(low, high, 200)
    sheet.add(panel, x=curve.tolist(), y=deviation(curve, epsilon).tolist(), line={"color": GRAY}, showlegend=False)
    sheet.add(panel, x=[epsilon] * 2, y=[0, 1], line={"color": GRAY, "dash": "dash"}, name=t("anatomy.spread.epsilon"))
    for k, units in enumerate(variances, start=1):
        marker = {"size": 8, "symbol": k - 1, "opacity": 0.75}
        name = t("figure.layer", layer=k)
        sheet.add(panel, x=units.tolist(), y=deviation(units, epsilon).tolist(), mode="markers", marker=marker, name=name)
    ring: dict[str, Any] = {"size": 15, "symbol": "circle-open", "color": CHOSEN, "line": {"width": 3}}
    at = deviation(np.array([chosen]), epsilon).tolist()
    sheet.add(panel, x=[chosen], y=at, mode="markers", marker=ring, name=t("anatomy.spread.chosen"))
    return sheet.spec()


def deviation(variance: Array, epsilon: float) -> Array:
    """Standard deviation of x̂ where the batch has this variance: √(σ²/(σ²+ε))."""
    return np.asarray(np.sqrt(variance / (variance + epsilon)))
