"""Workers that end, hang or fail: what they had goes on elsewhere with the same numbers; and what they answer."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest

from bn_lab import Experiment, timing, train
from bn_lab.datasets import keep
from bn_lab.engine import anatomy
from bn_lab.engine.run import Run
from bn_lab.experiment import ExperimentError
from bn_lab.service import Limits, RequestError, WatchState
from bn_lab.service.connection import Pipes
from bn_lab.service.messages import Ask
from bn_lab.service.pool import Remote
from tests.service.conftest import Bench, Clock, alone, differences
from tests.service.test_recordings import own
from tests.service.test_rows import Page, assert_whole
from tests.service.threads import pair, post_waiting

IRIS = Experiment(dataset="iris", samples=60, epochs=6, depth=2, seeds=2)
LONG = Experiment(dataset="iris", samples=60, epochs=90, depth=1)


def remote_of(bench: Bench, recording: str) -> Remote:
    known = bench.recordings.find(recording)
    assert known is not None
    assert known.remote is not None
    return known.remote


@pytest.mark.parametrize("epoch", [0, 0.5, 3, 70])
def test_another_worker_goes_on_where_a_lost_one_ended(bench: Bench, epoch: float) -> None:
    watch = bench.visitor("ann").want("lab", LONG)
    page = Page(watch)
    bench.until(lambda: watch.layouts is not None and watch.progress.epoch >= epoch)
    page.look()
    bench.turn()
    page.look(3000)
    before = watch.progress.epoch
    bench.lose(remote_of(bench, watch.recording))
    assert watch.progress.epoch == before
    while watch.progress.state is not WatchState.ENDED or bench.turn():
        bench.turn()
        page.look(10**6)
    page.look(10**6)
    assert_whole(page)
    assert differences(bench.answer(watch.history), alone(LONG)) == []


def test_what_stands_still_needs_no_other_worker(bench: Bench) -> None:
    watch = bench.visitor("ann").want("lab", IRIS)
    bench.ended(watch)
    bench.quiet()
    bench.lose(remote_of(bench, watch.recording))
    assert bench.remotes == []
    assert watch.progress.state is WatchState.ENDED
    assert differences(bench.answer(watch.history), alone(IRIS)) == []  # trained again for who asks


def test_what_ends_its_worker_twice_fails_and_the_others_go_on(clock: Clock) -> None:
    bench = Bench(clock, Limits(workers=1))
    bad, good = (bench.visitor(str(seed)).want("lab", replace(LONG, seed=seed)) for seed in range(2))
    bench.until(lambda: bad.progress.epoch > 1 and good.progress.epoch > 1)
    bench.lose(remote_of(bench, bad.recording))
    bench.until(lambda: bench.remotes[0].turn == bad.recording)
    bench.lose(remote_of(bench, bad.recording))
    assert bad.progress.state is WatchState.FAILED
    assert isinstance(bad.progress.error, RequestError)
    assert bad.progress.error.rule == "lost"
    bench.ended(good)
    assert differences(bench.answer(good.history), alone(good.experiment)) == []


def test_a_worker_that_never_was_ready_is_not_tried_again_and_again(bench: Bench) -> None:
    watch = bench.visitor("ann").want("lab", IRIS)
    bench.lose(bench.remotes[0])
    assert watch.progress.state is WatchState.FAILED
    assert isinstance(watch.progress.error, RequestError)
    assert watch.progress.error.rule == "no_worker"
    assert bench.remotes == []
    watch.go(6)
    bench.ended(watch)


def test_a_worker_that_cannot_be_started_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> Any:
        raise OSError("no memory")

    monkeypatch.setattr(bench.recordings._pool, "_start", fails)
    watch = bench.visitor("ann").want("lab", IRIS)
    assert watch.progress.state is WatchState.FAILED
    with pytest.raises(RequestError, match="no process could be started"):
        bench.recordings.compute("folded")


def test_a_worker_that_gives_no_sign_is_ended(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    watch = bench.visitor("ann").want("lab", LONG)
    bench.until(lambda: watch.progress.state is WatchState.TRAINING)
    remote, ended = remote_of(bench, watch.recording), []
    remote.end = lambda: ended.append(remote)
    bench.clock.pass_by(timing.SILENT_WORKER - 1)
    bench.recordings.keep_house()
    bench.turn()  # which is a sign
    bench.clock.pass_by(timing.SILENT_WORKER - 1)
    bench.recordings.keep_house()
    assert ended == []
    bench.clock.pass_by(2)
    bench.recordings.keep_house()
    bench.recordings.keep_house()
    assert ended == [remote]
    assert "gave no sign" in caplog.text


def test_recordings_are_spread_over_the_workers_as_they_are_needed(clock: Clock) -> None:
    bench = Bench(clock, Limits(workers=3))
    watches = [bench.visitor("0").want("lab", LONG)]
    assert len(bench.remotes) == 1
    bench.ended(watches[0])
    bench.quiet()
    watches.append(bench.visitor("1").want("lab", replace(LONG, seed=1)))
    assert len(bench.remotes) == 1  # it had nothing to do
    watches += [bench.visitor(str(seed)).want("lab", replace(LONG, seed=seed)) for seed in range(2, 7)]
    remotes = [remote_of(bench, watch.recording) for watch in watches[1:]]
    assert sorted(remotes.count(remote) for remote in bench.remotes) == [2, 2, 2]


# Requests.


@pytest.mark.parametrize("seed", IRIS.seed_list)
def test_a_page_gets_any_network_at_its_target_or_where_it_stands(bench: Bench, seed: int) -> None:
    ann, ben = bench.visitor("ann"), bench.visitor("ben")
    watch = ann.want("lab", IRIS, 4)
    bench.quiet()
    copy = bench.answer(lambda: watch.network("before", seed))
    assert copy.epoch == 4
    ben.want("lab", replace(IRIS, epochs=40))
    bench.ended(ben.watches["lab"])
    copy = bench.answer(lambda: watch.network("before", seed))
    run = Run(IRIS)
    while not run.finished:
        run.step()
    assert copy.steps == run.steps
    for name, values in run.network("before", seed).arrays.items():
        np.testing.assert_array_equal(copy.arrays[name], values)
        assert not copy.arrays[name].flags.writeable


def test_a_record_is_as_far_as_what_is_seen_of_it(bench: Bench) -> None:
    watch = bench.visitor("ann").want("lab", LONG)
    assert bench.answer(watch.history).steps >= 0
    bench.until(lambda: watch.progress.epoch > 5)
    seen = watch.progress.epoch
    bench.lose(remote_of(bench, watch.recording))
    history = bench.answer(watch.history)
    assert history.progress >= seen
    assert history.latest is not None
    assert history.latest.epoch == history.checkpoints[-1].epoch == history.progress


def test_who_waits_too_long_is_told_and_asks_no_more(bench: Bench) -> None:
    watch = bench.visitor("ann").want("lab", LONG, 0)
    with pytest.raises(RequestError) as caught:
        watch.history(timeout=0)
    assert caught.value.rule == "late"
    recording = bench.recordings.find(watch.recording)
    assert recording is not None
    assert recording.asks == {}
    bench.quiet()
    assert bench.recordings.idle


def test_a_request_about_a_recording_that_fails_fails_with_it(bench: Bench) -> None:
    watch = bench.visitor("ann").want("lab", replace(IRIS, samples=151))
    with pytest.raises(ExperimentError) as caught:
        bench.answer(watch.history)
    assert caught.value.rule == "too_many"


def test_functions_are_computed_in_a_worker(bench: Bench) -> None:
    history = alone(IRIS)
    kept = history.checkpoints[-1]
    value = bench.answer(lambda: bench.recordings.compute("subject", IRIS, kept, "before", 1))
    assert differences(value, anatomy.subject(IRIS, kept, "before", 1)) == []
    with pytest.raises(ExperimentError) as caught:
        bench.answer(lambda: bench.recordings.compute("subject", IRIS, kept, "before", 9))
    assert caught.value.field == "layer"
    with pytest.raises(RequestError, match="failed"):
        bench.answer(lambda: bench.recordings.compute("import_module", "os"))


def test_many_requests_do_not_stop_what_is_trained(clock: Clock) -> None:
    bench = Bench(clock, Limits(workers=1))
    watch = bench.visitor("ann").want("lab", replace(LONG, epochs=900))
    bench.until(lambda: watch.progress.epoch > 1)
    before, (remote,) = watch.progress.epoch, bench.remotes
    for number in range(200):
        remote.send(Ask(-number, "compute", None, ("folded",)))
    bench.until(lambda: watch.progress.epoch > before + 2)
    post_waiting(remote)
    assert bench.workers[remote.connection][1]._asks


def test_functions_see_a_visitors_own_data(bench: Bench) -> None:
    table = keep(own())
    experiment = Experiment(dataset=table.name, epochs=3)
    kept = train(experiment).checkpoints[-1]
    value = bench.answer(lambda: bench.recordings.compute("folded", experiment, kept, "before", 1, None, table=table))
    assert differences(value, anatomy.folded(experiment, kept, "before", 1, None)) == []


def test_a_function_whose_worker_ends_is_not_tried_again(bench: Bench) -> None:
    with ThreadPoolExecutor(1) as page:
        future = page.submit(bench.recordings.compute, "folded")
        while not bench.recordings._pending:
            wait([future], timeout=0.001)
        bench.lose(bench.remotes[0])
        with pytest.raises(RequestError, match="ended"):
            future.result(20)
    assert bench.remotes == []


# Connections.


def test_messages_come_through_a_pipe_as_they_were_sent() -> None:
    wire = BytesIO()
    sender = Pipes(BytesIO(), wire)
    messages = [RequestError("recording", "late", "history", seconds="5"), {"numbers": np.arange(5)}, None]
    for message in messages:
        sender.send(message)
    receiver = Pipes(BytesIO(wire.getvalue()), BytesIO())
    error, numbers, nothing = (receiver.receive() for _ in messages)
    assert (type(error), str(error), error.rule) == (RequestError, str(messages[0]), "late")
    np.testing.assert_array_equal(numbers["numbers"], np.arange(5))
    assert nothing is None
    with pytest.raises(EOFError):
        receiver.receive()


def test_an_end_that_is_closed_is_noticed_at_the_other() -> None:
    incoming, outgoing = os.pipe()
    with os.fdopen(incoming, "rb") as reader, os.fdopen(outgoing, "wb") as writer:
        Pipes(BytesIO(), writer).close()
        with pytest.raises(EOFError):
            Pipes(reader, BytesIO()).receive()
    here, there = pair()
    here.send("last words")
    here.close()
    assert there.receive() == "last words"
    for _ in range(2):
        with pytest.raises(EOFError):
            there.receive()
    assert there.waiting() == []
