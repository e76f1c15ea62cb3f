"""Servers that come and go: the page goes on by itself with the same numbers."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import alone
from tests.browser.conftest import free_port, serve
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

APP = ("-m", "streamlit", "run", "app.py")

LOST = ("WebSocket", "disconnected from server", "ERR_CONNECTION_REFUSED", "reaching server endpoint", "Failed to fetch")
"""What a browser says of a lost connection."""


def test_after_a_restart_of_the_server_the_page_goes_on_to_the_same_end(chromium: Browser, tmp_path: Path) -> None:
    query, port = "dataset=iris&epochs=1500&batch_size=16", free_port()
    with serve(*APP, log=tmp_path / "first", port=port) as server:
        lab = Lab(chromium.new_page(), server.address, "en").open(query)
        lab.tolerate(*LOST)
        lab.play()
        lab.wait_for_epoch(30)
        assert lab.state == "training"
        shown = lab.cursor
    with serve(*APP, log=tmp_path / "second", port=port):
        lab.expect_state("ended", seconds=90)  # with nobody pressing anything
        assert lab.query == dict(parse_qsl(query))
        assert lab.cursor >= shown
        assert lab.finished_curves(1500) == alone.losses(query)
        expect(lab.stage).to_have_count(1)
        assert lab.complaints() == []
        lab.page.close()
