"""Runs one over the other, from the lab and from a shared link."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import alone
from tests.browser.lab import Visit
from tests.browser.test_appearance import TOO_WIDE

pytestmark = pytest.mark.browser

DRAWN = """name => document.querySelector(`.st-key-${name} .js-plotly-plot`).data
    .filter((trace) => trace.mode === "lines" && trace.legendgroup).map((trace) => Array.from(trace.y))"""


def test_what_was_trained_is_compared_and_its_link_opens_with_the_same_curves(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20&seed=21")
    lab.train_to_the_end()
    old = lab.recording
    lab.press("new-seed")
    lab.expect_other(old)
    lab.train_to_the_end()
    lab.finished_curves(20)
    lab.stage.locator(".bn-compare").click()
    loss = lab.plot("compare_0_loss")
    loss.wait_for()
    curves = lab.page.evaluate(DRAWN, "compare_0_loss")
    wanted = [alone.losses(f"dataset=iris&epochs=20&seed={seed}") for seed in (21, 22)]
    drawn = [found[f"{arm}.train.loss"][1] for found in wanted for arm in ("none", "before")]
    assert [[pytest.approx(value, rel=1e-4) for value in line] for line in sorted(drawn)] == sorted(curves)
    lab.page.get_by_text(lab.words("compare.share"), exact=True).click()
    address = lab.page.get_by_test_id("stCode").filter(has_text="compare=").inner_text()
    other = visit(address.partition("?")[2], path="compare", language="ko", width=390, dark=True)
    other.plot("compare_0_loss").wait_for()
    other.page.wait_for_function(f"() => ({DRAWN})('compare_0_loss').length === 4")  # one run after the other
    assert sorted(other.page.evaluate(DRAWN, "compare_0_loss")) == sorted(curves)
    assert other.page.evaluate(TOO_WIDE) == []
    other.page.locator(".st-key-compare_remove_1 button").click()
    expect(other.page.locator(".bn-runs tbody")).to_have_count(1)
    other.page.wait_for_function(f"() => ({DRAWN})('compare_0_loss').length === 2")
