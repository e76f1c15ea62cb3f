"""The files that a session has open and the tables it made of them: they are nowhere else, and gone with the session.

They are in `st.session_state`, although they are no plain values: it ends with the session and comes back with it after a cut,
and nothing else does both.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Condition, Lock
from weakref import WeakSet

import streamlit as st

from bn_lab import timing
from bn_lab.codegen import facts_of
from bn_lab.codegen.facts import Facts
from bn_lab.datasets import Table, keep
from bn_lab.datasets.uploads import FOUND_OUT, DataError, File, Format, digest_of, parsed, read, table
from bn_lab.datasets.uploads.limits import MB
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.files.recipe import recipe
from bn_lab.server.cleanup import return_free_memory
from bn_lab.sharing import one_line

FILES, TABLES, FACTS, TOUCHED = "uploads_files", "uploads_tables", "uploads_facts", "uploads_touched"
"""In the session: open files by hash, tables by id and what programs have to know of each, and whether there was any file."""

MOST_FILES = 3
"""Files of a session at most."""

LONGEST_NAME = 40
"""Characters of a file's name that are shown at most."""

Waiting = Callable[[int], None]
"""Called with a place in the line, from 1, as long as others come first."""


@dataclass(frozen=True, eq=False)
class OpenFile:
    """A file of this session.

    Attributes:
        name: what it is called, on one line and not too long; it may hold HTML or Markdown.
        packed: its bytes, compressed, so that it can be read again as something else.
        digest: what it is known by.
        file: what is in it, as it was last read; None where it could not be.
        asked: how it was said to be written when it was last tried.
        problem: why it could not be read like that.
    """

    name: str
    packed: bytes
    digest: str
    file: File | None
    asked: Format = FOUND_OUT
    problem: DataError | None = None

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return zlib.decompress(self.packed)

    @property
    def memory(self) -> int:
        """Bytes that it takes."""
        return len(self.packed) + (self.file.memory if self.file else 0)


_everywhere: WeakSet[OpenFile | Table] = WeakSet()
_counting = Lock()  # sessions are threads, and what is counted must not change before it is judged


def files() -> dict[str, OpenFile]:
    """The open files by hash, in the order in which they were opened."""
    opened: dict[str, OpenFile] = st.session_state.get(FILES, {})
    return opened


def tables() -> dict[str, Table]:
    """The tables by id: the last one of each file."""
    made: dict[str, Table] = st.session_state.get(TABLES, {})
    return made


def open_file(name: str, data: bytes, most_mb: float, asked: Format = FOUND_OUT, waiting: Waiting | None = None) -> OpenFile:
    """Read a file, and hold it open for this session.

    Args:
        name: what the visitor calls it.
        data: what is in it.
        most_mb: memory that the files of all sessions may take together.
        asked: how it is written, as far as that is known.
        waiting: called as long as the files of others are read.

    Raises:
        DataError: there is no table in it, or no room for it; then nothing has changed.
    """
    st.session_state[TOUCHED] = True
    digest = digest_of(data)
    known = files().get(digest)
    if known is None and len(files()) >= MOST_FILES:
        raise DataError("files", "files_many", len(files()) + 1, high=MOST_FILES)
    file = known.file if known and known.file and known.asked == asked else in_turn(data, asked, waiting)
    return _have(OpenFile(_own_name(name, digest), zlib.compress(data, 1), digest, file, asked), most_mb, known)


def open_unread(name: str, data: bytes, most_mb: float, problem: DataError) -> OpenFile:
    """Hold a file open that could not be read, so that somebody can say how it is written.

    Raises:
        DataError: there is no room for it; then nothing has changed.
    """
    digest = digest_of(data)
    if digest not in files() and len(files()) >= MOST_FILES:
        raise problem
    packed = zlib.compress(data, 1)
    return _have(OpenFile(_own_name(name, digest), packed, digest, None, problem=problem), most_mb, files().get(digest))


def read_again(digest: str, asked: Format, most_mb: float, waiting: Waiting | None = None) -> None:
    """Read a file that is open as it is said to be written now. Where that does not go it stays as it was, with the problem."""
    before = files()[digest]
    try:
        file = in_turn(before.data, asked, waiting)
        _have(replace(before, file=file, asked=asked, problem=None), most_mb, before)
    except DataError as problem:
        tried = before.asked if before.file else asked
        _have(replace(before, asked=tried, problem=problem), most_mb, before)


