"""Two dialogs: "Code", a program for Keras or PyTorch that trains the same networks; and "Take away": the report, numbers,
weights, and the experiment as a file, which can be loaded again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from bn_lab import timing
from bn_lab.codegen import FRAMEWORKS, NAMES, notebook, script
from bn_lab.codegen.facts import Facts, facts_for
from bn_lab.codegen.loading import snippet
from bn_lab.datasets import table_of
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.files import experiments, tables, weights
from bn_lab.files.experiments import FileError, from_json
from bn_lab.i18n import Texts
from bn_lab.service import Watch, WatchState
from bn_lab.ui import session, uploads
from bn_lab.ui.kit import formatting, navigation
from bn_lab.ui.kit.caching import history_of
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.kit.widgets import download, file_name, one_of, one_of_many
from bn_lab.ui.menu.report import Report, of_visit

# The dialog "Code".

ROOT = Path(__file__).resolve().parents[3]

HEIGHT = 420
"""Pixels of the program that are seen at once."""

WRITERS: dict[str, Callable[[Experiment, str, Facts | None], str]] = {"py": script, "ipynb": notebook}
"""What writes a file, by its ending."""


def show_code(t: Texts) -> None:
    """Draw the content of the dialog "Code"."""
    experiment = session.experiment()
    st.markdown(t("take.code_about"))
    framework = one_of("take_framework", t("take.framework"), list(FRAMEWORKS), NAMES.__getitem__)
    try:
        facts = uploads.facts(experiment)
        program = script(experiment, framework, facts)
    except ExperimentError as error:
        st.error(formatting.error(t, error), icon=":material/error:")
        return
    with st.container(horizontal=True):
        for ending, write in WRITERS.items():
            make, name = partial(write, experiment, framework, facts), file_name(experiment, framework, ending)
            download(t(f"take.{ending}"), make, name, key=f"take_{ending}")
        if facts is None:
            _data(experiment, t)
    st.caption(_how(experiment, framework, facts, t))
    st.code(program, language="python", height=HEIGHT)


def _data(experiment: Experiment, t: Texts) -> None:
    """The file that the program reads, if it reads one."""
    if not facts_for(experiment.dataset).file:
        return
    data = ROOT / facts_for(experiment.dataset).file
    download(t("take.data", file=data.name), data.read_bytes, data.name, key="take_data", icon=":material/table:")


def _how(experiment: Experiment, framework: str, facts: Facts | None, t: Texts) -> str:
    """How to run the program."""
    command, data = f"python {file_name(experiment, framework, 'py')}", Path((facts or facts_for(experiment.dataset)).file).name
    if not data:
        return t("take.code_run_alone", command=command)
    return t("take.code_run_own" if facts else "take.code_run", command=f"{command} {data}")


# The dialog "Take away".

TRAINING = (WatchState.QUEUED, WatchState.TRAINING)
"""States in which there is going to be more by itself."""


def show_files(t: Texts) -> None:
    """Draw the content of the dialog. What is in it follows the training to its end, which is what the files are of."""
    state = session.watch().progress.state
    st.fragment(guarded(_content), run_every=timing.WAITING_TICK if state in TRAINING else None)(state, t)
    _experiment(session.experiment(), t)
    st.subheader(t("take.figures"))
    st.markdown(t("take.figures_about"))


def _content(drawn: WatchState, t: Texts) -> None:
    """What is made of the record.

    Args:
        drawn: what the training did when the dialog was drawn; where that has changed, it is drawn again.
    """
    watch = session.watch()
    state = watch.progress.state
    if state is not drawn and not {state, drawn} <= set(TRAINING):
        st.rerun()
    if not (ended := state is WatchState.ENDED):
        _far(watch, t)
    experiment = watch.experiment
    _report(experiment, watch, ended, t)
    _tables(experiment, watch, ended, t)
    _weights(experiment, watch, ended, t)


def _far(watch: Watch, t: Texts) -> None:
    """How far the training is, and what that means for the files."""
    progress = watch.progress
    if progress.state is WatchState.FAILED:
        st.error(formatting.failure(watch, t), icon=":material/error:")
        return
    values = {"epoch": f"{int(progress.epoch):,}", "epochs": f"{watch.target:,}"}
    waiting = progress.state in TRAINING
    begun = waiting or progress.epoch >= 1
    st.info(t("take.unfinished", **values) if begun else t("take.untrained"), icon=":material/info:")
    if not waiting:
        st.button(t("take.train"), key="take_train", icon=":material/play_arrow:", on_click=guarded(_train))


def _train() -> None:
    """Train what is on screen to its end."""
    watch = session.watch()
    watch.go(watch.target)


def _report(experiment: Experiment, watch: Watch, ended: bool, t: Texts) -> None:
    st.subheader(t("take.report"))
    st.markdown(t("take.report_about"))
    if experiment.is_private:
        st.markdown(t("take.report_own"))
    report = Report(t, navigation.here(), of_visit(experiment, t))
    name = file_name(experiment, "report", "html")
    download(
        "HTML",
        lambda: report.of(history_of(watch, timing.DOWNLOAD_TIMEOUT)),
        name,
        key=f"take_{name}",
        ready=ended,
        primary=True,
    )


def _tables(experiment: Experiment, watch: Watch, ended: bool, t: Texts) -> None:
    st.subheader(t("take.numbers"))
    for table in tables.TABLES:
        st.markdown(t("take.networks_about" if table == "networks" else "take.layers_about"))
        with st.container(horizontal=True):
            for ending, table_format in tables.FORMATS.items():
                make, name = partial(_table, watch, table, ending), file_name(experiment, table, ending)
                download(table_format.label, make, name, key=f"take_{name}", ready=ended)


def _table(watch: Watch, table: str, ending: str) -> bytes:
    return tables.FORMATS[ending].write(tables.TABLES[table](history_of(watch, timing.DOWNLOAD_TIMEOUT)))


def _weights(experiment: Experiment, watch: Watch, ended: bool, t: Texts) -> None:
    st.subheader(t("take.weights"))
    st.markdown(t("take.weights_about"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        arm = one_of_many("take_arm", t("take.arm"), experiment.arms, lambda arm: t(f"arm.{arm}"))
        seed = one_of_many("take_seed", t("field.seed"), experiment.seed_list, str)
        name = file_name(experiment, f"{arm}-seed{seed}", "safetensors")
        make = partial(_network, watch, arm, seed)
        download("safetensors", make, name, key=f"take_{name}", ready=ended)
    with st.expander(t("take.snippet"), icon=":material/code:"):
        st.code(snippet(experiment, arm, seed, name, uploads.facts(experiment)), language="python")


def _network(watch: Watch, arm: str, seed: int) -> bytes:
    return weights.to_safetensors(
        watch.experiment, watch.network(arm, seed, timing.DOWNLOAD_TIMEOUT), table_of(watch.experiment)
    )


def _experiment(experiment: Experiment, t: Texts) -> None:
    st.subheader(t("take.experiment"))
    st.markdown(t("take.experiment_about"))
    name = file_name(experiment, "experiment", "json")
    download("JSON", partial(experiments.to_json, experiment), name, key=f"take_{name}")
    _open(t)


# The experiment of a file, put on screen.

OPENED, PROBLEM = "take_opened", "take_problem"
"""In the session: how many files were opened, so that the next one has a widget of its own; what was wrong with the last,
an error, until the dialog is left."""

MOST_MB = 1
"""MB that a browser sends at most; what is larger than an experiment can be is then not read."""


def _open(t: Texts) -> None:
    """Draw the field for the file, and what was wrong with it; a good one closes the dialog."""
    count = st.session_state.setdefault(OPENED, 0)
    key = f"take_file_{count}"
    st.file_uploader(
        t("take.open"),
        type="json",
        key=key,
        max_upload_size=MOST_MB,
        on_change=guarded(_opened),
        args=(key,),
    )
    if (problem := st.session_state.get(PROBLEM)) is not None:
        st.error(formatting.error(t, problem), icon=":material/error:")


def _opened(key: str) -> None:
    """Put the file's experiment on screen, and tell there what of it could not be read."""
    state = st.session_state
    state[PROBLEM] = None
    if (file := state[key]) is None:
        return
    try:
        opened = from_json(file.getvalue())
    except FileError as error:
        state[PROBLEM] = error
        return
    session.adopt(opened.experiment)
    state["problems"] = [*opened.problems, *state["problems"]]
    state[OPENED] += 1
    state.pop(session.DIALOG, None)
