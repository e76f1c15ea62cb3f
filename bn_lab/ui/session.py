"""What a visitor's session holds: the experiment on screen, what is watched of it, the language; and the link that says so.

**The address is the state.** What a visitor does changes the session, and every run of the script ends with writing that into
the address. In a session's first run, and after Back and Forward, it is the other way round: the address is a link to be read.

`st.session_state` outlives edits of the code, which make new classes of old names, so only plain things are kept there: the
experiment as the parameters of its link, ids and texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from math import ceil
from typing import Any, NamedTuple
from uuid import uuid4

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from bn_lab.datasets import split, table_of
from bn_lab.drawn import is_drawn
from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.i18n import LANGUAGES, Texts, choose_language, language_of, texts
from bn_lab.server.cleanup import CleanUp
from bn_lab.service import LimitError, Limits, Visitor, Watch, recordings
from bn_lab.service.admission import Admission
from bn_lab.sharing import LOOKED_AT, PASSED_ON, decode, encode, plain_text
from bn_lab.ui import rules, uploads

LAB = "lab"
"""Name of what a visitor watches in the lab."""

DIALOG = "dialog"
"""In the session: name of the dialog that is open."""

PLAY, TO_THE_END = "play", "all"
"""How a link may want its experiment opened: playing, or at its last epoch; a number is an epoch at which it stands still, 0.2
for a moment within the first one. None of these changes how far the experiment goes. While it is on screen the browser keeps
the address true (`live/stage.js`)."""

EPOCH = re.compile(r"[0-9]{1,4}(\.[0-9]{1,6})?", re.ASCII)
"""An epoch in a link."""

PASSING = "passing"
"""Parameter of the address while another page is being drawn, whose link is known only then: such an address is no entry of the
browser's history (`live/address.js`)."""

PAGE_HASH = "page_hash"
"""In the session: Streamlit's name of the page on screen."""

FOLLOW = "follow"
"""In the session: the pages of which a link has just said what they show, and which have not been drawn since."""

LOOKS = ("lang", "theme", "embed", "embed_options")
"""Parameters of a link that only say how to look; one that has no others is the plain address."""


class Opening(NamedTuple):
    """How the experiment on screen opens.

    Attributes:
        epoch: the epoch that is shown first, "end" for the last one.
        playing: whether it plays by itself; None where it does if what was on the stage before was playing.
        wanted: how far it is trained by itself; None is to its end.
    """

    epoch: float | str | None
    playing: bool | None
    wanted: int | None


class Presence:
    """One connected page, which Streamlit tells when its connection is over. That may only be a short cut: after it there is
    another object for the same visitor."""

    def __init__(self, name: str) -> None:
        self.name = name

    def gone(self) -> None:
        """The connection is over."""
        admission().leave(self.name)
        _clean_up().after_departure()


@cache
def admission() -> Admission:
    """The one count of the visitors of this process."""
    return Admission(limits().visitors)


@cache
def _clean_up() -> CleanUp:
    return CleanUp(idle=lambda: recordings().idle)


@st.cache_resource(scope="session", show_spinner=False, on_release=Presence.gone)
def _presence(name: str) -> Presence:
    return Presence(name)


def visitor() -> Visitor:
    """The visitor of this session."""
    return recordings().visitor(_name())


def _name() -> str:
    name: str = st.session_state.setdefault("visitor", uuid4().hex)
    return name


def limits() -> Limits:
    """What this server gives."""
    return recordings().limits


def is_admitted() -> bool:
    """Whether there is room for this visitor."""
    return admission().enter(_presence(_name()).name)


def begin() -> Texts:
    """Read the address where it is a link, see above; returns the texts of the language. The script begins with it: what comes
    first in a run may already be the last, where the visitor does something else."""
    state = st.session_state
    if "experiment" not in state or came_by_history():
        before = experiment() if "experiment" in state else None
        read_link(st.query_params.to_dict())
        if state.get(CHOSEN):  # after the entry of the browser's history was made
            state["requested_language"] = state[CHOSEN]
        state.pop(DIALOG, None)
        if before is not None:
            _renew_widgets(before)
    # The link has a language only where somebody chose one: another reader gets that of the own browser.
    state["language"] = choose_language(state["requested_language"], st.context.locale)
    return words()


