"""The dialog "Code": a program for Keras or PyTorch that trains the same networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from bn_lab.codegen import FRAMEWORKS, NAMES, notebook, script
from bn_lab.codegen.facts import FACTS, Facts
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.i18n import Texts
from bn_lab.ui import session, uploads
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.choices import one_of
from bn_lab.ui.kit.downloads import download, file_name

ROOT = Path(__file__).resolve().parents[3]

HEIGHT = 420
"""Pixels of the program that are seen at once."""

WRITERS: dict[str, Callable[[Experiment, str, Facts | None], str]] = {"py": script, "ipynb": notebook}
"""What writes a file, by its ending."""


def show(t: Texts) -> None:
    """Draw the content of the dialog."""
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
    if not FACTS[experiment.dataset].file:
        return
    data = ROOT / FACTS[experiment.dataset].file
    download(t("take.data", file=data.name), data.read_bytes, data.name, key="take_data", icon=":material/table:")


def _how(experiment: Experiment, framework: str, facts: Facts | None, t: Texts) -> str:
    """How to run the program."""
    command, data = f"python {file_name(experiment, framework, 'py')}", Path((facts or FACTS[experiment.dataset]).file).name
    if not data:
        return t("take.code_run_alone", command=command)
    return t("take.code_run_own" if facts else "take.code_run", command=f"{command} {data}")
