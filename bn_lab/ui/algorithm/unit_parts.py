"""The parts of the page about one unit's numbers, or typed ones, in their order: 1 the four steps, 2 the computation graph,
3 the part of ε.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

import numpy as np
import pandas as pd
import streamlit as st

from bn_lab import numerals
from bn_lab.engine import reference
from bn_lab.figures import algorithm_unit as figures
from bn_lab.i18n import Texts
from bn_lab.ui.algorithm.scene import Scene, select
from bn_lab.ui.algorithm.widgets import displayed, opening, picture, table, tex, together
from bn_lab.ui.kit.errors import guarded

# Part 1: the four steps from x to y.

NORMALIZED = 0.99
"""Standard deviation of x̂ from which on ε does not matter."""


def steps(scene: Scene, t: Texts) -> None:
    """Each step as a formula, as the formula with this batch's numbers, and in picture and table."""
    nodes = scene.nodes
    values = {
        "before_mean": numerals.number(nodes.mean.item()),
        "before_std": numerals.number(float(np.sqrt(nodes.variance.item()))),
        "after_mean": numerals.number(nodes.y.mean(), nodes.y.std(), numerals.DOUBLE),
        "after_std": numerals.number(nodes.y.std()),
        "size": scene.size,
        "epsilon": numerals.setting(scene.epsilon),
        "std": numerals.number(float(nodes.normalized.std())),
    }
    kind = "answer" if nodes.normalized.std() >= NORMALIZED else "answer_held"
    opening("steps", t, t(f"algorithm.steps.{kind}", **values), source=False)
    formulas = _formulas(scene)
    # Two below each other: four beside each other have no room for the numbers, and on a phone they come in their order.
    for column, pair in zip(st.columns(2), (formulas[:2], formulas[2:]), strict=True):
        with column:
            titled = ((f"**{t(f'algorithm.steps.{name}')}**", displayed(f), displayed(own)) for f, own, name in pair)
            together(*chain.from_iterable(titled))
    if scene.undoes_normalization:
        largest = numerals.number(float(np.abs(nodes.y - nodes.x).max()))
        st.success(t("algorithm.steps.back", largest=largest), icon=":material/undo:")
    st.caption(t("algorithm.steps.source"))
    picture("steps", scene, t, figures.steps, nodes, scene.sample)
    _steps_table(scene, t)


def _formulas(scene: Scene) -> list[tuple[str, str, str]]:
    """Formula, the same with numbers, and the name of each step; for the last two those of the selected sample."""
    nodes, i = scene.nodes, scene.sample
    x, m = nodes.x[0], scene.size
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
            rf"\hat x_{{{i + 1}}}=\frac{{{tex(x[i])}{minus_mean}}}{{\sqrt{{{variance}+{tex(scene.epsilon)}}}}}={xhat}",
            "normalized",
        ),
        (
            r"y_i=\gamma\hat x_i+\beta",
            rf"y_{{{i + 1}}}={tex(scene.gamma)}\cdot({xhat}){_signed(scene.beta)}={y}",
            "y",
        ),
    ]


def _signed(value: float) -> str:
    return tex(value) if value < 0 else f"+{tex(value)}"


def _few(terms: list[str]) -> str:
    """The first terms of a sum and the last one."""
    shown = terms if len(terms) <= 4 else [*terms[:2], r"\dots", terms[-1]]
    return "+".join(shown).replace("+-", "-")


def _steps_table(scene: Scene, t: Texts) -> None:
    """Every sample's numbers; a row that is chosen selects its sample."""
    nodes, gradients = scene.nodes, scene.gradients
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
    frame.insert(0, number, range(1, scene.size + 1))
    key = "algorithm_steps_table"
    st.session_state[key] = {"selection": {"rows": [scene.sample], "columns": [], "cells": []}}

    def pick() -> None:
        select(sample=st.session_state[key].selection.rows[0] + 1)

    table("steps", frame, columns, hide_index=True, on_select=guarded(pick), selection_mode="single-row-required")


# Part 2: the computation graph, to be walked through node by node, forth and back.

