"""Series over the epochs: what is measured, and how the seeds of a run are summed up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bn_lab.engine.history import MEASURES, SPLITS, History
from bn_lab.engine.seeds import spread
from bn_lab.engine.types import Array
from bn_lab.experiment import Experiment
from bn_lab.figures.frame import kept_epochs


def splits(experiment: Experiment) -> tuple[str, ...]:
    """The splits that an experiment has."""
    return SPLITS if experiment.validation_share else SPLITS[:1]


def summed_up(history: History, measure: str, epochs: Array | slice) -> Iterator[tuple[str, Array]]:
    """The lines of a measure at some epochs, as recorded, never smoothed: `{arm}.{split}.{measure}.median` (n,) over the seeds
    that have not diverged, and with several seeds `.low` and `.high`, the smallest and the largest.

    Args:
        epochs: index of the epochs; 0 is the first.
    """
    chosen = _at(history, epochs)
    for arm in history.experiment.arms:
        for split in SPLITS:
            values = chosen.series(arm, measure, split)
            if values is None:
                continue
            low, median, high = spread(values)
            name = f"{arm}.{split}.{measure}"
            yield f"{name}.median", median
            if len(values) > 1:
                yield f"{name}.low", low
                yield f"{name}.high", high


def _at(history: History, epochs: Array | slice) -> History:
    names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    chosen: dict[str, Any] = {}
    for name in names:
        values = getattr(history, name)
        chosen[name] = None if values is None else values[..., epochs]
    return replace(history, **chosen)


def curves(history: History, limit: int) -> dict[str, Array]:
    """All lines of a run by name (`summed_up`), and their `epoch` (n,): at most `limit` of the completed epochs, chosen by
    `kept_epochs`."""
    epochs = kept_epochs(history.epoch, limit)
    lines = {name: line for measure in MEASURES[history.task] for name, line in summed_up(history, measure, epochs - 1)}
    return {"epoch": epochs, **lines}
