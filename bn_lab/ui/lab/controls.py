"""The sidebar: one widget for each field of the experiment, its options and limits read from `FIELDS`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from bn_lab import numerals
from bn_lab.datasets import GENERATED
from bn_lab.drawn import is_drawn
from bn_lab.experiment import FIELDS, Experiment, Field, Schedule, is_uploaded
from bn_lab.figures.studies import value_label
from bn_lab.i18n import Texts
from bn_lab.ui import rules, session, uploads
from bn_lab.ui.kit import navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.rules import GROUPS

STOPS: dict[str, Sequence[float]] = {
    "depth": range(1, 13),
    "width": [2**k for k in range(9)],
    "batch_size": [2**k for k in range(1, 13)],
    "seeds": [1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32],
    "bn_momentum": [0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999],
    "data_noise": [k / 20 for k in range(11)],
    "bn_noise": [0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2],
    "validation_share": [k / 20 for k in range(11)],
    "dropout": [k / 20 for k in range(19)],
    "l2": [0, *(float(f"{m}e{e}") for e in range(-6, 0) for m in (1, 3)), 1],
}
"""Stops of sliders; other logarithmic ones stop at 1, 2 and 5 of every decade. A value between stops becomes one more."""


FIRST = ("dataset", "depth", "width", "activation", "arms", "epsilon")
"""What the lab is about: at the top, always in sight."""

BESIDE = ("depth", "width")
"""Of these the two that stand side by side."""


def show(t: Texts) -> None:
    """Draw the sidebar. Every widget shows the session's experiment and changes it on its own change."""
    if rules.is_hidden(rules.SIDEBAR):
        return
    experiment = session.experiment()
    with st.sidebar:
        with st.container(key="settings_first"):
            _first(experiment, t)
        for group in GROUPS:
            if names := _folded(group, experiment):
                _fold(group, names, experiment, t)


def _first(experiment: Experiment, t: Texts) -> None:
    names = [name for name in FIRST if not rules.is_hidden(name)]
    while names:
        count = len(BESIDE) if tuple(names[: len(BESIDE)]) == BESIDE else 1
        for place, name in zip(st.columns(count), names, strict=False):
            with place:
                _widget(FIELDS[name], experiment, t)
                if name == "dataset" and not (rules.is_hidden("own") or rules.is_fixed(name)):
                    st.page_link(navigation.page_at("own"), label=t("uploads.open"), icon=":material/upload_file:")
        names = names[count:]


def _fold(group: str, names: Sequence[str], experiment: Experiment, t: Texts) -> None:
    """A group that opens; its name says how many of its settings differ from the default."""
    changed = sum(name in experiment.differences() for name in names)
    label = t("fold.changed", name=t(f"fold.{group}"), count=changed) if changed else t(f"fold.{group}")
    with st.expander(label, key=f"fold_{group}"):
        for name in names:
            _widget(FIELDS[name], experiment, t)


def _folded(group: str, experiment: Experiment) -> list[str]:
    """The fields of a group that have a widget there: those that have an effect, and that no lesson hides."""
    names = [name for name in GROUPS[group] if name not in FIRST]
    return [name for name in names if matters(name, experiment) and not rules.is_hidden(name)]


def matters(name: str, experiment: Experiment) -> bool:
    """Whether a field can change anything, as the others are."""
    if name == "weight_std":
        return experiment.initializer == "normal"
    return name != "data_noise" or experiment.dataset in GENERATED


def _widget(field: Field, experiment: Experiment, t: Texts) -> None:
    value: Any = getattr(experiment, field.name)
    turn, later = session.turn(field.name), value.numbers[1:] if isinstance(value, Schedule) else ()
    value = value.numbers[0][1] if isinstance(value, Schedule) else value
    key = f"field_{field.name}" + (f"_{turn}" if turn else "")
    st.session_state[key] = list(value) if field.kind == "choices" else value
    fixed = rules.is_fixed(field.name)
    label = t(f"short.{field.name}") if field.name in BESIDE else t(f"field.{field.name}")
    common: dict[str, Any] = {
        "label": f":material/lock: {label}" if fixed else label,
        "disabled": fixed,
        "help": t(f"help.{field.name}"),
        "key": key,
        "on_change": guarded(_changed),
        "args": (field.name, turn, key),
    }
    if field.kind == "choice":
        options = list(field.options)
        if field.besides:
            options += [*uploads.tables(), *([value] if is_drawn(value) else ())]
        labels = {option: option_label(t, field.name, option) for option in options}
        st.selectbox(options=options, format_func=labels.__getitem__, **common)
    elif field.kind == "choices":
        labels = {option: option_label(t, field.name, option) for option in field.options}
        st.pills(options=field.options, selection_mode="multi", format_func=labels.__getitem__, **common)
    elif field.name in ("seed", "samples"):
        _number(field, t, common)
    elif field.name in BESIDE:
        st.selectbox(options=stops(field, value), **common)  # a list takes little room
    else:
        st.select_slider(options=stops(field, value), format_func=numerals.setting, **common)
    for epoch, number in later:
        words = t("change.to", value=numerals.setting(number), epoch=numerals.whole(epoch))
        st.button(
            f":material/close: {words}",
            key=f"{key}_until_{epoch}",
            help=t("change.remove"),
            disabled=fixed,
            on_click=guarded(_take_back),
            args=(field.name, turn, epoch),
        )


def _changed(name: str, turn: int, key: str) -> None:
    """A widget has a new value; that of a number that changes during the training is its first one."""
    if turn != session.turn(name):  # a word of a widget that is gone
        return
    value, before = st.session_state[key], getattr(session.experiment(), name)
    if isinstance(before, Schedule):
        value = Schedule(((1, value), *before.numbers[1:]))
    session.change(name, tuple(value) if isinstance(value, list) else value)


def _take_back(name: str, turn: int, epoch: int) -> None:
    if turn == session.turn(name):
        take_back(name, epoch)


def take_back(name: str, epoch: int) -> None:
    """Have a number not change at this epoch."""
    before = getattr(session.experiment(), name)
    if isinstance(before, Schedule):
        session.set_field(name, Schedule(tuple(each for each in before.numbers if each[0] != epoch or epoch == 1)))


def _number(field: Field, t: Texts, common: dict[str, Any]) -> None:
    low, high = int(field.limits.low), int(field.limits.high)
    empty: dict[str, Any] = {"value": None, "placeholder": t("page.all")} if field.optional else {}
    st.number_input(min_value=low, max_value=high, step=1, **empty, **common)


def stops(field: Field, value: float) -> list[float]:
    """The values at which the slider of `field` stops, among them the present one."""
    low, high = field.limits.low, field.limits.high
    usual = STOPS.get(field.name) or [float(f"{m}e{e}") for e in range(-9, 5) for m in (1, 2, 5)]
    kind = int if field.kind == "int" else float
    return sorted({kind(stop) for stop in usual if low <= stop <= high} | {kind(low), kind(high), value})


def option_label(t: Texts, field: str, option: str) -> str:
    """What an option is called; arms are called the same everywhere, and uploads by the name of their file."""
    if field == "dataset" and is_uploaded(option):
        return uploads.name_of(option)
    return t(f"arm.{option}") if field == "arms" else value_label(field, option, t)
