"""Part 7: the same layer with batch normalization on either side of its activation."""

from __future__ import annotations

import numpy as np

from bn_lab.figures import dissected
from bn_lab.i18n import Texts
from bn_lab.ui import anatomy
from bn_lab.ui.algorithm.draw import opening, picture
from bn_lab.ui.algorithm.scene import Scene, network_sample, of_network
from bn_lab.ui.kit import formatting


def show(found: Scene, t: Texts) -> None:
    """Sentence and the distributions of every stage."""
    picked = found.choice
    both = anatomy.placements(*of_network(found), picked.layer, found.arm, picked.epsilon)
    before, after = both.before["activation"], both.after["scaled"]
    values = {
        "before_mean": formatting.number(formatting.rounded(before.mean(), before.std())),
        "before_std": formatting.number(float(before.std())),
        "after_mean": formatting.number(formatting.rounded(after.mean(), after.std())),
        "after_std": formatting.number(float(after.std())),
        "before_least": formatting.number(float(np.min(before))),
        "after_least": formatting.number(float(np.min(after))),
    }
    both_ways = r"f\big(\mathrm{BN}(Wu+b)\big)\quad\leftrightarrow\quad\mathrm{BN}\big(f(Wu+b)\big)"
    opening("placements", t, t("algorithm.placements.answer", **values), [both_ways])
    picture("placements", found, t, dissected.placements, both, picked.unit - 1, network_sample(found))
