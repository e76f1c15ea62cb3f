"""The runs of a comparison that somebody shared are trained here, one after the other, beside the lab's own training."""

from __future__ import annotations

from bn_lab.service import State, Training
from bn_lab.ui import beside
from bn_lab.ui.compare import kept
from bn_lab.ui.compare.kept import Run


def pending() -> list[Run]:
    """Runs of the list that are still to be trained, the first of the link first."""
    return [run for run in kept.runs() if run["record"] is None and not run["failed"]]


def advance() -> Training | None:
    """Keep what has ended, and watch the next that has to be trained; returns it, or None where nothing is left."""
    for run in pending():
        training = beside.follow("compare", kept.experiment_of(run))
        if training.view.state is State.DONE and training.view.history is not None:
            run["record"] = kept.record_of(training.view.history)
        elif training.view.state is State.FAILED:
            run["failed"] = True
        else:
            return training
    beside.leave("compare")
    return None
