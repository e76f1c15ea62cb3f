"""The figure of a study, with the choices that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from bn_lab.figures.studies import FIGURES, Mode, Results, rows, value_label
from bn_lab.i18n import Texts
from bn_lab.studies.study import Study
from bn_lab.ui.live import static


def show(study: Study, results: Results, t: Texts) -> None:
    """The study's figure, of whatever is there so far."""
    if study.figure != "panels":
        _panel(study, study.figure, partial(FIGURES[study.figure], study, results, t), t)
        return
    mode, where = _choices(study, t)
    chosen = " ".join(map(str, (mode, *where.values())))
    _panel(study, "panels", partial(FIGURES["panels"], study, results, t, where=where, mode=mode), t, chosen)
    _panel(study, "rows", partial(rows, study, results, t, mode=mode), t, mode)


def _panel(study: Study, name: str, draw: partial[Any], t: Texts, subject: str = "") -> None:
    """The picture for wide and narrow screens, changed in place by the browser."""
    alt, key = t(f"claims.alt.{name}"), f"claims_{study.id}_{name}"
    static.picture(draw, alt=alt, key=key, subject=f"{study.id} {subject}")


def _choices(study: Study, t: Texts) -> tuple[Mode, Mapping[str, Any]]:
    """Training or inference mode, and a value of each axis but the longest."""
    longest, _ = max(study.axes, key=lambda axis: len(axis[1]))
    modes: dict[Mode, str] = {"inference": t("claims.mode.inference"), "training": t("claims.mode.training")}
    with st.container(horizontal=True, key=f"claims_{study.id}_view"):
        mode = _segments(t("claims.mode.title"), f"claims_{study.id}_mode", modes)
        chosen = {}
        for name, values in study.axes:
            if name != longest:
                labels = {value: value_label(name, value, t) for value in values}
                chosen[name] = _segments(t(f"field.{name}"), f"claims_{study.id}_{name}", labels)
    return mode, chosen


def _segments(label: str, key: str, labels: Mapping[Any, str]) -> Any:
    """One of some values; the first one where the visitor unpicks what was picked."""
    first = next(iter(labels))
    picked = st.segmented_control(label, list(labels), format_func=labels.__getitem__, default=first, key=key)
    return first if picked is None else picked
