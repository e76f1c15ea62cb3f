"""The numbers that an experiment gives without a page: what every page must show."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from bn_lab import train
from bn_lab.engine.history import History
from bn_lab.sharing import parse_link
from tests.browser.lab import Curves


@cache
def history(query: str, epochs: int | None = None) -> History:
    """Train what a link says, or its first epochs, here and alone."""
    decoded = parse_link(query)
    assert not decoded.problems
    return train(replace(decoded.experiment, epochs=epochs or decoded.experiment.epochs))


def losses(query: str, epochs: int | None = None) -> Curves:
    """The training losses of one seed as a page gets them: in 32 bits; of the first epochs, or of all."""
    found = history(query, epochs)
    epochs = [float(epoch) for epoch in range(1, found.epoch + 1)]
    curves: Curves = {}
    for arm in found.experiment.arms:
        values = found.series(arm, "loss")
        assert values is not None
        curves[f"{arm}.train.loss"] = epochs, [float(value) for value in values[0].astype(np.float32)]
    return curves
