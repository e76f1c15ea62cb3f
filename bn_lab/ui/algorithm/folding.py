"""Part 8: batch normalization folded into an affine layer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from bn_lab.engine.anatomy import Folded
from bn_lab.experiment import BN_ARMS
from bn_lab.figures import dissected
from bn_lab.i18n import Texts
from bn_lab.ui import anatomy
from bn_lab.ui.algorithm.draw import four_digits, opening, picture
from bn_lab.ui.algorithm.scene import Scene, of_network
from bn_lab.ui.kit import formatting

FACTOR = r"s=\frac{\gamma}{\sqrt{\sigma^2+\epsilon}}"

FORMULAS = {
    "before": r"W'=\operatorname{diag}(s)\,W,\quad b'=s\,(b-\mu)+\beta",
    "after": r"W'=W\operatorname{diag}(s),\quad b'=b+W(\beta-s\,\mu)",
}
"""μ and σ² are the moving statistics."""


def show(found: Scene, t: Texts) -> None:
    """Sentence, formulas, both matrices, the unit's weights as numbers."""
    if found.arm not in BN_ARMS:
        opening("folding", t, t("algorithm.folding.answer_none"), source=False)
        return
    one = anatomy.folded(*of_network(found), found.arm, found.choice.layer, found.choice.epsilon)
    values = {
        "layer": one.layer,
        "difference": formatting.number(one.difference),
        "difference32": formatting.number(one.difference32),
        "largest": formatting.number(one.largest),
    }
    opening("folding", t, t("algorithm.folding.answer", **values), [FACTOR, FORMULAS[found.arm]])
    picture("folded", found, t, dissected.folded, one, found.arm, found.choice.unit - 1)
    if max(one.weight.shape) > dissected.LARGEST_MAP:
        rows, columns = one.weight.shape
        st.caption(t("algorithm.folding.cropped", rows=rows, columns=columns, shown=dissected.LARGEST_MAP))
    _table(one, found, t)


def _table(one: Folded, found: Scene, t: Texts) -> None:
    """The weights that belong to the unit: its row and bias before the activation, its column and all biases after it."""
    unit = found.choice.unit - 1
    if found.arm == "before":
        own, folded_in = (one.weight[unit], one.bias[unit]), (one.folded_weight[unit], one.folded_bias[unit])
        pairs = {"W": np.append(*own), "W′": np.append(*folded_in)}
        names = [*map(str, range(1, one.weight.shape[1] + 1)), "b → b′"]
    else:
        pairs = {"W": one.weight[:, unit], "W′": one.folded_weight[:, unit], "b": one.bias, "b′": one.folded_bias}
        names = [*map(str, range(1, len(one.bias) + 1))]
    frame = pd.DataFrame(pairs, index=pd.Index(names, name=t(f"algorithm.folding.index_{found.arm}", unit=unit + 1)))
    height = min(300, 38 + 35 * len(frame))
    digits = four_digits(pairs)
    st.dataframe(frame, height=height, width="stretch", key="algorithm_folding_table", column_config=digits)
