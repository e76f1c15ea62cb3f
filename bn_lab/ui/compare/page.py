"""The Compare page: the list of runs, their curves one over the other, their numbers, and the link to all that."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bn_lab import timing
from bn_lab.experiment import Experiment
from bn_lab.i18n import Texts
from bn_lab.service import Watch
from bn_lab.ui import rules, session
from bn_lab.ui.compare import kept, pictures, table, training
from bn_lab.ui.compare.kept import Run
from bn_lab.ui.compare.link import LONGEST_NAME
from bn_lab.ui.compare.names import name_of, settings
from bn_lab.ui.kit import formatting, navigation
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.menu import share


def show() -> None:
    """Draw the page."""
    t = session.words()
    guarded(kept.keep_finished)(session.watch())
    st.title(t("page.compare"))
    st.markdown(t("compare.intro"))
    _problems(t)
    st.fragment(guarded(_trained), run_every=timing.WAITING_TICK if training.pending() else None)(len(training.pending()), t)
    st.fragment(guarded(_compared))(t)


def _problems(t: Texts) -> None:
    """What was wrong with the link, run by run."""
    kept.runs()
    problems = st.session_state.get("compare_problems", ())
    if problems:
        st.warning(t("link.problem"), icon=":material/warning:")
    for number, problem in problems:
        told = formatting.error(t, problem)
        st.warning(t("compare.problem", number=number, problem=told) if number else told, icon=":material/warning:")


def _trained(drawn: int, t: Texts) -> None:
    """How far the runs of a link are trained.

    Args:
        drawn: how many were left to train when the page was drawn; it is drawn again when there are fewer.
    """
    watched, left = training.advance(), len(training.pending())
    if left != drawn:
        st.rerun()
    if watched is not None:
        _progress(watched, left, t)


def _progress(watched: Watch, left: int, t: Texts) -> None:
    progress, epochs = watched.progress, watched.target
    values = {"left": left, "epoch": f"{int(progress.epoch):,}", "epochs": f"{epochs:,}", "state": t(f"state.{progress.state}")}
    st.progress(min(1.0, progress.epoch / epochs), text=t("compare.training", **values))


def _compared(t: Texts) -> None:
    """Everything that the visitor's choices on this page change."""
    runs = kept.runs()
    st.session_state["compare"] = kept.as_link(kept.shown())
    session.write_link()
    if not runs:
        st.info(t("compare.empty"), icon=":material/info:")
        st.page_link(navigation.page_at(""), label=t("compare.to_lab"), icon=":material/science:")
        return
    if st.session_state.get("runs_dropped"):
        st.caption(t("compare.full", most=kept.MOST))
    with st.container(key="compare_list"):
        for run in runs:
            _row(run, runs, t)
    _share(t)
    pictures.show(runs, t)
    table.show(runs, t)


def _row(run: Run, runs: Sequence[Run], t: Texts) -> None:
    """A run: whether it is drawn, what it is called, and what can be done with it."""
    number, name = run["id"], formatting.escape_markdown(name_of(run, runs, t))
    with st.container(horizontal=True, vertical_alignment="center", key=f"compare_run_{number}"):
        with st.container(horizontal=True, vertical_alignment="center", key=f"compare_what_{number}"):
            table.mark(run["slot"])
            _check(run, f"**{name}**", t)
        with st.popover(t("compare.rename"), icon=":material/edit:"):
            _rename(run, name_of({**run, "name": ""}, runs, t), t)
        if st.button(t("compare.open"), key=f"compare_open_{number}", icon=":material/science:"):
            session.adopt(kept.experiment_of(run), session.TO_THE_END)
            navigation.to("")
        st.button(
            t("compare.remove"),
            key=f"compare_remove_{number}",
            icon=":material/delete:",
            on_click=guarded(kept.remove),
            args=(number,),
        )
    if run["name"] and (told := settings(run, runs, t)):
        st.caption(formatting.escape_markdown(told))


def _check(run: Run, label: str, t: Texts) -> None:
    key = f"compare_show_{run['id']}"
    is_shown = run["slot"] is not None
    st.session_state[key] = is_shown
    st.checkbox(
        label,
        key=key,
        on_change=guarded(lambda: kept.show(run["id"], wanted=st.session_state[key])),
        disabled=not is_shown and len(kept.shown()) == kept.MOST_SHOWN,
        width="stretch",
    )


def _rename(run: Run, usual: str, t: Texts) -> None:
    key = f"compare_name_{run['id']}"
    st.session_state[key] = run["name"]
    st.text_input(
        t("compare.name"),
        key=key,
        max_chars=LONGEST_NAME,
        placeholder=usual,
        on_change=guarded(lambda: kept.rename(run["id"], st.session_state[key])),
    )


def _share(t: Texts) -> None:
    """The link that opens the comparison: of what is drawn."""
    drawn = kept.shown()
    private = sum(map(kept.is_private, drawn))
    with st.popover(t("compare.share"), icon=":material/link:", disabled=len(drawn) == private):
        st.markdown(t("compare.share_explain", count=len(drawn) - private))
        if private:
            st.warning(t("compare.private", count=private), icon=":material/warning:")
        share.address(address(kept.as_link(drawn)), t, key="copy_comparison")


def address(text: str) -> str:
    """The link to a comparison, in the language that the visitor chose, and in a lesson with what that hides and fixes."""
    experiment = session.experiment() if rules.is_lesson() else Experiment()  # what a lesson fixes has the experiment's values
    return share.link_to("compare", experiment, {"compare": text})
