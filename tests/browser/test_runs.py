"""Change, compare, go back: the run before as a pale curve, and the strip of runs under the stage."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import alone
from tests.browser.lab import Lab, Visit

pytestmark = pytest.mark.browser

FIRST_PICTURE = """() => {
    const panel = document.querySelector(".bn-figure[data-name=loss]"), { recording: old } = panel.dataset;
    let painted = null;
    delete window.firstPicture;
    new MutationObserver((_, observer) => {
        if (panel.dataset.recording === old) return;
        painted ??= panel.dataset.painted;
        if (panel.dataset.painted === painted) return;
        observer.disconnect();
        const { data, layout } = panel.querySelector(".js-plotly-plot");
        const ghosts = data.filter(({ meta }) => meta?.ghost).map(({ x, y }) => [Array.from(x), Array.from(y)]);
        window.firstPicture = { ghosts, range: layout.yaxis.range };
    }).observe(panel, { attributes: true });
}"""
"""The loss as it is drawn for the first time after what is on the stage has changed: what lies under it, and the axis."""

GHOSTS = "plot => plot.data.filter(({ meta }) => meta?.ghost).length"


def cards(lab: Lab) -> Locator:
    return lab.stage.locator(".bn-card")


def card(lab: Lab, text: str) -> Locator:
    return cards(lab).filter(has_text=text)


def ghosts(lab: Lab, figure: str = "loss") -> int:
    """Traces under the run on the stage."""
    return int(lab.figure(figure).locator(".js-plotly-plot").evaluate(GHOSTS))


def expect_ghosts(lab: Lab, count: int, figure: str = "loss") -> None:
    lab.page.wait_for_function(
        f"""([name, count]) => {{ const plot = document.querySelector(`.bn-figure[data-name=${{name}}] .js-plotly-plot`);
        return plot?.data && ({GHOSTS})(plot) === count }}""",
        arg=[figure, count],
    )


def change(lab: Lab, field: str, option: str) -> Any:
    """Choose another value, wait for what is then on the stage, and return its first picture."""
    old = lab.recording
    lab.page.evaluate(FIRST_PICTURE)
    lab.choose(field, option)
    lab.expect_other(old)
    return lab.page.wait_for_function("() => window.firstPicture").json_value()


def test_the_run_before_lies_under_the_new_one_from_its_first_picture(visit: Visit) -> None:
    query = "dataset=iris&epochs=40&seed=61"
    lab = visit(query)
    lab.train_to_the_end()
    lab.finished_curves(40)
    drawn = change(lab, "depth", "5")
    wanted = [alone.losses(query)[f"{arm}.train.loss"] for arm in ("none", "before")]
    assert [x for x, _ in drawn["ghosts"]] == [x for x, _ in wanted]
    assert [y for _, y in drawn["ghosts"]] == [[pytest.approx(value, rel=1e-3) for value in y] for _, y in wanted]
    low, high = (10**end for end in drawn["range"])
    assert all(low <= value <= high for _, y in wanted for value in y), "on the same axis"
    expect(lab.stage.locator(".bn-change")).to_have_text(lab.words("runs.change", change="Depth 3 → 5"))
    expect(card(lab, "Depth 3")).to_have_count(1)
    lab.expect_paused()  # it was not playing
    assert (lab.cursor, lab.epoch) == (0, 0)
    lab.stage.locator(".bn-everywhere").click()
    expect_ghosts(lab, 9, "network")  # of three layers what goes into BN, what comes out, and the side without


def test_what_is_playing_plays_on_with_another_setting(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=5000&seed=62")
    lab.play()
    lab.wait_for_cursor(1)
    change(lab, "depth", "5")
    expect(lab.stage).to_have_attribute("data-playing", "true")
    lab.wait_for_cursor(1)
    assert ghosts(lab) == 2
    lab.pause()
    change(lab, "depth", "6")
    lab.expect_paused()
    assert lab.cursor == 0


def test_another_data_set_has_nothing_under_it_which_is_said(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20&seed=63")
    lab.train_to_the_end()
    lab.finished_curves(20)
    old = lab.recording
    lab.stage.locator(".bn-chip[data-id=spiral]").click()
    lab.expect_other(old)
    lab.in_step(lab.figure("loss"))
    assert ghosts(lab) == 0
    said = lab.words("runs.incomparable", before=lab.words("dataset.iris"), now=lab.words("dataset.spiral"))
    expect(lab.stage.locator(".bn-change")).to_have_text(said)
    spiral = lab.recording
    lab.pause()
    lab.stage.locator(".bn-chip[data-id=iris]").click()
    lab.expect_other(spiral)
    expect_ghosts(lab, 2)  # the run of the same data, although it was not the last


def test_a_card_brings_its_run_back_as_it_was_left(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=60&seed=64")
    lab.train_to_the_end()
    lab.seek(7)
    lab.expect_cursor(7)
    panel = lab.see("loss")
    plot = panel.locator(".js-plotly-plot")
    axis = "plot => plot._fullLayout.xaxis.range"
    whole = plot.evaluate(axis)
    lab.drag(plot.locator(".nsewdrag").first, (0.2, 0.3), (0.6, 0.7))
    lab.page.wait_for_function(f"([plot, start]) => ({axis})(plot)[0] > start", arg=[plot.element_handle(), whole[0]])
    zoomed = plot.evaluate(axis)
    first = lab.recording
    lab.stage.evaluate("stage => stage.scrollIntoView()")
    change(lab, "depth", "5")
    lab.train_to_the_end()
    second = lab.recording
    card(lab, "Depth 3").locator(".bn-card-go").click()
    lab.expect_other(second)
    assert lab.recording == first
    lab.wait_for_query(dataset="iris", epochs="60", seed="64", run="7")
    lab.expect_cursor(7)
    lab.expect_paused()
    lab.see("loss")
    assert panel.locator(".js-plotly-plot").evaluate(axis) == zoomed


def test_runs_are_pinned_moved_and_removed_with_the_keyboard_and_are_there_after_a_reload(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=10&seed=65")
    for depth in ("4", "5", "6"):
        lab.train_to_the_end()
        lab.finished_curves(10)
        change(lab, "depth", depth)
    expect(cards(lab)).to_have_count(3)
    assert ghosts(lab) == 2
    pin = card(lab, "Depth 3").locator(".bn-card-pin")
    pin.focus()
    lab.page.keyboard.press("Enter")
    expect(pin).to_have_attribute("aria-pressed", "true")
    expect_ghosts(lab, 4)
    left = card(lab, "Depth 3").locator(".bn-card-left")
    left.focus()
    lab.page.keyboard.press("Enter")
    lab.page.keyboard.press("Enter")
    names = cards(lab).locator(".bn-what")
    expect(names).to_have_text(["Depth 3", "Depth 5", "Depth 4"])
    expect(left).to_be_disabled()
    card(lab, "Depth 5").locator(".bn-card-remove").focus()
    lab.page.keyboard.press("Enter")
    expect(names).to_have_text(["Depth 3", "Depth 4"])
    lab.page.reload()
    lab.ready()
    expect(names).to_have_text(["Depth 3", "Depth 4"])
    expect(card(lab, "Depth 3").locator(".bn-card-pin")).to_have_attribute("aria-pressed", "true")
    expect_ghosts(lab, 2)  # what is pinned
