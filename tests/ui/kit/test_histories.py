"""Records in the page's process: fetched once for as far as they are trained, and those of own data gone with their visitor."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from weakref import ref

import pytest

from bn_lab import Experiment, train
from bn_lab.engine.history import History
from bn_lab.service import WatchState
from bn_lab.ui.algorithm import scene
from bn_lab.ui.kit import caching
from bn_lab.ui.kit.caching import history_of

IRIS = Experiment(dataset="iris", epochs=3)


@pytest.fixture(scope="module")
def whole() -> History:
    return train(IRIS)


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    yield
    caching._shared.clear()


class Watched:
    """A watch whose worker has trained so far; `asked` counts how often it was asked for the record."""

    def __init__(self, whole: History, epoch: int, experiment: Experiment = IRIS, recording: str = "a") -> None:
        self.whole, self.recording, self.experiment = whole, recording, experiment
        self.target, self.epoch, self.asked = experiment.epochs, epoch, 0

    @property
    def progress(self) -> Any:
        state = WatchState.ENDED if self.epoch == self.target else WatchState.TRAINING
        return SimpleNamespace(state=state, epoch=float(self.epoch))

    def history(self, timeout: float) -> History:
        self.asked += 1
        return replace(self.whole, epoch=self.epoch, steps=self.whole.plan.until(self.epoch))


def fetched(watch: Any, **options: Any) -> History:
    return history_of(watch, **options)


def test_a_record_is_fetched_again_only_where_there_is_more(whole: History) -> None:
    mine, others = Watched(whole, 1), Watched(whole, 1)
    first = fetched(mine)
    assert fetched(others) is first
    assert (mine.asked, others.asked) == (1, 0)
    mine.epoch = 3
    assert fetched(mine) is not first
    assert fetched(mine).epoch == 3
    assert mine.asked == 2


def test_a_record_that_is_old_enough_will_do(whole: History) -> None:
    watch = Watched(whole, 1)
    first = fetched(watch)
    watch.epoch = 2
    assert fetched(watch, age=60.0) is first
    assert fetched(watch) is not first


def test_records_of_other_targets_are_others(whole: History) -> None:
    short = Watched(whole, 2, replace(IRIS, epochs=2))
    assert fetched(short) is not fetched(Watched(whole, 3))
    assert fetched(short).epoch == 2


def test_few_records_are_held(whole: History) -> None:
    for k in range(2 * caching.MOST_HISTORIES):
        fetched(Watched(whole, 3, recording=str(k)))
    assert [recording for recording, _ in caching._shared] == [
        str(k) for k in range(caching.MOST_HISTORIES, 2 * caching.MOST_HISTORIES)
    ]


def test_a_record_of_own_data_is_gone_with_who_watches_it(whole: History) -> None:
    private = replace(IRIS, dataset="own-0123456789abcdef-4-classification-dropped")
    watch = Watched(whole, 3, private)
    assert fetched(watch) is fetched(watch)
    assert watch.asked == 1
    assert not caching._shared
    del watch
    gc.collect()
    assert not caching._private


@dataclass
class Computing:
    """Workers that count what they are asked."""

    asked: list[Any]

    def compute(self, name: str, *args: Any, **options: Any) -> object:
        self.asked.append((name, *args))
        return object()


def test_what_is_computed_is_remembered_as_long_as_the_record_is_there(whole: History, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Computing([])
    monkeypatch.setattr(scene, "recordings", lambda: workers)
    monkeypatch.setattr(caching, "MOST_RESULTS", 3)
    record = replace(whole)
    kept = record.checkpoints[0]
    first = scene.subject(record, kept, "before", 1)
    assert scene.subject(record, kept, "before", 1) is first
    assert workers.asked == [("subject", IRIS, kept, "before", 1)]
    for epsilon in (0.1, 0.2, 0.3):
        scene.compute(record, "folded", kept, "before", 1, epsilon)
    assert scene.subject(record, kept, "before", 1) is not first, "the oldest is forgotten"
    watched = ref(record)
    del record
    gc.collect()
    assert watched() is None
