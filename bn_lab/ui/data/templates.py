"""Examples to download: small files of made-up data that have everything a file may have, in the visitor's language."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import streamlit as st

from bn_lab.datasets.uploads.limits import WRITTEN
from bn_lab.i18n import Texts
from bn_lab.ui.kit.downloads import download

ROWS = 120

Rows = list[list[str]]


def homes(t: Texts) -> Rows:
    """A number to be told: the price of a home by area, rooms, lift and district; some cells are empty."""
    draw = np.random.default_rng(1)
    words = [t("own.template.yes"), t("own.template.no")]
    towns = t("own.template.towns").split(",")
    rows = [t("own.template.homes_columns").split(",")]
    for k in range(ROWS):
        area, rooms, minutes = draw.uniform(25, 130), int(draw.integers(1, 6)), int(draw.integers(1, 31))
        lift, town = int(draw.integers(2)), int(draw.integers(len(towns)))
        price = 40 + 6.5 * area + 12 * rooms - 4 * minutes - 15 * lift + 60 * town + draw.normal(0, 25)
        cells = [f"{area:.1f}", str(rooms), str(minutes), words[lift], towns[town], f"{price:.0f}"]
        rows.append(["" if k % 15 == j + 1 else cell for j, cell in enumerate(cells[:5])] + cells[5:])
    return rows


def fruit(t: Texts) -> Rows:
    """A class to be told: which fruit it is by weight, diameter, sweetness and colour."""
    draw = np.random.default_rng(2)
    names, colors = t("own.template.fruit_names").split(","), t("own.template.colors").split(",")
    rows = [t("own.template.fruit_columns").split(",")]
    for _ in range(ROWS):
        kind = int(draw.integers(3))
        weight, width = draw.normal((170, 110, 60)[kind], 18), draw.normal((7.5, 6.0, 4.6)[kind], 0.5)
        sweet, color = draw.normal((12, 10, 9)[kind], 1.5), colors[kind if draw.random() < 0.8 else int(draw.integers(3))]
        rows.append([f"{weight:.0f}", f"{width:.1f}", f"{sweet:.1f}", color, names[kind]])
    return rows


TEMPLATES: Mapping[str, Callable[[Texts], Rows]] = {"homes": homes, "fruit": fruit}
"""By the name of its texts: a file for regression, and one for classification."""


def written(rows: Rows) -> bytes:
    """A file in UTF-8 with a mark, by which spreadsheets know it."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def show(t: Texts) -> None:
    """What a file must be like, and examples."""
    with st.expander(t("own.template.title"), icon=":material/help:"):
        st.markdown(t("own.template.rules", **WRITTEN))
        with st.container(horizontal=True):
            for name, make in TEMPLATES.items():
                label, file, data = t(f"own.template.{name}"), f"bn-lab-{name}.csv", partial(_file, make, t)
                download(label, data, file, key=f"own_template_{name}")


def _file(make: Callable[[Texts], Rows], t: Texts) -> bytes:
    return written(make(t))
