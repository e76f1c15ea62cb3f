"""Two languages, one state."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bn_lab.i18n import texts
from tests.browser.lab import LONG, Lab, Visit

pytestmark = pytest.mark.browser


def expect_language(lab: Lab, language: str) -> None:
    expect(lab.button("reset")).to_contain_text(texts(language)("player.reset"))
    expect(lab.page.get_by_role("link", name=texts(language)("page.rules"))).to_be_visible()


@pytest.mark.parametrize(("browser", "other"), [("ko", "en"), ("en", "ko")])
def test_the_link_decides_then_the_browser(visit: Visit, browser: str, other: str) -> None:
    lab = visit(language=browser)
    expect_language(lab, browser)
    assert lab.query == {}
    lab.open(f"lang={other}")
    expect_language(lab, other)
    assert lab.query == {"lang": other}


def test_switching_keeps_experiment_and_training(visit: Visit) -> None:
    lab = visit(f"{LONG}&depth=2")
    lab.train(until=50)
    run, epoch = lab.run, lab.epoch
    for language in ("ko", "en"):
        lab.speak(language)
        expect_language(lab, language)
        lab.wait_for_query(dataset="iris", epochs="5000", batch_size="2", depth="2", lang=language)
        assert lab.run == run
        assert lab.state == "running"
        assert lab.epoch >= epoch
        epoch = lab.epoch
        lab.wait_for_epoch(epoch + 50)
    lab.see("loss")
    assert lab.points() > 50
