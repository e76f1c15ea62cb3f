"""What tests of several parts share: the browser, and patience with a busy machine."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

# How long an example takes says more about the machine than about the code. Tests that need more examples say so themselves.
settings.register_profile("patient", deadline=None, max_examples=40)
settings.load_profile("patient")


# What is imported and collected stays: to look through all of it for garbage again and again took a tenth of all the time.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on garbage is collected, but only among what tests make."""
    gc.freeze()
    gc.enable()


BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")


@pytest.fixture(scope="session")
def chromium_options() -> dict[str, Any]:
    """Which browser is started, and how. A missing one is a failure, not a skip."""
    # The shell is Chromium without windows, which has less to do for every page.
    path = os.environ.get("BN_LAB_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, f"no browser: install one of {', '.join(BROWSERS)}, or name one in BN_LAB_CHROMIUM"
    # No other host answers, so that a test is the same with and without a network; that none is asked is a test's own claim.
    arguments = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"]
    if os.name == "posix" and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return {"executable_path": path, "args": arguments}


@pytest.fixture(scope="session")
def chromium(chromium_options: dict[str, Any]) -> Iterator[Browser]:
    """The browser of all tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium_options)
        yield browser
        browser.close()
