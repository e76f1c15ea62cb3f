"""Presets: named experiments, each of which asks a question. Their words are in the catalogues, `preset.<id>.title` and
`preset.<id>.question`.

To add one: a line in `PRESETS`, and its two texts in both languages. `LESSON` and `DIGITS` are also what the studies and the
steps of the lesson are made of. Each says its `epochs`, so that another default in `Experiment` changes none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bn_lab.experiment import Experiment


@dataclass(frozen=True)
class Preset:
    """An experiment worth a name.

    Attributes:
        id: name on the command line and in the catalogues.
        experiment: the choices.
        claim: name of the study (`bn_lab.studies.claims.STUDIES`) whose question it asks in small; empty where it asks one of
            its own.
        counter: whether it shows the other side of that claim.
    """

    id: str
    experiment: Experiment
    claim: str = ""
    counter: bool = False


LESSON = Experiment(epochs=1000)
"""The lesson's program for Boston housing: Keras' defaults."""

DIGITS = Experiment(
    dataset="digits",
    samples=1000,
    depth=5,
    width=100,
    activation="relu",
    epsilon=1e-6,
    bn_momentum=0.9,
    optimizer="sgd",
    learning_rate=0.01,
    batch_size=100,
    epochs=20,
    initializer="normal",
)
"""The textbook's program: 1,000 digits in 784-100×5-10, weights of standard deviation 0.05, ε 1e-6, momentum 0.9."""

SPIRAL = Experiment(dataset="spiral", width=16, optimizer="adam", learning_rate=0.01, epochs=150)
"""What people know from TensorFlow Playground, with a network that is large enough for it."""

PRESETS: Mapping[str, Preset] = {
    preset.id: preset
    for preset in (
        Preset("lesson", LESSON),
        Preset("lesson_iris", replace(LESSON, dataset="iris")),
        Preset("pytorch", replace(LESSON, epsilon=1e-5, bn_momentum=0.9)),
        Preset("textbook", DIGITS),
        Preset("spiral", SPIRAL),
        Preset("faster", replace(LESSON, epochs=300, seeds=10), "faster_boston"),
        Preset(
            "inputs_alone",
            replace(LESSON, arms=("none", "standardized", "before"), epochs=300, seeds=10),
            "faster_boston",
            counter=True,
        ),
        Preset("initial_values", replace(DIGITS, depth=3, weight_std=0.01, epochs=10, seeds=6), "initialization"),
        Preset(
            "tiny_weights",
            replace(DIGITS, depth=3, weight_std=0.001, epsilon=1e-3, epochs=10, seeds=6),
            "initialization",
            counter=True,
        ),
        Preset(
            "overfitting",
            replace(LESSON, inputs="standardized", validation_share=0.3, width=32, epochs=200, seeds=10),
            "overfitting_boston",
        ),
        Preset(
            "few_digits",
            replace(
                DIGITS,
                samples=300,
                validation_share=0.05,
                depth=3,
                width=50,
                learning_rate=0.05,
                epochs=40,
                initializer="he_normal",
                seeds=6,
            ),
            "overfitting_digits",
            counter=True,
        ),
        Preset(
            "small_batch",
            replace(LESSON, dataset="iris", validation_share=0.2, batch_size=3, epochs=100, seeds=10),
            "batch_size",
            counter=True,
        ),
    )
}
"""Presets by id: the programs that people start from, then the lesson's claims, each before its other side. Those of claims
have as many seeds as a verdict needs, and so few epochs that they are trained in seconds."""


def preset_of(experiment: Experiment) -> str | None:
    """Id of the preset that is this experiment, None where none is."""
    return next((name for name, preset in PRESETS.items() if preset.experiment == experiment), None)
