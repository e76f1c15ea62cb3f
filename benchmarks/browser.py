"""Servers and a real browser for the rows about the page."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
PORTS = range(8800, 8851)
LAB, EMPTY = ("-m", "streamlit", "run", "app.py"), ("-m", "streamlit", "run", "benchmarks/empty_page.py")
MEASURING_LAB = ("benchmarks/lab_server.py",)

BINARY = 2
"""Of a websocket message: its opcode."""

IDLE = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"

USABLE: Mapping[tuple[str, ...], str] = {
    LAB: f"""() => document.querySelector("{IDLE}") && document.querySelector(".bn-feed[data-run]:not([data-run=''])") &&
        [...document.querySelectorAll(".st-key-player_train button")].some((b) => !b.disabled && b.offsetParent)""",
    EMPTY: f"""() => document.querySelector("{IDLE}") && document.querySelector("h1")?.offsetParent""",
}
"""When a page can be used: the script has run, and the button is there (or, on the empty page, the title)."""


class BrowserMissingError(RuntimeError):
    """There is no browser, or nothing to drive it."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    address: str

    @property
    def resident(self) -> float:
        """Memory that is really there, MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1e3

    def ask(self, order: str) -> None:
        """Send a line to a server that measures."""
        assert self.process.stdin
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        """Wait for its answer."""
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("@"):
                return line[1:]
        raise RuntimeError("the server ended")


def _free_port() -> int:
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
def serve(command: tuple[str, ...]) -> Iterator[Server]:
    """Run a server until the end of the block; it answers when the block begins."""
    port = _free_port()
    options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true", "--server.fileWatcherType=none"]
    asked = command == MEASURING_LAB
    process = subprocess.Popen(
        [sys.executable, *command, *options],
        cwd=ROOT,
        stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
        stdout=subprocess.PIPE if asked else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
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
def visitor(browser: Browser) -> Iterator[Page]:
    """A page with an own, fresh profile."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
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
    """Press a button of the player; Streamlit draws it twice and hides one."""
    page.locator(f".st-key-player_{name} button").filter(visible=True).click()


def wait_for_state(page: Page, *states: str) -> None:
    """Wait until the training on screen is in one of `states`."""
    page.wait_for_function("states => states.includes(document.querySelector('.bn-feed').dataset.runState)", arg=list(states))


def wait_for_epoch(page: Page, epoch: int) -> None:
    """Wait until so many epochs are trained."""
    page.wait_for_function("epoch => Number(document.querySelector('.bn-feed').dataset.epoch) >= epoch", arg=epoch)


def clicked_until(page: Page, button: str, condition: str) -> float:
    """Press a button; seconds from the click until the picture is painted in which `condition` (JavaScript) holds."""
    page.evaluate(
        """condition => {
            const holds = new Function(`return ${condition}`);
            window.took = null;
            addEventListener("click", (event) => {
                const start = performance.now();
                const look = () => requestAnimationFrame(() => {
                    if (holds()) setTimeout(() => { window.took = performance.now() - start; }); // after this picture
                    else look();
                });
                look();
            }, { capture: true, once: true });
        }""",
        condition,
    )
    press(page, button)
    page.wait_for_function("() => window.took !== null")
    return float(page.evaluate("() => window.took")) / 1e3


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
    """What a page's websocket has received.

    Attributes:
        ticks: bytes of each run of the script, or of a fragment of it, that came to its end.
    """

    def __init__(self, page: Page) -> None:
        self.ticks: list[int] = []
        self._begun = 0
        self.session: Any = page.context.new_cdp_session(page)
        self.session.send("Network.enable")
        self.session.on("Network.webSocketFrameReceived", self._received)

    def _received(self, event: dict[str, Any]) -> None:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        response = event["response"]
        if response["opcode"] != BINARY:
            return
        content = base64.b64decode(response["payloadData"])
        self._begun += len(content)
        if ForwardMsg.FromString(content).WhichOneof("type") == "script_finished":
            self.ticks.append(self._begun)
            self._begun = 0
