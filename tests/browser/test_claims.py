"""The Claims page in a browser: a small study is run for real, watched, and another one is cancelled."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import LONG, SECONDS, Lab, Visit

pytestmark = pytest.mark.browser

LINES = """() => document.querySelector('.st-key-claims_own_sweep .js-plotly-plot')?.data
    .filter((trace) => trace.mode === 'lines' && trace.name).map((trace) => Array.from(trace.y))"""


def button(lab: Lab, key: str) -> Locator:
    return lab.page.locator(f".st-key-{key} button").filter(visible=True)


def set_up(lab: Lab, values: str) -> None:
    """Put learning rates into the form, over six seeds."""
    field = lab.page.locator(".st-key-custom_values_first_learning_rate input")
    field.fill(values)
    field.press("Enter")
    lab.settled()
    slider = lab.page.locator(".st-key-custom_seeds").get_by_role("slider")
    for _ in range(2):  # from 3 over 5 to 6
        slider.press("ArrowRight")
    expect(lab.page.locator(".st-key-custom_seeds")).to_contain_text("6")
    lab.settled()
    button(lab, "custom_order").click()


def expect_painted(lab: Lab) -> None:
    """Two lines of two values are painted, and nothing is wider than the page."""
    panel = lab.panel("claims_own_sweep")
    panel.evaluate("panel => panel.scrollIntoView({ block: 'center' })")
    expect(panel).not_to_have_attribute("data-painted", "0")
    lab.page.wait_for_function(f"() => {{ const lines = ({LINES})(); return lines?.length === 2 }}")
    for line in lab.page.evaluate(LINES):
        assert len(line) == 2
        assert all(0 < value < 100 for value in line)
    assert lab.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_custom_study_runs_and_its_lines_are_painted_for_whoever_has_its_link(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=5", path="claims")
    set_up(lab, "0.001, 0.01")
    expect(lab.page.get_by_text(re.compile(r"\b24\b")).first).to_be_visible()
    button(lab, "claims_own_run").click()
    done = lab.words("claims.done", networks="24", seconds="…").split("…")[0]
    expect(lab.page.get_by_text(done)).to_be_visible(timeout=90 * SECONDS)
    expect_painted(lab)
    link = lab.page.url.partition("?")[2] or lab.page.evaluate("() => location.search.slice(1)")
    other = visit(link, path="claims", language="ko", width=390)
    expect(other.panel("claims_own_sweep")).to_be_visible()
    expect(button(other, "claims_own_run")).to_have_count(0)
    expect_painted(other)


@pytest.mark.thorough
def test_a_study_that_runs_shows_its_progress_and_can_be_cancelled(visit: Visit) -> None:
    lab = visit(LONG, path="claims", language="ko", width=390)
    set_up(lab, "0.001, 0.01")
    expect(lab.page.get_by_text("24개").first).to_be_visible()
    button(lab, "claims_own_run").click()
    expect(lab.page.locator(".st-key-claims_own_running [role=progressbar]")).to_be_visible()
    button(lab, "claims_own_cancel").click()
    told = lab.words("claims.cancelled", done="0", total="24")
    expect(lab.page.get_by_text(told)).to_be_visible()
    expect(button(lab, "claims_own_run")).to_be_visible()


def test_a_link_opens_the_card_with_its_study_and_seeds(visit: Visit) -> None:
    lab = visit("claims=study:faster_iris,seeds:10", path="claims")
    card = lab.page.locator(".st-key-claim_faster")
    expect(card.get_by_text(lab.words("study.faster_iris.how"))).to_be_visible()
    expect(lab.page.locator(".st-key-claims_faster_iris_seeds")).to_contain_text("10")
    lab.wait_for_query(claims="study:faster_iris,seeds:10")
