"""All figure templates of a run by name.

To add one: write a function `(experiment, data, t, *, options) -> Spec` and add its line to `FIGURES`, and its
texts, `alt` among them, to the catalogues as `[figure.<name>]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from bn_lab.experiment import Experiment
from bn_lab.figures.boundary import boundary
from bn_lab.figures.boundary import suits as has_boundary
from bn_lab.figures.conditioning import gamma_beta, gauge, gauged, gradients, scaled
from bn_lab.figures.data import Data
from bn_lab.figures.layers import histograms, ribbons
from bn_lab.figures.predicted import confusion, predictions
from bn_lab.figures.sheet import Spec
from bn_lab.figures.stage import network
from bn_lab.figures.training import loss, metric
from bn_lab.i18n import Texts


class Picture(NamedTuple):
    """A figure: the function that draws it, and whether an experiment on some data has it."""

    draw: Callable[..., Spec]
    suits: Callable[[Experiment, Data], bool] = lambda experiment, data: True


FIGURES: Mapping[str, Picture] = {
    "network": Picture(network),
    "loss": Picture(loss),
    "metric": Picture(metric),
    "boundary": Picture(boundary, lambda experiment, data: has_boundary(data)),
    "histograms": Picture(histograms),
    "ribbons": Picture(ribbons),
    "gauge": Picture(gauge, lambda experiment, data: bool(gauged(experiment))),
    "gamma_beta": Picture(gamma_beta, lambda experiment, data: bool(scaled(experiment))),
    "gradients": Picture(gradients),
    "predictions": Picture(predictions, lambda experiment, data: data.task == "regression"),
    "confusion": Picture(confusion, lambda experiment, data: data.task == "classification"),
}
"""All figures by name, in the order of the page."""


def figure_names(experiment: Experiment, data: Data) -> tuple[str, ...]:
    """The figures that an experiment on this data has."""
    return tuple(name for name, picture in FIGURES.items() if picture.suits(experiment, data))


def beside_loss(data: Data) -> str:
    """The figure that stands beside the loss on the stage: what the networks make of the plane, where there is one; else their
    predictions against the true values, or for classes the accuracy.

    For regression RMSE would be the loss once more. Predictions show what a loss does not: that batch normalization is behind
    at first because its network still predicts the same small number for every sample.
    """
    if has_boundary(data):
        return "boundary"
    return "predictions" if data.task == "regression" else "metric"


def alt(name: str, t: Texts) -> str:
    """What a figure shows, in one sentence, for those who do not see it."""
    return t(f"figure.{name}.alt")
