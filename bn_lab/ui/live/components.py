"""The components that live in the browser, to be mounted in a Streamlit script. The entry to their JavaScript is `lab.js`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import streamlit as st

from bn_lab.figures.sheet import Spec, as_json
from bn_lab.i18n import Texts, catalogue
from bn_lab.server import assets
from bn_lab.service import Watch
from bn_lab.ui.kit import navigation
from bn_lab.ui.kit.errors import guarded, visitors_texts

Cell = str | Mapping[str, Any]
"""A text, or a binding of one number: `{"row": [field, i], "format": "number" | "percent" | "whole"}`."""

ACT = "act"
"""What the stage calls what it wants of the script."""

SCROLL = "scroll_to"
"""In the session: anchor of the heading to bring into view, until the page with it has been drawn."""

_connect = st.components.v2.component("bn_lab.connect", js=assets.loader("connect"), isolate_styles=False)
_copy = st.components.v2.component("bn_lab.copy", js=assets.loader("copy"), isolate_styles=False)
_findings = st.components.v2.component("bn_lab.findings", js=assets.loader("findings"), isolate_styles=False)
_panel = st.components.v2.component("bn_lab.panel", js=assets.loader("panel"), isolate_styles=False)
_remembered = st.components.v2.component("bn_lab.remembered", js=assets.loader("remembered"), isolate_styles=False)
_scroll = st.components.v2.component("bn_lab.scroll", js=assets.loader("scroll"), isolate_styles=False)
_stage = st.components.v2.component("bn_lab.stage", js=assets.loader("stage"), isolate_styles=False)
_table = st.components.v2.component("bn_lab.table", js=assets.loader("table"), isolate_styles=False)


def stage(data: Mapping[str, Any], *, act: Callable[[Mapping[str, Any]], None], file: str, key: str) -> None:
    """Show the stage (`stage.js`), which also connects the page.

    Args:
        data: what there is to see.
        act: called back with what the visitor wants of the script: its name as `act`, and what belongs to it.
        file: name of its pictures when they are saved.
    """

    def acted() -> None:
        request = (st.session_state.get(key) or {}).get(ACT)
        if isinstance(request, Mapping):
            act(request)

    _stage(data={**data, "save": saving(file)}, key=key, on_act_change=guarded(acted))


def connect(token: str, *, key: str) -> None:
    """Keep a page without a stage connected: it goes on watching what it has been watching."""
    _connect(data={"token": token}, key=key)


def remembered(
    *,
    page: str,
    address: Mapping[str, str],
    language: str | None,
    answers: Mapping[str, str] | None,
    forget: str | None,
    told: Callable[[Mapping[str, Any]], None],
) -> None:
    """Have the browser remember what the visitor chose (`remembered.js`).

    Args:
        page, address: what this run of the script has drawn: path of the page, and parameters of its link.
        language: chosen in this visit; None where none was.
        answers: options by step of the lesson; None on pages that do not show them.
        forget: another text each time that everything is to be forgotten.
        told: called back with the answers that the browser remembers where there are others than these: anybody's data.
    """
    key = "remembered"

    def heard() -> None:
        if isinstance(said := (st.session_state.get(key) or {}).get("answers"), Mapping):
            told(said)

    content = {"page": page, "address": dict(address), "language": language, "answers": answers, "forget": forget}
    _remembered(data=content, key=key, on_answers_change=guarded(heard))


def arrangements(draw: Callable[..., Spec]) -> tuple[str, str]:
    """A figure, `draw(narrow=…)`, for wide and for narrow screens as JSON; the browser takes the one that fits."""
    return as_json(draw(narrow=False)), as_json(draw(narrow=True))


def picture(draw: Callable[..., Spec], *, alt: str, key: str, subject: str, watch: Watch | None = None, file: str = "") -> None:
    """Show a figure, with buttons that save it.

    Args:
        draw: as of `arrangements`; bindings as in `bn_lab.figures.bindings`.
        alt: what the figure shows, for those who do not see it.
        subject: what its axes mean, besides the recording and their type; the visitor's zoom is kept as long as that stays the
            same.
        watch: what fills it; None for a figure that has its numbers.
        file: name of the file when it is saved, without an ending; by default the key, with hyphens.
    """
    wide, narrow = arrangements(draw)
    content = {"figure": wide, "narrow": narrow, "subject": subject, "alt": alt, "key": key, "save": saving(file or key)}
    _panel(data={**_followed(watch), **content}, key=key)


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, watch: Watch, alt: str, key: str) -> None:
    """Show a table whose bound cells follow the moment on screen. The first cell of a row is its heading."""
    content = {"columns": list(columns), "rows": [list(row) for row in rows]}
    _table(data={**_followed(watch), "table": content, "alt": alt}, key=key)


def findings(watch: Watch, t: Texts, *, key: str) -> None:
    """Show what the numbers say at the end, as soon as they are there."""
    words = {name.removeprefix("finding."): text for name, text in catalogue(t.language).items() if name.startswith("finding.")}
    arms = {arm: t(f"arm.{arm}") for arm in watch.experiment.arms}
    content = {"title": t("finding.title"), "waiting": t("finding.waiting"), "texts": words, "arms": arms}
    _findings(data={**_followed(watch), **content}, key=key)


def copy_button(text: str, *, label: str, copied: str, key: str, follows: bool = False) -> None:
    """Show a button named `label` that puts `text` into the visitor's clipboard, and then says `copied` for two seconds.

    Args:
        follows: whether it links to what is on screen: then the browser adds the moment, which it alone knows, and draws it.
    """
    _copy(data={"text": text, "label": label, "copied": copied, "follows": follows}, key=key)


def address(text: str, t: Texts, *, key: str, follows: bool = False) -> None:
    """An address to read and to copy, and who cannot open it; `follows` as of `copy_button`."""
    copy_button(text, label=t("share.copy"), copied=t("share.copied"), key=key, follows=follows)
    if not follows:
        st.code(text, language=None, wrap_lines=True)
    if (who := navigation.reach(text)) != "public":
        st.warning(t(f"share.{who}"), icon=":material/warning:")


def scroll_to(anchor: str) -> None:
    """Have the heading with this anchor in view once the page is drawn next: of the step that comes next, or of the part of a
    page that a button leads to."""
    st.session_state[SCROLL] = anchor


def scroll() -> None:
    """Bring the heading into view that is to be seen, at the end of the page, once."""
    if (anchor := st.session_state.pop(SCROLL, None)) is not None:
        _scroll(data={"anchor": anchor, "request": uuid4().hex[:8]}, key="scroll")


def saving(file: str) -> dict[str, Any]:
    """What a figure's buttons to save it need: the name of the file and their words."""
    t = visitors_texts()
    words = {**{kind: t(f"save.{kind}") for kind in ("png", "svg", "html")}, "zoom": t("scene.zoom")}
    return {"file": file.replace("_", "-"), "language": t.language, "words": words}


def _followed(watch: Watch | None) -> dict[str, Any]:
    return {"recording": watch.recording if watch else "", "target": watch.target if watch else 0}
