"""Figures of the Algorithm page: one unit's mini-batch on its way through batch normalization.

They show numbers as they are, so nothing in them is bound to a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bn_lab.engine.reference import Forward
from bn_lab.engine.types import Array
from bn_lab.figures.sheet import Panel, Sheet, Spec
from bn_lab.figures.style import CHOSEN, GRAY
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
        row, column = (k, 0) if narrow else (0, k)
        x = {"title": t("anatomy.steps.x")} if k == 3 or not narrow else {}
        panel = sheet.panel(row, column, x, {}, t(f"anatomy.steps.{name}"))
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
        hovertemplate=f"{t('anatomy.steps.sample')} %{{x}}: %{{y:.4~g}}<extra></extra>",
    )


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
    x = {"title": t("anatomy.spread.x"), "type": "log", "exponentformat": "power", "range": [low - 0.2, high + 0.2]}
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
