"""Part 5: one sample among other samples."""

from __future__ import annotations

from math import isnan

from bn_lab.figures import dissected
from bn_lab.i18n import Texts
from bn_lab.ui import anatomy
from bn_lab.ui.algorithm.draw import opening, picture
from bn_lab.ui.algorithm.scene import Scene, network_sample, of_network, subject_of
from bn_lab.ui.kit import formatting


def show(found: Scene, t: Texts) -> None:
    """Sentence, the values of x̂, and how their spread falls."""
    picked = found.choice
    sample = network_sample(found)
    row = int(subject_of(found, picked.layer).rows[sample])
    together = anatomy.company(*of_network(found), found.arm, picked.layer, picked.unit - 1, row)
    mates = together.mates(found.experiment.epsilon if picked.epsilon is None else picked.epsilon)
    counted = list(mates.fitted)
    if counted and not any(mates.std.values()):
        value = formatting.number(mates.values[counted[0]][0])
        opening("mates", t, t("algorithm.mates.answer_constant", sample=sample + 1, value=value), source=False)
        return
    if isnan(mates.exponent):
        opening("mates", t, t("algorithm.mates.answer_few", samples=mates.population), source=False)
        return
    values = {
        "sample": sample + 1,
        "few": counted[0],
        "many": counted[-1],
        "wide": formatting.number(mates.std[counted[0]]),
        "close": formatting.number(mates.std[counted[-1]]),
        "exponent": formatting.signed(mates.exponent),
    }
    law = r"\operatorname{std}(\hat x_i)\propto m^{-1/2}"
    opening("mates", t, t("algorithm.mates.answer", **values), [law])
    picture("mates", found, t, dissected.mates, mates)
