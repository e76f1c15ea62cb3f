"""Part 3: ε as a knob with a scale, beside the variances of this network."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from bn_lab.engine import reference
from bn_lab.engine.types import Array
from bn_lab.figures import anatomy
from bn_lab.i18n import Texts
from bn_lab.ui.algorithm.draw import four_digits, opening, picture
from bn_lab.ui.algorithm.scene import Scene, subject_of
from bn_lab.ui.kit import formatting

FORMULA = r"\operatorname{std}(\hat x)=\sqrt{\frac{\sigma_B^2}{\sigma_B^2+\epsilon}}"

KNOWN = {"lesson": 10e-7, "pytorch": 1e-5, "keras": 1e-3}
"""The lesson's 10e-7, which is 1e-6, and the defaults of torch.nn.BatchNorm1d and keras.layers.BatchNormalization."""


def show(found: Scene, t: Texts) -> None:
    """Sentence, formula, curve, and what the usual values do to this batch."""
    variance = found.nodes.variance.item()
    values = {
        "variance": formatting.number(variance),
        "epsilon": f"{found.epsilon:.3g}",
        "ratio": formatting.ratio(variance / found.epsilon),
        "std": formatting.number(float(found.nodes.normalized.std())),
    }
    kind = "large" if variance >= 10 * found.epsilon else "small" if variance <= found.epsilon / 10 else "close"
    answers = {name: t(f"algorithm.epsilon.answer_{name}", **values) for name in ("large", "small", "close")}
    opening("epsilon", t, answers[kind], [FORMULA])
    picture("spread", found, t, anatomy.spread_over_variance, found.epsilon, _variances(found), variance)
    _known(found, t)


def _variances(found: Scene) -> list[Array]:
    """σ²_B of the units of every layer at this moment; of typed numbers there is nothing to compare with."""
    layers = range(1, found.experiment.depth + 1) if found.moment and not found.is_typed else ()
    return [subject_of(found, layer).x.var(axis=1) for layer in layers]


def _known(found: Scene, t: Texts) -> None:
    rows = {}
    for name, epsilon in {"here": found.epsilon, **KNOWN}.items():
        nodes = reference.forward(found.nodes.x, np.array([[found.gamma]]), np.array([[found.beta]]), epsilon)
        chosen = nodes.normalized[0, found.sample]
        rows[t(f"algorithm.epsilon.of_{name}")] = [f"{epsilon:.3g}", float(nodes.normalized.std()), float(chosen)]
    columns = ["ε", t("algorithm.epsilon.std"), t("algorithm.epsilon.sample", sample=found.sample + 1)]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    digits = four_digits(columns[1:])
    st.dataframe(frame, width="stretch", key="algorithm_epsilon_table", column_config=digits)
