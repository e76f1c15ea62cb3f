"""Widgets of several pages: choices that keep what the visitor picked as long as that is still there, and buttons that hand out
files, each made when somebody presses its button; and the names of files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from bn_lab.drawn import kind_of
from bn_lab.experiment import Experiment
from bn_lab.ui.kit.errors import guarded_file

# Choices.

Option = TypeVar("Option")


def one_of(key: str, label: str, options: Sequence[Option], name: Callable[[Option], str]) -> Option:
    """One of some options, all in sight; the first one where nothing, or nothing that is still there, was chosen."""
    _keep(key, options)
    st.segmented_control(label, options, format_func=name, key=key, required=True)
    chosen: Option = st.session_state[key]
    return chosen


def one_of_many(key: str, label: str, options: Sequence[Option], name: Callable[[Option], str]) -> Option:
    """The same as a list that opens."""
    _keep(key, options)
    st.selectbox(label, options, format_func=name, key=key, width=240)
    chosen: Option = st.session_state[key]
    return chosen


def _keep(key: str, options: Sequence[Option]) -> None:
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]


# Files.

MIMES = {
    "csv": "text/csv",
    "html": "text/html",
    "ipynb": "application/x-ipynb+json",
    "json": "application/json",
    "npz": "application/octet-stream",
    "parquet": "application/vnd.apache.parquet",
    "py": "text/x-python",
    "safetensors": "application/octet-stream",
}
"""Types of files by the ending of their names."""


def download(
    label: str,
    make: Callable[[], str | bytes],
    name: str,
    *,
    key: str,
    icon: str = ":material/download:",
    about: str | None = None,
    ready: bool = True,
    primary: bool = False,
) -> None:
    """A button that has a file made.

    Args:
        make: makes it, outside of the page: it cannot draw, and knows no session.
        name: of the file; its ending is one of `MIMES`.
        about: what one reads when pointing at the button.
        ready: whether there is anything to hand out.
    """
    st.download_button(
        label,
        data=guarded_file(make),
        file_name=name,
        mime=MIMES[name.rpartition(".")[2]],
        key=key,
        icon=icon,
        help=about,
        type="primary" if primary else "secondary",
        on_click="ignore",
        disabled=not ready,
    )


# What files are called: the data set first, so that those of one experiment lie together.


def file_stem(experiment: Experiment, what: str) -> str:
    """`iris-networks`; whatever is no letter or digit becomes a hyphen, and uploads are only called `own`."""
    dataset = "own" if experiment.is_private else kind_of(experiment.dataset)
    return re.sub(r"[\W_]+", "-", f"{dataset}-{what}").strip("-")


def file_name(experiment: Experiment, what: str, ending: str) -> str:
    """`iris-networks.csv`."""
    return f"{file_stem(experiment, what)}.{ending}"
