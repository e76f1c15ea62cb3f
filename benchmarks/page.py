"""The page: in a real browser, on a real server, from outside."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial, wraps
from itertools import count
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import browser as lab
from benchmarks.engine import PROGRAM
from benchmarks.measure import Goal, Result, Row, interleave, ratios
from benchmarks.settings import Settings
from bn_lab.sharing import link

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LONG = replace(PROGRAM, epochs=5000)

MOVING = """figures.some((figure) => Number(figure.dataset.cursor) > 0)"""
"""A picture shows more than the untrained networks. Like those below, a condition of `times_until`."""

PAUSED = """stage.dataset.playing === "false" """
FIRST, ALL = (
    f"""stage.dataset.cursor !== before.cursor && figures.{most}((figure) => figure.dataset.cursor === stage.dataset.cursor)"""
    for most in ("some", "every")
)
"""A picture in view shows another moment, or all of them do."""

CHANGED = (
    """Number(stage.dataset.cursor) < 5 && figures.some(({ dataset }) => dataset.cursor !== "" && Number(dataset.cursor) < 5)"""
)
"""A picture shows the beginning, of another experiment where the one before was further."""

LOOK = """() => [...document.querySelectorAll(".bn-stage .bn-figure")].some((figure) => Number(figure.dataset.cursor) > 0)"""

PAINTED = """() => Number(document.querySelector(".bn-figure[data-name=network]").dataset.painted)"""
"""How often the picture of the networks was painted."""

PARTS = {
    "loss": ".bn-figure[data-name=loss]",
    "layers": ".bn-figure[data-name=network]",
    "numbers": ".bn-numbers",
    "sentence": ".bn-sentence",
    "player": ".bn-play",
}
"""What there is to see of an experiment that is being trained."""

SCREENS = {
    (1280, 800): ("loss", "layers", "numbers", "sentence", "player"),
    (390, 844): ("loss", "numbers", "sentence", "player"),
}
"""Width and height of a window, and what has to be in view in it without scrolling; on a phone one picture."""

Measurement = Callable[[Settings], list[Result]]

seeds = count(1)
"""An experiment that nobody has trained yet differs by its seed alone, which changes no cost."""


def fresh(**changes: object) -> str:
    """The query of an experiment that has not been trained yet."""
    return link("", replace(LONG, seed=next(seeds), **changes)).lstrip("?")  # type: ignore[arg-type]


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
    first, last = settings.long(1000, 50), settings.long(4500, 500)
    with ExitStack() as stack:
        browser = stack.enter_context(lab.chromium(settings.chromium, other))
        with lab.on_core(own):
            server = stack.enter_context(lab.serve(lab.MEASURING_LAB, workers=1))

        def train(seed: int) -> None:
            server.ask(order="rate", first=first, last=last, experiment=LONG.differences() | {"seed": seed})

        def unseen() -> float:
            train(next(seeds))
            return float(server.answer())

        def seen() -> float:
            seed = next(seeds)
            with lab.visitor(browser) as page:
                lab.opened(page, server.address, query=link("", replace(LONG, seed=seed)).lstrip("?"))
                train(seed)
                lab.play(page)  # long before the first of those epochs
                return float(server.answer())

        rates = interleave({"unwatched": unseen, "watched": seen}, settings.repeats)
    details = {f"{name}_epochs_per_second": median(values) for name, values in rates.items()} | {"cores": len(cores)}
    note = f"{len(cores)} cores, the browser on one of its own" if other is not None else "one core for server and browser"
    slower = [100 * (ratio - 1) for ratio in ratios(rates["unwatched"], rates["watched"])]
    return [Row("training while a browser watches", "the same run unwatched", "% slower", slower, Goal("≤", 2), note, details)]


@needs_browser("what is in view while it trains")
def view(settings: Settings) -> list[Result]:
    """What is in view without scrolling while networks train, on a laptop and on a phone."""
    rows: list[Result] = []
    with lab.chromium(settings.chromium) as browser, lab.serve(lab.LAB) as server:
        for (width, height), wanted in SCREENS.items():
            with lab.visitor(browser, width, height) as page:
                lab.opened(page, server.address, query=fresh())
                lab.play(page)
                lab.wait_for_epoch(page, 1, "cursor")
                seen = [name for name, where in PARTS.items() if _is_in_view(page, where)]
                pictures = page.locator(".bn-figure").all()
                shown = sum(bool(each.evaluate(lab.IN_VIEW)) for each in pictures)
            what = f"of {', '.join(wanted)} in view at {width}×{height}"
            goal = Goal("≥", len(wanted))
            note = f"{shown} pictures; missing: {', '.join(set(wanted) - set(seen)) or 'nothing'}"
            rows.append(Row(what, "", "", [len(set(wanted) & set(seen))], goal, note, {"seen": seen, "pictures": shown}))
    return rows


def _is_in_view(page: Page, selector: str) -> bool:
    return any(each.evaluate(lab.IN_VIEW) for each in page.locator(selector).all())


@needs_browser("first moving picture, pause, step, seek, pictures a second, bytes, jumps")
def live(settings: Settings) -> list[Result]:
    """A training on the page: first moving picture, pause, step, seek, pictures a second, bytes of a recording, jumps."""
    times: dict[str, list[float]] = {}

    def note(**values: float) -> None:
        for name, value in values.items():
            times.setdefault(name, []).append(value)

    with lab.chromium(settings.chromium) as browser, lab.serve(lab.LAB) as server:
        _visit(browser, server.address, lab.LAB)  # warms the server up
        for _ in range(settings.repeats):
            with lab.visitor(browser) as page:
                lab.opened(page, server.address, query=fresh(batch_size=4))  # it lasts for a minute
                _rest(page)
                note(first=lab.times_until(page, "click", partial(lab.press, page, "play"), [MOVING])[0])
                lab.wait_for_epoch(page, 10, "cursor")
                note(usual=_pictures_a_second(page, settings.long(4)))
                page.select_option(".bn-speed", "4")
                note(fast=_pictures_a_second(page, settings.long(4)))
                page.locator(".st-key-field_epsilon").get_by_role("slider").focus()
                for change, event, act in (
                    ("slid", "keydown", partial(page.keyboard.press, "ArrowRight")),
                    ("seed", "click", partial(lab.press, page, "new-seed")),
                ):
                    lab.wait_for_epoch(page, 10, "cursor")
                    note(**{change: lab.times_until(page, event, act, [CHANGED])[0]})
                lab.wait_for_epoch(page, 1, "cursor")
                note(pause=lab.times_until(page, "click", partial(lab.press, page, "play"), [PAUSED])[0])
                for act, event, where in (("step", "click", ".bn-back"), ("seek", "pointerdown", ".bn-timeline")):
                    page.wait_for_timeout(500)
                    press = partial(_press, page, where)
                    one, every = lab.times_until(page, event, press, [FIRST, ALL])
                    note(**{act: one, f"{act}_all": every})
            with lab.visitor(browser) as page:
                note(**_whole(page, server.address, settings.long(1000, 100)))
    milliseconds = {name: [1e3 * took for took in times[name]] for name in ("pause", "step", "step_all", "seek", "seek_all")}
    speed, answer = "pictures a second, while it trains, at the usual speed", Goal("≤", 50)
    change = Goal("≤", 0.4)
    return [
        Row("first moving picture after a click on ▶", "", "s", times["first"], Goal("≤", 0.3)),
        Row(
            "another seed while it plays, to the first new picture, with the one before under it",
            "",
            "s",
            times["seed"],
            change,
        ),
        Row("… another ε, of which Streamlit's slider waits 0.2 s for more", "", "s", times["slid"], change),
        Row(speed, "", "a second", times["usual"], Goal("≥", 10)),
        Row("… at four times the usual speed", "", "a second", times["fast"]),
        Row("pause, while it trains", "", "ms", milliseconds["pause"], answer),
        Row("one step back, to the first picture that shows it", "", "ms", milliseconds["step"], answer),
        Row("… to the last one in view", "", "ms", milliseconds["step_all"]),
        Row("a place on the timeline, to the first picture that shows it", "", "ms", milliseconds["seek"], answer),
        Row("… to the last one in view", "", "ms", milliseconds["seek_all"]),
        Row("a whole recording of 1000 epochs, watched live", "", "kB", times["streamed"], Goal("≤", 1200)),
        Row("… what Streamlit sends besides, page included", "", "kB", times["others"]),
        Row("layout shifts from the loaded page to after the run", "", "", times["shifts"], Goal("≤", 0.01)),
    ]


def _rest(page: Page) -> None:
    """See to it that the page stands at the untrained moment, and wait until it has nothing to do."""
    if lab.stage(page, "playing") == "true":
        raise RuntimeError("a link to an experiment opens ready to play, and this one plays")
    page.wait_for_timeout(1000)


def _press(page: Page, where: str) -> None:
    """Click a quarter of the way into it: on the timeline that is an early moment, which has long been trained."""
    target = page.locator(f".bn-stage {where}").filter(visible=True)
    box = target.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)


def _pictures_a_second(page: Page, seconds: float) -> float:
    start, before = time.perf_counter(), page.evaluate(PAINTED)
    page.wait_for_timeout(1e3 * seconds)
    return float(page.evaluate(PAINTED) - before) / (time.perf_counter() - start)


def _whole(page: Page, address: str, epochs: int) -> dict[str, float]:
    """Watch a whole run: kB that came over the stream and from Streamlit, and how much on the page jumped."""
    traffic = lab.Traffic(page)
    lab.opened(page, address, query=fresh(epochs=epochs))
    _rest(page)
    page.evaluate(
        """() => {
            window.shifts = 0;
            const count = (list) => { for (const { value } of list.getEntries()) window.shifts += value; };
            new PerformanceObserver(count).observe({ type: "layout-shift" });
        }"""
    )
    page.select_option(".bn-speed", "4")
    lab.play(page)
    lab.wait_for_state(page, "ended")
    lab.wait_for_epoch(page, epochs, "cursor")
    page.wait_for_timeout(1000)
    return {"streamed": traffic.streamed / 1e3, "others": traffic.others / 1e3, "shifts": page.evaluate("() => window.shifts")}


@needs_browser("from the command to a usable page", "an empty Streamlit page")
def opening(settings: Settings) -> list[Result]:
    """Opening the plain address, beside an empty Streamlit page and one with a chart: a cold server, and a second visitor."""
    pages: dict[str, tuple[str, ...]] = {"lab": lab.LAB, "empty": lab.EMPTY, "chart": lab.CHART}
    moving: dict[str, list[float]] = {"started": [], "visited": []}
    with lab.chromium(settings.chromium) as browser:

        def cold(command: tuple[str, ...]) -> float:
            start = time.perf_counter()
            with lab.serve(command) as server, lab.visitor(browser) as page:
                lab.opened(page, server.address, command)
                usable = time.perf_counter() - start
                if command == lab.LAB:
                    moving["started"].append(_moved(page, start))
                return usable

        def second(command: tuple[str, ...]) -> float:
            usable, moved = _visit(browser, servers[command].address, command)
            if command == lab.LAB:
                moving["visited"].append(moved)
            return usable

        started = interleave({name: partial(cold, command) for name, command in pages.items()}, settings.repeats)
        with ExitStack() as stack:
            servers = {command: stack.enter_context(lab.serve(command)) for command in pages.values()}
            visited = interleave({name: partial(second, command) for name, command in pages.items()}, settings.repeats)
    rows: list[Result] = []
    for what, times, moved in (
        ("cold server to a usable page", started, moving["started"]),
        ("a second visitor's page", visited, moving["visited"]),
    ):
        times |= {"moving": moved[1:]}  # the first round warmed up
        details = {f"{name}_seconds": median(values) for name, values in times.items()}
        usable, moves = (ratios(times[name], times["empty"]) for name in ("lab", "moving"))
        against, goal = "an empty Streamlit page", Goal("≤", 3)
        rows.append(Row(what, against, "× its time", usable, goal, details=details))
        rows.append(Row("… to a moving picture", against, "× its time", moves, goal if times is visited else None))
        rows.append(
            Row("… usable", "a page with one chart", "× its time", ratios(times["lab"], times["chart"]), details=details)
        )
    return rows


def _visit(browser: Browser, address: str, command: tuple[str, ...]) -> tuple[float, float]:
    """A visitor of the plain address with a fresh profile: seconds until the page can be used, and until a picture moves."""
    with lab.visitor(browser) as page:
        start = time.perf_counter()
        lab.opened(page, address, command)
        usable = time.perf_counter() - start
        return usable, _moved(page, start) if command == lab.LAB else usable


def _moved(page: Page, start: float) -> float:
    page.wait_for_function(LOOK, polling="raf")
    return time.perf_counter() - start


def _show(page: Page, name: str) -> None:
    """Bring a figure into view; only what is in view is painted. Streamlit has two of it while the page changes."""
    page.wait_for_function("name => document.querySelectorAll(`.st-key-${name} .bn-panel`).length === 1", arg=name)
    page.locator(f".st-key-{name} .bn-panel").evaluate("panel => panel.scrollIntoView({ block: 'center' })")


SLIDERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "epsilon": ("ε", ("steps", "spread", "composition", "placements", "folded")),
    "gamma": ("γ", ("steps", "graph")),
    "factor": ("a", ("rescaled",)),
}
"""Sliders of the Algorithm page: what they are called there, and the pictures that follow them."""


@needs_browser("from a slider to the changed picture")
def sliders(settings: Settings) -> list[Result]:
    """A slider of the Algorithm page moves by one step: seconds until a picture in view is painted with the new numbers."""
    pairs = [(slider, picture) for slider, (_, pictures) in SLIDERS.items() for picture in pictures]
    times: dict[tuple[str, str], list[float]] = {pair: [] for pair in pairs}
    with lab.chromium(settings.chromium) as browser, lab.serve(lab.LAB) as server, lab.visitor(browser) as page:
        lab.opened(page, server.address, query=f"epochs={settings.long(1000, 20)}")
        lab.play(page)
        lab.wait_for_state(page, "ended")
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
                    times[slider, picture].append(took)
    return [
        Row(f"the slider {SLIDERS[slider][0]} to the picture {picture}", "", "s", values, Goal("≤", 0.3))
        for (slider, picture), values in times.items()
    ]
