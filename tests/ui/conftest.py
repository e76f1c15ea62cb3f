"""A visitor's page without a browser, and recordings whose worker is a thread."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from streamlit.testing.v1 import AppTest

from bn_lab.experiment import Experiment
from bn_lab.server.cleanup import CleanUp
from bn_lab.service import Limits, Recordings, Visitor, Watch, WatchState
from bn_lab.service.admission import Admission
from bn_lab.service.worker import warm_up
from bn_lab.sharing import Decoded, decode, encode
from bn_lab.ui import session
from bn_lab.ui.algorithm import scene
from bn_lab.ui.kit import caching
from bn_lab.ui.lab import page as lab_page
from bn_lab.ui.lab import stage
from tests.service.threads import on_a_thread

SCRIPT = Path(__file__).resolve().parents[2] / "bn_lab" / "ui" / "script.py"

PATIENCE = 60.0
"""Seconds to wait for a training on a busy machine."""


@pytest.fixture
def recordings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recordings]:
    """The process's recordings, with one worker on a thread."""
    warm_up()  # which has Python never look again at what is there: let no worker be among it
    mine = Recordings(Limits(workers=1), start=on_a_thread)
    for module in (session, scene):
        monkeypatch.setattr(module, "recordings", lambda: mine)
    admission = Admission(10_000)  # nobody leaves here
    monkeypatch.setattr(session, "admission", lambda: admission)
    monkeypatch.setattr(caching, "_shared", OrderedDict())  # records of other tests' recordings, which have the same names
    never = CleanUp(idle=lambda: True)  # there is no server to tidy up
    monkeypatch.setattr(never, "after_departure", lambda: None)
    monkeypatch.setattr(session, "_clean_up", lambda: never)
    yield mine
    mine.close()


