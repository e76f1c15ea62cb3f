"""The player's buttons in every state, and the frames that follow a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab import train
from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.experiment import ARMS, FIELDS, Experiment, ExperimentError
from bn_lab.figures import LIMIT, curves, fields, row
from bn_lab.figures.frame import unpack
from bn_lab.i18n import LANGUAGES, Texts, texts
from bn_lab.service import State, Trainer, View, Visitor
from bn_lab.ui import frames, player, session, share, words
from bn_lab.ui.controls import stops

Open = Callable[..., Any]
IRIS = Experiment(dataset="iris", epochs=6)

pytestmark = pytest.mark.usefixtures("no_pictures")

READY = {"train": True, "step": True, "epoch": True, "reset": False, "new_seed": True}
ACTIVE = {"pause": True, "step": False, "epoch": False, "reset": True, "new_seed": True}
PAUSED = {"resume": True, "step": True, "epoch": True, "reset": True, "new_seed": True}
ENDED = {"train": False, "step": False, "epoch": False, "reset": True, "new_seed": True}


def check_frame(page: Any) -> None:
    """The frame on the page belongs to the training on the page, and says of it what is true."""
    view, frame = page.training.view, page.frame
    assert frame.header["run"] == page.training.run
    assert frame.header["state"] == view.state
    assert frame.header["epochs"] == page.experiment.epochs
    assert frame.header["epoch"] == view.history.progress
    assert frame.header["recorded"] == [snapshot.epoch for snapshot in view.history.snapshots]
    assert frame.header["current"] == (view.history.current is not None)
    assert all(frame.header["labels"].values())
    expected = curves(view.history, None)
    assert frame.curves.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(frame.curves[name], np.asarray(values, np.float32), err_msg=name)
    assert frame.rows[-1][0] == view.history.latest.epoch
    np.testing.assert_array_equal(frame.rows[-1][1], row(view.history, view.history.latest))
    assert frame.fields == fields(view.history)


def test_before_the_training(lab: Open) -> None:
    page = lab(IRIS)
    assert page.state == "ready"
    assert page.buttons == READY
    assert page.training.view.history.progress == 0
    check_frame(page)
    assert not page.at.error


def test_a_training_from_queued_to_done(lab: Open) -> None:
    page = lab(replace(IRIS, epochs=5000), lang="en")
    page.click("train")
    assert page.state == "queued"
    assert page.buttons == ACTIVE
    page.until("running")
    assert page.buttons == ACTIVE
    check_frame(page)
    done = page.training._run.epoch  # the view may be a little older
    page.change("epochs", next(stop for stop in stops(FIELDS["epochs"], 5000) if stop > done))
    page.until("done")
    assert page.buttons == ENDED | {"longer": True}
    check_frame(page)
    history, alone = page.training.view.history, train(page.experiment)
    np.testing.assert_array_equal(history.train_loss, alone.train_loss)
    np.testing.assert_array_equal(page.frame.curves["before.train.loss.median"], alone.train_loss[1, 0].astype(np.float32))


def test_pause_and_resume_change_no_number(lab: Open) -> None:
    page = lab(replace(IRIS, epochs=200))
    page.click("train")
    page.trainer.turn()
    page.click("pause")
    assert page.state == "paused"
    assert page.buttons == PAUSED
    check_frame(page)
    stood = page.training.view.history.steps
    assert page.trainer.turn() is False
    page.run()
    assert page.training.view.history.steps == stood
    page.click("resume")
    page.until("done")
    np.testing.assert_array_equal(page.training.view.history.train_loss, train(page.experiment).train_loss)


def test_pausing_before_the_first_step_goes_back_to_ready(lab: Open) -> None:
    page = lab(IRIS)
    page.click("train")
    page.click("pause")
    assert page.buttons == READY


def test_steps_and_epochs(lab: Open) -> None:
    page = lab(IRIS)
    per_epoch = page.training.view.history.steps_per_epoch
    for name, steps in (("step", 1), ("step", 2), ("epoch", per_epoch), ("epoch", 2 * per_epoch), ("step", 2 * per_epoch + 1)):
        page.click(name)
        assert page.buttons == ACTIVE
        page.until("paused")
        assert page.buttons == PAUSED
        assert page.training.view.history.steps == steps
        check_frame(page)
    assert page.frame.header["current"] is True


def test_reset_gives_the_same_start(lab: Open) -> None:
    page = lab(IRIS)
    start = page.frame
    page.click("train")
    page.until("done")
    losses = page.training.view.history.train_loss
    page.click("reset")
    assert page.buttons == READY
    assert page.experiment == IRIS
    assert page.frame.header["run"] != start.header["run"]
    np.testing.assert_array_equal(page.frame.rows[0][1], start.rows[0][1])
    page.click("train")
    page.until("done")
    np.testing.assert_array_equal(page.training.view.history.train_loss, losses)


@pytest.mark.parametrize(("seed", "seeds", "new"), [(0, 1, 1), (7, 3, 10), (2**31 - 3, 2, 2**31 - 1), (2**31 - 2, 2, 0)])
def test_a_new_seed_is_one_that_has_not_been_seen(lab: Open, seed: int, seeds: int, new: int) -> None:
    page = lab(replace(IRIS, seed=seed, seeds=seeds))
    page.click("step")
    page.until("paused")
    page.click("new_seed")
    assert page.experiment == replace(IRIS, seed=new, seeds=seeds)
    assert page.buttons == READY


def test_training_longer_goes_on_from_where_it_stands(lab: Open) -> None:
    page = lab(IRIS)
    page.click("train")
    page.until("done")
    run, shorter = page.training.run, page.training
    page.click("longer")
    assert page.experiment == replace(IRIS, epochs=12)
    assert page.state == "queued"
    page.until("done")
    assert page.training.run == run
    assert page.trainer.find(IRIS) is shorter  # for the next visitor of its link
    assert page.at.query_params["epochs"] == "12"
    np.testing.assert_array_equal(page.training.view.history.train_loss, train(page.experiment).train_loss)
    check_frame(page)


def test_more_epochs_by_the_slider_can_be_trained(lab: Open) -> None:
    page = lab(replace(IRIS, epochs=5))
    page.click("train")
    page.until("done")
    page.change("epochs", 10)
    assert page.buttons == PAUSED
    page.click("resume")
    page.until("done")
    assert page.training.view.history.epoch == 10


def test_fewer_epochs_than_are_done_start_anew(lab: Open) -> None:
    page = lab(replace(IRIS, epochs=5))
    page.click("train")
    page.until("done")
    run = page.training.run
    page.change("epochs", 2)
    assert page.training.run != run
    assert page.buttons == READY
    assert page.experiment.epochs == 2


def test_fewer_epochs_than_are_done_by_the_time_they_are_asked_for(lab: Open) -> None:
    page = lab(replace(IRIS, epochs=50))
    page.click("epoch")
    page.until("paused")
    while page.training._run.epoch < 10:
        page.training._run.finish_epoch()  # the view of one epoch is old
    page.change("epochs", 5)
    page.click("resume")
    page.until("done")
    assert page.training.view.history.epoch == 5
    np.testing.assert_array_equal(page.training.view.history.train_loss, train(page.experiment).train_loss)


def test_there_is_nothing_longer_than_the_limit(lab: Open) -> None:
    page = lab(epochs="3000", samples="2", depth="1", arms="none")
    page.click("train")
    page.until("done")
    page.click("longer")
    assert page.experiment.epochs == 5000
    page.until("done")
    assert page.buttons == ENDED


def test_networks_that_have_diverged_are_not_trained_longer(lab: Open) -> None:
    page = lab(epochs="3000", optimizer="sgd", learning_rate="10", arms="none")
    page.click("train")
    page.until("done")
    assert page.training.view.history.divergences
    assert page.buttons == ENDED
    assert texts("en")("player.all_diverged") in [warning.value for warning in page.at.warning]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_failure_is_told_without_its_details(lab: Open, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    page = lab(IRIS, lang=language)

    def broken(run: Run, seconds: float, until: float = 0) -> None:
        raise RuntimeError("secret of the server")

    with monkeypatch.context() as patch:
        patch.setattr(Run, "advance", broken)
        page.click("train")
        page.until("failed")
    assert [error.value for error in page.at.error] == [texts(language)("page.failed")]
    assert "secret" not in page.text
    assert page.buttons == ENDED
    page.click("reset")
    assert page.buttons == READY
    assert not page.at.error
    page.click("train")
    page.until("done")


def test_a_failure_of_the_choices_is_told_in_words(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = ExperimentError("samples", "too_many", 151, high=150, dataset="iris")

    def broken(run: Run, seconds: float, until: float = 0) -> None:
        raise problem

    page = lab(IRIS, lang="ko")
    monkeypatch.setattr(Run, "advance", broken)
    page.click("step")
    page.until("failed")
    assert [error.value for error in page.at.error] == [words.error(texts("ko"), problem)]


def test_a_page_looks_again_until_the_networks_are_drawn(lab: Open) -> None:
    page = lab(dataset="digits", width="256")  # too large to be drawn in advance
    assert page.training.view.history is None
    assert not player.is_moving(page.training.view, page.training)
    assert page.frame.rows == []
    assert page.buttons == READY
    page.training._orders.append("look")
    assert player.is_moving(page.training.view, page.training)


def test_a_training_that_ends_while_its_page_is_drawn_is_shown_as_ended(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = lab(IRIS)
    draw = share.show

    def slowly(t: Texts) -> None:
        draw(t)
        while page.trainer.trainings[0].view.state in ("queued", "running"):
            page.trainer.turn()

    monkeypatch.setattr(share, "show", slowly)
    page.click("train")
    assert page.state == "done"
    assert page.buttons == ENDED | {"longer": True}
    check_frame(page)


def test_a_training_that_is_dropped_while_its_page_is_drawn_is_replaced(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = lab(IRIS)
    page.click("step")
    page.until("paused")
    draw, first = share.show, page.training.run

    def slowly(t: Texts) -> None:
        draw(t)
        page.trainer.drop(first)

    monkeypatch.setattr(share, "show", slowly)
    page.run()
    assert page.buttons == READY
    assert page.training.run != first
    check_frame(page)


def test_progress_says_how_far_it_is(lab: Open) -> None:
    page = lab(replace(IRIS, epochs=1000), lang="en")
    page.click("epoch")
    page.until("paused")
    (bar,) = page.at.get("progress")
    assert bar.proto.value in (0, 1)
    assert texts("en")("state.paused") in bar.proto.text
    assert "1 of 1,000" in bar.proto.text


def test_pictures_are_sent_the_frame_on_every_run(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = lab(replace(IRIS, epochs=100))
    page.click("train")
    page.until("done")
    recorded = page.frame.header["recorded"]
    assert 2 < len(page.frame.rows) < len(recorded)
    monkeypatch.setattr(player, "wants_all", lambda key, run: run == page.training.run)
    page.run()
    assert [epoch for epoch, _ in page.frame.rows] == recorded


# Frames.


@pytest.fixture(scope="module")
def long() -> History:
    """The lesson's networks after 700 epochs of one batch each."""
    run = Run(Experiment(batch_size=4096, epochs=1000, validation_share=0.2))
    while run.epoch < 700:
        run.finish_epoch()
    return run.history(current=True)


