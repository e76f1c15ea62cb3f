"""What one takes from a study: a cell to open in the lab, and every number as a file."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from bn_lab.figures.studies import label
from bn_lab.i18n import Texts
from bn_lab.studies.job import JobView
from bn_lab.studies.records import to_csv, to_json
from bn_lab.studies.study import Cell, Study
from bn_lab.ui.kit.downloads import download
from bn_lab.ui.menu import share


def show(study: Study, view: JobView, t: Texts) -> None:
    """A row of buttons; files only when nothing is added to them any more."""
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"claims_{study.id}_take"):
        cell = _cell(study, t)
        opened = share.link_to("", replace(cell.experiment, seeds=1))
        st.link_button(t("claims.open"), opened, icon=":material/science:")
        if view.ended:
            for kind, write in (("csv", to_csv), ("json", to_json)):
                make, name = partial(write, study, view.results), f"{study.id}.{kind}"
                download(kind.upper(), make, name, key=f"claims_{study.id}_{kind}", about=t(f"claims.download_{kind}"))


def _cell(study: Study, t: Texts) -> Cell:
    if len(study.cells) == 1:
        return study.cells[0]
    names = [label(cell.values, t) for cell in study.cells]
    key = f"claims_{study.id}_cell"
    k: int = st.selectbox(t("claims.cell"), range(len(names)), format_func=names.__getitem__, key=key, width=420)
    return study.cells[k]
