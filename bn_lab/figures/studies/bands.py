"""Smoothness along the gradient, after the figures of Santurkar et al. (2018)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bn_lab.engine.outcome import Smoothness
from bn_lab.engine.types import Array
from bn_lab.figures.axes import log_axis
from bn_lab.figures.sheet import Panel, Sheet, Spec
from bn_lab.figures.studies.drawing import MOST_PANELS, band, line
from bn_lab.figures.studies.numbers import Results, label, outcomes, progress, worst_if_nan
from bn_lab.i18n import Texts
from bn_lab.studies.study import Cell, Study

KINDS = ("loss", "change", "beta")


def bands(study: Study, results: Results, t: Texts, *, narrow: bool = False) -> Spec:
    """Band of the loss, band of the gradient's change, and effective β over the steps; medians over the seeds."""
    cells = study.cells[: MOST_PANELS // 3]
    rows, columns = (3 * len(cells), 1) if narrow else (len(cells), 3)
    sheet = Sheet(t("claims.figure.bands"), rows, columns, height=230, heading=34, narrow=narrow)
    for n, cell in enumerate(cells):
        for k, kind in enumerate(KINDS):
            place = (3 * n + k, 0) if narrow else (n, k)
            title = "<br>".join(part for part in (label(cell.values, t), t(f"claims.figure.{kind}")) if part)
            x = {"title": t("claims.figure.step") if place[0] == rows - 1 else ""}
            panel = sheet.panel(*place, x, log_axis(), title)
            for arm in study.base.arms:
                _draw(sheet, panel, study, results, arm, cell, kind, t, first=n == k == 0)
    sheet.subtitle(progress(study, results, t, spread=False))
    return sheet.spec()


def _draw(
    sheet: Sheet, panel: Panel, study: Study, results: Results, arm: str, cell: Cell, kind: str, t: Texts, *, first: bool
) -> None:
    records = [o.smoothness for o in outcomes(study, results, arm, cell) if o.smoothness is not None]
    if not records:
        return
    steps = records[0].steps.tolist()
    if kind == "beta":
        line(sheet, panel, arm, steps, _median(records, "beta"), t, log=True, first=first)
        return
    low, high = _median(records, f"{kind}_low"), _median(records, f"{kind}_high")
    band(sheet, panel, arm, steps, low, high, log=True)
    line(sheet, panel, arm, steps, high, t, log=True, first=first)


def _median(records: Sequence[Smoothness], name: str) -> Array:
    """Over the seeds, (P,); one that has diverged counts as the worst there can be."""
    return np.asarray(
        np.median(worst_if_nan(np.stack([getattr(each, name) for each in records]), lower_is_better=True), axis=0)
    )
