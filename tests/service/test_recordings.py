"""One recording for all who watch an experiment, each up to a target of their own, as if trained alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bn_lab import Experiment, timing, train
from bn_lab.datasets import Table
from bn_lab.engine import history as records
from bn_lab.engine.run import Run
from bn_lab.experiment import ExperimentError
from bn_lab.service import LimitError, Limits, Recordings, RequestError, Watch, WatchState
from bn_lab.service.recording import Recording
from tests.service.conftest import Bench, alone, differences

IRIS = Experiment(dataset="iris", samples=60, epochs=6, depth=2)
LONG = replace(IRIS, epochs=300)
WIDE = Experiment(dataset="digits", width=32, samples=100, epochs=5, validation_share=0.2, seeds=2)


def recording(bench: Bench, watch: Watch) -> Recording:
    recording = bench.recordings.find(watch.recording)
    assert recording is not None
    return recording


def test_a_watch_goes_from_ready_over_training_to_its_end(bench: Bench) -> None:
    watch = bench.visitor("ann").want("lab", LONG, 0)
    assert watch.layouts is None
    bench.quiet()
    assert watch.layouts is not None
    assert (watch.progress.state, watch.progress.epoch) == (WatchState.READY, 0)
    watch.go(10**6)
    assert watch.wanted == 300
    assert watch.progress.state is WatchState.QUEUED
    bench.until(lambda: watch.progress.state is WatchState.TRAINING)
    bench.until(lambda: watch.progress.rate > 0)
    assert watch.progress.remaining == pytest.approx((300 - watch.progress.epoch) / watch.progress.rate)
    assert watch.progress.findings == ()
    bench.ended(watch)
    bench.quiet()
    progress = watch.progress
    assert (progress.epoch, progress.place, progress.rate, progress.remaining) == (300, 0, 0, None)
    assert {finding.id for finding in progress.findings} >= {"one_seed"}
    assert 0 < progress.seconds < bench.clock.now - 1000
    assert bench.recordings.idle


@pytest.mark.parametrize(("experiment", "epochs"), [(replace(IRIS, epochs=67), 75), (WIDE, 8)], ids=["narrow", "wide"])
def test_what_ends_at_a_target_is_what_a_lone_training_gives(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, experiment: Experiment, epochs: int
) -> None:
    """Also where others take the recording further, before and after; for every target, bit for bit."""
    if experiment is WIDE:  # so wide that weights are kept of a few epochs only
        monkeypatch.setattr(records, "CHECKPOINT_NUMBERS", 1 << 15)
        assert len(train(replace(experiment, epochs=epochs)).checkpoints) < epochs
    further = replace(experiment, epochs=epochs)
    mine = bench.visitor("ann").want("lab", experiment)
    theirs = bench.visitor("ben").want("lab", further)
    bench.until(lambda: mine.progress.state is WatchState.ENDED)
    assert mine.recording == theirs.recording
    assert differences(bench.answer(mine.history), alone(experiment)) == []
    bench.ended(theirs)
    assert differences(bench.answer(mine.history), alone(experiment)) == []
    assert differences(bench.answer(theirs.history), alone(further)) == []


def test_turns_of_many_give_each_its_own_numbers(bench: Bench) -> None:
    experiments = [replace(IRIS, seed=seed, depth=1 + seed) for seed in range(5)]
    watches = [bench.visitor(str(k)).want("lab", each) for k, each in enumerate(experiments)]
    bench.ended(*watches)
    assert len(bench.remotes) == 2
    for watch, experiment in zip(watches, experiments, strict=True):
        assert differences(bench.answer(watch.history), alone(experiment)) == []


def test_the_second_visitor_watches_what_is_there(bench: Bench) -> None:
    ann, ben = bench.visitor("ann"), bench.visitor("ben")
    first = ann.want("lab", IRIS)
    bench.ended(first)
    second = ben.want("lab", IRIS, 0)
    assert second.recording == first.recording
    assert second.progress.state is WatchState.ENDED
    assert second.progress.findings == first.progress.findings != ()


def test_training_longer_goes_on_from_where_it_stands(bench: Bench) -> None:
    ann = bench.visitor("ann")
    first = ann.want("lab", IRIS)
    bench.ended(first)
    run = recording(bench, first)
    longer = ann.want("lab", replace(IRIS, epochs=40))
    assert recording(bench, longer) is run
    assert longer.progress.epoch == 6
    bench.ended(longer)
    assert differences(bench.answer(longer.history), alone(replace(IRIS, epochs=40))) == []


def test_a_recording_that_nobody_wants_further_stands_still(bench: Bench) -> None:
    watch = bench.visitor("ann").want("lab", LONG, 20)
    bench.quiet()
    assert watch.progress.epoch == 20
    assert watch.progress.state is WatchState.READY
    ben = bench.visitor("ben")
    ben.want("lab", LONG)
    bench.until(lambda: watch.progress.epoch > 30)
    ben.drop("lab")
    bench.quiet()
    assert 30 < watch.progress.epoch < 300


@pytest.mark.parametrize("target", [130, 100])
def test_a_target_that_was_passed_gets_a_recording_apart_that_ends_there(bench: Bench, target: int) -> None:
    ann, ben = bench.visitor("ann"), bench.visitor("ben")
    bench.ended(ann.want("lab", LONG))
    late = ben.want("lab", replace(LONG, epochs=target))
    assert late.recording == f"{ann.watches['lab'].recording}-{target}"
    bench.ended(late)
    assert differences(bench.answer(late.history), alone(replace(LONG, epochs=target))) == []
    cem = bench.visitor("cem")
    assert cem.want("lab", replace(LONG, epochs=target), 0).progress.state is WatchState.ENDED
    ben.drop("lab")
    assert bench.recordings.find(late.recording) is not None
    cem.drop("lab")
    assert bench.recordings.find(late.recording) is None


def test_a_target_of_which_moment_and_weights_were_kept_needs_no_recording_apart(bench: Bench) -> None:
    ann, ben = bench.visitor("ann"), bench.visitor("ben")
    bench.ended(ann.want("lab", LONG))
    bench.quiet()
    passed = next(epoch for epoch in recording(bench, ann.watches["lab"]).passed if 10 < epoch < 300)
    early = ben.want("lab", replace(LONG, epochs=passed), 0)
    assert early.recording == ann.watches["lab"].recording
    assert early.progress.state is WatchState.ENDED
    bench.quiet()
    assert early.progress.findings
    assert differences(bench.answer(early.history), alone(replace(LONG, epochs=passed))) == []


def test_targets_that_were_reached_are_there_for_who_comes_later(bench: Bench) -> None:
    ann, ben = bench.visitor("ann"), bench.visitor("ben")
    first = ann.want("lab", replace(LONG, epochs=131))
    ben.want("lab", LONG)
    bench.until(lambda: ben.watches["lab"].progress.state is WatchState.ENDED)
    ann.drop("lab")
    later = ann.want("lab", replace(LONG, epochs=131), 0)
    assert later.recording == first.recording
    assert later.progress.state is WatchState.ENDED
    assert differences(bench.answer(later.history), alone(replace(LONG, epochs=131))) == []


def test_a_recording_in_which_every_network_diverges_ends_there_for_all(bench: Bench) -> None:
    wild = replace(
        IRIS, optimizer="sgd", learning_rate=10.0, weight_scale=100.0, arms=("none",), inputs="raw", activation="identity"
    )
    wild = replace(wild, epochs=50, dataset="boston")
    lone = alone(wild)
    assert lone.epoch < 50
    ann, ben = bench.visitor("ann"), bench.visitor("ben")
    watches = [ann.want("lab", wild), ben.want("lab", replace(wild, epochs=4000))]
    bench.ended(*watches)
    for watch in watches:
        assert watch.progress.epoch == lone.epoch
        assert differences(bench.answer(watch.history), train(watch.experiment)) == []


# Who is there.


def test_a_declaration_lapses_unless_the_pages_connection_takes_over(bench: Bench) -> None:
    ann = bench.recordings.visitor("ann")
    watch = ann.want("lab", LONG)
    bench.until(lambda: watch.progress.epoch > 2)
    bench.clock.pass_by(19)
    ann.connect()
    bench.clock.pass_by(1000)
    bench.recordings.keep_house()
    before = watch.progress.epoch
    bench.until(lambda: watch.progress.epoch > before)
    ann.disconnect()
    bench.clock.pass_by(2.5)  # a short cut
    ann.connect()
    bench.clock.pass_by(30)
    bench.recordings.keep_house()
    assert watch.progress.state is WatchState.TRAINING
    ann.disconnect()
    bench.clock.pass_by(20.1)
    bench.recordings.keep_house()
    bench.quiet()
    stood = watch.progress.epoch
    assert stood < 300
    assert watch.progress.state is not WatchState.TRAINING
    ann.connect()  # and is there again
    bench.ended(watch)


def test_without_a_connection_each_run_of_the_script_says_it_again(bench: Bench) -> None:
    ann = bench.recordings.visitor("ann")
    watch = ann.want("lab", LONG, 0)
    for _ in range(5):
        bench.clock.pass_by(19)
        bench.recordings.keep_house()
        assert ann.want("lab", LONG, 0) is watch
        assert bench.recordings.visitors == 1
    bench.clock.pass_by(21)
    assert bench.recordings.visitors == 0


def test_a_hidden_page_keeps_its_target_for_ten_minutes(bench: Bench) -> None:
    ann = bench.visitor("ann")
    watch = ann.want("lab", LONG)
    bench.until(lambda: watch.progress.state is WatchState.TRAINING)
    ann.hide(True)
    bench.clock.pass_by(590)
    bench.recordings.keep_house()
    before = watch.progress.epoch
    bench.until(lambda: watch.progress.epoch > before)
    ann.hide(True)  # once more says nothing new
    bench.clock.pass_by(11)
    bench.recordings.keep_house()
    bench.quiet()
    assert watch.progress.epoch < 300
    ann.hide(False)
    bench.ended(watch)


def test_a_recording_that_was_dropped_is_made_again_for_who_comes_back(bench: Bench) -> None:
    ann = bench.visitor("ann")
    watch = ann.want("lab", LONG)
    bench.until(lambda: watch.progress.epoch > 5)
    ann.disconnect()
    bench.clock.pass_by(25)
    bench.recordings.keep_house()
    bench.clock.pass_by(31)
    bench.recordings.keep_house()
    assert bench.recordings.find(watch.recording) is None
    assert watch.progress.state is WatchState.READY
    ann.connect()
    bench.ended(watch)
    assert differences(bench.answer(watch.history), alone(LONG)) == []


def test_a_token_is_good_until_its_visitor_has_been_away_for_long(bench: Bench) -> None:
    ann, ben = bench.visitor("ann"), bench.visitor("ben")
    assert bench.recordings.visitor("ann") is ann
    assert len({ann.token, ben.token}) == 2
    assert len(ann.token) > 20
    assert bench.recordings.by_token(ann.token) is ann
    assert bench.recordings.by_token("") is bench.recordings.by_token(ann.token[:-1]) is None
    ann.want("lab", IRIS)
    ann.disconnect()
    bench.clock.pass_by(619)
    bench.recordings.keep_house()
    assert bench.recordings.by_token(ann.token) is ann
    bench.clock.pass_by(2)
    bench.recordings.keep_house()
    assert bench.recordings.by_token(ann.token) is None
    assert bench.recordings.by_token(ben.token) is ben
    assert bench.recordings.visitor("ann") is not ann


def test_two_connections_of_one_page_overlap(bench: Bench) -> None:
    """A page that comes back is often there before the server notices that the old connection is gone."""
    called: list[str] = []
    old, new = (lambda: called.append("old")), (lambda: called.append("new"))
    ann = bench.recordings.visitor("ann")
    ann.connect(old)
    ann.connect(new)
    ann.disconnect(old)
    watch = ann.want("lab", IRIS)
    bench.clock.pass_by(1000)
    bench.recordings.keep_house()
    bench.ended(watch)
    assert set(called) == {"new"}


# Slots.


def test_a_slot_holds_one_experiment_and_the_larger_request(bench: Bench) -> None:
    ann = bench.visitor("ann")
    watch = ann.want("lab", LONG, 10)
    assert ann.want("lab", LONG, 5) is watch
    assert watch.wanted == 10
    assert ann.want("lab", LONG) is watch
    assert watch.wanted == 300
    other = ann.want("lab", replace(LONG, seed=1), 0)
    assert dict(ann.watches) == {"lab": other}
    assert other.wanted == 0
    assert bench.recordings.find(watch.recording) is None


def test_what_a_run_of_the_script_does_not_keep_is_dropped(bench: Bench) -> None:
    ann = bench.visitor("ann")
    for slot in ("lab", "lesson", "compare"):
        ann.want(slot, LONG, 0)
    ann.keep({"lab", "report"})
    assert set(ann.watches) == {"lab"}
    ann.drop("nothing")
    ann.drop("lab")
    assert bench.recordings.find(bench.recordings.visitor("ann").name) is None
    bench.recordings.keep_house()
    assert bench.recordings.idle


def test_what_a_page_and_a_recording_have_to_look_after_is_bounded(bench: Bench) -> None:
    ann = bench.visitor("ann")
    for seed in range(bench.recordings.limits.visitor_watches):
        ann.want(str(seed), replace(IRIS, seed=seed), 0)
    with pytest.raises(LimitError, match="BN_LAB_VISITOR_WATCHES"):
        ann.want("one more", IRIS)
    ann.want("0", replace(IRIS, seed=99), 0)
    for epochs in range(1, 1 + bench.recordings.limits.recording_targets):
        bench.visitor(str(epochs)).want("lab", replace(LONG, epochs=epochs), 0)
    shared = bench.visitor("1").watches["lab"].recording
    assert bench.visitor("zoe").want("lab", LONG, 0).recording != shared, "who comes late gets a recording apart"
    assert bench.visitor("zoe").want("lab", replace(LONG, epochs=1), 0).recording == shared


def test_more_than_the_server_gives_is_refused(bench: Bench) -> None:
    bench.recordings.limits = Limits(experiment_minutes=0.01)
    ann = bench.visitor("ann")
    ann.want("lab", replace(LONG, epochs=20), 0)
    with pytest.raises(LimitError):
        ann.want("lab", replace(LONG, epochs=5000), 0)
    assert ann.watches["lab"].target == 20


# A visitor's own data.


def own(name: str = "own-0123456789abcdef-2-regression-dropped") -> Table:
    rows = np.random.default_rng(0).normal(size=(40, 3))
    return Table(name, rows, ("a", "b", "c"), rows.sum(axis=1), "y", "", "regression")


def test_own_data_make_a_recording_that_nobody_else_can_name(bench: Bench) -> None:
    table = own()
    experiment = Experiment(dataset=table.name, epochs=4)
    mine = bench.visitor("ann").want("lab", experiment, table=table)
    theirs = bench.visitor("ben").want("lab", experiment, table=table)
    assert mine.recording != theirs.recording
    bench.ended(mine, theirs)
    history = bench.answer(mine.history)
    assert differences(history, train(experiment, table=table)) == []
    bench.lose(recording(bench, mine).remote)  # type: ignore[arg-type]
    assert bench.answer(mine.history).epoch == 4  # the table is still there


def test_own_data_are_let_go_of_with_their_visitor(bench: Bench) -> None:
    ann, table = bench.visitor("ann"), own()
    watch = ann.want("lab", Experiment(dataset=table.name, epochs=4), table=table)
    bench.ended(watch)
    ann.drop("lab")
    assert bench.recordings.find(watch.recording) is not None  # as others that have ended
    ann.disconnect()
    bench.clock.pass_by(621)
    bench.recordings.keep_house()
    assert bench.recordings.find(watch.recording) is None


def test_own_data_that_nobody_holds_are_asked_for(bench: Bench) -> None:
    with pytest.raises(ExperimentError) as caught:
        bench.visitor("ann").want("lab", Experiment(dataset="own-00000000000000ff-2-regression-dropped"))
    assert caught.value.rule == "not_held"


# Failures.


def test_a_failure_ends_one_recording_only(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    wrong = bench.visitor("ann").want("lab", replace(IRIS, samples=151))
    right = bench.visitor("ben").want("lab", IRIS)
    bench.ended(right)
    assert wrong.progress.state is WatchState.FAILED
    assert isinstance(wrong.progress.error, ExperimentError)
    assert wrong.progress.error.rule == "too_many"
    assert not caplog.records
    with pytest.raises(ExperimentError):
        wrong.history()


def test_a_mistake_of_ours_is_logged_and_can_be_tried_again(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = bench.visitor("ann")
    with monkeypatch.context() as broken:
        broken.setattr(Run, "advance", None)
        watch = ann.want("lab", IRIS)
        bench.until(lambda: watch.progress.state is WatchState.FAILED)
    assert "dataset='iris'" in caplog.text
    assert isinstance(watch.progress.error, RequestError)
    ann.want("lab", IRIS)  # the next run of the script does not try again by itself
    assert watch.progress.state is WatchState.FAILED
    watch.go(6)
    bench.ended(watch)
    assert bench.recordings.idle


def test_the_log_says_nothing_of_own_data(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "advance", None)
    table = own()
    watch = bench.visitor("ann").want("lab", Experiment(dataset=table.name, epochs=4), table=table)
    bench.until(lambda: watch.progress.state is WatchState.FAILED)
    assert table.name not in caplog.text


def test_a_failed_recording_that_nobody_watches_is_forgotten(bench: Bench) -> None:
    ann = bench.visitor("ann")
    watch = ann.want("lab", replace(IRIS, samples=151))
    bench.until(lambda: watch.progress.state is WatchState.FAILED)
    ann.disconnect()
    bench.clock.pass_by(21)
    bench.recordings.keep_house()
    assert bench.recordings.find(watch.recording) is None


def test_a_hidden_page_that_connects_anew_has_not_just_been_hidden(bench: Bench) -> None:
    ann = bench.recordings.visitor("ann")
    ann.connect()
    ann.hide(True)
    for _ in range(3):  # the line is cut every few minutes
        bench.clock.pass_by(timing.HIDDEN_PAGE / 3 + 1)
        ann.disconnect()
        ann.connect()
        ann.hide(True)
    bench.clock.pass_by(timing.RELOAD + 1)
    assert not ann.is_present


def test_names_that_are_no_parts_do_not_reach_a_worker(bench: Bench) -> None:
    watch = bench.visitor("ann").want("lab", IRIS)
    bench.ended(watch)
    watch.rows({"summary": 0, "made up": 0, "summary!": 1})
    assert watch.parts == {"summary"}


def test_closing_ends_everything(bench: Bench) -> None:
    bench.recordings.warm()
    bench.recordings.warm()
    assert len(bench.remotes) == bench.recordings.limits.workers
    bench.recordings.close()
    assert bench.remotes == []


def test_recordings_live_without_a_worker_until_somebody_wants_something() -> None:
    recordings = Recordings(Limits(workers=1))
    recordings.visitor("ann")
    assert recordings.idle
    assert recordings._pool.workers == []
