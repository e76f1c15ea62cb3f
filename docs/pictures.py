"""Take pictures of the README anew, all or those named, on an idle machine: `.venv/bin/python -m docs.pictures`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.browser import LAB, chromium, opened, press, serve, visitor, wait_for_state
from bn_lab.presets import PRESETS
from bn_lab.sharing import link

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

STILL = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"

SETTLE = 3000
"""Milliseconds in which what was drawn is painted."""


def lab(page: Page, host: str) -> None:
    """The lesson's program, trained."""
    _trained(page, host, "dataset=boston")
    _saved(page, "lab", 1480)


def boundary(page: Page, host: str) -> None:
    """The spiral, trained."""
    _trained(page, host, link("", PRESETS["spiral"].experiment).lstrip("?"))
    _show(page, ".st-key-loss")
    _saved(page, "boundary", 1000)


def lesson(page: Page, host: str) -> None:
    """A step with its answer."""
    _visited(page, f"{host}/lesson?lesson=faster")
    page.locator("[class*=st-key-lesson_option_] [role=radiogroup] label").filter(visible=True).first.click()
    page.locator("[class*=st-key-lesson_question_] .js-plotly-plot").first.wait_for()
    _saved(page, "lesson", 1100)


def algorithm(page: Page, host: str) -> None:
    """The first part, on a mini-batch of the lesson's network."""
    _trained(page, host, "epochs=100")
    _visited(page, f"{host}/algorithm?epochs=100&run=all")
    _saved(page, "algorithm", 1000)


def claims(page: Page, host: str) -> None:
    """The first claim, on trial."""
    _visited(page, f"{host}/claims")
    page.locator(".st-key-claims_faster_boston_run button").filter(visible=True).click()
    page.locator(".st-key-claims_faster_boston_take").wait_for()
    _saved(page, "claims", 1000)


def compare(page: Page, host: str) -> None:
    """Two runs over each other."""
    runs = "dataset:boston;epochs:200~dataset:boston;epochs:200;inputs:standardized"
    _visited(page, f"{host}/compare?compare={runs}")
    page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot .scatterlayer .trace').length >= 4")
    _saved(page, "compare", 1000)


def data(page: Page, host: str) -> None:
    """The first set."""
    _visited(page, f"{host}/data")
    _saved(page, "data", 1000)


def own(page: Page, host: str) -> None:
    """A table of one's own, before any training: the lesson's iris, as a spreadsheet with decimal commas saves it."""
    _visited(page, f"{host}/own")
    text = (ROOT / "data" / "iris.csv").read_text(encoding="utf-8").replace(",", ";").replace(".", ",")
    file = {"name": "iris.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    page.locator(".st-key-own_correlations .js-plotly-plot").wait_for()
    _show(page, ".st-key-own_form")
    _saved(page, "own", 1000)


def rules(page: Page, host: str) -> None:
    """Its beginning."""
    _visited(page, f"{host}/rules")
    _saved(page, "rules", 640)


PICTURES: Mapping[str, Callable[[Page, str], None]] = {
    take.__name__: take for take in (lab, boundary, lesson, algorithm, claims, compare, data, own, rules)
}


def _trained(page: Page, host: str, query: str) -> None:
    opened(page, host, query=query)
    press(page, "train")
    wait_for_state(page, "done")


def _visited(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_function(STILL)


def _show(page: Page, selector: str) -> None:
    page.locator(selector).first.evaluate("place => place.scrollIntoView()")


def _saved(page: Page, name: str, height: int) -> None:
    page.set_viewport_size({"width": 1280, "height": height})
    page.wait_for_function(STILL)
    page.wait_for_timeout(SETTLE)
    page.screenshot(path=HERE / f"{name}.png")


def main(names: Sequence[str]) -> None:
    """Take these, or all."""
    path = shutil.which("chromium")
    with serve(LAB) as server, chromium(Path(path) if path else None) as browser:
        for take in [PICTURES[name] for name in names or PICTURES]:
            with visitor(browser) as page:
                take(page, server.address)


if __name__ == "__main__":
    main(sys.argv[1:])
