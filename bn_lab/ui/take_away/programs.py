"""The dialog "Code": a program for Keras or PyTorch that trains the same networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from bn_lab.codegen import FRAMEWORKS, NAMES, notebook, script
from bn_lab.codegen.facts import FACTS, Facts
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.i18n import Texts
from bn_lab.ui import session, words
from bn_lab.ui.choose import one_of
from bn_lab.ui.file_names import file_name
from bn_lab.ui.own import holding

ROOT = Path(__file__).resolve().parents[3]

HEIGHT = 420
"""Pixels of the program that are seen at once."""

WRITERS: dict[str, tuple[Callable[[Experiment, str, Facts | None], str], str]] = {
    "py": (script, "text/x-python"),
    "ipynb": (notebook, "application/x-ipynb+json"),
}
"""By the ending of the file: what writes it, and its type."""


def show(t: Texts) -> None:
    """Draw the content of the dialog."""
    experiment = session.experiment()
    st.markdown(t("take.code_about"))
    framework = one_of("take_framework", t("take.framework"), list(FRAMEWORKS), NAMES.__getitem__)
    try:
        own = holding.facts(experiment)
        program = script(experiment, framework, own)
    except ExperimentError as error:
        st.error(words.error(t, error), icon=":material/error:")
        return
    with st.container(horizontal=True):
        for ending, (write, mime) in WRITERS.items():
            make = partial(write, experiment, framework, own)
            _download(t(f"take.{ending}"), make, experiment, framework, ending, mime=mime)
        if own is None:
            _data(experiment, t)
    st.caption(_how(experiment, framework, own, t))
    st.code(program, language="python", height=HEIGHT)


def _data(experiment: Experiment, t: Texts) -> None:
    """The file that the program reads, if it reads one."""
    if not FACTS[experiment.dataset].file:
        return
    data = ROOT / FACTS[experiment.dataset].file
    st.download_button(
        t("take.data", file=data.name),
        data=data.read_bytes,
        file_name=data.name,
        mime="application/octet-stream",
        key="take_data",
        icon=":material/table:",
        on_click="ignore",
    )


def _how(experiment: Experiment, framework: str, own: Facts | None, t: Texts) -> str:
    """How to run the program."""
    command, data = f"python {file_name(experiment, framework, 'py')}", Path((own or FACTS[experiment.dataset]).file).name
    if not data:
        return t("take.code_run_alone", command=command)
    return t("take.code_run_own" if own else "take.code_run", command=f"{command} {data}")


def _download(label: str, make: Callable[[], Any], experiment: Experiment, what: str, ending: str, *, mime: str) -> None:
    st.download_button(
        label,
        data=make,
        file_name=file_name(experiment, what, ending),
        mime=mime,
        key=f"take_{ending}",
        icon=":material/download:",
        on_click="ignore",
    )
