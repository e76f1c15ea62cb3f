"""Servers that come and go: the page goes on by itself with the same numbers."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import alone
from tests.browser.conftest import free_port, serve
from tests.browser.lab import LONG, Lab

pytestmark = pytest.mark.browser

APP = ("-m", "streamlit", "run", "app.py")

LOST = ("WebSocket", "disconnected from server", "ERR_CONNECTION_REFUSED", "reaching server endpoint", "Failed to fetch")
"""What a browser says of a lost connection."""


@pytest.mark.thorough  # CI has a replica that is killed
def test_after_a_restart_of_the_server_the_page_goes_on_with_the_same_numbers(chromium: Browser, tmp_path: Path) -> None:
    port = free_port()
    with serve(*APP, log=tmp_path / "first", port=port) as server:
        lab = Lab(chromium.new_page(), server.address, "en").open(LONG)
        lab.tolerate(*LOST)
        lab.play()
        lab.wait_for_cursor(1)
        assert lab.state == "training"
        shown = lab.cursor
    known = lab.epoch
    with serve(*APP, log=tmp_path / "second", port=port):
        # With nobody pressing anything, further than it had come at the first one.
        assert lab.first_curves(known + 5, seconds=90) == alone.losses(LONG, known + 5)
        assert lab.state == "training"
        assert lab.query == dict(parse_qsl(LONG))
        assert lab.cursor >= shown
        expect(lab.stage).to_have_count(1)
        assert lab.complaints() == []
        lab.page.close()