NODES = tuple(figures.LABELS)

LOCAL: Mapping[str, str] = {
    "x": r"\frac{\partial L}{\partial x_i}=\frac{\partial L}{\partial (x_i-\mu_B)}+\frac1m\frac{\partial L}{\partial \mu_B}",
    "mean": r"\frac{\partial \mu_B}{\partial x_i}=\frac1m",
    "centered": r"\frac{\partial (x_i-\mu_B)}{\partial x_i}=1,\quad \frac{\partial (x_i-\mu_B)}{\partial \mu_B}=-1",
    "squared": r"\frac{\partial (x_i-\mu_B)^2}{\partial (x_i-\mu_B)}=2\,(x_i-\mu_B)",
    "variance": r"\frac{\partial \sigma_B^2}{\partial (x_i-\mu_B)^2}=\frac1m",
    "shifted": r"\frac{\partial (\sigma_B^2+\epsilon)}{\partial \sigma_B^2}=1",
    "deviation": r"\frac{\partial s}{\partial (\sigma_B^2+\epsilon)}=\frac{1}{2s},\quad s=\sqrt{\sigma_B^2+\epsilon}",
    "inverse": r"\frac{\partial}{\partial s}\frac1s=-\frac{1}{s^2},\quad s=\sqrt{\sigma_B^2+\epsilon}",
    "normalized": r"\frac{\partial \hat x_i}{\partial (x_i-\mu_B)}=\frac{1}{\sqrt{\sigma_B^2+\epsilon}},\quad "
    r"\frac{\partial \hat x_i}{\partial (1/s)}=x_i-\mu_B",
    "gamma": r"\frac{\partial L}{\partial \gamma}=\sum_i\frac{\partial L}{\partial y_i}\,\hat x_i",
    "scaled": r"\frac{\partial (\gamma\hat x_i)}{\partial \hat x_i}=\gamma,\quad "
    r"\frac{\partial (\gamma\hat x_i)}{\partial \gamma}=\hat x_i",
    "beta": r"\frac{\partial L}{\partial \beta}=\sum_i\frac{\partial L}{\partial y_i}",
    "y": r"\frac{\partial y_i}{\partial (\gamma\hat x_i)}=1,\quad \frac{\partial y_i}{\partial \beta}=1",
}
"""The local derivative of each node."""


def graph(scene: Scene, t: Texts) -> None:
    """The graph with its numbers, and one node of it explained."""
    opening("graph", t, t("algorithm.graph.answer", **_taken_out(scene)))
    node = scene.selection.node if scene.selection.node in NODES else "mean"
    _walk(scene, node, t)
    gradients = reference.edges(scene.nodes, scene.gradients, np.array([[scene.gamma]]))
    parameters = {"gamma": scene.gamma, "beta": scene.beta}
    sample = None if scene.selection.whole else scene.sample
    picture("graph", scene, t, figures.graph, scene.nodes, gradients, parameters, sample, node)
    _explained(scene, node, t)


def _taken_out(scene: Scene) -> dict[str, str]:
    """What of the gradient would move the batch, its sum, or stretch it, its sum with x̂: by the direct path and in all."""
    nodes, gradients = scene.nodes, scene.gradients
    paths = {"direct": gradients.normalized * nodes.inverse, "all": gradients.x}
    along = {"sum": np.ones_like(nodes.x), "along": nodes.normalized}
    # What has cancelled out is 0 beside the numbers that did it, not beside what is left.
    scale = {name: float(np.abs(paths["direct"] * axis).sum()) for name, axis in along.items()}
    numbers = {
        f"{name}_{path}": numerals.number(float((gradient * axis).sum()), scale[name], numerals.DOUBLE)
        for path, gradient in paths.items()
        for name, axis in along.items()
    }
    return numbers | {"share": numerals.number((scene.epsilon / nodes.shifted).item())}