def sent(history: History | None, state: State, **options: Any) -> bytes:
    experiment = history.experiment if history else Experiment()
    return frames.frame("r1", View(state, experiment, history), texts("en"), **options)


def test_a_frame_of_a_running_training_is_small_and_of_a_finished_one_whole(long: History) -> None:
    running, done = sent(long, State.RUNNING), sent(long, State.DONE)
    assert len(running) <= 60_000
    live, whole = unpack(running), unpack(done)
    assert max(len(values) for values in live.curves.values()) <= LIMIT
    assert len(whole.curves["before.validation.rmse.median"]) == 700
    assert live.rows[-1][0] == 700
    everything = unpack(sent(long, State.DONE, everything=True))
    assert [epoch for epoch, _ in everything.rows] == [*(snapshot.epoch for snapshot in long.snapshots), 700]
    assert everything.header["recorded"] == live.header["recorded"]


def test_a_frame_of_the_largest_comparison_is_still_small_enough() -> None:
    """Four arms of many networks as deep as can be: several times the lesson's, never a megabyte a second."""
    experiment = Experiment(arms=ARMS, depth=12, width=17, seeds=32, validation_share=0.2, batch_size=4096, epochs=1000)
    run = Run(experiment)
    run.finish_epoch()
    run.finish_epoch()
    history = run.history()
    assert history.validation_loss is not None
    history = replace(
        history,
        epoch=700,
        steps=700,
        train_loss=np.repeat(history.train_loss, 350, axis=2),
        validation_loss=np.repeat(history.validation_loss, 350, axis=2),
    )
    assert len(sent(history, State.RUNNING)) <= 300_000


