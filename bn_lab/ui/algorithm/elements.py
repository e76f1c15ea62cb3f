"""What the parts of the page are made of: how a part opens, formulas, pictures, tables, sliders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from bn_lab import numerals
from bn_lab.figures.sheet import Spec
from bn_lab.i18n import Texts
from bn_lab.ui.algorithm.scene import Scene, select
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.live import components


def opening(name: str, t: Texts, answer: str, formulas: Sequence[str] = (), *, source: bool = True) -> None:
    """How part `name` opens: its question, the sentence that answers it, formulas, and in small print where these come from."""
    origin = [f":small[:gray[{t(f'algorithm.{name}.source')}]]"] if source else []
    together(f"**{t(f'algorithm.{name}.question')}**", answer, *map(displayed, formulas), *origin)


def together(*paragraphs: str) -> None:
    """Paragraphs in one message to the browser: a slider sends all of the page anew, and every message takes a millisecond."""
    st.markdown("\n\n".join(paragraphs))


def displayed(formula: str) -> str:
    """A formula on a line of its own."""
    return f"$$\n{formula}\n$$"


def tex(value: float) -> str:
    """A number in three significant digits as TeX."""
    mantissa, _, exponent = f"{value + 0.0:.3g}".partition("e")  # −0 is 0
    return rf"{mantissa}\cdot10^{{{int(exponent)}}}" if exponent else mantissa


def picture(name: str, scene: Scene, t: Texts, draw: Callable[..., Spec], *records: Any) -> None:
    """Show `draw(*records, t)` for wide and narrow screens; the browser changes the picture in place."""
    selection = scene.selection
    subject = "typed" if scene.is_typed else f"{selection.arm} {selection.layer} {selection.unit}"
    components.picture(partial(draw, *records, t), alt=t(f"anatomy.{name}.alt"), key=f"algorithm_{name}", subject=subject)


def table(name: str, frame: pd.DataFrame, columns: Iterable[str], **settings: Any) -> None:
    """A table of at most 300 pixels' height; the named columns hold numbers. They are handed over as texts: Streamlit's own
    formats write 1e-7 and a hyphen, and pandas' styles take five times as long."""
    texts = {column: frame[column].map(numerals.number) for column in columns}
    aligned: Any = {column: st.column_config.TextColumn(alignment="right") for column in texts}
    settings |= {"height": min(300, 38 + 35 * len(frame)), "column_config": aligned}
    st.dataframe(frame.assign(**texts), width="stretch", key=f"algorithm_{name}_table", **settings)


def stepped_slider(
    name: str, label: str, stops: Sequence[float], value: float, text: Callable[[float], str], **settings: Any
) -> None:
    """A slider over `stops` that sets field `name` of the selection."""
    key = f"algorithm_{name}"
    if st.session_state.get(key) != value:  # under the visitor's hand it stays as it is
        st.session_state[key] = value
    st.select_slider(
        label,
        stops,
        format_func=text,
        key=key,
        on_change=guarded(lambda: select(**{name: st.session_state[key]})),
        **settings,
    )
