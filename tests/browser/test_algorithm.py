"""The Algorithm page in a browser: a slider is moved, and the numbers follow."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Visit

pytestmark = pytest.mark.browser


def test_epsilon_moves_the_numbers_and_the_link(visit: Visit) -> None:
    lab = visit("dataset=iris", path="algorithm")
    question = lab.page.get_by_text(lab.words("algorithm.epsilon.question"))
    expect(question).to_be_visible()
    steps = lab.panel("algorithm_steps")
    expect(steps).not_to_have_attribute("data-painted", "0")
    plot = ".st-key-algorithm_steps .js-plotly-plot"
    largest = f"() => Math.max(...document.querySelector('{plot}').data[4].y.map(Math.abs))"  # of the normalized values
    before = lab.page.evaluate(largest)
    lab.settled()  # nothing moves under the mouse any more
    lab.drag_thumb("algorithm_epsilon", to=1.2)
    lab.wait_for_query(dataset="iris", algorithm="epsilon:10")
    expect(lab.page.get_by_text("ε = 10", exact=False).first).to_be_visible()
    steps.evaluate("panel => panel.scrollIntoView({ block: 'center' })")  # only what is in view is painted again
    lab.page.wait_for_function(f"before => ({largest})() < 0.9 * before", arg=before)


def test_a_link_opens_the_page_as_it_was(visit: Visit) -> None:
    lab = visit("dataset=iris&algorithm=values:1;2;6", path="algorithm")
    expect(lab.page.get_by_text(lab.words("algorithm.steps.question"))).to_be_visible()
    lab.page.wait_for_function(
        "() => document.querySelector('.st-key-algorithm_steps .js-plotly-plot')?.data?.[0]?.y?.length === 3"
    )
    lab.wait_for_query(dataset="iris", algorithm="values:1;2;6")


def test_every_picture_is_painted_and_the_factor_of_the_weights_moves_the_gradient(visit: Visit) -> None:
    lab = visit("dataset=iris", path="algorithm")
    for name in ("statistics", "composition", "rescaled", "placements", "folded"):
        panel = lab.panel(f"algorithm_{name}")
        panel.evaluate("panel => panel.scrollIntoView({ block: 'center' })")
        expect(panel).not_to_have_attribute("data-painted", "0")
        assert panel.get_attribute("data-error") is None
    slider = lab.page.locator(".st-key-algorithm_factor").get_by_role("slider")
    expect(lab.page.get_by_text("a = 1: ")).to_be_visible()
    slider.focus()
    lab.page.keyboard.press("Home")
    lab.wait_for_query(dataset="iris", algorithm="factor:0.0001")
    expect(lab.page.get_by_text("a = 0.0001: ")).to_be_visible()
