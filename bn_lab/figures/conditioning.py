"""What sets the scale of the layers: the gauge σ²_B / ε, γ and β, and the norm of the gradient."""

from __future__ import annotations

from collections.abc import Sequence

from bn_lab.arms import ARMS
from bn_lab.experiment import Experiment
from bn_lab.figures.axes import EPOCH, log_axis
from bn_lab.figures.bindings import EPOCHS, End, bind, limits, row, rows
from bn_lab.figures.data import Data
from bn_lab.figures.layers import chosen_layers, moment
from bn_lab.figures.parts import QUANTILES, UNITS, units
from bn_lab.figures.sheet import Panel, Sheet, Spec
from bn_lab.figures.style import GRAY, legend, translucent
from bn_lab.figures.training import epochs
from bn_lab.i18n import Texts

GREEK = {"gamma": "γ", "beta": "β"}


def gauged(experiment: Experiment) -> list[str]:
    """The arms whose normalizer divides by the deviation of the batch, so that ε stands beside σ²_B."""
    return [arm for arm in experiment.arms if "variance" in ARMS[arm].statistics]


def scaled(experiment: Experiment) -> list[str]:
    """The arms whose normalizer has γ or β."""
    return [arm for arm in experiment.arms if GREEK.keys() & ARMS[arm].parameters]


def gauge(experiment: Experiment, data: Data, t: Texts, *, narrow: bool = False) -> Spec:
    """σ²_B / ε of each layer at the epoch on screen: median of the units, whiskers to the smallest and the largest.

    Far above 1 the variance decides and x̂ has standard deviation 1; below 1 it is ε that decides.
    """
    arms = gauged(experiment)
    sheet = Sheet(t("figure.gauge.title"), 1, 1, height=240, narrow=narrow)
    x = {"title": t("figure.gauge.x"), "dtick": 1, "range": [0.5, experiment.depth + 0.5]}
    y = log_axis(title=t("figure.gauge.y"))
    panel = sheet.panel(0, 0, x, y)
    for k, arm in enumerate(arms):
        for layer in range(1, experiment.depth + 1):
            _whisker(sheet, panel, t, arm, layer, layer + 0.16 * (k - (len(arms) - 1) / 2))
    _line_at_one(sheet, panel, experiment, t)
    sheet.ranges(panel.y, limits([1, *([f"{arm}.gauge_low"] for arm in arms)], [1, *([f"{arm}.gauge"] for arm in arms)]))
    moment(sheet, experiment, t)
    return sheet.spec()


def _whisker(sheet: Sheet, panel: Panel, t: Texts, arm: str, layer: int, x: float) -> None:
    """Smallest, median and largest, one above the other."""
    sheet.add(
        panel,
        x=[x] * 3,
        mode="lines+markers",
        **legend(arm, t, first=layer == 1),
        line={"color": ARMS[arm].color, "width": 2},
        marker={"color": ARMS[arm].color, "symbol": ["line-ew-open", "circle", "line-ew-open"], "size": 10},
        customdata=[t("figure.gauge.smallest"), t("figure.gauge.median"), t("figure.gauge.largest")],
        hovertemplate=f"{t('figure.layer', layer=layer)}, %{{customdata}}: %{{y}}<extra>{t(f'arm.{arm}')}</extra>",
        meta=bind(y=row(f"{arm}.gauge", 3 * (layer - 1), 3 * layer)),
    )


def _line_at_one(sheet: Sheet, panel: Panel, experiment: Experiment, t: Texts) -> None:
    ends = [0.5, experiment.depth + 0.5]
    line = {"color": GRAY, "width": 1.5, "dash": "dash"}
    sheet.add(panel, x=ends, y=[1, 1], line=line, name=t("figure.gauge.one"), hoverinfo="skip")


