"""The lesson's claims on trial, and questions beyond it: every study by name, and the cards that they belong to.

To add one: a line in `STUDIES`, its name in a card of `CLAIMS`, and its texts `study.<id>` and `question.<id>` in both
catalogues.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bn_lab.experiment import Arm, Experiment
from bn_lab.studies.study import Question, Side, Study


@dataclass(frozen=True)
class Claim:
    """A card of the page.

    Attributes:
        id: its words are `claims.<id>`.
        studies: names of `STUDIES`.
        beyond: whether it goes beyond the lesson.
    """

    id: str
    studies: tuple[str, ...]
    beyond: bool = False


NONE, STANDARDIZED, BEFORE, AFTER = (Side(arm) for arm in ("none", "standardized", "before", "after"))

SCALES = tuple(float(f"{scale:.3g}") for scale in np.logspace(0, -4, 16))
"""The 16 standard deviations of the initial weights in the well-known figure."""

LESSON = Experiment(arms=("none", "standardized", "before"), seeds=20)
"""The lesson's program for Boston housing, and beside it the control: standardized inputs without batch normalization."""

DIGITS = Experiment(
    dataset="digits",
    samples=1000,
    depth=5,
    width=100,
    activation="relu",
    initializer="he_normal",
    optimizer="sgd",
    learning_rate=0.01,
    batch_size=100,
    epochs=20,
    epsilon=1e-5,
    bn_momentum=0.9,
    seeds=6,
)
"""1,000 digits in 784-100×5-10, as in experiments of the literature."""


def _better(name: str, measure: str, ours: Side, theirs: Side, smallest: float, **more: Any) -> Question:
    return Question(name, measure, ours, theirs, smallest, **more)


def _faster(name: str, base: Experiment, target: str) -> Study:
    """Losses on the way, and how long a target loss takes; the other side: scaling the inputs alone, and the first epochs."""
    on_the_way = [_better(f"{name}_{epoch}", f"train_loss_{epoch}", BEFORE, NONE, 0.1) for epoch in (100, 1000)]
    marks = [_better(f"{name}_{kind}", f"{kind}_to_{target}", BEFORE, NONE, 0.1) for kind in ("epochs", "steps", "seconds")]
    others = [
        _better(f"{name}_early", "train_loss_10", NONE, BEFORE, 0.1, other_side=True),
        _better(f"{name}_scaling", "train_loss_1000", STANDARDIZED, BEFORE, 0.1, other_side=True),
    ]
    return Study(name, base, questions=(*on_the_way, *marks, *others), measure="train_loss_1000")


def _initialization() -> Study:
    def bn(epsilon: float, momentum: float) -> Side:
        return Side("before", {"epsilon": epsilon, "bn_momentum": momentum})

    base = replace(DIGITS, initializer="normal", arms=("none", "before"))
    none = Side("none", {"epsilon": 1e-6, "bn_momentum": 0.9})
    return Study(
        "initialization",
        base,
        (("weight_std", SCALES), ("epsilon", (1e-6, 1e-5, 1e-3)), ("bn_momentum", (0.9, 0.99))),
        questions=(
            _better("initialization_training", "learned", bn(1e-6, 0.9), none, 1),
            _better("initialization_inference", "learned_inference", bn(1e-6, 0.9), none, 1),
            _better("initialization_epsilon", "learned", bn(1e-6, 0.9), bn(1e-3, 0.9), 1, other_side=True),
            _better("initialization_keras", "learned_inference", bn(1e-6, 0.9), bn(1e-3, 0.99), 1, other_side=True),
        ),
        figure="panels",
        measure="inference_accuracy",
    )


