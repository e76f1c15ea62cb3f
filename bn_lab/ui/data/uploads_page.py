"""The page on which a visitor opens files, looks at them and takes them to the lab; and what a link shows without its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from bn_lab.datasets.uploads import (
    Column,
    DataChoice,
    DataError,
    File,
    Plan,
    correlations,
    digest_of,
    distribution,
    id_of,
    known,
    parsed,
)
from bn_lab.experiment import FIELDS
from bn_lab.figures import uploads as figures
from bn_lab.figures.sheet import Spec
from bn_lab.figures.studies.numbers import value_label
from bn_lab.i18n import Texts
from bn_lab.sharing import decode, one_line
from bn_lab.ui import session, uploads
from bn_lab.ui.data import file_format, form, upload
from bn_lab.ui.kit import formatting, navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.live import components
from bn_lab.ui.uploads import OpenFile

SHOWN = "uploads_shown"
"""In the session: the hash of the file on the page."""

LONGEST_TEXT = 30
"""Characters of a name and of an example in a table."""


def show() -> None:
    """Draw the page."""
    t = session.words()
    st.title(t("page.own"))
    st.markdown(t("uploads.intro"))
    upload.show(t, _opened)
    upload.show_templates(t)
    if (opened := _on_page(t)) is not None:
        _file(opened, t)


def _opened(opened: OpenFile) -> None:
    st.session_state[SHOWN] = opened.digest


def _on_page(t: Texts) -> OpenFile | None:
    """The file to look at, among those that are open."""
    files = uploads.files()
    if not files:
        return None
    if st.session_state.get(SHOWN) not in files:
        st.session_state[SHOWN] = next(reversed(files))
    with st.container(horizontal=True, vertical_alignment="bottom", key="uploads_files_row"):
        st.selectbox(t("uploads.files"), list(files), format_func=lambda digest: files[digest].name, key=SHOWN, width=360)
        st.button(t("uploads.close"), key="uploads_close", icon=":material/close:", on_click=guarded(_close))
    return files[st.session_state[SHOWN]]


def _close() -> None:
    """Let go of the file; who has it in the lab gets shipped data there, or reads why not, and the file stays."""
    digest = st.session_state[SHOWN]
    if _is_needed(digest):
        session.adopt(replace(session.experiment(), dataset=FIELDS["dataset"].default))
    if _is_needed(digest):  # a lesson's link fixes what shipped data would change
        st.session_state[upload.PROBLEM] = st.session_state["problems"][0]
    else:
        uploads.close_file(digest)


def _is_needed(digest: str) -> bool:
    """Whether the experiment on screen is about this file."""
    experiment = session.experiment()
    return experiment.is_private and parsed(experiment.dataset)[0] == digest


def _file(opened: OpenFile, t: Texts) -> None:
    file_format.show(opened, t)
    if (file := opened.file) is None:
        return
    _lesson(file, t)
    choice = form.choice_of(file)
    if choice is None:
        st.error(t("uploads.no_target"), icon=":material/error:")
        _columns(file, None, t)
        return
    form.show(file, choice, t)
    plan = form.counted(file, choice, t)
    name = id_of(file.digest, choice)  # which says how the file is read, too
    if st.button(t("uploads.use_these"), key="uploads_use", icon=":material/science:", type="primary", disabled=plan is None):
        session.adopt(replace(session.experiment(), dataset=name))  # other settings stay as far as they fit
        navigation.to("")
    _columns(file, choice, t)
    if plan is not None:
        _looks(file, choice, plan, t)


def _lesson(file: File, t: Texts) -> None:
    """That a file is one of the lesson's, and what to know of it."""
    if (lesson := known(file)) is not None:
        st.info(t(f"uploads.known_{lesson.name}"), icon=":material/school:")
        if lesson.swapped:
            st.warning(t("uploads.known_swapped"), icon=":material/swap_horiz:")


def _columns(file: File, choice: DataChoice | None, t: Texts) -> None:
    """The columns as a table: what they hold, and what becomes of them."""
    rows = [_row(file, k, choice, t) for k in range(len(file.columns))]
    wide = {t("uploads.column.use"): st.column_config.TextColumn(width="large")}
    height = min(38 + 35 * len(rows), 400)
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", height=height, column_config=wide)


def _row(file: File, k: int, choice: DataChoice | None, t: Texts) -> dict[str, object]:
    column = file.columns[k]
    return {
        t("uploads.column.number"): k + 1,
        t("uploads.column.name"): one_line(column.full_name, LONGEST_TEXT),
        t("uploads.column.kind"): t(f"uploads.kind.{column.kind}"),
        t("uploads.column.use"): use_of(column, k, choice, t),
        t("uploads.column.missing"): file.rows - column.present,
        t("uploads.column.distinct"): column.distinct,
        t("uploads.column.example"): one_line(next((text for text in column.head if text), ""), LONGEST_TEXT),
    }


