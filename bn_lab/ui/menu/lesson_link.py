"""The dialog that makes a lesson's link, with a frame for another page and a QR code for the classroom screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import segno
import streamlit as st

from bn_lab.experiment import Experiment
from bn_lab.i18n import LANGUAGES, Texts
from bn_lab.sharing import link
from bn_lab.ui import rules, session
from bn_lab.ui.kit import navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.kit.navigation import PAGES
from bn_lab.ui.kit.widgets import one_of
from bn_lab.ui.live import components
from bn_lab.ui.rules import FIX, GROUPS, HIDE, SIDEBAR

LARGE = "lesson_large"
"""In the session: whether only the code is shown."""

EPOCH = "epoch"
"""How to open at an epoch, besides what a link says."""

RUNS = ("", session.PLAY, session.TO_THE_END, EPOCH)
"""How the lab may open."""

Theme = Literal["", "light", "dark"]

THEMES: tuple[Theme, ...] = ("", "light", "dark")


def show(t: Texts) -> None:
    """What is in the dialog."""
    is_large = bool(st.session_state.get(LARGE))
    # What is not drawn, Streamlit forgets: while the large code is shown the choices are out of sight.
    with st.container(key="lesson_aside" if is_large else "lesson_choices"):
        text = _choices(t)
    if is_large:
        _screen(text, t)


def _choices(t: Texts) -> str:
    """All choices, and what they make; returns the address."""
    st.markdown(t("classroom.explain"))
    look, hide, fix = st.tabs([t("classroom.look"), t("classroom.hide"), t("classroom.fix")])
    with hide:
        st.caption(t("classroom.hide_about"))
        hidden = [*_hidden(t)]
    with fix:
        fixed = [*_fields("fix", rules.FIX, t)]
    with look:
        options = _look(hidden, fixed, t)
    text = address(options, navigation.root(), session.experiment(), _more(options))
    st.subheader(t("classroom.link"))
    if session.experiment().is_private:
        st.warning(t("classroom.private"), icon=":material/warning:")
    components.address(text, t, key="lesson_copy")
    if options.embedded:
        html = frame(text)
        components.copy_button(html, label=t("classroom.copy_frame"), copied=t("share.copied"), key="lesson_copy_frame")
        st.code(html, language="html", wrap_lines=True)
    _code(text, t)
    return text


def _more(options: LinkOptions) -> dict[str, str]:
    """What else of the visit the link keeps: what the page that it opens looks at, and how the lab is to open."""
    run = st.session_state["lesson_run"]
    now = session.link_parameters() | {"compare": st.session_state.get("compare", "")}
    looked_at = {name: text for name, text in now.items() if text and name == options.start}
    return looked_at | ({"run": str(st.session_state["lesson_epoch"]) if run == EPOCH else run} if run else {})


def _look(hidden: Sequence[str], fixed: Sequence[str], t: Texts) -> LinkOptions:
    """Page, frame, language and theme."""
    titles = {path: title for path, title in st.session_state[PAGES].items() if path not in hidden}
    start: str = st.selectbox(t("classroom.start"), list(titles), format_func=titles.__getitem__, key="lesson_start")
    names = {"": t("classroom.readers"), **LANGUAGES}
    language = one_of("lesson_language", t("page.language"), list(names), names.__getitem__)
    _opening(t)
    embedded = st.toggle(t("classroom.embedded"), key="lesson_embedded", help=t("classroom.embedded_help"))
    theme: Theme = ""
    if embedded:
        theme = one_of("lesson_theme", t("classroom.theme"), THEMES, lambda name: t(f"classroom.theme_{name or 'own'}"))
    return LinkOptions(start, embedded, language, theme, hidden, fixed)


def _opening(t: Texts) -> None:
    """How the lab opens: standing at an epoch, or playing."""
    most = session.experiment().epochs
    with st.container(horizontal=True, vertical_alignment="bottom"):
        run = one_of("lesson_run", t("classroom.run"), RUNS, lambda name: t(f"classroom.run_{name or 'ready'}"))
        st.session_state["lesson_epoch"] = min(most, st.session_state.get("lesson_epoch", most))
        st.number_input(t("player.epoch"), 1, most, key="lesson_epoch", disabled=run != EPOCH, width=140)


def _hidden(t: Texts) -> Iterator[str]:
    """What is to be hidden, from the sidebar to whole pages."""
    if st.toggle(t("classroom.sidebar"), value=rules.is_hidden(rules.SIDEBAR), key="lesson_sidebar"):
        yield rules.SIDEBAR
    else:
        yield from _fields("hide", rules.HIDE, t)
    sections = {name: t(f"part.{name}") for name in rules.SECTIONS}
    yield from _some("lesson_hide_parts", t("classroom.parts"), sections, rules.HIDE)
    titles = {path: title for path, title in st.session_state[PAGES].items() if path}
    yield from _some("lesson_hide_pages", t("classroom.pages"), titles, rules.HIDE)


def _fields(kind: str, parameter: str, t: Texts) -> Iterator[str]:
    """Groups and fields of the sidebar."""
    for group, fields in GROUPS.items():
        names = {group: t("classroom.whole"), **{name: t(f"field.{name}") for name in fields}}
        yield from _some(f"lesson_{kind}_{group}", t(f"group.{group}"), names, parameter)


def _some(key: str, label: str, names: dict[str, str], parameter: str) -> list[str]:
    """Any of some names; at first those of the lesson on screen."""
    now = [name for name in st.session_state.get(parameter, ()) if name in names]
    return st.pills(label, list(names), selection_mode="multi", format_func=names.__getitem__, default=now, key=key)


def _code(text: str, t: Texts) -> None:
    """The code, small, and a button that shows it large."""
    drawn = qr_picture(text, t("classroom.qr_alt"))
    if drawn is None:
        st.info(t("classroom.too_long", letters=f"{len(text):,}"), icon=":material/qr_code:")
        return
    with st.container(key="lesson_qr"):
        st.html(drawn)
        _button("large", True, ":material/fullscreen:", t)


def _button(name: str, is_large: bool, icon: str, t: Texts) -> None:
    def act() -> None:
        st.session_state[LARGE] = is_large

    st.button(t(f"classroom.{name}"), key=f"lesson_go_{name}", icon=icon, on_click=guarded(act))


def _screen(text: str, t: Texts) -> None:
    """The code alone, as large as the window."""
    with st.container(key="lesson_screen"):
        st.html(qr_picture(text, t("classroom.qr_alt")) or "")
        st.code(text, language=None, wrap_lines=True)
        _button("small", False, ":material/close_fullscreen:", t)


# The address as a QR code: black on white in any theme, with the quiet zone that readers need.

QUIET = 4
"""Modules of white around the code, by ISO/IEC 18004."""

LARGEST = 25
"""The largest version that is drawn: 117 modules a side and up to 1,273 letters. From a seat in a classroom a phone does not
read finer ones."""


def qr_code(text: str) -> segno.QRCode | None:
    """The QR code of a text, with as much redundancy as its size has room for; None for a text that is too long."""
    try:
        code = segno.make(text, error="l", boost_error=True, micro=False)
    except segno.DataOverflowError:
        return None
    return code if int(code.version) <= LARGEST else None


def qr_picture(text: str, alt: str) -> str | None:
    """The code as HTML: a drawing as wide as there is room, which one can also save; None where the text is too long.

    The drawing is an image of its own, since Streamlit takes drawings out of HTML.
    """
    code = qr_code(text)
    if code is None:
        return None
    drawn = code.svg_data_uri(border=QUIET, dark="#000", light="#fff", omitsize=True)
    return f'<img class="bn-qr" alt="{escape(alt)}" src="{escape(drawn)}">'


# What the dialog chooses, and the link and the frame that they make.

FRAME_HEIGHT = 600
"""Pixels of the frame that shows the lab inside another page."""


@dataclass(frozen=True)
class LinkOptions:
    """A lesson's link.

    Attributes:
        start: address of the page that it opens; the lab's is empty.
        embedded: whether it is for a frame in another page, without Streamlit's menu and wide margins.
        language: id, or empty for that of the reader's browser.
        theme: of a frame; empty for the reader's own.
        hide, fix: names as in `bn_lab.ui.rules`.
    """

    start: str = ""
    embedded: bool = False
    language: str = ""
    theme: Theme = ""
    hide: Sequence[str] = ()
    fix: Sequence[str] = ()


def address(options: LinkOptions, root: str, experiment: Experiment, more: Mapping[str, str]) -> str:
    """The link.

    Args:
        options: what it is to be.
        root: address of the lab.
        experiment: what it opens.
        more: other parameters to keep, such as how far to train.
    """
    said = {"lang": options.language, HIDE: ",".join(shortest(options.hide)), FIX: ",".join(shortest(options.fix))}
    if options.embedded:
        said |= {"embed": "true", "embed_options": f"{options.theme}_theme" if options.theme else ""}
    other = {name: text for name, text in more.items() if name not in said}
    return link(root + options.start, experiment, other | {name: text for name, text in said.items() if text})


def shortest(names: Sequence[str]) -> list[str]:
    """Names without those that others say already: fields of a group, and the whole sidebar's."""
    covered = {field for group in names if group in GROUPS for field in GROUPS[group]}
    if SIDEBAR in names:
        covered |= {name for group, fields in GROUPS.items() for name in (group, *fields)}
    return [name for name in dict.fromkeys(names) if name not in covered]


def frame(address: str) -> str:
    """HTML that shows the lab inside another page."""
    return (
        f'<iframe src="{escape(address)}" title="BN Lab" width="100%" height="{FRAME_HEIGHT}" style="border: 0"'
        ' allow="clipboard-write; fullscreen"></iframe>'
    )
