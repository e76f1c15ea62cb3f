"""What the networks predict: against the true values, or as a confusion matrix."""

from __future__ import annotations

import numpy as np

from bn_lab.arms import ARMS
from bn_lab.experiment import Experiment
from bn_lab.figures.bindings import bind, constant, row
from bn_lab.figures.data import Data, named, with_unit
from bn_lab.figures.layers import moment
from bn_lab.figures.series import splits
from bn_lab.figures.sheet import Board, Panel, Sheet, Spec
from bn_lab.figures.style import DARK, GRAY, LEFT, QUIET, SMALL, escape_plotly, text_width
from bn_lab.figures.style import compact as compact_layout
from bn_lab.i18n import Texts

FIELDS = {"train": "predictions", "validation": "validation_predictions"}
SLANTED = 15
"""Pixels from which on names of classes stand aslant below a confusion matrix."""

COUNTS = [[0, "#e4e9f0"], [1, "#4f93d2"]]
"""From none to the most samples in a cell. All of it is light enough for dark numbers, in both themes: those that Plotly picks
by the cell are hard to read in the middle of any scale."""

SYMBOLS = {"train": "circle", "validation": "circle-open"}


BEYOND = 0.35
"""How far the axis of predictions on the stage reaches beyond the true values, as a share of their range."""


