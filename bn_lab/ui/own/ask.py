"""What a link to own data shows where the file is not open: a request for it. The address is that of the link."""

from __future__ import annotations

from collections.abc import Mapping, Set

import streamlit as st

from bn_lab.datasets.own import Choice, parsed
from bn_lab.experiment import FIELDS, ExperimentError
from bn_lab.i18n import Texts
from bn_lab.sharing import decode
from bn_lab.ui import header, session, words
from bn_lab.ui.guard import guarded
from bn_lab.ui.own import form, holding, upload
from bn_lab.ui.own.holding import Opened


class OtherFileError(ExperimentError):
    """A file that is not the one of the link."""

    RULES: Mapping[str, str] = {
        **ExperimentError.RULES,
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
            st.warning(words.error(t, problem), icon=":material/warning:")
    st.info(t("own.ask", hash=digest[:8]), icon=":material/lock:")
    st.markdown(_told(choice, t))
    rest = {name: value for name, value in experiment.differences().items() if name != "dataset"}
    if rest:
        listed = ", ".join(f"{t(f'field.{name}')} {FIELDS[name].format(value)}" for name, value in rest.items())
        st.caption(f"{t('own.ask_settings')} {words.plain(listed)}")
    others = frozenset(holding.files())
    upload.show(t, lambda opened: _take(opened, digest, parameters, others))
    if len(others) >= holding.MOST_FILES:  # no other page, where they could be closed, can be gone to from here
        for k, (other, open_one) in enumerate(holding.files().items()):
            label = t("own.close_named", name=words.plain(open_one.name))
            st.button(label, key=f"own_close_{k}", icon=":material/close:", on_click=guarded(holding.close_file), args=(other,))
    st.button(t("own.ask_shipped"), key="own_shipped", icon=":material/dataset:", on_click=guarded(_without))


def _told(choice: Choice, t: Texts) -> str:
    """What the link makes of the file."""
    lines = [t("own.ask_target", column=choice.target + 1, task=t(f"own.task.{choice.task}")), t(f"own.ask_{choice.missing}")]
    if choice.without:
        lines.append(t("own.ask_without", columns=", ".join(str(k + 1) for k in choice.without)))
    return "\n".join(f"- {line}" for line in lines)


def _take(opened: Opened, digest: str, parameters: dict[str, str], others: Set[str]) -> None:
    """Open the link if that is its file; another one is not kept, unless it was open before, as `others` were."""
    if opened.file.digest == digest:
        session.open_awaited(parameters)
        dataset = session.experiment().dataset
        if dataset in holding.tables():  # the file allows it, so the page of own data can show it, too
            form.choose(opened.file, parsed(dataset)[1])
        return
    if opened.file.digest not in others:
        holding.close_file(opened.file.digest)
    theirs = opened.file.digest[:8]
    st.session_state[upload.PROBLEM] = OtherFileError("dataset", "file_other", theirs, name=opened.name, ours=digest[:8])


def _without() -> None:
    """Open the link's other settings with shipped data."""
    parameters = session.awaited() or {}
    session.open_awaited({name: text for name, text in parameters.items() if name != "dataset"})
