"""What a visitor's session holds: the experiment on screen, its training, the language; and the link that says so.

`st.session_state` outlives edits of the code, which make new classes of old names, so only plain things are kept there: the
experiment as the parameters of its link, ids and texts.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from uuid import uuid4

import streamlit as st

from bn_lab.datasets import split, table_of
from bn_lab.engine.cost import parameters
from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.i18n import LANGUAGES, Texts, choose_language, language_of, texts
from bn_lab.service import LimitError, Limits, State, Trainer, Training, Visitor
from bn_lab.service.entrance import Entrance
from bn_lab.service.visitor import TO_THE_END
from bn_lab.sharing import LOOKED_AT, PASSED_ON, decode, encode, shown
from bn_lab.ui.classroom import rules
from bn_lab.ui.departures import CleanUp
from bn_lab.ui.own import holding

LIGHT, LIGHT_SAMPLES = 100_000, 1_000
"""Parameters of all networks, and samples of the data set, up to which the networks are drawn in advance."""


FIRST_LOOK = 0.3
"""Seconds that a page waits for the untrained networks, once torch is there."""


class Page(Visitor):
    """One connected page, which Streamlit tells when its connection is over."""

    def gone(self) -> None:
        """The connection is over, which may only be a short cut."""
        entrance().leave(self.name)
        self.release()
        _clean_up().after_departure()


@st.cache_resource(show_spinner=False)
def trainer() -> Trainer:
    """The one trainer of this process."""
    return Trainer(limits=Limits.from_environment())


@st.cache_resource(show_spinner=False)
def entrance() -> Entrance:
    """The one count of the visitors of this process."""
    return Entrance(trainer().limits.visitors)


@st.cache_resource(show_spinner=False)
def _clean_up() -> CleanUp:
    return CleanUp(idle=lambda: not trainer().watching)


@st.cache_resource(scope="session", show_spinner=False, on_release=Page.gone)
def _page(name: str) -> Page:
    return Page(trainer(), name)


def visitor() -> Page:
    """The visitor of this session. After a cut there is another object for the same one: only the name comes back."""
    return _page(st.session_state.setdefault("visitor", uuid4().hex[:12]))


def is_admitted() -> bool:
    """Whether there is room for this visitor."""
    return entrance().enter(visitor().name)


def begin() -> Texts:
    """Read the link on the first run of a session; returns the texts of its language."""
    state = st.session_state
    if "experiment" not in state:
        read_link(st.query_params.to_dict())
    # The wish stands only where somebody chose: another reader of the link then gets the language of the own browser.
    state["language"] = choose_language(state["wished_language"], st.context.locale)
    return words()


def read_link(parameters: dict[str, str]) -> None:
    """Put what a link says on screen; where that is about a file that is not open here, pages ask for it first (`awaited`)."""
    state = st.session_state
    decoded = decode(parameters)
    experiment, problems = decoded.experiment, list(decoded.problems)
    state["awaited"] = None if holds(experiment) else dict(parameters)
    if not holds(experiment):
        experiment = replace(experiment, dataset=FIELDS["dataset"].default)
    experiment = _possible(experiment, problems)
    language = decoded.other.get("lang")
    if language is not None and language_of(language) is None:
        problems.append(ExperimentError("lang", "one_of", shown(language), options=", ".join(LANGUAGES)))
        language = None
    state["wanted"] = _wanted(decoded.other.get("run", ""), experiment, problems)
    _put(experiment)
    state["problems"], state["problems_of_link"] = problems, True
    state["wished_language"] = language
    for page in (*LOOKED_AT, "compare"):
        state[page] = decoded.other.get(page, "")
    rules.read(decoded.other, problems)


def open_awaited(parameters: dict[str, str]) -> None:
    """Put on screen what these parameters say of the link that waited; the language stays as it was chosen meanwhile."""
    wished = st.session_state["wished_language"]
    read_link(parameters)
    st.session_state["wished_language"] = wished


def awaited() -> dict[str, str] | None:
    """The parameters of the link that waits for its file."""
    found: dict[str, str] | None = st.session_state["awaited"]
    return found


def words() -> Texts:
    """The texts of the session's language."""
    return texts(st.session_state["language"])