def predictions(experiment: Experiment, data: Data, t: Texts, *, compact: bool = False, narrow: bool = False) -> Spec:
    """Regression: predicted over actual values at the epoch on screen, a panel for each arm, all axes of the same range.

    Predictions of the first moments may lie far outside of what there is, and a range that never shrank would hide all that
    follows. So the axes fit what is on screen.

    Args:
        compact: for the stage: all arms in one panel on axes that stay, whatever is predicted.
    """
    if compact:
        return _compact(experiment, data, t)
    arms = experiment.arms
    columns = min(2, len(arms)) if narrow else len(arms)
    sheet = Sheet(
        t("figure.predictions.title", target=escape_plotly(data.target_name)),
        -(-len(arms) // columns),
        columns,
        height=160 if narrow else 220,
        heading=30 if narrow or columns > 3 else 16,
        narrow=narrow,
    )
    for k, arm in enumerate(arms):
        matches = {"matches": "x"} if k else {}
        below = with_unit(t("figure.predictions.x"), data, t) if k + columns >= len(arms) else ""
        side = with_unit(t("figure.predictions.y"), data, t) if k % columns == 0 else ""
        panel = sheet.panel(
            k // columns, k % columns, {"title": below, **matches}, {"title": side, "matches": "x"}, t(f"arm.{arm}")
        )
        diagonal = {"name": t("figure.predictions.diagonal"), "legendgroup": "diagonal", "showlegend": k == 0}
        line = {"color": GRAY, "width": 1.5, "dash": "dash"}
        sheet.add(panel, line=line, hoverinfo="skip", meta=bind(x=constant("actual"), y=constant("actual")), **diagonal)
        for split in splits(experiment):
            _points(sheet, panel, t, arm, split)
            if k == 0:
                look = {"color": GRAY, "size": 6, "symbol": SYMBOLS[split]}
                sheet.key(panel, t(f"figure.{split}"), mode="markers", legendgroup=split, marker=look)
    moment(sheet, experiment, t)
    return sheet.spec()


def _compact(experiment: Experiment, data: Data, t: Texts) -> Spec:
    """A network that predicts the same for all is a horizontal row of dots, a good one the diagonal."""
    low, high = float(np.min(data.target)), float(np.max(data.target))
    span = high - low or 1.0
    beside, beyond = 0.04 * span, BEYOND * span
    said = t("figure.predictions.title", target=escape_plotly(named(data.target_name, t)))
    board = Board(compact_layout(said, left=46, right=10, top=24, bottom=30))
    quiet = {"zeroline": False, "nticks": 6, "tickfont": {"size": SMALL - 1}, "showgrid": False, "showline": True}
    quiet |= {"linecolor": QUIET}
    axes = []
    for letter in "xy":
        title = {"text": with_unit(t(f"figure.predictions.{letter}"), data, t), "font": {"size": SMALL - 1}, "standoff": 2}
        axes.append({**quiet, "title": title})
    x = {**axes[0], "range": [low - beside, high + beside]}
    panel = board.place((0, 1, 0, 1), x, {**axes[1], "range": [low - beyond, high + beyond]})
    ends = constant("actual")
    board.add(panel, line={"color": GRAY, "width": 1.5, "dash": "dash"}, hoverinfo="skip", meta=bind(x=ends, y=ends))
    for arm in experiment.arms:
        for split in splits(experiment):
            _points(board, panel, t, arm, split, size=4.5)
    return board.spec()


def _points(board: Board, panel: Panel, t: Texts, arm: str, split: str, size: float = 6) -> None:
    hover = t("figure.predictions.hover", actual="%{x}", predicted="%{y}")
    board.add(
        panel,
        mode="markers",
        name=t(f"figure.{split}"),
        legendgroup=split,
        showlegend=False,
        marker={
            "color": ARMS[arm].color,
            "size": size,
            "symbol": SYMBOLS[split],
            "opacity": 0.6 if split == "train" else 1,
        },
        hovertemplate=f"{hover}<extra>{t(f'arm.{arm}')}</extra>",
        meta=bind(x=constant(f"shown.{split}"), y=row(f"{arm}.{FIELDS[split]}")),
    )


def confusion(experiment: Experiment, data: Data, t: Texts, *, split: str = "train", narrow: bool = False) -> Spec:
    """Classification: how many samples of each class (rows) are taken for each class (columns), a panel for each arm.

    Args:
        split: `train` or `validation`.
    """
    arms, names = experiment.arms, [escape_plotly(name, 12) for name in data.classes]
    longest = max(text_width(name) for name in names)
    slanted = longest > SLANTED
    columns = min(1 if len(names) > 4 else 2, len(arms)) if narrow else len(arms)
    sheet = Sheet(
        t("figure.confusion.title", split=t(f"figure.{split}")),
        -(-len(arms) // columns),
        columns,
        height=max(140, 24 * len(names)),
        heading=30 if narrow or columns > 3 else 16,
        feet=int(0.64 * longest) if slanted else 0,
        left=LEFT - 16 + int(longest),
        narrow=narrow,
    )
    ticks = {
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "showgrid": False,
        "showline": False,
        "ticks": "",
    }
    for k, arm in enumerate(arms):
        x = {**ticks, "title": t("figure.confusion.x") if k + columns >= len(arms) else "", "tickangle": -40 if slanted else 0}
        first = k % columns == 0
        y = {**ticks, "title": t("figure.confusion.y") if first else "", "autorange": "reversed", "showticklabels": first}
        panel = sheet.panel(k // columns, k % columns, x, y, t(f"arm.{arm}"))
        _matrix(sheet, panel, data, t, arm, split)
    sheet.layout["coloraxis"] = {
        "colorscale": COUNTS,
        "cmin": 0,
        "showscale": not narrow,
        "colorbar": {"title": {"text": t("figure.confusion.count")}, "thickness": 10, "outlinewidth": 0},
    }
    moment(sheet, experiment, t)
    return sheet.spec()


def _matrix(sheet: Sheet, panel: Panel, data: Data, t: Texts, arm: str, split: str) -> None:
    classes = [escape_plotly(name) for name in data.classes]
    hover = t("figure.confusion.hover", actual="%{customdata[0]}", predicted="%{customdata[1]}", count="%{z}")
    sheet.add(
        panel,
        type="heatmap",
        coloraxis="coloraxis",
        xgap=2,
        ygap=2,
        texttemplate="%{z}",
        textfont={"color": DARK},
        customdata=[[[actual, predicted] for predicted in classes] for actual in classes],
        hovertemplate=f"{hover}<extra>{t(f'arm.{arm}')}</extra>",
        meta=bind(z=row(f"{arm}.{FIELDS[split]}", shape=[len(classes), len(classes)])),
    )
