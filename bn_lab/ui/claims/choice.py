"""Which study the link points at, over how many seeds, and the visitor's own: `claims=study:faster_boston,seeds:6,own:…`.

What the own study varies is written by `bn_lab.ui.claims.own`; its base is the experiment of the link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import streamlit as st

from bn_lab.experiment import FIELDS
from bn_lab.studies.claims import CLAIMS, STUDIES
from bn_lab.studies.study import Study

PARTS = 8
"""Parts of a link's text that are read at most."""

OWN = re.compile(r"[\w.;=/+-]{1,600}", re.ASCII)
"""What the text of an own study is made of."""

STATE, SEEDS, SHOWN = "claims", "claims_seeds", "claims_shown"
"""In the session: the link's text; seeds by study where they are not the study's own; the study that a card shows, by claim."""


@dataclass(frozen=True)
class Choice:
    """A study by name, and how many seeds; 0 is the study's own number, and no name is no study. `own`: the visitor's study."""

    study: str = ""
    seeds: int = 0
    own: str = ""


def encode(choice: Choice) -> str:
    """The link's text; empty for no study."""
    named = [f"study:{choice.study}"] * bool(choice.study) + [f"seeds:{choice.seeds}"] * bool(choice.study and choice.seeds)
    return ",".join([*named, *([f"own:{choice.own}"] if choice.own else [])])


def decode(text: str) -> Choice:
    """The choice that a link's text describes; never raises. Seeds without a study say nothing."""
    known = dict(part for part in _parts(text) if _is_known(*part))
    own = known.get("own", "")
    return Choice(known["study"], int(known.get("seeds", 0)), own) if "study" in known else Choice(own=own)


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
        return OWN.fullmatch(value) is not None
    limits = FIELDS["seeds"].range
    assert limits is not None
    is_number = value.isascii() and value.isdigit() and len(value) <= 4
    return name == "seeds" and is_number and limits.low <= int(value) <= limits.high


def follow_link() -> None:
    """Let the cards show what the link points at, once for a link."""
    choice = decode(st.session_state.get(STATE, ""))
    if choice.study and SHOWN not in st.session_state:
        _remember(choice.study, choice.seeds or STUDIES[choice.study].base.seeds)
    st.session_state.setdefault(SHOWN, {})
    st.session_state.setdefault(SEEDS, {})


def study_of(claim: str) -> Study:
    """The study that a claim's card shows, over the chosen number of seeds."""
    return chosen(st.session_state[SHOWN].get(claim, CLAIMS[claim].studies[0]))


def chosen(name: str) -> Study:
    """The study of that name over the number of seeds that the visitor has chosen for it."""
    return _over(name, st.session_state.get(SEEDS, {}).get(name, STUDIES[name].base.seeds))


@lru_cache(maxsize=256)
def _over(name: str, seeds: int) -> Study:
    """A study over so many seeds; kept, since the hashes of its networks take a while."""
    return STUDIES[name].with_seeds(seeds)


def choose(study: str, seeds: int) -> None:
    """Show a study over so many seeds on its card, and point the link at it."""
    _remember(study, seeds)
    _write(study=study, seeds=0 if seeds == STUDIES[study].base.seeds else seeds)


def choose_own(own: str) -> None:
    """Let the link say what the visitor's own study is."""
    _write(own=own)


def _write(**changes: Any) -> None:
    st.session_state[STATE] = encode(replace(decode(st.session_state.get(STATE, "")), **changes))


def _remember(study: str, seeds: int) -> None:
    st.session_state[SEEDS] = {**st.session_state.get(SEEDS, {}), study: seeds}
    (claim,) = (claim.id for claim in CLAIMS.values() if study in claim.studies)
    st.session_state[SHOWN] = {**st.session_state.get(SHOWN, {}), claim: study}
