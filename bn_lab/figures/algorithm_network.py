"""Figures of the Algorithm page about a whole network: its statistics, its batches, its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bn_lab.arms import ARMS
from bn_lab.engine.anatomy.records import CompositionEffect, Folded, Placements, Rescaled, Statistics
from bn_lab.engine.types import Array
from bn_lab.figures.axes import HOVER, log_axis, share_axis
from bn_lab.figures.sheet import Panel, Sheet, Spec, drawable
from bn_lab.figures.style import CHOSEN, FIRST, GRAY, SECOND
from bn_lab.i18n import Texts

BINS = 40
"""Bins of a distribution."""

LARGEST_MAP = 64
"""Rows and columns of a weight matrix that are drawn at most."""

BATCH, MOVING = FIRST, SECOND
PLACEMENTS: tuple[str, ...] = ("before", "after")

MEASURED, PREDICTED = FIRST, GRAY


def statistics(record: Statistics, unit: int, chosen: int, t: Texts, *, narrow: bool = False) -> Spec:
    """Batch and moving mean and variance of a unit, and the weight of the start values, over the epochs with a checkpoint.

    These epochs stand at equal distances, since they lie closer and closer to each other towards the start.

    Args:
        record: of an arm with batch normalization.
        chosen: index of the epoch on screen.
    """
    assert record.moving_mean is not None
    assert record.moving_variance is not None
    rows, columns = (3, 1) if narrow else (1, 3)
    sheet = Sheet(t("anatomy.statistics.title"), rows, columns, height=210, heading=34 if narrow else 20, narrow=narrow)
    at = list(range(len(record.epochs)))
    ticks = at[:: -max(1, len(at) // 5)][::-1]  # with the last
    x = {"title": t("anatomy.statistics.x"), "tickvals": ticks, "ticktext": [f"{record.epochs[k]:,.0f}" for k in ticks]}
    pairs = {"mean": (record.batch_mean, record.moving_mean), "variance": (record.batch_variance, record.moving_variance)}
    for k, (name, both) in enumerate(pairs.items()):
        panel = sheet.panel(*divmod(k, columns), x, {}, t(f"anatomy.statistics.{name}"))
        for kind, values, color, dash in zip(("batch", "moving"), both, (BATCH, MOVING), ("solid", "dash"), strict=True):
            line = {"color": color, "dash": dash}
            settings = {"mode": "lines+markers", "line": line, "showlegend": k == 0, "name": t(f"anatomy.statistics.{kind}")}
            sheet.add(panel, x=at, y=values[:, unit].tolist(), hovertemplate="%{y}", **settings)
        _ring(sheet, panel, chosen, both[0][chosen, unit])
    panel = sheet.panel(*divmod(2, columns), x, {"range": [-0.1, 1.1]}, t("anatomy.statistics.start"))
    weights = record.start_weight.tolist()
    sheet.add(panel, x=at, y=weights, mode="lines+markers", line={"color": GRAY}, showlegend=False, hovertemplate="%{y}")
    _ring(sheet, panel, chosen, weights[chosen])
    return sheet.spec()


def _ring(sheet: Sheet, panel: Panel, x: float, y: float | None) -> None:
    """A ring around the point of a curve that is on screen."""
    marker = {"size": 14, "symbol": "circle-open", "color": CHOSEN, "line": {"width": 3}}
    sheet.add(panel, x=[x], y=[y], mode="markers", marker=marker, showlegend=False, hoverinfo="skip")


def composition(effect: CompositionEffect, t: Texts, *, narrow: bool = False) -> Spec:
    """x̂ of one sample in every drawn batch, by batch size, and the standard deviation of these values with a 1/√m line."""
    rows, columns = (2, 1) if narrow else (1, 2)
    sheet = Sheet(t("anatomy.composition.title"), rows, columns, height=230, heading=34 if narrow else 20, narrow=narrow)
    sizes = list(effect.values)
    labels = {
        "title": t("anatomy.composition.x"),
        "tickvals": list(range(len(sizes))),
        "ticktext": [str(size) for size in sizes],
    }
    left = sheet.panel(0, 0, labels, {}, t("anatomy.composition.values"))
    for k, values in enumerate(effect.values.values()):
        places = k + np.linspace(-0.3, 0.3, len(values))
        marker = {"size": 5, "color": BATCH, "opacity": 0.45}
        sheet.add(
            left,
            x=places.tolist(),
            y=values.tolist(),
            mode="markers",
            marker=marker,
            showlegend=False,
            hovertemplate="%{y}",
        )
    log = log_axis(title=t("anatomy.composition.x"), tickvals=sizes)
    right = sheet.panel(*divmod(1, columns), log, log_axis(), t("anatomy.composition.std"))
    stds = np.array(list(effect.std.values()))
    name = t("anatomy.composition.measured")
    marker = {"size": 9, "color": BATCH}
    sheet.add(right, x=sizes, y=drawable(stds, log=True), mode="markers", marker=marker, name=name, hovertemplate="%{y}")
    laws = {"1/√m": root_law(effect.std), t("anatomy.composition.finite"): root_law(effect.std, effect.population)}
    for dash, (law, line) in zip(("dash", "dot"), laws.items(), strict=True):
        sheet.add(right, x=sizes, y=drawable(line, log=True), line={"color": GRAY, "dash": dash}, name=law, hoverinfo="skip")
    return sheet.spec()


def root_law(std: Mapping[int, float], population: int | None = None) -> Array:
    """c/√m with the c that lies nearest, on a logarithmic scale, to the standard deviations from size 4 on.

    Args:
        std: by batch size m. population: N samples that batches are drawn from without replacement, where c/√m becomes
            c/√m · √((N − m)/(N − 1)) (Cochran 1977, "Sampling Techniques", section 2.6).
    """
    sizes, stds = np.array(list(std), np.float64), np.array(list(std.values()))
    law = 1 / np.sqrt(sizes)
    if population is not None:
        law *= np.sqrt((population - sizes) / (population - 1))
    counted = (sizes >= 4) & (stds > 0) & (law > 0)
    if not counted.any():
        return np.full(len(sizes), np.nan)
    return np.asarray(law * np.exp(np.mean(np.log(stds[counted] / law[counted]))))


def rescaled(record: Rescaled, chosen: int, edge: float | None, t: Texts, *, narrow: bool = False) -> Spec:
    """Change of the output, and norm of the gradient with the one predicted, over the factor a.

    Args:
        chosen: index of the factor on screen. edge: the factor at which a²σ² of the unit equals ε, if there is one.
    """
    rows, columns = (2, 1) if narrow else (1, 2)
    sheet = Sheet(t("anatomy.rescaled.title"), rows, columns, height=240, heading=34 if narrow else 20, narrow=narrow)
    x = log_axis(title="a")
    factors = record.factors.tolist()
    curves = {
        "change": [("measured", record.change)],
        "gradient": [("predicted", record.predicted), ("measured", record.gradient_norm)],
    }
    for k, (name, drawn) in enumerate(curves.items()):
        panel = sheet.panel(*divmod(k, columns), x, log_axis(), t(f"anatomy.rescaled.{name}"))
        for kind, values in drawn:
            look: dict[str, Any] = {"mode": "lines", "line": {"color": PREDICTED, "dash": "dash"}}
            if kind == "measured":
                look = {"mode": "lines+markers", "line": {"color": MEASURED}, "marker": {"size": 5}}
            legend = {"name": t(f"anatomy.rescaled.{kind}"), "showlegend": name == "gradient"}
            sheet.add(panel, x=factors, y=drawable(values, log=True), hovertemplate="a = %{x}: %{y}", **legend, **look)
        _ring(sheet, panel, factors[chosen], *drawable(drawn[-1][1][[chosen]], log=True))
        if edge is not None:
            ends = drawable([_least(drawn), max(np.nanmax(values) for _, values in drawn)], log=True)
            legend = {"name": "a²σ² = ε", "showlegend": name == "gradient"}
            sheet.add(panel, x=[edge] * 2, y=ends, line={"color": CHOSEN, "dash": "dot"}, hoverinfo="skip", **legend)
    return sheet.spec()


def _least(drawn: list[tuple[str, Array]]) -> float:
    """The smallest positive number of the curves."""
    positive = np.concatenate([values[values > 0] for _, values in drawn])
    return float(positive.min()) if len(positive) else 0.0


def placements(record: Placements, unit: int, sample: int, t: Texts, *, narrow: bool = False) -> Spec:
    """Distributions of the layer's values at each stage with batch normalization before (first) and after the activation."""
    both = dict(zip(PLACEMENTS, (record.before, record.after), strict=True))
    rows, columns = (4, 2) if narrow else (2, 4)
    sheet = Sheet(t("anatomy.placements.title"), rows, columns, height=130, heading=34, narrow=narrow)
    for n, (placement, stages) in enumerate(both.items()):
        for k, (stage, values) in enumerate(stages.items()):
            place = (k, n) if narrow else (n, k)
            whose = t(f"arm.{placement}") if k == 0 else ""
            title = t(f"stage.{stage}")
            title = f"{whose}<br>{title}" if narrow and whose else title
            panel = sheet.panel(*place, {}, share_axis(title="" if narrow else whose), title)
            known = values[np.isfinite(values)]
            shares, ends = _shares(known)
            middles = ((ends[1:] + ends[:-1]) / 2).tolist()
            bars = {"type": "bar", "x": middles, "y": shares.tolist(), "width": (ends[1:] - ends[:-1]).tolist()}
            color = ARMS[placement].color
            legend = {"name": t(f"arm.{placement}"), "showlegend": False}
            sheet.add(panel, marker={"color": color}, hovertemplate="%{x}: %{y:.1%}<extra></extra>", **legend, **bars)
            at = [float(values[unit, sample])] * 2
            line = {"color": CHOSEN, "width": 2.5}
            shown = {"name": t("anatomy.placements.chosen"), "showlegend": n == k == 0}
            sheet.add(panel, x=at, y=[0, float(shares.max())], line=line, hovertemplate="%{x}<extra></extra>", **shown)
    for placement in PLACEMENTS:
        marker = {"symbol": "square", "size": 11, "color": ARMS[placement].color}
        sheet.key(panel, t(f"arm.{placement}"), mode="markers", marker=marker)
    return sheet.spec()


