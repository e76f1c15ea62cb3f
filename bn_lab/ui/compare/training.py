"""The numbers of the runs of the list, fetched one after the other; what nobody has trained is trained for it, beside the lab's
own training."""

from __future__ import annotations

from bn_lab.datasets import table_of
from bn_lab.experiment import ExperimentError
from bn_lab.service import Watch, WatchState
from bn_lab.ui import session
from bn_lab.ui.compare import kept
from bn_lab.ui.compare.kept import Run
from bn_lab.ui.kit.histories import history_of

SLOT = "compare"
"""What the page's training is called among those of its visitor."""


def pending() -> list[Run]:
    """Runs of the list of which there are no numbers yet, the first of the link first."""
    return [run for run in kept.runs() if run["record"] is None and not run["failed"]]


def advance() -> Watch | None:
    """Keep the numbers of what has ended, and watch the next that has not; returns that, or None where nothing is left."""
    for run in pending():
        try:
            watch = _watch(run)
        except ExperimentError:  # more than this server gives, or a file that was closed
            run["failed"] = True
            continue
        state = watch.progress.state
        if state is WatchState.FAILED:
            run["failed"] = True
            continue
        if state is not WatchState.ENDED:
            return watch
        try:
            run["record"] = kept.record_of(history_of(watch))
        except ExperimentError:  # the worker does not answer now
            return watch
    session.visitor().drop(SLOT)
    return None


def _watch(run: Run) -> Watch:
    experiment = kept.experiment_of(run)
    session.check(experiment)
    return session.visitor().want(SLOT, experiment, table=table_of(experiment) if experiment.is_private else None)
