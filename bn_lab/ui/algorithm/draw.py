"""What the parts share: a figure that is changed in place, and the line with the sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from bn_lab.figures.sheet import Spec
from bn_lab.i18n import Texts
from bn_lab.ui.algorithm.scene import Scene
from bn_lab.ui.live import static


def picture(name: str, found: Scene, t: Texts, draw: Callable[..., Spec], *records: Any) -> None:
    """Show `draw(*records, t)` for wide and narrow screens; the browser changes the picture in place."""
    looked_at = "typed" if found.is_typed else f"{found.choice.arm} {found.choice.layer} {found.choice.unit}"
    static.picture(partial(draw, *records, t), alt=t(f"anatomy.{name}.alt"), key=f"algorithm_{name}", subject=looked_at)


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


def four_digits(columns: Iterable[str]) -> Any:
    """Settings with which a table writes these columns in four significant digits; pandas' styles take ten times as long."""
    return {name: st.column_config.NumberColumn(format="%.4g") for name in columns}


def tex(value: float) -> str:
    """A number in three significant digits as TeX."""
    mantissa, _, exponent = f"{value + 0.0:.3g}".partition("e")  # −0 is 0
    return rf"{mantissa}\cdot10^{{{int(exponent)}}}" if exponent else mantissa
