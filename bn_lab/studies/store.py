"""`Store`: a folder with one record a network, from which an interrupted study goes on.

Whatever stands in the folder, reading it ends: what is no record of its network is counted by its reason, and trained again.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG
from typing import Any, NoReturn

from bn_lab.engine.outcome import Outcome
from bn_lab.studies.networks import Network
from bn_lab.studies.records import from_record, to_record
from bn_lab.studies.study import StudyError

LARGEST = 1 << 22
"""Bytes of a file from which on it is no record: 5,000 epochs with all that is measured take less than a fifth of them."""

REASONS = {
    "cut": "cut off, or no JSON",
    "checksum": "altered, their checksum does not fit",
    "format": "of another version of the lab",
    "other": "of another network, or of none",
    "kind": "no files, but folders, pipes or devices",
    "large": "too large",
    "closed": "not to be opened",
}
"""Why a record is not taken, in words that follow a number: `2 cut off, or no JSON`."""


class Store:
    """A folder with one record a network, `<key>.json`, which is whole or not there at all.

    Attributes:
        unusable: how many records the last `load` could not take, by their reason, a key of `REASONS`.
        unfinished: how many begun records it found, which a process that was killed has left.

    Raises:
        OSError: if the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.unfinished = folder, 0
        self.unusable: Counter[str] = Counter()
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, network: Network, outcome: Outcome) -> None:
        """Write a record, in the place of an earlier one.

        Raises:
            OSError: if it cannot be written; an earlier one is still there.
        """
        write(self._path(network), to_record(network, outcome))

    def load(self, networks: Sequence[Network]) -> dict[str, Outcome]:
        """The outcomes of these networks that are there, by key."""
        self.unusable = Counter()
        self.unfinished = len(list(self.folder.glob(".*.json.*.part")))
        outcomes = {network.key: self._read(network) for network in networks}
        return {key: outcome for key, outcome in outcomes.items() if outcome is not None}

    def _read(self, network: Network) -> Outcome | None:
        try:
            return _outcome(network, _content(self._path(network)))
        except FileNotFoundError:
            return None
        except _UnusableError as error:
            self.unusable[str(error)] += 1
        except OSError:  # no right to read it, a link to itself, a broken disk
            self.unusable["closed"] += 1
        return None

    def _path(self, network: Network) -> Path:
        return self.folder / f"{network.key}.json"


class _UnusableError(Exception):
    """A file that holds no record; says a key of `REASONS`."""


def _content(path: Path) -> bytes:
    """What is in a file; to open a pipe would wait for somebody to write into it."""
    if not S_ISREG(path.stat().st_mode):
        raise _UnusableError("kind")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise _UnusableError("large")
    return content


def _outcome(network: Network, content: bytes) -> Outcome:
    """The outcome of this network of which `content` is the record."""
    try:
        record = json.loads(content.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_unique)
    except StudyError:
        raise _UnusableError("other") from None
    except (ValueError, RecursionError):  # broken off, not UTF-8, a number of thousands of digits, or nested too deeply
        raise _UnusableError("cut") from None
    try:
        outcome = from_record(record)
    except StudyError as error:
        raise _UnusableError(error.field if error.field in REASONS else "other") from None
    except (ValueError, RecursionError):
        raise _UnusableError("other") from None
    if Network(outcome.experiment) != network:
        raise _UnusableError("other")
    return outcome


def _refuse(constant: str) -> NoReturn:
    raise StudyError("record", "number", constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are all different: of two values of a name nobody knows which one is meant."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise StudyError("record", "shape", "a name twice", expected="{…}")
    return members


def write(path: Path, value: Any) -> None:
    """Write `value` as JSON so that at no moment there is half a file, not even when the disk is full or the machine stops.

    What is in its place is replaced, but for a folder, which is renamed: `<name>.aside`.

    Raises:
        OSError: if it cannot be written, with the name of the file; what was in its place is still there.
    """
    part = path.with_name(f".{path.name}.{token_hex(4)}.part")
    try:
        with part.open("x", encoding="utf-8") as file:
            file.write(json.dumps(value, allow_nan=False) + "\n")
            file.flush()
            os.fsync(file.fileno())  # some disks say only here that they are full
        if path.is_dir() and not path.is_symlink():
            _set_aside(path)
        os.replace(part, path)
    except OSError as error:
        if error.filename is None:  # a full disk names no file
            error.filename = str(path)
        raise
    finally:
        part.unlink(missing_ok=True)


def _set_aside(folder: Path) -> None:
    names = (folder.with_name(f"{folder.name}.aside{i or ''}") for i in count())
    folder.rename(next(name for name in names if not os.path.lexists(name)))