def _walk(scene: Scene, node: str, t: Texts) -> None:
    """Buttons to go through the graph, and whether its numbers are those of the whole batch."""
    at = NODES.index(node)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for arrow, name, to in (("←", "back", at - 1), ("→", "forth", at + 1)):
            st.button(
                arrow,
                key=f"algorithm_{name}",
                help=t(f"algorithm.graph.{name}"),
                disabled=not 0 <= to < len(NODES),
                on_click=guarded(lambda to: select(node=NODES[to])),
                args=(to,),
            )
        st.session_state["algorithm_node"] = node
        st.selectbox(
            t("algorithm.graph.node"),
            NODES,
            format_func=figures.LABELS.__getitem__,
            key="algorithm_node",
            width=140,
            on_change=guarded(lambda: select(node=st.session_state["algorithm_node"])),
        )
        st.session_state["algorithm_whole"] = scene.selection.whole
        st.toggle(
            t("algorithm.graph.whole"),
            key="algorithm_whole",
            on_change=guarded(lambda: select(whole=st.session_state["algorithm_whole"])),
        )


def _explained(scene: Scene, node: str, t: Texts) -> None:
    """The node in words, its value and gradient, and its local derivative."""
    gradient = scene.gradients.y if node == "scaled" else getattr(scene.gradients, node)
    parameters = {"gamma": scene.gamma, "beta": scene.beta}
    value = np.array([[parameters[node]]]) if node in parameters else getattr(scene.nodes, node)
    i = scene.sample if value.shape[1] > 1 else 0
    j = scene.sample if gradient.shape[1] > 1 else 0
    numbers = {"value": numerals.number(float(value[0, i])), "gradient": numerals.number(float(gradient[0, j]))}
    text = f"**{figures.LABELS[node]}** · {t('algorithm.graph.numbers', **numbers)} {t(f'algorithm.node.{node}')}"
    together(text, displayed(LOCAL[node]))


# Part 3: ε and the variances of this network.

SPREAD = r"\operatorname{std}(\hat x)=\sqrt{\frac{\sigma_B^2}{\sigma_B^2+\epsilon}}"

USUAL_EPSILONS = {"lesson": 10e-7, "pytorch": 1e-5, "keras": 1e-3}
"""The lesson's 10e-7, which is 1e-6, and the defaults of torch.nn.BatchNorm1d and keras.layers.BatchNormalization."""


def epsilon(scene: Scene, t: Texts) -> None:
    """The spread of x̂ over the variance, and what the usual ε do to this batch."""
    variance = scene.nodes.variance.item()
    values = {
        "variance": numerals.number(variance),
        "epsilon": numerals.setting(scene.epsilon),
        "ratio": numerals.number(variance / scene.epsilon),
        "std": numerals.number(float(scene.nodes.normalized.std())),
    }
    kind = "large" if variance >= 10 * scene.epsilon else "small" if variance <= scene.epsilon / 10 else "close"
    opening("epsilon", t, t(f"algorithm.epsilon.answer_{kind}", **values), [SPREAD])
    # σ²_B of the units of every layer at this moment; of typed numbers there is nothing to compare with.
    layers = range(1, scene.experiment.depth + 1) if scene.moment and not scene.is_typed else ()
    variances = [scene.subject_of(layer).x.var(axis=1) for layer in layers]
    picture("spread", scene, t, figures.spread_over_variance, scene.epsilon, variances, variance)
    _epsilon_table(scene, t)


def _epsilon_table(scene: Scene, t: Texts) -> None:
    rows = {}
    for name, value in {"here": scene.epsilon, **USUAL_EPSILONS}.items():
        nodes = reference.forward(scene.nodes.x, np.array([[scene.gamma]]), np.array([[scene.beta]]), value)
        xhat = nodes.normalized[0, scene.sample]
        rows[t(f"algorithm.epsilon.of_{name}")] = [numerals.setting(value), float(nodes.normalized.std()), float(xhat)]
    columns = ["ε", t("algorithm.epsilon.std"), t("algorithm.epsilon.sample", sample=scene.sample + 1)]
    table("epsilon", pd.DataFrame.from_dict(rows, orient="index", columns=columns), columns[1:])
