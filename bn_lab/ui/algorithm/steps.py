"""Part 1: the four steps from x to y, each as formula, as formula with this batch's numbers, and as picture and table."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from bn_lab.figures import anatomy
from bn_lab.i18n import Texts
from bn_lab.ui.algorithm.draw import displayed, four_digits, opening, picture, tex, together
from bn_lab.ui.algorithm.scene import Scene, choice, choose
from bn_lab.ui.algorithm.subject import brings_back
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded

NORMALIZED = 0.99
"""Standard deviation of x̂ from which on ε does not matter."""


def show(found: Scene, t: Texts) -> None:
    """Sentence, formulas, picture, table."""
    nodes = found.nodes
    values = {
        "before_mean": formatting.number(nodes.mean.item()),
        "before_std": formatting.number(float(np.sqrt(nodes.variance.item()))),
        "after_mean": formatting.number(formatting.rounded(nodes.y.mean(), nodes.y.std())),
        "after_std": formatting.number(nodes.y.std()),
        "size": found.size,
        "epsilon": f"{found.epsilon:.3g}",
        "std": formatting.number(float(nodes.normalized.std())),
    }
    kind = "answer" if nodes.normalized.std() >= NORMALIZED else "answer_held"
    opening("steps", t, t(f"algorithm.steps.{kind}", **values), source=False)
    formulas = _formulas(found)
    # Two below each other: four beside each other have no room for the numbers, and on a phone they come in their order.
    for column, pair in zip(st.columns(2), (formulas[:2], formulas[2:]), strict=True):
        with column:
            titled = ((f"**{t(f'algorithm.steps.{name}')}**", displayed(f), displayed(own)) for f, own, name in pair)
            together(*chain.from_iterable(titled))
    if brings_back(found):
        largest = formatting.number(float(np.abs(nodes.y - nodes.x).max()))
        st.success(t("algorithm.steps.back", largest=largest), icon=":material/undo:")
    st.caption(t("algorithm.steps.source"))
    picture("steps", found, t, anatomy.steps, found.nodes, found.sample)
    _table(found, t)


def _formulas(found: Scene) -> list[tuple[str, str, str]]:
    """Formula, the same with numbers, and the name of each step; for the last two those of the chosen sample."""
    nodes, i = found.nodes, found.sample
    x, m = nodes.x[0], found.size
    mean, variance, xhat, y = (
        tex(v) for v in (nodes.mean.item(), nodes.variance.item(), nodes.normalized[0, i], nodes.y[0, i])
    )
    minus_mean = _signed(-nodes.mean.item())
    summed = _few([tex(value) for value in x])
    squares = rf"({tex(x[0])}{minus_mean})^2+\dots"  # a second term has no room
    return [
        (r"\mu_B=\frac1m\sum_i x_i", rf"\frac{{{summed}}}{{{m}}}={mean}", "mean"),
        (r"\sigma_B^2=\frac1m\sum_i (x_i-\mu_B)^2", rf"\frac{{{squares}}}{{{m}}}={variance}", "variance"),
        (
            r"\hat x_i=\frac{x_i-\mu_B}{\sqrt{\sigma_B^2+\epsilon}}",
            rf"\hat x_{{{i + 1}}}=\frac{{{tex(x[i])}{minus_mean}}}{{\sqrt{{{variance}+{tex(found.epsilon)}}}}}={xhat}",
            "normalized",
        ),
        (
            r"y_i=\gamma\hat x_i+\beta",
            rf"y_{{{i + 1}}}={tex(found.gamma)}\cdot({xhat}){_signed(found.beta)}={y}",
            "y",
        ),
    ]


def _signed(value: float) -> str:
    return tex(value) if value < 0 else f"+{tex(value)}"


def _few(terms: list[str]) -> str:
    """The first terms of a sum and the last one."""
    shown = terms if len(terms) <= 4 else [*terms[:2], r"\dots", terms[-1]]
    return "+".join(shown).replace("+-", "-")


def _table(found: Scene, t: Texts) -> None:
    nodes, gradients = found.nodes, found.gradients
    columns = {
        "x": nodes.x,
        "(x − μ)²": nodes.squared,
        "x̂": nodes.normalized,
        "y": nodes.y,
        "∂L/∂y": gradients.y,
        "∂L/∂x": gradients.x,
    }
    number = t("algorithm.sample")  # a column, since the boxes to choose a row take the place of the index
    frame = pd.DataFrame({name: np.broadcast_to(values, nodes.x.shape)[0] for name, values in columns.items()})
    frame.insert(0, number, range(1, found.size + 1))
    key = "algorithm_steps_table"
    st.session_state[key] = {"selection": {"rows": [found.sample], "columns": [], "cells": []}}

    def pick() -> None:
        choose(replace(choice(), sample=st.session_state[key].selection.rows[0] + 1))

    height = min(300, 38 + 35 * found.size)
    digits = four_digits(columns)
    chosen: dict[str, Any] = {"on_select": guarded(pick), "selection_mode": "single-row-required"}
    st.dataframe(frame, height=height, width="stretch", key=key, column_config=digits, hide_index=True, **chosen)