def _have(opened: OpenFile, most_mb: float, before: OpenFile | None) -> OpenFile:
    _count(opened, most_mb, before)
    st.session_state[FILES] = {**files(), opened.digest: opened}
    return opened


def _own_name(name: str, digest: str) -> str:
    """A name that no other open file has: lists tell their entries apart by what is read there."""
    short = one_line(name, LONGEST_NAME).strip() or "…"
    others = {opened.name for other, opened in files().items() if other != digest}
    return f"{short} ({digest[:4]})" if short in others else short


def _count(what: OpenFile | Table, most_mb: float, before: OpenFile | None = None) -> None:
    """Count what is about to be held in the place of what was before, or raise a `DataError` where it is too much with all that
    is held by anybody."""
    with _counting:
        taken = sum(_size(each) for each in {*_everywhere, what} - {before})
        if taken > most_mb * MB:
            raise DataError("files", "files_memory", f"{taken / MB:.0f}", high=f"{most_mb:.0f}")
        _everywhere.add(what)


def _size(what: OpenFile | Table) -> int:
    return what.memory if isinstance(what, OpenFile) else what.features.nbytes + what.target.nbytes


def close_file(digest: str) -> None:
    """Let go of a file and its tables."""
    st.session_state[FILES] = {other: opened for other, opened in files().items() if other != digest}
    _keep_only({name for name in tables() if parsed(name)[0] != digest})


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
    digest, choice = parsed(dataset)
    if digest not in files():
        raise ExperimentError("dataset", "not_held", dataset)
    opened = files()[digest]
    file = opened.file
    if file is None or file.asked != choice.format:  # of a link, or of what was on screen before; the page keeps its own
        file = in_turn(opened.data, choice.format)
    made = keep(table(file, dataset))
    _count(made, most_mb)
    st.session_state[TABLES] = {**tables(), dataset: made}
    st.session_state[FACTS] = {**st.session_state.get(FACTS, {}), dataset: facts_of(recipe(file, dataset))}
    return made


def settle(dataset: str) -> None:
    """Of each file keep one table: that of this id, which is on screen, otherwise the last one."""
    in_order = sorted(tables(), key=lambda name: name == dataset)  # as they were made, but the one on screen last
    last = {parsed(name)[0]: name for name in in_order}
    _keep_only(set(last.values()))


def _keep_only(names: Set[str]) -> None:
    """Let go of all other tables."""
    st.session_state[TABLES] = {name: made for name, made in tables().items() if name in names}
    known: dict[str, Facts] = st.session_state.get(FACTS, {})
    st.session_state[FACTS] = {name: facts for name, facts in known.items() if name in names}


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
    known: dict[str, Facts] = st.session_state.get(FACTS, {})
    if experiment.dataset not in known:
        raise ExperimentError("dataset", "not_held", experiment.dataset)
    return known[experiment.dataset]


# One file is read at a time, in the order in which they came: each takes up to a hundred MB while it is read.


class WaitingLine:
    """A line of threads of which the first one works. Safe to use from any thread."""

    def __init__(self) -> None:
        self._places: deque[object] = deque()
        self._changed = Condition()

    @contextmanager
    def turn(self, waiting: Waiting | None = None) -> Iterator[None]:
        """Wait until all who came before are done, or have given up, and hold up those who come after.

        Args:
            waiting: what it raises ends the waiting, as Streamlit does where the page is left.
        """
        mine = object()
        with self._changed:
            self._places.append(mine)
        try:
            while place := self._place(mine):
                if waiting is not None:
                    waiting(place)
                with self._changed:
                    self._changed.wait_for(lambda: self._places[0] is mine, timing.WAITING_TICK)
            yield
        finally:
            with self._changed:
                self._places.remove(mine)
                self._changed.notify_all()

    def _place(self, mine: object) -> int:
        with self._changed:
            return self._places.index(mine)


READING_QUEUE = WaitingLine()
"""In which the files of all visitors wait to be read."""


def in_turn(data: bytes, asked: Format, waiting: Waiting | None = None) -> File:
    """The table in the bytes of a file, read when it is its turn.

    Raises:
        DataError: saying what is wrong with it.
    """
    with READING_QUEUE.turn(waiting):
        try:
            return read(data, asked)
        finally:
            return_free_memory()  # before the next one takes some
