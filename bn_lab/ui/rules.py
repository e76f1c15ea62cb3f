"""What a lesson's link hides and fixes, as the session holds it.

`hide=network,epsilon,claims,share` names groups and single fields of the sidebar, the whole `sidebar`, pages by their address
and `SECTIONS` of the lab; `fix=normalization,depth` groups and fields that keep the values of the link. The lab itself and the
language are never hidden: everything else works on the lab's networks, and not every reader speaks the teacher's language.
Hiding is a matter of attention, not of secrecy; fixing is checked wherever the experiment is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import streamlit as st

from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.sharing import plain_text

GROUPS: dict[str, tuple[str, ...]] = {
    "data_settings": ("dataset", "data_noise", "inputs", "samples", "validation_share", "batch_size", "shuffle"),
    "network": ("depth", "width", "activation", "initializer", "weight_std", "weight_scale"),
    "normalization": ("arms", "epsilon", "bn_momentum", "bn_noise"),
    "training": ("optimizer", "learning_rate", "epochs", "dropout", "l2", "seed", "seeds"),
}
"""The fields of an experiment in the groups and the order of the sidebar; a test sees that none is missing.

Links of lessons name groups, pages and parts of the lab alike, so no name may be of two of them: `data` is a page.
"""

HIDE, FIX = "hide", "fix"
"""Parameters of the link, and where the session has the names that they gave."""

SIDEBAR = "sidebar"

SECTIONS = (
    "intro",
    "presets",
    "share",
    "take_away",
    "preview",
    "numbers",
    "findings",
    "curves",
    "runs",
    "layers",
    "scales",
    "predictions",
)
"""Parts of the lab's page that can be hidden, in its order."""

MOST = 60
"""Names of a parameter that are read at most: there are fewer."""


class LessonError(ExperimentError):
    """What a lesson's link cannot say, or does not let happen."""

    RULES: Mapping[str, str] = {
        **ExperimentError.RULES,
        "no_part": "{field} must name parts of the lab, got {value}",
        "fixed": "{field} is fixed by the lesson's link",
    }


def read(params: Mapping[str, str], problems: list[ExperimentError]) -> None:
    """Take what a link hides and fixes into the session; `problems` tell of names to fix that are none.

    Names to hide are judged by `judge`, once it is known which pages there are.
    """
    st.session_state[HIDE] = _names(params.get(HIDE, ""))
    fix = _names(params.get(FIX, ""))
    st.session_state[FIX] = [name for name in fix if name in GROUPS or name in FIELDS]
    _tell(FIX, set(fix) - set(st.session_state[FIX]), params.get(FIX, ""), problems)


def judge(pages: Iterable[str], problems: list[ExperimentError]) -> None:
    """Forget names to hide that are nothing here; `problems` tell of them."""
    known = {*hideable(pages)}
    hide: list[str] = st.session_state[HIDE]
    if unknown := [name for name in hide if name not in known]:
        st.session_state[HIDE] = [name for name in hide if name in known]
        _tell(HIDE, set(unknown), ",".join(hide), problems)


def hideable(pages: Iterable[str]) -> tuple[str, ...]:
    """All names that can be hidden, with these pages by their address."""
    return (SIDEBAR, *GROUPS, *FIELDS, *SECTIONS, *(page for page in pages if page))


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(name for name in text.split(",", MOST)[:MOST] if name))


def _tell(parameter: str, unknown: set[str], text: str, problems: list[ExperimentError]) -> None:
    """One problem for all names of a parameter that are none, in the order of the link."""
    if unknown:
        named = ", ".join(name for name in _names(text) if name in unknown)
        problems.append(LessonError(parameter, "no_part", plain_text(named)))


def parameters() -> dict[str, str]:
    """What the link says of hiding and fixing; nothing outside of a lesson."""
    texts = {name: ",".join(st.session_state.get(name, ())) for name in (HIDE, FIX)}
    return {name: text for name, text in texts.items() if text}


def is_lesson() -> bool:
    """Whether this visit hides or fixes something."""
    return bool(parameters())


def is_hidden(name: str) -> bool:
    """Whether a field, a group, a section, a page or the sidebar is hidden; a field is so with its group."""
    hide = st.session_state.get(HIDE, ())
    return name in hide or (name in FIELDS and _group(name) in hide)


def is_fixed(field: str) -> bool:
    """Whether a field of the experiment keeps its value."""
    fix = st.session_state.get(FIX, ())
    return field in fix or _group(field) in fix


def _group(field: str) -> str:
    return next(group for group, names in GROUPS.items() if field in names)


def changed(requested: Experiment, before: Experiment) -> list[str]:
    """The fixed fields in which two experiments differ."""
    return [name for name in FIELDS if is_fixed(name) and getattr(requested, name) != getattr(before, name)]


def check(requested: Experiment, before: Experiment) -> None:
    """Raise a `LessonError` where a fixed field would change."""
    for name in changed(requested, before):
        raise LessonError(name, "fixed", getattr(requested, name))


def keep_fixed(requested: Experiment, before: Experiment, problems: list[ExperimentError]) -> Experiment:
    """`requested` with the fixed fields of `before`; `problems` tell of each that would have changed."""
    names = changed(requested, before)
    problems += [LessonError(name, "fixed", getattr(requested, name)) for name in names]
    return replace(requested, **{name: getattr(before, name) for name in names})


def leave() -> None:
    """Show everything, and let everything be changed."""
    st.session_state[HIDE], st.session_state[FIX] = [], []
