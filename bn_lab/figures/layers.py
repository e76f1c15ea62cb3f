"""The distribution of what a layer computes: histograms at one epoch, percentiles over all epochs.

A histogram's bins span what there was at its epoch, so bins of different epochs are not the same; a heat map over the
epochs would have to invent numbers. Percentiles need no bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bn_lab.arms import ARMS, normalized
from bn_lab.engine.history import STAGES, stages
from bn_lab.experiment import Experiment
from bn_lab.figures.axes import share_axis
from bn_lab.figures.bindings import EPOCHS, Part, bind, empty_bin, limits, numbers_of, percentile_of, row, rows, share_of
from bn_lab.figures.data import Data
from bn_lab.figures.sheet import Panel, Sheet, Spec
from bn_lab.figures.style import legend, translucent
from bn_lab.figures.training import epochs
from bn_lab.i18n import Texts

MOST = 4
"""Layers that a figure shows by default."""


def some_layers(depth: int, most: int = MOST) -> tuple[int, ...]:
    """Layers, counted from 1, to be shown where nobody chose: all of a few, else the first, the middle and the last."""
    return tuple(range(1, depth + 1)) if depth <= most else (1, (depth + 1) // 2, depth)


def chosen_layers(experiment: Experiment, layers: Sequence[int] | None, most: int = MOST) -> tuple[int, ...]:
    """The layers asked for that the experiment has, else `some_layers`."""
    chosen = tuple(layer for layer in layers or () if 1 <= layer <= experiment.depth)
    return chosen or some_layers(experiment.depth, most)


def stages_in_order(experiment: Experiment) -> tuple[str, ...]:
    """The stages that any arm has, in the order of computation; with BN on both sides of the activation that of `before`."""
    present = tuple(stage for stage in STAGES if any(stage in stages(arm) for arm in experiment.arms))
    if {ARMS[arm].placement for arm in normalized(experiment.arms)} != {"after"}:
        return present
    return tuple(sorted(present, key=("pre_activation", "activation", "normalized", "scaled").index))


def moment(sheet: Sheet, experiment: Experiment, t: Texts) -> None:
    """Say which epoch and which network is on screen."""
    sheet.subtitle(t("figure.moment", epoch="{0}", seed=experiment.seed), row("epoch", 0))


def histograms(
    experiment: Experiment, data: Data, t: Texts, *, layers: Sequence[int] | None = None, narrow: bool = False
) -> Spec:
    """Every stage of the layers at the epoch on screen, all arms on the same axis: how many of the values lie in each bin.

    Args:
        layers: counted from 1.
    """
    shown = chosen_layers(experiment, layers)
    present = stages_in_order(experiment)
    columns = min(2, len(present)) if narrow else len(present)
    deep = -(-len(present) // columns)  # rows of panels for each layer
    heading, between = (30, "<br>") if narrow or columns > 3 else (16, " · ")
    sheet = Sheet(t("figure.histograms.title"), len(shown) * deep, columns, height=130, heading=heading, narrow=narrow)
    for n, layer in enumerate(shown):
        for k, stage in enumerate(present):
            title = f"{t('figure.layer', layer=layer)}{between}{t(f'stage.{stage}')}"
            last = n == len(shown) - 1 and k + columns >= len(present)
            x = {"title": t("figure.histograms.x") if last else ""}
            y = share_axis(title=t("figure.histograms.y") if k % columns == 0 else "")
            panel = sheet.panel(n * deep + k // columns, k % columns, x, y, title)
            _fill_histogram(sheet, panel, experiment, t, layer, stage, first=n == k == 0)
    sheet.layout["hovermode"] = "x"
    moment(sheet, experiment, t)
    return sheet.spec()


def _fill_histogram(
    sheet: Sheet, panel: Panel, experiment: Experiment, t: Texts, layer: int, stage: str, *, first: bool
) -> None:
    arms = [arm for arm in experiment.arms if stage in stages(arm)]
    for arm in arms:
        sheet.add(
            panel,
            **legend(arm, t, first=first),
            line={"color": ARMS[arm].color, "width": 1.5, "shape": "hvh"},
            fill="tozeroy",
            fillcolor=translucent(arm, 0.25),
            hovertemplate="%{y}",
            meta=outline(arm, layer, stage),
        )
    low, high, peak = (numbers_of(arms, layer, stage, name) for name in ("low", "high", "peak"))
    sheet.ranges(panel.x, limits(low, high))
    sheet.ranges(panel.y, limits([empty_bin(arm, layer, stage) for arm in arms], peak))


def outline(arm: str, layer: int, stage: str) -> dict[str, Any]:
    """What fills the outline of a histogram."""
    x0, dx = (row(f"{arm}.{stage}.{name}", layer - 1) for name in ("x0", "dx"))
    return bind(x0=x0, dx=dx, y=row(*share_of(arm, layer, stage)))


def ribbons(
    experiment: Experiment,
    data: Data,
    t: Texts,
    *,
    stage: str = STAGES[0],
    layers: Sequence[int] | None = None,
    log_x: bool = False,
    narrow: bool = False,
) -> Spec:
    """One stage of the layers over all epochs, a column for each arm that has it: median, 25–75% and 5–95% of the values."""
    shown = chosen_layers(experiment, layers)
    arms = [arm for arm in experiment.arms if stage in stages(arm)] or list(experiment.arms[:1])
    columns = min(2, len(arms)) if narrow else len(arms)
    deep = -(-len(arms) // columns)
    title = t("figure.ribbons.title", stage=t(f"stage.{stage}"))
    heading, between = (30, "<br>") if narrow or columns > 3 else (16, " · ")
    sheet = Sheet(title, len(shown) * deep, columns, height=140, heading=heading, narrow=narrow)
    for n, layer in enumerate(shown):
        for k, arm in enumerate(arms):
            name = f"{t('figure.layer', layer=layer)}{between}{t(f'arm.{arm}')}"
            last = n == len(shown) - 1 and k + columns >= len(arms)
            y = {"title": t("figure.ribbons.y") if k % columns == 0 else ""}
            panel = sheet.panel(n * deep + k // columns, k % columns, epochs(t, log=log_x, title=last), y, name)
            if stage in stages(arm):
                _fill_ribbon(sheet, panel, t, arm, layer, stage)
                sheet.cursor(panel)
    sheet.layout["hovermode"] = "x unified"
    sheet.subtitle(t("figure.percentiles", seed=experiment.seed))
    return sheet.spec()


def _fill_ribbon(sheet: Sheet, panel: Panel, t: Texts, arm: str, layer: int, stage: str) -> None:
    """Both bands, the wide one first, then the median on top; an upper edge fills down to the trace before it."""
    for low, high, opacity in ((5, 95, 0.18), (25, 75, 0.35)):
        for percentile in (low, high):
            area = {"fill": "tonexty", "fillcolor": translucent(arm, opacity)} if percentile == high else {}
            _percentile(sheet, panel, t, arm, percentile_of(arm, layer, stage, percentile), percentile, 0, area)
    _percentile(sheet, panel, t, arm, percentile_of(arm, layer, stage, 50), 50, 2, {})


def _percentile(
    sheet: Sheet, panel: Panel, t: Texts, arm: str, part: Part, percentile: int, width: int, area: dict[str, str]
) -> None:
    sheet.add(
        panel,
        name=f"{percentile}%",
        line={"color": ARMS[arm].color, "width": width},
        showlegend=False,
        hovertemplate="%{y}",
        meta=bind(x=EPOCHS, y=rows(*part)),
        **area,
    )