def _overfitting() -> Iterable[Study]:
    def side(arm: Arm, dropout: float, **values: Any) -> Side:
        return Side(arm, {"dropout": dropout, **values})

    boston = replace(LESSON, arms=("none", "before"), validation_share=0.3, seeds=10)
    questions = []
    for width in (8, 64):
        bn, plain = side("before", 0.0, width=width), side("none", 0.0, width=width)
        dropout = side("none", 0.3, width=width)
        questions += [
            _better(f"overfitting_gap_{width}", "gap", bn, plain, 1.0),
            _better(f"overfitting_loss_{width}", "validation_loss", bn, plain, 0.05),
            _better(f"overfitting_dropout_{width}", "validation_loss", bn, dropout, 0.05),
        ]
    both = side("before", 0.3, width=64)
    questions.append(_better("overfitting_both", "validation_loss", both, side("before", 0.0, width=64), 0.05))
    axes = (("width", (8, 64)), ("dropout", (0.0, 0.3)))
    yield Study("overfitting_boston", boston, axes, questions=tuple(questions), figure="overfitting", measure="validation_loss")
    few = replace(DIGITS, samples=300, validation_share=0.2, depth=6, epochs=300, arms=("none", "before"))
    bn, plain, dropout = side("before", 0.0), side("none", 0.0), side("none", 0.3)
    yield Study(
        "overfitting_digits",
        few,
        (("dropout", (0.0, 0.3)),),
        questions=(
            _better("digits_loss", "validation_loss", bn, plain, 0.05),
            _better("digits_gap", "gap", bn, plain, 0.05),
            _better("digits_dropout", "validation_accuracy", bn, dropout, 0.02),
            _better("digits_worse", "validation_accuracy", plain, bn, 0.02, other_side=True),
        ),
        figure="overfitting",
        measure="validation_accuracy",
    )


def _beyond() -> Iterable[Study]:
    pair = replace(DIGITS, arms=("none", "before"))
    shallow = replace(pair, depth=3, epochs=10, validation_share=0.2)

    def at(arm: Arm, **values: Any) -> Side:
        return Side(arm, values)

    yield Study(
        "batch_size",
        shallow,
        (("batch_size", (2, 4, 8, 16, 32, 64, 128)),),
        ("three_ways",),
        (
            _better("batch_size_128", "validation_accuracy", at("before", batch_size=128), at("none", batch_size=128), 0.02),
            _better(
                "batch_size_precise",
                "precise_accuracy",
                at("before", batch_size=2),
                at("before", batch_size=2),
                0.02,
                their_measure="validation_accuracy",
            ),
            _better(
                "batch_size_worse",
                "validation_accuracy",
                at("none", batch_size=2),
                at("before", batch_size=2),
                0.02,
                other_side=True,
            ),
        ),
        "sweep",
        "validation_accuracy",
    )

    def placement(activation: str, **more: Any) -> Question:
        after, before = at("after", activation=activation), at("before", activation=activation)
        return _better(f"placement_{activation}", "inference_loss", after, before, 0.1, **more)

    activations = ("swish", "relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid", "identity")
    yield Study(
        "placement",
        replace(shallow, arms=("none", "before", "after")),
        (("activation", activations),),
        questions=(
            *(placement(name) for name in ("swish", "relu", "tanh", "sigmoid")),
            placement("identity", other_side=True),
        ),
        figure="sweep",
        measure="inference_loss",
    )
    small, usual = 0.004, 0.05
    yield Study(
        "epsilon",
        replace(pair, initializer="normal", bn_momentum=0.9),
        (("weight_std", (small, usual)), ("epsilon", tuple(10.0**k for k in range(-8, 0)))),
        questions=(
            _better(
                "epsilon_small",
                "train_loss",
                at("before", weight_std=small, epsilon=1e-6),
                at("before", weight_std=small, epsilon=1e-3),
                0.1,
            ),
            _better(
                "epsilon_usual",
                "train_loss",
                at("before", weight_std=usual, epsilon=1e-6),
                at("before", weight_std=usual, epsilon=1e-3),
                0.1,
                other_side=True,
            ),
        ),
        figure="sweep",
    )
    yield Study(
        "depth",
        replace(pair, activation="sigmoid", initializer="glorot_uniform", learning_rate=0.1),
        (("depth", (1, 2, 3, 4, 6, 8, 10)),),
        questions=(
            _better("depth_learned", "learned", BEFORE, NONE, 1),
            _better("depth_1", "learned", at("before", depth=1), at("none", depth=1), 1, other_side=True),
        ),
        figure="sweep",
        measure="train_accuracy",
    )
    once, anew = "never", "every_epoch"
    yield Study(
        "shuffle",
        replace(shallow, depth=5, epochs=30, batch_size=20),
        (("shuffle", ("every_epoch", "once", "never")),),
        questions=(
            _better("shuffle_bn", "validation_loss", at("before", shuffle=anew), at("before", shuffle=once), 0.05),
            _better(
                "shuffle_none", "validation_loss", at("none", shuffle=anew), at("none", shuffle=once), 0.05, other_side=True
            ),
        ),
        figure="sweep",
        measure="validation_loss",
    )
    slow, fast = 0.01, 0.1
    bands = ("loss_range", "gradient_change", "beta")
    yield Study(
        "smoothness",
        pair,
        (("learning_rate", (slow, fast)),),
        ("smoothness",),
        tuple(
            _better(
                f"smoothness_{measure}{name}",
                measure,
                at("before", learning_rate=rate),
                at("none", learning_rate=rate),
                0.1,
                **side,
            )
            for rate, name, side in ((fast, "", {}), (slow, "_slow", {"other_side": True}))
            for measure in bands
        ),
        "bands",
        "beta",
    )
    yield Study(
        "noise",
        replace(pair, learning_rate=fast),
        (("activation", ("sigmoid", "relu")), ("bn_noise", (0.0, 0.2, 0.5))),
        questions=(
            _better(
                "noise_still",
                "inference_loss",
                at("before", activation="sigmoid", bn_noise=0.5),
                at("none", activation="sigmoid", bn_noise=0.5),
                0.1,
            ),
            _better(
                "noise_costs",
                "inference_loss",
                at("before", activation="sigmoid", bn_noise=0.0),
                at("before", activation="sigmoid", bn_noise=0.5),
                0.1,
            ),
            _better(
                "noise_relu",
                "inference_loss",
                at("before", activation="relu", bn_noise=0.5),
                at("none", activation="relu", bn_noise=0.5),
                0.1,
                other_side=True,
            ),
        ),
        figure="sweep",
        measure="inference_loss",
    )


