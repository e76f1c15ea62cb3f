"""The folder of records: whole or not there, and whatever else stands in it, reading it ends and is told."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bn_lab.engine.outcome import Outcome
from bn_lab.experiment import Experiment
from bn_lab.studies import command, store
from bn_lab.studies.networks import Network
from bn_lab.studies.records import checksum, to_record
from bn_lab.studies.store import LARGEST, REASONS, Store, write
from bn_lab.studies.study import Study
from tests.studies.conftest import outcome

STUDY = Study("small", Experiment(epochs=4, seeds=2), (("depth", (1, 2)),))
NETWORKS = STUDY.networks

RESULTS = {network.key: outcome(network.experiment, seconds=i / 3) for i, network in enumerate(NETWORKS)}
"""Made up, with numbers that have many digits."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a record of every network."""
    full = Store(tmp_path)
    for network in NETWORKS:
        full.save(network, RESULTS[network.key])
    return tmp_path


def record(network: Network = NETWORKS[0], **altered: Any) -> str:
    """The text of a record whose checksum fits, with these values."""
    found = to_record(network, RESULTS[network.key]) | altered
    return json.dumps(found | {"checksum": checksum(found)})


def same(ours: Outcome, theirs: Outcome) -> bool:
    return ours.seconds == theirs.seconds and np.array_equal(ours.train_loss, theirs.train_loss)


def test_a_folder_gives_back_what_was_saved_in_it(tmp_path: Path) -> None:
    opened = Store(tmp_path / "a" / "b")
    for network in NETWORKS[:3]:
        opened.save(network, RESULTS[network.key])
    read = opened.load(NETWORKS)
    assert list(read) == [network.key for network in NETWORKS[:3]]
    assert all(same(each, RESULTS[key]) for key, each in read.items())
    assert (opened.unusable.total(), opened.unfinished) == (0, 0)
    assert {path.name for path in opened.folder.iterdir()} == {f"{key}.json" for key in read}


