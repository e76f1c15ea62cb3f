"""Named experiments to choose from, and the question of the one that is on screen."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from bn_lab.i18n import Texts
from bn_lab.presets import PRESETS
from bn_lab.ui import session
from bn_lab.ui.kit.errors import guarded

GROUPS: Mapping[str, tuple[str, ...]] = {
    "programs": tuple(name for name, preset in PRESETS.items() if not preset.claim),
    "claims": tuple(name for name, preset in PRESETS.items() if preset.claim and not preset.counter),
    "counter": tuple(name for name, preset in PRESETS.items() if preset.counter),
}
"""Names of presets under the headings of the list."""


def choose(t: Texts) -> None:
    """The list for a dialog: titles and questions, the one on screen marked. Choosing closes it."""
    for group in GROUPS:
        _group(group, t)


def _group(group: str, t: Texts) -> None:
    key, names, now = f"presets_{group}", GROUPS[group], on_screen()
    st.session_state[key] = now if now in names else None
    st.radio(
        t(f"presets.{group}"),
        names,
        format_func=lambda name: t(f"preset.{name}.title"),
        captions=[t(f"preset.{name}.question") for name in names],
        key=key,
        on_change=guarded(_adopt),
        args=(key,),
    )


def _adopt(key: str) -> None:
    if (name := st.session_state[key]) is not None:
        session.adopt(PRESETS[name].experiment)
        st.session_state.pop(session.DIALOG, None)  # what was chosen is to be seen


def on_screen() -> str | None:
    """The preset that the experiment on screen is, however it came there."""
    now = session.experiment()
    return next((name for name, preset in PRESETS.items() if preset.experiment == now), None)


def question(t: Texts) -> None:
    """What the preset on screen asks; nothing where the experiment is none."""
    with st.container(key="preset_question"):  # always there, so that what follows stays where it is
        if (name := on_screen()) is not None:
            text = t("presets.on_screen", title=t(f"preset.{name}.title"), question=t(f"preset.{name}.question"))
            st.info(text, icon=":material/bookmark:")
