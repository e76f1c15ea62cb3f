"""Pieces that the figures of a study share: places of panels, lines with bands, and what no axis can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bn_lab.arms import ARMS
from bn_lab.engine.types import Array
from bn_lab.figures.axes import log_axis, share_axis
from bn_lab.figures.sheet import Panel, Sheet, drawable
from bn_lab.figures.studies.numbers import Spread
from bn_lab.figures.style import GRAY, legend, translucent
from bn_lab.i18n import Texts
from bn_lab.studies.measures import MEASURES

MOST_PANELS = 12
"""Panels of a figure at most; what is beyond is in the numbers to download."""

STRIP = 0.1
"""Share of a panel above its axis, for networks without a number."""


def grid(count: int, *, narrow: bool, widest: int = 3) -> tuple[int, int]:
    """Rows and columns for so many panels."""
    columns = 1 if narrow else min(widest, count) if count != 4 else 2
    return -(-count // columns), columns


def measure_axis(measure: str, t: Texts, *, title: bool = True) -> dict[str, Any]:
    """The axis of a measure; accuracies in percent."""
    named = {"title": t(f"measure.{measure}") if title else ""}
    if "accuracy" in measure:
        return share_axis(range=[-0.03, 1.03], **named)
    return log_axis(**named) if MEASURES[measure].log else named


def band(sheet: Sheet, panel: Panel, arm: str, x: Sequence[Any], low: Array, high: Array, *, log: bool) -> None:
    """From smallest to largest; the upper edge fills down to the trace before it."""
    area = {"fill": "tonexty", "fillcolor": translucent(arm, 0.22)}
    hidden = {"line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "legendgroup": arm}
    for edge, more in ((low, {}), (high, area)):
        sheet.add(panel, x=list(x), y=drawable(edge, log=log), **hidden, **more)


def line(sheet: Sheet, panel: Panel, arm: str, x: Sequence[Any], y: Array, t: Texts, *, log: bool, first: bool) -> None:
    """The median."""
    look = {"line": {"color": ARMS[arm].color, "width": 2}, "hovertemplate": "%{y}"}
    sheet.add(panel, x=list(x), y=drawable(y, log=log), **legend(arm, t, first=first), **look)


def strip(sheet: Sheet, panel: Panel, by_arm: Mapping[str, Sequence[Spread]], x: Mapping[str, Sequence[Any]], t: Texts) -> None:
    """Networks without a number, on a strip above the panel: where they are, and how many of how many."""
    bottom, top = panel.place[2:]
    over = sheet.over(panel, domain=[top - STRIP * (top - bottom), top], range=[-0.2, 1.2], fixedrange=True, visible=False)
    for k, (arm, spreads) in enumerate(by_arm.items()):
        shown = [(at, spread) for at, spread in zip(x[arm], spreads, strict=True) if spread.beyond]
        hover = [
            t("claims.figure.beyond_of", beyond=s.beyond, networks=s.known, diverged=s.diverged, arm=t(f"arm.{arm}"))
            for _, s in shown
        ]
        sheet.add(
            over,
            x=[at for at, _ in shown],
            y=[1 - k / max(1, len(by_arm) - 1)] * len(shown),
            mode="markers",
            marker={"symbol": "x", "size": 7, "color": ARMS[arm].color},
            customdata=hover,
            hovertemplate="%{customdata}<extra></extra>",
            showlegend=False,
            legendgroup=arm,
        )


def strip_key(sheet: Sheet, panel: Panel, t: Texts) -> None:
    """What the marks on the strips are."""
    sheet.key(panel, t("claims.figure.beyond"), mode="markers", marker={"symbol": "x", "size": 8, "color": GRAY})
