"""The live view's components, to be mounted in a Streamlit script.

```
install(Path(__file__).parent / "static")     # once, in app.py; needs `[server] enableStaticServing = true`

panel(figure, run=run.id, alt=…, key="losses")        # outside of the fragment: a tick does not send it again

@st.fragment
def told():                                   # with the words around the pictures, now and then
    @st.fragment
    def tick():                               # as soon as the browser asks for a frame
        everything = wants_all("feed", run.id)
        feed(pack(…), key="feed")
    tick()                                    # first: Streamlit knows a fragment by its place
    pulse(key="pulse")
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from bn_lab.ui.guard import visitors_texts
from bn_lab.ui.live import assets

Cell = str | Mapping[str, Any]
"""A text, or a binding of one number: `{"row": [field, i], "format": "g3" | "percent" | "int"}`."""

_copy = st.components.v2.component("bn_lab.copy", js=assets.loader("copy"), isolate_styles=False)
_feed = st.components.v2.component("bn_lab.feed", js=assets.loader("feed"), isolate_styles=False)
_panel = st.components.v2.component("bn_lab.panel", js=assets.loader("panel"), isolate_styles=False)
_pulse = st.components.v2.component("bn_lab.pulse", js=assets.loader("pulse"), isolate_styles=False)
_scroll = st.components.v2.component("bn_lab.scroll", js=assets.loader("scroll"), isolate_styles=False)
_table = st.components.v2.component("bn_lab.table", js=assets.loader("table"), isolate_styles=False)


def feed(frame: bytes, *, key: str) -> None:
    """Send a frame (`bn_lab.figures.frame.pack`) and show the replay bar.

    The browser may answer that it lacks snapshots (`wants_all`), where the frame's header says `outdated` that it has painted
    (`has_painted`), and where it says `every` that so many milliseconds are over; each of these runs the feed's fragment once.
    """
    _feed(data=frame, key=key, on_missing_change=_nothing, on_outdated_change=_nothing, on_tick_change=_nothing)


def pulse(*, key: str) -> None:
    """Have the fragment in which this stands run now and then while frames come; the feed stands in one within it."""
    _pulse(key=key, on_words_change=_nothing)


def wants_all(key: str, run: str) -> bool:
    """Whether the feed `key` has just asked for all snapshots of this run; to be called before it is mounted.

    The request runs the feed's fragment once, and is over with that.
    """
    return _has_said(key, "missing", run)


def has_painted(key: str, run: str) -> bool:
    """Whether the feed `key` has just said of this run that it has painted a frame that is `outdated`, as `wants_all`."""
    return _has_said(key, "outdated", run)


def _has_said(key: str, what: str, run: str) -> bool:
    state = st.session_state.get(key) or {}
    return bool(state.get(what) == run)


def panel(
    figure: Mapping[str, Any] | str,
    *,
    run: str,
    alt: str,
    key: str,
    narrow: Mapping[str, Any] | str | None = None,
    subject: str = "",
    file: str = "",
) -> None:
    """Show a figure template, filled in the browser from the frames of `run`, with buttons that save it.

    Args:
        figure: a Plotly figure as JSON text (`figure.to_json()`) or as a dict ready for JSON; bindings as in
            `bn_lab.figures.frame.fill`.
        run: id of the run whose frames fill it; the frames of another leave it empty.
        alt: what the figure shows, for those who do not see it.
        narrow: another arrangement of the same figure, shown where there are fewer than 700 pixels.
        subject: what its axes mean, besides the run and their type; the visitor's zoom is kept as long as that stays the same.
        file: name of the file when it is saved, without an ending; by default the key, with hyphens.
    """
    t = visitors_texts()
    words = {kind: t(f"save.{kind}") for kind in ("png", "svg", "html")}
    save = {"file": file or key.replace("_", "-"), "language": t.language, "words": words}
    content = {"run": run, "subject": subject, "figure": figure, "narrow": narrow, "alt": alt, "key": key, "save": save}
    _panel(data=content, key=key)


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, run: str, alt: str, key: str) -> None:
    """Show a table whose bound cells follow the epoch on screen. The first cell of a row is its heading."""
    content = {"columns": list(columns), "rows": [list(row) for row in rows]}
    _table(data={"run": run, "table": content, "alt": alt}, key=key)


def copy_button(text: str, *, label: str, copied: str, key: str) -> None:
    """Show a button named `label` that puts `text` into the visitor's clipboard, and then says `copied` for two seconds."""
    _copy(data={"text": text, "label": label, "copied": copied}, key=key)


def scroll(anchor: str, *, request: str, key: str) -> None:
    """Bring the heading with this anchor into view, once for each `request`."""
    _scroll(data={"anchor": anchor, "request": request}, key=key)


def _nothing() -> None:
    """Naming a callback is what makes Streamlit return the trigger."""