def test_a_frame_without_numbers_says_what_is_planned() -> None:
    frame = unpack(sent(None, State.QUEUED))
    assert frame.header["state"] == "queued"
    assert frame.header["epochs"] == 1000
    assert (frame.curves, frame.rows, frame.fields) == ({}, [], {})


def test_labels_of_the_replay_bar_have_their_places() -> None:
    for state in (State.RUNNING, State.DONE):
        labels: Mapping[str, str] = unpack(sent(None, state)).header["labels"]
        assert "{epoch}" in labels["following"]
        assert "{last}" in labels["replaying"]
        assert set(labels) == {"play", "pause", "slider", "following", "replaying"}


@given(st.integers(0, 400), st.integers(2, 400))
def test_chosen_snapshots_are_few_enough_and_include_the_latest(count: int, most: int) -> None:
    chosen = frames._chosen(count, most)
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= most
    assert all(0 <= position < count for position in chosen)
    if count:
        assert chosen[-1] == count - 1
        assert chosen[0] == 0 or most < 4
    if count <= most:
        assert chosen == list(range(count))


def test_a_page_that_follows_a_training_has_seen_most_of_it() -> None:
    seen: set[int] = set()
    for count in range(1, 260):
        seen |= set(frames._chosen(count, 8))
    assert len(seen) > 0.9 * 259