def choose(language: str) -> None:
    """Switch the language; nothing else changes, a running training goes on."""
    st.session_state["wished_language"] = language


def _put(experiment: Experiment) -> None:
    """Have this experiment on screen."""
    st.session_state["experiment"] = encode(experiment)
    holding.settle(experiment.dataset)


def experiment() -> Experiment:
    """The experiment on screen."""
    return experiment_of(st.session_state["experiment"])


def experiment_of(parameters: Mapping[str, str]) -> Experiment:
    """What parameters of a link say that the session has read before."""
    return _experiment(tuple(parameters.items()))


@lru_cache(maxsize=256)
def _experiment(parameters: tuple[tuple[str, str], ...]) -> Experiment:
    """Every tick of every page asks."""
    return decode(dict(parameters)).experiment


def _possible(experiment: Experiment, problems: list[ExperimentError]) -> Experiment:
    """What of a link's experiment can be done here; `problems` tell the rest."""
    try:
        _hold(experiment)
    except ExperimentError as error:
        problems.append(error)
        experiment = replace(experiment, dataset=FIELDS["dataset"].default)
    try:
        trainer().limits.check(experiment)
    except LimitError as error:
        problems.append(error)
        experiment = trainer().limits.shrunk(experiment)
    try:
        check(experiment)
    except ExperimentError as error:
        problems.append(error)
        experiment = replace(experiment, **{error.field: FIELDS[error.field].default})
    return experiment


def _wanted(text: str, experiment: Experiment, problems: list[ExperimentError]) -> str:
    """How far a link wants to train, see `Visitor.open`; what is no such thing goes to `problems`."""
    if text in ("", TO_THE_END):
        return text
    if text.isascii() and text.isdigit() and len(text) <= 4 and 0 < int(text) <= experiment.epochs:
        return str(int(text))
    problems.append(ExperimentError("run", "one_of", shown(text), options=f"{TO_THE_END}, 1 … {experiment.epochs}"))
    return ""


def holds(candidate: Experiment) -> bool:
    """Whether this session has the data of an experiment; those of another visitor are not for this one."""
    return not candidate.is_private or holding.has(candidate.dataset)


def _hold(candidate: Experiment) -> None:
    """Have the data of an experiment at hand, or raise an `ExperimentError`: a file is not open, or not good for that."""
    if candidate.is_private:
        holding.hold(candidate.dataset, trainer().limits.own_mb)


def check(candidate: Experiment) -> None:
    """Raise an `ExperimentError` where the choices do not fit the data set, or are more than this server gives."""
    _hold(candidate)
    split(table_of(candidate), candidate, candidate.seed)
    trainer().limits.check(candidate)


def change(name: str, value: Any) -> None:
    """Set one field of the experiment, and start from the beginning if that changes the numbers.

    A value that cannot be, or of a field that a lesson's link fixes, is refused with a message, and the field stays as it was.
    Another number of epochs leaves the numbers so far as they are, unless fewer are asked for than are done.
    """
    before = experiment()
    try:
        after = replace(before, **{name: value})
        rules.check(after, before)
        check(after)
    except ExperimentError as error:
        holding.settle(before.dataset)
        st.session_state["problems"], st.session_state["problems_of_link"] = [error], False
        return
    st.session_state["problems"] = []
    if after == before:
        return
    _put(after)
    if name != "epochs" or not _plan_epochs(after.epochs):
        reset()


def overrule(name: str, value: Any) -> None:
    """Set a field that has a widget from elsewhere on the page.

    Until the browser shows the new value its messages repeat the old one, which must not be taken for a choice: pressing two
    buttons quickly would take the first one back. See `is_echo`.
    """
    st.session_state.setdefault("overruled", {})[name] = getattr(experiment(), name)
    change(name, value)


