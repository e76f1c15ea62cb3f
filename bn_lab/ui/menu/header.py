"""What stands at the top of every page next to the navigation: the language, the link, and a menu with all else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import streamlit as st

from bn_lab.i18n import LANGUAGES, Texts
from bn_lab.presets import PRESETS, preset_of
from bn_lab.ui import rules, session
from bn_lab.ui.kit import navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.lab import stage
from bn_lab.ui.lesson import question
from bn_lab.ui.live import components
from bn_lab.ui.menu import downloads, lesson_link


class Dialog(NamedTuple):
    """A dialog: what is in it, its width in pixels or as Streamlit's name, and the name of what hides it."""

    show: Callable[[Texts], None]
    width: int
    part: str


def _share(t: Texts) -> None:
    """The link to the page on screen, and what to know of it."""
    st.markdown(t("share.explain"))
    components.address(navigation.this_page(), t, key="copy_link", follows=True)
    if session.experiment().is_private:
        st.info(t("uploads.share"), icon=":material/lock:")


PRESET_GROUPS: Mapping[str, tuple[str, ...]] = {
    "programs": tuple(name for name, preset in PRESETS.items() if not preset.claim),
    "claims": tuple(name for name, preset in PRESETS.items() if preset.claim and not preset.counter),
    "counter": tuple(name for name, preset in PRESETS.items() if preset.counter),
}
"""Names of presets under the headings of the list of presets."""


def _choose_preset(t: Texts) -> None:
    """Presets: titles and questions, the one on screen marked. Choosing closes it."""
    for group in PRESET_GROUPS:
        _preset_group(group, t)


def _preset_group(group: str, t: Texts) -> None:
    key, names, now = f"presets_{group}", PRESET_GROUPS[group], preset_of(session.experiment())
    st.session_state[key] = now if now in names else None
    st.radio(
        t(f"presets.{group}"),
        names,
        format_func=lambda name: t(f"preset.{name}.title"),
        captions=[t(f"preset.{name}.question") for name in names],
        key=key,
        on_change=guarded(_adopt_preset),
        args=(key,),
    )


def _adopt_preset(key: str) -> None:
    if (name := st.session_state[key]) is not None:
        session.adopt(PRESETS[name].experiment)
        st.session_state.pop(session.DIALOG, None)  # what was chosen is to be seen


DIALOGS: dict[str, Dialog] = {
    "presets": Dialog(_choose_preset, 640, "presets"),
    "share": Dialog(_share, 640, "share"),
    "code": Dialog(downloads.show_code, 880, "take_away"),  # enough for a line of a program
    "files": Dialog(downloads.show_files, 880, "take_away"),
    "lesson": Dialog(lesson_link.show, 760, "share"),
}
"""Dialogs by the name of their texts, `menu.<name>`."""

ICONS = {
    "presets": ":material/bookmarks:",
    "code": ":material/code:",
    "files": ":material/download:",
    "lesson": ":material/co_present:",
    "present": ":material/fullscreen:",
    "compare": ":material/stacked_line_chart:",
    "rules": ":material/rule:",
    "forget": ":material/delete_history:",
}
"""What the menu offers: dialogs, the stage on the full screen, and pages that have no place of their own at the top."""


def show(t: Texts) -> None:
    """Draw it, and the dialog that is open."""
    with st.container(key="top"):
        with st.container(width="content", key="brand"):
            tag = "div" if st.session_state[navigation.PAGE] else "h1"  # other pages have a heading of their own
            st.html(f'<{tag} class="bn-brand">BN Lab</{tag}>')
        with st.container(horizontal=True, width="content", key="header"):
            language(t)
            if not rules.is_hidden("share"):
                icon = ":material/link:"
                st.button(t("menu.share"), key="share", icon=icon, type="tertiary", on_click=guarded(partial(_open, "share")))
            _menu(t)
    name = str(st.session_state.get(session.DIALOG))
    if name in DIALOGS and not rules.is_hidden(DIALOGS[name].part):
        title = t(f"menu.title_{name}")
        st.dialog(title, width=DIALOGS[name].width, on_dismiss=guarded(close))(guarded(_body))(name, t)


def language(t: Texts) -> None:
    """Switch between languages."""
    key = "language_choice"
    st.session_state[key] = t.language
    st.segmented_control(
        t("page.language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=key,
        on_change=guarded(lambda: session.choose(st.session_state[key] or t.language)),
        label_visibility="collapsed",
    )


def _menu(t: Texts) -> None:
    if offered := [name for name in ICONS if _is_offered(name)]:
        st.menu_button(
            t("menu.more"),
            offered,
            format_func=lambda name: f"{ICONS[name]} {_label(name, t)}",
            key="menu",
            type="tertiary",
            on_click=guarded(_chosen),
        )


def _label(name: str, t: Texts) -> str:
    return t(f"menu.{name}" if name in (*DIALOGS, "present", "forget") else f"page.{name}")


def _is_offered(name: str) -> bool:
    if name == "present":
        return bool(st.session_state[navigation.PAGE] == "")
    return not rules.is_hidden(DIALOGS[name].part if name in DIALOGS else name)


def _chosen() -> None:
    name = st.session_state["menu"]
    if name in DIALOGS:
        _open(name)
    elif name == "present":
        st.session_state[stage.PRESENT] = True
    elif name == "forget":
        session.forget()
        st.toast(session.words()("menu.forgotten"), icon=ICONS[name])
    elif name is not None:
        navigation.to(name)


def _open(name: str) -> None:
    close()
    st.session_state[session.DIALOG] = name


def connect() -> None:
    """Keep a page without a stage connected: the stage does so by itself."""
    components.connect(session.visitor().token, key="connect")


def remember() -> None:
    """Have the browser remember what the visitor chose, and on the page of the lesson hear what it remembers."""
    state = st.session_state
    answers = question.answered() if state[navigation.PAGE] == "lesson" else None
    components.remembered(
        page=state[navigation.PAGE],
        address=session.address_parameters(),
        language=state.get(session.CHOSEN),
        answers=answers,
        forget=state.get(session.FORGET),
        told=question.recall,
    )


def close() -> None:
    """Have no dialog open from the next run on."""
    for key in (session.DIALOG, lesson_link.LARGE, downloads.PROBLEM):
        st.session_state.pop(key, None)


def _body(name: str, t: Texts) -> None:
    """What is in a dialog; where one of its own widgets has closed it, the page is drawn without it."""
    if st.session_state.get(session.DIALOG) != name:
        st.rerun()
    DIALOGS[name].show(t)