def test_a_click_that_is_answered_twice_counts_once(lab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = lab(Experiment(dataset="iris", epochs=3))
    page.click("step")
    page.until("paused")
    training, now = page.training, [100.0]
    visitor = Visitor(page.trainer, page.at.session_state["visitor"])
    visitor.watch(training)
    monkeypatch.setattr(session, "visitor", lambda: visitor)
    monkeypatch.setattr(player, "monotonic", lambda: now[0])
    monkeypatch.setattr(player, "TWICE", 0.2)
    for _ in range(2):  # the second time as Streamlit does where the page is drawn again meanwhile
        player._once(Visitor.step)
        page.until("paused")
    assert training.view.history.steps == 2
    now[0] += player.TWICE
    player._once(Visitor.step)
    page.until("paused")
    assert training.view.history.steps == 3


def test_a_page_on_which_nothing_moves_asks_for_nothing(lab: Open) -> None:
    page = lab(Experiment(dataset="digits", width=256))  # too heavy to be drawn before anybody asks
    assert page.training.view.history is None
    assert page.frame.header["every"] is None
    page.click("train")
    assert page.frame.header["every"] >= 1000 * player.TICK
    failed = View(State.FAILED, page.experiment)
    assert player.pace(failed, page.training) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_waits_sees_the_place_in_line(lab: Open, trainer: Trainer, language: str) -> None:
    for seed in (1, 2):
        trainer.add(replace(IRIS, seed=seed)).start()
    page, t = lab(IRIS, lang=language), texts(language)
    page.click("train")
    told = t("player.in_line", state=t("state.queued"), place=3, epoch=0, epochs=6)
    assert told in page.text
    page.until("done")
    assert told not in page.text


def test_buttons_that_were_drawn_during_a_step_are_drawn_again_when_it_is_over(lab: Open) -> None:
    page = lab(dataset="iris", epochs="4")
    page.click("step")
    assert page.buttons["pause"]  # the answer came before the step was made
    during = player.Drawn(page.training.run, {}, moving=False, begun=True, buttons="active")
    assert player.is_outdated(during, page.training.view, page.training)  # it moves now
    page.until("paused")
    assert player.is_outdated(during, page.training.view, page.training)
    assert not player.is_outdated(during._replace(buttons="paused"), page.training.view, page.training)
