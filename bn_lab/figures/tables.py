"""The table of statistics: layer by layer and arm by arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bn_lab.arms import ARMS
from bn_lab.engine.history import batch_norm_input, stages
from bn_lab.experiment import Experiment
from bn_lab.figures.bindings import row
from bn_lab.figures.data import Data
from bn_lab.i18n import Texts
from bn_lab.numerals import NOTHING

Cell = str | Mapping[str, Any]


class TableTemplate(NamedTuple):
    """Headings, and rows whose first cell is a heading; a cell is a text or the binding of a number with its format."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def statistics(experiment: Experiment, data: Data, t: Texts, *, layers: Sequence[int] | None = None) -> TableTemplate:
    """Mean and standard deviation before, within and after batch normalization and after the activation, flat and dead
    shares, and σ²_B / ε (median).

    Without batch normalization "before" is the pre-activation.
    """
    columns = [t(f"table.statistics.{name}") for name in ("layer", *_HEADINGS)]
    shown = layers or range(1, experiment.depth + 1)
    return TableTemplate(columns, [_row(arm, layer, t) for layer in shown for arm in experiment.arms])


_HEADINGS = (
    "input_mean",
    "input_std",
    "normalized_mean",
    "normalized_std",
    "scaled_mean",
    "scaled_std",
    "activation_mean",
    "activation_std",
    "saturated",
    "dead",
    "gauge",
)


def _row(arm: str, layer: int, t: Texts) -> list[Cell]:
    cells: list[Cell] = [t("table.statistics.row", layer=layer, arm=t(f"arm.{arm}"))]
    for stage in (batch_norm_input(arm), "normalized", "scaled", "activation"):
        for moment in ("mean", "std"):
            known = stage in stages(arm)
            scale = {"scale": row(f"{arm}.{stage}.std", layer - 1)} if moment == "mean" else {}
            cells.append(row(f"{arm}.{stage}.{moment}", layer - 1, format="number", **scale) if known else NOTHING)
    cells += [row(f"{arm}.{share}", layer - 1, format="percent") for share in ("saturated", "dead")]
    cells.append(row(f"{arm}.gauge", 3 * layer - 2, format="number") if "variance" in ARMS[arm].statistics else NOTHING)
    return cells
