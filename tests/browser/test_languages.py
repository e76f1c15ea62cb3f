"""Two languages, one state."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bn_lab.i18n import texts
from tests.browser.lab import LONG, Lab, Visit

pytestmark = pytest.mark.browser


def expect_language(lab: Lab, language: str) -> None:
    expect(lab.button("new-seed")).to_contain_text(texts(language)("player.new_seed"))
    expect(lab.page.get_by_role("link", name=texts(language)("page.lesson"))).to_be_visible()


@pytest.mark.parametrize(("browser", "other"), [("ko", "en"), ("en", "ko")])
def test_the_link_decides_then_the_browser(visit: Visit, browser: str, other: str) -> None:
    lab = visit(language=browser)
    expect_language(lab, browser)
    assert lab.query == {}
    lab.open(f"lang={other}")
    expect_language(lab, other)
    assert lab.query == {"lang": other}


def test_switching_keeps_experiment_and_training(visit: Visit) -> None:
    lab = visit(f"{LONG}&depth=2&seed=63")
    lab.play()
    lab.wait_for_epoch(10)
    recording = lab.recording
    for language in ("ko", "en"):
        lab.speak(language)
        expect_language(lab, language)
        lab.wait_for_query(dataset="iris", epochs="5000", batch_size="2", depth="2", seed="63", lang=language)
        assert lab.recording == recording
        assert lab.is_playing
        lab.wait_for_epoch(lab.epoch + 10)
        lab.wait_for_cursor(lab.cursor)
