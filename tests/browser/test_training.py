"""From the open page to the trained networks, and every number on the way the right one."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import alone
from tests.browser.lab import Visit

pytestmark = pytest.mark.browser


def test_a_visitor_chooses_iris_and_watches_it_train(visit: Visit) -> None:
    lab = visit("epochs=2000&batch_size=8", height=1600)
    expect(lab.page.locator(".bn-network").first).to_be_visible()  # the page is no blank before the first training
    lab.choose("dataset", lab.words("dataset.iris"))
    lab.wait_for_query(dataset="iris", epochs="2000", batch_size="8")
    lab.press("train")
    lab.see("loss")
    points = lab.wait_for_points(0)
    more = lab.wait_for_points(points)
    lab.see("histograms")
    shares = lab.numbers("histograms")
    assert lab.state == "running", "too fast to be watched"
    lab.wait_for_other_numbers("histograms", shares)
    lab.expect_state("done")
    assert lab.epoch == 2000
    assert points < more < 2000
    assert lab.finished_curves(2000) == alone.losses("dataset=iris&epochs=2000&batch_size=8")
    expect(lab.page.locator(".bn-card")).to_have_count(2)


def test_boston_with_all_arms_ends_as_it_does_without_a_page(visit: Visit) -> None:
    query = "epochs=150&arms=none,standardized,before,after&seed=3"
    lab = visit(query)
    lab.train_to_the_end()
    assert lab.finished_curves(150) == alone.losses(query)
    expect(lab.page.locator(".bn-card")).to_have_count(4)


@pytest.mark.thorough
def test_many_seeds_show_a_median_within_a_band(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=40&seeds=8&validation_share=0.2")
    lab.train_to_the_end()
    names = {f"{arm}.{split}.loss" for arm in ("none", "before") for split in ("train", "validation")}
    assert set(lab.finished_curves(40)) == names
    bands = "() => document.querySelectorAll('.st-key-loss .js-fill').length"
    assert lab.page.evaluate(bands) == 4
