"""The list of a visitor's runs: in the session, plain things, the newest first.

Of a run is kept what the comparison draws, some tens of kilobytes: its settings, the medians of its curves, and where each arm
stood at the end. Visitors with the same run share these results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
import streamlit as st

from bn_lab.datasets import table_of
from bn_lab.engine.history import History
from bn_lab.engine.summary import summaries
from bn_lab.engine.types import Array
from bn_lab.experiment import FIELDS, Experiment, ExperimentError, is_uploaded
from bn_lab.figures.overlay import RUN_COLORS
from bn_lab.figures.series import curves
from bn_lab.figures.studies import value_label
from bn_lab.i18n import Texts
from bn_lab.service import Watch, WatchState
from bn_lab.sharing import encode
from bn_lab.ui import session
from bn_lab.ui.compare import links
from bn_lab.ui.kit.caching import cached_per_history, history_of

MOST = 12
"""Runs of the list at most."""

POINTS = 300
"""Points of a curve at most: about as many as a picture of half a page's width can show apart."""

MOST_SHOWN = len(RUN_COLORS)
"""Runs that are drawn together at most; a test sees that a link has room for them."""

STATE = "runs"
"""In the session: the list."""


class ArmResults(TypedDict):
    """Where an arm stood at the end; medians over the seeds, NaN where none is finite, None where nothing was measured.

    `metrics`: by (measure, split), as in `Summary`; `diverged`: number of its networks that diverged.
    """

    train_loss: float
    inference_loss: float | None
    validation_loss: float | None
    metrics: dict[tuple[str, str], float]
    diverged: int


class RunResults(TypedDict):
    """What is kept of a run that has ended.

    `task`, `unit`: of the target; `epochs`: (n,), n ≤ `POINTS`; `lines`: `{arm}.{split}.{measure}` to (n,), medians over the
    seeds; `arms`: where each of them stood at the end.
    """

    task: str
    unit: str
    epochs: Array
    lines: dict[str, Array]
    arms: dict[str, ArmResults]


class ListedRun(TypedDict):
    """A run of the list.

    `id`: 1, 2, …; `experiment`: its link's parameters; `name`: the visitor's, may be empty; `slot`: its colour where it is
    drawn, else None; `results`: None until the page has fetched them, and trained the run if need be; `failed`: whether there
    cannot be any.
    """

    id: int
    experiment: dict[str, str]
    name: str
    slot: int | None
    results: RunResults | None
    failed: bool


@cached_per_history
def results_of(history: History) -> RunResults:
    """What is kept of a run that has ended."""
    lines = curves(history, POINTS)
    medians = {name[:-7]: values.astype(np.float32) for name, values in lines.items() if name.endswith(".median")}
    unit, epochs = table_of(history.experiment).target_unit, lines["epoch"].astype(np.float32)
    arms = {
        each.arm: ArmResults(
            train_loss=each.train_loss,
            inference_loss=each.inference_loss,
            validation_loss=each.validation_loss,
            metrics=each.metrics,
            diverged=each.diverged,
        )
        for each in summaries(history)
    }
    return RunResults(task=history.task, unit=unit, epochs=epochs, lines=medians, arms=arms)


def listed() -> list[ListedRun]:
    """The list; on the first look what the link brought."""
    if STATE not in st.session_state:
        st.session_state[STATE] = []
        _follow_link(st.session_state.get("compare", ""))
    runs: list[ListedRun] = st.session_state[STATE]
    return runs


def shown() -> list[ListedRun]:
    """The runs that are drawn together."""
    return [run for run in listed() if run["slot"] is not None]


def experiment_of(run: ListedRun) -> Experiment:
    """What a run of the list trained."""
    return session.experiment_of(run["experiment"])


def _follow_link(text: str) -> None:
    """Put the runs of a link into the list, in its order, as far as this server gives them."""
    linked, problems = links.read(text)
    for each in reversed(linked):
        try:
            if each.experiment.is_private:  # no comparison's link of the lab has one
                raise links.ComparisonError("dataset", "own_run", each.experiment.dataset)
            session.check(each.experiment)
        except ExperimentError as error:  # other settings would compare something else, so it is left out
            problems.append((each.number, error))
            continue
        _add(each.experiment, None, each.name)
    for slot, run in enumerate(listed()):
        run["slot"] = slot  # colours in the order of the link
    st.session_state["compare_problems"] = sorted(problems, key=lambda pair: pair[0])


def list_finished(watch: Watch) -> None:
    """List what the lab has trained to its target; once, so that what the visitor removes stays away.

    Its results can wait until the page is opened; only those of uploaded data are fetched at once, since the file may be closed
    by then.

    Raises:
        ExperimentError: the worker that has the results does not answer.
    """
    for recording, parameters in st.session_state.pop(session.LEFT, ()):
        _list_left(recording, session.experiment_of(parameters))
    moment = f"{watch.recording} {watch.target}"
    if watch.wanted < watch.target:
        return  # others have trained it, and nobody played it here
    if watch.progress.state is not WatchState.ENDED or st.session_state.get("listed_last") == moment:
        return
    results = results_of(history_of(watch)) if watch.experiment.is_private else None
    run = _find(watch.experiment)
    if run is None:
        _add(watch.experiment, results)
    elif run["results"] is None:
        run["results"], run["failed"] = results, False
    st.session_state["listed_last"] = moment


