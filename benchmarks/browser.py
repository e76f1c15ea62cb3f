"""Servers and a real browser for the rows about the page."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
PORTS = range(8800, 8851)
LAB, EMPTY = ("-m", "streamlit", "run", "app.py"), ("-m", "streamlit", "run", "benchmarks/empty_page.py")
CHART = ("-m", "streamlit", "run", "benchmarks/chart_page.py")
MEASURING_LAB = ("benchmarks/lab_server.py",)

WORKER = "bn_lab.service.worker"
"""What the command line of a worker has in it."""

BINARY = 2
"""Of a websocket message: its opcode."""

STREAM = "lab/stream"
"""Where the address of the websocket ends over which a page's recordings come."""

IDLE = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"

USABLE: Mapping[tuple[str, ...], str] = {
    LAB: f"""() => document.querySelector("{IDLE}") &&
        [...document.querySelectorAll(".bn-stage .bn-play")].some((button) => button.getClientRects().length) &&
        [...document.querySelectorAll(".bn-stage .bn-figure")].some((figure) => Number(figure.dataset.painted) > 0)""",
    CHART: f"""() => document.querySelector("{IDLE}") && document.querySelector(".js-plotly-plot .scatterlayer .js-line")""",
    EMPTY: f"""() => document.querySelector("{IDLE}") && document.querySelector("h1")?.offsetParent""",
}
"""When a page can be used: the script has run, and a picture and the button ▶ are there (or, on the empty page, the title, and
on the one with a chart its line)."""

IN_VIEW = """(element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight + 1 && box.right <= innerWidth + 1;
}"""
"""Whether the whole of an element can be seen without scrolling."""


class BrowserMissingError(RuntimeError):
    """There is no browser, or nothing to drive it."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    address: str

    @property
    def resident(self) -> float:
        """Memory of the page's process that is really there, MB."""
        return resident(self.process.pid)

    @property
    def workers(self) -> list[int]:
        """Ids of the processes that train for it."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        processes = {int(child) for each in children for child in each.read_text(encoding="utf-8").split()}
        return sorted(pid for pid in processes if WORKER in _command(pid))

    def ask(self, **order: object) -> None:
        """Give an order to a server that measures."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        """Wait for its answer."""
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("@"):
                return json.loads(line[1:])
        raise RuntimeError("the server ended")


def resident(pid: int) -> float:
    """Memory of a process that is really there, MB."""
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    assert match
    return int(match[1]) / 1e3


def processor_time(pid: int) -> float:
    """Seconds of a core that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except OSError:
        return ""  # it has just ended


def free_port() -> int:
    for port in PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"no free port in {PORTS}")


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def serve(command: tuple[str, ...], *, workers: int | None = None, log: IO[bytes] | None = None) -> Iterator[Server]:
    """Run a server until the end of the block; it answers when the block begins.

    Args:
        command: `LAB`, `EMPTY`, or `MEASURING_LAB`, which can be asked.
        workers: how many processes train; by default as many as the lab starts by itself.
        log: where it writes what it has to say, if anywhere.
    """
    said = log or subprocess.DEVNULL
    port = free_port()
    options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true", "--server.fileWatcherType=none"]
    asked = command == MEASURING_LAB
    process = subprocess.Popen(
        [sys.executable, *command, *options],
        cwd=ROOT,
        env=os.environ | ({} if workers is None else {"BN_LAB_WORKERS": str(workers)}),
        stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
        stdout=subprocess.PIPE if asked else said,
        stderr=said,
        text=True,
    )
    with process:
        try:
            address, latest = f"http://127.0.0.1:{port}", time.monotonic() + 60
            while not _is_healthy(address):
                if process.poll() is not None or time.monotonic() > latest:
                    raise RuntimeError("the server does not start")
                time.sleep(0.005)
            yield Server(process, address)
        finally:
            end(process)


def end(process: subprocess.Popen[Any]) -> None:
    """End a process that was started here, by force if it does not listen."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Let what is started in this block stay on one core; None leaves the choice to the system."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def chromium(path: Path | None, core: int | None = None) -> Iterator[Browser]:
    """A headless browser, which asks no other host for anything, on the core `core`.

    Raises:
        BrowserMissingError: if there is none, or no Playwright.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise BrowserMissingError("no Playwright: install the development requirements") from None
    if path is None:
        raise BrowserMissingError("no browser: install chromium, or name one in BN_LAB_CHROMIUM")
    options = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    with contextlib.ExitStack() as stack:
        with on_core(core):
            playwright = stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=path, args=options)
        stack.callback(browser.close)
        yield browser


