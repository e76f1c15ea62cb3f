"""A real server, and visitors in a real browser."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from benchmarks.browser import end
from tests.browser.lab import SECONDS, Lab, Visit

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "screenshots"

expect.set_options(timeout=30 * SECONDS)


@dataclass(frozen=True)
class Server:
    """A running server: its address, and the file into which it writes."""

    address: str
    log: Path


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask ten times a second until `condition` holds: for what no page can tell."""
    latest = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < latest, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def running(command: list[str], log: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end of the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        end(process)


@contextmanager
def serve(*command: str, log: Path, port: int | None = None, base: str = "") -> Iterator[Server]:
    """Run Streamlit by `command` until the end of the block, on this port or on a free one, below a path such as `/base`."""
    port = port or free_port()
    options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true", "--server.fileWatcherType=none"]
    options += [f"--server.baseUrlPath={base}"] if base else []
    with running([sys.executable, *command, *options], log, cwd=ROOT) as process:
        address = f"http://127.0.0.1:{port}{base}"
        wait_until(lambda: is_healthy(address) or process.poll() is not None, 60, "the server answers")
        assert process.poll() is None, f"the server ended:\n{log.read_text()}"
        yield Server(address, log)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The lab as the README starts it."""
    with serve("-m", "streamlit", "run", "app.py", log=tmp_path_factory.mktemp("server") / "log") as started:
        yield started


@pytest.fixture(scope="session")
def profile(
    chromium: Browser, chromium_options: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """A browser that keeps on a disk what it has compiled of the pages' programs: they open by a third sooner."""
    folder = tmp_path_factory.mktemp("profile")
    context = chromium.browser_type.launch_persistent_context(folder, locale="en-US", **chromium_options)
    yield context
    context.close()


def forget(profile: BrowserContext, address: str) -> None:
    """Have the next visitor with this profile be as new as one with a new profile."""
    blank, *pages = profile.pages  # with no page at all the browser would end
    for page in pages:
        page.close()
    profile.clear_cookies()
    profile.clear_permissions()
    client = profile.new_cdp_session(blank)
    client.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "local_storage,indexeddb"})
    client.detach()


@pytest.fixture
def visit(chromium: Browser, profile: BrowserContext, server: Server, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Visitors; at the end of the test none of their pages may have complained."""
    labs: list[Lab] = []
    contexts: list[BrowserContext] = []

    def opened(
        query: str = "",
        *,
        path: str = "",
        language: str = "en",
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        address: str = "",
        touch: bool = False,
        calm: bool = False,
    ) -> Lab:
        if labs or address or language != "en" or dark or touch or calm:
            context = chromium.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                locale={"en": "en-US", "ko": "ko-KR"}[language],
                has_touch=touch,
                is_mobile=touch,
                reduced_motion="reduce" if calm else "no-preference",
            )
            contexts.append(context)
        else:  # the usual visitor; there is one profile of that kind, and one visitor at a time has it
            context = profile
        context.set_default_timeout(30 * SECONDS)
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        labs.append(Lab(page, address or server.address, language))
        return labs[-1].open(query, path)

    yield opened
    complaints = [complaint for lab in labs if not lab.page.is_closed() for complaint in lab.complaints()]
    if complaints or request.node.stash.get(FAILED, False):
        _report(labs, server, request.node.name)
    for context in contexts:
        context.close()
    forget(profile, server.address)
    assert not complaints, "\n".join(complaints)


def _report(labs: list[Lab], server: Server, test: str) -> None:
    """What the pages looked like, and what the server had to say."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for k, lab in enumerate(labs):
        if not lab.page.is_closed():
            name = re.sub(r"\W+", "-", f"failed {test} {k}").strip("-")
            lab.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
            print(f"{name}.png: {lab.page.url}, {lab.errors}")
    print(server.log.read_text()[-5000:])


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Let fixtures know whether their test failed."""
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report
