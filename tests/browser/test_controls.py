"""Nothing on the page belongs to another experiment than the one the controls say."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import alone
from tests.browser.conftest import wait_until
from tests.browser.lab import LONG, Lab, Visit

pytestmark = pytest.mark.browser


def shown(lab: Lab) -> dict[str, object]:
    """Every number on the page, figure by figure and card by card."""
    found: dict[str, object] = {"cards": lab.page.locator(".bn-card").all_inner_texts()}
    for name in lab.panels():
        lab.see(name)
        found[name] = lab.numbers(name)
    return found


def expect_to_look_new(lab: Lab, visit: Visit) -> None:
    """The page shows what a new visitor of the same link sees, and no curve."""
    other = visit("&".join(f"{name}={value}" for name, value in lab.query.items()))
    wait_until(lambda: shown(lab) == shown(other), 20, "the page shows what a new visitor's does")
    assert lab.points() == 0


def test_another_depth_and_other_arms_start_afresh(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20")
    lab.train_to_the_end()
    old = lab.run
    lab.slide("depth", "ArrowRight")
    lab.expect_new_run(old)
    lab.wait_for_query(dataset="iris", epochs="20", depth="4")
    expect_to_look_new(lab, visit)
    lab.train_to_the_end()
    assert lab.finished_curves(20) == alone.losses("dataset=iris&epochs=20&depth=4")
    old = lab.run
    lab.control("arms").get_by_text(lab.words("arm.after"), exact=True).click()
    lab.expect_new_run(old)
    lab.wait_for_query(dataset="iris", epochs="20", depth="4", arms="none,before,after")
    lab.train_to_the_end()
    expect(lab.page.locator(".bn-card")).to_have_count(3)


@pytest.mark.thorough
def test_another_data_set_in_the_middle_of_a_training_starts_afresh(visit: Visit) -> None:
    lab = visit(LONG)
    lab.train(until=50)
    old = lab.run
    lab.choose("dataset", lab.words("dataset.boston"))
    lab.expect_new_run(old)
    lab.wait_for_query(epochs="5000", batch_size="2")
    expect_to_look_new(lab, visit)
