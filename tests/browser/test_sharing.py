"""One link, one training: many visitors of the same experiment, and servers that come and go."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Browser

from tests.browser import alone
from tests.browser.conftest import free_port, serve
from tests.browser.lab import LONG, Lab, Visit

pytestmark = pytest.mark.browser

APP = ("-m", "streamlit", "run", "app.py")


def test_the_second_visitor_of_a_link_joins_the_run_and_disturbs_nobody(visit: Visit) -> None:
    query = f"{LONG}&seed=11"
    first = visit(query)
    first.train(until=5)
    second = visit(query, join=True, language="ko", dark=True)
    assert second.state == "running"
    assert second.run == first.run
    assert second.epoch >= 5
    second.see("loss")
    second.press("pause")
    second.expect_state("paused")
    stood = second.epoch
    first.wait_for_epoch(stood + 5)
    assert first.state == "running"
    assert second.epoch == stood
    second.press("step")
    second.page.wait_for_function("at => Number(document.querySelector('.bn-feed').dataset.cursor) > at", arg=second.cursor)
    assert second.epoch == stood
    assert first.state == "running"
    second.press("reset")
    second.expect_state("ready")
    second.train(until=1)
    assert second.run != first.run
    assert first.state == "running"


@pytest.mark.thorough
def test_who_pauses_a_shared_run_goes_on_where_the_others_are(visit: Visit) -> None:
    query = f"{LONG}&seed=12"
    first = visit(query)
    first.train(until=5)
    second = visit(query, join=True)
    second.see("loss")
    second.drag(second.plot("loss").locator(".nsewdrag").first, (0.2, 0.3), (0.6, 0.7))
    zoomed = second.range("loss")
    second.press("pause")
    second.expect_state("paused")
    assert second.range("loss") == zoomed  # it is the same run, as far as the visitor's view goes
    first.wait_for_epoch(second.epoch + 10)
    second.press("resume")
    second.expect_state("running")
    second.wait_for_epoch(first.epoch)
    assert second.range("loss") == zoomed
    assert second.run == first.run


def test_whoever_comes_later_sees_the_finished_run_at_once(visit: Visit) -> None:
    query = "dataset=iris&epochs=30&seed=13"
    first = visit(query)
    first.train_to_the_end()
    second = visit(query, join=True)
    second.expect_state("done")
    assert second.finished_curves(30) == first.finished_curves(30) == alone.losses(query)
    second.press("longer")
    second.wait_for_query(dataset="iris", epochs="60", seed="13")
    second.wait_for_epoch(60)
    assert second.finished_curves(60) == alone.losses("dataset=iris&epochs=60&seed=13")
    assert first.finished_curves(30) == alone.losses(query)


def test_after_a_restart_of_the_server_the_page_trains_to_the_same_end(chromium: Browser, tmp_path: Path) -> None:
    query, port = "dataset=iris&epochs=1500&batch_size=16", free_port()
    with serve(*APP, log=tmp_path / "first", port=port) as server:
        lab = Lab(chromium.new_page(), server.address, "en").open(query)
        for text in ("WebSocket", "disconnected from server", "ERR_CONNECTION_REFUSED", "reaching server endpoint"):
            lab.tolerate(text)  # what a browser says of a lost connection
        lab.train(until=30)
        run = lab.run
        assert lab.state == "running"
    with serve(*APP, log=tmp_path / "second", port=port):
        lab.page.wait_for_function("run => document.querySelector('.bn-feed')?.dataset.run !== run", arg=run)
        assert lab.query == dict(parse_qsl(query))
        lab.expect_state("done", seconds=60)  # with nobody pressing anything
        assert lab.finished_curves(1500) == alone.losses(query)
        assert lab.complaints() == []
        lab.page.close()
