"""What all figures share: colours that are no arm's, text made harmless, and the common layout.

Colours of text, grid and background are the page's: they come with its theme in the browser.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from bn_lab.arms import ARMS
from bn_lab.i18n import Texts

LIGHT, DARK = "#ffffff", "#0e1117"
"""Backgrounds of the page's two themes."""

GRAY = "#808495"
"""Lines that belong to no arm, readable on both backgrounds."""

FONT, SMALL, TITLE = 12, 11, 16
"""Sizes of text in pixels."""

FIRST, SECOND = "#7B5FD0", "#B07A00"
"""Violet and ochre, for pairs that are no arms: batch and moving statistics, what to learn from and what to predict."""

CHOSEN = "#E0364C"
"""Crimson, what the visitor chose, wherever it is marked; no arm's either."""

QUIET = "rgba(128,132,149,0.45)"
"""Lines that only help to read: bases, zeros, connections."""

FAINT = "rgba(128,132,149,0.2)"
"""Lines of a grid."""

LEFT, EDGE = 56, 8
"""Pixels left of the panels, and left of the title."""


def translucent(arm: str, opacity: float) -> str:
    """The arm's colour as an area that lets others shine through."""
    red, green, blue = (int(ARMS[arm].color[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def escape_plotly(text: str, longest: int = 40) -> str:
    """Text of a stranger, shown as it is on one line of at most `longest` characters.

    Plotly would read tags and entities in it, and in a template `%{…}`, which an invisible joiner (U+2060) takes apart.
    """
    line = "".join(letter if letter.isprintable() else " " for letter in text[: longest + 1])
    short = line if len(line) <= longest else line[: longest - 1] + "…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "%\u2060{")


def text_width(text: str, size: int = FONT) -> float:
    """About how many pixels a text takes: Korean letters are square, others about half as wide as high."""
    return sum(size if unicodedata.east_asian_width(letter) in "WF" else 0.55 * size for letter in text)


def in_two_lines(text: str, width: float) -> str:
    """Break a text that takes more than `width` pixels at the space nearest to its middle, unless it is broken already."""
    spaces = [k for k, letter in enumerate(text) if letter == " "]
    if "<br>" in text or not spaces or text_width(text, SMALL) <= width:
        return text
    at = min(spaces, key=lambda k: abs(2 * k - len(text)))
    return f"{text[:at]}<br>{text[at + 1 :]}"


def legend(arm: str, t: Texts, *, first: bool) -> dict[str, Any]:
    """One entry of the legend for all traces of an arm, whatever the panel: that of the first one."""
    return {"name": t(f"arm.{arm}"), "legendgroup": arm, "showlegend": first}


def layout(title: str, *, top: int, bottom: int, height: int, narrow: bool = False) -> dict[str, Any]:
    """The common layout; margins and `height` in pixels, the width follows the page."""
    key = {"orientation": "h", "x": 0, "xanchor": "left", "yanchor": "top", "traceorder": "grouped", "tracegroupgap": 4}
    return {
        **_common(title, TITLE - 2 if narrow else TITLE, {"t": 10, "l": EDGE}),
        "height": height,
        "margin": {"l": LEFT, "r": 14, "t": top, "b": bottom, "pad": 2},
        "font": {"size": SMALL if narrow else FONT},
        "dragmode": "zoom",
        "legend": key,
    }


def compact(title: str = "", *, left: int, right: int, top: int, bottom: int) -> dict[str, Any]:
    """The layout of a figure on the stage, whose width and height the browser gives; margins in pixels. No legend: the names
    and numbers beside the stage have the arms' colours."""
    return {
        **_common(title, FONT + 1, {"t": 3, "l": 2}),
        "margin": {"l": left, "r": right, "t": top, "b": bottom, "pad": 0},
        "font": {"size": SMALL},
        "dragmode": False,
        "showlegend": False,
    }


def _common(title: str, size: int, pad: dict[str, int]) -> dict[str, Any]:
    corner = {"x": 0, "xanchor": "left", "y": 1, "yref": "container", "yanchor": "top"}
    return {
        "template": {},
        "title": {"text": title, "font": {"size": size}, **corner, "pad": pad},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "meta": {},
    }
