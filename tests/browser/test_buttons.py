"""What each button of the player promises."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import alone
from tests.browser.lab import LONG, Lab, Visit

pytestmark = pytest.mark.browser

STEP = 1 / 75
"""Epochs in a batch of 2 of the 150 irises."""

NOTICE_PAUSE = """() => {
    const feed = document.querySelector(".bn-feed");
    let clicked;
    window.pauseTook = null;
    addEventListener("click", () => { clicked = performance.now(); }, { capture: true, once: true });
    const observer = new MutationObserver(() => {
        if (feed.dataset.runState !== "paused") return;
        window.pauseTook = performance.now() - clicked;
        observer.disconnect();
    });
    observer.observe(feed, { attributes: true });
}"""

# A machine that tests other things at the same moment is slow to paint; alone, the pause takes a quarter of a second.
PAUSE_BOUND = 1.5


@pytest.mark.alone
def test_pause_comes_soon_and_resume_goes_on(visit: Visit) -> None:
    lab = visit(LONG)
    lab.train(until=50)
    run, took = lab.run, []
    for _ in range(2):
        lab.page.evaluate(NOTICE_PAUSE)
        lab.press("pause")
        lab.expect_state("paused")
        took.append(lab.page.evaluate("() => window.pauseTook") / 1000)
        expect(lab.button("resume")).to_be_visible()
        epoch = lab.epoch
        lab.press("resume")
        lab.wait_for_epoch(epoch + 20)
    print("seconds from the click to the pause on the page:", *(f"{seconds:.2f}" for seconds in took))
    assert max(took) < PAUSE_BOUND
    assert lab.run == run


@pytest.mark.thorough
def test_pausing_twice_is_pausing(visit: Visit) -> None:
    lab = visit(LONG)
    lab.train(until=50)
    lab.button("pause").dblclick()
    lab.expect_state("paused")
    expect(lab.button("resume")).to_be_enabled()
    at = lab.cursor
    lab.press("step")
    lab.page.wait_for_function("at => Number(document.querySelector('.bn-feed').dataset.cursor) !== at", arg=at)
    assert lab.cursor == pytest.approx(at + STEP, abs=0.002)  # nothing was trained between the pause and the step
    lab.expect_state("paused")


def test_no_click_is_lost_right_after_a_pause(visit: Visit) -> None:
    """The page is drawn again soon after its state changed; a click that comes meanwhile counts all the same."""
    lab = visit(LONG)
    lab.train(until=10)
    for wait in (0, 100, 200, 300, 400):
        lab.press("pause")
        lab.expect_state("paused")
        lab.page.wait_for_timeout(wait)
        at = lab.cursor
        lab.press("step")
        lab.page.wait_for_function("at => Number(document.querySelector('.bn-feed').dataset.cursor) !== at", arg=at)
        assert lab.cursor == pytest.approx(at + STEP, abs=0.002)
        lab.press("resume")
        lab.wait_for_epoch(lab.epoch + 3)


def test_one_step_then_another_then_the_rest_of_the_epoch(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20")
    lab.press("step")
    expect(lab.feed).to_have_attribute("data-cursor", "0.2")
    lab.expect_state("paused")
    lab.see("loss")
    first = lab.curves()
    lab.see("histograms")
    shares = lab.numbers("histograms")
    lab.press("step")
    expect(lab.feed).to_have_attribute("data-cursor", "0.4")
    lab.see("histograms")
    assert lab.numbers("histograms") != shares
    lab.see("loss")
    assert lab.curves() != first  # the loss of the epoch so far
    lab.press("epoch")
    expect(lab.feed).to_have_attribute("data-cursor", "1")
    lab.expect_state("paused")
    assert lab.finished_curves(1) == shortened(alone.losses("dataset=iris&epochs=20"), 1)
    lab.press("resume")
    lab.expect_state("done")
    assert lab.finished_curves(20) == alone.losses("dataset=iris&epochs=20")


def shortened(curves: dict[str, tuple[list[float], list[float]]], epochs: int) -> dict[str, tuple[list[float], list[float]]]:
    return {name: (x[:epochs], y[:epochs]) for name, (x, y) in curves.items()}


def test_reset_starts_from_the_same_weights_and_new_seed_from_others(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20")
    first = after_an_epoch(lab)
    old = lab.run
    lab.press("reset")
    lab.expect_new_run(old)
    lab.see("loss")
    assert lab.points() == 0
    assert after_an_epoch(lab) == first
    old = lab.run
    lab.press("new_seed")
    lab.expect_new_run(old)
    lab.wait_for_query(dataset="iris", epochs="20", seed="1")
    assert after_an_epoch(lab) == shortened(alone.losses("dataset=iris&epochs=20&seed=1"), 1) != first


def after_an_epoch(lab: Lab) -> dict[str, tuple[list[float], list[float]]]:
    lab.press("epoch")
    expect(lab.feed).to_have_attribute("data-epoch", "1")
    return lab.finished_curves(1)


def test_train_longer_goes_on_from_where_it_stands(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=30")
    lab.train_to_the_end()
    run, before = lab.run, lab.finished_curves(30)
    lab.press("longer")
    lab.wait_for_query(dataset="iris", epochs="60")
    lab.wait_for_epoch(60)
    lab.expect_state("done")
    after = lab.finished_curves(60)
    assert lab.run == run
    assert shortened(after, 30) == before
    assert after == alone.losses("dataset=iris&epochs=60")
