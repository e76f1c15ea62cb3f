"""A visitor's page without a browser, and a trainer that trains when a test says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from bn_lab.experiment import Experiment
from bn_lab.figures.frame import DecodedFrame, unpack
from bn_lab.service import State, Trainer, Training
from bn_lab.service.entrance import Entrance
from bn_lab.sharing import Decoded, decode, encode
from bn_lab.ui import panels, player, session
from bn_lab.ui.departures import CleanUp

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Trainer:
    """The process's trainer, without its thread: it trains in `turn`, and only `look` and `pause` are answered at once."""
    mine = Trainer(threaded=False)

    ask_to_start, ask_to_look, ask_to_pause = Training.start, Training.look, Training.pause
    ask_for_step, ask_for_epoch = Training.step, Training.finish_epoch

    def start(training: Training, wait: float = 0.0) -> None:
        ask_to_start(training)

    def step(training: Training, wait: float = 0.0) -> None:
        ask_for_step(training)

    def finish_epoch(training: Training, wait: float = 0.0) -> None:
        ask_for_epoch(training)

    def look(training: Training, wait: float = 0.0) -> None:
        ask_to_look(training)
        training.turn(0)

    def pause(training: Training, wait: float = 0.25) -> None:
        ask_to_pause(training, wait=0)
        if wait and training.working:
            training.turn(0)

    monkeypatch.setattr(Training, "start", start)
    monkeypatch.setattr(Training, "step", step)
    monkeypatch.setattr(Training, "finish_epoch", finish_epoch)
    monkeypatch.setattr(Training, "look", look)
    monkeypatch.setattr(Training, "pause", pause)
    monkeypatch.setattr(session, "trainer", lambda: mine)
    monkeypatch.setattr(player, "TWICE", 0.0)  # no hand clicks as fast as a test
    entrance = Entrance(10_000)  # nobody leaves here
    monkeypatch.setattr(session, "entrance", lambda: entrance)
    never = CleanUp(idle=lambda: True, timer=Timer)  # a timer that nobody starts: there is no server to tidy up
    monkeypatch.setattr(session, "_clean_up", lambda: never)
    return mine


class Lab:
    """One visitor's page."""

    may_fail = False  # whether an error that the page tells of is what the test is about
    components_known: Any = None  # every AppTest looks through all installed packages for components, 0.2 s; one look will do

    def __init__(self, trainer: Trainer, params: dict[str, str], locale: str | None) -> None:
        self.trainer = trainer
        self.at = AppTest.from_file(APP, default_timeout=60)
        self.at.query_params = dict(params)
        self.at.context = {"locale": locale} if locale else {}
        self.at._bidi_component_manager = Lab.components_known
        self.run()
        Lab.components_known = self.at._bidi_component_manager

    def run(self) -> None:
        """Draw the page again."""
        self.at.run()
        assert not self.at.exception, self.at.exception
        assert self.may_fail or "failures" not in self.at.session_state, self.at.session_state["failures"]

    def click(self, name: str) -> None:
        """Press one of the player's buttons."""
        self.at.button(key=f"player_{name}").click()
        self.run()

    def widget(self, key: str) -> Any:
        """The only widget with this key."""
        (found,) = [node for node in self.at if getattr(node, "key", None) == key]
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

    @property
    def training(self) -> Training:
        """The training on screen."""
        found = self.trainer.get(self.at.session_state["training"])
        assert found is not None
        return found

    @property
    def state(self) -> State:
        """What the training on screen is doing."""
        return self.training.view.state

    @property
    def link(self) -> Decoded:
        """What the address says."""
        return decode(self.at.query_params)

    @property
    def parameters(self) -> dict[str, str]:
        """What the address says, but for how far the training is meant to go."""
        return {name: text for name, text in self.at.query_params.items() if name != "run"}

    @property
    def run_of_link(self) -> str:
        """How far the training is meant to go, by the address."""
        return str(self.at.query_params.get("run", ""))

    @property
    def experiment(self) -> Experiment:
        """The experiment of the session, which the address must hold, too, and the training as well."""
        found: Experiment = self.link.experiment
        assert self.link.problems == ()
        assert decode(self.at.session_state["experiment"]).experiment == found
        assert self.training.view.experiment == found
        return found

    def until(self, state: str) -> None:
        """Train until it is so, then draw the page."""
        for _ in range(2000):
            if self.state == state:
                break
            self.trainer.turn()
        assert self.state == state
        self.run()

    @property
    def buttons(self) -> dict[str, bool]:
        """The player's buttons, and whether one can press them."""
        found = [(str(button.key), not button.disabled) for button in self.at.button]
        return {key.removeprefix("player_"): can for key, can in found if key.startswith("player_")}

    @property
    def components(self) -> dict[str, Any]:
        """The live pictures by key."""
        return {str(node.key): node.proto for node in self.at.get("bidi_component")}

    @property
    def frame(self) -> DecodedFrame:
        """What the page has just sent to the pictures."""
        return unpack(self.components["feed"].bytes)

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
def lab(trainer: Trainer) -> Callable[..., Lab]:
    """`lab(locale="ko-KR", dataset="iris")` opens the page at a link with these parameters, drawn once."""

    def opened(experiment: Experiment | None = None, *, locale: str | None = None, **params: str) -> Lab:
        return Lab(trainer, (encode(experiment) if experiment else {}) | params, locale)

    return opened


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pictures out: drawing them is most of the time that a page takes."""
    monkeypatch.setattr(panels, "_figure", lambda *asked, **options: None)
