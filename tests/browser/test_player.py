"""The player: what each control promises, and that the training goes on whatever is looked at."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import WebSocketRoute, expect

from bn_lab.engine.summary import findings
from bn_lab.figures.parts import moment_row
from tests.browser import alone
from tests.browser.lab import LONG, Lab, Visit

pytestmark = pytest.mark.browser

IRIS = "dataset=iris&epochs=60"


def test_a_link_opens_ready_to_play_and_ends_as_without_a_page(visit: Visit) -> None:
    query = "epochs=150&arms=none,standardized,before,after&seed=3"
    lab = visit(query)
    expect(lab.stage).to_have_attribute("data-playing", "false")
    lab.expect_cursor(0)
    assert lab.state == "ready"
    lab.train_to_the_end()
    assert lab.finished_curves(150) == alone.losses(query)
    history = alone.history(query)
    assert lab.moments() == pytest.approx([moment.epoch for moment in history.snapshots], rel=1e-6)
    rows = np.array(lab.rows("summary"), np.float32)
    expected = np.stack([moment_row("summary", history, moment) for moment in history.snapshots if moment.epoch <= 150])
    np.testing.assert_array_equal(rows, expected[: len(rows)])
    assert len(expected) - len(rows) <= 1, "but for the last moment, which is the target's own"


def test_pause_stops_the_playhead_and_not_the_training(visit: Visit) -> None:
    lab = visit(f"{LONG}&seed=41")
    lab.play()
    lab.wait_for_cursor(0)
    lab.pause()
    stood, trained = lab.cursor, lab.epoch
    lab.wait_for_epoch(trained + 20)
    assert lab.cursor == stood
    lab.press("play")
    lab.wait_for_cursor(stood)


def test_the_first_steps_are_shown_one_by_one(visit: Visit) -> None:
    lab = visit(f"{IRIS}&seed=42")
    lab.press("forward")
    lab.expect_cursor(0.2)
    lab.press("forward")
    lab.expect_cursor(0.4)
    lab.press("back")
    lab.expect_cursor(0.2)
    lab.press("start")
    lab.expect_cursor(0)


def test_every_moment_can_be_reached(visit: Visit) -> None:
    lab = visit(f"{IRIS}&run=all")
    lab.expect_cursor(60)
    lab.seek(33)
    lab.expect_cursor(33)
    for figure in ("network", "loss", "metric"):
        lab.in_step(lab.figure(figure))
    network = lab.numbers(lab.figure("network"))
    timeline = lab.stage.locator(".bn-timeline")
    timeline.press("ArrowRight")
    lab.expect_cursor(34)
    lab.in_step(lab.figure("network"))
    assert lab.numbers(lab.figure("network")) != network
    timeline.press("Home")
    lab.expect_cursor(0)
    timeline.press("End")
    lab.expect_cursor(60)
    expect(lab.stage.locator(".bn-shown")).to_contain_text(re.compile("60"))


def test_keys_play_where_no_control_has_the_focus(visit: Visit) -> None:
    lab = visit(f"{IRIS}&run=all")
    lab.expect_cursor(60)
    keyboard = lab.page.keyboard
    keyboard.press("ArrowLeft")
    lab.expect_cursor(59)
    keyboard.press("Home")
    lab.expect_cursor(0)
    keyboard.press("ArrowRight")
    lab.expect_cursor(0.2)
    keyboard.press("Space")
    lab.wait_for_cursor(0.4)
    keyboard.press("Space")
    lab.expect_paused()
    keyboard.press("End")
    lab.expect_cursor(60)
    keyboard.press("?")
    dialog = lab.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_number_changes_from_the_epoch_on_stage_on(visit: Visit) -> None:
    """What was before is there at once, what comes is the training of the address, and the change can be taken back."""
    lab = visit(f"{IRIS}&validation_share=0.2&run=30")
    lab.expect_cursor(30)
    first = lab.stage.get_attribute("data-recording")
    lab.stage.locator(".bn-scheduled summary").click()
    panel = lab.stage.locator(".bn-schedule")
    expect(panel.locator(".bn-from")).to_contain_text("31")
    panel.locator("[data-field=learning_rate]").select_option("0.1")
    expect(lab.stage).not_to_have_attribute("data-recording", first or "")
    lab.expect_cursor(30)  # it stood there, and does so with what was before
    lab.play()
    lab.page.wait_for_url(re.compile(r"learning_rate=0\.001(@|%40)1(,|%2C)0\.1(@|%40)31"))
    lab.wait_for_epoch(60)
    curves, expected = lab.finished_curves(60), alone.losses(f"{IRIS}&validation_share=0.2&learning_rate=0.001@1,0.1@31")
    assert {name: curves[name] for name in expected} == expected
    lab.stage.locator(".bn-scheduled summary").click()  # pressing play has closed it
    panel.get_by_role("button", name=re.compile("31")).click()
    expect(lab.stage).to_have_attribute("data-recording", first or "")
    expect(panel.locator(".bn-chip")).to_have_count(0)


def test_early_stopping_pauses_the_player_and_the_training_goes_on(visit: Visit) -> None:
    query = f"{IRIS}&validation_share=0.2&learning_rate=0.05"
    lab = visit(query)
    lab.stage.locator(".bn-scheduled summary").click()
    lab.stage.locator(".bn-patience").select_option("3")
    losses = alone.history(query).series("none", "loss", "validation")
    others = alone.history(query).series("before", "loss", "validation")
    assert losses is not None
    assert others is not None
    stop = min(stop_of(losses[0], 3), stop_of(others[0], 3))
    assert stop < 60
    lab.play()
    lab.wait_for_cursor(stop - 1)
    lab.expect_paused()
    lab.expect_cursor(stop)
    expect(lab.stage.locator(".bn-status")).to_contain_text(str(stop - 3))
    lab.wait_for_epoch(60)
    lab.press("play")
    lab.wait_for_cursor(stop)


def stop_of(losses: np.ndarray, patience: int) -> int:
    """The first epoch, from 1, that is so many after the best one before it; 10,000 where there is none."""
    bests = [int(np.argmin(losses[: epoch + 1])) for epoch in range(len(losses))]
    return next((epoch + 1 for epoch, best in enumerate(bests) if epoch - best >= patience), 10_000)


def test_at_the_end_it_plays_again(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20&run=all")
    lab.expect_cursor(20)
    expect(lab.button("play")).to_be_enabled()
    lab.speed("4")
    lab.press("play")
    lab.wait_for_cursor(1)
    assert lab.cursor < 20
    lab.expect_cursor(20)
    lab.expect_paused()


def test_a_link_may_open_at_an_epoch_and_change_no_target(visit: Visit) -> None:
    lab = visit(f"{IRIS}&seed=43&run=12")
    lab.expect_cursor(12)
    lab.expect_paused()
    assert lab.stage.get_attribute("data-target") == "60"
    lab.train_to_the_end()
    assert lab.finished_curves(60) == alone.losses(f"{IRIS}&seed=43")


def test_train_longer_goes_on_from_where_it_stands(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=30&seed=44")
    lab.train_to_the_end()
    recording = lab.recording
    lab.press("longer")
    lab.wait_for_query(dataset="iris", epochs="60", seed="44")
    lab.expect_state("ended")
    lab.expect_cursor(60)
    assert lab.recording == recording
    assert lab.finished_curves(60) == alone.losses("dataset=iris&epochs=60&seed=44")


def test_a_new_seed_is_another_experiment_that_plays_on(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20&seed=45")
    lab.play()
    old = lab.recording
    lab.press("new-seed")
    lab.expect_other(old)
    lab.wait_for_query(dataset="iris", epochs="20", seed="46")
    lab.train_to_the_end()
    assert lab.finished_curves(20) == alone.losses("dataset=iris&epochs=20&seed=46")


def test_chips_put_another_experiment_there_and_play_it(visit: Visit) -> None:
    lab = visit("epochs=7")
    old = lab.recording
    lab.stage.locator(".bn-chip[data-id=spiral]").click()
    lab.expect_other(old)
    expect(lab.stage).to_have_attribute("data-playing", "true")
    lab.in_step(lab.figure("boundary"))


@pytest.mark.thorough
def test_a_setting_changed_while_it_plays_starts_afresh(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20&seed=47")
    lab.train_to_the_end()
    old = lab.recording
    lab.choose("depth", "4")
    lab.expect_other(old)
    lab.wait_for_query(dataset="iris", epochs="20", seed="47", depth="4")
    lab.train_to_the_end()
    assert lab.finished_curves(20) == alone.losses("dataset=iris&epochs=20&seed=47&depth=4")


def test_the_latecomer_finds_it_ready_and_nobody_disturbs_anybody(visit: Visit) -> None:
    query = "dataset=iris&epochs=30&seed=48"
    first = visit(query)
    first.train_to_the_end()
    second = visit(query, language="ko", dark=True)
    second.expect_state("ended")
    expect(second.button("play")).to_be_enabled()
    second.press("longer")
    second.wait_for_query(dataset="iris", epochs="60", seed="48")
    second.train_to_the_end()
    assert second.recording == first.recording
    assert second.finished_curves(60) == alone.losses("dataset=iris&epochs=60&seed=48")
    assert first.curves() == alone.losses(query)


def test_pictures_below_the_stage_follow_it(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=40&validation_share=0.2&run=all")
    lab.expect_cursor(40)
    for name in lab.panels():
        panel = lab.see(name)
        assert any(value is not None for trace in lab.numbers(panel) for value in trace), name
    lab.seek(10)
    for name in ("histograms", "gauge", "confusion"):
        lab.see(name)
    table = lab.page.locator(".bn-table")
    table.scroll_into_view_if_needed()
    expect(table).to_have_attribute("data-cursor", "10")


def test_a_zoom_survives_the_training(visit: Visit) -> None:
    lab = visit(f"{LONG}&seed=49")
    lab.play()
    lab.wait_for_epoch(5)
    panel = lab.see("loss")
    axis = "plot => plot._fullLayout.xaxis.range"
    plot = panel.locator(".js-plotly-plot")
    whole = plot.evaluate(axis)
    lab.drag(plot.locator(".nsewdrag").first, (0.2, 0.3), (0.6, 0.7))
    lab.page.wait_for_function(f"([plot, start]) => ({axis})(plot)[0] > start", arg=[plot.element_handle(), whole[0]])
    zoomed = plot.evaluate(axis)
    lab.wait_for_cursor(lab.cursor + 0.1)
    lab.in_step(panel)
    assert plot.evaluate(axis) == zoomed


@pytest.fixture
def line(visit: Visit) -> tuple[Lab, list[WebSocketRoute], dict[str, bool]]:
    """A page whose stream can be cut and held."""
    lab, sockets, allowed = visit(path="rules"), list[WebSocketRoute](), {"stream": True}
    lab.tolerate("WebSocket")

    def pass_on(socket: WebSocketRoute) -> None:
        if allowed["stream"]:
            socket.connect_to_server()
            sockets.append(socket)
        else:
            socket.close(code=1012)

    lab.page.route_web_socket("**/lab/stream", pass_on)
    return lab, sockets, allowed


def test_a_cut_stream_goes_on_by_itself(line: tuple[Lab, list[WebSocketRoute], dict[str, bool]]) -> None:
    lab, sockets, _ = line
    lab.open("dataset=iris&epochs=400&seed=50")
    lab.play()
    lab.wait_for_epoch(5)
    cut = len(sockets)
    sockets[-1].close(code=1012)
    lab.train_to_the_end()
    assert len(sockets) > cut
    assert lab.finished_curves(400) == alone.losses("dataset=iris&epochs=400&seed=50")


def test_without_a_websocket_the_same_numbers_come_by_requests(
    line: tuple[Lab, list[WebSocketRoute], dict[str, bool]],
) -> None:
    lab, sockets, allowed = line
    allowed["stream"] = False
    before = len(sockets)
    lab.open("dataset=iris&epochs=100&seed=51")
    lab.train_to_the_end()
    assert len(sockets) == before
    assert lab.finished_curves(100) == alone.losses("dataset=iris&epochs=100&seed=51")


@pytest.mark.parametrize(("language", "mark"), [("en", "A visible cause"), ("ko", "눈에 띄는 원인")])
def test_below_the_stage_the_cause_is_named_where_inference_mode_does_worse(visit: Visit, language: str, mark: str) -> None:
    query = "dataset=iris&shuffle=never&epochs=300&arms=before"
    lab = visit(f"{query}&run=all", language=language)
    (found,) = [each for each in findings(alone.history(query)) if each.id == "inference_higher_classes"]
    whole = lab.words(f"finding.{found.id}", **found.values).replace("**", "")
    told = lab.page.locator(".bn-findings")
    expect(told).to_contain_text(whole[whole.index(mark) :])
