"""The page's process never loads torch: it takes a second and some hundred megabytes, and trains nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.processes

EVERYTHING = """
import importlib, pkgutil, sys
import bn_lab.server, bn_lab.service, bn_lab.ui
for package in (bn_lab.server, bn_lab.ui):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if module.name != "bn_lab.ui.script":  # which would run; it imports nothing but these
            importlib.import_module(module.name)
print(*sorted(name for name in sys.modules if name.partition(".")[0] == "torch"))
"""


def test_no_module_of_the_pages_imports_it() -> None:
    found = subprocess.run([sys.executable, "-c", EVERYTHING], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


USED = """
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

from streamlit.testing.v1 import AppTest

from bn_lab.experiment import Experiment
from bn_lab.service import recordings
from bn_lab.sharing import encode
from bn_lab.ui import session
from bn_lab.ui.lesson.steps import STEPS
from bn_lab.ui.menu import downloads
from bn_lab.ui.menu.report import Report
from bn_lab.i18n import texts

step = STEPS["normalize"] = replace(STEPS["normalize"], experiment=replace(STEPS["normalize"].experiment, epochs=4))
at = AppTest.from_file(Path(session.__file__).with_name("script.py"), default_timeout=60)
at.query_params = {**encode(Experiment(dataset="iris", epochs=4)), "lang": "en", "run": "all"}
at.run()
visitor, news = recordings().visitor(at.session_state["visitor"]), Event()
visitor.connect(news.set)

def wait(slot):
    while visitor.watches[slot].progress.state != "ended":
        assert news.wait(60)
        news.clear()
    at.run()

def go_to(path):
    at._page_hash = next(page for page, info in at._registered_pages.items() if info.get("url_pathname") == path)
    at.run()
    assert not at.exception and not at.error, (at.exception, at.error)

wait("lab")
go_to("algorithm")
assert at.header[-1].value.startswith("8."), at.header
at.session_state["lesson"], at.session_state["lesson_all"] = "normalize", True
go_to("lesson")
wait("lesson")
assert texts("en")("lesson.normalize.why") in [each.value for each in at.markdown]
at.session_state["compare"] = "dataset:iris;epochs:4"
go_to("compare")
assert at.session_state["runs"][0]["results"] is not None
watch = visitor.watches["lab"]
assert "<html" in Report(texts("en"), "", ()).of(watch.history())
assert downloads._network(watch, "before", 0)
print(*sorted(name for name in sys.modules if name.partition(".")[0] == "torch"))
recordings().close()
"""


def test_pages_that_show_networks_do_without_it() -> None:
    found = subprocess.run([sys.executable, "-c", USED], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr[-3000:]
    assert found.stdout.strip() == ""