@contextmanager
def visitor(browser: Browser, width: int = 1280, height: int = 800) -> Iterator[Page]:
    """A page with an own, fresh profile."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-US")
    context.set_default_timeout(120_000)
    try:
        yield context.new_page()
    finally:
        context.close()


def opened(page: Page, address: str, command: tuple[str, ...] = LAB, query: str = "") -> None:
    """Open a page and wait until it can be used."""
    page.goto(f"{address}/?{query}", wait_until="commit")
    page.wait_for_function(USABLE[command], polling="raf")


def press(page: Page, name: str) -> None:
    """Press a button of the player: `play`, `back`, `forward`, `start`."""
    page.locator(f".bn-stage .bn-{name}").filter(visible=True).click()


def play(page: Page) -> None:
    """Have the stage play, unless it does already."""
    if stage(page, "playing") != "true":
        press(page, "play")


def stage(page: Page, name: str) -> str:
    """What the stage says of itself: `state`, `epoch` (trained), `cursor` (shown), `playing`, `target`."""
    return str(page.locator(".bn-stage").get_attribute(f"data-{name}"))


def wait_for_state(page: Page, *states: str) -> None:
    """Wait until the recording on the stage is in one of `states`: ready, queued, training, ended, failed."""
    page.wait_for_function("states => states.includes(document.querySelector('.bn-stage').dataset.state)", arg=list(states))


def wait_for_epoch(page: Page, epoch: float, what: str = "epoch") -> None:
    """Wait until so many epochs are trained, or shown (`what="cursor"`)."""
    page.wait_for_function(
        "([what, epoch]) => Number(document.querySelector('.bn-stage').dataset[what]) >= epoch", arg=[what, epoch]
    )


def times_until(page: Page, event: str, act: Callable[[], None], conditions: Sequence[str]) -> list[float]:
    """Do something; seconds from its `event` until the pictures are painted in which each of the conditions (JavaScript) holds.

    A condition may look at `stage`, at the `figures` on it that are in view, and at `before`: what the stage said of itself.
    """
    page.evaluate(
        """([event, conditions, inView]) => {
            const stage = document.querySelector(".bn-stage"), before = { ...stage.dataset };
            const isInView = new Function(`return ${inView}`)();
            const figures = [...stage.querySelectorAll(".bn-figure")].filter(isInView);
            const holds = conditions.map((each) => new Function("stage", "figures", "before", `return ${each}`));
            window.took = conditions.map(() => null);
            addEventListener(event, () => {
                const start = performance.now(), left = new Set(holds.keys());
                const look = () => requestAnimationFrame(() => {
                    for (const k of left) {
                        if (!holds[k](stage, figures, before)) continue;
                        left.delete(k);
                        setTimeout(() => { window.took[k] = performance.now() - start; }); // after this picture
                    }
                    if (left.size) look();
                });
                look();
            }, { capture: true, once: true });
        }""",
        [event, list(conditions), IN_VIEW],
    )
    act()
    page.wait_for_function("() => !window.took.includes(null)")
    return [float(took) / 1e3 for took in page.evaluate("() => window.took")]


def slid_until_painted(page: Page, slider: str, panel: str, key: str) -> float:
    """Press a key on a slider; seconds until a figure is painted anew. Both by their names on the page."""
    page.evaluate(
        """([slider, panel]) => {
            const picture = document.querySelector(`.st-key-${panel} .bn-panel`), before = picture.dataset.painted;
            const input = document.querySelector(`.st-key-${slider} input`);
            window.took = null;
            input.focus({ preventScroll: true });
            input.addEventListener("keydown", () => {
                const start = performance.now();
                const look = () => requestAnimationFrame(() => {
                    if (picture.dataset.painted !== before) setTimeout(() => { window.took = performance.now() - start; });
                    else look();
                });
                look();
            }, { capture: true, once: true });
        }""",
        [slider, panel],
    )
    page.keyboard.press(key)
    page.wait_for_function("() => window.took !== null")
    return float(page.evaluate("() => window.took")) / 1e3


class Traffic:
    """What a page's websockets have received.

    Attributes:
        streamed: bytes that came over the stream of its recordings. others: over Streamlit's own connection.
    """

    def __init__(self, page: Page) -> None:
        self.streamed = self.others = 0
        self._streams: set[str] = set()
        self._session: Any = page.context.new_cdp_session(page)
        self._session.send("Network.enable")
        self._session.on("Network.webSocketCreated", self._created)
        self._session.on("Network.webSocketFrameReceived", self._received)

    def _created(self, event: dict[str, Any]) -> None:
        if event["url"].endswith(STREAM):
            self._streams.add(event["requestId"])

    def _received(self, event: dict[str, Any]) -> None:
        response = event["response"]
        payload = response["payloadData"]
        size = len(base64.b64decode(payload)) if response["opcode"] == BINARY else len(payload.encode())
        if event["requestId"] in self._streams:
            self.streamed += size
        else:
            self.others += size
