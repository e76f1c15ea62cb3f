"""The computation graph of batch normalization: values of the forward pass above each edge, gradients below it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bn_lab.engine.reference import Forward
from bn_lab.engine.types import Array
from bn_lab.figures.sheet import Spec
from bn_lab.figures.style import CHOSEN, GRAY, layout
from bn_lab.i18n import Texts

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

ROUNDING = 1e-12
"""What is left of a sum, as a share of its terms, up to which it is their rounding."""

BACKWARD = "rgba(240,160,0,0.24)"
"""Ground of gradients, as a marker pen leaves it: no one colour of text can be read on both themes."""


def graph(
    nodes: Forward,
    carried: Mapping[tuple[str, str], Array],
    own: Mapping[str, float],
    sample: int | None,
    node: str,
    t: Texts,
    *,
    narrow: bool = False,
) -> Spec:
    """Boxes and edges with their numbers.

    Args:
        nodes: one unit through the reference. carried: its `reference.edges`. own: its `gamma` and `beta`.
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
    for edge, gradient in carried.items():
        _edge(settings, edge, _value(nodes, own, edge[0], sample), _shown(gradient, sample), node, narrow)
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
    above, below = _beside((x1 - x0, y1 - y0), edge, narrow)
    notes: list[object] = settings["annotations"]  # type: ignore[assignment]
    notes.append(arrow)
    shift = 20 if y0 == y1 else 10  # where the boxes beside them are near, above and below the boxes
    notes.append(middle | above | {"yshift": shift, "text": value, "font": {"size": 11}})
    notes.append(middle | below | {"yshift": -shift, "text": gradient, "font": {"size": 11}, "bgcolor": BACKWARD})


def _beside(direction: tuple[float, float], edge: tuple[str, str], narrow: bool) -> tuple[dict[str, object], dict[str, object]]:
    """How value and gradient are anchored so that the line of their edge does not run through them."""
    across, along = direction
    left, right = {"xanchor": "right", "xshift": -8}, {"xanchor": "left", "xshift": 8}
    if across == 0:  # right of the way from x to x̂ are the statistics
        side = left if "centered" in edge else right
        return side, side
    if along == 0:
        return {}, {}
    if not narrow:  # steep edges; the two around the mean lean away from each other
        side = left | {"xshift": -14} if edge == ("x", "mean") else right | {"xshift": 14}
        return side, side
    # Flat edges that lead down: above the line is free on the side that it leads to, below it on the side that it comes from.
    return (right, left) if across > 0 else (left, right)


def _value(nodes: Forward, own: Mapping[str, float], name: str, sample: int | None) -> str:
    if name in own:
        return f"{own[name]:.3g}"
    values: Array = getattr(nodes, name)
    number = values[0, sample] if sample is not None and values.shape[1] > 1 else values.mean()
    return f"{float(number):.3g}"


def _shown(gradient: Array, sample: int | None) -> str:
    if sample is not None and gradient.shape[1] > 1:
        return f"{float(gradient[0, sample]):.3g}"
    number, size = float(gradient.sum()), float(np.abs(gradient).sum())
    return f"{number if abs(number) > ROUNDING * size else 0.0:.3g}"