class Lab:
    """One visitor's page, which stays connected as a browser's would."""

    may_fail = False  # whether an error that the page tells of is what the test is about
    components_known: Any = None  # every AppTest looks through all installed packages for components, 0.2 s; one look will do

    def __init__(self, recordings: Recordings, params: dict[str, str], locale: str | None, *, embedded: bool = False) -> None:
        self.recordings = recordings
        self.news = Event()
        self.at = AppTest.from_file(SCRIPT, default_timeout=PATIENCE)
        self.at.query_params = dict(params)
        self.at.context = ({"locale": locale} if locale else {}) | ({"is_embedded": True} if embedded else {})
        self.at._bidi_component_manager = Lab.components_known
        self.run()
        Lab.components_known = self.at._bidi_component_manager
        self.visitor.connect(self.news.set)

    def run(self) -> None:
        """Draw the page again."""
        self.at.run()
        self._check()

    def _check(self) -> None:
        assert not self.at.exception, self.at.exception
        assert self.may_fail or "failures" not in self.at.session_state, self.at.session_state["failures"]

    def act(self, act: str, **more: Any) -> None:
        """What the stage wants of the script."""
        (stage,) = [node.proto for node in self.at.get("bidi_component") if node.key == "stage"]
        name = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{stage.id}__events"
        said = json.dumps([{"event": "act", "value": {"act": act, **more}}])
        states = self.at._tree.get_widget_states()
        states.widgets.append(WidgetState(id=name, json_trigger_value=said))
        self.at._run(states)
        self._check()

    def open(self, name: str) -> None:
        """Open a dialog of the header."""
        if name == "share":
            self.at.button(key="share").click()
        else:
            self.at.menu_button(key="menu").click(name)
        self.run()

    def close(self) -> None:
        """Close the dialog, as a click beside it does."""
        del self.at.session_state[session.DIALOG]
        self.run()

    def widget(self, key: str) -> Any:
        """The only widget with this key; of a field the present one."""
        pattern = re.compile(rf"{re.escape(key)}(_\d+)?" if key.startswith("field_") else re.escape(key))
        (found,) = [node for node in self.at if pattern.fullmatch(str(getattr(node, "key", None)))]
        return found

    def set(self, key: str, value: Any) -> None:
        """Choose a value in a widget."""
        self.widget(key).set_value(value)
        self.run()

    def change(self, field: str, value: Any) -> None:
        """Choose a value of a field of the experiment."""
        self.set(f"field_{field}", list(value) if isinstance(value, tuple) else value)

    def go_to(self, path: str) -> None:
        """Choose a page in the navigation, which drops the query as a browser does."""
        pages = self.at._registered_pages.items()
        (self.at._page_hash,) = [page for page, info in pages if info.get("url_pathname") == path]
        self.at.query_params = {}
        self.run()

    def follow(self, path: str = "", **params: str) -> None:
        """Come to an address by Back or Forward."""
        pages = {info.get("url_pathname"): page for page, info in self.at._registered_pages.items()}
        self.at._page_hash = pages.get(path, self.at._page_hash)  # a page that asks for a file knows no others
        self.at.query_params = dict(params)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(session, "came_by_history", lambda: True)
            self.run()

    @property
    def visitor(self) -> Visitor:
        """The visitor of this page."""
        return self.recordings.visitor(self.at.session_state["visitor"])

    @property
    def watch(self) -> Watch:
        """What is watched in the lab."""
        return self.visitor.watches["lab"]

    @property
    def state(self) -> WatchState:
        """What the recording on screen is doing."""
        return self.watch.progress.state

    def until(self, state: str, slot: str = "lab") -> None:
        """Wait until what is watched is so, then draw the page."""
        self.wait_for(lambda: self.visitor.watches[slot].progress.state == state)
        self.run()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so that changes with what is watched."""
        while not condition():
            assert self.news.wait(PATIENCE), "nothing happens"
            self.news.clear()

    def train(self) -> None:
        """Train what is on screen to its end, as playing it does, then draw the page."""
        self.watch.go(self.watch.target)
        self.until("ended")

    @property
    def link(self) -> Decoded:
        """What the address says."""
        return decode(self.at.query_params)

    @property
    def experiment(self) -> Experiment:
        """The experiment of the session, which the address must hold, too, and what is watched as well."""
        found: Experiment = self.link.experiment
        assert self.link.problems == ()
        assert decode(self.at.session_state["experiment"]).experiment == found
        assert self.watch.experiment == found
        return found

    @property
    def components(self) -> dict[str, Any]:
        """What lives in the browser, by key."""
        return {str(node.key): node.proto for node in self.at.get("bidi_component")}

    def told(self, key: str) -> Any:
        """What a component was told."""
        return json.loads(self.components[key].json)

    @property
    def opening(self) -> dict[str, Any]:
        """How the stage opens, but for how often something was opened."""
        return {name: value for name, value in self.stage["open"].items() if name != "id"}

    @property
    def stage(self) -> dict[str, Any]:
        """What the stage was told."""
        found: dict[str, Any] = self.told("stage")
        return found

    @property
    def text(self) -> str:
        """Everything there is to read on the page, outside of pictures, formulas and the style sheet."""
        parts: list[str] = []
        for node in self.at:
            for name in ("value", "label", "help", "placeholder", "options"):
                found = getattr(node, name, None) if node.type not in ("html", "latex") else None
                parts += [str(part) for part in found] if isinstance(found, list) else [found] if isinstance(found, str) else []
            if node.type == "html":
                parts.append(re.sub(r"<style>.*?</style>", "", node.proto.body, flags=re.DOTALL))
            if node.type == "progress":
                parts.append(node.proto.text)
        return re.sub(r"\$\$.*?\$\$", "", "\n".join(parts), flags=re.DOTALL)


@pytest.fixture
def lab(recordings: Recordings) -> Callable[..., Lab]:
    """`lab(locale="ko-KR", dataset="iris")` opens the page at a link with these parameters, drawn once."""

    def opened(
        experiment: Experiment | None = None, *, locale: str | None = None, embedded: bool = False, **params: str
    ) -> Lab:
        return Lab(recordings, (encode(experiment) if experiment else {}) | params, locale, embedded=embedded)

    return opened


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pictures out: drawing them is most of the time that a page takes."""
    monkeypatch.setattr(lab_page, "_figure", lambda *asked, **options: None)
    monkeypatch.setattr(stage, "templates", lambda *asked, **options: ("", ""))
