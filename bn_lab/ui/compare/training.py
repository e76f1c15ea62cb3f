"""The runs of a comparison that somebody shared are trained here, one after the other, beside the lab's own training."""

from __future__ import annotations

import streamlit as st

from bn_lab.service import State, Training, Visitor
from bn_lab.service.visitor import TO_THE_END
from bn_lab.ui import session
from bn_lab.ui.compare import kept
from bn_lab.ui.compare.kept import Run


class Companion(Visitor):
    """What watches a training for the Compare page of a visitor, as a visitor of its own."""

    def let_go(self) -> None:
        """Watch nothing any more."""
        with self.trainer.lock:
            if self.training is not None:
                self.training.leave(self.name)
            self.training = None

    def gone(self) -> None:
        """The connection is over, which may only be a short cut."""
        self.release()


@st.cache_resource(scope="session", show_spinner=False, on_release=Companion.gone)
def _companion(name: str) -> Companion:
    return Companion(session.trainer(), name)


def _watcher() -> Companion:
    return _companion(f"{session.visitor().name}-compare")


def pending() -> list[Run]:
    """Runs of the list that are still to be trained, the first of the link first."""
    return [run for run in kept.runs() if run["record"] is None and not run["failed"]]


def advance() -> Training | None:
    """Keep what has ended, and watch the next that has to be trained; returns it, or None where nothing is left."""
    watcher = _watcher()
    for run in pending():
        training = _watched(watcher, run)
        if training.view.state is State.DONE and training.view.history is not None:
            run["record"] = kept.record_of(training.view.history)
        elif training.view.state is State.FAILED:
            run["failed"] = True
        else:
            return training
    watcher.let_go()
    return None


def _watched(watcher: Companion, run: Run) -> Training:
    """The training of a run, that of others if there is one."""
    experiment, training = kept.experiment_of(run), watcher.training
    if training is None or training.view.state is State.GONE or training.view.experiment != experiment:
        training = watcher.open(experiment, TO_THE_END)
    watcher.renew()
    return training
