"""Many visitors, and visitors that go away."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.browser import alone
from tests.browser.conftest import Server, wait_until
from tests.browser.lab import Lab, Visit

pytestmark = pytest.mark.browser

CUT = 2.5
"""Seconds without a connection, after which everything goes on."""


class Departed(NamedTuple):
    """A visitor who has left a running training behind: its id, and when that was."""

    run: str
    at: float


class Hidden(NamedTuple):
    """A visitor who has put the tab of a running training to sleep, and when that was."""

    lab: Lab
    run: str
    at: float


HIDDEN_FOR = 65.0
"""Seconds without any sign of a tab whose timers the browser has slowed down, to one a minute at worst."""


IN_FLIGHT = 5.0
"""Seconds in which the last frame comes that such a tab has asked for."""


@pytest.fixture(scope="module", autouse=True)
def hidden(chromium: Browser, observed_server: Server) -> Iterator[Hidden]:
    """Puts a page to sleep before the first test of this file, so that the others take the time that has to pass."""
    page = chromium.new_page()
    page.clock.install()
    lab = Lab(page, observed_server.address, "en").open("epochs=5000&arms=none,standardized,before,after&seeds=32")
    lab.train(until=1)
    page.clock.pause_at(page.evaluate("() => Date.now() + 50"))
    yield Hidden(lab, lab.run, time.time())
    page.close()


@pytest.fixture(scope="module", autouse=True)
def departed(chromium: Browser, observed_server: Server) -> Departed:
    """Leaves before the first test of this file, so that the others take the time that has to pass."""
    page = chromium.new_page()
    lab = Lab(page, observed_server.address, "en").open("epochs=5000&arms=none,standardized,before,after&seeds=4")
    lab.train(until=1)
    run = lab.run
    assert lab.state == "running"
    page.close()
    return Departed(run, time.time())


def test_two_visitors_train_at_once_and_get_what_each_gets_alone(visit: Visit) -> None:
    queries = ("dataset=iris&epochs=1000&batch_size=8", "epochs=300&arms=none,before,after&batch_size=16")
    labs = [visit(query) for query in queries]
    for lab in labs:
        lab.press("train")
    for lab in labs:
        lab.wait_for_epoch(1)
    states = [lab.state for lab in labs]
    epochs = [lab.epoch for lab in labs]
    assert states == ["running", "running"], f"not at the same time: {epochs}"
    for lab, query, length in zip(labs, queries, (1000, 300), strict=True):
        lab.expect_state("done", seconds=60)
        assert lab.finished_curves(length) == alone.losses(query)


def test_a_second_visitor_can_use_the_lab_while_the_first_trains(visit: Visit) -> None:
    first = visit("epochs=5000")
    first.train(until=10)
    start = time.monotonic()
    second = visit("dataset=iris&epochs=20")
    opened = time.monotonic()
    second.press("step")
    expect(second.feed).to_have_attribute("data-cursor", "0.2")
    print(f"opened in {opened - start:.1f} s, the step took {time.monotonic() - opened:.1f} s")
    assert first.state == "running"
    first.wait_for_epoch(first.epoch + 10)


def test_a_cut_of_the_connection_does_not_end_a_training(visit: Visit) -> None:
    lab = visit(path="rules")
    lab.tolerate("WebSocket")
    lab.tolerate("disconnected from server")
    open_sockets: list[WebSocketRoute] = []
    connected = True

    def pass_on(socket: WebSocketRoute) -> None:
        if connected:
            socket.connect_to_server()
            open_sockets.append(socket)
        else:
            socket.close()

    lab.page.route_web_socket("**/_stcore/stream", pass_on)
    lab.open("epochs=5000")
    lab.train(until=20)
    run, epoch = lab.run, lab.epoch
    connected = False
    for socket in open_sockets:
        socket.close(code=1012)
    app = lab.page.locator("[data-testid=stApp]")
    expect(app).not_to_have_attribute("data-test-connection-state", "CONNECTED")
    lab.page.wait_for_timeout(CUT * 1000)  # the cut itself
    connected = True
    expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")
    lab.wait_for_epoch(epoch + 20)
    assert lab.run == run
    assert lab.state == "running"
    assert len(open_sockets) > 1


def seen(server: Server, run: str) -> list[tuple[float, str | None]]:
    """When the server's trainings changed, and what this one was doing then; None where it is gone."""
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith('{"at"')]
    return [(line["at"], line["trainings"].get(run)) for line in lines]


@pytest.mark.slow
def test_a_training_whose_visitor_has_left_pauses_and_is_gone(departed: Departed, observed_server: Server) -> None:
    def when(state: str | None) -> float | None:
        """Seconds from the leaving until the training was seen in this state first; None as long as it was not."""
        found = (at - departed.at for at, doing in seen(observed_server, departed.run) if doing == state)
        return next((after for after in found if after > 0), None)

    wait_until(lambda: when(None) is not None, 70, "the training is gone")
    paused, gone = when("paused"), when(None)
    assert paused is not None
    assert gone is not None
    print(f"paused {paused:.1f} s and gone {gone:.1f} s after the page was closed")
    assert paused <= 30
    assert gone <= 60


@pytest.mark.slow
def test_a_hidden_tab_keeps_its_training(hidden: Hidden, observed_server: Server) -> None:
    # What was on its way when the tab fell asleep still comes.
    wait_until(lambda: time.time() - hidden.at > IN_FLIGHT, IN_FLIGHT, "the tab sleeps")
    stood = hidden.lab.epoch
    wait_until(lambda: time.time() - hidden.at > HIDDEN_FOR, HIDDEN_FOR, "the tab has slept for long")
    assert hidden.lab.epoch == stood, "the tab did not sleep"
    hidden.lab.page.clock.resume()
    hidden.lab.wait_for_epoch(stood + 1)
    assert hidden.lab.run == hidden.run
    active = {"running", "queued"}  # queued while others have their turn
    assert {doing for at, doing in seen(observed_server, hidden.run) if 0 < at - hidden.at < HIDDEN_FOR} <= active
    assert hidden.lab.complaints() == []
