"""What a link to own data shows where the file is not open: a request for it. The address is that of the link."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from bn_lab.datasets.uploads import DataChoice, DataError, digest_of, parsed
from bn_lab.experiment import FIELDS
from bn_lab.i18n import Texts
from bn_lab.sharing import decode, one_line
from bn_lab.ui import session, uploads
from bn_lab.ui.data import form, upload
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.menu import header
from bn_lab.ui.uploads import Opened


class OtherFileError(DataError):
    """A file that is not the one of the link."""

    RULES: Mapping[str, str] = {
        **DataError.RULES,
        "file_other": "{field} must be read from the file with the hash {ours}, got {value}",
    }


def show() -> None:
    """Draw the page."""
    t, parameters = session.words(), session.awaited()
    assert parameters is not None
    experiment = decode(parameters).experiment
    digest, choice = parsed(experiment.dataset)
    if st.query_params.to_dict() != parameters:  # not of a link but of a run that was kept, or of a file
        st.query_params.from_dict(parameters)
    header.language(t)
    st.title("BN Lab")
    if not st.session_state["problems_of_link"]:  # what is wrong with a link is told once it is open
        for problem in st.session_state["problems"]:
            st.warning(formatting.error(t, problem), icon=":material/warning:")
    st.info(t("own.ask", hash=digest[:8]), icon=":material/lock:")
    st.markdown(_told(choice, t))
    rest = {name: value for name, value in experiment.differences().items() if name != "dataset"}
    if rest:
        listed = ", ".join(f"{t(f'field.{name}')} {FIELDS[name].format(value)}" for name, value in rest.items())
        st.caption(f"{t('own.ask_settings')} {formatting.escape_markdown(listed)}")
    upload.show(t, lambda opened: _take(opened, parameters), choice.format, partial(_judge, digest))
    if len(uploads.files()) >= uploads.MOST_FILES:  # no other page, where they could be closed, can be gone to from here
        for k, (other, open_one) in enumerate(uploads.files().items()):
            label = t("own.close_named", name=formatting.escape_markdown(open_one.name))
            st.button(label, key=f"own_close_{k}", icon=":material/close:", on_click=guarded(uploads.close_file), args=(other,))
    st.button(t("own.ask_shipped"), key="own_shipped", icon=":material/dataset:", on_click=guarded(_without))


def _told(choice: DataChoice, t: Texts) -> str:
    """What the link makes of the file."""
    lines = [t("own.ask_target", column=choice.target + 1, task=t(f"own.task.{choice.task}")), t(f"own.ask_{choice.missing}")]
    if choice.without:
        lines.append(t("own.ask_without", columns=", ".join(str(k + 1) for k in choice.without)))
    return "\n".join(f"- {line}" for line in lines)


def _judge(digest: str, name: str, data: bytes) -> None:
    """Refuse a file that is not the one of the link."""
    if (theirs := digest_of(data)) != digest:
        short = one_line(name, uploads.LONGEST_NAME)
        raise OtherFileError("dataset", "file_other", theirs[:8], name=short, ours=digest[:8])


def _take(opened: Opened, parameters: dict[str, str]) -> None:
    """Open the link with its file."""
    session.open_awaited(parameters)
    dataset = session.experiment().dataset
    if opened.file is not None and dataset in uploads.tables():  # so the page of own data can show what the link chose, too
        form.choose(opened.file, parsed(dataset)[1])


def _without() -> None:
    """Open the link's other settings with shipped data."""
    parameters = session.awaited() or {}
    session.open_awaited({name: text for name, text in parameters.items() if name != "dataset"})
