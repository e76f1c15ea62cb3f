"""Figures: pure functions from an experiment to templates that the browser fills with a run's numbers.

To add one: write a function `(experiment, data, t, *, options) -> go.Figure` and add its line to `FIGURES`, and its
texts, `alt` among them, to the catalogues as `[figure.<name>]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import plotly.graph_objects as go

from bn_lab.experiment import Experiment
from bn_lab.figures.boundary import boundary
from bn_lab.figures.boundary import suits as has_boundary
from bn_lab.figures.data import Data
from bn_lab.figures.layers import histograms, ribbons, some_layers, stages_in_order
from bn_lab.figures.predicted import confusion, predictions
from bn_lab.figures.records import fields, row
from bn_lab.figures.scale import gamma_beta, gauge, gradients, has_batch_norm
from bn_lab.figures.series import LIMIT, curves
from bn_lab.figures.style import COLORS
from bn_lab.figures.tables import statistics
from bn_lab.figures.training import loss, metric
from bn_lab.i18n import Texts


class Picture(NamedTuple):
    """A figure: the function that draws it, and whether an experiment on some data has it."""

    draw: Callable[..., go.Figure]
    suits: Callable[[Experiment, Data], bool] = lambda experiment, data: True


FIGURES: Mapping[str, Picture] = {
    "loss": Picture(loss),
    "metric": Picture(metric),
    "boundary": Picture(boundary, lambda experiment, data: has_boundary(data)),
    "histograms": Picture(histograms),
    "ribbons": Picture(ribbons),
    "gauge": Picture(gauge, lambda experiment, data: has_batch_norm(experiment)),
    "gamma_beta": Picture(gamma_beta, lambda experiment, data: has_batch_norm(experiment)),
    "gradients": Picture(gradients),
    "predictions": Picture(predictions, lambda experiment, data: data.task == "regression"),
    "confusion": Picture(confusion, lambda experiment, data: data.task == "classification"),
}
"""All figures by name, in the order of the page."""


def figure_names(experiment: Experiment, data: Data) -> tuple[str, ...]:
    """The figures that an experiment on this data has."""
    return tuple(name for name, picture in FIGURES.items() if picture.suits(experiment, data))


def alt(name: str, t: Texts) -> str:
    """What a figure shows, in one sentence, for those who do not see it."""
    return t(f"figure.{name}.alt")


__all__ = [
    "COLORS",
    "FIGURES",
    "LIMIT",
    "alt",
    "curves",
    "fields",
    "figure_names",
    "row",
    "some_layers",
    "stages_in_order",
    "statistics",
]
