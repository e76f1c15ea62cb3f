"""The three claims of the lesson as studies: learns faster, depends less on initial values, overfits less."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from bn_lab.experiment import Experiment
from bn_lab.presets import DIGITS, LESSON
from bn_lab.studies.study import Question, Side, Study

NONE, STANDARDIZED, BEFORE = (Side(arm) for arm in ("none", "standardized", "before"))

SCALES = tuple(float(f"{scale:.3g}") for scale in np.logspace(0, -4, 16))
"""The 16 standard deviations of the initial weights in the well-known figure."""

BOSTON = replace(LESSON, arms=("none", "standardized", "before"), seeds=20)
"""The lesson's program for Boston housing, and beside it the control: standardized inputs without batch normalization."""

DEEP = replace(DIGITS, initializer="he_normal", epsilon=1e-5, seeds=6)
"""The textbook's network with weights that suit its depth and PyTorch's ε."""


def _faster(name: str, base: Experiment, target: str) -> Study:
    """Losses on the way, and how long a target loss takes; the other side: scaling the inputs alone, and the first epochs."""
    on_the_way = [Question(f"{name}_{epoch}", f"train_loss_{epoch}", BEFORE, NONE, 0.1) for epoch in (100, 1000)]
    marks = [Question(f"{name}_{kind}", f"{kind}_to_{target}", BEFORE, NONE, 0.1) for kind in ("epochs", "steps", "seconds")]
    others = [
        Question(f"{name}_early", "train_loss_10", NONE, BEFORE, 0.1, other_side=True),
        Question(f"{name}_scaling", "train_loss_1000", STANDARDIZED, BEFORE, 0.1, other_side=True),
    ]
    return Study(name, base, questions=(*on_the_way, *marks, *others), measure="train_loss_1000")


def _initialization() -> Study:
    def bn(epsilon: float, momentum: float) -> Side:
        return Side("before", {"epsilon": epsilon, "bn_momentum": momentum})

    base = replace(DEEP, initializer="normal", arms=("none", "before"))
    none = Side("none", {"epsilon": 1e-6, "bn_momentum": 0.9})
    return Study(
        "initialization",
        base,
        (("weight_std", SCALES), ("epsilon", (1e-6, 1e-5, 1e-3)), ("bn_momentum", (0.9, 0.99))),
        questions=(
            Question("initialization_training", "learned", bn(1e-6, 0.9), none, 1),
            Question("initialization_inference", "learned_inference", bn(1e-6, 0.9), none, 1),
            Question("initialization_epsilon", "learned", bn(1e-6, 0.9), bn(1e-3, 0.9), 1, other_side=True),
            Question("initialization_keras", "learned_inference", bn(1e-6, 0.9), bn(1e-3, 0.99), 1, other_side=True),
        ),
        figure="panels",
        measure="inference_accuracy",
    )


def _overfitting() -> Iterable[Study]:
    def side(arm: str, dropout: float, **values: Any) -> Side:
        return Side(arm, {"dropout": dropout, **values})

    boston = replace(BOSTON, arms=("none", "before"), validation_share=0.3, seeds=10)
    questions = []
    for width in (8, 64):
        bn, none = side("before", 0.0, width=width), side("none", 0.0, width=width)
        dropout = side("none", 0.3, width=width)
        questions += [
            Question(f"overfitting_gap_{width}", "gap", bn, none, 1.0),
            Question(f"overfitting_loss_{width}", "validation_loss", bn, none, 0.05),
            Question(f"overfitting_dropout_{width}", "validation_loss", bn, dropout, 0.05),
        ]
    both = side("before", 0.3, width=64)
    questions.append(Question("overfitting_both", "validation_loss", both, side("before", 0.0, width=64), 0.05))
    axes = (("width", (8, 64)), ("dropout", (0.0, 0.3)))
    yield Study("overfitting_boston", boston, axes, questions=tuple(questions), figure="overfitting", measure="validation_loss")
    few = replace(DEEP, samples=300, validation_share=0.2, depth=6, epochs=300, arms=("none", "before"))
    bn, none, dropout = side("before", 0.0), side("none", 0.0), side("none", 0.3)
    yield Study(
        "overfitting_digits",
        few,
        (("dropout", (0.0, 0.3)),),
        questions=(
            Question("digits_loss", "validation_loss", bn, none, 0.05),
            Question("digits_gap", "gap", bn, none, 0.05),
            Question("digits_dropout", "validation_accuracy", bn, dropout, 0.02),
            Question("digits_worse", "validation_accuracy", none, bn, 0.02, other_side=True),
        ),
        figure="overfitting",
        measure="validation_accuracy",
    )


def _learning_rates() -> Study:
    rates = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0)
    slow, good = {"learning_rate": 1e-3}, {"learning_rate": 0.1}
    return Study(
        "learning_rates",
        replace(DEEP, arms=("none", "before")),
        (("learning_rate", rates),),
        questions=(
            Question("rates_learned", "learned", BEFORE, NONE, 1),
            Question("rates_slow", "train_loss", Side("before", slow), Side("none", slow), 0.1),
            Question("rates_good", "train_accuracy", Side("before", good), Side("none", good), 0.02, other_side=True),
        ),
        figure="sweep",
        measure="train_accuracy",
    )


def _spread() -> Study:
    question = Question("spread_seeds", "deviation_1000", BEFORE, NONE, 0.05)
    early = Question("spread_early", "deviation_10", BEFORE, NONE, 0.05)
    return Study("spread", replace(BOSTON, arms=("none", "before")), questions=(early, question), measure="train_loss_1000")


def lesson_studies() -> Iterable[Study]:
    """The studies of the lesson's claims, in the order of the page."""
    yield _faster("faster_boston", BOSTON, "20")
    yield _faster("faster_iris", replace(BOSTON, dataset="iris"), "02")
    yield _learning_rates()
    yield _initialization()
    yield _spread()
    yield from _overfitting()
