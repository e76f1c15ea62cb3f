"""Questions beyond the lesson as studies: what batch normalization depends on, and why it works."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bn_lab.studies.lesson import BEFORE, DEEP, NONE
from bn_lab.studies.study import Question, Side, Study

PAIR = replace(DEEP, arms=("none", "before"))
SHALLOW = replace(PAIR, depth=3, epochs=10, validation_share=0.2)


def _at(arm: str, **values: Any) -> Side:
    return Side(arm, values)


def _batch_size() -> Study:
    small, none = _at("before", batch_size=2), _at("none", batch_size=2)
    large, none_large = _at("before", batch_size=128), _at("none", batch_size=128)
    return Study(
        "batch_size",
        SHALLOW,
        (("batch_size", (2, 4, 8, 16, 32, 64, 128)),),
        ("three_ways",),
        (
            Question("batch_size_128", "validation_accuracy", large, none_large, 0.02),
            Question("batch_size_precise", "precise_accuracy", small, small, 0.02, their_measure="validation_accuracy"),
            Question("batch_size_worse", "validation_accuracy", none, small, 0.02, other_side=True),
        ),
        "sweep",
        "validation_accuracy",
    )


def _placement() -> Study:
    def placement(activation: str, **more: Any) -> Question:
        after, before = _at("after", activation=activation), _at("before", activation=activation)
        return Question(f"placement_{activation}", "inference_loss", after, before, 0.1, **more)

    activations = ("swish", "relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid", "identity")
    return Study(
        "placement",
        replace(SHALLOW, arms=("none", "before", "after")),
        (("activation", activations),),
        questions=(
            *(placement(name) for name in ("swish", "relu", "tanh", "sigmoid")),
            placement("identity", other_side=True),
        ),
        figure="sweep",
        measure="inference_loss",
    )


def _epsilon() -> Study:
    small, usual = 0.004, 0.05

    def lower(name: str, std: float, **more: Any) -> Question:
        low, high = (_at("before", weight_std=std, epsilon=epsilon) for epsilon in (1e-6, 1e-3))
        return Question(f"epsilon_{name}", "train_loss", low, high, 0.1, **more)

    return Study(
        "epsilon",
        replace(PAIR, initializer="normal", bn_momentum=0.9),
        (("weight_std", (small, usual)), ("epsilon", tuple(10.0**k for k in range(-8, 0)))),
        questions=(lower("small", small), lower("usual", usual, other_side=True)),
        figure="sweep",
    )


def _depth() -> Study:
    return Study(
        "depth",
        replace(PAIR, activation="sigmoid", initializer="glorot_uniform", learning_rate=0.1),
        (("depth", (1, 2, 3, 4, 6, 8, 10)),),
        questions=(
            Question("depth_learned", "learned", BEFORE, NONE, 1),
            Question("depth_1", "learned", _at("before", depth=1), _at("none", depth=1), 1, other_side=True),
        ),
        figure="sweep",
        measure="train_accuracy",
    )


def _shuffle() -> Study:
    def lower(name: str, arm: str, **more: Any) -> Question:
        anew, fixed = _at(arm, shuffle="every_epoch"), _at(arm, shuffle="never")
        return Question(f"shuffle_{name}", "validation_loss", anew, fixed, 0.05, **more)

    return Study(
        "shuffle",
        replace(SHALLOW, depth=5, epochs=30, batch_size=20),
        (("shuffle", ("every_epoch", "once", "never")),),
        questions=(lower("bn", "before"), lower("none", "none", other_side=True)),
        figure="sweep",
        measure="validation_loss",
    )


def _smoothness() -> Study:
    slow, fast = 0.01, 0.1

    def smoother(measure: str, rate: float) -> Question:
        name = f"smoothness_{measure}" + ("_slow" if rate == slow else "")
        bn, none = _at("before", learning_rate=rate), _at("none", learning_rate=rate)
        return Question(name, measure, bn, none, 0.1, other_side=rate == slow)

    bands = ("loss_range", "gradient_change", "beta")
    return Study(
        "smoothness",
        PAIR,
        (("learning_rate", (slow, fast)),),
        ("smoothness",),
        tuple(smoother(measure, rate) for rate in (fast, slow) for measure in bands),
        "bands",
        "beta",
    )


def _noise() -> Study:
    def side(arm: str, activation: str, noise: float) -> Side:
        return _at(arm, activation=activation, bn_noise=noise)

    def lower(name: str, ours: Side, theirs: Side, **more: Any) -> Question:
        return Question(f"noise_{name}", "inference_loss", ours, theirs, 0.1, **more)

    noisy = side("before", "sigmoid", 0.5)
    return Study(
        "noise",
        replace(PAIR, learning_rate=0.1),
        (("activation", ("sigmoid", "relu")), ("bn_noise", (0.0, 0.2, 0.5))),
        questions=(
            lower("still", noisy, side("none", "sigmoid", 0.5)),
            lower("costs", side("before", "sigmoid", 0.0), noisy),
            lower("relu", side("before", "relu", 0.5), side("none", "relu", 0.5), other_side=True),
        ),
        figure="sweep",
        measure="inference_loss",
    )


def studies_beyond() -> Iterable[Study]:
    """Them all, in the order of the page."""
    yield from (_batch_size(), _placement(), _epsilon(), _depth(), _shuffle(), _smoothness(), _noise())