def came_by_history() -> bool:
    """Whether this run is the answer to Back or Forward."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def read_link(parameters: dict[str, str]) -> None:
    """Put what a link says on screen; where that is about a file that is not open here, pages ask for it first (`awaited`).

    What is on screen as the link says it goes on as it is; so does the language where the link has none.
    """
    state = st.session_state
    is_first = "experiment" not in state
    parameters = {name: text for name, text in parameters.items() if name != PASSING}
    decoded = decode(parameters)
    experiment, problems = decoded.experiment, list(decoded.problems)
    state["awaited"] = None if holds(experiment) else dict(parameters)
    if not holds(experiment):
        experiment = replace(experiment, dataset=FIELDS["dataset"].default)
    experiment = _possible(experiment, problems)
    language = decoded.other.get("lang")
    if language is not None and language_of(language) is None:
        problems.append(ExperimentError("lang", "one_of", plain_text(language), options=", ".join(LANGUAGES)))
        language = None
    run = _run(decoded.other.get("run", ""), experiment, problems)
    if is_first or (encode(experiment), run) != (state["experiment"], state["run"]):
        _put(experiment, run, playing=not set(parameters) - set(LOOKS))
    if state["awaited"] is not None:
        visitor().drop(LAB)
    state["problems"], state["problems_of_link"] = problems, True
    state["requested_language"] = language or state.get("requested_language")
    _point(decoded.other, is_first=is_first)
    rules.read(decoded.other, problems)


def _point(other: Mapping[str, str], *, is_first: bool) -> None:
    """Note what a link says of what pages show. Of the comparison other pages' links say nothing."""
    state = st.session_state
    says = {page: other.get(page, "") for page in (*LOOKED_AT, "compare") if page != "compare" or is_first or page in other}
    changed = {page for page in LOOKED_AT if is_first or says[page] != state.get(page, "")}
    state.update(says)
    state[FOLLOW] = sorted({*state.get(FOLLOW, ()), *changed})


def follows(page: str) -> bool:
    """Whether a link has said what this page shows since it was asked last: then it is for the page to do so."""
    waiting: list[str] = st.session_state.get(FOLLOW, [])
    st.session_state[FOLLOW] = [each for each in waiting if each != page]
    return page in waiting


def open_awaited(parameters: dict[str, str]) -> None:
    """Put on screen what these parameters say of the link that waited; the language stays as it was chosen meanwhile."""
    requested = st.session_state["requested_language"]
    read_link(parameters)
    st.session_state["requested_language"] = requested


def awaited() -> dict[str, str] | None:
    """The parameters of the link that waits for its file."""
    parameters: dict[str, str] | None = st.session_state["awaited"]
    return parameters


def words() -> Texts:
    """The texts of the session's language."""
    return texts(st.session_state["language"])


def choose(language: str) -> None:
    """Switch the language; nothing else changes. The browser remembers it."""
    st.session_state["requested_language"] = st.session_state[CHOSEN] = language


CHOSEN, FORGET, ANSWERED = "chosen_language", "forget", "lesson_answered"
"""In the session: the language that was chosen, the last request to forget, and of the lesson the chosen option by step. The
browser remembers these (`live/remembered.js`)."""


def forget() -> None:
    """Forget what was chosen and answered, and have the browser do so."""
    state = st.session_state
    state[FORGET], state[CHOSEN], state[ANSWERED] = uuid4().hex[:8], None, {}


def _put(experiment: Experiment, run: str = "", *, playing: bool | None = False, anew: bool = True) -> None:
    """Have this experiment on screen.

    Args:
        experiment: what to have there.
        run: how a link wants it opened, see `PLAY`; the address keeps saying so while it is on screen.
        playing: whether it plays by itself where `run` says nothing, see `Opening`.
        anew: whether it opens like that also where the same recording is on screen, and does not go on from there.
    """
    state = st.session_state
    state["opened"] = state.get("opened", 0) + anew
    state["experiment"], state["run"], state["playing"] = encode(experiment), run, playing
    uploads.settle(experiment.dataset)


