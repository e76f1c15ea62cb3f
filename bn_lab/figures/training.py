"""Loss and metric over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bn_lab.arms import ARMS
from bn_lab.engine.history import SPLITS
from bn_lab.experiment import Experiment
from bn_lab.figures.axes import EPOCH, log_axis, share_axis
from bn_lab.figures.bindings import EPOCHS, End, bind, curve, early, epochs_of, limits, row, rows
from bn_lab.figures.data import Data, Measured, with_unit
from bn_lab.figures.series import splits
from bn_lab.figures.sheet import Board, Panel, Sheet, Spec
from bn_lab.figures.style import FAINT, QUIET, SMALL, compact, translucent
from bn_lab.i18n import Texts

HEIGHT = 300

NUMBERS = {
    "loss": ("train_loss", "validation_loss"),
    "accuracy": ("train_accuracy", "validation_accuracy"),
    "rmse": ("rmse", "validation_rmse"),
    "r2": ("r2", "validation_r2"),
}
"""The fields of `summary` that hold a measure at a moment, of training and of validation."""

PALE = 0.32
"""Opacity of what lies ahead of the moment on screen."""

FEW = 300
"""Points of a curve on the stage at most: painted anew with every moment, and the picture is half a page wide."""


def loss(
    experiment: Experiment,
    data: Data,
    t: Texts,
    *,
    log_x: bool = False,
    log_y: bool = False,
    compact: bool = False,
    narrow: bool = False,
) -> Spec:
    """The loss of every arm over the epochs: training solid, validation dashed; a median and a band with several seeds.

    Args:
        compact: for the stage.
    """
    y, title = value_axis("loss", data, t, log=log_y), t("figure.loss.title")
    return _figure(experiment, t, "loss", title, y, log_x=log_x, compact=compact, narrow=narrow)


def metric(
    experiment: Experiment,
    data: Data,
    t: Texts,
    *,
    measure: str = "",
    log_x: bool = False,
    log_y: bool = False,
    compact: bool = False,
    narrow: bool = False,
) -> Spec:
    """The metric of every arm over the epochs.

    Args:
        measure: `rmse` (by default) or `r2` for regression; always `accuracy` for classification.
        log_y: without effect on R², which may be negative, and on accuracy.
        compact: for the stage.
    """
    measure = "accuracy" if data.task == "classification" else measure or "rmse"
    y, title = value_axis(measure, data, t, log=log_y), t(f"figure.metric.{measure}")
    return _figure(experiment, t, measure, title, y, log_x=log_x, compact=compact, narrow=narrow)


def value_axis(measure: str, data: Measured, t: Texts, *, log: bool) -> dict[str, Any]:
    """The axis of a measure in the unit of the target; only the loss and RMSE may have a logarithmic one."""
    if measure == "accuracy":
        return share_axis(title=t("measure.accuracy"), range=[0, 1.03])
    if measure == "r2":
        return {"title": "R²"}
    if measure == "rmse":
        name = with_unit("RMSE", data, t)
    elif data.task == "regression":
        name = with_unit(t("figure.loss.mse"), data, t, power=2)
    else:
        name = t("figure.loss.cross_entropy")
    return log_axis(title=name) if log else {"title": name}


def _figure(
    experiment: Experiment, t: Texts, measure: str, title: str, y: dict[str, Any], *, log_x: bool, compact: bool, narrow: bool
) -> Spec:
    if compact:
        return _compact(experiment, t, measure, title, y, log_x=log_x)
    sheet = Sheet(title, 1, 1, height=HEIGHT, narrow=narrow)
    panel = sheet.panel(0, 0, epochs(t, log=log_x), y)
    if y.get("type") == "log":
        drawn = _drawn(experiment, measure, SPLITS)
        sheet.ranges(panel.y, limits(drawn, drawn))
    sheet.layout["hovermode"] = "x unified"
    for arm in experiment.arms:
        for split in splits(experiment):
            if experiment.seeds > 1:
                _band(sheet, panel, arm, split, measure)
            name = f"{t(f'arm.{arm}')} · {t(f'figure.{split}')}"
            _line(sheet, panel, arm, split, measure, name=name, legendgroup=f"{arm}.{split}", hovertemplate="%{y}")
            _now(sheet, panel, arm, split, measure, legendgroup=f"{arm}.{split}")
        _early(sheet, panel, experiment, arm, measure, t)
    sheet.changes(panel, changes(experiment))
    sheet.cursor(panel)
    if experiment.seeds > 1:
        sheet.subtitle(t("figure.seeds", seeds=experiment.seeds))
    return sheet.spec()


def _compact(experiment: Experiment, t: Texts, measure: str, title: str, y: dict[str, Any], *, log_x: bool) -> Spec:
    """For the stage: all there is in pale colours, and bright what lies before the moment on screen, which is marked.

    The epochs reach to where the run is to end, from the start on, so that nothing moves but the curves. On a logarithmic axis
    they start at the first step, and what was recorded within the first epochs are dots.
    """
    name = y.pop("title")
    said = {"loss": f"{title} · {name}", "rmse": name}.get(measure, title)
    if experiment.validation_share:
        said += f" <span style='font-size:{SMALL}px'>({t('figure.dashed')})</span>"
    board = Board(compact(said, left=46, right=10, top=24, bottom=30))
    quiet = {"zeroline": False, "gridcolor": FAINT, "gridwidth": 1, "tickfont": {"size": SMALL - 1}}
    x = {**epochs(t, log=log_x), **quiet, "nticks": 6, "showgrid": False, "showline": True, "linecolor": QUIET}
    x |= {"title": {"text": t("figure.epoch"), "font": {"size": SMALL - 1}, "standoff": 2}}
    y = {**y, **quiet, "nticks": 4 if y.get("type") == "log" else 6}
    panel = board.place((0, 1, 0, 1), x, y)
    board.ranges(panel.x, limits([1 if log_x else 0, ["epoch"]], ["target"]))
    if "range" not in y:
        steps: list[End] = [[f"{arm}.running_loss", 0] for arm in experiment.arms] if measure == "loss" else []
        drawn = [*_drawn(experiment, measure, ("train",)), *steps]
        board.ranges(panel.y, limits(drawn, drawn))
    for arm in experiment.arms:
        for split in splits(experiment):
            few: dict[str, Any] = {"most": FEW}
            if experiment.seeds > 1 and split == "train":
                _band(board, panel, arm, split, measure, **few)
            _line(board, panel, arm, split, measure, few, opacity=PALE, hoverinfo="skip")
            if measure == "loss" and split == "train":
                _steps(board, panel, arm)
            hover = f"%{{y}} · {t('figure.at_epoch', epoch=EPOCH)}<extra>{t(f'arm.{arm}')}</extra>"
            _line(board, panel, arm, split, measure, {**few, "until": "cursor"}, hovertemplate=hover)
    board.changes(panel, changes(experiment))
    board.cursor(panel)
    for arm in experiment.arms:
        for split in splits(experiment):
            _now(board, panel, arm, split, measure)
        _early(board, panel, experiment, arm, measure, t)
    return board.spec()


def changes(experiment: Experiment) -> list[int]:
    """The epochs after which a number of the training changes."""
    return [phase.first - 1 for phase in experiment.phases if 1 < phase.first <= experiment.epochs]


def _early(board: Board, panel: Panel, experiment: Experiment, arm: str, measure: str, t: Texts) -> None:
    """The best epoch of the validation loss, a star, and the one in which early stopping stops, a cross."""
    if measure == "loss" and experiment.validation_share:
        marker = {"color": ARMS[arm].color, "size": 11, "symbol": ["star", "x"], "line": {"width": 1, "color": "#ffffff"}}
        text = [t("figure.early_best"), t("figure.early_stop")]
        hover = f"%{{text}}: {t('figure.at_epoch', epoch=EPOCH)}<extra>{t(f'arm.{arm}')}</extra>"
        meta = bind(x=early(arm, "x"), y=early(arm, "y"))
        board.add(panel, mode="markers", marker=marker, text=text, hovertemplate=hover, showlegend=False, meta=meta)


def _drawn(experiment: Experiment, measure: str, banded: Sequence[str]) -> list[End]:
    """All that the lines of a measure show; `banded` are the splits that have a band with several seeds."""
    ends: list[End] = []
    for arm in experiment.arms:
        for split in splits(experiment):
            lines = ("low", "high") if experiment.seeds > 1 and split in banded else ("median",)
            ends += [curve(f"{arm}.{split}.{measure}.{line}", part=f"curves.{measure}") for line in lines]
            ends.append([f"{arm}.{NUMBERS[measure][split == 'validation']}", 0])
    return ends


def epochs(t: Texts, *, log: bool, title: bool = True) -> dict[str, Any]:
    """An axis of epochs."""
    hover = {"text": t("figure.at_epoch", epoch=EPOCH)}
    scale = log_axis() if log else {"type": "linear", "rangemode": "nonnegative"}
    return {"title": t("figure.epoch") if title else "", "unifiedhovertitle": hover, **scale}


def _band(board: Board, panel: Panel, arm: str, split: str, measure: str, **more: Any) -> None:
    """Smallest to largest over the seeds; the upper edge fills down to the trace before it."""
    opacity = 0.22 if split == "train" else 0.12
    area = {"fill": "tonexty", "fillcolor": translucent(arm, opacity)}
    for edge, filled in (("low", {}), ("high", area)):
        meta = bind(x=epochs_of(measure, **more), y=curve(f"{arm}.{split}.{measure}.{edge}", **more))
        hidden = {"hoverinfo": "skip", "showlegend": False, "legendgroup": f"{arm}.{split}"}
        board.add(panel, line={"width": 0}, meta=meta, **hidden, **filled)


def _line(
    board: Board, panel: Panel, arm: str, split: str, measure: str, part: dict[str, Any] | None = None, **look: Any
) -> None:
    """The curve, or a part of it."""
    line = {"color": ARMS[arm].color, "width": 2, "dash": "solid" if split == "train" else "dash"}
    part = part or {}
    meta = bind(x=epochs_of(measure, **part), y=curve(f"{arm}.{split}.{measure}.median", **part))
    board.add(panel, line=line, meta=meta, **look)


def _steps(board: Board, panel: Panel, arm: str) -> None:
    """The training loss inside the first epochs, step by step, as small dots."""
    marker = {"color": ARMS[arm].color, "size": 2.5, "opacity": 2 * PALE}
    board.add(panel, mode="markers", marker=marker, hoverinfo="skip", meta=bind(x=EPOCHS, y=rows(f"{arm}.running_loss", 0)))


def _now(board: Board, panel: Panel, arm: str, split: str, measure: str, **more: Any) -> None:
    """A dot at the moment on screen; it also shows a curve of a single point."""
    field = NUMBERS[measure][split == "validation"]
    ring = {"symbol": "circle-open", "line": {"width": 2}}
    look = ring if split == "validation" else {"symbol": "circle", "line": {"width": 1, "color": "#ffffff"}}
    board.add(
        panel,
        mode="markers",
        showlegend=False,
        hoverinfo="skip",
        marker={"color": ARMS[arm].color, "size": 8, **look},
        meta=bind(x=row("epoch"), y=row(f"{arm}.{field}")),
        **more,
    )
