"""Made-up outcomes of networks, for the tests of what is drawn and said of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from bn_lab.datasets import load
from bn_lab.engine.outcome import Outcome, Smoothness
from bn_lab.engine.steps import Steps
from bn_lab.experiment import Experiment
from bn_lab.figures.studies import Results
from bn_lab.studies.networks import Network
from bn_lab.studies.study import Study


def outcome(experiment: Experiment, diverged: int = 0, **more: Any) -> Outcome:
    """Numbers that depend on nothing but the experiment, and fall (losses) or rise (accuracies) over the epochs."""
    draw = np.random.default_rng(int(Network(experiment).key, 16))
    epochs = np.arange(1, experiment.epochs + 1)
    chosen = epochs[[0, -1]] if len(epochs) > 1 else epochs
    is_classes = load(experiment.dataset).task == "classification"
    held = experiment.validation_share > 0

    def series(n: int, *, rising: bool = False) -> Any:
        falling = draw.uniform(0.2, 1) / np.linspace(1, 1 + draw.uniform(1, 9), n)
        return 1 - falling if rising else falling

    loss = series(len(epochs))
    if diverged:
        loss[diverged - 1 :] = np.nan
    values: dict[str, Any] = {
        "experiment": experiment,
        "train_loss": loss,
        "train_accuracy": np.where(np.isnan(loss), np.nan, series(len(epochs), rising=True)) if is_classes else None,
        "validation_loss": np.where(np.isnan(loss), np.nan, series(len(epochs))) if held else None,
        "validation_accuracy": np.where(np.isnan(loss), np.nan, series(len(epochs), rising=True))
        if held and is_classes
        else None,
        "inference_epochs": chosen,
        "inference_loss": np.where(np.isnan(loss[chosen - 1]), np.nan, series(len(chosen))),
        "inference_accuracy": np.where(np.isnan(loss[chosen - 1]), np.nan, series(len(chosen), rising=True))
        if is_classes
        else None,
        "steps": Steps(((1, 5),)),
        "seconds": 0.5,
        "diverged": diverged,
        "final": {f"{way}.validation.accuracy": draw.uniform() for way in ("batch", "moving", "precise")},
        "smoothness": smoothness(draw),
    }
    return Outcome(**values | more)


def smoothness(draw: np.random.Generator) -> Smoothness:
    low = draw.uniform(0.1, 1, (3, 4))
    return Smoothness(
        steps=np.arange(4),
        distances=np.array([0.1, 0.2]),
        loss_low=low[0],
        loss_high=2 * low[0],
        change_low=low[1],
        change_high=3 * low[1],
        beta=low[2],
    )


def results(study: Study, diverged: Callable[[Network], int] = lambda network: 0, leave_out: Collection[str] = ()) -> Results:
    """An outcome of every network but those to be left out."""
    kept = [network for network in study.networks if network.key not in leave_out]
    return {network.key: outcome(network.experiment, diverged(network)) for network in kept}
