"""Looking around while numbers come in: nothing takes the view out of the visitor's hand."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import alone
from tests.browser.conftest import wait_until
from tests.browser.lab import LONG, Lab, Visit

pytestmark = pytest.mark.browser


def holds_still(lab: Lab, name: str) -> None:
    """Nothing is painted under the visitor's hand, though the training goes on."""
    painted = lab.panel(name).get_attribute("data-painted")
    lab.wait_for_epoch(lab.epoch + 1)
    assert lab.panel(name).get_attribute("data-painted") == painted


@pytest.mark.alone  # or the training may end before the page has done what is to survive it
def test_zoom_and_legend_choice_survive_the_training(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=3000&batch_size=8")
    lab.train(until=100)
    lab.see("loss")
    start, _ = lab.range("loss")
    lab.drag(lab.plot("loss").locator(".nsewdrag").first, (0.2, 0.3), (0.6, 0.7), meanwhile=lambda: holds_still(lab, "loss"))
    # Where the axis starts, not where it ends: that grows, and may be twice as far when the mouse gets there.
    lab.page.wait_for_function(
        "start => document.querySelector('.st-key-loss .js-plotly-plot')._fullLayout.xaxis.range[0] > start", arg=start
    )
    zoomed = lab.range("loss"), lab.range("loss", "yaxis")
    lab.plot("loss").locator(".legendtoggle").first.click()
    hidden = "() => document.querySelector('.st-key-loss .js-plotly-plot')._fullData[0].visible"
    lab.page.wait_for_function(f"() => ({hidden})() === 'legendonly'")
    assert lab.state == "running"
    lab.wait_for_points(lab.wait_for_points(lab.points()))  # two ticks at least
    assert (lab.range("loss"), lab.range("loss", "yaxis")) == zoomed
    lab.expect_state("done", seconds=120)
    lab.finished_curves(3000)
    assert (lab.range("loss"), lab.range("loss", "yaxis")) == zoomed
    assert lab.page.evaluate(hidden) == "legendonly"
    lab.plot("loss").locator(".nsewdrag").first.dblclick()
    lab.page.wait_for_function(
        "end => document.querySelector('.st-key-loss .js-plotly-plot')._fullLayout.xaxis.range[1] > end", arg=zoomed[0][1]
    )


IDENTITIES = """() => {
    const elements = [...document.querySelectorAll(".bn-panel, .bn-feed")];
    window.drawn = new Map(elements.map((element) => [element, element.firstChild]));
    return elements.length;
}"""

REPLACED = """() => [...window.drawn].filter(([element, first]) => !element.isConnected || element.firstChild !== first)
    .map(([element]) => element.className)"""


def test_no_picture_is_ever_drawn_anew(visit: Visit) -> None:
    """What flickers is a picture that is taken away and put there again; these stay the same elements from start to end."""
    lab = visit("dataset=iris&epochs=300")
    lab.settled()
    assert lab.page.evaluate(IDENTITIES) == len(lab.panels()) + 1
    lab.press("step")
    lab.expect_state("paused")
    assert lab.page.evaluate(REPLACED) == []
    lab.press("resume")
    lab.expect_state("done")
    lab.finished_curves(300)
    assert lab.page.evaluate(REPLACED) == []
    old = lab.run
    lab.press("reset")
    lab.expect_new_run(old)
    lab.settled()
    assert lab.page.evaluate(REPLACED) == []


@pytest.mark.thorough
def test_the_slider_stays_where_it_was_put_while_training_goes_on(visit: Visit) -> None:
    lab = visit(LONG)
    lab.train(until=300)
    slider = lab.feed.get_by_role("slider")
    lab.drag(slider, (0.98, 0.5), (0.2, 0.5))
    early = lab.cursor
    assert 1 <= early < 200
    lab.wait_for_epoch(lab.epoch + 300)
    assert lab.state == "running"
    for name in lab.panels():
        lab.see(name)
        assert float(lab.panel(name).get_attribute("data-cursor") or "nan") == early
    assert float(lab.page.locator(".bn-table").get_attribute("data-cursor") or "nan") == early
    assert lab.cursor == early


RECORD = """() => {
    const feed = document.querySelector(".bn-feed"), slider = feed.querySelector("input");
    return Array.from({ length: Number(slider.max) + 1 }, (_, k) => {
        slider.value = k;
        slider.dispatchEvent(new Event("input"));
        return Number(feed.dataset.cursor);
    });
}"""


@pytest.mark.thorough
def test_the_slider_obeys_the_keyboard_and_reaches_every_recorded_epoch(visit: Visit) -> None:
    query = "dataset=iris&epochs=1000"
    lab = visit(query)
    lab.train_to_the_end()
    recorded = [snapshot.epoch for snapshot in alone.history(query).snapshots]
    lab.page.wait_for_function("last => document.querySelector('.bn-feed input').max == last", arg=len(recorded) - 1)
    lab.see("histograms")
    last = lab.numbers("histograms")
    slider = lab.feed.get_by_role("slider")
    slider.press("Home")
    first = lab.cursor
    assert first <= 1
    slider.press("ArrowRight")
    assert first < lab.cursor <= 2
    lab.wait_for_other_numbers("histograms", last)
    slider.press("End")
    assert lab.cursor == 1000
    lab.see("histograms")
    assert lab.numbers("histograms") == last
    assert lab.page.evaluate(RECORD) == recorded


def test_the_replay_plays_to_the_end_and_can_be_stopped(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=100")
    lab.train_to_the_end()
    play = lab.feed.get_by_role("button")
    play.click()
    lab.page.wait_for_function("() => { const at = Number(document.querySelector('.bn-feed').dataset.cursor);"
        " return at > 1 && at < 100 }")  # fmt: skip
    play.click()
    stopped = lab.cursor
    expect(play).to_have_text(lab.words("replay.play"))
    play.click()
    lab.page.wait_for_function("() => document.querySelector('.bn-feed').dataset.cursor === '100'")
    assert 1 < stopped < 100


def looks(lab: Lab) -> list[tuple[str, str]]:
    """Choices of the view, each a change and the way back, from key to option."""
    word = lab.words
    return [("scale", word("view.linear")), ("look", word("view.over_time"))]


@pytest.mark.thorough
def test_another_view_is_only_another_view(visit: Visit) -> None:
    lab = visit(LONG)
    lab.train(until=50)
    run = lab.run
    for key, option in looks(lab):
        lab.view(key, option)
    lab.see("ribbons")
    lab.see("loss")
    assert lab.plot("loss").evaluate("plot => plot._fullLayout.yaxis.type") == "linear"
    lab.wait_for_epoch(lab.epoch + 50)
    assert (lab.run, lab.state) == (run, "running")


@pytest.mark.thorough
def test_other_layers_are_only_another_view(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20&depth=10")
    lab.train_to_the_end()
    run = lab.run
    lab.see("histograms")
    before = len(lab.numbers("histograms"))
    lab.page.locator(".st-key-view_layers button").nth(1).click()
    wait_until(lambda: len(lab.numbers("histograms")) != before, 20, "another number of layers")
    lab.settled()
    assert (lab.run, lab.state, lab.epoch) == (run, "done", 20)