def _learning_rates() -> Study:
    rates = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0)
    slow, good = {"learning_rate": 1e-3}, {"learning_rate": 0.1}
    return Study(
        "learning_rates",
        replace(DIGITS, arms=("none", "before")),
        (("learning_rate", rates),),
        questions=(
            _better("rates_learned", "learned", BEFORE, NONE, 1),
            _better("rates_slow", "train_loss", Side("before", slow), Side("none", slow), 0.1),
            _better("rates_good", "train_accuracy", Side("before", good), Side("none", good), 0.02, other_side=True),
        ),
        figure="sweep",
        measure="train_accuracy",
    )


def _spread() -> Study:
    question = _better("spread_seeds", "deviation_1000", BEFORE, NONE, 0.05)
    early = _better("spread_early", "deviation_10", BEFORE, NONE, 0.05)
    return Study("spread", replace(LESSON, arms=("none", "before")), questions=(early, question), measure="train_loss_1000")


STUDIES: Mapping[str, Study] = {
    study.id: study
    for study in (
        _faster("faster_boston", LESSON, "20"),
        _faster("faster_iris", replace(LESSON, dataset="iris"), "02"),
        _learning_rates(),
        _initialization(),
        _spread(),
        *_overfitting(),
        *_beyond(),
    )
}
"""Studies by name."""

CLAIMS: Mapping[str, Claim] = {
    claim.id: claim
    for claim in (
        Claim("faster", ("faster_boston", "faster_iris", "learning_rates")),
        Claim("initial", ("initialization", "spread")),
        Claim("overfitting", ("overfitting_boston", "overfitting_digits")),
        *(Claim(study.id, (study.id,), beyond=True) for study in _beyond()),
    )
}
"""Cards by name, the lesson's three claims first."""
