"""The page: in a real browser, on a real server, from outside."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial, wraps
from statistics import fmean, median
from typing import TYPE_CHECKING

from benchmarks import browser as lab
from benchmarks.measure import Goal, Result, Row, interleave, ratios
from benchmarks.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LONG = {"epochs": 5000, "epsilon": 1e-6}
QUERY = "&".join(f"{name}={value}" for name, value in LONG.items())

PAINTED = """() => Number(document.querySelector(".st-key-loss .bn-panel").dataset.painted)"""
FIRST_PICTURE = """[...document.querySelectorAll(".bn-panel")].some((panel) => Number(panel.dataset.cursor) > 0)"""
PAUSED = """document.querySelector(".bn-feed").dataset.runState === "paused" """

Measurement = Callable[[Settings], list[Result]]


def needs_browser(what: str, against: str = "") -> Callable[[Measurement], Measurement]:
    """Without a browser there is one row, that says so."""

    def decorate(measure: Measurement) -> Measurement:
        @wraps(measure)
        def measured(settings: Settings) -> list[Result]:
            try:
                return measure(settings)
            except lab.BrowserMissingError as missing:
                return [Row(what, against, "", [], note=str(missing))]

        return measured

    return decorate


@needs_browser("training while a browser watches", "the same run unwatched")
def watched(settings: Settings) -> list[Result]:
    """Training while a browser watches, beside the same training in the same server with nobody watching."""
    cores = sorted(os.sched_getaffinity(0))
    own, other = (cores[0], cores[1]) if len(cores) > 1 else (None, None)
    first, last = settings.long(200, 50), settings.long(1500, 500)
    with ExitStack() as stack:
        browser = stack.enter_context(lab.chromium(settings.chromium, other))
        with lab.on_core(own):
            server = stack.enter_context(lab.serve(lab.MEASURING_LAB))
        order = {"first": first, "last": last, "experiment": LONG}

        def unseen() -> float:
            server.ask(json.dumps(order | {"watched": False}))
            return float(server.answer())

        def seen() -> float:
            with lab.visitor(browser) as page:
                lab.opened(page, server.address, query=QUERY)
                server.ask(json.dumps(order | {"watched": True}))  # it waits for the training
                lab.press(page, "train")
                _show(page, "loss")
                rate = float(server.answer())
                _stop(page)
            return rate

        rates = interleave({"unwatched": unseen, "watched": seen}, settings.repeats)
    details = {f"{name}_steps_per_second": median(values) for name, values in rates.items()} | {"cores": len(cores)}
    note = f"{len(cores)} cores, the browser on one of its own" if other is not None else "one core for server and browser"
    slower = [100 * (ratio - 1) for ratio in ratios(rates["unwatched"], rates["watched"])]
    return [Row("training while a browser watches", "the same run unwatched", "% slower", slower, Goal("≤", 10), note, details)]


def _show(page: Page, name: str) -> None:
    """Bring a figure into view; only what is in view is painted. Streamlit has two of it while the page changes."""
    page.wait_for_function("name => document.querySelectorAll(`.st-key-${name} .bn-panel`).length === 1", arg=name)
    page.locator(f".st-key-{name} .bn-panel").evaluate("panel => panel.scrollIntoView({ block: 'center' })")


def _stop(page: Page) -> None:
    """Leave no training behind: it would go on for a while and take the time of the next measurement."""
    lab.press(page, "pause")
    lab.wait_for_state(page, "paused", "done")


@needs_browser("first picture after Train, pause, frames a second, bytes of a tick")
def live(settings: Settings) -> list[Result]:
    """A training on the page: first picture, pause, frames a second, bytes of a tick."""
    found: list[tuple[float, ...]] = []
    with lab.chromium(settings.chromium) as browser, lab.serve(lab.LAB) as server:
        for k in range(settings.repeats + 1):
            with lab.visitor(browser) as page:
                traffic = lab.Traffic(page)
                lab.opened(page, server.address, query=QUERY)
                page.wait_for_timeout(500)
                first = lab.clicked_until(page, "train", FIRST_PICTURE)
                _show(page, "loss")
                lab.wait_for_epoch(page, 100)
                followed = _follow(page, traffic, settings.long(4))
                pause = lab.clicked_until(page, "pause", PAUSED)
            if k:  # the first visitor warms the server up
                found.append((first, pause, *followed))
    firsts, pauses, rates, ticks, largest, asked = zip(*found, strict=True)
    return [
        Row("first picture after pressing Train", "", "s", firsts, Goal("≤", 0.7)),
        Row("Pause to paused", "", "s", pauses, Goal("≤", 0.3)),
        Row("frames a second painted while training", "", "a second", rates, Goal("≥", 5), details={"ticks": median(asked)}),
        Row("bytes that a live tick sends", "", "kB", ticks, Goal("≤", 60), details={"largest_kB": max(largest)}),
    ]


def _follow(page: Page, traffic: lab.Traffic, seconds: float) -> tuple[float, ...]:
    """Watch a training: pictures a second, kB a tick, kB of the largest tick, ticks a second."""
    traffic.ticks.clear()
    start, before = time.perf_counter(), page.evaluate(PAINTED)
    page.wait_for_timeout(1e3 * seconds)
    painted, took = page.evaluate(PAINTED) - before, time.perf_counter() - start
    ticks = traffic.ticks or [0]
    return painted / took, fmean(ticks) / 1e3, max(ticks) / 1e3, len(ticks) / took


@needs_browser("from the command to a usable page", "an empty Streamlit page")
def opening(settings: Settings) -> list[Result]:
    """Opening the lab beside an empty Streamlit page: with a cold server, and as a second visitor."""
    pages = {"lab": lab.LAB, "empty": lab.EMPTY}
    with lab.chromium(settings.chromium) as browser:

        def cold(command: tuple[str, ...]) -> float:
            start = time.perf_counter()
            with lab.serve(command) as server, lab.visitor(browser) as page:
                lab.opened(page, server.address, command)
                return time.perf_counter() - start

        started = interleave({name: partial(cold, command) for name, command in pages.items()}, settings.repeats)
        with ExitStack() as stack:
            servers = {name: stack.enter_context(lab.serve(command)) for name, command in pages.items()}
            turns = {name: partial(_visit, browser, servers[name].address, pages[name]) for name in pages}
            visited = interleave(turns, settings.repeats)
    rows: list[Result] = []
    for what, found in (("cold server to a usable page", started), ("a second visitor's page", visited)):
        details = {f"{name}_seconds": median(values) for name, values in found.items()}
        values = ratios(found["lab"], found["empty"])
        rows.append(Row(what, "an empty Streamlit page", "× its time", values, Goal("≤", 3), details=details))
    return rows


def _visit(browser: Browser, address: str, command: tuple[str, ...]) -> float:
    """A visitor with a fresh profile: seconds until the page can be used."""
    with lab.visitor(browser) as page:
        start = time.perf_counter()
        lab.opened(page, address, command)
        return time.perf_counter() - start


@needs_browser("memory of a further visitor")
def visitors(settings: Settings) -> list[Result]:
    """Memory that a further visitor costs who has trained 1000 epochs and stays."""
    count, costs = settings.long(5), []
    with lab.chromium(settings.chromium) as browser:
        for _ in range(settings.long(max(2, settings.repeats // 3))):
            with lab.serve(lab.LAB) as server, ExitStack() as stack:
                _train_to_the_end(stack.enter_context(lab.visitor(browser)), server.address, settings)
                before = server.resident
                for _ in range(count):
                    _train_to_the_end(stack.enter_context(lab.visitor(browser)), server.address, settings)
                costs.append((server.resident - before) / count)
    return [Row(f"memory of each of {count} further visitors, 1000 epochs trained", "", "MB", costs, Goal("≤", 15))]


def _train_to_the_end(page: Page, address: str, settings: Settings) -> None:
    lab.opened(page, address, query=f"epochs={settings.long(1000, 20)}")
    lab.press(page, "train")
    lab.wait_for_state(page, "done")
    page.wait_for_timeout(1000)  # the whole record is fetched for the replay


SLIDERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "epsilon": ("ε", ("steps", "spread", "mates", "placements", "folded")),
    "gamma": ("γ", ("steps", "graph")),
    "factor": ("a", ("rescaled",)),
}
"""Sliders of the Algorithm page: what they are called there, and the pictures that follow them."""


@needs_browser("from a slider to the changed picture")
def sliders(settings: Settings) -> list[Result]:
    """A slider of the Algorithm page moves by one step: seconds until a picture in view is painted with the new numbers."""
    pairs = [(slider, picture) for slider, (_, pictures) in SLIDERS.items() for picture in pictures]
    found: dict[tuple[str, str], list[float]] = {pair: [] for pair in pairs}
    with lab.chromium(settings.chromium) as browser, lab.serve(lab.LAB) as server, lab.visitor(browser) as page:
        _train_to_the_end(page, server.address, settings)
        page.locator("a[href*='/algorithm']").first.click()
        for slider, picture in pairs:
            name = f"algorithm_{picture}"
            page.locator(f".st-key-{name} .bn-panel").wait_for()
            _show(page, name)
            page.wait_for_timeout(2000)  # whatever else the page had to paint
            for k in range(settings.repeats + 1):
                took = lab.slid_until_painted(page, f"algorithm_{slider}", name, "ArrowLeft" if k % 2 else "ArrowRight")
                page.wait_for_timeout(300)
                if k:  # the first time numbers are computed that are kept afterwards
                    found[slider, picture].append(took)
    return [
        Row(f"the slider {SLIDERS[slider][0]} to the picture {picture}", "", "s", values, Goal("≤", 0.3))
        for (slider, picture), values in found.items()
    ]
