"""What a newcomer sees who touches nothing: two networks learn, on one screen, and nothing jumps."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import alone
from tests.browser.conftest import SCREENSHOTS
from tests.browser.lab import Lab, Visit

pytestmark = pytest.mark.browser

SHIFTS = """() => { window.shifts = []; new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
        if (!hadRecentInput) shifts.push([value, sources.map(({ node }) => node?.className ?? "").join("; ")]);
    }
}).observe({ type: "layout-shift" }) }"""
"""Has the page write down from now on what jumps."""

MOST_SHIFT = 0.01
"""The layout-shift score of a whole run, at most."""


def is_in_view(lab: Lab, part: Locator) -> bool:
    box, size = part.bounding_box(), lab.page.viewport_size
    assert box is not None
    assert size is not None
    return box["y"] >= 0 and box["y"] + box["height"] <= size["height"] and box["x"] + box["width"] <= size["width"] + 1


def scrolled(lab: Lab) -> float:
    return float(lab.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTop"))


def picture(lab: Lab, name: str) -> None:
    """What is in sight, to be looked at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    lab.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@pytest.mark.parametrize(
    ("width", "height", "language", "dark"),
    [
        (1280, 800, "en", False),
        (1280, 800, "ko", True),
        pytest.param(1920, 1080, "en", True, marks=pytest.mark.thorough),
    ],
)
def test_the_plain_address_shows_two_networks_learn(visit: Visit, width: int, height: int, language: str, dark: bool) -> None:
    lab = visit(width=width, height=height, language=language, dark=dark)
    name = f"stage-{width}-{language}-{'dark' if dark else 'light'}"
    expect(lab.stage).to_have_attribute("data-playing", "true")
    lab.settled()
    lab.page.evaluate(SHIFTS)
    lab.wait_for_cursor(3)
    assert lab.query == {}
    picture(lab, f"{name}-playing")
    seen = [lab.figure(each) for each in ("network", "loss", "predictions")]
    for part in (*seen, lab.stage.locator(".bn-numbers"), lab.stage.locator(".bn-sentence"), lab.button("play")):
        assert is_in_view(lab, part)
    for figure in seen:
        lab.in_step(figure)
    for field in ("dataset", "depth", "width", "activation", "arms", "epsilon"):
        assert is_in_view(lab, lab.control(field)), field
    lab.speed("follow")
    lab.expect_state("ended", 90)
    lab.expect_paused()
    lab.settled()
    picture(lab, f"{name}-ended")
    assert scrolled(lab) == 0
    shifts = lab.page.evaluate("() => shifts")
    assert sum(value for value, _ in shifts) <= MOST_SHIFT, shifts


def test_on_a_phone_one_picture_fills_the_width_and_the_player_is_at_the_thumb(visit: Visit) -> None:
    lab = visit(width=390, height=844, touch=True, language="ko")
    lab.wait_for_cursor(2)
    picture(lab, "stage-390-ko")
    for part in (lab.figure("loss"), lab.stage.locator(".bn-sentence"), lab.button("play")):
        assert is_in_view(lab, part)
    box, thumb = lab.figure("loss").bounding_box(), lab.button("play").bounding_box()
    assert box is not None
    assert thumb is not None
    assert box["width"] > 340
    assert thumb["y"] > 844 - 100
    lab.stage.locator(".bn-tab[data-name=layers]").click()
    lab.in_step(lab.figure("network"))
    assert is_in_view(lab, lab.figure("network"))
    picture(lab, "stage-390-ko-layers")


def test_a_swipe_over_a_picture_scrolls_the_page(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20", width=390, height=844, touch=True)
    box = lab.figure("loss").bounding_box()
    assert box is not None
    lab.in_step(lab.figure("loss"))
    ranges = "plot => JSON.stringify([plot._fullLayout.xaxis.range, plot._fullLayout.yaxis.range])"
    plot = lab.figure("loss").locator(".js-plotly-plot")
    before = plot.evaluate(ranges)
    x, y, finger = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, lab.page.context.new_cdp_session(lab.page)
    for kind, up in (("touchStart", 0), *(("touchMove", 20 * k) for k in range(1, 16)), ("touchEnd", None)):
        points = [] if up is None else [{"x": x, "y": y - up}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    lab.page.wait_for_function("() => document.querySelector('[data-testid=stMain]').scrollTop > 100")
    assert plot.evaluate(ranges) == before


def test_who_wants_no_motion_sees_the_end_and_steps(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20&run=play", calm=True)
    lab.expect_cursor(20)
    lab.expect_paused()
    lab.press("back")
    lab.expect_cursor(19)
    assert lab.finished_curves(20) == alone.losses("dataset=iris&epochs=20")


def test_inside_a_slide_there_is_the_stage_alone(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20&embed=true", width=960, height=540)
    for part in (lab.figure("network"), lab.figure("loss"), lab.button("play")):
        assert is_in_view(lab, part)
    assert lab.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight <= innerHeight")
    lab.train_to_the_end()
    picture(lab, "stage-embedded")
    expect(lab.page.locator("[data-testid=stSidebar]")).to_have_count(0)


def test_presenting_fills_the_screen_with_letters_that_a_class_can_read(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20&run=all", width=1920, height=1080)
    lab.expect_state("ended")
    lab.page.keyboard.press("p")
    expect(lab.stage).to_have_attribute("data-present", "true")
    lab.page.wait_for_function("() => document.querySelector('.bn-stage').getBoundingClientRect().height >= innerHeight - 1")
    lab.page.wait_for_function(
        """() => [...document.querySelectorAll(".bn-stage .bn-figure .main-svg text")]
            .filter((text) => text.textContent.trim() && text.checkVisibility())
            .every((text) => parseFloat(getComputedStyle(text).fontSize) >= 20)"""
    )
    expect(lab.stage.locator(".bn-third").filter(visible=True)).to_have_count(0)
    picture(lab, "stage-presented")
    lab.page.keyboard.press("Escape")
    expect(lab.stage).not_to_have_attribute("data-present", "true")


def test_only_finished_pictures_are_printed(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=200&run=play")
    lab.speed("follow")
    lab.expect_cursor(200)
    lab.settled()
    lab.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    lab.page.emulate_media(media="print")
    printed = lab.page.locator(".bn-panel:visible").all()
    assert len(printed) >= 3, "those on the stage"
    for panel in printed:
        lab.in_step(panel)
    SCREENSHOTS.mkdir(exist_ok=True)
    lab.page.screenshot(path=SCREENSHOTS / "printed.png", full_page=True)


@pytest.mark.parametrize("query", ["arms=none,standardized,before,after&depth=5", "dataset=spiral&width=16"])
def test_other_experiments_fit_the_screen_as_well(visit: Visit, query: str) -> None:
    lab = visit(f"{query}&epochs=10&run=all", width=1280, height=800)
    lab.expect_state("ended")
    for name in ("network", "loss"):
        lab.in_step(lab.figure(name))
        assert is_in_view(lab, lab.figure(name))
    loss = lab.figure("loss").bounding_box()
    assert loss is not None
    assert loss["height"] >= 200
    picture(lab, f"stage-{query.partition('&')[0].replace('=', '-').replace(',', '-')}")
