"""The runs of a comparison: in the session, plain things, in the order of the link.

Of a run is kept what the comparison draws, some tens of kilobytes: its settings, the medians of its curves, and where each arm
stood at the end. Visitors with the same run share these results.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

import numpy as np
import streamlit as st

from bn_lab.datasets import table_of
from bn_lab.engine.history import History
from bn_lab.engine.summary import summaries
from bn_lab.engine.types import Array
from bn_lab.experiment import FIELDS, Experiment, ExperimentError, is_uploaded
from bn_lab.figures.series import curves
from bn_lab.figures.studies import value_label
from bn_lab.i18n import Texts
from bn_lab.service import Watch, WatchState
from bn_lab.sharing import Decoded, encode
from bn_lab.ui import session, uploads
from bn_lab.ui.compare import links
from bn_lab.ui.kit.caching import cached_per_history, history_of

POINTS = 300
"""Points of a curve at most: about as many as a picture of half a page's width can show apart."""

STATE, FOLLOWED = "runs", "runs_of"
"""In the session: the list, and the link's text that it stands for."""


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

    `id`: 1, 2, …; `experiment`: its link's parameters; `name`: the visitor's, may be empty; `results`: None until the page has
    fetched them, and trained the run if need be; `failed`: whether there cannot be any.
    """

    id: int
    experiment: dict[str, str]
    name: str
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
    """The list; what the link brings, where that says something else than before."""
    text = st.session_state.get("compare", "")
    if STATE not in st.session_state or st.session_state.get(FOLLOWED) != text:
        _follow_link(text)
    runs: list[ListedRun] = st.session_state[STATE]
    return runs


def place_of(run: ListedRun, among: Sequence[ListedRun]) -> int:
    """Which of the list a run is, from 0: that is its colour."""
    return [each["id"] for each in among].index(run["id"])


def compare(runs: Sequence[Decoded]) -> None:
    """Lay these runs over each other, in this order and as many as a link has; what cannot be read or trained here is left out,
    and named with its place."""
    possible, problems = [], list[tuple[int, ExperimentError]]()
    for number, run in enumerate(runs[: links.MOST], start=1):
        try:
            if run.problems:  # other settings would compare something else
                raise run.problems[0]
            session.check(run.experiment)
        except ExperimentError as error:
            problems.append((number, error))
            continue
        possible.append((run.experiment, ""))
    uploads.settle(session.experiment().dataset)
    _list(possible)
    st.session_state["compare_problems"] = problems


def follow_address() -> None:
    """Show nothing where Back or Forward led to the address of an empty list. That of own data alone is the same, and stays."""
    if session.came_by_history() and "compare" not in st.query_params and not all(map(is_private, listed())):
        _follow_link("")


def write_link() -> None:
    """Let the address say what the list holds."""
    st.session_state["compare"] = st.session_state[FOLLOWED] = as_link(listed())
    session.write_link()


def experiment_of(run: ListedRun) -> Experiment:
    """What a run of the list trained."""
    return session.experiment_of(run["experiment"])


def _follow_link(text: str) -> None:
    """Have the runs of a link in the list, in its order, as far as this server gives them."""
    linked, problems = links.read(text)
    possible = []
    for each in linked:
        try:
            if each.experiment.is_private:  # no comparison's link of the lab has one
                raise links.ComparisonError("dataset", "own_run", each.experiment.dataset)
            session.check(each.experiment)
        except ExperimentError as error:  # other settings would compare something else, so it is left out
            problems.append((each.number, error))
            continue
        possible.append((each.experiment, each.name))
    _list(possible)
    st.session_state["compare_problems"] = sorted(problems, key=lambda pair: pair[0])


def _list(runs: Iterable[tuple[Experiment, str]]) -> None:
    """Have these experiments with their names in the list; what is known of them already stays."""
    known = {experiment_of(run): run for run in st.session_state.get(STATE, ())}
    fresh = ListedRun(id=0, experiment={}, name="", results=None, failed=False)
    st.session_state[STATE] = [
        {**known.get(experiment, fresh), "id": number, "experiment": encode(experiment), "name": name}
        for number, (experiment, name) in enumerate(dict(runs).items(), start=1)
    ]
    st.session_state["compare"] = st.session_state[FOLLOWED] = as_link(st.session_state[STATE])


# What the page does.


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
    """The link's text for runs, without those on uploaded data."""
    return links.write((experiment_of(run), run["name"]) for run in among if not is_private(run))


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
