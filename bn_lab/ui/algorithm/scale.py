"""Part 6: weights times a."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import streamlit as st

from bn_lab.engine.anatomy import Rescaled
from bn_lab.experiment import BN_ARMS
from bn_lab.figures import dissected
from bn_lab.i18n import Texts
from bn_lab.ui import anatomy
from bn_lab.ui.algorithm.choice import FACTORS
from bn_lab.ui.algorithm.draw import opening, picture
from bn_lab.ui.algorithm.scene import Scene, choice, choose, of_network, subject_of
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded

FORMULAS = (
    r"\mathrm{BN}\big((aW)u\big)=\mathrm{BN}(Wu)",
    r"\frac{\partial L}{\partial (aW)}=\frac1a\,\frac{\partial L}{\partial W}",
)

HOMOGENEOUS = ("relu", "leaky_relu", "identity")
"""Activation functions with f(ax) = a·f(x) for a > 0: batch normalization after them does not see the scale either."""

UNCHANGED = 0.01
"""Relative change of the output up to which it counts as the same."""


def show(found: Scene, t: Texts) -> None:
    """Sentence, the factor, both curves."""
    picked = found.choice
    over = anatomy.rescaled(*of_network(found), found.arm, picked.layer, FACTORS, picked.epsilon)
    opening("scale", t, _answer(over, found, t), FORMULAS)
    at = FACTORS.index(picked.factor)
    _slider(picked.factor)
    numbers = {
        "factor": f"{picked.factor:g}",
        "change": formatting.number(float(over.change[at])),
        "norm": formatting.number(float(over.gradient_norm[at])),
        "predicted": formatting.number(float(over.predicted[at])),
    }
    st.markdown(t("algorithm.scale.numbers", **numbers))
    picture("rescaled", found, t, dissected.rescaled, over, at, _edge(found))


def _answer(over: Rescaled, found: Scene, t: Texts) -> str:
    own = subject_of(found, found.choice.layer)
    if np.isnan(over.change).any():  # 0/0: diverged weights do not get here
        return t("algorithm.scale.answer_nothing", arm=t(f"arm.{found.arm}"))
    if found.arm not in BN_ARMS:
        return t("algorithm.scale.answer_none", change=formatting.number(100 * float(over.change[FACTORS.index(10.0)])))
    kind, limit = verdict(over)
    beyond = over.change[over.factors >= 1]
    epsilon = own.epsilon if found.choice.epsilon is None else found.choice.epsilon
    values = {
        "limit": f"{limit:.3g}",
        "largest": formatting.number(100 * float(over.change.max())),
        "beyond": formatting.number(100 * float(beyond.max())),
        "least": formatting.number(float(own.x.var(axis=1).min())),
        "epsilon": f"{epsilon:.3g}",
    }
    by_epsilon = found.arm == "before" or found.experiment.activation in HOMOGENEOUS
    reason = "epsilon" if by_epsilon else "activation"
    texts = {
        "holds": t("algorithm.scale.answer_holds", **values),
        "breaks_epsilon": t("algorithm.scale.answer_breaks_epsilon", **values),
        "breaks_activation": t("algorithm.scale.answer_breaks_activation", **values),
        "fails_epsilon": t("algorithm.scale.answer_fails_epsilon", **values),
        "fails_activation": t("algorithm.scale.answer_fails_activation", **values),
    }
    return texts["holds" if kind == "holds" else f"{kind}_{reason}"]


def verdict(over: Rescaled) -> tuple[str, float]:
    """`holds` for all factors, `breaks` below the factor given, or `fails` already for large ones."""
    same = over.change <= UNCHANGED  # NaN is no sameness
    if same.all():
        return "holds", 0.0
    if not same[over.factors >= 1].all():
        return "fails", 1.0
    return "breaks", float(over.factors[np.flatnonzero(~same)[-1] + 1])


def _edge(found: Scene) -> float | None:
    """The factor at which a²σ² of the unit is ε; a has this meaning where the normalized values are linear in the weights."""
    if found.arm != "before":
        return None
    own = subject_of(found, found.choice.layer)
    epsilon = own.epsilon if found.choice.epsilon is None else found.choice.epsilon
    variance = float(own.x[found.choice.unit - 1].var())
    return sqrt(epsilon / variance) if variance > 0 else None


def _slider(factor: float) -> None:
    key = "algorithm_factor"
    if st.session_state.get(key) != factor:
        st.session_state[key] = factor
    st.select_slider(
        "a",
        FACTORS,
        format_func=lambda a: f"{a:g}",
        key=key,
        on_change=guarded(lambda: choose(replace(choice(), factor=st.session_state[key]))),
    )
