"""Memory of recordings: who goes first, who waits, and who is not disturbed by that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bn_lab import Experiment
from bn_lab.engine.cost import memory
from bn_lab.service import Limits, Watch, WatchState
from tests.service.conftest import Bench, Clock, alone, differences

LONG = Experiment(dataset="iris", samples=60, epochs=40)
MB = memory(LONG) / 1e6


def tight(clock: Clock, runs: float) -> Bench:
    """Memory for so many runs of `LONG`."""
    return Bench(clock, Limits(trainings_mb=runs * MB, experiment_mb=1.1 * MB, workers=1))


def seeds(count: int) -> list[Experiment]:
    return [replace(LONG, seed=seed) for seed in range(count)]


def is_there(bench: Bench, watch: Watch) -> bool:
    return bench.recordings.find(watch.recording) is not None


def holds_run(bench: Bench, watch: Watch) -> bool:
    recording = bench.recordings.find(watch.recording)
    return recording is not None and recording.remote is not None


def test_ended_recordings_stay_as_long_as_there_is_memory_the_oldest_goes_first(clock: Clock) -> None:
    bench = tight(clock, runs=2.6)
    ann = bench.visitor("ann")
    watches = []
    for experiment in seeds(4):
        watches.append(ann.want("lab", experiment))
        bench.ended(watches[-1])
    assert [is_there(bench, watch) for watch in watches] == [False, False, True, True]


def test_ended_recordings_that_nobody_watches_are_bounded_by_themselves(clock: Clock) -> None:
    bench = Bench(clock, Limits(finished_mb=1.6 * MB, workers=1))
    watches = []
    for name, experiment in zip("abc", seeds(3), strict=True):
        visitor = bench.visitor(name)
        watches.append(visitor.want("lab", experiment))
        bench.ended(watches[-1])
        visitor.drop("lab")
        bench.clock.pass_by(1)
    bench.recordings.keep_house()
    assert [is_there(bench, watch) for watch in watches] == [False, False, True]
    ann = bench.visitor("ann")
    ann.want("lab", seeds(1)[0])
    bench.recordings.keep_house()
    assert is_there(bench, watches[2])


def test_what_has_not_ended_is_kept_for_a_moment_only(bench: Bench) -> None:
    ann = bench.visitor("ann")
    watch = ann.want("lab", LONG)
    bench.until(lambda: watch.progress.epoch > 3)
    ann.drop("lab")
    bench.clock.pass_by(29)
    bench.recordings.keep_house()
    assert is_there(bench, watch)
    bench.clock.pass_by(2)
    bench.recordings.keep_house()
    assert not is_there(bench, watch)


def test_without_memory_a_visitor_waits_in_line_until_there_is_some(clock: Clock) -> None:
    bench = tight(clock, runs=1.6)
    watches = [bench.visitor(str(k)).want("lab", each) for k, each in enumerate(seeds(3))]
    bench.until(lambda: watches[0].progress.state is WatchState.TRAINING)
    assert [(watch.progress.state, watch.progress.place) for watch in watches[1:]] == [
        (WatchState.QUEUED, 1),
        (WatchState.QUEUED, 2),
    ]
    bench.until(lambda: watches[1].progress.state is WatchState.TRAINING)
    assert watches[0].progress.state is WatchState.ENDED
    assert watches[2].progress.place == 1
    bench.ended(*watches)
    assert holds_run(bench, watches[0]) is holds_run(bench, watches[1]) is False
    for watch in watches:
        assert watch.progress.epoch == LONG.epochs


def test_what_gave_its_run_up_is_trained_again_when_it_is_asked_for(clock: Clock) -> None:
    bench = tight(clock, runs=1.6)
    first, second = (bench.visitor(str(k)).want("lab", each) for k, each in enumerate(seeds(2)))
    bench.ended(first, second)
    assert not holds_run(bench, first)
    assert first.progress.state is WatchState.ENDED
    assert differences(bench.answer(first.history), alone(first.experiment)) == []
    assert holds_run(bench, first)
    assert not holds_run(bench, second)
    second.rows({"layers": 0})  # somebody scrolls down
    assert second.progress.state is WatchState.ENDED
    bench.quiet()
    rows = sum(block.count for block in second.rows({"layers": 0}, budget=10**7))
    assert rows == len(alone(second.experiment).snapshots)


def test_who_only_looks_does_not_wait_and_takes_no_memory_that_is_not_there(clock: Clock) -> None:
    bench = tight(clock, runs=1.6)
    busy = bench.visitor("ann").want("lab", replace(LONG, seed=9))
    bench.until(lambda: busy.progress.state is WatchState.TRAINING)
    looks = [bench.visitor(str(k)).want("lab", each, 0) for k, each in enumerate(seeds(4))]
    bench.until(lambda: all(watch.layouts for watch in looks))
    assert [watch.progress.state for watch in looks] == [WatchState.READY] * 4
    looks[3].go(120)
    bench.until(lambda: looks[3].progress.state is WatchState.TRAINING)
    assert busy.progress.state is WatchState.ENDED
    assert sum(holds_run(bench, watch) for watch in [busy, *looks]) == 1


def test_nobody_loses_anything_for_one_who_cannot_be_helped(clock: Clock) -> None:
    bench = tight(clock, runs=2.6)
    ended = bench.visitor("ann").want("lab", LONG)
    bench.ended(ended)
    working = bench.visitor("ben").want("lab", replace(LONG, seed=1))
    bench.until(lambda: working.progress.state is WatchState.TRAINING)
    bench.recordings.limits = Limits(trainings_mb=1.2 * MB, experiment_mb=1.1 * MB)  # as after a larger one has come
    waiting = bench.visitor("cem").want("lab", replace(LONG, seed=2))
    bench.turn()
    assert waiting.progress.state is WatchState.QUEUED
    assert holds_run(bench, ended)


def test_the_recording_of_the_plain_address_is_never_dropped(clock: Clock) -> None:
    bench = Bench(clock, Limits(finished_mb=0.001, workers=1))
    plain = replace(Experiment(), epochs=5)
    ann = bench.visitor("ann")
    pinned, other = ann.want("lab", plain), ann.want("lesson", replace(plain, seed=1))
    bench.ended(pinned, other)
    ann.keep(())
    bench.clock.pass_by(1000)
    bench.recordings.keep_house()
    assert is_there(bench, pinned)
    assert not is_there(bench, other)
    assert ann.want("lab", plain, 0).progress.state is WatchState.ENDED


def test_what_the_relay_keeps_counts(bench: Bench) -> None:
    watch = bench.visitor("ann").want("lab", LONG)
    bench.ended(watch)
    recording = bench.recordings.find(watch.recording)
    assert recording is not None
    before = recording.bytes
    assert before == pytest.approx(memory(LONG), rel=0.01)
    sent: dict[str, int] = {"stage.pre_activation": 0}
    watch.rows(sent)
    bench.quiet()
    assert recording.bytes - before == sum(len(block.rows) for block in watch.rows(sent, budget=10**7)) > 10_000
