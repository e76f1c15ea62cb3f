"""Part 4: the statistics that normalize in training, and those that do so afterwards."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bn_lab.engine.anatomy import ThreeWays
from bn_lab.experiment import BN_ARMS
from bn_lab.figures import dissected
from bn_lab.i18n import Texts
from bn_lab.ui import anatomy
from bn_lab.ui.algorithm.draw import opening, picture, tex
from bn_lab.ui.algorithm.scene import Scene, of_network
from bn_lab.ui.kit import formatting

UPDATES = (r"\mu\leftarrow p\,\mu+(1-p)\,\mu_B", r"\sigma^2\leftarrow p\,\sigma^2+(1-p)\,\sigma_B^2")


def show(found: Scene, t: Texts) -> None:
    """Sentence, statistics over the run, and the same weights evaluated in three ways."""
    history, moment = of_network(found)
    ways = anatomy.three_ways(history, moment, found.arm)
    losses = {way: formatting.number(getattr(ways, way)["train"].loss) for way in ("batch", "moving", "precise")}
    if found.arm not in BN_ARMS:
        opening("inference", t, t("algorithm.inference.answer_none", loss=losses["batch"]), source=False)
        return
    over = anatomy.statistics(history, found.checkpoints, found.arm, found.choice.layer)
    at = found.checkpoints.index(moment)
    weight = f"{100 * over.start_weight[at]:.3g}"
    left = rf"p={found.experiment.bn_momentum:g},\quad p^{{\,n}}={tex(float(over.start_weight[at]))}"
    answer = t("algorithm.inference.answer", epoch=f"{int(moment.epoch):,}", weight=weight, **losses)
    opening("inference", t, answer, [*UPDATES, left])
    picture("statistics", found, t, dissected.statistics, over, found.choice.unit - 1, at)
    _table(ways, t)


def _table(ways: ThreeWays, t: Texts) -> None:
    rows = {}
    for way in ("batch", "moving", "precise"):
        scores = getattr(ways, way)
        cells = {}
        for split, score in scores.items():
            cells[t(f"algorithm.inference.loss_{split}")] = formatting.number(score.loss)
            if score.accuracy is not None:
                cells[t(f"algorithm.inference.accuracy_{split}")] = formatting.number(score.accuracy)
        rows[t(f"algorithm.inference.{way}")] = cells
    st.dataframe(pd.DataFrame.from_dict(rows, orient="index"), width="stretch", key="algorithm_inference_table")
