"""For everyone: what axe finds on every page, what it cannot see in pictures, and a training by the keyboard alone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.lab import Lab, Visit
from tests.browser.test_appearance import TOO_WIDE

pytestmark = pytest.mark.browser

PATHS = {"lesson": 0, "algorithm": 8, "claims": 0, "data": 1, "own": 0, "rules": 0}
"""The pages besides the lab, and besides the comparison, to which a training leads; and how many figures each has at first."""

# Drawings and formulas are hidden from readers, who get their words instead, and have thousands of parts.
WHERE = {"exclude": [[".main-svg"], [".katex-html"]]}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"], "preload": False}

# Figures without words, and figures outside of what gives them words.
UNTOLD = """() => [...document.querySelectorAll(".bn-panel, .js-plotly-plot, [data-testid=stPlotlyChart]")]
    .map((part) => part.closest(".bn-panel") ?? part)
    .filter((part) => part.getAttribute("role") !== "figure" || !part.getAttribute("aria-label")?.trim()
        || [...part.querySelectorAll(".main-svg")].some((drawing) => drawing.getAttribute("aria-hidden") !== "true"))
    .map((part) => part.outerHTML.slice(0, 200))"""

# Texts with less than 4.5:1 on their ground: of buttons and choices, of which axe says nothing, and of figures; those on
# coloured fields have colours that Plotly picks by them.
PALE = """() => {
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = (value) => value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    const luminance = (rgb) => [0.2126, 0.7152, 0.0722].reduce((sum, part, k) => sum + part * light(rgb[k]), 0);
    const ground = (part) => {
        const color = getComputedStyle(part).backgroundColor;
        return /^rgb\\(/.test(color) || !part.parentElement ? color : ground(part.parentElement);
    };
    const contrast = (one, other) => {
        const [low, high] = [luminance(one), luminance(other)].sort((x, y) => x - y);
        return (high + 0.05) / (low + 0.05);
    };
    const pale = [];
    for (const text of document.querySelectorAll("[data-testid=stBaseButton-primary] p, [data-tag]")) {
        const [on, behind] = [getComputedStyle(text).color, ground(text)];
        const found = contrast(channels(on), channels(behind));
        if (found < 4.5 && !text.closest(":disabled")) pale.push(`${text.textContent}: ${on} on ${behind}`);
    }
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
        const behind = channels(ground(plot));
        for (const text of plot.querySelectorAll(".main-svg text")) {
            if (!text.textContent.trim() || text.closest(".hm, .heatmap-label, .hoverlayer")) continue;
            if (!text.checkVisibility({ opacityProperty: true })) continue;
            const style = getComputedStyle(text), [r, g, b, a = 1] = channels(style.fill);
            let share = a * style.fillOpacity;
            for (let part = text; part !== plot; part = part.parentElement) share *= getComputedStyle(part).opacity;
            const seen = [r, g, b].map((value, k) => share * value + (1 - share) * behind[k]);
            const found = contrast(seen, behind);
            if (found < 4.5) pale.push(`${text.textContent}: ${style.fill} on ${behind}, ${found.toFixed(2)}`);
        }
    }
    return pale;
}"""

# Where the keyboard is, by key and kind, and whether where it was looked any different while it was there. A slider's own
# input is hidden, so the looks are those of the parts around, too. A table of Streamlit draws the cell's ring itself, into its
# canvas; and the page's body is where the keyboard is between the last stop and the first.
STOP = """() => {
    const at = document.activeElement;
    const look = (part) => {
        const { parentElement: outer, nextElementSibling: next, firstElementChild: inner } = part;
        return [part, outer, outer?.parentElement, next, inner].filter(Boolean).map((near) => {
            const { outline, boxShadow, borderColor, backgroundColor, opacity, transform } = getComputedStyle(near);
            return [outline, boxShadow, borderColor, backgroundColor, opacity, transform];
        }).join("|");
    };
    const { last } = window, name = (part) => {
        const key = /st-key-(\\w+)/.exec(part.closest("[class*=st-key-]")?.className)?.[1] ?? "";
        return [key, part.dataset.testid || part.className || part.tagName, part.ariaLabel ?? part.textContent].join(" / ");
    };
    const unseen = last?.part.isConnected && !last.part.matches("body, canvas") && last.look === look(last.part)
        ? name(last.part) : "";
    window.last = { part: at, look: look(at) };
    return [name(at), unseen];
}"""


def examine(lab: Lab) -> None:
    """Everything on the page, painted; Streamlit shows gray bars until it has the programs of its widgets."""
    expect(lab.page.locator(".st-key-language_choice button").first).to_be_attached()
    expect(lab.page.locator("[data-testid=stSkeleton], [data-testid=stAppSkeleton]")).to_have_count(0)
    for panel in lab.page.locator(".bn-panel").filter(visible=True).all():
        panel.evaluate("panel => panel.scrollIntoView({ block: 'center' })")
        expect(panel).not_to_have_attribute("data-painted", "0")
    where = lab.page.url
    found = Axe().run(lab.page, WHERE, RULES)
    assert found.violations_count == 0, f"{where}\n{found.generate_report()}"
    assert lab.page.evaluate(UNTOLD) == [], where
    assert lab.page.evaluate(PALE) == [], where
    assert lab.page.evaluate(TOO_WIDE) == [], where


@pytest.mark.parametrize(
    ("width", "language", "dark"), [pytest.param(1280, "en", False, marks=pytest.mark.thorough), (390, "ko", True)]
)
def test_every_page_is_for_everyone(visit: Visit, width: int, language: str, dark: bool) -> None:
    lab = visit("dataset=iris&epochs=20&validation_share=0.2", width=width, language=language, dark=dark)
    lab.settled()
    examine(lab)
    lab.train_to_the_end()
    lab.settled()
    examine(lab)
    lab.menu("lesson")
    lab.page.get_by_role("dialog").get_by_role("tab").nth(1).click()  # which has a caption
    expect(lab.page.get_by_text(lab.words("classroom.hide_about"))).to_be_visible()
    examine(lab)
    lab.page.keyboard.press("Escape")
    expect(lab.page.get_by_role("dialog")).to_have_count(0)
    lab.open("compare=dataset:iris;epochs:20~dataset:iris;epochs:20;depth:2", path="compare")
    lab.plot("compare_0_loss").wait_for()
    examine(lab)
    for path, figures in PATHS.items():
        lab.open(path=path)
        expect(lab.page.get_by_role("heading").first).to_be_visible()
        expect(lab.page.locator(".bn-panel")).to_have_count(figures)
        lab.settled()
        examine(lab)


def tab_to(lab: Lab, *wanted: str) -> list[str]:
    """Press Tab until the keyboard has been at all of these, in this order; the stops that nobody would have seen."""
    unseen = []
    for part in wanted:
        for _ in range(90):
            lab.page.keyboard.press("Tab")
            stop, invisible = lab.page.evaluate(STOP)
            unseen += [invisible] if invisible else []
            if part in stop:
                break
        else:
            pytest.fail(f"the keyboard does not get to {part}")
    return unseen


def test_the_keyboard_alone_trains_and_saves(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20")
    lab.settled()
    lab.page.add_style_tag(content="* { transition: none !important; }")  # every look is there at once
    unseen = tab_to(lab, "field_depth", "language_choice", "bn-play")
    lab.page.keyboard.press("Enter")
    lab.expect_state("ended")
    unseen += tab_to(lab, "bn-speed")
    expect(lab.panel("loss")).not_to_have_attribute("data-painted", "0")  # only then has it buttons to get to
    with lab.page.expect_download():
        unseen += tab_to(lab, "loss / modebar-btn", "PNG")
        lab.page.keyboard.press("Enter")
    unseen += tab_to(lab, "bn-table")
    assert unseen == []
