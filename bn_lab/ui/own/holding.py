"""The files that a session has open and the tables it made of them: they are nowhere else, and gone with the session.

They are the one thing in `st.session_state` that is not plain: what holds them must end with the session, and come back with it
after a cut, and nothing else does both.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from weakref import WeakSet

import streamlit as st

from bn_lab.codegen import facts_of
from bn_lab.codegen.facts import Facts
from bn_lab.datasets import Table, keep
from bn_lab.datasets.own import MB, DataError, File, digest_of, parsed, read, table
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.sharing import one_line
from bn_lab.ui.own.recipe import recipe

FILES, TABLES, TOUCHED = "own_files", "own", "own_touched"
"""In the session: open files by hash, tables by id, and whether there ever was a file."""

MOST_FILES = 3
"""Files of a session at most."""

LONGEST_NAME = 40
"""Characters of a file's name that are shown at most."""

_everywhere: WeakSet[File | Table] = WeakSet()
_counting = Lock()  # sessions are threads, and what is counted must not change before it is judged


@dataclass(frozen=True)
class Opened:
    """A file of this session.

    Attributes:
        name: what it is called, on one line and not too long; it may hold HTML or Markdown.
        file: what is in it.
    """

    name: str
    file: File


def files() -> dict[str, Opened]:
    """The open files by hash, in the order in which they were opened."""
    found: dict[str, Opened] = st.session_state.get(FILES, {})
    return found


def tables() -> dict[str, Table]:
    """The tables by id: the last one of each file."""
    found: dict[str, Table] = st.session_state.get(TABLES, {})
    return found


def open_file(name: str, data: bytes, most_mb: float) -> Opened:
    """Read a file, and hold it open for this session.

    Args:
        name: what the visitor calls it.
        data: what is in it.
        most_mb: memory that the files of all sessions may take together.

    Raises:
        DataError: there is no table in it, or no room for it; then nothing has changed.
    """
    st.session_state[TOUCHED] = True
    digest = digest_of(data)
    known = files().get(digest)
    if known is None and len(files()) >= MOST_FILES:
        raise DataError("files", "files_many", len(files()) + 1, high=MOST_FILES)
    file = known.file if known else read(data)
    _count(file, most_mb)
    opened = Opened(_own_name(name, digest), file)
    st.session_state[FILES] = {**files(), digest: opened}
    return opened


def _own_name(name: str, digest: str) -> str:
    """A name that no other open file has: lists tell their entries apart by what is read there."""
    short = one_line(name, LONGEST_NAME).strip() or "…"
    others = {opened.name for other, opened in files().items() if other != digest}
    return f"{short} ({digest[:4]})" if short in others else short


def _count(what: File | Table, most_mb: float) -> None:
    """Count what is about to be held, or raise a `DataError` where it is too much with all that is held by anybody."""
    with _counting:
        taken = sum(_size(each) for each in {*_everywhere, what})
        if taken > most_mb * MB:
            raise DataError("files", "files_memory", f"{taken / MB:.0f}", high=f"{most_mb:.0f}")
        _everywhere.add(what)


def _size(what: File | Table) -> int:
    return what.memory if isinstance(what, File) else what.features.nbytes + what.target.nbytes


def close_file(digest: str) -> None:
    """Let go of a file and its tables."""
    st.session_state[FILES] = {other: opened for other, opened in files().items() if other != digest}
    st.session_state[TABLES] = {name: made for name, made in tables().items() if parsed(name)[0] != digest}


def has(dataset: str) -> bool:
    """Whether the file of this id is open in this session."""
    return dataset in tables() or parsed(dataset)[0] in files()


def hold(dataset: str, most_mb: float) -> Table:
    """Have the table of this id, too; `most_mb` as for `open_file`. Others of its file stay until `settle`: the experiment on
    screen may be one of theirs, and stay.

    Raises:
        DataError: the file does not allow the choice, or there is no room for the table.
        ExperimentError: the file is not open here (`not_held`).
    """
    if (made := tables().get(dataset)) is not None:
        return made
    digest, _ = parsed(dataset)
    if digest not in files():
        raise ExperimentError("dataset", "not_held", dataset)
    made = keep(table(files()[digest].file, dataset))
    _count(made, most_mb)
    st.session_state[TABLES] = {**tables(), dataset: made}
    return made


def settle(dataset: str) -> None:
    """Of each file keep one table: that of this id, which is on screen, otherwise the last one."""
    in_order = sorted(tables(), key=lambda name: name == dataset)  # as they were made, but the one on screen last
    last = {parsed(name)[0]: name for name in in_order}
    st.session_state[TABLES] = {name: tables()[name] for name in last.values()}


def name_of(dataset: str) -> str:
    """What the file of an id is called, or the beginning of its hash where it is not open."""
    digest, _ = parsed(dataset)
    return files()[digest].name if digest in files() else digest[:8]


def facts(experiment: Experiment) -> Facts | None:
    """What a program has to know of the file of an experiment; None of shipped data, which programs know.

    Raises:
        ExperimentError: the file is not open here (`not_held`).
    """
    if not experiment.is_private:
        return None
    digest, _ = parsed(experiment.dataset)
    if digest not in files():
        raise ExperimentError("dataset", "not_held", experiment.dataset)
    return facts_of(recipe(files()[digest].file, experiment.dataset))
