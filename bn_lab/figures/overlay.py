"""Several finished runs in one picture: a colour for each run, a dash for each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bn_lab.arms import ARMS
from bn_lab.engine.types import Array
from bn_lab.figures.axes import EPOCH
from bn_lab.figures.sheet import Panel, Sheet, Spec, drawable
from bn_lab.figures.style import GRAY, escape_plotly
from bn_lab.figures.training import epochs, value_axis
from bn_lab.i18n import Texts

RUN_COLORS = ("#7B5FD0", "#B07A00", "#17889B", "#E0364C", "#5D8A00", "#C04AA0", "#747A8C", "#9A6A3A")
"""Colours of runs, readable on both backgrounds; none of them is an arm's, so that nobody takes a run for an arm."""

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "x", "pentagon")
"""What stands at the end of a run's curves, for eyes that cannot tell all the colours apart."""

HEIGHT = 340

LONGEST, SHORT = 44, 34
"""Letters of a run's name in the legend, on a wide and on a narrow screen."""


@dataclass(frozen=True)
class Target:
    """What runs learn, as far as a common axis needs it."""

    task: str
    target_unit: str = ""


@dataclass(frozen=True)
class Overlaid:
    """A run as it is drawn.

    Attributes:
        name: what it is called; a stranger's text.
        slot: which of `RUN_COLORS` it has.
        arms: its arms.
        epochs: (n,), from 1.
        lines: `{arm}.{split}.{measure}` to (n,), medians over the seeds; NaN where no network is left.
    """

    name: str
    slot: int
    arms: Sequence[str]
    epochs: Array
    lines: Mapping[str, Array]


def overlay(
    runs: Sequence[Overlaid],
    target: Target,
    t: Texts,
    *,
    measure: str = "loss",
    split: str = "train",
    log_x: bool = False,
    log_y: bool = False,
    narrow: bool = False,
) -> Spec:
    """One measure of all runs over the epochs, medians over the seeds.

    Args:
        target: what all of them learn.
        measure: `loss`, and `accuracy` for classification, `rmse` or `r2` for regression.
        split: `train` (training mode) or `validation` (inference mode); a run without such a line is left out.
        log_y: without effect on R², which may be negative, and on accuracy.
    """
    part = t(f"figure.{split}")
    sheet = Sheet(f"{t(f'compare.figure.{measure}')} · {part}", 1, 1, height=HEIGHT, narrow=narrow)
    y = value_axis(measure, target, t, log=log_y)
    panel = sheet.panel(0, 0, epochs(t, log=log_x), y)
    for run in runs:
        _draw(sheet, panel, run, f"{split}.{measure}", t, log=y.get("type") == "log")
    for arm in (arm for arm in ARMS if any(arm in run.arms for run in runs)):
        sheet.key(panel, t(f"arm.{arm}"), line={"color": GRAY, "width": 2, "dash": ARMS[arm].dash})
    sheet.subtitle(t("compare.figure.how"))
    return sheet.spec()


def _draw(sheet: Sheet, panel: Panel, run: Overlaid, line: str, t: Texts, *, log: bool) -> None:
    """All arms of a run, each with a mark at its end; the first of the marks stands for the run in the legend."""
    name = escape_plotly(run.name, SHORT if sheet.narrow else LONGEST)
    color, is_first = RUN_COLORS[run.slot], True
    for arm in run.arms:
        if (values := run.lines.get(f"{arm}.{line}")) is None:
            continue
        y = [None if value is None else float(f"{value:.5g}") for value in drawable(values, log=log)]  # short to send
        look = {"color": color, "width": 2, "dash": ARMS[arm].dash}
        hover = f"%{{y}} · {t('figure.at_epoch', epoch=EPOCH)}<br>{t(f'arm.{arm}')}<extra>{name}</extra>"
        common = {"name": name, "legendgroup": f"run{run.slot}"}
        sheet.add(panel, x=run.epochs.tolist(), y=y, line=look, hovertemplate=hover, showlegend=False, **common)
        last = [i for i, value in enumerate(y) if value is not None][-1:]
        sheet.add(
            panel,
            x=[float(run.epochs[i]) for i in last] or [None],
            y=[y[i] for i in last] or [None],
            mode="lines+markers",  # of one point: the line is only seen in the legend
            line={"color": color, "width": 2},
            marker={"symbol": SYMBOLS[run.slot], "size": 9},
            hoverinfo="skip",
            showlegend=is_first,
            **common,
        )
        is_first = False
