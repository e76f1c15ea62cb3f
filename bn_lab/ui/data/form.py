"""What to learn from a file: target, task, missing values, columns to leave out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from bn_lab.datasets.uploads import (
    MISSING,
    DataChoice,
    DataError,
    File,
    Plan,
    id_of,
    parsed,
    plan,
    possible_tasks,
    proposed,
    proposed_task,
)
from bn_lab.i18n import Texts
from bn_lab.sharing import one_line
from bn_lab.ui.data.file_format import name_of
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded

CHOICES = "uploads_choices"
"""In the session: what is chosen of each file, as ids by hash."""

NAME = 40
"""Characters of a column's name in a list."""


def choice_of(file: File) -> DataChoice | None:
    """What is chosen of a file, as it is read now; first what is proposed; None where no column can be a target."""
    chosen = st.session_state.get(CHOICES, {}).get(file.digest)
    if chosen is None:
        return proposed(file)
    choice = parsed(chosen)[1]
    if choice.format == file.asked:
        return choice
    fits = max(choice.target, *choice.without, 0) < len(file.columns) and file.columns[choice.target].is_usable
    return replace(choice, format=file.asked) if fits else proposed(file)


def choose(file: File, choice: DataChoice) -> None:
    """Choose something else."""
    st.session_state[CHOICES] = {**st.session_state.get(CHOICES, {}), file.digest: id_of(file.digest, choice)}


def show(file: File, choice: DataChoice, t: Texts) -> None:
    """The widgets; every one acts on its change."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="uploads_form"):
        common = _on_change("target", choice.target, file, _target)
        columns = range(len(file.columns))
        st.selectbox(t("uploads.target"), columns, format_func=lambda k: name_of(file, k), width=300, **common)
        tasks = possible_tasks(file.columns[choice.target])
        _segments("task", t("uploads.task.title"), tasks, choice.task, file, t)
        if any(column.present < file.rows for column in file.columns if column.is_usable):
            _segments("missing", t("uploads.missing.title"), MISSING, choice.missing, file, t)
    _left_out(file, choice, t)
    task = t(f"uploads.task.{proposed_task(file.columns[choice.target])}")
    st.caption(t("uploads.proposal", task=task))


def counted(file: File, choice: DataChoice, t: Texts) -> Plan | None:
    """What the choice makes of the file, in words; None where the file does not allow it, which is said, too."""
    try:
        outcome = plan(file, choice)
    except DataError as error:
        st.error(problem(error, file, t), icon=":material/error:")
        return None
    values = {
        "rows": f"{len(outcome.rows):,}",
        "all": f"{file.rows:,}",
        "features": len(outcome.features),
        "inputs": outcome.inputs,
    }
    lines = [t("uploads.plan", **values)]
    lines += [t("uploads.plan_without_target", count=f"{outcome.without_target:,}")] if outcome.without_target else []
    lines += [t("uploads.plan_dropped", count=f"{outcome.dropped:,}")] if outcome.dropped else []
    lines += [t("uploads.plan_filled", count=f"{outcome.filled:,}")] if outcome.filled else []
    lines += [t("uploads.plan_classes", count=len(outcome.classes))] if outcome.classes else []
    lines += _with_other_rule(file, choice, outcome, t)
    st.markdown(" ".join(lines))
    return outcome


def _with_other_rule(file: File, choice: DataChoice, outcome: Plan, t: Texts) -> list[str]:
    """What the other rule for missing values would do."""
    if not (outcome.dropped or outcome.filled):
        return []
    try:
        other = plan(file, replace(choice, missing="median" if choice.missing == "dropped" else "dropped"))
    except DataError as error:
        return [f"{t('uploads.plan_other')} {problem(error, file, t)}"]
    if choice.missing == "dropped":
        return [t("uploads.plan_would_fill", count=f"{other.filled:,}")]
    return [t("uploads.plan_would_drop", count=f"{other.dropped:,}")]


def problem(error: DataError, file: File, t: Texts) -> str:
    """An error with the name of the column that it is about."""
    values = dict(error.values)
    if "column" in values:
        number = int(str(values["column"]))
        values["column"] = f"{number} ({one_line(file.columns[number - 1].name, NAME)})"
    field, value = str(values.pop("field")), values.pop("value")
    return formatting.error(t, DataError(field, error.rule, value, **values))


Act = Callable[[File, DataChoice, Any], DataChoice]


def _target(file: File, choice: DataChoice, k: int) -> DataChoice:
    """Another target, with the task that is proposed for it; the old one becomes a feature."""
    without = tuple(other for other in choice.without if other != k)
    return replace(choice, target=k, task=proposed_task(file.columns[k]), without=without)


def _without(file: File, choice: DataChoice, indices: Sequence[int]) -> DataChoice:
    return replace(choice, without=tuple(sorted(indices)))


def _changed(key: str, file: File, act: Act) -> None:
    choice = choice_of(file)
    assert choice is not None
    choose(file, act(file, choice, st.session_state[key]))


def _on_change(name: str, value: Any, file: File, act: Act) -> dict[str, Any]:
    """The key of a widget, which shows `value`, and what it does."""
    key = f"uploads_{name}_{file.digest}"
    st.session_state[key] = value
    return {"key": key, "on_change": guarded(_changed), "args": (key, file, act)}


def _segments(name: str, label: str, options: Sequence[str], value: str, file: File, t: Texts) -> None:
    """One of some options for the part of the choice of this name."""
    common = _on_change(name, value, file, lambda file, choice, picked: replace(choice, **{name: picked}))
    st.segmented_control(label, options, format_func=lambda option: t(f"uploads.{name}.{option}"), required=True, **common)


def _left_out(file: File, choice: DataChoice, t: Texts) -> None:
    able = [k for k, column in enumerate(file.columns) if column.is_usable and k != choice.target]
    common = _on_change("without", [k for k in choice.without if k in able], file, _without)
    label = t("uploads.without")
    st.multiselect(label, able, format_func=lambda k: name_of(file, k), placeholder=t("uploads.without_none"), **common)
