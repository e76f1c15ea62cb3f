"""Points of the plane are drawn on the stage by itself, by mouse, touch and keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from bn_lab.figures.boundary import DOTS
from tests.browser.test_stage_module import BODY, DESKTOP, MOUNT, PHONE, PLANE, content, gives, opened, wait_for_pictures

pytestmark = pytest.mark.browser

POINTS = [[-2, 0, 0], [2, 0, 1], [0, 3, 1]]

SPEC = {
    "points": POINTS,
    "samples": 3,
    "names": ["class 0", "class 1"],
    "colors": list(DOTS[:2]),
    "least": 2,
    "most": 5,
    "reach": 6,
    "farthest": 10,
    "edit": 0,
}

WHERE = """([canvas, x, y]) => {
    const { left, top } = document.querySelectorAll(".bn-canvas")[canvas].getBoundingClientRect();
    const { xaxis, yaxis } = document.querySelector("[data-name=boundary] .js-plotly-plot")._fullLayout;
    return [left + xaxis.d2p(x), top + yaxis.d2p(y)];
}"""

TOLD = "() => acts.filter(({ act }) => act === 'draw')"

Open = Callable[..., Page]


@pytest.fixture
def plane(chromium: Browser) -> Iterator[Open]:
    """Puts a plane on a stage of its own, and has its points edited."""
    contexts = []

    def make(size: tuple[int, int] = DESKTOP, *, has_touch: bool = False, language: str = "en", **more: Any) -> Page:
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, has_touch=has_touch)
        contexts.append(context)
        page = opened(context)
        page.evaluate("html => { document.body.innerHTML = html }", BODY)
        page.evaluate(MOUNT, content(PLANE, language, draw={**SPEC, **more}))
        gives(page, PLANE)
        if size == PHONE:
            page.locator(".bn-tab[data-name=plane]").click()
        page.locator(".bn-edit").click()
        expect(page.locator(".bn-canvas")).to_have_count(2)
        wait_for_pictures(page)
        return page

    yield make
    for context in contexts:
        context.close()


def on_screen(page: Page, x: float, y: float, canvas: int = 0) -> tuple[float, float]:
    """Where a point of a plane is, in pixels of the page."""
    left, top = page.evaluate(WHERE, [canvas, x, y])
    return left, top


def click(page: Page, x: float, y: float, canvas: int = 0) -> None:
    page.mouse.click(*on_screen(page, x, y, canvas))


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*on_screen(page, *start))
    page.mouse.down()
    page.mouse.move(*on_screen(page, *end), steps=4)
    page.mouse.up()


def told(page: Page) -> list[dict[str, Any]]:
    """What the stage has told of drawing."""
    return list(page.evaluate(TOLD))


def near(point: list[float], x: float, y: float, label: int) -> bool:
    """Whether it is that point, but for the pixels of a screen."""
    return abs(point[0] - x) < 0.1 and abs(point[1] - y) < 0.1 and point[2] == label


def count(page: Page, points: int) -> None:
    expect(page.locator(".bn-place[data-place=right]")).to_have_attribute("data-points", str(points))


def test_a_click_adds_a_point_of_the_class_that_is_chosen(plane: Open) -> None:
    page = plane()
    click(page, -3, -3)
    page.locator("[data-tool='1']").click()
    click(page, 3, -3, canvas=1)  # the plane of the other arm shows the same points
    first, second = told(page)
    assert (len(first["points"]), first["edit"], second["edit"]) == (4, 1, 2)
    assert near(first["points"][-1], -3, -3, 0)
    assert near(second["points"][-1], 3, -3, 1)
    assert page.locator(".bn-canvas").first.locator("circle").count() == 5
    click(page, 4, 4)
    expect(page.locator(".bn-draw-hint")).to_contain_text("More than 5 points")
    assert len(told(page)) == 2


def test_a_drag_moves_a_point_and_stays_within_reach(plane: Open) -> None:
    page = plane()
    drag(page, (2, 0), (1, -4))
    (moved,) = told(page)
    assert moved["points"][0] == POINTS[0]
    assert near(moved["points"][1], 1, -4, 1)
    drag(page, (0, 3), (0, 30))
    assert told(page)[-1]["points"][2][1] <= 6


def test_a_click_on_a_point_changes_its_class_or_removes_it(plane: Open) -> None:
    page = plane()
    click(page, 2, 0)
    assert told(page)[0]["points"][1] == [2, 0, 0]
    click(page, 2, 0)  # it has that class already
    assert len(told(page)) == 1
    page.locator("[data-tool=remove]").click()
    click(page, 2, 0)
    assert told(page)[-1]["points"] == [POINTS[0], POINTS[2]]
    click(page, -4, -4)  # where there is none
    assert len(told(page)) == 2
    click(page, 0, 3)
    assert len(told(page)) == 2, "a single point trains nothing, and waits for more"
    expect(page.locator(".bn-draw-hint")).to_contain_text("At least 2 points")
    page.locator("[data-tool='0']").click()
    click(page, 1, 1)
    assert len(told(page)[-1]["points"]) == 2


def test_by_touch_a_tap_adds_and_a_swipe_moves_without_scrolling_the_page(plane: Open) -> None:
    page = plane(PHONE, has_touch=True)
    assert page.locator(".bn-canvas").first.evaluate("svg => getComputedStyle(svg).touchAction") == "none"
    page.touchscreen.tap(*on_screen(page, -3, -3))
    (added,) = told(page)
    assert near(added["points"][-1], -3, -3, 0)
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    start, end = on_screen(page, 2, 0), on_screen(page, 2, 4)
    touch("touchStart", start)
    touch("touchMove", (start[0], (start[1] + end[1]) / 2))
    touch("touchMove", end)
    touch("touchEnd")
    page.wait_for_function("() => acts.filter(({ act }) => act === 'draw').length === 2")
    assert near(told(page)[-1]["points"][1], 2, 4, 1)
    assert page.evaluate("scrollY") == 0
    smallest = [box for each in page.locator(".bn-draw-tools button").all() if (box := each.bounding_box())]
    assert min(box["height"] for box in smallest) >= 44


def test_the_keyboard_adds_moves_and_removes_and_says_so(plane: Open) -> None:
    page = plane()
    heard = page.locator(".bn-draw [aria-live]")
    page.locator(".bn-canvas").first.focus()
    page.keyboard.press("2")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowDown", "Space"):
        page.keyboard.press(key)
    assert told(page)[-1]["points"][-1] == [0.5, 0.2, 1]
    expect(heard).to_have_text("class 1 added at 0.5, 0.2. 4 points.")
    page.keyboard.press("PageDown")
    expect(heard).to_have_text("class 1 at 2, 0")
    page.keyboard.press("Enter")
    expect(heard).to_have_text("class 1 picked up at 2, 0")
    page.keyboard.press("ArrowLeft")
    assert len(told(page)) == 1, "a point that is carried is told once it is put down"
    page.keyboard.press("Enter")
    assert told(page)[-1]["points"][1] == [1.75, 0, 1]
    page.keyboard.press("Delete")
    assert len(told(page)[-1]["points"]) == 3
    expect(heard).to_have_text("class 1 removed at 1.75, 0. 3 points.")
    assert page.locator(".bn-stage").get_attribute("data-playing") == "false", "the player has not taken the keys"
    page.keyboard.press("Escape")
    expect(page.locator(".bn-edit")).to_be_focused()
    expect(page.locator(".bn-canvas")).to_have_count(0)


def test_what_was_carried_goes_back_where_it_was(plane: Open) -> None:
    page = plane()
    page.locator(".bn-canvas").first.focus()
    for key in ("PageDown", "PageUp", "Enter", "ArrowUp", "Escape"):
        page.keyboard.press(key)
    page.keyboard.press("Space")
    assert told(page)[-1]["points"][:3] == POINTS


def test_an_older_answer_does_not_take_a_change_back(plane: Open) -> None:
    page = plane()
    click(page, -3, -3)
    click(page, 3, -3)
    first, second = told(page)

    def answer(points: list[list[float]], edit: int) -> None:
        page.evaluate("draw => remount({ draw })", {**SPEC, "points": points, "edit": edit})

    answer(first["points"], 1)
    count(page, 5)
    answer(second["points"], 2)
    count(page, 5)
    answer(POINTS, 2)  # somebody went back
    count(page, 3)


def test_where_points_cannot_be_drawn_the_reason_is_said(plane: Open) -> None:
    page = plane()
    page.evaluate("() => remount({ draw: { refused: 'not here' } })")
    expect(page.locator(".bn-canvas")).to_have_count(0)
    page.locator(".bn-edit").click()
    expect(page.locator(".bn-draw-hint")).to_have_text("not here")
    page.evaluate("() => remount({ draw: null })")
    expect(page.locator(".bn-edit")).to_be_hidden()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_tools_are_in_sight_and_accessible(plane: Open, size: tuple[int, int]) -> None:
    page = plane(size, language="ko")
    boxes = [box for each in page.locator(".bn-draw, .bn-canvas").all() if (box := each.bounding_box())]
    assert len(boxes) == 3
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= size[0] + 0.5 for box in boxes)
    bar = next(box for each in page.locator(".bn-draw").all() if (box := each.bounding_box()))
    for canvas in page.locator(".bn-canvas").all():
        box = canvas.bounding_box()
        assert box
        assert box["y"] + box["height"] <= bar["y"] + 0.5
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    found = Axe().run(page, ".bn-place[data-place=right]", rules).response["violations"]
    assert not found, [rule["id"] for rule in found]
