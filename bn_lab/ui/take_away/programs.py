"""The dialog "Code": a program for Keras or PyTorch that trains the same networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from bn_lab.codegen import FRAMEWORKS, NAMES, notebook, script
from bn_lab.codegen.facts import FACTS
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.i18n import Texts
from bn_lab.ui import session, words
from bn_lab.ui.file_names import file_name

ROOT = Path(__file__).resolve().parents[3]

HEIGHT = 420
"""Pixels of the program that are seen at once."""

WRITERS: dict[str, tuple[Callable[[Experiment, str], str], str]] = {
    "py": (script, "text/x-python"),
    "ipynb": (notebook, "application/x-ipynb+json"),
}
"""By the ending of the file: what writes it, and its type."""


def show(t: Texts) -> None:
    """Draw the content of the dialog."""
    experiment = session.experiment()
    st.markdown(t("take.code_about"))
    if experiment.is_private:
        st.info(t("take.code_private"), icon=":material/info:")
        return
    framework = _framework(t)
    try:
        program = script(experiment, framework)
    except ExperimentError as error:
        st.error(words.error(t, error), icon=":material/error:")
        return
    facts, name = FACTS[experiment.dataset], file_name(experiment, framework, "py")
    with st.container(horizontal=True):
        for ending, (write, mime) in WRITERS.items():
            _download(t(f"take.{ending}"), partial(write, experiment, framework), experiment, framework, ending, mime=mime)
        data = ROOT / facts.file
        st.download_button(
            t("take.data", file=data.name),
            data=data.read_bytes,
            file_name=data.name,
            mime="application/octet-stream",
            key="take_data",
            icon=":material/table:",
            on_click="ignore",
        )
    st.caption(t("take.code_run", command=f"python {name} {data.name}"))
    st.code(program, language="python", height=HEIGHT)


def _framework(t: Texts) -> str:
    key = "take_framework"
    st.session_state.setdefault(key, next(iter(FRAMEWORKS)))
    st.segmented_control(t("take.framework"), list(FRAMEWORKS), format_func=NAMES.__getitem__, key=key, required=True)
    return str(st.session_state[key])


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
