"""Part 2: the computation graph, to be walked through node by node, forth and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import streamlit as st

from bn_lab.engine import reference
from bn_lab.figures import graph as figure
from bn_lab.i18n import Texts
from bn_lab.ui.algorithm.draw import displayed, opening, picture, together
from bn_lab.ui.algorithm.scene import Scene, choice, choose
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded

NODES = tuple(figure.LABELS)

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


def show(found: Scene, t: Texts) -> None:
    """Sentence, graph, the node that is explained."""
    opening("graph", t, t("algorithm.graph.answer", **_taken_out(found)))
    node = found.choice.node if found.choice.node in NODES else "mean"
    _walk(found, node, t)
    carried = reference.edges(found.nodes, found.gradients, np.array([[found.gamma]]))
    own = {"gamma": found.gamma, "beta": found.beta}
    sample = None if found.choice.whole else found.sample
    picture("graph", found, t, figure.graph, found.nodes, carried, own, sample, node)
    _explained(found, node, t)


def _taken_out(found: Scene) -> dict[str, str]:
    """What of the gradient would move the batch, its sum, or stretch it, its sum with x̂: by the direct path and in all."""
    nodes, gradients = found.nodes, found.gradients
    ways = {"direct": gradients.normalized * nodes.inverse, "all": gradients.x}
    along = {"sum": np.ones_like(nodes.x), "along": nodes.normalized}
    # What has cancelled out is 0 beside the numbers that did it, not beside what is left.
    scale = {name: float(np.abs(ways["direct"] * axis).sum()) for name, axis in along.items()}
    numbers = {
        f"{name}_{way}": formatting.number(formatting.rounded(float((gradient * axis).sum()), scale[name]))
        for way, gradient in ways.items()
        for name, axis in along.items()
    }
    return numbers | {"share": formatting.number((found.epsilon / nodes.shifted).item())}


def _walk(found: Scene, node: str, t: Texts) -> None:
    """Buttons to go through the graph, and whether its numbers are those of the whole batch."""
    at = NODES.index(node)

    def go(to: int) -> None:
        choose(replace(choice(), node=NODES[to]))

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "←", key="algorithm_back", help=t("algorithm.graph.back"), disabled=at == 0, on_click=guarded(go), args=(at - 1,)
        )
        st.button(
            "→",
            key="algorithm_forth",
            help=t("algorithm.graph.forth"),
            disabled=at == len(NODES) - 1,
            on_click=guarded(go),
            args=(at + 1,),
        )
        st.session_state["algorithm_node"] = node
        st.selectbox(
            t("algorithm.graph.node"),
            NODES,
            format_func=figure.LABELS.__getitem__,
            key="algorithm_node",
            width=140,
            on_change=guarded(lambda: go(NODES.index(st.session_state["algorithm_node"]))),
        )
        st.session_state["algorithm_whole"] = found.choice.whole
        st.toggle(
            t("algorithm.graph.whole"),
            key="algorithm_whole",
            on_change=guarded(lambda: choose(replace(choice(), whole=st.session_state["algorithm_whole"]))),
        )


def _explained(found: Scene, node: str, t: Texts) -> None:
    """The node in words, its value and gradient, and its local derivative."""
    gradient = found.gradients.y if node == "scaled" else getattr(found.gradients, node)
    own = {"gamma": found.gamma, "beta": found.beta}
    value = np.array([[own[node]]]) if node in own else getattr(found.nodes, node)
    i = found.sample if value.shape[1] > 1 else 0
    j = found.sample if gradient.shape[1] > 1 else 0
    numbers = {"value": formatting.number(float(value[0, i])), "gradient": formatting.number(float(gradient[0, j]))}
    told = f"**{figure.LABELS[node]}** · {t('algorithm.graph.numbers', **numbers)} {t(f'algorithm.node.{node}')}"
    together(told, displayed(LOCAL[node]))
