"""The lab as a visitor's hands and eyes see it: one page in Chromium.

Only what is promised to stay is used: `.st-key-<key>` around every widget, the data attributes of the stage (`.bn-stage`) and
of the figures (`.bn-panel`), the classes of the player's controls, the address, and the page's own store of numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

from bn_lab.i18n import Texts, texts
from bn_lab.server import addresses, assets

Curves = dict[str, tuple[list[float], list[float]]]
"""Name of a curve, such as `before.train.loss`, to its epochs and values."""

SECONDS = 1000
"""Playwright counts in milliseconds."""

LONG = "dataset=iris&epochs=5000&batch_size=2"
"""An experiment that trains for minutes on any machine: what a test does meanwhile is never overtaken by its end."""

STORE = f"/{addresses.MODULES}/{assets.modules_version()}/store.js"
"""The module in which the page keeps its numbers; imported again it is the same one."""

CURVES = """async (at) => {
    const store = await import(at), recording = store.current(), part = recording.parts.get("curves.loss"), found = {};
    const { epoch } = store.shown(), count = Math.min(part?.count ?? 0, Math.floor(epoch));
    const column = (offset) => Array.from({ length: count }, (_, k) => part.row(k)[offset]);
    for (const [field, [offset]] of Object.entries(recording.layouts["curves.loss"].fields)) {
        if (field.endsWith(".median")) found[field.slice(0, -7)] = [column(0).map((_, k) => k + 1), column(offset)];
    }
    return found;
}"""

ALL_THERE = """async ([at, epochs]) => {
    const store = await import(at), count = () => store.current()?.parts.get("curves.loss")?.count ?? 0;
    for (const latest = performance.now() + 30_000; count() < epochs && performance.now() < latest; )
        await new Promise((resolve) => setTimeout(resolve, 20));
}"""

MOMENTS = "async (at) => (await import(at)).shown().moments"

ROWS = """async ([at, part]) => {
    const store = await import(at), known = store.current().parts.get(part);
    return Array.from({ length: known?.count ?? 0 }, (_, k) => Array.from(known.row(k)));
}"""

NUMBERS = """plot => {
    const plain = (value) => value?.length ? Array.from(value, plain) : Number.isFinite(value) ? value : null;
    return plot.data.filter((trace) => trace.meta?.bind).map((trace) => Array.from(trace.z ?? trace.y ?? [], plain));
}"""


MISDRAWN = """
    const setAttribute = Element.prototype.setAttribute;
    Element.prototype.setAttribute = function (name, value) {
        if (name === "d" && String(value).includes("NaN")) {
            const panel = this.closest(".bn-panel"), { width, height } = panel?.getBoundingClientRect() ?? {};
            const key = panel?.dataset.name ?? /st-key-\\w+/.exec(panel?.closest("[class*=st-key-]")?.className)?.[0];
            const times = panel?.dataset.painted;
            console.error(`${this.getAttribute("class")} of ${key}, ${width} by ${height} px, painted ${times} times`);
        }
        return setAttribute.call(this, name, value);
    };
