"""The page that says of each data set where it comes from, what is in it and what is odd about it, and hands it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from bn_lab import numerals
from bn_lab.datasets import DATASETS, GENERATED, Table, as_csv, load
from bn_lab.drawn import DRAWN, is_drawn, kind_of
from bn_lab.engine.boundary import has_boundary
from bn_lab.experiment import FIELDS
from bn_lab.figures.data import named
from bn_lab.figures.sets import distributions, mosaic, scatter
from bn_lab.i18n import Texts
from bn_lab.sharing import decode
from bn_lab.ui import rules, session
from bn_lab.ui.kit import formatting, navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.kit.widgets import download
from bn_lab.ui.lab import controls, preview
from bn_lab.ui.live import components

ORIGINS: Mapping[str, str] = {
    "boston": "boston",
    "boston_without_b": "boston",
    "iris": "iris",
    "digits": "digits",
    "moons": "moons",
    DRAWN: DRAWN,
}
"""Whose texts say source and licence; those of `playground` for all others."""

NOTES: Mapping[str, str] = {
    DRAWN: DRAWN,
    **{name: name if name not in GENERATED or name == "plane" else "computed" for name in DATASETS},
}
"""Whose texts say what is odd."""

IMAGES, SCALE = 15, 2
"""How many images of each digit are shown, and pixels on screen for one of an image."""

LINK = "data"
"""In the session: the set on the page, as the link has it; empty for that of the experiment."""

MANY = 20
"""Columns from which on they are one line of the table: pixels."""


def show() -> None:
    """Draw the page."""
    t = session.words()
    st.title(t("page.data"))
    st.markdown(t("data.intro"))
    if not rules.is_hidden("own"):
        st.page_link(navigation.page_at("own"), label=t("uploads.open"), icon=":material/upload_file:")
    name, noise = _looked_at()
    kind = kind_of(name)
    _choose(name, noise, t)
    st.header(controls.option_label(t, "dataset", name), divider="gray")
    st.markdown(t(f"about.{kind}"))
    if kind in GENERATED:
        _choose_noise(name, noise, t)
    table = load(name, noise)
    st.markdown(_size(table, t))
    _take(name, noise, t)
    _picture(kind, table, t)
    if kind in GENERATED or kind == DRAWN:
        _paragraph(t("data.made"), t(f"data.how.{kind}"))
    origin = ORIGINS.get(kind, "playground")
    _paragraph(t("data.origin"), t(f"data.source.{origin}"))
    _paragraph(t("data.licence"), t(f"data.terms.{origin}"))
    _paragraph(t("data.odd"), t(f"data.notes.{NOTES[kind]}"))
    st.subheader(t("data.columns"))
    st.table(_columns(table, t).set_index(t("data.head.name")))
    st.subheader(t("data.rows"))
    preview.head(table, t)


def _sets() -> list[str]:
    """The sets to choose from, that of the experiment on screen among them where it is drawn."""
    now = session.experiment().dataset
    return [*DATASETS, *([now] if is_drawn(now) else ())]


def _looked_at() -> tuple[str, float]:
    """The set on the page and its noise, `data=moons:0.25` in the link: at first those of the experiment on screen."""
    now = session.experiment()
    name, _, noise = str(st.session_state.get(LINK, "")).partition(":")
    if name not in _sets():
        return FIELDS["dataset"].default if now.is_private else now.dataset, now.data_noise
    decoded = decode({"data_noise": noise} if noise else {})
    return name, decoded.experiment.data_noise if noise and not decoded.problems else now.data_noise


def _look_at(name: str, noise: float) -> None:
    now = session.experiment()
    st.session_state[LINK] = name + (f":{FIELDS['data_noise'].format(noise)}" if noise != now.data_noise else "")


def _choose(name: str, noise: float, t: Texts) -> None:
    key = "data_set"
    st.session_state[key] = name
    st.pills(
        t("data.set"),
        _sets(),
        format_func=partial(controls.option_label, t, "dataset"),
        key=key,
        required=True,
        on_change=guarded(lambda: _look_at(st.session_state[key] or name, noise)),
    )


def _choose_noise(name: str, noise: float, t: Texts) -> None:
    """The noise of a set that is computed."""
    field, key = FIELDS["data_noise"], "data_noise"
    st.session_state[key] = noise
    st.select_slider(
        t("field.data_noise"),
        controls.stops(field, noise),
        format_func=numerals.setting,
        key=key,
        help=t("help.data_noise"),
        width=420,
        on_change=guarded(lambda: _look_at(name, st.session_state[key])),
    )


def _size(table: Table, t: Texts) -> str:
    target = formatting.escape_markdown(named(table.target_name, t))
    common = {"samples": f"{table.samples:,}", "features": f"{table.features.shape[1]:,}", "target": target}
    if not table.classes:
        return t("data.regression", **common)
    return t(
        "data.classification",
        count=len(table.classes),
        classes=", ".join(map(formatting.escape_markdown, table.classes)),
        **common,
    )


def _take(name: str, noise: float, t: Texts) -> None:
    """What one can do with the set."""
    with st.container(horizontal=True, key="data_take"):
        st.button(
            t("data.open"),
            key="data_open",
            help=t("data.open_help"),
            icon=":material/science:",
            type="primary",
            on_click=guarded(_open),
            args=(name, noise),
        )
        make = partial(as_csv, name, noise)
        kind = kind_of(name)
        download(t("data.csv"), make, f"{kind}.csv", key=f"data_csv_{kind}", about=t("data.csv_help"))


def _open(name: str, noise: float) -> None:
    session.adopt(replace(session.experiment(), dataset=name, data_noise=noise))
    navigation.to("")


def _picture(name: str, table: Table, t: Texts) -> None:
    """What the set looks like."""
    if name == "digits":
        image = mosaic(table.features, table.target, IMAGES, table.outputs, SCALE)
        caption = t("data.figure.mosaic", count=IMAGES)
        st.image(image, caption=caption, alt=caption, output_format="PNG")
        return
    kind, draw = ("scatter", scatter) if has_boundary(table.features.shape[1]) else ("distributions", distributions)
    components.picture(partial(draw, table, t), alt=t(f"data.alt.{kind}"), key="data_picture", subject=name)


def _paragraph(title: str, text: str) -> None:
    st.markdown(f"**{title}**\n\n{text}")


def _columns(table: Table, t: Texts) -> pd.DataFrame:
    """What each column means, and what its numbers are like."""
    columns = list(zip(table.feature_names, table.features.T, strict=True))
    if len(columns) > MANY:
        span = t("data.more_pixels", first=columns[0][0], last=columns[-1][0])
        rows = [[span, *_meaning("pixel", t), *_numbers(table.features)]]
    else:
        rows = [[name, *_meaning(name, t), *_numbers(values)] for name, values in columns]
    numbers = [numerals.NOTHING] * 3 if table.classes else _numbers(table.target)
    rows.append([table.target_name, *_meaning(table.target_name, t), *numbers])
    names = ("name", "meaning", "unit", "low", "mean", "high")
    return pd.DataFrame(rows, columns=[t(f"data.head.{name}") for name in names])


def _meaning(column: str, t: Texts) -> tuple[str, str]:
    return t(f"data.column.{column}"), t(f"data.unit.{column}")


def _numbers(values: np.ndarray) -> list[str]:
    return [numerals.number(value) for value in (values.min(), values.mean(), values.max())]
