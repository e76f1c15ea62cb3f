"""Take pictures of the README anew, all or those named, on an idle machine: `.venv/bin/python -m docs.pictures`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.browser import LAB, chromium, serve, visitor
from bn_lab.experiment import Experiment
from bn_lab.presets import PRESETS
from bn_lab.sharing import link

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

STILL = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"

SETTLE = 3000
"""Milliseconds in which what was drawn is painted."""


def lab(page: Page, host: str) -> None:
    """The lesson's program in the middle of its training."""
    _opened(page, f"{host}/?dataset=boston&run=all")
    page.wait_for_function("() => document.querySelector('.bn-stage')?.dataset.state === 'ended'", timeout=120_000)
    page.locator(".bn-epoch").fill("200")
    page.locator(".bn-epoch").press("Enter")


def phone(page: Page, host: str) -> None:
    """The same, as it plays on a telephone."""
    page.set_viewport_size({"width": 390, "height": 844})
    lab(page, host)


def boundary(page: Page, host: str) -> None:
    """The spiral, trained."""
    _trained(page, host, PRESETS["spiral"].experiment)


def lesson(page: Page, host: str) -> None:
    """A step with its answer."""
    _visited(page, f"{host}/lesson?lesson=faster")
    page.locator("[class*=st-key-lesson_option_] [role=radiogroup] label").filter(visible=True).first.click()
    page.locator("[class*=st-key-lesson_question_] .js-plotly-plot").first.wait_for()


def algorithm(page: Page, host: str) -> None:
    """The first part, on a mini-batch of the lesson's network."""
    _trained(page, host, Experiment(epochs=100))
    _visited(page, f"{host}/algorithm?epochs=100&run=all")


def claims(page: Page, host: str) -> None:
    """The first claim, on trial."""
    _visited(page, f"{host}/claims")
    page.locator(".st-key-claims_faster_boston_run button").filter(visible=True).click()
    page.locator(".st-key-claims_faster_boston_running").wait_for()
    page.locator(".st-key-claims_faster_boston_running").wait_for(state="detached", timeout=120_000)
    _show(page, ".st-key-claims_faster_boston_take", "end")


def compare(page: Page, host: str) -> None:
    """Two runs over each other."""
    runs = "dataset:boston;epochs:200~dataset:boston;epochs:200;inputs:standardized"
    _visited(page, f"{host}/compare?compare={runs}")
    page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot .scatterlayer .trace').length >= 4")


def data(page: Page, host: str) -> None:
    """The first set."""
    _visited(page, f"{host}/data")


def own(page: Page, host: str) -> None:
    """A table of one's own, before any training: the lesson's iris, as a spreadsheet with decimal commas saves it."""
    _visited(page, f"{host}/own")
    _, *rows = (ROOT / "data" / "iris.csv").read_text(encoding="utf-8").replace(",", ";").replace(".", ",").splitlines()
    text = "\n".join(["sepal length;sepal width;petal length;petal width;species", *rows])
    file = {"name": "iris.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    page.locator(".st-key-uploads_correlations .js-plotly-plot").wait_for()
    _show(page, ".st-key-uploads_form")


def rules(page: Page, host: str) -> None:
    """Its beginning."""
    _visited(page, f"{host}/rules")


PICTURES: Mapping[str, tuple[Callable[[Page, str], None], int]] = {
    "lab": (lab, 800),
    "phone": (phone, 844),
    "boundary": (boundary, 800),
    "lesson": (lesson, 1100),
    "algorithm": (algorithm, 1000),
    "claims": (claims, 1200),
    "compare": (compare, 1000),
    "data": (data, 1000),
    "own": (own, 1000),
    "rules": (rules, 640),
}
"""How the page of a picture is prepared, and the picture's height in pixels."""


def _opened(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(".bn-stage").wait_for()


def _trained(page: Page, host: str, experiment: Experiment) -> None:
    _opened(page, link(f"{host}/", experiment, {"run": "all"}))
    page.wait_for_function("() => document.querySelector('.bn-stage')?.dataset.state === 'ended'", timeout=120_000)


def _visited(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_function(STILL)


def _show(page: Page, selector: str, block: str = "start") -> None:
    page.locator(selector).first.evaluate("(place, block) => place.scrollIntoView({ block })", block)


def main(names: Sequence[str]) -> None:
    """Take these, or all."""
    path = shutil.which("chromium")
    with serve(LAB) as server, chromium(Path(path) if path else None) as browser:
        for name, (take, height) in PICTURES.items():
            if names and name not in names:
                continue
            with visitor(browser) as page:
                page.set_viewport_size({"width": 1280, "height": height})
                take(page, server.address)
                page.wait_for_function(STILL)
                page.wait_for_timeout(SETTLE)
                page.screenshot(path=HERE / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