"""
"""Has a page say which figure it is of which a line leads nowhere: Chromium says only that there is one."""


class Lab:
    """A page of the lab, and whatever went wrong on it."""

    def __init__(self, page: Page, address: str, language: str) -> None:
        self.page, self.address = page, address
        self.words: Texts = texts(language)
        self.errors: list[str] = []
        self.tolerated: list[str] = []
        self.stage = page.locator(".bn-stage")
        page.add_init_script(MISDRAWN)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._hear)
        page.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        source = message.location.get("url", "")
        # Other hosts, such as one for fonts, are out of reach here on purpose. On a page below the first one Streamlit tries
        # its own addresses there, too, before it finds them where they are.
        if message.type == "error" and (not source or source.startswith(self.address)) and "/_stcore/" not in source:
            self.errors.append(f"{message.text} ({source})")

    def _see(self, request: Request) -> None:
        """Nothing on a page is of another site, which would know then who looks at it."""
        host = urlsplit(request.url).hostname
        if host not in (None, "127.0.0.1", "localhost"):
            self.errors.append(f"another site was asked: {request.url}")

    def tolerate(self, *parts: str) -> None:
        """Errors with these texts are what the test is about."""
        self.tolerated.extend(parts)

    def complaints(self) -> list[str]:
        """Errors of the page and of its figures."""
        heard = [error for error in self.errors if not any(text in error for text in self.tolerated)]
        broken = "() => [...document.querySelectorAll('[data-error]')].map((panel) => panel.dataset.error)"
        return heard + list(self.page.evaluate(broken))

    # Going somewhere.

    def open(self, query: str = "", path: str = "") -> Lab:
        """Open a link and wait until the page can be used."""
        self.page.goto(f"{self.address}/{path}" + (f"?{query}" if query else ""))
        if not path:
            self.ready()
        return self

    def ready(self) -> None:
        """Wait until the stage shows a moment."""
        expect(self.stage).to_have_attribute("data-cursor", re.compile("."))

    def settled(self) -> None:
        """Wait until Streamlit has nothing to do."""
        app = self.page.locator("[data-testid=stApp]")
        expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")
        expect(app).to_have_attribute("data-test-script-state", "notRunning")

    def address_parameters(self) -> dict[str, str]:
        """All parameters in the address."""
        search = str(self.page.evaluate("() => location.search.slice(1)"))
        return {name: values[-1] for name, values in parse_qs(search, keep_blank_values=True).items()}

    @property
    def query(self) -> dict[str, str]:
        """The parameters in the address, but for the moment, which follows the playhead a little later."""
        return {name: value for name, value in self.address_parameters().items() if name != "run"}

    @property
    def run(self) -> str:
        """The moment that the address says."""
        return self.address_parameters().get("run", "")

    def wait_for_query(self, **wanted: str) -> None:
        """Wait until the address has exactly these parameters; any moment where none is named."""
        self.page.wait_for_function(
            """wanted => { const found = Object.fromEntries(new URLSearchParams(location.search)), names = Object.keys(wanted);
            if (wanted.run === undefined) delete found.run;
            return names.length === Object.keys(found).length && names.every((name) => found[name] === wanted[name]) }""",
            arg=wanted,
        )

    def wait_for_run(self, run: str) -> None:
        """Wait until the address says this moment."""
        self.page.wait_for_function("run => (new URLSearchParams(location.search).get('run') ?? '') === run", arg=run)

    # The stage.

    def _said(self, name: str) -> str:
        return self.stage.get_attribute(f"data-{name}") or ""

    @property
    def recording(self) -> str:
        """Id of the recording on the stage."""
        return self._said("recording")

    @property
    def state(self) -> str:
        return self._said("state")

    @property
    def epoch(self) -> int:
        """Epochs that are trained."""
        return int(self._said("epoch"))

    @property
    def cursor(self) -> float:
        """The epoch on screen; NaN where there is none."""
        return float(self._said("cursor") or math.nan)

    @property
    def is_playing(self) -> bool:
        return self._said("playing") == "true"

    def button(self, name: str) -> Locator:
        """A control of the player: `play`, `start`, `back`, `forward`, `new-seed`, `longer`."""
        return self.stage.locator(f"button.bn-{name}")

    def press(self, name: str) -> None:
        self.button(name).click()

    def play(self) -> None:
        """Play, unless it does."""
        if not self.is_playing:
            self.press("play")
        expect(self.stage).to_have_attribute("data-playing", "true")

    def pause(self) -> None:
        """Pause, unless it stands."""
        if self.is_playing:
            self.press("play")
        self.expect_paused()

    def expect_paused(self, seconds: float = 30) -> None:
        expect(self.stage).to_have_attribute("data-playing", "false", timeout=seconds * SECONDS)

    def expect_state(self, state: str, seconds: float = 60) -> None:
        expect(self.stage).to_have_attribute("data-state", state, timeout=seconds * SECONDS)

    def speed(self, value: str) -> None:
        self.stage.locator(".bn-speed").select_option(value)

    def seek(self, epoch: float) -> None:
        """Type an epoch."""
        field = self.stage.locator("input.bn-epoch")
        field.fill(f"{epoch:g}")
        field.press("Enter")

    def expect_cursor(self, epoch: float, seconds: float = 30) -> None:
        expect(self.stage).to_have_attribute("data-cursor", f"{epoch:g}", timeout=seconds * SECONDS)

    def wait_for_epoch(self, epoch: int, seconds: float = 30) -> None:
        """Wait until so many epochs are trained."""
        self._wait(f"Number(stage.dataset.epoch) >= {epoch}", seconds)

    def wait_for_cursor(self, beyond: float, seconds: float = 30) -> None:
        """Wait until a later epoch is on screen."""
        self._wait(f"Number(stage.dataset.cursor) > {beyond}", seconds)

    def _wait(self, condition: str, seconds: float) -> None:
        self.page.wait_for_function(
            f"() => {{ const stage = document.querySelector('.bn-stage'); return stage && {condition} }}",
            timeout=seconds * SECONDS,
        )

    def expect_other(self, old: str) -> None:
        """Wait for another recording in the place of `old`, and a moment of it."""
        expect(self.stage).not_to_have_attribute("data-recording", old)
        self.ready()

    def train_to_the_end(self, seconds: float = 60) -> None:
        """Play, always at the newest moment, until the last one is on screen."""
        self.speed("follow")
        if not self.is_playing:
            self.press("play")  # it may be over before one could see it play
        self.expect_state("ended", seconds)
        self.expect_paused()
        self._wait("Number(stage.dataset.cursor) === Number(stage.dataset.epoch)", seconds)

    # The numbers.

    def curves(self) -> Curves:
        """The losses that the page has, of every epoch."""
        return {curve: (x, y) for curve, (x, y) in self.page.evaluate(CURVES, STORE).items()}

    def finished_curves(self, epochs: int) -> Curves:
        """The losses once there is one for every epoch."""
        self.page.evaluate(ALL_THERE, [STORE, epochs])
        return self.curves()

    def first_curves(self, epochs: int, seconds: float = 30) -> Curves:
        """The losses of the first epochs, once they are trained."""
        self.wait_for_epoch(epochs, seconds)
        return {curve: (x[:epochs], y[:epochs]) for curve, (x, y) in self.finished_curves(epochs).items()}

    def moments(self) -> list[float]:
        """Epochs of all moments that the page has."""
        return list(self.page.evaluate(MOMENTS, STORE))

    def rows(self, part: str) -> list[list[float]]:
        """All rows of a part that the page has."""
        return list(self.page.evaluate(ROWS, [STORE, part]))

    # The figures.

    def figure(self, name: str) -> Locator:
        """A figure of the stage: `network`, `loss`, `metric`, `boundary`, `predictions`."""
        return self.stage.locator(f".bn-figure[data-name={name}]")

    def panel(self, name: str) -> Locator:
        """A figure below the stage, or on another page."""
        return self.page.locator(f".st-key-{name} .bn-panel")

    def panels(self) -> list[str]:
        """Names of all figures below the stage."""
        names = """() => [...document.querySelectorAll(".bn-panel:not(.bn-figure)")].map((panel) =>
            /st-key-(\\w+)/.exec(panel.closest("[class*=st-key-]").className)[1])"""
        return list(self.page.evaluate(names))

    def see(self, name: str) -> Locator:
        """Bring a figure below the stage into view, and wait until it shows the moment on screen."""
        panel = self.panel(name)
        panel.evaluate("panel => panel.scrollIntoView({ block: 'center' })")
        self.in_step(panel)
        return panel

    def in_step(self, panel: Locator) -> None:
        """Wait until a figure in view shows the moment on screen."""
        handle = panel.element_handle()
        self.page.wait_for_function(
            """panel => { const stage = document.querySelector(".bn-stage");
            return Number(panel.dataset.painted) > 0 && panel.dataset.cursor === stage.dataset.cursor }""",
            arg=handle,
        )

    def plot(self, name: str) -> Locator:
        return self.page.locator(f".st-key-{name} .js-plotly-plot")

    def numbers(self, panel: Locator) -> list[Any]:
        """All that a figure draws from the recording, trace by trace."""
        return list(panel.locator(".js-plotly-plot").evaluate(NUMBERS))

    def drag(self, target: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag the mouse over a thing, from one place to another, in shares of its size from the top left."""
        box = target.bounding_box()
        assert box is not None
        places = [(box["x"] + fx * box["width"], box["y"] + fy * box["height"]) for fx, fy in (start, end)]
        mouse = self.page.mouse
        mouse.move(*places[0])
        mouse.down()
        mouse.move(*places[1], steps=8)
        mouse.up()

    def drag_thumb(self, key: str, to: float) -> None:
        """Drag the thumb of a slider, to a share of the slider's width from the left."""
        slider = self.page.locator(f".st-key-{key}")
        # The range input that screen readers see is hidden, with a width of its own: only its corner lies within the thumb.
        thumb, box = slider.get_by_role("slider").bounding_box(), slider.bounding_box()
        assert thumb is not None
        assert box is not None
        mouse = self.page.mouse
        mouse.move(thumb["x"], thumb["y"])
        mouse.down()
        mouse.move(box["x"] + to * box["width"], thumb["y"], steps=8)
        mouse.up()

    # The controls.

    def control(self, field: str) -> Locator:
        # Its present widget: after Back it is another one, with a number.
        return self.page.locator(f".st-key-field_{field}, [class*='st-key-field_{field}_']")

    def choose(self, field: str, option: str) -> None:
        """Pick an option of a select box by its name on screen."""
        self.control(field).locator("[data-testid=stSelectbox] input, [data-baseweb=select] input").first.click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def slide(self, field: str, key: str) -> None:
        """Move a slider of the sidebar with a key."""
        self.control(field).get_by_role("slider").press(key)

    def view(self, key: str, option: str) -> None:
        """Choose what a section shows."""
        self.page.locator(f".st-key-view_{key}").get_by_role("radio", name=option, exact=True).or_(
            self.page.locator(f".st-key-view_{key}").get_by_role("button", name=option, exact=True)
        ).first.click()

    def menu(self, name: str) -> None:
        """Choose an entry of the menu at the top: `presets`, `code`, `files`, `lesson`, `present`, or a page."""
        self.page.locator(".st-key-menu button").filter(visible=True).first.click()
        key = f"menu.{name}" if f"menu.{name}" in self.words else f"page.{name}"
        self.page.get_by_text(self.words(key), exact=True).filter(visible=True).last.click()

    def speak(self, language: str) -> None:
        """Switch the language by the switch at the top."""
        name = {"en": "English", "ko": "한국어"}[language]
        self.page.locator(".st-key-language_choice").get_by_text(name, exact=True).click()
        self.words = texts(language)


Visit = Callable[..., Lab]
"""`visit(query, path=…, language=…, width=…, height=…, dark=…, address=…)`: a new visitor with an own browser profile."""
