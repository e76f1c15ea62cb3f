"""Outcomes made up for tests of what is done with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from bn_lab.engine.outcome import Outcome
from bn_lab.engine.steps import Steps
from bn_lab.experiment import Experiment

ONE = Experiment(arms=("none",), epochs=4)


def outcome(experiment: Experiment = ONE, **known: Any) -> Outcome:
    """An outcome with these numbers, and plausible ones elsewhere."""
    epochs = len(known.get("train_loss", range(4)))
    default: dict[str, Any] = {
        "train_loss": np.linspace(4, 1, epochs),
        "train_accuracy": None,
        "validation_loss": None,
        "validation_accuracy": None,
        "inference_epochs": np.array([epochs]),
        "inference_loss": np.array([0.9]),
        "inference_accuracy": None,
        "steps": Steps(((1, 16),)),
        "seconds": 2.0,
        "diverged": 0,
        "final": {},
        "smoothness": None,
    }
    return Outcome(experiment=experiment, **(default | known))
