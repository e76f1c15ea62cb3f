"""The list of runs that a visitor keeps: in the session, plain things, the newest first.

Of a run is kept what the comparison draws, some tens of kilobytes: its settings, the medians of its curves, and where each arm
stood at the end. Visitors who keep the same run share the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
import streamlit as st

from bn_lab.datasets import table_of
from bn_lab.engine.history import History
from bn_lab.engine.summary import Summary, summaries
from bn_lab.engine.types import Array
from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.figures.overlay import RUN_COLORS
from bn_lab.figures.series import curves
from bn_lab.service import Watch, WatchState
from bn_lab.sharing import encode
from bn_lab.ui import session
from bn_lab.ui.compare import link
from bn_lab.ui.kit.caching import cached_per_history
from bn_lab.ui.kit.histories import history_of

MOST = 12
"""Runs of the list at most."""

POINTS = 300
"""Points of a curve at most: about as many as a picture of half a page's width can show apart."""

MOST_SHOWN = len(RUN_COLORS)
"""Runs that are drawn together at most; a test sees that a link has room for them."""

STATE = "runs"
"""In the session: the list."""


class Numbers(TypedDict):
    """Where an arm stood at the end; medians over the seeds, NaN where none is finite, None where nothing was measured."""

    train_loss: float
    inference_loss: float | None
    validation_loss: float | None
    metrics: dict[tuple[str, str], float]
    diverged: int


class Record(TypedDict):
    """What is kept of a run's numbers.

    `task`, `unit`: of the target; `epochs`: (n,), n ≤ `POINTS`; `lines`: `{arm}.{split}.{measure}` to (n,), medians over the
    seeds; `numbers`: by arm.
    """

    task: str
    unit: str
    epochs: Array
    lines: dict[str, Array]
    numbers: dict[str, Numbers]


class Run(TypedDict):
    """A run of the list.

    `id`: 1, 2, …; `experiment`: its link's parameters; `name`: the visitor's, may be empty; `slot`: its colour where it is
    drawn, else None; `record`: None until the page has fetched it, and trained it if need be; `failed`: whether it cannot be.
    """

    id: int
    experiment: dict[str, str]
    name: str
    slot: int | None
    record: Record | None
    failed: bool


@cached_per_history
def record_of(history: History) -> Record:
    """What is kept of a run that has ended."""
    lines = curves(history, POINTS)
    numbers = {each.arm: _numbers(each) for each in summaries(history)}
    medians = {name[:-7]: values.astype(np.float32) for name, values in lines.items() if name.endswith(".median")}
    unit, epochs = table_of(history.experiment).target_unit, lines["epoch"].astype(np.float32)
    return Record(task=history.task, unit=unit, epochs=epochs, lines=medians, numbers=numbers)


def _numbers(summary: Summary) -> Numbers:
    return Numbers(
        train_loss=summary.train_loss,
        inference_loss=summary.inference_loss,
        validation_loss=summary.validation_loss,
        metrics=summary.metrics,
        diverged=summary.diverged,
    )


def runs() -> list[Run]:
    """The list; on the first look what the link brought."""
    if STATE not in st.session_state:
        st.session_state[STATE] = []
        _follow_link(st.session_state.get("compare", ""))
    found: list[Run] = st.session_state[STATE]
    return found


def shown() -> list[Run]:
    """The runs that are drawn together."""
    return [run for run in runs() if run["slot"] is not None]


def experiment_of(run: Run) -> Experiment:
    """What a run of the list trained."""
    return session.experiment_of(run["experiment"])


def _follow_link(text: str) -> None:
    """Put the runs of a link into the list, in its order, as far as this server gives them."""
    linked, told = link.read(text)
    for each in reversed(linked):
        try:
            if each.experiment.is_private:  # no comparison's link of the lab has one
                raise link.ComparisonError("dataset", "own_run", each.experiment.dataset)
            session.check(each.experiment)
        except ExperimentError as error:  # other settings would compare something else, so it is left out
            told.append((each.number, error))
            continue
        _add(each.experiment, None, each.name)
    for slot, run in enumerate(runs()):
        run["slot"] = slot  # colours in the order of the link
    st.session_state["compare_problems"] = sorted(told, key=lambda pair: pair[0])


