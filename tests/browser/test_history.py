"""Back and Forward: one press for each thing that the visitor did, and the page is always what its address says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from bn_lab.presets import PRESETS
from bn_lab.sharing import encode
from bn_lab.ui.lesson.steps import STEPS
from tests.browser.conftest import serve
from tests.browser.lab import SECONDS, Lab, Visit

pytestmark = pytest.mark.browser

SHORT = "dataset=iris&epochs=6&depth=2"

SEEN = """() => {
    const stage = document.querySelector(".bn-stage"), text = (node) => node.textContent.trim();
    const all = (selector) => [...document.querySelectorAll(selector)];
    const key = (node) => /st-key-(\\w+)/.exec(node.className)[1].replace(/^(field_[a-z0-9_]*[a-z2])_\\d+$/, "$1");
    const value = (node) => [
        ...[...node.querySelectorAll("input")].map((input) => input.type === "radio" || input.type === "checkbox"
            ? input.checked : input.value),
        ...[...node.querySelectorAll("[role=slider]")].map((thumb) => thumb.ariaValueText ?? thumb.ariaValueNow),
        ...[...node.querySelectorAll("[aria-checked], [aria-pressed]")].map((button) =>
            button.ariaChecked ?? button.ariaPressed),
    ];
    const chosen = "[class*=st-key-field_], .st-key-lesson_step, .st-key-data_set, .st-key-data_noise, "
        + ".st-key-language_choice";
    return {
        path: location.pathname,
        address: [...new URLSearchParams(location.search)].map(String).sort(),
        headings: all("[data-testid=stMainBlockContainer] :is(h1, h2)").map(text),
        chosen: Object.fromEntries(all(chosen).map((node) => [key(node), value(node)])),
        stage: stage && [stage.dataset.recording, stage.dataset.target, stage.dataset.cursor, stage.dataset.playing],
    };
}"""
"""What a page shows: its address, headings, what its widgets say, and what is on the stage at which moment."""


def seen(lab: Lab) -> dict[str, Any]:
    """What the page shows once it rests: playing is paused, for where it stops depends on the machine."""
    rest(lab)
    return dict(lab.page.evaluate(SEEN))


def rest(lab: Lab) -> None:
    """Wait until the page is of its address, and nothing changes by itself any more."""
    lab.page.wait_for_function(DRAWN)
    lab.settled()
    if lab.page.evaluate("() => document.querySelector('.bn-drawn').dataset.page === ''"):
        lab.ready()
        lab.pause()
        lab.page.wait_for_function(AT_REST)
    lab.settled()


DRAWN = """() => {
    const drawn = document.querySelector(".bn-drawn"), page = /[^/]*$/.exec(location.pathname)[0].replace(/^lab$/, "");
    const written = (text) => [...new URLSearchParams(text)].filter(([name]) => name !== "run").map(String).sort().join();
    return drawn && drawn.dataset.page === page && written(drawn.dataset.address) === written(location.search);
}"""
"""Whether the script has drawn the page of the address."""

AT_REST = """() => {
    const run = new URLSearchParams(location.search).get("run") ?? "", { dataset } = document.querySelector(".bn-stage");
    const plain = [...new URLSearchParams(location.search).keys()].every((name) => ["run", "lang"].includes(name));
    if (run === "all") return dataset.cursor === dataset.epoch && Number(dataset.epoch) > 0;
    return run === "" ? dataset.cursor === "0" && !plain : Number(run) === Number(dataset.cursor);
}"""
"""Whether the address says where the playhead stands."""


def fresh(lab: Lab) -> dict[str, Any]:
    """What another page shows at the address of this one, in the same browser."""
    other = Lab(lab.page.context.new_page(), lab.address, lab.words.language)
    other.page.goto(lab.page.evaluate("() => location.href"))
    found = seen(other)
    assert other.complaints() == []
    other.page.close()
    return found


def entries(lab: Lab) -> int:
    return int(lab.page.evaluate("() => history.length"))


@contextmanager
def one_entry(lab: Lab) -> Iterator[None]:
    """What is done makes exactly one entry of the history."""
    before = entries(lab)
    yield
    lab.page.wait_for_function("before => history.length > before", arg=before)
    rest(lab)
    assert entries(lab) == before + 1


def walk_back_and_forth(lab: Lab, acts: list[Callable[[], None]]) -> None:
    """Do these things, each of which is one entry; then each press of Back and Forward shows what was on screen."""
    shown = [seen(lab)]
    for act in acts:
        with one_entry(lab):
            act()
        shown.append(seen(lab))
    assert all(before != after for before, after in pairwise(shown))
    for k in range(len(acts) - 1, -1, -1):
        back(lab)
        assert seen(lab) == shown[k]
    for k in range(1, len(shown)):
        forward(lab)
        assert seen(lab) == shown[k]
    assert fresh(lab) == shown[-1]


def back(lab: Lab) -> None:
    """Press Back, and wait until the page is there."""
    go(lab, "back")


def forward(lab: Lab) -> None:
    go(lab, "forward")


def go(lab: Lab, where: str) -> None:
    # Playwright waits for a page to load, and here none does.
    lab.page.evaluate(
        "where => new Promise((done) => { addEventListener('popstate', done, { once: true }); history[where](); })", where
    )
    lab.page.wait_for_function(DRAWN)
    lab.settled()


def page_link(lab: Lab, name: str) -> None:
    """Choose a page at the top."""
    lab.page.get_by_role("link", name=lab.words(f"page.{name}"), exact=True).first.click()
    path = "/" if name == "lab" else f"/{name}"
    lab.page.wait_for_function("path => location.pathname.endsWith(path)", arg=path)
    lab.page.wait_for_function(DRAWN)


def press(lab: Lab, key: str) -> None:
    lab.page.locator(f".st-key-{key} button").filter(visible=True).first.click()


def preset(lab: Lab, group: str, name: str) -> None:
    lab.menu("presets")
    lab.page.locator(f".st-key-presets_{group} label").filter(has_text=lab.words(f"preset.{name}.title")).click()
    lab.wait_for_query(**encode(PRESETS[name].experiment))


def test_settings_presets_seeds_and_pages_are_one_press_each(visit: Visit) -> None:
    lab = visit(SHORT)
    walk_back_and_forth(
        lab,
        [
            lambda: lab.slide("epsilon", "ArrowRight"),
            lambda: lab.drag_thumb("field_epsilon", 0.2),
            lambda: lab.press("new-seed"),
            lambda: lab.choose("activation", lab.words("activation.relu")),
            lambda: preset(lab, "counter", "small_batch"),
            lambda: lab.stage.locator(".bn-chip[data-id=iris]").click(),
            lambda: page_link(lab, "lesson"),
            lambda: press(lab, "lesson_on"),
            lambda: page_link(lab, "algorithm"),
            lambda: page_link(lab, "data"),
            lambda: lab.page.locator(".st-key-data_set").get_by_text(lab.words("dataset.moons")).click(),
            lambda: page_link(lab, "lab"),
        ],
    )


def test_steps_of_the_lesson_and_what_they_open_are_one_press_each(visit: Visit) -> None:
    lab = visit(path="lesson", query="lesson=inference")
    lab.page.locator(".st-key-lesson_option_inference label").filter(has_text=lab.words("measure.train_loss")).click()
    button = lab.page.locator(".st-key-lesson_link_lab_inference button").filter(visible=True)
    expect(button).to_be_visible(timeout=60 * SECONDS)
    lab.settled()
    walk_back_and_forth(
        lab,
        [
            lambda: press(lab, "lesson_on"),
            lambda: press(lab, "lesson_back"),
            lambda: (button.click(), lab.ready())[0],
            lambda: page_link(lab, "lesson"),
        ],
    )
    assert lab.query == {**encode(STEPS["inference"].experiment), "lesson": "inference"}


def test_from_outside_and_back_with_a_link_that_the_lab_writes_otherwise(visit: Visit) -> None:
    lab = visit()
    outside = f"{lab.address}/elsewhere.html"
    lab.page.route(outside, lambda route: route.fulfill(body="<title>elsewhere</title>", content_type="text/html"))
    lab.page.goto(outside)
    lab.open("dataset=boston&depth=99&epochs=6&epsilon=0.001")
    lab.wait_for_query(epochs="6")
    first = seen(lab)
    with one_entry(lab):
        lab.press("new-seed")
    lab.page.goto(outside)
    lab.page.go_back()
    lab.ready()
    assert lab.query == {"epochs": "6", "seed": "1"}
    back(lab)
    found = seen(lab)
    assert found == {**first, "address": found["address"]} == fresh(lab)
    lab.page.go_back()
    expect(lab.page).to_have_title("elsewhere")


def test_the_address_says_at_which_moment_and_a_copied_one_opens_there(visit: Visit) -> None:
    lab = visit(SHORT)
    before = entries(lab)
    lab.seek(4)
    lab.expect_cursor(4)
    lab.wait_for_run("4")
    assert fresh(lab) == seen(lab)
    lab.press("back")
    assert lab.cursor < 4
    lab.wait_for_run(f"{lab.cursor:g}")
    lab.press("start")
    lab.wait_for_run("")
    lab.press("forward")
    lab.wait_for_run(f"{lab.cursor:g}")
    assert 0 < lab.cursor < 1
    assert fresh(lab) == seen(lab)
    lab.train_to_the_end()
    lab.wait_for_run("all")
    assert entries(lab) == before
    with one_entry(lab):
        lab.slide("epsilon", "ArrowRight")
    lab.pause()
    back(lab)
    lab.expect_cursor(6)
    assert lab.run == "all"
    lab.page.reload()
    lab.ready()
    lab.expect_cursor(6)


def test_the_plain_address_plays_and_one_that_was_paused_does_not(visit: Visit) -> None:
    lab = visit()
    lab.play()
    lab.pause()
    lab.wait_for_run(f"{lab.cursor:g}")
    assert fresh(lab) == seen(lab)
    lab.press("start")
    lab.wait_for_run("0")
    lab.page.reload()
    lab.ready()
    lab.expect_paused()
    lab.expect_cursor(0)


def test_a_lessons_rules_come_and_go_with_the_address(visit: Visit) -> None:
    lab = visit(f"{SHORT}&hide=training&fix=depth")
    lab.settled()
    depth = lab.control("depth").locator("input").first
    expect(depth).to_be_disabled()
    with one_entry(lab):
        press(lab, "lesson_leave")
    expect(depth).to_be_enabled()
    back(lab)
    expect(depth).to_be_disabled()
    assert lab.query["fix"] == "depth"
    lab.slide("epsilon", "ArrowRight")
    lab.wait_for_query(dataset="iris", epochs="6", depth="2", hide="training", fix="depth", epsilon="0.002")


def test_back_closes_a_dialog_and_a_file_that_is_not_open_is_asked_for(visit: Visit) -> None:
    private = "own-0123456789abcdef-2-regression-dropped"
    lab = visit(SHORT)
    lab.slide("epsilon", "ArrowRight")
    lab.wait_for_query(dataset="iris", epochs="6", depth="2", epsilon="0.002")
    press(lab, "share")
    dialog = lab.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    back(lab)
    expect(dialog).to_have_count(0)
    lab.page.evaluate(
        "query => { history.pushState({}, '', `?${query}`); dispatchEvent(new PopStateEvent('popstate')) }",
        f"dataset={private}&depth=2",
    )
    expect(lab.page.get_by_text(private[4:12])).to_be_visible()
    lab.wait_for_query(dataset=private, depth="2")
    back(lab)
    lab.ready()
    lab.wait_for_query(dataset="iris", epochs="6", depth="2")


def test_a_language_is_no_entry_and_the_link_keeps_it(visit: Visit) -> None:
    lab = visit(SHORT)
    before = entries(lab)
    lab.speak("ko")
    lab.wait_for_query(dataset="iris", epochs="6", depth="2", lang="ko")
    with one_entry(lab):
        lab.press("new-seed")
    assert entries(lab) == before + 1
    back(lab)
    expect(lab.button("new-seed")).to_contain_text(lab.words("player.new_seed"))


def test_below_a_path_of_its_own_it_is_the_same(chromium: Browser, tmp_path: Path) -> None:
    with serve("-m", "streamlit", "run", "app.py", log=tmp_path / "log", base="/deep/lab") as server:
        context = chromium.new_context(locale="en-US")
        lab = Lab(context.new_page(), server.address, "en").open(SHORT)
        walk_back_and_forth(
            lab,
            [
                lambda: lab.slide("epsilon", "ArrowRight"),
                lambda: lab.press("new-seed"),
                lambda: page_link(lab, "lesson"),
                lambda: press(lab, "lesson_on"),
                lambda: page_link(lab, "lab"),
            ],
        )
        keys = lab.page.evaluate("() => Object.keys(localStorage).filter((key) => key.startsWith('bn-lab'))")
        assert all(key.startswith("bn-lab /deep/lab/ ") for key in keys)
        assert lab.complaints() == []
        context.close()


# Walks at random.

WALKS, IN_CI, STEPS_OF_A_WALK = 200, 1, 6


def acts_of(lab: Lab, draw: random.Random) -> list[Callable[[], object]]:
    """What a visitor may do on the page on screen."""
    acts: list[Callable[[], object]] = [lambda: reload(lab)]
    page = lab.page.locator(".bn-drawn").get_attribute("data-page")
    if lab.page.evaluate("() => navigation.currentEntry.index > 1"):  # the first ones are of the browser's empty page
        acts += [lambda: back(lab)] * 3
    if lab.page.evaluate("() => navigation.canGoForward"):
        acts += [lambda: forward(lab)] * 2
    if lab.stage.count():
        key, data, name = (
            draw.choice(["Left", "Right"]),
            draw.choice(["boston", "iris", "spiral"]),
            draw.choice(["relu", "tanh"]),
        )
        acts += [
            lambda: lab.slide("epsilon", f"Arrow{key}"),
            lambda: lab.press("new-seed"),
            lambda: lab.stage.locator(f".bn-chip[data-id={data}]").click(),
            lambda: lab.choose("activation", lab.words(f"activation.{name}")),
            lambda: lab.press(draw.choice(["forward", "start", "back", "play"])),
            lambda: page_link(lab, draw.choice(["lesson", "data"])),
        ]
    elif page == "lesson":
        acts += [
            lambda: press(lab, "lesson_on"),
            lambda: lab.page.locator("[class*=st-key-lesson_option_] label").last.click(),
            lambda: page_link(lab, draw.choice(["lab", "data"])),
        ]
    else:
        name = draw.choice(["iris", "spiral", "moons"])
        acts += [
            lambda: lab.page.locator(".st-key-data_set").get_by_text(lab.words(f"dataset.{name}"), exact=True).click(),
            lambda: page_link(lab, draw.choice(["lab", "lesson"])),
        ]
    return acts


def reload(lab: Lab) -> None:
    lab.page.reload()
    lab.page.wait_for_function(DRAWN)


def walk(lab: Lab, seed: int) -> None:
    """Do some things at random on a page just opened; in the end page, address and what a fresh page shows are the same."""
    draw = random.Random(seed)
    for _ in range(STEPS_OF_A_WALK):
        draw.choice(acts_of(lab, draw))()
        if draw.random() < 0.7:
            rest(lab)
    shown, other = seen(lab), fresh(lab)
    if shown != other:  # the last thing was not done yet
        shown, other = seen(lab), fresh(lab)
    assert shown == other, f"walk {seed}"


@pytest.mark.parametrize("seed", range(IN_CI))
def test_after_a_walk_at_random_page_and_address_are_what_a_fresh_page_shows(visit: Visit, seed: int) -> None:
    walk(visit(SHORT), seed)


@pytest.mark.thorough
def test_after_two_hundred_walks_too(visit: Visit) -> None:
    first = visit(SHORT)
    for seed in range(IN_CI, WALKS):
        lab = Lab(first.page.context.new_page(), first.address, "en").open(f"{SHORT}&seed={seed % 7 + 1}")
        walk(lab, seed)
        assert lab.complaints() == []
        lab.page.close()
