"""Which studies this visitor looks at and has ordered.

**The link** says which study is pointed at, over how many seeds, and what the visitor's custom study is:
`claims=study:faster_boston,seeds:6,own:…`. What a custom study varies is written by `bn_lab.ui.claims.custom`; its base is the
experiment of the link.

**Orders.** All visitors share the one library of the process. It begins what it is asked for, so it is asked only when somebody
presses Run. What another visitor runs or has run is seen at once. A study that is cancelled, or whose visitor leaves, ends only
if nobody else watches it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from typing import Any

import streamlit as st

from bn_lab import timing
from bn_lab.experiment import FIELDS
from bn_lab.server.cleanup import start_timer
from bn_lab.studies.claims import CLAIMS, STUDIES
from bn_lab.studies.job import JobView
from bn_lab.studies.library import Library, key_of
from bn_lab.studies.study import Study
from bn_lab.ui import session

PARTS = 8
"""Parts of a link's text that are read at most."""

CUSTOM = re.compile(r"[\w.;=/+-]{1,600}", re.ASCII)
"""What the text of a custom study is made of."""

LINK, SEEDS, SHOWN = "claims", "claims_seeds", "claims_shown"
"""In the session: the link's text; the seeds that the visitor chose, by study; the study that a card shows, by claim."""

# The link.


@dataclass(frozen=True)
class StudyLink:
    """What the link says.

    Attributes:
        study: name of a study; empty for none.
        seeds: how many; 0 for the number that the study has by itself.
        custom: text of the visitor's custom study; empty for none.
    """

    study: str = ""
    seeds: int = 0
    custom: str = ""


def encode(link: StudyLink) -> str:
    """The link's text; empty for no study."""
    parts = [f"study:{link.study}"] * bool(link.study)
    parts += [f"seeds:{link.seeds}"] * bool(link.study and link.seeds)
    return ",".join([*parts, *[f"own:{link.custom}"] * bool(link.custom)])


def decode(text: str) -> StudyLink:
    """What a link's text says; never raises. Seeds without a study say nothing."""
    known = dict(part for part in _parts(text) if _is_known(*part))
    custom = known.get("own", "")
    return StudyLink(known["study"], int(known.get("seeds", 0)), custom) if "study" in known else StudyLink(custom=custom)


def unread(text: str) -> list[str]:
    """The parts of a link's text that `decode` cannot read."""
    return [f"{name}:{value}" if value else name for name, value in _parts(text) if not _is_known(name, value)]


def _parts(text: str) -> list[tuple[str, str]]:
    split = (part.partition(":") for part in text.split(",")[:PARTS] if part)
    return [(name, value) for name, _, value in split]


def _is_known(name: str, value: str) -> bool:
    if name == "study":
        return value in STUDIES
    if name == "own":
        return CUSTOM.fullmatch(value) is not None
    limits = FIELDS["seeds"].limits
    is_number = value.isascii() and value.isdigit() and len(value) <= 4
    return name == "seeds" and is_number and limits.low <= int(value) <= limits.high


def follow_link() -> StudyLink:
    """Let the cards show what the link points at, and all others what they show at first; returns what it says."""
    link = decode(st.session_state.get(LINK, ""))
    st.session_state[SHOWN], st.session_state[SEEDS] = {}, {}
    if link.study:
        _remember(link.study, link.seeds or STUDIES[link.study].base.seeds)
    return link


def study_of(claim: str) -> Study:
    """The study that a claim's card shows, over the chosen number of seeds."""
    return chosen(st.session_state.get(SHOWN, {}).get(claim, CLAIMS[claim].studies[0]))


def chosen(name: str) -> Study:
    """The study of that name over the number of seeds that the visitor has chosen for it."""
    return _over(name, st.session_state.get(SEEDS, {}).get(name, STUDIES[name].base.seeds))


@lru_cache(maxsize=256)
def _over(name: str, seeds: int) -> Study:
    """A study over so many seeds; cached, since the hashes of its networks take a while."""
    return STUDIES[name].with_seeds(seeds)


def choose(study: str, seeds: int) -> None:
    """Show a study over so many seeds on its card, and point the link at it."""
    _remember(study, seeds)
    _write(study=study, seeds=0 if seeds == STUDIES[study].base.seeds else seeds)


def choose_custom(text: str) -> None:
    """Let the link say what the visitor's custom study is."""
    _write(custom=text)


def _write(**changes: Any) -> None:
    st.session_state[LINK] = encode(replace(decode(st.session_state.get(LINK, "")), **changes))


def _remember(study: str, seeds: int) -> None:
    st.session_state[SEEDS] = {**st.session_state.get(SEEDS, {}), study: seeds}
    (claim,) = (claim.id for claim in CLAIMS.values() if study in claim.studies)
    st.session_state[SHOWN] = {**st.session_state.get(SHOWN, {}), claim: study}


# Orders.


@cache
def library() -> Library:
    """The one library of this process."""
    return Library()


class Orders:
    """The studies of one connected page.

    Attributes:
        ordered: those that this visitor has ordered, unless they are known to be finished.
        cancelled: how far those were that this visitor cancelled, by `key_of`; others may still watch them.
    """

    def __init__(self) -> None:
        self.ordered: list[Study] = []
        self.cancelled: dict[Hashable, JobView] = {}

    @property
    def unfinished(self) -> int:
        """How many of the ordered studies are in line or being computed."""
        self.ordered = [study for study in self.ordered if key_of(study) not in self.cancelled and is_running(study)]
        return len(self.ordered)

    def leave(self) -> None:
        """Called by Streamlit when the connection is over."""
        start_timer(timing.STUDY_VISITOR, partial(library().leave, self))


@st.cache_resource(scope="session", show_spinner=False, on_release=Orders.leave)
def _orders() -> Orders:
    return Orders()


def run(study: Study) -> None:
    """Order a study, or what is missing of one that was cancelled or failed.

    Raises:
        LimitError: for one that is more than this server gives.
    """
    places = [cell.experiment for cell in study.cells]
    session.limits().check_study(places, _orders().unfinished)
    _orders().cancelled.pop(key_of(study), None)
    if study not in _orders().ordered:
        _orders().ordered.append(study)
    library().job(study, _orders())


def cancel(study: Study) -> None:
    """Cancel the order of a study; the networks that are trained stay."""
    if (job := library().find(study)) is not None:
        _orders().cancelled[key_of(study)] = replace(job.view, state="cancelled", place=0)
    library().leave(_orders(), study)


def view(study: Study) -> JobView | None:
    """How far a study has come; None where nobody has ordered it."""
    if (cancelled := _orders().cancelled.get(key_of(study))) is not None:
        return cancelled
    job = library().find(study, _orders())
    return None if job is None else job.view


def is_running(study: Study) -> bool:
    """Whether a study is in line or being computed."""
    present = view(study)
    return present is not None and not present.ended
