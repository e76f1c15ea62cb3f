"""An address as a QR code: black on white in any theme, with the quiet zone that readers need."""

from __future__ import annotations

from html import escape

import segno

QUIET = 4
"""Modules of white around the code, by ISO/IEC 18004."""

LARGEST = 25
"""The largest version that is drawn: 117 modules a side and up to 1,273 letters. From a seat in a classroom a phone does not
read finer ones."""


def code(text: str) -> segno.QRCode | None:
    """The QR code of a text, with as much redundancy as its size has room for; None for a text that is too long."""
    try:
        found = segno.make(text, error="l", boost_error=True, micro=False)
    except segno.DataOverflowError:
        return None
    return found if int(found.version) <= LARGEST else None


def picture(text: str, alt: str) -> str | None:
    """The code as HTML: a drawing as wide as there is room, which one can also save; None where the text is too long.

    The drawing is an image of its own, since Streamlit takes drawings out of HTML.
    """
    found = code(text)
    if found is None:
        return None
    drawn = found.svg_data_uri(border=QUIET, dark="#000", light="#fff", omitsize=True)
    return f'<img class="bn-qr" alt="{escape(alt)}" src="{escape(drawn)}">'
