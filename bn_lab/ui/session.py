"""What a visitor's session holds: the experiment on screen, its training, the language; and the link that says so.

`st.session_state` outlives edits of the code, which make new classes of old names, so only plain things are kept there: the
experiment as the parameters of its link, ids and texts.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise
from typing import Any

import streamlit as st

from bn_lab.datasets import Table, load, split
from bn_lab.experiment import BN_ARMS, FIELDS, Arm, Experiment, ExperimentError
from bn_lab.i18n import LANGUAGES, Texts, choose_language, language_of, texts
from bn_lab.service import Trainer, Training
from bn_lab.sharing import decode, encode, shown

LIGHT, LIGHT_SAMPLES = 100_000, 1_000
"""Parameters of all networks, and samples of the data set, up to which the networks are drawn in advance."""


class Visitor:
    """One connected page; when it is gone, its training is told so."""

    def __init__(self) -> None:
        self.training: Training | None = None

    def leave(self) -> None:
        """Called by Streamlit when the connection is over, which may only be a short cut."""
        if self.training is not None:
            self.training.release()


@st.cache_resource(show_spinner=False)
def trainer() -> Trainer:
    """The one trainer of this process."""
    return Trainer()


@st.cache_resource(scope="session", show_spinner=False, on_release=Visitor.leave)
def _visitor() -> Visitor:
    return Visitor()


def begin() -> Texts:
    """Read the link on the first run of a session; returns the texts of its language."""
    state = st.session_state
    if "experiment" not in state:
        decoded = decode(st.query_params.to_dict())
        experiment, problems = decoded.experiment, list(decoded.problems)
        try:
            check(experiment)
        except ExperimentError as error:
            problems.append(error)
            experiment = replace(experiment, **{error.field: FIELDS[error.field].default})
        language = decoded.other.get("lang")
        if language is not None and language_of(language) is None:
            problems.append(ExperimentError("lang", "one_of", shown(language), options=", ".join(LANGUAGES)))
            language = None
        state["experiment"], state["problems"], state["problems_of_link"] = encode(experiment), problems, True
        state["wished_language"] = language
        state["algorithm"], state["claims"] = (decoded.other.get(page, "") for page in ("algorithm", "claims"))
    # The wish stands only where somebody chose: another reader of the link then gets the language of the own browser.
    state["language"] = choose_language(state["wished_language"], st.context.locale)
    return words()


def words() -> Texts:
    """The texts of the session's language."""
    return texts(st.session_state["language"])


def choose(language: str) -> None:
    """Switch the language; nothing else changes, a running training goes on."""
    st.session_state["wished_language"] = language


def experiment() -> Experiment:
    """The experiment on screen."""
    return decode(st.session_state["experiment"]).experiment


def check(candidate: Experiment) -> None:
    """Raise an `ExperimentError` where the choices do not fit the data set."""
    split(load(candidate.dataset), candidate, candidate.seed)


def change(name: str, value: Any) -> None:
    """Set one field of the experiment, and start from the beginning if that changes the numbers.

    A value that cannot be is refused with a message, and the field stays as it was. Another number of epochs leaves the numbers
    so far as they are, unless fewer are asked for than are done.
    """
    before = experiment()
    try:
        after = replace(before, **{name: value})
        check(after)
    except ExperimentError as error:
        st.session_state["problems"], st.session_state["problems_of_link"] = [error], False
        return
    st.session_state["problems"] = []
    if after == before:
        return
    st.session_state["experiment"] = encode(after)
    if name != "epochs" or not _plan_epochs(after.epochs):
        reset()


def overrule(name: str, value: Any) -> None:
    """Set a field that has a widget from elsewhere on the page.

    Until the browser shows the new value its messages repeat the old one, which must not be taken for a choice: pressing two
    buttons quickly would take the first one back. See `is_echo`.
    """
    st.session_state.setdefault("overruled", {})[name] = getattr(experiment(), name)
    change(name, value)


def is_echo(name: str, value: Any) -> bool:
    """Whether a widget's value is only the old one of a field that was overruled, from a browser that does not know it yet."""
    overruled = st.session_state.get("overruled", {})
    return name in overruled and bool(overruled[name] == value)


def acknowledge(name: str) -> None:
    """The browser shows the new value of an overruled field: from now on the old one is a choice again."""
    st.session_state.get("overruled", {}).pop(name, None)


def _plan_epochs(epochs: int) -> bool:
    """Let the training go to another number of epochs; False if it is known to be beyond that already."""
    found = training()
    history = found.view.history
    if history is not None and history.progress > epochs:
        return False
    found.extend(epochs)
    return True


def is_light(candidate: Experiment) -> bool:
    """Whether drawing the networks takes so little that it is done before anybody asks to train them."""
    table = load(candidate.dataset)
    numbers = sum(parameter_count(candidate, table, arm) for arm in candidate.arms) * candidate.seeds
    return numbers <= LIGHT and numbers * table.samples <= LIGHT * LIGHT_SAMPLES


def parameter_count(candidate: Experiment, table: Table, arm: Arm) -> int:
    """Trainable numbers of one network: weights, biases, and γ and β of batch normalization."""
    sizes = [table.features.shape[1], *[candidate.width] * candidate.depth, table.outputs]
    affine: int = sum((n + 1) * out for n, out in pairwise(sizes))
    return affine + (2 * candidate.width * candidate.depth if arm in BN_ARMS else 0)


def reset() -> None:
    """Let go of the training, so that the next one starts from the same initial weights."""
    if (found := st.session_state.pop("training", None)) is not None:
        trainer().drop(found)


def training() -> Training:
    """The training of the experiment on screen, a new one where there is none (any more)."""
    found = trainer().get(st.session_state.get("training", ""))
    if found is None:
        st.session_state["dropped"] = "training" in st.session_state
        found = trainer().add(experiment())
        st.session_state["training"] = found.id
        if is_light(experiment()):
            # The first visitor's page does not wait for torch; afterwards the networks are there at once.
            found.look(wait=0.3 if "bn_lab.engine.run" in sys.modules else 0.0)
    _visitor().training = found
    found.renew()
    return found


def link_parameters() -> dict[str, str]:
    """The query parameters of what is on screen."""
    language = st.session_state.get("wished_language")
    other = {"lang": st.session_state["language"]} if language else {}
    looked_at = {page: text for page in ("algorithm", "claims") if (text := st.session_state.get(page))}
    return encode(experiment()) | other | looked_at


def write_link() -> None:
    """Put the experiment into the address; `st.navigation` drops it when the page changes, too."""
    wanted = link_parameters()
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