def use_of(column: Column, k: int, choice: DataChoice | None, t: Texts) -> str:
    """What becomes of a column, with the reason where nothing does."""
    if choice is not None and k == choice.target:
        return t("uploads.use.target")
    if not column.is_usable:
        return t(f"uploads.why.{column.kind}", stray=one_line(column.stray, LONGEST_TEXT))
    if choice is not None and k in choice.without:
        return t("uploads.why.id") if column.is_id else t("uploads.use.left_out")
    return t("uploads.use.one_hot", count=column.distinct) if column.kind == "categorical" else t("uploads.use.feature")


def _looks(file: File, choice: DataChoice, plan: Plan, t: Texts) -> None:
    """Distributions and correlations, before anything is trained: of the target first, then of the features."""
    shown = [choice.target, *plan.features]
    st.subheader(t("uploads.looks"))
    drawn = [distribution(file.columns[k]) for k in shown[: figures.MOST_PANELS]]
    _picture("distributions", file, partial(figures.distributions, drawn, t), t)
    _left(len(shown) - figures.MOST_PANELS, t)
    numbers = [k for k in shown if file.columns[k].numbers is not None]
    if len(numbers) > 1:
        together = [file.columns[k] for k in numbers[: figures.MOST_CORRELATED]]
        names, values = [column.name for column in together], correlations(together)
        _picture("correlations", file, partial(figures.correlations, names, values, t), t)
        _left(len(numbers) - figures.MOST_CORRELATED, t)


def _left(count: int, t: Texts) -> None:
    if count > 0:
        st.caption(t("uploads.not_drawn", count=count))


def _picture(name: str, file: File, draw: Callable[..., Spec], t: Texts) -> None:
    components.picture(draw, alt=t(f"uploads.figure.{name}_alt"), key=f"uploads_{name}", subject=f"{file.digest} {name}")


# What a link to a file shows where that is not open: a request for it.


class OtherFileError(DataError):
    """A file that is not the one of the link."""

    RULES: Mapping[str, str] = {
        **DataError.RULES,
        "file_other": "{field} must be read from the file with the hash {ours}, got {value}",
    }


def ask() -> None:
    """Draw the page that asks for the file of a link; the address stays that of the link."""
    t, parameters = session.words(), session.awaited()
    assert parameters is not None
    experiment = decode(parameters).experiment
    digest, choice = parsed(experiment.dataset)
    if st.query_params.to_dict() != parameters:  # not of a link but of a run in the comparison, or of a file
        st.query_params.from_dict(parameters)
    st.title("BN Lab")
    if not st.session_state["problems_of_link"]:  # what is wrong with a link is shown as soon as it is open
        for problem in st.session_state["problems"]:
            st.warning(formatting.error(t, problem), icon=":material/warning:")
    st.info(t("uploads.ask", hash=digest[:8]), icon=":material/lock:")
    st.markdown(_chosen(choice, t))
    rest = {name: value for name, value in experiment.differences().items() if name != "dataset"}
    if rest:
        listed = ", ".join(f"{t(f'field.{name}')} {value_label(name, value, t)}" for name, value in rest.items())
        st.caption(f"{t('uploads.ask_settings')} {formatting.escape_markdown(listed)}")
    upload.show(t, lambda opened: _take(opened, parameters), choice.format, partial(_judge, digest))
    if len(uploads.files()) >= uploads.MOST_FILES:  # no other page, where they could be closed, can be gone to from here
        for k, (other, open_one) in enumerate(uploads.files().items()):
            label = t("uploads.close_named", name=formatting.escape_markdown(open_one.name))
            st.button(
                label, key=f"uploads_close_{k}", icon=":material/close:", on_click=guarded(uploads.close_file), args=(other,)
            )
    st.button(t("uploads.ask_shipped"), key="uploads_shipped", icon=":material/dataset:", on_click=guarded(_without))


def _chosen(choice: DataChoice, t: Texts) -> str:
    """What the link makes of the file."""
    lines = [
        t("uploads.ask_target", column=choice.target + 1, task=t(f"uploads.task.{choice.task}")),
        t(f"uploads.ask_{choice.missing}"),
    ]
    if choice.without:
        lines.append(t("uploads.ask_without", columns=", ".join(str(k + 1) for k in choice.without)))
    return "\n".join(f"- {line}" for line in lines)


def _judge(digest: str, name: str, data: bytes) -> None:
    """Refuse a file that is not the one of the link."""
    if (theirs := digest_of(data)) != digest:
        short = one_line(name, uploads.LONGEST_NAME)
        raise OtherFileError("dataset", "file_other", theirs[:8], name=short, ours=digest[:8])


def _take(opened: OpenFile, parameters: dict[str, str]) -> None:
    """Open the link with its file."""
    session.open_awaited(parameters)
    dataset = session.experiment().dataset
    if opened.file is not None and dataset in uploads.tables():  # so the page of uploads can show what the link chose, too
        form.choose(opened.file, parsed(dataset)[1])


def _without() -> None:
    """Open the link's other settings with shipped data."""
    parameters = session.awaited() or {}
    session.open_awaited({name: text for name, text in parameters.items() if name != "dataset"})
