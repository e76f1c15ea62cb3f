"""The lab as a visitor's hands and eyes see it: one page in Chromium.

Only what is promised to stay is used: `.st-key-<key>` around every widget, the attributes `data-run`, `data-run-state`,
`data-epoch` and `data-cursor` of the replay bar, `data-run`, `data-painted` and `data-cursor` of the figures, and the address.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from bn_lab.i18n import Texts, texts

Numbers = list[list[object]]
"""What each trace of a figure draws; None where there is no number."""

Curves = dict[str, tuple[list[float], list[float]]]
"""Name of a curve, such as `before.train.loss`, to its epochs and values."""

SECONDS = 1000
"""Playwright counts in milliseconds."""

ACTIVE = re.compile("^(queued|running)$")

LONG = "dataset=iris&epochs=5000&batch_size=2"
"""An experiment that trains for minutes on any machine: what a test does meanwhile is never overtaken by its end."""

CURVES = """name => {
    const found = {};
    for (const trace of document.querySelector(`.st-key-${name} .js-plotly-plot`)?.data ?? []) {
        const curve = trace.meta?.bind?.y?.curve ?? "";
        if (curve.endsWith(".median")) found[curve.slice(0, -7)] = [Array.from(trace.x), Array.from(trace.y)];
    }
    return found;
}"""

POINTS = """name => Math.max(0, ...(document.querySelector(`.st-key-${name} .js-plotly-plot`)?.data ?? [])
    .filter((trace) => trace.meta?.bind?.y?.curve?.endsWith(".median")).map((trace) => trace.y.length))"""

NUMBERS = """name => {
    const plain = (value) => value?.length ? Array.from(value, plain) : Number.isFinite(value) ? value : null;
    const traces = document.querySelector(`.st-key-${name} .js-plotly-plot`).data.filter((trace) => trace.meta?.bind);
    return traces.map((trace) => Array.from(trace.z ?? trace.y ?? [], plain));
}"""

IN_STEP = """name => {
    const feed = document.querySelector(".bn-feed"), panel = document.querySelector(`.st-key-${name} .bn-panel`);
    return feed && panel && Number(panel.dataset.painted) > 0 && panel.dataset.run === feed.dataset.run
        && panel.dataset.cursor === feed.dataset.cursor;
}"""

PANELS = """() => [...document.querySelectorAll(".bn-panel")].map((panel) =>
    /st-key-(\\w+)/.exec(panel.closest("[class*=st-key-]").className)[1])"""


class Lab:
    """A page of the lab, and whatever went wrong on it."""

    def __init__(self, page: Page, address: str, language: str) -> None:
        self.page, self.address = page, address
        self.words: Texts = texts(language)
        self.errors: list[str] = []
        self.tolerated: list[str] = []
        self.feed = page.locator(".bn-feed")
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        source = message.location.get("url", "")
        # Other hosts, such as one for fonts, are out of reach here on purpose. On a page below the first one Streamlit tries
        # its own addresses there, too, before it finds them where they are.
        if message.type == "error" and (not source or source.startswith(self.address)) and "/_stcore/" not in source:
            self.errors.append(f"{message.text} ({source})")

    def tolerate(self, text: str) -> None:
        """An error with this text is what the test is about."""
        self.tolerated.append(text)

    def complaints(self) -> list[str]:
        """Errors of the page and of its figures."""
        heard = [error for error in self.errors if not any(text in error for text in self.tolerated)]
        broken = "() => [...document.querySelectorAll('[data-error]')].map((panel) => panel.dataset.error)"
        return heard + list(self.page.evaluate(broken))

    # Going somewhere.

    def open(self, query: str = "", path: str = "", *, join: bool = False) -> Lab:
        """Open a link and wait until the page can be used.

        Args:
            join: stay where other visitors of the link are, if there are any; otherwise there is a training from the beginning.
        """
        self.page.goto(f"{self.address}/{path}" + (f"?{query}" if query else ""))
        if not path:
            self.ready()
            if not join and self.state != "ready":
                self.press("reset")
                self.expect_state("ready")
        return self

    def ready(self) -> None:
        """Wait until there are buttons and the replay bar has its first frame."""
        expect(self.page.locator(".st-key-player button").filter(visible=True).first).to_be_visible()
        expect(self.feed).to_have_attribute("data-run", re.compile("."))

    def settled(self) -> None:
        """Wait until Streamlit has nothing to do; for pages on which nothing trains."""
        app = self.page.locator("[data-testid=stApp]")
        expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")
        expect(app).to_have_attribute("data-test-script-state", "notRunning")

    @property
    def query(self) -> dict[str, str]:
        """The parameters in the address, but for how far the training is meant to go."""
        found = parse_qs(urlsplit(self.page.url).query)
        return {name: values[-1] for name, values in found.items() if name != "run"}

    @property
    def wanted(self) -> str:
        """How far the training is meant to go, by the address."""
        return parse_qs(urlsplit(self.page.url).query).get("run", [""])[-1]

    def wait_for_query(self, **wanted: str) -> None:
        """Wait until the address has exactly these parameters, and maybe how far the training is meant to go."""
        self.page.wait_for_function(
            """wanted => { const found = Object.fromEntries(new URLSearchParams(location.search)), names = Object.keys(wanted);
            delete found.run;
            return names.length === Object.keys(found).length && names.every((name) => found[name] === wanted[name]) }""",
            arg=wanted,
        )

    # The training.

    def _said(self, name: str) -> str:
        return self.feed.get_attribute(f"data-{name}") or ""

    @property
    def run(self) -> str:
        """Id of the training on screen."""
        return self._said("run")

    @property
    def state(self) -> str:
        return self._said("run-state")

    @property
    def epoch(self) -> int:
        """Epochs that are trained."""
        return int(self._said("epoch"))

    @property
    def cursor(self) -> float:
        """The epoch that the pictures show; NaN where there is none."""
        return float(self._said("cursor") or math.nan)

    def button(self, name: str) -> Locator:
        # Streamlit draws a button with a help text twice, for wide and for narrow screens, and hides one of them.
        return self.page.locator(f".st-key-player_{name} button").filter(visible=True)

    def press(self, name: str) -> None:
        """Press a button of the player."""
        self.button(name).click()

    def expect_state(self, state: str | re.Pattern[str], seconds: float = 30) -> None:
        expect(self.feed).to_have_attribute("data-run-state", state, timeout=seconds * SECONDS)

    def expect_new_run(self, old: str) -> None:
        """Wait for a training that has not begun, in the place of `old`."""
        expect(self.feed).not_to_have_attribute("data-run", old)
        self.expect_state("ready")

    def wait_for_epoch(self, epoch: int, seconds: float = 30) -> None:
        """Wait until so many epochs are trained."""
        self.page.wait_for_function(
            "epoch => Number(document.querySelector('.bn-feed')?.dataset.epoch) >= epoch", arg=epoch, timeout=seconds * SECONDS
        )

    def train(self, until: int = 1) -> None:
        """Press Train and wait for some epochs."""
        self.press("train")
        self.wait_for_epoch(until)

    def train_to_the_end(self, seconds: float = 60) -> None:
        self.press("train")
        self.expect_state("done", seconds)

    # The figures.

    def plot(self, name: str) -> Locator:
        return self.page.locator(f".st-key-{name} .js-plotly-plot")

    def panel(self, name: str) -> Locator:
        return self.page.locator(f".st-key-{name} .bn-panel")

    def panels(self) -> list[str]:
        """Names of all figures on the page."""
        return list(self.page.evaluate(PANELS))

    def see(self, name: str) -> None:
        """Bring a figure into view, and wait until it shows the epoch of the replay bar; only what is in view is painted."""
        self.panel(name).evaluate("panel => panel.scrollIntoView({ block: 'center' })")  # clear of the bars above and below
        self.page.wait_for_function(IN_STEP, arg=name)

    def curves(self, name: str = "loss") -> Curves:
        """What the lines of a figure show now."""
        return {curve: (x, y) for curve, (x, y) in self.page.evaluate(CURVES, name).items()}

    def finished_curves(self, epochs: int, name: str = "loss") -> Curves:
        """The lines of a figure once they have a point for every epoch."""
        self.see(name)
        self.page.wait_for_function(f"([name, epochs]) => ({POINTS})(name) === epochs", arg=[name, epochs])
        return self.curves(name)

    def points(self, name: str = "loss") -> int:
        """How long the longest line of a figure is."""
        return int(self.page.evaluate(POINTS, name))

    def wait_for_points(self, more_than: int, name: str = "loss") -> int:
        """Wait until a line has grown; how long it is then."""
        self.page.wait_for_function(f"([name, points]) => ({POINTS})(name) > points", arg=[name, more_than])
        return self.points(name)

    def numbers(self, name: str) -> Numbers:
        """All that a figure draws from the training, trace by trace."""
        return list(self.page.evaluate(NUMBERS, name))

    def wait_for_other_numbers(self, name: str, old: Numbers) -> None:
        """Wait until a figure draws something else."""
        script = f"([name, old]) => JSON.stringify(({NUMBERS})(name)) !== JSON.stringify(old)"
        self.page.wait_for_function(script, arg=[name, old])

    def range(self, name: str, axis: str = "xaxis") -> list[float]:
        """The range of a figure's axis, exponents where it is logarithmic."""
        script = "([name, axis]) => document.querySelector(`.st-key-${name} .js-plotly-plot`)._fullLayout[axis].range"
        return [float(end) for end in self.page.evaluate(script, [name, axis])]

    def drag(
        self,
        target: Locator,
        start: tuple[float, float],
        end: tuple[float, float],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        """Drag the mouse over a thing, from one place to another, in shares of its size from the top left.

        `meanwhile` is called while the button is held, before the mouse moves and before it is let go.
        """
        box = target.bounding_box()
        assert box is not None
        places = [(box["x"] + fx * box["width"], box["y"] + fy * box["height"]) for fx, fy in (start, end)]
        mouse = self.page.mouse
        mouse.move(*places[0])
        mouse.down()
        meanwhile()
        mouse.move(*places[1], steps=8)
        meanwhile()
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
        return self.page.locator(f".st-key-field_{field}")

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

    def speak(self, language: str) -> None:
        """Switch the language by the switch in the sidebar."""
        name = {"en": "English", "ko": "한국어"}[language]
        self.page.locator(".st-key-language_choice").get_by_text(name, exact=True).click()
        self.words = texts(language)


Visit = Callable[..., Lab]
"""`visit(query, path=…, language=…, width=…, height=…, dark=…, address=…)`: a new visitor with an own browser profile."""
