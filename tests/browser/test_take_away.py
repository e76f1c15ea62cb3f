"""What a visitor saves is on the disk afterwards, and opens there without the lab and without a network."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator

from tests.browser.lab import Lab, Visit

pytestmark = pytest.mark.browser

DRAWN = "() => [...document.querySelectorAll('.figure, #figure')].map((place) => Boolean(place.querySelector('.main-svg')))"


def saved(lab: Lab, button: Locator, folder: Path) -> Path:
    """The file that a button gives."""
    with lab.page.expect_download() as download:
        button.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def opened_alone(chromium: Browser, path: Path) -> tuple[list[bool], str]:
    """Open a file without a network, and make its window narrow: whether each figure is drawn, and the title.

    Nothing may be wrong, or be asked for.
    """
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if re.match("file:|data:|blob:", request.url) else complaints.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_function(f"() => ({DRAWN})().every((drawn) => drawn)")
    found, title = page.evaluate(DRAWN), page.title()
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function("() => document.documentElement.scrollWidth <= 390")
    context.close()
    assert complaints == []
    return found, title


def test_a_figure_saves_itself_as_picture_drawing_and_page(visit: Visit, chromium: Browser, tmp_path: Path) -> None:
    lab = visit("dataset=iris&epochs=5&arms=none,before")
    lab.train_to_the_end()
    lab.see("loss")
    lab.plot("loss").hover()
    buttons = lab.plot("loss").locator(".modebar-btn")
    titles = {kind: lab.words(f"save.{kind}") for kind in ("png", "svg", "html")}
    files = {kind: saved(lab, buttons.and_(lab.page.locator(f'[data-title="{titles[kind]}"]')), tmp_path) for kind in titles}
    assert {kind: path.name for kind, path in files.items()} == {kind: f"iris-loss.{kind}" for kind in files}
    assert files["png"].read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    drawing = ET.fromstring(files["svg"].read_text(encoding="utf-8"))
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    fonts = {font for part in drawing.iter() for font in re.findall(r"font-family: ([^;]+)", part.get("style", ""))}
    assert fonts == {"sans-serif"}  # the page's font is not in the file
    assert opened_alone(chromium, files["html"]) == ([True], "Loss")


@pytest.mark.thorough
def test_the_report_opens_by_itself(visit: Visit, chromium: Browser, tmp_path: Path) -> None:
    lab = visit("dataset=iris&epochs=5&arms=none,before", language="ko")
    lab.train_to_the_end()
    lab.menu("files")
    dialog = lab.page.get_by_role("dialog")
    path = saved(lab, dialog.get_by_role("button", name="HTML"), tmp_path)
    assert path.name == "iris-report.html"
    figures, title = opened_alone(chromium, path)
    assert len(figures) > 8
    assert all(figures)
    assert title == f"BN Lab: {lab.words('dataset.iris')}"
    weights = saved(lab, dialog.get_by_role("button", name="safetensors"), tmp_path)
    assert weights.name == "iris-none-seed0.safetensors"