def experiment() -> Experiment:
    """The experiment on screen."""
    return experiment_of(st.session_state["experiment"])


def experiment_of(parameters: Mapping[str, str]) -> Experiment:
    """What parameters of a link say that the session has read before."""
    return _experiment(tuple(parameters.items()))


@lru_cache(maxsize=256)
def _experiment(parameters: tuple[tuple[str, str], ...]) -> Experiment:
    return decode(dict(parameters)).experiment


def _possible(experiment: Experiment, problems: list[ExperimentError]) -> Experiment:
    """What of a link's experiment can be done here; `problems` tell the rest."""
    try:
        _hold(experiment)
    except ExperimentError as error:
        problems.append(error)
        experiment = replace(experiment, dataset=FIELDS["dataset"].default)
    try:
        limits().check(experiment)
    except LimitError as error:
        problems.append(error)
        experiment = limits().shrunk(experiment)
    try:
        check(experiment)
    except ExperimentError as error:
        problems.append(error)
        experiment = replace(experiment, **{error.field: FIELDS[error.field].default})
    return experiment


def _run(text: str, experiment: Experiment, problems: list[ExperimentError]) -> str:
    """How a link wants its experiment opened, see `PLAY`; what is no such thing goes to `problems`."""
    if text in ("", PLAY, TO_THE_END):
        return text
    if EPOCH.fullmatch(text) and float(text) <= experiment.epochs:
        return f"{float(text):.7g}"
    problems.append(
        ExperimentError("run", "one_of", plain_text(text), options=f"{PLAY}, {TO_THE_END}, 0 … {experiment.epochs}")
    )
    return ""


def opening() -> Opening:
    """How the experiment on screen opens."""
    run = st.session_state["run"]
    if run == TO_THE_END:
        return Opening("end", False, None)
    if run not in ("", PLAY):
        return Opening(float(run), False, ceil(float(run)))
    playing: bool | None = run == PLAY or st.session_state["playing"]
    return Opening(None, playing, None if playing else 0)


def holds(candidate: Experiment) -> bool:
    """Whether this session has the data of an experiment; those of another visitor are not for this one."""
    return not candidate.is_private or uploads.has(candidate.dataset)


def _hold(candidate: Experiment) -> None:
    """Have the data of an experiment at hand, or raise an `ExperimentError`: a file is not open, or not good for that."""
    if candidate.is_private:
        uploads.hold(candidate.dataset, limits().own_mb)


def check(candidate: Experiment) -> None:
    """Raise an `ExperimentError` where the choices do not fit the data set, or are more than this server gives."""
    _hold(candidate)
    split(table_of(candidate), candidate, candidate.seed)
    limits().check(candidate)


def change(name: str, value: Any) -> None:
    """Set one field of the experiment. What is playing plays again with it, from the beginning; with another number of epochs
    it goes on.

    A value that cannot be, or of a field that a lesson's link fixes, is refused with a message, and the field stays as it was.
    """
    _change({name: value}, anew=name != "epochs")


def draw(dataset: str) -> None:
    """Have a drawn set (`bn_lab.drawn`) in the place of the one on which it was drawn, as `change` does; without the noise and
    the choice of samples of that one, which are in its points."""
    before = experiment()
    taken = {} if is_drawn(before.dataset) else {name: FIELDS[name].default for name in ("data_noise", "samples")}
    _change({"dataset": dataset, **taken})
    _renew_widgets(before)


def _change(values: Mapping[str, Any], *, anew: bool = True) -> None:
    """As `change`, of several fields; `anew`: from the beginning."""
    before = experiment()
    try:
        after = replace(before, **values)
        rules.check(after, before)
        check(after)
    except ExperimentError as error:
        uploads.settle(before.dataset)
        st.session_state["problems"], st.session_state["problems_of_link"] = [error], False
        return
    st.session_state["problems"] = []
    if after != before:
        _put(after, playing=None, anew=anew)


def set_field(name: str, value: Any) -> None:
    """Set a field that has a widget from elsewhere on the page."""
    before = experiment()
    change(name, value)
    _renew_widgets(before)


