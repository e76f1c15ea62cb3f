"""Runs that have not begun, and what can be seen of them; torch is imported only where one is made."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bn_lab.engine.cost import memory
from bn_lab.experiment import Experiment

if TYPE_CHECKING:
    from bn_lab.engine.history import History
    from bn_lab.engine.run import Run

UNTRAINED, UNTRAINED_BYTES = 64, 20_000_000
"""How many experiments are remembered untrained, and how much memory the run of one of them would take at most."""


def untrained(experiment: Experiment) -> History:
    """The record of networks as they are drawn."""
    if experiment.is_private or memory(experiment) > UNTRAINED_BYTES:
        return new_run(experiment).history(current=True)
    return _remembered(experiment)


@lru_cache(maxsize=UNTRAINED)
def _remembered(experiment: Experiment) -> History:
    return new_run(experiment).history(current=True)


def new_run(experiment: Experiment) -> Run:
    """A run that has made no step; the first one waits for torch, a second."""
    from bn_lab.engine.run import Run

    return Run(experiment)
