"""What the browser remembers: apart for each lab, validated, bounded, forgotten at once; and without any storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.test_live_modules import PAGE, serve

pytestmark = pytest.mark.browser

NONE = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"
"""A browser that forbids it, as in a frame of another site."""

FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"

Open = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Open]:
    """Pages of one browser with the module as `storage`, at a path below the lab's."""
    context = chromium.new_context()

    def open_one(path: str = "lesson", script: str = "") -> Page:
        page = context.new_page()
        if script:
            page.add_init_script(script)

        def answer(route: Any) -> None:
            if route.request.url.endswith(".js"):
                serve(route)
            else:
                route.fulfill(body=PAGE.replace('<base href="/base/">', ""), content_type="text/html")

        page.route("http://lab.test/**", answer)
        page.goto(f"http://lab.test/{path}")
        page.evaluate("async () => { window.storage = await import('/base/storage.js'); }")
        return page

    yield open_one
    context.close()


def test_what_one_page_writes_the_next_one_reads_and_only_of_the_same_lab(opened: Open) -> None:
    one = opened("base/lesson")
    assert one.evaluate("() => storage.read('speed')") is None
    assert one.evaluate("() => storage.write('speed', { of: [1, 'ü'] })") is True
    assert opened("base/").evaluate("() => storage.read('speed')") == {"of": [1, "ü"]}
    for other in ("", "other/lesson", "base/deeper/lesson"):
        assert opened(other).evaluate("() => storage.read('speed')") is None
    assert one.evaluate("() => storage.write('speed', undefined)") is False
    assert one.evaluate("() => storage.read('speed')") is None
    assert one.evaluate("() => localStorage.length") == 0


def test_a_value_is_what_its_reader_makes_of_it_and_nonsense_is_nothing(opened: Open) -> None:
    page = opened("base/")
    page.evaluate("() => storage.write('speed', 2)")
    double = "(valid) => storage.read('speed', (value) => typeof value === 'number' ? 2 * value : undefined)"
    assert page.evaluate(double) == 4
    (key,) = page.evaluate("() => Object.keys(localStorage)")
    for text in ("", "{", '"fast"', "null", "[" * 400_000):
        page.evaluate("([key, text]) => localStorage.setItem(key, text)", [key, text])
        assert page.evaluate(double) is None
    page.evaluate("key => localStorage.setItem(key, '7')", key)
    assert page.evaluate("() => storage.read('speed', (value) => value.no.such)") is None


def test_what_another_version_of_the_lab_wrote_is_thrown_away(opened: Open) -> None:
    page = opened("base/")
    page.evaluate(
        "() => { for (const name of ['bn-lab /base/ 0 runs', 'bn-lab /other/ 0 runs', 'x']) localStorage.setItem(name, '1'); }"
    )
    page = opened("base/")
    assert page.evaluate("() => Object.keys(localStorage).sort()") == ["bn-lab /other/ 0 runs", "x"]


def test_what_is_too_long_or_about_own_data_is_refused_and_the_value_before_stays(opened: Open) -> None:
    page = opened("base/")
    assert page.evaluate("() => storage.write('runs', ['dataset=iris'])")
    for value in ("'x'.repeat(storage.LONGEST)", "['dataset=own-0123456789abcdef-2-regression-dropped']"):
        assert page.evaluate(f"() => storage.write('runs', {value})") is False
    assert page.evaluate("() => storage.read('runs')") == ["dataset=iris"]
    assert page.evaluate("() => storage.write('runs', ['hide=own'])")


def test_one_call_forgets_everything_of_this_lab_and_says_so(opened: Open) -> None:
    page = opened("base/")
    opened("other/").evaluate("() => storage.write('speed', 1)")
    page.evaluate("() => { localStorage.setItem('x', '1'); storage.write('runs', [1]); storage.write('speed', 2); }")
    page.evaluate("() => { window.heard = 0; window.quiet = storage.onClear(() => heard += 1); storage.clear(); }")
    assert page.evaluate("() => [storage.read('runs'), storage.read('speed')]") == [None, None]
    assert page.evaluate("() => Object.keys(localStorage).sort()") == ["bn-lab /other/ 1 speed", "x"]
    assert page.evaluate("() => { quiet(); storage.clear(); return heard; }") == 1


@pytest.mark.parametrize("script", [NONE, FULL], ids=["none", "full"])
def test_without_storage_a_value_lives_as_long_as_the_page(opened: Open, script: str) -> None:
    complaints: list[str] = []
    page = opened("base/", script)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    assert page.evaluate("() => storage.write('speed', 2)") is False
    assert page.evaluate("() => storage.read('speed')") == 2
    page.evaluate("() => storage.clear()")
    assert page.evaluate("() => storage.read('speed')") is None
    assert complaints == []
