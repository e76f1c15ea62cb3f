"""Files that a page hands out: a button for each, which has its file made when somebody presses it; and their names."""

from __future__ import annotations

import re
from collections.abc import Callable

import streamlit as st

from bn_lab.experiment import Experiment
from bn_lab.ui.kit.errors import guarded_file

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
    dataset = "own" if experiment.is_private else experiment.dataset
    return re.sub(r"[\W_]+", "-", f"{dataset}-{what}").strip("-")


def file_name(experiment: Experiment, what: str, ending: str) -> str:
    """`iris-networks.csv`."""
    return f"{file_stem(experiment, what)}.{ending}"