def _shares(values: Array) -> tuple[Array, Array]:
    """Share of the values in each bin, and the ends of the bins."""
    if not len(values):
        return np.zeros(1), np.array([-0.5, 0.5])
    low, high = float(values.min()), float(values.max())
    size, bins = max(abs(low), abs(high)), BINS
    if high - low <= BINS * np.spacing(size):  # what differs by its rounding only is one value
        low, high, bins = low - 1e-3 * max(size, 1e-3), high + 1e-3 * max(size, 1e-3), 1
    counts, ends = np.histogram(values, bins=bins, range=(low, high))
    return np.asarray(counts / len(values)), np.asarray(ends)


def _whole(count: int) -> dict[str, Any]:
    """Ticks at whole numbers, at each of them where there are few."""
    return {"dtick": 1} if count <= 16 else {}


def folded(record: Folded, arm: str, unit: int, t: Texts, *, narrow: bool = False) -> Spec:
    """The weights of the affine layer without and with batch normalization folded in, as heat maps of one scale.

    Args:
        unit: index of the normalized unit, whose weights are framed: a row `before` the activation, a column `after` it.
    """
    rows, columns = (2, 1) if narrow else (1, 2)
    sheet = Sheet(t("anatomy.folded.title"), rows, columns, height=280, heading=34 if narrow else 20, narrow=narrow)
    sheet.layout["margin"]["r"] = 70
    both = {"W": record.weight[:LARGEST_MAP, :LARGEST_MAP], "W′": record.folded_weight[:LARGEST_MAP, :LARGEST_MAP]}
    known = np.concatenate([shown[np.isfinite(shown)] for shown in both.values()])
    largest = float(np.abs(known).max()) if len(known) else 1.0
    for k, (name, shown) in enumerate(both.items()):
        x, y = (
            {"title": t("anatomy.folded.x")} | _whole(shown.shape[1]),
            _whole(shown.shape[0]) | {"autorange": "reversed", "title": t("anatomy.folded.y") if narrow or k == 0 else ""},
        )
        panel = sheet.panel(*divmod(k, columns), x, y, name)
        sheet.add(
            panel,
            type="heatmap",
            x=list(range(1, shown.shape[1] + 1)),
            y=list(range(1, shown.shape[0] + 1)),
            z=shown.tolist(),
            colorscale="RdBu",
            zmin=-largest,
            zmax=largest,
            showscale=k == 1,
            colorbar={"thickness": 10, "nticks": 5},
            hovertemplate="%{z}<extra></extra>",
            zhoverformat=HOVER,
        )
        if unit < LARGEST_MAP:
            ends = {"before": ((0.5, shown.shape[1] + 0.5), (unit + 0.5, unit + 1.5))}
            ends["after"] = ((unit + 0.5, unit + 1.5), (0.5, shown.shape[0] + 0.5))
            (x0, x1), (y0, y1) = ends[arm]
            frame = {"line": {"color": CHOSEN, "width": 2.5}, "showlegend": False, "hoverinfo": "skip"}
            sheet.add(panel, x=[x0, x1, x1, x0, x0], y=[y0, y0, y1, y1, y0], **frame)
    return sheet.spec()
