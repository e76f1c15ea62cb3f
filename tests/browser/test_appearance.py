"""How the page looks, wide and narrow, light and dark, in both languages: pictures to look at, and what can be measured."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bn_lab.datasets import load
from bn_lab.i18n import LANGUAGES, catalogue
from bn_lab.sharing import parse_link
from tests.browser.conftest import SCREENSHOTS
from tests.browser.lab import Lab, Visit

pytestmark = pytest.mark.browser

QUERIES = {"en": "epochs=200", "ko": "dataset=iris&epochs=200&validation_share=0.2"}

TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll("[data-testid=stMain]")]
    .filter((part) => part.scrollWidth > part.clientWidth + 1)
    .map((part) => `${part.tagName} ${part.scrollWidth} > ${part.clientWidth}`)"""

# Where the text of a button or of a card is, against where the button or the card is; drawings fit their own letters.
SPILLED = """() => [...document.querySelectorAll("[data-testid=stMain] button, .bn-value, .bn-box")].flatMap((box) => {
    const room = box.getBoundingClientRect(), spilled = [];
    if (!room.width || !box.checkVisibility()) return [];
    for (let around = box.parentElement; around && !around.matches("[data-testid=stMain]"); around = around.parentElement) {
        if (/auto|scroll/.test(getComputedStyle(around).overflowX)) return []; // a row that can be scrolled
    }
    if (room.right > innerWidth + 1 || room.left < -1) spilled.push(`out of the page: ${box.textContent}`);
    const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode;
        if (text.parentElement.closest("[data-testid=stIconMaterial], svg, .st-key-share")) continue; // icons alone
        if (!text.parentElement.checkVisibility()) continue;
        const range = document.createRange();
        range.selectNodeContents(text);
        const at = range.getBoundingClientRect();
        if (at.width && (at.right > room.right + 1 || at.left < room.left - 1)) spilled.push(text.textContent);
    }
    return spilled;
})"""

# All that can be read, but for names of icons, which are pictures, and Streamlit's own link past the header, which only
# shows when the keyboard is on it.
VISIBLE = """() => {
    const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const skipped = "[data-testid=stIconMaterial], [data-testid=stSkipToContent], script, style";
    while (walker.nextNode()) {
        const text = walker.currentNode, parent = text.parentElement;
        if (!text.textContent.trim() || parent.closest(skipped)) continue;
        const range = document.createRange();
        range.selectNodeContents(text);
        const { width, height } = range.getBoundingClientRect();
        if (parent.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && width > 1 && height > 1)
            found.push(text.textContent.trim());
    }
    for (const input of document.querySelectorAll("input:placeholder-shown")) {
        if (input.checkVisibility({ opacityProperty: true })) found.push(input.placeholder);
    }
    return found;
}"""

# For every panel of a figure, whether a trace draws a finite number in it.
EMPTY_AXES = """name => {
    const plot = document.querySelector(`.st-key-${name} .js-plotly-plot`), filled = new Map();
    const finite = (values) => Array.from(values ?? []).some((value) => value?.length ? finite(value) : Number.isFinite(value));
    for (const trace of plot._fullData) {
        if (!trace.meta?.bind || Object.values(trace.meta.bind).some((binding) => binding.cursor)) continue;
        const axes = `${trace.xaxis}${trace.yaxis}`;
        filled.set(axes, filled.get(axes) || finite(trace.z ?? trace.y));
    }
    return [filled.size, [...filled].filter(([, some]) => !some).map(([axes]) => axes)];
}"""


def words_in(text: str) -> Iterator[str]:
    """Words in Latin letters, in lower case."""
    return (word.lower() for word in re.findall(r"[A-Za-z]{3,}", text))


def expected_latin_words(query: str) -> set[str]:
    """Words that a Korean page may show: those of its own catalogue, of the data's columns and classes, and names."""
    table = load(parse_link(query).experiment.dataset)
    names = [*map(str, table.head(1).columns), *table.classes, *LANGUAGES.values(), "BN Lab"]
    return {word for text in [*catalogue("ko").values(), *names] for word in words_in(text)}


def picture(lab: Lab, name: str) -> None:
    """The whole page as one picture: a viewport so high that nothing is left to scroll to, and everything is painted."""
    width = (lab.page.viewport_size or {"width": 1280})["width"]
    lab.page.mouse.move(0, 0)  # no tooltip is in the picture
    lab.page.set_viewport_size({"width": width, "height": 800})
    height = lab.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
    lab.page.set_viewport_size({"width": width, "height": min(height + 60, 8000)})
    for panel in lab.panels():
        lab.see(panel)
    SCREENSHOTS.mkdir(exist_ok=True)
    lab.page.screenshot(path=SCREENSHOTS / f"{name}.png")


def expect_to_fit(lab: Lab) -> None:
    assert lab.page.evaluate(TOO_WIDE) == []
    assert lab.page.evaluate(SPILLED) == []


# Each language in each width, and either of them in light and in dark: what is too long is so by language and width.
@pytest.mark.parametrize(
    ("width", "language", "dark"),
    [
        pytest.param(1280, "en", False, marks=pytest.mark.thorough),
        pytest.param(1280, "ko", True, marks=pytest.mark.thorough),
        pytest.param(390, "en", True, marks=pytest.mark.thorough),
        (390, "ko", False),
    ],
)
def test_everything_fits_and_nothing_is_empty(visit: Visit, width: int, language: str, dark: bool) -> None:
    name = f"{width}-{language}-{'dark' if dark else 'light'}"
    query = QUERIES[language]
    lab = visit(query, width=width, language=language, dark=dark)
    lab.settled()
    picture(lab, f"{name}-before")
    expect_to_fit(lab)
    lab.train_to_the_end()
    lab.settled()
    for panel in lab.panels():
        lab.see(panel)
    picture(lab, f"{name}-trained")
    expect_to_fit(lab)
    for panel in lab.panels():
        axes, empty = lab.page.evaluate(EMPTY_AXES, panel)
        assert axes, f"{panel} draws nothing"
        assert not empty, f"{panel} has empty panels: {empty}"
    if language == "ko":
        shown = {word for text in lab.page.evaluate(VISIBLE) for word in words_in(text)}
        assert shown - expected_latin_words(query) == set()
