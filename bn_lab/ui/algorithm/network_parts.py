"""The parts of the page about the network at a moment, in their order: 4 the statistics of inference, 5 the composition of a
batch, 6 the scale of the weights, 7 the placement, 8 folding. They show the network also while numbers are typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan, sqrt

import numpy as np
import pandas as pd
import streamlit as st

from bn_lab import numerals
from bn_lab.arms import ARMS
from bn_lab.engine.anatomy.records import Folded, Placements, RandomBatches, Rescaled, Statistics, ThreeWays
from bn_lab.figures import algorithm_network as figures
from bn_lab.i18n import Texts
from bn_lab.ui.algorithm.scene import FACTORS, Scene, compute
from bn_lab.ui.algorithm.widgets import opening, picture, stepped_slider, table, tex

# Part 4: the statistics that normalize in training, and those that do so afterwards.

UPDATES = (r"\mu\leftarrow p\,\mu+(1-p)\,\mu_B", r"\sigma^2\leftarrow p\,\sigma^2+(1-p)\,\sigma_B^2")


def inference(scene: Scene, t: Texts) -> None:
    """The statistics over the run, and the same weights evaluated with each kind of them."""
    scores: ThreeWays = scene.compute("three_ways")
    by_kind = {"batch": scores.batch, "moving": scores.moving, "precise": scores.precise}
    losses = {kind: numerals.number(by_split["train"].loss) for kind, by_split in by_kind.items()}
    if not ARMS[scene.arm].is_batch_norm:
        opening("inference", t, t("algorithm.inference.answer_none", loss=losses["batch"]), source=False)
        return
    history, moment = scene.network
    statistics: Statistics = compute(history, "statistics", scene.checkpoints, scene.arm, scene.selection.layer)
    at = scene.checkpoints.index(moment)
    weight = float(statistics.start_weight[at])
    remaining = rf"p={scene.experiment.bn_momentum:g},\quad p^{{\,n}}={tex(weight)}"
    answer = t("algorithm.inference.answer", epoch=f"{int(moment.epoch):,}", weight=numerals.short(100 * weight), **losses)
    opening("inference", t, answer, [*UPDATES, remaining])
    picture("statistics", scene, t, figures.statistics, statistics, scene.unit, at)
    rows: dict[str, dict[str, float]] = {}
    for kind, by_split in by_kind.items():
        cells = rows[t(f"algorithm.inference.{kind}")] = {}
        for split, score in by_split.items():
            cells[t(f"algorithm.inference.loss_{split}")] = score.loss
            if score.accuracy is not None:
                cells[t(f"algorithm.inference.accuracy_{split}")] = score.accuracy
    frame = pd.DataFrame.from_dict(rows, orient="index")
    table("inference", frame, map(str, frame))


# Part 5: one sample among other samples. In links the part is called `mates`.


def composition(scene: Scene, t: Texts) -> None:
    """x̂ of the selected sample in random batches, and how its spread falls with their size."""
    sample = scene.network_sample
    row = int(scene.subject_of(scene.selection.layer).rows[sample])
    batches: RandomBatches = scene.compute("random_batches", scene.selection.layer, scene.unit, row)
    effect = batches.effect(scene.epsilon)
    sizes = list(effect.fitted)
    if sizes and not any(effect.std.values()):
        value = numerals.number(effect.values[sizes[0]][0])
        opening("mates", t, t("algorithm.mates.answer_constant", sample=sample + 1, value=value), source=False)
        return
    if isnan(effect.exponent):
        opening("mates", t, t("algorithm.mates.answer_few", samples=effect.population), source=False)
        return
    values = {
        "sample": sample + 1,
        "few": sizes[0],
        "many": sizes[-1],
        "wide": numerals.number(effect.std[sizes[0]]),
        "close": numerals.number(effect.std[sizes[-1]]),
        "exponent": numerals.signed(effect.exponent),
    }
    law = r"\operatorname{std}(\hat x_i)\propto m^{-1/2}"
    opening("mates", t, t("algorithm.mates.answer", **values), [law])
    picture("composition", scene, t, figures.composition, effect)


# Part 6: the layer's weights times a.

SCALED = (
    r"\mathrm{BN}\big((aW)u\big)=\mathrm{BN}(Wu)",
    r"\frac{\partial L}{\partial (aW)}=\frac1a\,\frac{\partial L}{\partial W}",
)

HOMOGENEOUS = ("relu", "leaky_relu", "identity")
"""Activation functions with f(ax) = a·f(x) for a > 0: batch normalization after them does not see the scale either."""

UNCHANGED = 0.01
"""Relative change of the output up to which it counts as the same."""


def scale(scene: Scene, t: Texts) -> None:
    """The factor a, and what it does to the output and to the gradient."""
    selection = scene.selection
    rescaled: Rescaled = scene.compute("rescaled", selection.layer, FACTORS, selection.epsilon)
    x = scene.subject_of(selection.layer).x
    opening("scale", t, _scale_answer(rescaled, x.var(axis=1).min(), scene, t), SCALED)
    at = FACTORS.index(selection.factor)
    stepped_slider("factor", "a", FACTORS, selection.factor, numerals.setting)
    numbers = {
        "factor": numerals.setting(selection.factor),
        "change": numerals.number(float(rescaled.change[at])),
        "norm": numerals.number(float(rescaled.gradient_norm[at])),
        "predicted": numerals.number(float(rescaled.predicted[at])),
    }
    st.markdown(t("algorithm.scale.numbers", **numbers))
    # The factor at which a²σ² of the unit is ε means something where the normalized values are linear in the weights.
    variance = float(x[scene.unit].var()) if ARMS[scene.arm].placement == "before" else 0.0
    edge = sqrt(scene.epsilon / variance) if variance > 0 else None
    picture("rescaled", scene, t, figures.rescaled, rescaled, at, edge)


def _scale_answer(rescaled: Rescaled, least_variance: float, scene: Scene, t: Texts) -> str:
    if np.isnan(rescaled.change).any():  # 0/0: diverged weights do not get here
        return t("algorithm.scale.answer_nothing", arm=t(f"arm.{scene.arm}"))
    if not ARMS[scene.arm].is_batch_norm:
        return t("algorithm.scale.answer_none", change=numerals.number(100 * float(rescaled.change[FACTORS.index(10.0)])))
    kind, limit = verdict(rescaled)
    values = {
        "limit": numerals.setting(limit),
        "largest": numerals.number(100 * float(rescaled.change.max())),
        "beyond": numerals.number(100 * float(rescaled.change[rescaled.factors >= 1].max())),
        "least": numerals.number(float(least_variance)),
        "epsilon": numerals.setting(scene.epsilon),
    }
    by_epsilon = ARMS[scene.arm].placement == "before" or scene.experiment.activation in HOMOGENEOUS
    reason = "epsilon" if by_epsilon else "activation"
    if kind == "holds":
        return t("algorithm.scale.answer_holds", **values)
    return t(f"algorithm.scale.answer_{kind}_{reason}", **values)


def verdict(rescaled: Rescaled) -> tuple[str, float]:
    """`holds` for all factors, `breaks` below the factor given, or `fails` already for large ones."""
    same = rescaled.change <= UNCHANGED  # NaN is no sameness
    if same.all():
        return "holds", 0.0
    if not same[rescaled.factors >= 1].all():
        return "fails", 1.0
    return "breaks", float(rescaled.factors[np.flatnonzero(~same)[-1] + 1])


# Part 7: the same layer with batch normalization on either side of its activation.


def placements(scene: Scene, t: Texts) -> None:
    """The distributions of every stage."""
    both: Placements = scene.compute("placements", scene.selection.layer, scene.selection.epsilon)
    before, after = both.before["activation"], both.after["scaled"]
    values = {
        "before_mean": numerals.number(before.mean(), before.std(), numerals.DOUBLE),
        "before_std": numerals.number(float(before.std())),
        "after_mean": numerals.number(after.mean(), after.std(), numerals.DOUBLE),
        "after_std": numerals.number(float(after.std())),
        "before_least": numerals.number(float(np.min(before))),
        "after_least": numerals.number(float(np.min(after))),
    }
    both_orders = r"f\big(\mathrm{BN}(Wu+b)\big)\quad\leftrightarrow\quad\mathrm{BN}\big(f(Wu+b)\big)"
    opening("placements", t, t("algorithm.placements.answer", **values), [both_orders])
    picture("placements", scene, t, figures.placements, both, scene.unit, scene.network_sample)


# Part 8: batch normalization folded into an affine layer.

FOLDING_FACTOR = r"s=\frac{\gamma}{\sqrt{\sigma^2+\epsilon}}"

FOLDING: Mapping[str | None, str] = {
    "before": r"W'=\operatorname{diag}(s)\,W,\quad b'=s\,(b-\mu)+\beta",
    "after": r"W'=W\operatorname{diag}(s),\quad b'=b+W(\beta-s\,\mu)",
}
"""μ and σ² are the moving statistics."""


def folding(scene: Scene, t: Texts) -> None:
    """Both matrices, and the unit's weights as numbers."""
    if not ARMS[scene.arm].is_batch_norm:
        opening("folding", t, t("algorithm.folding.answer_none"), source=False)
        return
    folded: Folded = scene.compute("folded", scene.selection.layer, scene.selection.epsilon)
    values = {
        "layer": folded.layer,
        "difference": numerals.number(folded.difference),
        "difference32": numerals.number(folded.difference32),
        "largest": numerals.number(folded.largest),
    }
    opening("folding", t, t("algorithm.folding.answer", **values), [FOLDING_FACTOR, FOLDING[ARMS[scene.arm].placement]])
    picture("folded", scene, t, figures.folded, folded, scene.arm, scene.unit)
    if max(folded.weight.shape) > figures.LARGEST_MAP:
        rows, columns = folded.weight.shape
        st.caption(t("algorithm.folding.cropped", rows=rows, columns=columns, shown=figures.LARGEST_MAP))
    _folding_table(folded, scene, t)


def _folding_table(folded: Folded, scene: Scene, t: Texts) -> None:
    """The weights that belong to the unit: its row and bias before the activation, its column and all biases after it."""
    unit = scene.unit
    if ARMS[scene.arm].placement == "before":
        pairs = {
            "W": np.append(folded.weight[unit], folded.bias[unit]),
            "W′": np.append(folded.folded_weight[unit], folded.folded_bias[unit]),
        }
        names = [*map(str, range(1, folded.weight.shape[1] + 1)), "b → b′"]
    else:
        pairs = {
            "W": folded.weight[:, unit],
            "W′": folded.folded_weight[:, unit],
            "b": folded.bias,
            "b′": folded.folded_bias,
        }
        names = [*map(str, range(1, len(folded.bias) + 1))]
    index = pd.Index(names, name=t(f"algorithm.folding.index_{ARMS[scene.arm].placement}", unit=unit + 1))
    table("folding", pd.DataFrame(pairs, index=index), pairs)