def texts() -> dict[str, tuple[str, str | bytes]]:
    """Contents that are no record of the first network, with the reason that is told."""
    whole = record()
    plain = json.loads(whole)
    old = {name: value for name, value in plain.items() if name != "checksum"} | {"format": 1}
    return {
        "empty": ("cut", ""),
        "half": ("cut", whole[: len(whole) // 2]),
        "zeros, as after a crash": ("cut", "\0" * len(whole)),
        "binary": ("cut", b"\xff\x00"),
        "deep list": ("cut", "[" * 100_000),
        "deep object": ("cut", '{"a":' * 100_000),
        "number of 5,000 digits": ("cut", whole.replace('"diverged": 0', f'"diverged": {"9" * 5000}')),
        "altered": ("checksum", whole.replace('"diverged": 0', '"diverged": 1')),
        "no checksum": ("other", json.dumps({name: value for name, value in plain.items() if name != "checksum"})),
        "wrong checksum": ("checksum", json.dumps(plain | {"checksum": [1]})),
        "old": ("format", json.dumps(old)),
        "newer": ("format", record(format=99)),
        "strange format": ("format", record(format=["2"])),
        "another network's": ("other", record(NETWORKS[1])),
        "a list": ("other", "[]"),
        "a number": ("other", "7"),
        "nested inside": ("other", record(final={"a": json.loads("[" * 300 + "]" * 300)})),
        "NaN": ("other", whole.replace('"diverged": 0', '"diverged": NaN')),
        "minus infinity": ("other", whole.replace('"diverged": 0', '"diverged": -Infinity')),
        "infinite float": ("other", whole.replace('"diverged": 0', '"diverged": 1e999')),
        "twice": ("other", whole.replace('"diverged": 0', '"diverged": 1, "diverged": 0')),
        "whole number beyond floats": ("other", record(seconds=10**400)),
        "such a loss": ("other", record(train_loss=[10**309] * 4)),
        "such an epoch": ("other", record(inference_epochs=[10**400])),
        "such a depth": ("other", record(experiment=plain["experiment"] | {"depth": 10**400})),
        "such a rate": ("other", record(experiment=plain["experiment"] | {"learning_rate": 10**400})),
        "text for a number": ("other", record(seconds="1")),
        "true for a number": ("other", record(steps_per_epoch=True)),
        "object for a list": ("other", record(train_loss={})),
        "list for an object": ("other", record(experiment=[])),
        "too large": ("large", whole + " " * LARGEST),
    }


@pytest.mark.parametrize("name", texts())
def test_a_file_that_is_no_record_is_told_and_replaced(folder: Path, name: str) -> None:
    reason, content = texts()[name]
    path, found = folder / f"{NETWORKS[0].key}.json", Store(folder)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert found.load(NETWORKS).keys() == {network.key for network in NETWORKS[1:]}
    assert dict(found.unusable) == {reason: 1}
    found.save(NETWORKS[0], RESULTS[NETWORKS[0].key])
    assert len(found.load(NETWORKS)) == len(NETWORKS)
    assert not found.unusable


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("nothing"))


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_a_folder(path: Path) -> None:
    path.symlink_to(path.parent)


def folder_with_a_file(path: Path) -> None:
    path.mkdir()
    (path / "mine.txt").write_text("mine", encoding="utf-8")


def huge_and_empty(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


THINGS: dict[Callable[[Path], None], dict[str, int]] = {
    pipe: {"kind": 1},
    link_to_itself: {"closed": 1},
    link_to_nothing: {},
    link_to_a_device: {"kind": 1},
    link_to_a_folder: {"kind": 1},
    folder_with_a_file: {"kind": 1},
    huge_and_empty: {"large": 1},
}
"""What may stand where a record belongs, and what is told."""


@pytest.mark.skipif(os.name != "posix", reason="makes pipes, links and devices")
@pytest.mark.parametrize("make", THINGS, ids=lambda make: make.__name__)
def test_what_is_no_file_neither_ends_nor_holds_up_anything(folder: Path, make: Callable[[Path], None]) -> None:
    path, found = folder / f"{NETWORKS[0].key}.json", Store(folder)
    path.unlink()
    make(path)
    assert len(found.load(NETWORKS)) == len(NETWORKS) - 1
    assert dict(found.unusable) == THINGS[make]
    found.save(NETWORKS[0], RESULTS[NETWORKS[0].key])
    assert len(found.load(NETWORKS)) == len(NETWORKS)
    assert not path.is_symlink()


def test_a_folder_in_the_way_is_renamed_with_all_that_is_in_it(folder: Path) -> None:
    path = folder / "study.json"
    for name in ("study.json.aside", "study.json.aside1"):
        folder_with_a_file(path)
        write(path, [1])
        assert json.loads(path.read_text(encoding="utf-8")) == [1]
        assert (folder / name / "mine.txt").read_text(encoding="utf-8") == "mine"
        path.unlink()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is closed to root, and to none but POSIX's users")
def test_a_record_that_may_not_be_read_is_told(folder: Path) -> None:
    (folder / f"{NETWORKS[0].key}.json").chmod(0)
    opened = Store(folder)
    assert len(opened.load(NETWORKS)) == len(NETWORKS) - 1
    assert dict(opened.unusable) == {"closed": 1}


def test_every_reason_is_told_in_words(folder: Path) -> None:
    opened = Store(folder)
    opened.unusable.update(REASONS.keys())
    opened.unfinished = 4
    first, second = command.lost(opened)
    assert all(f"1 {words}" in first for words in REASONS.values())
    assert f"{len(REASONS)} records" in first
    assert "4 records" in second
    assert str(folder) in first
    assert not list(command.lost(Store(folder)))


class FullDisk:
    """A disk on which there is room for so many records, and for half of the next one."""

    def __init__(self, room: int) -> None:
        self.room = room

    def fsync(self, file: int) -> None:
        self.room -= 1
        if self.room < 0:
            os.ftruncate(file, 100)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_on_a_full_disk_records_are_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Store(tmp_path)
    monkeypatch.setattr(store.os, "fsync", FullDisk(3).fsync)
    for i, network in enumerate(NETWORKS[:3]):
        opened.save(network, RESULTS[network.key])
        assert len(opened.load(NETWORKS)) == i + 1
    lost = tmp_path / f"{NETWORKS[3].key}.json"
    with pytest.raises(OSError, match=r"No space left on device: .*" + lost.name):
        opened.save(NETWORKS[3], RESULTS[NETWORKS[3].key])
    assert len(list(tmp_path.iterdir())) == 3
    with pytest.raises(OSError, match="No space"):  # and an earlier record stays
        opened.save(NETWORKS[0], replace(RESULTS[NETWORKS[0].key], seconds=99.0))
    assert all(same(each, RESULTS[key]) for key, each in opened.load(NETWORKS).items())
    assert (opened.unusable.total(), opened.unfinished) == (0, 0)


def test_what_a_killed_process_has_begun_to_write_is_told(folder: Path) -> None:
    (folder / f".{NETWORKS[0].key}.json.0123abcd.part").write_text("{", encoding="utf-8")
    opened = Store(folder)
    assert len(opened.load(NETWORKS)) == len(NETWORKS)
    assert (opened.unusable.total(), opened.unfinished) == (0, 1)