def gamma_beta(
    experiment: Experiment,
    data: Data,
    t: Texts,
    *,
    layers: Sequence[int] | None = None,
    log_x: bool = False,
    narrow: bool = False,
) -> Spec:
    """γ and β of the layers over the epochs: a line for each unit, or for wide layers median, quartiles and extremes."""
    shown = chosen_layers(experiment, layers)
    names = [name for name in GREEK if any(name in ARMS[arm].parameters for arm in experiment.arms)]
    size = (len(shown), len(names)) if narrow else (len(names), len(shown))
    sheet = Sheet(t("figure.gamma_beta.title"), *size, height=150, heading=16, narrow=narrow)
    for j, name in enumerate(names):
        first: Panel | None = None
        for n, layer in enumerate(shown):
            place = (n, j) if narrow else (j, n)
            x = epochs(t, log=log_x, title=place[0] == size[0] - 1)
            y = {"title": GREEK[name] if place[1] == 0 else "", **({"matches": first.y} if first else {})}
            panel = sheet.panel(*place, x, y, f"{GREEK[name]} · {t('figure.layer', layer=layer)}")
            first = first or panel
            for arm in (arm for arm in experiment.arms if name in ARMS[arm].parameters):
                draw = _units if experiment.width <= UNITS else _quantiles
                draw(sheet, panel, experiment, t, arm, name, layer, first=j == n == 0)
            sheet.cursor(panel)
    key = "figure.gamma_beta.units" if experiment.width <= UNITS else "figure.gamma_beta.quartiles"
    sheet.subtitle(t(key, seed=experiment.seed))
    return sheet.spec()


def _units(
    sheet: Sheet, panel: Panel, experiment: Experiment, t: Texts, arm: str, name: str, layer: int, *, first: bool
) -> None:
    count = units(experiment)
    for unit in range(count):
        hover = t("figure.gamma_beta.hover", unit=unit + 1, value="%{y}", epoch=EPOCH)
        sheet.add(
            panel,
            **legend(arm, t, first=first and unit == 0),
            line={"color": ARMS[arm].color, "width": 1.5},
            opacity=0.75,
            hovertemplate=f"{hover}<extra>{t(f'arm.{arm}')}</extra>",
            meta=bind(x=EPOCHS, y=rows(f"{arm}.{name}", (layer - 1) * count + unit)),
        )


def _quantiles(
    sheet: Sheet, panel: Panel, experiment: Experiment, t: Texts, arm: str, name: str, layer: int, *, first: bool
) -> None:
    """Smallest to largest, quartiles, then the median on top; an upper edge fills down to the trace before it."""
    for k, opacity in ((0, 0.0), (4, 0.15), (1, 0.0), (3, 0.3), (2, 0.0)):
        sheet.add(
            panel,
            **legend(arm, t, first=first and k == 2),
            line={"color": ARMS[arm].color, "width": 2 if k == 2 else 0},
            hovertemplate=f"{100 * QUANTILES[k]:g}%: %{{y}}<extra>{t(f'arm.{arm}')}</extra>",
            meta=bind(x=EPOCHS, y=rows(f"{arm}.{name}", (layer - 1) * len(QUANTILES) + k)),
            **({"fill": "tonexty", "fillcolor": translucent(arm, opacity)} if opacity else {}),
        )


def gradients(
    experiment: Experiment,
    data: Data,
    t: Texts,
    *,
    layers: Sequence[int] | None = None,
    log_x: bool = False,
    narrow: bool = False,
) -> Spec:
    """The norm of the weights' gradient over the epochs, all arms: a panel for each layer on one scale, the output's last."""
    shown = (*chosen_layers(experiment, layers), experiment.depth + 1)
    sheet = Sheet(t("figure.gradients.title"), -(-len(shown) // 2), 2, height=150, heading=16, narrow=narrow)
    norms: list[End] = [[f"{arm}.gradient_norm", layer - 1] for arm in experiment.arms for layer in shown]
    first: Panel | None = None
    for n, layer in enumerate(shown):
        x = epochs(t, log=log_x, title=n + 2 >= len(shown))
        y = log_axis(title=t("figure.gradients.y") if n % 2 == 0 else "", nticks=4, **({"matches": first.y} if first else {}))
        title = t("figure.output_layer") if layer > experiment.depth else t("figure.layer", layer=layer)
        panel = sheet.panel(n // 2, n % 2, x, y, title)
        sheet.ranges(panel.y, limits(norms, norms))
        first = first or panel
        for arm in experiment.arms:
            sheet.add(
                panel,
                **legend(arm, t, first=n == 0),
                line={"color": ARMS[arm].color, "width": 1.5},
                hovertemplate="%{y}",
                meta=bind(x=EPOCHS, y=rows(f"{arm}.gradient_norm", layer - 1)),
            )
        sheet.cursor(panel)
    sheet.layout["hovermode"] = "x unified"
    sheet.subtitle(t("figure.last_batch", seed=experiment.seed))
    return sheet.spec()