def _list_left(recording: str, experiment: Experiment) -> None:
    """List what had ended when the visitor went on to another experiment, unless it was listed, and maybe removed, before."""
    moment = f"{recording} {experiment.epochs}"
    if st.session_state.get("listed_last") != moment and _find(experiment) is None:
        _add(experiment, None)
        st.session_state["listed_last"] = moment


def _find(experiment: Experiment) -> ListedRun | None:
    return next((run for run in listed() if experiment_of(run) == experiment), None)


def _add(experiment: Experiment, results: RunResults | None, name: str = "") -> None:
    """Put a run at the top, drawn, and make room for it."""
    number = st.session_state["runs_so_far"] = st.session_state.get("runs_so_far", 0) + 1
    runs = listed()
    if len(shown()) == MOST_SHOWN:
        _dispensable(shown())["slot"] = None
    new = ListedRun(id=number, experiment=encode(experiment), name=name, slot=_free_slot(), results=results, failed=False)
    runs.insert(0, new)
    if len(runs) > MOST:
        runs.remove(_dispensable([run for run in runs if run is not new]))
        st.session_state["runs_dropped"] = st.session_state.get("runs_dropped", 0) + 1


def _dispensable(among: Sequence[ListedRun]) -> ListedRun:
    """The run that is the first to go: one without a name before one with, then what is not drawn, then the oldest."""
    return min(among, key=lambda run: (bool(run["name"]), run["slot"] is not None, run["id"]))


def _free_slot() -> int | None:
    taken = {run["slot"] for run in listed()}
    return next((slot for slot in range(MOST_SHOWN) if slot not in taken), None)


# What the page does.


def show(number: int, *, wanted: bool) -> None:
    """Draw a run with the others, or not; beyond `MOST_SHOWN` it is not drawn."""
    for run in listed():
        if run["id"] == number:
            run["slot"] = (run["slot"] if run["slot"] is not None else _free_slot()) if wanted else None


def rename(number: int, name: str) -> None:
    """Give a run a name; an empty one gives it back the one that its settings make."""
    for run in listed():
        if run["id"] == number:
            run["name"] = links.clean(name)


def remove(number: int) -> None:
    """Take a run from the list."""
    st.session_state[STATE] = [run for run in listed() if run["id"] != number]


# What the list says.


def differences(among: Sequence[ListedRun]) -> tuple[str, ...]:
    """The fields in which runs differ, in the order of the experiment."""
    experiments = [experiment_of(run) for run in among]
    return tuple(name for name in FIELDS if len({getattr(each, name) for each in experiments}) > 1)


def values(run: ListedRun, names: Sequence[str]) -> dict[str, Any]:
    """A run's values of some fields."""
    return {name: getattr(experiment_of(run), name) for name in names}


def is_private(run: ListedRun) -> bool:
    """Whether a run needs data that only its visitor has: links of comparisons leave it out, and do not bring it."""
    return experiment_of(run).is_private


def as_link(among: Sequence[ListedRun]) -> str:
    """The link's text for runs, without those on uploaded data; in the order of their colours, which whoever opens it sees."""
    in_order = sorted(among, key=lambda run: MOST_SHOWN if run["slot"] is None else run["slot"])
    return links.write((experiment_of(run), run["name"]) for run in in_order if not is_private(run))


# What its runs are called.


def name_of(run: ListedRun, among: Sequence[ListedRun], t: Texts) -> str:
    """The name that the visitor gave, else what sets the run apart from the others, else its data; a stranger's text."""
    return run["name"] or _usual(run, among, t)


def _usual(run: ListedRun, among: Sequence[ListedRun], t: Texts) -> str:
    """What sets a run apart. The arms, which are many words and can be seen, are only named where nothing else does."""
    fields = differences(among)
    short = [name for name in fields if name != "arms"]
    same = sum(values(each, short) == values(run, short) for each in among)
    text = _settings(run, short if same == 1 else fields, t)
    return links.clean(text) or value_of("dataset", experiment_of(run).dataset, t)


def settings(run: ListedRun, among: Sequence[ListedRun], t: Texts) -> str:
    """A run's values of the fields in which the runs differ: `Iris · Depth (hidden layers) 5`."""
    return _settings(run, differences(among), t)


def _settings(run: ListedRun, fields: Sequence[str], t: Texts) -> str:
    return " · ".join(_setting(name, value, t) for name, value in values(run, fields).items())


def _setting(name: str, value: object, t: Texts) -> str:
    """A value that speaks for itself, or one with its field's name before it."""
    label = value_of(name, value, t)
    return label if FIELDS[name].options else f"{t(f'field.{name}')} {label}"


def value_of(name: str, value: object, t: Texts) -> str:
    """A value of a field as one reads it; uploaded data have no name that others could read."""
    return t("compare.own_data") if name == "dataset" and is_uploaded(str(value)) else value_label(name, value, t)


# Their results, fetched one after the other. What nobody has trained is trained in the background of the lab's own training.


SLOT = "compare"
"""What the page's training is called among those of its visitor."""


def pending() -> list[ListedRun]:
    """Runs of the list of which there are no results yet, the first of the link first."""
    return [run for run in listed() if run["results"] is None and not run["failed"]]


def advance() -> Watch | None:
    """Keep the results of what has ended, and watch the next that has not; returns that, or None where nothing is left."""
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
            run["results"] = results_of(history_of(watch))
        except ExperimentError:  # the worker does not answer now
            return watch
    session.visitor().drop(SLOT)
    return None


def _watch(run: ListedRun) -> Watch:
    experiment = experiment_of(run)
    session.check(experiment)
    return session.visitor().want(SLOT, experiment, table=table_of(experiment) if experiment.is_private else None)