def adopt(requested: Experiment, run: str = PLAY, unread: Iterable[ExperimentError] = ()) -> None:
    """Put a whole experiment on screen, as a link to it would: of a preset, of a step of the lesson, of a file.

    What of it cannot be done here, or what a lesson's link fixes, is replaced, with a message. Where it is about a file that is
    not open here, pages ask for that first (`awaited`).

    Args:
        requested: the experiment.
        run: how to open it, see `PLAY`.
        unread: what could not be read of the link by which it came; it is told as that of any link.
    """
    state, before, problems = st.session_state, experiment(), list(unread)
    of_link = bool(problems)
    requested = rules.keep_fixed(requested, before, problems)
    if not holds(requested):
        _ask_for(requested, run)
        state["problems"], state["problems_of_link"] = problems, False
        return
    after = _possible(requested, problems)
    if rules.changed(after, before):  # what the lesson fixes and what is requested do not go together
        after = before
    state["problems"], state["problems_of_link"] = problems, of_link
    _put(after, "" if run == PLAY else run, playing=run == PLAY)
    _renew_widgets(before)


def _ask_for(requested: Experiment, run: str) -> None:
    """Let go of what is on screen, and wait for the file of an experiment as a link to it does."""
    visitor().drop(LAB)
    other = {name: text for name, text in link_parameters().items() if name in PASSED_ON}
    open_awaited(encode(requested) | other | ({"run": run} if run else {}))


def _renew_widgets(before: Experiment) -> None:
    """Have new widgets for the fields that have changed since `before`.

    Until the browser shows a new value its messages repeat the old one of the same widget, which must not be taken for a
    choice: pressing two buttons quickly would take the first one back. Of a widget that is gone nothing is heard.
    """
    after, turns = experiment(), dict(st.session_state.get("turns", {}))
    for name in FIELDS:
        if getattr(before, name) != getattr(after, name):
            turns[name] = turns.get(name, 0) + 1
    st.session_state["turns"] = turns


def turn(name: str) -> int:
    """How many widgets a field has had before its present one."""
    turns: Mapping[str, int] = st.session_state.get("turns", {})
    return turns.get(name, 0)


def watch() -> Watch:
    """What is watched of the experiment on screen. To be asked in every run: it lapses where nobody asks.

    Raises:
        LimitError: for more than this server gives.
    """
    now = experiment()
    return visitor().want(LAB, now, wanted=opening().wanted, table=table_of(now) if now.is_private else None)


def link_parameters() -> dict[str, str]:
    """The query parameters of what is on screen, but for how it opens."""
    language = st.session_state.get("requested_language")
    other = {"lang": st.session_state["language"]} if language else {}
    looked_at = {page: text for page in LOOKED_AT if (text := st.session_state.get(page))}
    return dict(st.session_state["experiment"]) | other | looked_at | rules.parameters()


def address_parameters() -> dict[str, str]:
    """The query parameters of the address: with how a link wanted its experiment opened, while that is on screen; on the
    Compare page with what is compared."""
    run = st.session_state["run"]
    compared = st.session_state.get("compare") if st.session_state.get("page") == "compare" else ""
    return link_parameters() | ({"run": run} if run else {}) | ({"compare": compared} if compared else {})


def end() -> None:
    """What every run of the script ends with: only what the lab and this page show is still wanted, and the address says what
    is on screen."""
    visitor().keep({LAB, str(st.session_state["page"])})
    write_link()


def write_link() -> None:
    """Put what is on screen into the address."""
    wanted = address_parameters()
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def passing_parameters() -> dict[str, str]:
    """The query parameters of the address on the way to another page."""
    return {**address_parameters(), PASSING: "1"}


def pass_on() -> None:
    """Before the page is drawn: where it is another one than before, Streamlit has dropped the parameters of the address, and
    would make an entry of the browser's history without them, and then one with them. So they are there before."""
    context = get_script_run_ctx()
    before = st.session_state.get(PAGE_HASH)
    if context is None or before in (None, context.page_script_hash) or came_by_history() or PASSING in st.query_params:
        return
    st.query_params.from_dict(passing_parameters())