def keep_finished(watch: Watch) -> None:
    """Keep what the lab has trained to its target; once, so that what the visitor removes stays away.

    Its numbers can wait until the page is opened; only those of own data are fetched at once, since the file may be closed by
    then.

    Raises:
        ExperimentError: the worker that has the numbers of own data does not answer.
    """
    for recording, parameters in st.session_state.pop(session.LEFT, ()):
        _keep_left(recording, session.experiment_of(parameters))
    moment = f"{watch.recording} {watch.target}"
    if watch.wanted < watch.target:
        return  # others have trained it, and nobody played it here
    if watch.progress.state is not WatchState.ENDED or st.session_state.get("kept_last") == moment:
        return
    record = record_of(history_of(watch)) if watch.experiment.is_private else None
    found = _find(watch.experiment)
    if found is None:
        _add(watch.experiment, record)
    elif found["record"] is None:
        found["record"], found["failed"] = record, False
    st.session_state["kept_last"] = moment


def _keep_left(recording: str, experiment: Experiment) -> None:
    """Keep what had ended before the page was drawn again, if it was not kept, and maybe removed, before."""
    moment = f"{recording} {experiment.epochs}"
    if st.session_state.get("kept_last") != moment and _find(experiment) is None:
        _add(experiment, None)
        st.session_state["kept_last"] = moment


def _find(experiment: Experiment) -> Run | None:
    return next((run for run in runs() if experiment_of(run) == experiment), None)


def _add(experiment: Experiment, record: Record | None, name: str = "") -> None:
    """Put a run at the top, drawn, and make room for it."""
    number = st.session_state["runs_so_far"] = st.session_state.get("runs_so_far", 0) + 1
    found = runs()
    if len(shown()) == MOST_SHOWN:
        _dispensable(shown())["slot"] = None
    new = Run(id=number, experiment=encode(experiment), name=name, slot=_free_slot(), record=record, failed=False)
    found.insert(0, new)
    if len(found) > MOST:
        dropped = _dispensable([run for run in found if run is not new])
        found.remove(dropped)
        st.session_state["runs_dropped"] = st.session_state.get("runs_dropped", 0) + 1


def _dispensable(among: Sequence[Run]) -> Run:
    """The run that is the first to go: one without a name before one with, then what is not drawn, then the oldest."""
    return min(among, key=lambda run: (bool(run["name"]), run["slot"] is not None, run["id"]))


def _free_slot() -> int | None:
    taken = {run["slot"] for run in runs()}
    return next((slot for slot in range(MOST_SHOWN) if slot not in taken), None)


# What the page does.


def show(number: int, *, wanted: bool) -> None:
    """Draw a run with the others, or not; beyond `MOST_SHOWN` it is not drawn."""
    for run in runs():
        if run["id"] == number:
            run["slot"] = (run["slot"] if run["slot"] is not None else _free_slot()) if wanted else None


def rename(number: int, name: str) -> None:
    """Give a run a name; an empty one gives it back the one that its settings make."""
    for run in runs():
        if run["id"] == number:
            run["name"] = link.clean(name)


def remove(number: int) -> None:
    """Take a run from the list."""
    st.session_state[STATE] = [run for run in runs() if run["id"] != number]


# What the list says.


def differences(among: Sequence[Run]) -> tuple[str, ...]:
    """The fields in which runs differ, in the order of the experiment."""
    experiments = [experiment_of(run) for run in among]
    return tuple(name for name in FIELDS if len({getattr(each, name) for each in experiments}) > 1)


def values(run: Run, names: Sequence[str]) -> dict[str, Any]:
    """A run's values of some fields."""
    return {name: getattr(experiment_of(run), name) for name in names}


def is_private(run: Run) -> bool:
    """Whether a run needs data that only its visitor has: links of comparisons leave it out, and do not bring it."""
    return experiment_of(run).is_private


def as_link(among: Sequence[Run]) -> str:
    """The link's text for runs, without those on own data; in the order of their colours, which whoever opens it sees, too."""
    in_order = sorted(among, key=lambda run: MOST_SHOWN if run["slot"] is None else run["slot"])
    return link.write((experiment_of(run), run["name"]) for run in in_order if not is_private(run))
