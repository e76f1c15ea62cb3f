"""What the data look like before anything is trained: distributions and correlations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from bn_lab.datasets.uploads import DataChoice, File, Plan, correlations, distribution
from bn_lab.figures import uploads as figures
from bn_lab.figures.sheet import Spec
from bn_lab.i18n import Texts
from bn_lab.ui.live import static


def show(file: File, choice: DataChoice, plan: Plan, t: Texts) -> None:
    """Of the target first, then of the features."""
    shown = [choice.target, *plan.features]
    st.subheader(t("own.looks"))
    drawn = [distribution(file.columns[k]) for k in shown[: figures.MOST_PANELS]]
    _picture("distributions", file, partial(figures.distributions, drawn, t), t)
    _left(len(shown) - figures.MOST_PANELS, t)
    numbers = [k for k in shown if file.columns[k].numbers is not None]
    if len(numbers) > 1:
        together = [file.columns[k] for k in numbers[: figures.MOST_CORRELATED]]
        names, values = [column.name for column in together], correlations(together)
        _picture("correlations", file, partial(figures.correlations, names, values, t), t)
        _left(len(numbers) - figures.MOST_CORRELATED, t)


def _left(count: int, t: Texts) -> None:
    if count > 0:
        st.caption(t("own.not_drawn", count=count))


def _picture(name: str, file: File, draw: Callable[..., Spec], t: Texts) -> None:
    static.picture(draw, alt=t(f"own.figure.{name}_alt"), key=f"own_{name}", subject=f"{file.digest} {name}")