def adopt(wish: Experiment, wanted: str = "") -> None:
    """Put a whole experiment on screen, as a link to it would: of a preset, of a step of the lesson, of a file.

    What of it cannot be done here is told, and replaced by what can; so is what a lesson's link fixes. Where it is about a file
    that is not open here, pages ask for that first (`awaited`).

    Args:
        wish: the experiment.
        wanted: how far to train it, see `Visitor.open`.
    """
    state, before, problems = st.session_state, experiment(), list[ExperimentError]()
    wish = rules.kept(wish, before, problems)
    if not holds(wish):
        _ask_for(wish, wanted)
        state["problems"], state["problems_of_link"] = problems, False
        return
    after = _possible(wish, problems)
    if rules.changed(after, before):  # what the lesson fixes and what is wished do not go together
        after = before
    state["problems"], state["problems_of_link"] = problems, False
    for name in FIELDS:
        if f"field_{name}" in state and getattr(before, name) != getattr(after, name):  # it has a widget on the page
            state.setdefault("overruled", {})[name] = getattr(before, name)
    _put(after)
    state["wanted"] = wanted
    _look(visitor().open(after, wanted))


def _ask_for(wish: Experiment, wanted: str) -> None:
    """Let go of the training on screen, and wait for the file of an experiment as a link to it does."""
    visitor().leave()
    st.session_state.pop("training", None)
    other = {name: text for name, text in link_parameters().items() if name in PASSED_ON}
    open_awaited(encode(wish) | other | ({"run": wanted} if wanted else {}))


def is_echo(name: str, value: Any) -> bool:
    """Whether a widget's value is only the old one of a field that was overruled, from a browser that does not know it yet."""
    overruled = st.session_state.get("overruled", {})
    return name in overruled and bool(overruled[name] == value)


def acknowledge(name: str) -> None:
    """The browser shows the new value of an overruled field: from now on the old one is a choice again."""
    st.session_state.get("overruled", {}).pop(name, None)


def _plan_epochs(epochs: int) -> bool:
    """Let the training go to another number of epochs; False if it is known to be beyond that already."""
    training()
    return visitor().plan(epochs)


def is_light(candidate: Experiment) -> bool:
    """Whether drawing the networks takes so little that it is done before anybody asks to train them."""
    table = table_of(candidate)
    numbers = sum(parameters(candidate, table, arm) for arm in candidate.arms) * candidate.seeds
    return numbers <= LIGHT and numbers * table.samples <= LIGHT * LIGHT_SAMPLES


def reset() -> None:
    """Let go of the training: the next one starts from the beginning, from the same initial weights."""
    st.session_state["wanted"] = ""
    _look(visitor().begin(experiment()))


def training() -> Training:
    """The training of the experiment on screen.

    Where there is none (any more), it is that of all who opened the same experiment, or a new one, which goes as far as the
    link wants, or as this page has been: the same experiment gives the same numbers.
    """
    page, state = visitor(), st.session_state
    found = page.training or trainer().get(state.get("training", ""))
    if found is None or found.view.state is State.GONE:
        _look(page.open(experiment(), state["wanted"]))
    elif found is not page.training:
        page.watch(found)
    assert page.training is not None
    state["training"] = page.training.id
    page.renew()
    return page.training


def _look(training: Training) -> None:
    """Show untrained networks in advance, where that takes little."""
    if training.view.state is State.READY and training.view.history is None and is_light(training.view.experiment):
        # The first visitor's page does not wait for torch; afterwards the networks are there at once.
        training.look(wait=FIRST_LOOK if "bn_lab.engine.run" in sys.modules else 0.0)


def link_parameters() -> dict[str, str]:
    """The query parameters of what is on screen, but for how far it is trained."""
    language = st.session_state.get("wished_language")
    other = {"lang": st.session_state["language"]} if language else {}
    looked_at = {page: text for page in LOOKED_AT if (text := st.session_state.get(page))}
    return dict(st.session_state["experiment"]) | other | looked_at | rules.parameters()


def address_parameters() -> dict[str, str]:
    """The query parameters of the address: with how far the training is meant to go, so that it is there again after a reload,
    and on another server; on the Compare page with what is compared."""
    training = visitor().training
    if training is not None and training.view.state is not State.GONE:
        st.session_state["wanted"] = visitor().wanted
    wanted = st.session_state["wanted"]
    compared = st.session_state.get("compare") if st.session_state.get("page") == "compare" else ""
    return link_parameters() | ({"run": wanted} if wanted else {}) | ({"compare": compared} if compared else {})


def write_link() -> None:
    """Put the experiment into the address; `st.navigation` drops it when the page changes, too."""
    wanted = address_parameters()
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
