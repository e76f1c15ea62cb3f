"""The browser's modules by themselves, in a real browser: playhead, store, rule of filling, stream and pictures."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from bn_lab import numerals
from bn_lab.arms import ARMS
from bn_lab.datasets import load
from bn_lab.engine.training import train
from bn_lab.experiment import Experiment
from bn_lab.figures.axes import AXIS, log_axis, log_ticks
from bn_lab.figures.frame import Block, Layout, Recorded, fill, kept_epochs, pack
from bn_lab.figures.parts import recorded
from bn_lab.figures.pictures import FIGURES, figure_names
from bn_lab.figures.sheet import Sheet, as_json
from bn_lab.i18n import texts
from bn_lab.numerals import FORMATS
from bn_lab.server.assets import HERE, plotly_source

pytestmark = pytest.mark.browser

BASE = "http://lab.test/base/"
"""Where the lab is served in these tests; the page is one below it."""

PAGE = """<!doctype html><base href="/base/"><meta name="viewport" content="width=device-width">
<body style="margin: 0; --st-text-color: #222; --st-border-color: #ccc;
--st-background-color: #fff; --st-secondary-background-color: #eee; --st-primary-color: #333; --st-font: sans-serif;
background: #fff"><div id=place style="max-width: 800px; height: 300px"></div>"""

SOCKET = """
window.sockets = [];
window.WebSocket = class {
    static OPEN = 1;
    constructor(address) { Object.assign(this, { address, readyState: 0, sent: [] }); sockets.push(this); }
    send(text) { this.sent.push(JSON.parse(text)); }
    close() { this.readyState = 3; }
    opens() { this.readyState = 1; this.onopen(); }
    cuts() { this.readyState = 3; this.onclose(); }
    gives(bytes) { this.onmessage({ data: bytes.buffer }); }
    says(message) { this.onmessage({ data: JSON.stringify(message) }); }
};
window.toJson = (value) => JSON.parse(JSON.stringify(value ?? null, (_, v) => (ArrayBuffer.isView(v) ? Array.from(v) : v)));
window.toBytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
"""
"""A websocket that does what the test says, and tells what it was sent."""


def serve(route: Any) -> None:
    path = Path(urlsplit(route.request.url).path.removeprefix("/base/"))
    if path.suffix != ".js":
        route.fulfill(body=PAGE, content_type="text/html")
    elif path.name == "plotly.min.js":
        route.fulfill(path=plotly_source(), content_type="text/javascript")
    else:
        route.fulfill(path=HERE / path, content_type="text/javascript")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of its own, with a websocket that does what the test says, and nothing known yet."""
    context = chromium.new_context(viewport={"width": 900, "height": 700})
    page = opened(context)
    yield page
    context.close()


def opened(context: BrowserContext) -> Page:
    page = context.new_page()
    page.add_init_script(SOCKET)
    page.route("http://lab.test/**", serve)
    page.goto(f"{BASE}lesson")
    for name in ("store", "bind", "player", "format", "stream"):
        page.evaluate(f"async () => {{ window.{name} = await import('/base/{name}.js'); }}")
    return page


# A small recording, made by hand.

LAYOUTS = {
    "summary": Layout("moment", {"epoch": (0, 1), "a.loss": (1, 1)}, 2),
    "wide": Layout("moment", {"counts": (0, 4), "span": (4, 2), "wide.epoch": (6, 1)}, 7),
    "curves.loss": Layout("epoch", {"epoch": (0, 1), "a.line": (1, 1)}, 2),
    "curves.other": Layout("epoch", {"epoch": (0, 1), "b.line": (1, 1)}, 2),
    "samples": Layout("once", {"shown": (0, 3)}, 3),
}

EPOCHS = [0.0, 0.2, 0.4, 1.0, 2.0, 5.0, 10.0]
"""The recording's own moments; the target's own last one may come after them."""


def small(target: float = 12.0) -> Recorded:
    """All of the recording up to a target; at 12 there is no moment but the target's own."""
    epochs = [epoch for epoch in EPOCHS if epoch <= target]
    if epochs[-1] != target:
        epochs.append(target)
    draw = np.random.default_rng(5)
    made = {"summary": draw.normal(size=(40, 2)), "wide": draw.normal(size=(40, 7)) * 100, "samples": draw.normal(size=(1, 3))}
    made["summary"][: len(epochs), 0] = epochs
    made["wide"][2, 1], made["wide"][3, 5], made["wide"][1, 3] = np.nan, np.inf, 0.0
    parts = {name: rows[: len(epochs)].astype(np.float32) for name, rows in made.items()}
    for name in ("curves.loss", "curves.other"):
        line = np.stack([np.arange(1, 41), draw.uniform(0.1, 9, 40)], axis=1)
        parts[name] = line[: int(target)].astype(np.float32)
    return Recorded(target, LAYOUTS, parts, np.array(epochs))


def described(layouts: Mapping[str, Layout]) -> dict[str, Any]:
    return {name: {"axis": each.axis, "fields": each.fields, "size": each.size} for name, each in layouts.items()}


def header(n: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "n": n,
        "recording": "r",
        "target": 12,
        "state": "training",
        "epoch": 12,
        "place": 0,
        "seconds": 1.5,
        "rate": 20,
        "error": False,
        "moments": 8,
        "findings": None,
        "layouts": described(LAYOUTS),
        **more,
    }


def blocks(table: Recorded, only: list[str] | None = None, start: int = 0, stop: int | None = None) -> list[Block]:
    """The rows of a recording as the server sends them: the target's own last moment apart from the others."""
    sent = []
    regular = sum(1 for epoch in table.epochs if epoch in EPOCHS) if table.layouts is LAYOUTS else len(table.epochs)
    for name, rows in table.parts.items():
        if only is not None and name not in only:
            continue
        until = regular if table.layouts[name].axis == "moment" else len(rows)
        end = until if stop is None else min(stop, until)
        sent.append(Block(name, start, rows[start:end], end - start))
        if stop is None and table.layouts[name].axis == "moment" and len(rows) > regular:
            sent.append(Block(name, regular, rows[regular:], 1, end=True))
    return sent


def as_text(frame: bytes) -> str:
    """A frame for `toBytes`: a list of its bytes would take a hundred times as long to the page."""
    return b64encode(frame).decode()


def receive(page: Page, frame: bytes) -> None:
    page.evaluate("text => { store.receive(toBytes(text).buffer) }", as_text(frame))


def shown(page: Page) -> Any:
    return page.evaluate(
        "() => toJson({ ...store.shown(), cursor: store.cursor(), index: store.index(), playing: store.player.playing })"
    )


def show(page: Page, table: Recorded | None = None, **more: Any) -> None:
    """Have the page show the small recording, with all of it there."""
    page.evaluate("() => store.show('r', 12)")
    receive(page, pack(header(**more), blocks(table or small())))


# The player.

PLAY = """([ticks, options]) => {
    const made = new player.Player(), seen = [];
    for (const [name, ...values] of ticks) {
        if (name === "tick") seen.push(made.tick(...values));
        else made[name](...values);
    }
    return { seen, index: made.index, playing: made.playing, waiting: made.waiting };
}"""


def played(page: Page, *acts: tuple[Any, ...]) -> Any:
    return page.evaluate(PLAY, [[list(act) for act in acts], {}])


def test_a_constant_number_of_moments_goes_by_in_a_second(page: Page) -> None:
    for speed, each in ((0.25, 250), (0.5, 125), (1, 62.5), (2, 31.25), (4, 15.625)):
        times = [("tick", k * each, 100, True) for k in range(9)]
        assert played(page, ("setSpeed", speed), ("play",), *times)["seen"] == list(range(9)), speed
        often = [("tick", k * 10, 100, True) for k in range(101)]  # 1 s in small pieces
        assert played(page, ("setSpeed", speed), ("play",), *often)["index"] == 16 * speed


def test_at_the_end_it_pauses_and_plays_again_from_the_start(page: Page) -> None:
    ended = [("play",), ("tick", 0, 3, True), ("tick", 400, 3, True)]
    assert played(page, *ended) == {"seen": [0, 2], "index": 2, "playing": False, "waiting": False}
    again = played(page, *ended, ("play",), ("tick", 1000, 3, True), ("tick", 1063, 3, True))
    assert (again["seen"][2:], again["playing"]) == ([0, 1], True)


def test_who_has_caught_up_with_the_training_waits_and_goes_on_at_the_same_pace(page: Page) -> None:
    caught = [("play",), ("tick", 0, 2, False), ("tick", 400, 2, False), ("tick", 800, 2, False)]
    assert played(page, *caught) == {"seen": [0, 1, 1], "index": 1, "playing": True, "waiting": True}
    more = played(page, *caught, ("tick", 863, 9, False), ("tick", 925.5, 9, False), ("tick", 988, 9, False))
    assert more["seen"][3:] == [2, 3, 4]
    assert not more["waiting"]


def test_following_is_always_at_the_newest_moment(page: Page) -> None:
    follow = [("setSpeed", "follow"), ("play",), ("tick", 0, 5, False), ("tick", 16, 60, False)]
    assert played(page, *follow)["seen"] == [4, 59]
    assert played(page, *follow, ("tick", 32, 80, True)) == {
        "seen": [4, 59, 79],
        "index": 79,
        "playing": False,
        "waiting": False,
    }
    again = played(page, *follow, ("tick", 32, 80, True), ("play",), ("tick", 100, 80, True), ("tick", 163, 80, True))
    assert again["seen"][3:] == [0, 1]  # there is nothing to follow any more


def test_seeking_stays_within_what_there_is_and_a_step_pauses(page: Page) -> None:
    start = ("know", 5, True)
    assert played(page, start, ("seek", 3))["index"] == 3
    assert played(page, start, ("seek", 9))["index"] == 4
    assert played(page, start, ("seek", -2))["index"] == 0
    assert played(page, start, ("seek", 2), ("play",), ("step", -1)) == {
        "seen": [],
        "index": 1,
        "playing": False,
        "waiting": False,
    }
    assert played(page, start, ("end",), ("step", 1))["index"] == 4
    assert played(page, start, ("end",), ("home",))["index"] == 0
    assert played(page, start, ("end",), ("know", 0, False)) == {"seen": [], "index": 0, "playing": False, "waiting": False}


def test_nothing_is_skipped_after_a_pause_of_the_browser(page: Page) -> None:
    assert played(page, ("play",), ("tick", 0, 1000, True), ("tick", 60_000, 1000, True))["index"] == 8  # half a second
    idle = played(page, ("play",), ("tick", 0, 9, True), ("pause",), ("tick", 300, 9, True), ("play",), ("tick", 900, 9, True))
    assert idle["index"] == 0


def test_an_epoch_means_the_last_moment_at_or_before_it(page: Page) -> None:
    for epoch, index in ((-1, 0), (0, 0), (0.3, 1), (1, 3), (4.9, 4), (5, 5), (1e9, 6), (math.inf, 6)):
        wanted = "Infinity" if epoch == math.inf else repr(epoch)
        assert page.evaluate(f"() => player.atOrBefore({EPOCHS}, {wanted})") == index, epoch


# The store.


def test_moments_end_at_the_target_with_its_own_one_last(page: Page) -> None:
    show(page)
    assert shown(page)["moments"] == [*EPOCHS, 12]
    assert shown(page)["done"]
    page.evaluate("() => store.show('r', 5)")  # rows serve another target, but what is its own does not
    assert shown(page)["moments"] == EPOCHS[:6]
    page.evaluate("() => store.show('r', 20)")
    assert shown(page)["moments"] == EPOCHS
    assert page.evaluate("() => store.wanted()") == {"watch": "r", "epochs": 20, "parts": {"summary": 7}}


def test_numbers_are_those_that_were_packed(page: Page) -> None:
    show(page)
    table = small()
    for k, epoch in enumerate(table.epochs):
        page.evaluate("epoch => store.seek(epoch)", epoch)
        assert shown(page)["index"] == k
        assert page.evaluate("() => store.number('a.loss')") == pytest.approx(float(table.parts["summary"][k, 1]), rel=1e-6)
        assert page.evaluate("() => store.number('span')") == pytest.approx(float(table.parts["wide"][k, 4]), rel=1e-6)
    assert page.evaluate("() => store.number('unknown')") is None


def test_rows_come_in_pieces_and_again(page: Page) -> None:
    table = small()
    page.evaluate("() => store.show('r', 12)")
    for start, stop in ((0, 2), (1, 4), (0, 3), (4, 7)):
        receive(page, pack(header(), blocks(table, ["summary"], start, stop)))
    assert shown(page)["moments"] == EPOCHS
    assert page.evaluate("() => store.wanted().parts.summary") == 7
    page.evaluate("() => { window.asked = []; store.onWant((urgent) => asked.push(urgent)); }")
    receive(page, pack(header(layouts=None), blocks(table, ["wide"], 3, 5)))  # rows before them are missing
    assert page.evaluate("() => asked") == [True]


def test_a_part_in_view_holds_the_playhead_back_until_its_rows_are_there(page: Page) -> None:
    table = small()
    page.evaluate("() => { store.show('r', 12); store.need('picture', ['counts', 'later']); }")
    receive(page, pack(header(), blocks(table, ["summary"])))
    assert page.evaluate("() => store.wanted().parts") == {"summary": 7, "summary!": 8, "wide": 0}
    assert shown(page)["playable"] == 1
    receive(page, pack(header(), blocks(table, ["wide"], 0, 4)))
    assert shown(page)["playable"] == 4
    assert not shown(page)["done"]
    receive(page, pack(header(), blocks(table, ["wide"])))
    assert (shown(page)["playable"], shown(page)["done"]) == (8, True)
    page.evaluate("() => { store.seek(5); store.need('other', ['wide.epoch']); store.need('picture', null); }")
    assert shown(page)["cursor"] == 5


def test_what_comes_into_view_later_does_not_throw_the_playhead_back(page: Page) -> None:
    table = small()
    page.evaluate("() => store.show('r', 12)")
    receive(page, pack(header(), blocks(table, ["summary"])))
    page.evaluate("() => { store.seek(2); store.need('picture', [{ field: 'counts', axis: 'moment' }]); }")
    assert (shown(page)["cursor"], shown(page)["playable"]) == (2, 5)
    receive(page, pack(header(), blocks(table, ["wide"])))
    assert (shown(page)["cursor"], shown(page)["playable"]) == (2, 8)


def test_an_epoch_that_is_not_there_yet_is_gone_to_as_soon_as_it_is(page: Page) -> None:
    table = small()
    page.evaluate("() => { store.show('r', 12); store.open(5, false); }")
    receive(page, pack(header(epoch=1), blocks(table, ["summary"], 0, 4)))
    assert shown(page)["cursor"] == 1  # the newest meanwhile
    receive(page, pack(header(epoch=12), blocks(table, ["summary"])))
    assert shown(page)["cursor"] == 5
    page.evaluate("() => { store.show('s', 12); store.open(Infinity, false); }")
    receive(page, pack(header(recording="s", state="ended"), blocks(table, ["summary"], 0, 4)))
    assert shown(page)["cursor"] == 0  # its rows are on their way: no picture in between
    receive(page, pack(header(recording="s", state="ended"), blocks(table, ["summary"])))
    assert shown(page)["cursor"] == 12


def test_the_end_moment_stays_on_screen_while_others_come_before_it(page: Page) -> None:
    table = small()
    page.evaluate("() => { store.show('r', 12); store.open(Infinity, false); }")
    receive(page, pack(header(state="ended"), [*blocks(table, ["summary"], 0, 5), *blocks(table, ["summary"])[1:]]))
    before = shown(page)
    receive(page, pack(header(state="ended"), blocks(table, ["summary"])))
    assert (before["cursor"], shown(page)["cursor"]) == (12, 12)
    assert shown(page)["index"] == 7


def test_playing_asks_for_the_rest_and_moves_by_itself(page: Page) -> None:
    page.evaluate("() => { store.show('r', 12, 0); window.heard = new Set(); store.subscribe((what) => heard.add(what)); }")
    receive(page, pack(header(epoch=0, state="ready"), blocks(small(), ["summary"], 0, 1)))
    assert page.evaluate("() => store.wanted().epochs") == 0
    page.evaluate("() => store.play()")
    assert page.evaluate("() => store.wanted().epochs") == 12
    receive(page, pack(header(), blocks(small(), ["summary"])))
    page.wait_for_function("() => store.cursor() === 12 && !store.player.playing")
    assert set(page.evaluate("() => [...heard]")) == {"state", "rows", "cursor"}


def test_a_server_that_began_anew_takes_nothing_away(page: Page) -> None:
    show(page)
    receive(page, pack(header(epoch=0, state="queued"), []))
    assert (shown(page)["epoch"], shown(page)["state"], shown(page)["done"]) == (12, "queued", True)
    other = {**LAYOUTS, "wide": Layout("moment", {"counts": (0, 5)}, 5)}
    receive(page, pack(header(layouts=described(other)), []))  # another release of the lab: its rows are other ones
    assert shown(page)["moments"] == []


def test_what_another_recording_has_in_common_is_shown_at_once_and_not_asked_for(page: Page) -> None:
    show(page)
    page.evaluate("() => { store.need('a picture', ['counts']); store.seek(5); }")
    page.evaluate("() => store.show('changed', 12, 12, { recording: 'r', epochs: 5 })")
    now = shown(page)
    assert (now["recording"], now["cursor"], now["done"]) == ("changed", 5, False)
    assert now["moments"] == EPOCHS[:6]
    assert page.evaluate("() => store.wanted().parts") == {"summary": 6, "wide": 6}
    known = "() => Object.fromEntries([...store.current().parts].map(([name, { count }]) => [name, count]))"
    assert page.evaluate(known) == {"summary": 6, "wide": 6, "curves.loss": 5, "curves.other": 5, "samples": 1}
    table = small()
    assert page.evaluate("() => Array.from(store.rowAt('summary', 5))") == table.parts["summary"][5].tolist()
    rest = [block for block in blocks(table, ["summary", "wide"], start=6) if not block.end]
    receive(page, pack(header(recording="changed"), rest))
    assert shown(page)["moments"] == EPOCHS
    assert shown(page)["cursor"] == 5


def test_beyond_what_is_common_the_playhead_waits_at_its_end(page: Page) -> None:
    show(page)
    page.evaluate("() => { store.seek(10); store.show('changed', 12, 12, { recording: 'r', epochs: 1 }); }")
    assert shown(page)["cursor"] == 1
    page.evaluate("() => store.show('another', 12, 12, { recording: 'unknown', epochs: 1 })")
    assert shown(page)["moments"] == []


@pytest.mark.parametrize(
    ("losses", "patience", "stop"),
    [
        ([3, 2, 1], 2, {"best": 3, "stop": None}),
        ([3, 1, 2, 2, 0.5], 2, {"best": 2, "stop": 4}),
        ([3, 1, 1, 1], 2, {"best": 2, "stop": 4}),
        ([3, 1, 2, 0.5, 2, 2, 2], 3, {"best": 4, "stop": 7}),
        ([3, 1, None, None], 2, {"best": 2, "stop": 4}),
        ([None, None, None], 2, None),
        ([], 2, None),
    ],
)
def test_early_stopping_is_keras_rule(page: Page, losses: list[float | None], patience: int, stop: Any) -> None:
    """`keras.callbacks.EarlyStopping(patience=…)`: so many epochs in a row that are not better than the best."""
    made = "([losses, patience]) => player.earlyStop(losses.map((loss) => loss ?? NaN), patience)"
    assert page.evaluate(made, [losses, patience]) == stop


def validated() -> Recorded:
    """A recording of 60 epochs whose validation loss is best in epoch 20."""
    layouts = {
        "summary": Layout("moment", {"epoch": (0, 1)}, 1),
        "curves.loss": Layout("epoch", {"epoch": (0, 1), "a.validation.loss.median": (1, 1)}, 2),
    }
    epochs = np.arange(61.0)
    line = np.stack([epochs[1:], np.abs(epochs[1:] - 20) + 1], axis=1)
    parts = {"summary": epochs[:, None].astype(np.float32), "curves.loss": line.astype(np.float32)}
    return Recorded(60, layouts, parts, epochs)


def test_early_stopping_pauses_the_player_and_loses_nothing(page: Page) -> None:
    table = validated()
    page.evaluate("() => store.show('r', 60)")
    page.evaluate("() => store.stopEarly(7, ['a'])")
    receive(page, pack(header(target=60, moments=61, layouts=described(table.layouts)), blocks(table, ["summary"])))
    assert "curves.loss" in page.evaluate("() => store.wanted().parts"), "it needs the losses whatever is in view"
    receive(page, pack(header(target=60, moments=61, layouts=None), blocks(table, ["curves.loss"])))
    page.evaluate("() => { store.setSpeed(4); store.play(); }")
    page.wait_for_function("() => !store.player.playing")
    now = shown(page)
    assert (now["cursor"], len(now["moments"])) == (27, 61)
    assert page.evaluate("() => store.stopped()") == {"arm": "a", "best": 20, "stop": 27}
    mark = {"early": "a", "axis": "y"}
    assert page.evaluate("(mark) => toJson(bind.resolve(mark))", mark) == [1, 8]
    assert page.evaluate("(mark) => toJson(bind.resolve(mark))", mark | {"axis": "x"}) == [20, 27]
    page.evaluate("() => store.play()")
    assert page.evaluate("() => store.stopped()") is None
    page.wait_for_function("() => !store.player.playing")
    assert shown(page)["cursor"] == 60, "it goes on to the end"
    page.evaluate("() => store.stopEarly(0, ['a'])")
    assert page.evaluate("(mark) => toJson(bind.resolve(mark))", mark) == []


def test_a_run_that_ended_before_its_target_is_done(page: Page) -> None:
    page.evaluate("() => store.show('r', 40)")
    receive(page, pack(header(state="ended", epoch=10, target=40, moments=7), blocks(small(10))))
    assert shown(page)["done"]


# Filling.

TEMPLATE: dict[str, Any] = {
    "data": [
        {"type": "scatter", "meta": {"bind": {"y": {"curve": "a.line"}, "x": {"curve": "epoch", "part": "curves.other"}}}},
        {"type": "scatter", "meta": {"bind": {"y": {"curve": "b.line", "until": "cursor"}, "x": {"cursor": True}}}},
        {
            "type": "scatter",
            "meta": {"bind": {"y": {"curve": "b.line", "most": 4}, "x": {"curve": "a.line", "most": 4, "until": "cursor"}}},
        },
        {"type": "bar", "x0": 7, "meta": {"bind": {"y": {"row": ["counts"]}, "x0": {"row": ["span", 1]}}}},
        {"type": "bar", "marker": {"size": 3}, "meta": {"bind": {"marker.color": {"row": ["counts", 1, 3]}}}},
        {"type": "heatmap", "meta": {"bind": {"z": {"row": ["counts", 0, 4], "shape": [2, 2]}}}},
        {"type": "heatmap", "meta": {"bind": {"z": {"rows": ["counts", 1, 3]}}}},
        {"type": "heatmap", "meta": {"bind": {"z": {"rows": ["span"]}}}},
        {"type": "scatter", "meta": {"bind": {"x": {"rows": "epoch"}, "y": {"rows": ["counts", 3]}}}},
        {"type": "scatter", "meta": {"bind": {"x": {"once": "shown"}}}},
        {"type": "scatter", "y": [1], "meta": {"bind": {"y": {"curve": "unknown"}, "x0": {"row": ["unknown", 0]}}}},
        {"type": "scatter", "y": [1, 2]},
    ],
    "layout": {
        "yaxis": {"type": "log"},
        "yaxis2": {"type": "log"},
        "annotations": [{"text": ""}, {"text": "kept"}, {"text": "share"}],
        "meta": {
            "ranges": {
                "xaxis": {"low": [["span", 0], 0], "high": [["span", 1], ["counts"]]},
                "yaxis": {"low": [["counts"]], "high": [["counts"], "target"]},
                "xaxis2": {"low": [["unknown", 0]], "high": [["span", 1]]},
                "yaxis2": {"low": [1], "high": ["target"]},
                "xaxis3": {"low": [["span", 0]], "high": [["span", 1]], "symmetric": True},
                "xaxis4": {"low": [0], "high": [0], "symmetric": "right"},
                "xaxis5": {"low": [["counts", 1, 3]], "high": [["counts", 1, 3]], "symmetric": True},
                "xaxis6": {
                    "low": [{"curve": "a.line"}],
                    "high": [{"curve": "epoch", "part": "curves.other"}, {"curve": "b.line"}],
                },
            },
            "titles": [
                {
                    "annotation": 1,
                    "text": "share {0}<br>none<br>also {1}, {0}",
                    "values": [{"row": ["counts", 3]}, {"row": ["counts", 0]}],
                    "least": -1e9,
                },
                {"annotation": 0, "text": "{0} ± {1} at {0}", "values": [{"row": ["span", 0]}, {"row": ["counts", 1]}]},
                {"annotation": 2, "text": "{0}", "values": [{"row": ["span", 0]}], "format": "percent", "least": 20},
            ],
        },
    },
}


def filled(page: Page, figure: Any) -> Any:
    return json.loads(page.evaluate("figure => JSON.stringify(toJson(bind.fill(JSON.parse(figure))))", as_json(figure)))


def is_like(there: Any, here: Any) -> bool:
    """Whether both are the same but for the last digits of float32."""
    if isinstance(here, dict):
        return isinstance(there, dict) and there.keys() == here.keys() and all(is_like(there[key], here[key]) for key in here)
    if isinstance(here, list | tuple):
        if not isinstance(there, list) or len(there) != len(here):
            return False
        if {*map(type, here), *map(type, there)} <= {int, float}:  # thousands of them
            return np.allclose(there, here, rtol=1e-6, atol=1e-12)
        return all(map(is_like, there, here))
    if isinstance(here, float | int) and not isinstance(here, bool):
        return isinstance(there, float | int) and math.isclose(there, here, rel_tol=1e-6, abs_tol=1e-12)
    return bool(there == here)


def same(there: Any, here: Any) -> None:
    for k, (one, other) in enumerate(zip(there["data"], here["data"], strict=True)):
        assert is_like(one, other), f"trace {k}: {one} != {other}"
    for name, value in here["layout"].items():
        assert is_like(there["layout"][name], value), f"{name}: {there['layout'][name]} != {value}"


@pytest.mark.parametrize("target", [12.0, 10.0, 2.0])
def test_the_browser_fills_by_the_same_rule(page: Page, target: float) -> None:
    show(page)
    table = small(target)
    page.evaluate("target => store.show('r', target)", target)
    for cursor in (0.0, 0.4, 2.0, None):
        page.evaluate("epoch => store.seek(epoch ?? Infinity)", cursor)
        same(filled(page, TEMPLATE), fill(TEMPLATE, table, cursor))


def test_rows_that_have_not_come_are_gaps(page: Page) -> None:
    page.evaluate("() => store.show('r', 12)")
    receive(page, pack(header(), [*blocks(small(), ["summary"]), *blocks(small(), ["wide"], 0, 2)]))
    page.evaluate("() => store.seek(5)")
    data = filled(page, TEMPLATE)["data"]
    assert data[3]["y"] == [None] * 4
    assert data[3]["x0"] == 7
    assert data[8]["y"][2:] == [None] * 6
    assert len(data[8]["x"]) == len(data[8]["y"])
    assert data[0]["y"] == data[9]["x"] == []
    assert page.evaluate("figure => toJson(bind.fill(figure, false))", TEMPLATE)["data"][8]["y"] == []


def test_ranges_grow_with_what_comes_and_are_the_same_as_of_the_whole(page: Page) -> None:
    table = small(10)
    page.evaluate("() => store.show('r', 10)")
    wide = []
    for stop in (1, 3, 7):
        receive(page, pack(header(target=10), blocks(table, None, 0, stop)))
        wide.append(filled(page, TEMPLATE)["layout"]["xaxis"]["range"])
    assert wide[0][1] <= wide[1][1] <= wide[2][1]
    assert is_like(wide[2], fill(TEMPLATE, table)["layout"]["xaxis"]["range"])


def test_the_same_epochs_of_a_long_line_are_drawn(page: Page) -> None:
    pairs = [(last, limit) for last in (0, 1, 5, 499, 500, 501, 2_345, 5_000) for limit in (None, 2, 40, 500)]
    kept = "pairs => JSON.stringify(pairs.map(([last, limit]) => bind.keptEpochs(last, limit ?? undefined)))"
    for pair, there in zip(pairs, json.loads(page.evaluate(kept, pairs)), strict=True):
        assert there == kept_epochs(*pair).tolist(), pair


def numbers(seed: int, count: int) -> Iterator[float | None]:
    """Numbers of all sizes, some of them of few digits, and those at which the way of writing changes."""
    yield from (
        None,
        0.0,
        -0.0,
        1.125,
        -1.125,
        0.5,
        1.5,
        2.5,
        0.0005,
        0.000099996,
        9.995,
        999.5,
        999_999.5,
        1_125_000.0,
        5e-324,
        1e300,
    )
    random = np.random.default_rng(seed)
    for power, size in zip(random.uniform(-20, 12, count), random.choice([1e-9, 0.01, 0.1], count), strict=True):
        yield float(random.choice([-1, 1]) * round(10 ** (power % 1) / size) * size * 10 ** int(power))


def test_numbers_are_written_as_python_writes_them(page: Page) -> None:
    values = list(numbers(0, 400))
    for name, write in FORMATS.items():
        known = [value for value in values if value is None or name == "number" or abs(value) < 1e20]
        there = page.evaluate("([name, values]) => values.map((value) => format.FORMATS[name](value))", [name, known])
        assert there == [write(value) for value in known]
    moments = [abs(value) for value in values if value is not None and abs(value) < 1e15]
    there = page.evaluate("values => values.map((value) => format.writtenEpoch(value))", moments)
    assert there == [numerals.epoch(moment) for moment in moments]
    assert page.evaluate("format.AXIS") == AXIS


def test_noise_is_what_python_takes_for_noise(page: Page) -> None:
    pairs = [(value, scale) for value in (0.0, 1e-9, -9e-7, 1e-6, 2.0) for scale in (None, 0.0, 1e-9, 1.0, 50.0)]
    there = page.evaluate("pairs => pairs.map(([value, scale]) => format.FORMATS.number(value, scale))", pairs)
    assert there == [numerals.number(value, scale) for value, scale in pairs]


def test_the_same_ticks_of_logarithmic_axes(page: Page) -> None:
    lows = [factor * 10.0**power for power in (-320, -20, -9, -5, -4, -3, 3, 5, 6, 12) for factor in (1, 1.3, 2.1, 9.9)]
    pairs = [(low, low * ratio) for low in lows if low > 0 for ratio in (1.01, 1.3, 2, 5, 9, 12, 80, 200, 1e4, 1e9)]
    ticks = "pairs => JSON.stringify(pairs.map(([low, high]) => bind.logTicks(low, high) ?? null))"
    for pair, there in zip(pairs, json.loads(page.evaluate(ticks, pairs)), strict=True):
        assert there == log_ticks(*pair), pair


SPANS = [(0.021, 0.048), (2.1, 8.9), (0.97, 1.03), (0.4, 1.1), (11_000, 13_000), (0.3, 20), (1, 500), (0.5, 3000), (6e-4, 0.3)]
SPANS += [(2.1e-8, 7e-8), (1.3e-7, 2.2e-5), (1e-8, 1e3), (2e5, 4e7), (1.1e7, 1.3e7), (6e-5, 7e-3), (1e-300, 1e-298), (3, 3)]
"""From the smallest to the largest number on a logarithmic axis: less than a decade, some decades and many."""


def test_a_logarithmic_axis_has_ticks_that_say_where_they_are(page: Page) -> None:
    page.add_script_tag(url=f"{BASE}plotly.min.js")
    script = """async (spec) => {
        const place = document.querySelector("#place"), { data, layout } = JSON.parse(spec);
        await Plotly.newPlot(place, data, layout);
        return place._fullLayout.yaxis._vals.filter(({ text }) => text).map(({ x, text }) => [x, text]);
    }"""
    for low, high in SPANS:
        sheet = Sheet("", 1, 1, height=300)
        panel, y = sheet.panel(0, 0, {}, log_axis()), [low, (low * high) ** 0.5, high]
        sheet.add(panel, x=[0, 1, 2], y=y, showlegend=False, hovertemplate="%{y}<extra></extra>")
        ticks = page.evaluate(script, as_json(sheet.spec()))
        assert len(ticks) >= 3, (low, high)
        assert len({text for _, text in ticks}) == len(ticks), (low, high)
        for place, text in ticks:
            assert number_of(text) == pytest.approx(10**place, rel=1e-6)


def number_of(text: str) -> float:
    """What a label says: `12,500`, `2×10⁻⁸`, `10³`."""
    power = re.search(r"10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$", text)
    if power is None:
        return float(text.replace(",", ""))
    exponent = unicodedata.normalize("NFKC", power[1]).replace("−", "-")
    return float(f"{text[: power.start()].removesuffix('×') or 1}e{exponent}")


@cache
def trained(dataset: str) -> Recorded:
    return recorded(train(experiment(dataset)))


def experiment(dataset: str) -> Experiment:
    return replace(Experiment(), dataset=dataset, arms=tuple(ARMS), validation_share=0.25, epochs=6, seeds=2)


@pytest.mark.parametrize("dataset", ["iris", "boston_without_b", "moons"])
def test_every_figure_is_filled_by_the_same_rule(page: Page, dataset: str) -> None:
    table, setting = trained(dataset), experiment(dataset)
    data, t = load(dataset), texts("en")
    page.evaluate("() => store.show('r', 6)")
    receive(page, pack(header(target=6, epoch=6, state="ended", layouts=described(table.layouts)), blocks(table)))
    figures = [FIGURES[name].draw(setting, data, t) for name in figure_names(setting, data)]
    for epoch in (0.0, 0.5, 3.0, 6.0):
        page.evaluate("epoch => store.seek(epoch)", epoch)
        for figure in figures:
            same(filled(page, figure), fill(figure, table, epoch))


# Numbers for readers.


WRITTEN = {
    "-12.345": "−12.3",
    "1234.5": "1,235",
    "0.000012": "1.20×10⁻⁵",
    "1e-9, 'number', 1": "≈ 0",
    "NaN": "–",
    "undefined": "–",
    "0.256, 'percent'": "25.6%",
    "1234567, 'whole'": "1,234,567",
}


def test_numbers_within_text(page: Page) -> None:
    for call, text in WRITTEN.items():
        assert page.evaluate(f"() => format.written({call})") == text, call


def test_epochs_within_text(page: Page) -> None:
    written = page.evaluate("() => [0, 0.078125, 2.5, 1000, NaN].map((epoch) => format.writtenEpoch(epoch))")
    assert written == ["0", "0.08", "2.5", "1,000", "–"]


# The stream.

HELLO = [{"hello": "token"}, {"hidden": False}]


def connected(page: Page) -> None:
    """A page that shows the recording and has a line."""
    page.evaluate("() => { store.show('r', 12); stream.connect('token'); sockets[0].opens(); }")


def still(page: Page) -> None:
    """Time stands until the test lets it go on."""
    page.clock.install()
    page.clock.pause_at(page.evaluate("() => Date.now() + 1000"))


def sent(page: Page, socket: int = -1) -> list[Any]:
    return list(page.evaluate("k => sockets.at(k).sent", socket))


def gives(page: Page, frame: bytes, socket: int = -1) -> None:
    page.evaluate("([k, text]) => sockets.at(k).gives(toBytes(text))", [socket, as_text(frame)])


def wait_for_sent(page: Page, message: Any) -> None:
    page.wait_for_function(
        "wanted => sockets.at(-1).sent.some((each) => JSON.stringify(each) === wanted)",
        arg=json.dumps(message, separators=(",", ":")),
    )


def test_it_says_who_it_is_and_what_it_wants_at_an_address_under_the_base(page: Page) -> None:
    connected(page)
    assert page.evaluate("() => sockets.map(({ address }) => address)") == ["ws://lab.test/base/lab/stream"]
    assert sent(page) == [*HELLO, {"watch": "r", "epochs": 12, "parts": {"summary": 0}}]
    assert page.evaluate("() => stream.stream.state") == "open"


def test_what_is_asked_for_at_one_moment_is_one_message_and_rows_ask_for_nothing(page: Page) -> None:
    connected(page)
    gives(page, pack(header(), blocks(small(), ["summary"])))
    page.evaluate("() => { for (const name of ['counts', 'span', 'a.line', 'shown']) store.need(name, [name]); }")
    request = {"watch": "r", "epochs": 12, "parts": {"summary": 7, "summary!": 8, "wide": 0, "curves.loss": 0, "samples": 0}}
    wait_for_sent(page, request)
    wait_for_sent(page, {"painted": 1})
    gives(page, pack(header(2, layouts=None), blocks(small(), ["wide"])))
    wait_for_sent(page, {"painted": 2})
    assert [message for message in sent(page) if "watch" in message][1:] == [request]


def test_a_cut_line_is_opened_again_ever_later_and_nothing_comes_twice(page: Page) -> None:
    still(page)
    connected(page)
    gives(page, pack(header(), blocks(small(), ["summary"])))
    for k, wait in enumerate((250, 500, 1000, 2000, 4000, 4000)):
        page.evaluate("() => sockets.at(-1).cuts()")
        page.clock.run_for(wait - 1)
        assert page.evaluate("() => sockets.length") == k + 1
        page.clock.run_for(2)
        assert page.evaluate("() => sockets.length") == k + 2
    page.evaluate("() => sockets.at(-1).opens()")
    assert sent(page) == [*HELLO, {"watch": "r", "epochs": 12, "parts": {"summary": 7, "summary!": 8}}]
    gives(page, pack(header(3), []))
    page.evaluate("() => sockets.at(-1).cuts()")
    page.clock.run_for(251)  # it worked: no patience any more
    assert page.evaluate("() => sockets.length") == 8


def test_who_is_refused_waits_for_another_token(page: Page) -> None:
    still(page)
    connected(page)
    page.evaluate("() => { const socket = sockets.at(-1); socket.says({ refused: 'unknown token' }); socket.cuts(); }")
    page.clock.run_for(60_000)
    page.evaluate("() => stream.connect('token')")
    assert page.evaluate("() => [sockets.length, stream.stream.state]") == [1, "refused"]
    page.evaluate("() => { stream.connect('other'); sockets.at(-1).opens(); }")
    assert sent(page)[0] == {"hello": "other"}


HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_it_says_when_it_is_hidden(page: Page) -> None:
    connected(page)
    page.evaluate(HIDE, True)
    page.evaluate(HIDE, False)
    assert sent(page)[3:] == [{"hidden": True}, {"hidden": False}]


POLLED = """() => {
    window.asked = [];
    window.answers = [];
    window.fetch = (address, { body, signal }) => {
        asked.push({ address: String(address), messages: JSON.parse(body) });
        return new Promise((resolve, reject) => {
            answers.push((bytes, status = 200) => resolve(new Response(bytes && Uint8Array.from(bytes), { status })));
            signal.addEventListener("abort", () => reject(new Error("aborted")));
        });
    };
}"""


def blocked(page: Page) -> None:
    """No websocket gets through."""
    page.evaluate(POLLED)
    page.evaluate("() => { store.show('r', 12); stream.connect('token'); sockets.at(-1).cuts(); }")
    page.wait_for_function("() => sockets.length === 2")
    page.evaluate("() => sockets.at(-1).cuts()")
    page.wait_for_function("() => asked.length === 1")


def asked(page: Page) -> list[Any]:
    return list(page.evaluate("() => asked.map(({ messages }) => messages)"))


def test_without_a_websocket_frames_are_asked_for_one_by_one(page: Page) -> None:
    blocked(page)
    assert page.evaluate("() => [asked[0].address, stream.stream.state]") == [f"{BASE}lab/poll", "polling"]
    assert asked(page) == [[*HELLO, {"seen": ""}, {"watch": "r", "epochs": 12, "parts": {"summary": 0}}]]
    answer = {**header(), "tag": "what it says"}
    page.evaluate("text => answers[0](toBytes(text))", as_text(pack(answer, blocks(small(), ["summary"]))))
    page.wait_for_function("() => asked.length === 2")
    assert asked(page)[1][2] == {"seen": "what it says"}
    assert asked(page)[1][3] == {"watch": "r", "epochs": 12, "parts": {"summary": 7, "summary!": 8}}
    assert shown(page)["moments"] == [*EPOCHS, 12]
    page.evaluate("() => store.need('picture', ['counts'])")  # which need not wait for the answer
    page.wait_for_function("() => asked.length === 3")
    assert asked(page)[2][3]["parts"] == {"summary": 7, "summary!": 8, "wide": 0}
    page.evaluate("() => answers[2](null, 204)")
    page.wait_for_function("() => asked.length === 4")


def test_a_websocket_is_tried_now_and_then_all_the_same(page: Page) -> None:
    still(page)
    page.evaluate(POLLED)
    page.evaluate("() => { store.show('r', 12); stream.connect('token'); sockets.at(-1).cuts(); }")
    page.clock.run_for(251)
    page.evaluate("() => sockets.at(-1).cuts()")
    page.evaluate(HIDE, True)
    page.clock.run_for(40_000)
    assert page.evaluate("() => sockets.length") == 2  # nobody looks
    page.evaluate(HIDE, False)
    page.clock.run_for(31_000)
    assert page.evaluate("() => sockets.length") == 3
    page.evaluate("() => sockets.at(-1).opens()")
    gives(page, pack(header(), []))
    page.clock.run_for(5_000)
    before = len(asked(page))
    page.clock.run_for(60_000)
    assert len(asked(page)) == before
    assert page.evaluate("() => stream.stream.state") == "open"


def test_a_hidden_page_that_polls_says_so_once_and_waits(page: Page) -> None:
    blocked(page)
    page.evaluate(HIDE, True)
    page.wait_for_function("() => asked.length === 2")
    assert asked(page)[1][1] == {"hidden": True}
    page.evaluate("() => answers[1](null, 204)")
    page.evaluate(HIDE, False)
    page.wait_for_function("() => asked.length === 3")
    assert asked(page)[2][1] == {"hidden": False}


def test_a_refused_request_ends_them(page: Page) -> None:
    blocked(page)
    page.evaluate("() => answers[0]([...new TextEncoder().encode(JSON.stringify({ refused: 'unknown token' }))], 400)")
    page.wait_for_function("() => stream.stream.state === 'refused'")
    page.evaluate("() => stream.connect('other')")
    page.wait_for_function("() => asked.length === 2")
    assert asked(page)[1][0] == {"hello": "other"}


# Pictures.

PICTURE = {
    "data": [{"type": "scatter", "mode": "lines", "meta": {"bind": {"y": {"row": ["counts"]}}}}],
    "layout": {"height": 280, "meta": {"ranges": {"yaxis": {"low": [["counts"]], "high": [["counts"]]}}}},
}

MOUNT = """async ([id, figure, more]) => {
    const { panel } = await import("/base/lab.js"), parentElement = document.getElementById(id);
    const data = { recording: "r", figure: JSON.stringify(figure), alt: "A picture", key: "picture", ...more };
    panel({ parentElement, data }, "plotly.min.js");
}"""


def mount(page: Page, figure: Any = PICTURE, place: str = "place", **more: Any) -> None:
    page.evaluate(MOUNT, [place, figure, more])


def wait_for_picture(page: Page, cursor: str, place: str = "place") -> None:
    page.wait_for_function(
        "([id, cursor]) => document.querySelector(`#${id} [data-painted]`)?.dataset.cursor === cursor", arg=[place, cursor]
    )


def drawn(page: Page, place: str = "place") -> Any:
    return page.evaluate("id => toJson(document.querySelector(`#${id} .js-plotly-plot`).data[0].y)", place)


def test_a_picture_shows_the_moment_at_the_playhead(page: Page) -> None:
    show(page)
    mount(page)
    wait_for_picture(page, "0")
    for k, epoch in ((4, "2"), (7, "12")):
        page.evaluate("epoch => store.seek(Number(epoch))", epoch)
        wait_for_picture(page, epoch)
        assert drawn(page) == pytest.approx(small().parts["wide"][k, :4].tolist(), rel=1e-6, nan_ok=True)
    assert page.locator("#place .bn-panel").bounding_box()["height"] == 280  # type: ignore[index]


def test_a_picture_stays_until_the_rows_of_the_moment_are_there(page: Page) -> None:
    page.evaluate("() => store.show('r', 12)")
    receive(page, pack(header(), [*blocks(small(), ["summary"]), *blocks(small(), ["wide"], 0, 3)]))
    mount(page)
    wait_for_picture(page, "0")
    before = drawn(page)
    page.evaluate("() => { document.body.style.paddingTop = '3000px'; scrollTo(0, 0); }")
    page.wait_for_function("() => !('wide' in store.wanted().parts)")
    page.evaluate("() => store.seek(2)")
    assert shown(page)["cursor"] == 2
    page.evaluate("() => { document.body.style.paddingTop = 0; }")
    page.wait_for_function("() => 'wide' in store.wanted().parts")
    page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    assert (shown(page)["cursor"], drawn(page)) == (2, before)
    receive(page, pack(header(), blocks(small(), ["wide"])))
    wait_for_picture(page, "2")


def test_a_picture_fills_its_place_where_it_is_told_to(page: Page) -> None:
    show(page)
    mount(page, fit=True)
    wait_for_picture(page, "0")
    figure = page.locator("#place .bn-figure[data-name=picture]")
    size = figure.locator(".main-svg").first.bounding_box()
    assert size is not None
    assert (size["width"], size["height"]) == (800, 300)
    page.evaluate("() => { document.getElementById('place').style.height = '400px'; }")
    page.wait_for_function("() => document.querySelector('#place .main-svg').clientHeight === 400")
    assert page.locator(".modebar").count() == 0


def test_what_is_below_the_fold_is_neither_asked_for_nor_drawn_while_it_plays(page: Page) -> None:
    page.evaluate("""() => document.body.insertAdjacentHTML("beforeend",
        "<div style='height: 2000px'></div><div id=below style='width: 800px; height: 300px'></div>")""")
    page.evaluate("() => { store.show('r', 12); store.setSpeed(0.25); store.play(); }")
    receive(page, pack(header(), blocks(small(), ["summary"], 0, 2)))
    mount(page, place="below")
    mount(page, {"data": [{"y": [1]}], "layout": {}}, key="other")
    page.wait_for_function("() => Number(document.querySelector('#place [data-painted]').dataset.painted) > 0")
    assert page.evaluate("() => store.wanted().parts") == {"summary": 2}
    assert page.locator("#below .bn-panel").get_attribute("data-painted") == "0"
    page.evaluate("() => store.pause()")
    page.wait_for_function("() => Number(document.querySelector('#below [data-painted]').dataset.painted) === 1")
    assert page.evaluate("() => store.wanted().parts") == {"summary": 2}
    page.evaluate("() => document.getElementById('below').scrollIntoView()")
    page.wait_for_function("() => 'wide' in store.wanted().parts")


def test_what_does_not_follow_the_playhead_is_not_drawn_again(page: Page) -> None:
    show(page)
    mount(page, {"data": [{"meta": {"bind": {"y": {"curve": "a.line"}}}}], "layout": {}})
    wait_for_picture(page, "0")
    painted = page.locator("#place .bn-panel").get_attribute("data-painted")
    page.evaluate("() => store.seek(5)")
    wait_for_picture(page, "5")
    assert page.locator("#place .bn-panel").get_attribute("data-painted") == painted


OTHER_AXES = """async (second) => {
    const { panel } = await import("/base/lab.js"), parentElement = document.getElementById("place"), { react } = Plotly;
    const drawn = { given: [], most: 0 };
    let drawing = 0;
    Plotly.react = async (plot, data, ...more) => {
        drawn.most = Math.max(drawn.most, (drawing += 1));
        drawn.given.push(data.length);
        if (drawn.given.length === 1) {
            const content = { recording: "r", figure: second, alt: "A picture", key: "picture" };
            panel({ parentElement, data: content }, "plotly.min.js");
        }
        await react(plot, data, ...more);
        await new Promise((resolve) => setTimeout(resolve, 100)); // as a busy browser may take
        drawing -= 1;
    };
    window.drawn = drawn;
}"""
"""Have another figure shown while Plotly draws the first one. Counts the traces that it is given each time, and the drawings at
once."""


@pytest.mark.parametrize("arms", [(("none", "before"), ARMS), (ARMS, ("none", "before"))], ids=["more axes", "fewer axes"])
def test_a_figure_with_other_axes_may_come_while_the_first_one_is_being_drawn(page: Page, arms: Any) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    settings = [replace(experiment("iris"), arms=tuple(each)) for each in arms]
    first, second = (as_json(FIGURES["ribbons"].draw(setting, load("iris"), texts("en"))) for setting in settings)
    page.evaluate(HIDE, True)  # nothing is drawn yet
    mount(page, json.loads(first))
    page.wait_for_function("() => window.Plotly")
    page.evaluate(OTHER_AXES, second)
    page.evaluate(HIDE, False)
    page.wait_for_function("() => Number(document.querySelector('#place [data-painted]').dataset.painted) === 2")
    assert complaints == []
    drawn = page.evaluate("() => drawn")
    assert all(given >= len(json.loads(each)["data"]) for given, each in zip(drawn["given"], (first, second), strict=True))
    assert drawn["most"] == 1


PLACES = """names => {
    const place = document.querySelector("#place");
    place.insertAdjacentHTML("afterend", "<div style='height: 3000px'></div>");
    for (const name of names) document.body.insertAdjacentHTML("beforeend", `<div id="${name}" style="width: 600px"></div>`);
}"""
"""Places for figures, out of sight."""


@pytest.mark.parametrize("dataset", ["iris", "boston_without_b", "moons"])
def test_a_figure_of_which_no_number_has_come_has_axes_already(page: Page, dataset: str) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    setting, data, table = experiment(dataset), load(dataset), trained(dataset)
    names = figure_names(setting, data)
    figures = {name: json.loads(as_json(FIGURES[name].draw(setting, data, texts("en")))) for name in names}
    painted = "id => Number(document.querySelector(`#${id} [data-painted]`).dataset.painted) > 0"
    for count, name in enumerate(names, 1):  # nothing is known, not even what there will be
        mount(page, figures[name])
        page.wait_for_function(f"() => Number(document.querySelector('#place [data-painted]').dataset.painted) >= {count}")
        assert complaints == [], name
    page.evaluate("() => store.show('s', 6)")
    layouts = described(table.layouts)
    receive(page, pack(header(recording="s", target=6, epoch=6, layouts=layouts), blocks(table, ["summary"], 0, 1)))
    page.evaluate(PLACES, list(names))
    for name in names:  # a moment is known, and nothing of what a figure out of sight draws of it
        mount(page, figures[name], place=name, recording="s", key=name)
        page.wait_for_function(painted, arg=name)
        assert complaints == [], name


MOVING: dict[str, Any] = {
    "data": [
        {
            "mode": "lines",
            "fill": "tozeroy",
            "line": {"shape": "hvh"},
            "x0": 1,
            "dx": 2,
            "meta": {"bind": {"y": {"row": ["counts"]}, "x0": {"row": ["span", 0]}}},
        },
        {
            "mode": "lines",
            "line": {"simplify": False},
            "yaxis": "y2",
            "meta": {
                "bind": {
                    "x": {"curve": "epoch", "part": "curves.loss", "until": "cursor"},
                    "y": {"curve": "a.line", "until": "cursor"},
                }
            },
        },
        {"mode": "markers", "yaxis": "y2", "meta": {"bind": {"x": {"row": ["epoch"]}, "y": {"row": ["height"]}}}},
        {
            "mode": "lines",
            "fill": "tozeroy",
            "line": {"shape": "hvh"},
            "yaxis": "y3",
            "meta": {"bind": {"y": {"row": ["heights"]}}},
        },
        {"mode": "lines", "yaxis": "y4", "y": [0, 1], "meta": {"bind": {"x": {"cursor": True}}}},
        {"mode": "lines", "yaxis": "y2", "y": [1, 20]},
    ],
    "layout": {
        "xaxis": {"range": [-3, 13]},
        "yaxis": {"range": [-9, 9], "domain": [0, 0.4]},
        "yaxis2": {"type": "log", "domain": [0.5, 1]},
        "yaxis3": {"overlaying": "y", "rangemode": "tozero", "showticklabels": False, "showgrid": False},
        "yaxis4": {"overlaying": "y", "range": [0, 1], "visible": False},
        "annotations": [{"text": "", "x": 3, "y": 3, "showarrow": False}, {"text": "", "x": 5, "y": 5, "showarrow": False}],
        "meta": {
            "ranges": {"xaxis": {"low": [0], "high": ["target"]}},
            "titles": [
                {"annotation": 0, "text": "{0} ± {1}", "values": [{"row": ["span", 0]}, {"row": ["span", 1]}]},
                {"annotation": 1, "text": "{0}<br>of {1}", "values": [{"row": ["span", 0]}, {"row": ["span", 1]}]},
            ],
        },
    },
}
"""All that is moved without Plotly."""

MOVING_LAYOUTS = {
    **LAYOUTS,
    "wide": Layout("moment", {"counts": (0, 4), "span": (4, 2), "height": (6, 1), "heights": (7, 5)}, 12),
}

GEOMETRY = """id => {
    const plot = document.querySelector(`#${id} .js-plotly-plot`);
    const numbers = (text) => (text ?? "").split(/([-\\d.]+)/).map((piece, k) => (k % 2 ? Number(piece) : piece));
    const paths = [...plot.querySelectorAll(".scatterlayer .trace path")];
    return toJson({
        paths: paths.map((path) => [numbers(path.getAttribute("d")), numbers(path.getAttribute("transform"))]),
        texts: [...plot.querySelectorAll(".annotation-text")].map((text) => [text.textContent, text.children.length]),
        hovered: plot.calcdata.map((points, k) => plot.data[k].meta?.bind.x?.until ? [] : points.map(({ x, y }) => [x, y])),
        saved: plot.data,
    });
}"""
"""Where all lines and points are, what the texts say, what is said under the mouse (of lines that do not grow; of those Plotly
says it once they rest), and what would be saved."""

COUNT = """() => {
    window.laid = 0;
    const { react } = Plotly;
    Plotly.react = (...all) => { laid += 1; return react(...all); };
}"""


def near(one: Any, other: Any) -> bool:
    """The same to a fiftieth of a pixel."""
    if isinstance(other, dict):
        return one.keys() == other.keys() and all(near(one[key], other[key]) for key in other)
    if isinstance(other, list):
        return len(one) == len(other) and all(map(near, one, other))
    return bool(one == other) if isinstance(other, str) or other is None else abs(one - other) <= 0.0201


def moves_like_plotly(page: Page, epochs: list[float], place: str = "place") -> int:
    """Go to these epochs; how often Plotly was not needed. Each time all must be where Plotly then puts it."""
    page.wait_for_function("() => window.Plotly")
    page.evaluate(COUNT)
    moved = 0
    for epoch in epochs:
        page.evaluate("epoch => { window.laid = 0; store.seek(epoch); store.setSpeed(0.25); }", epoch)
        wait_for_picture(page, f"{epoch:.7g}", place)
        first, laid = page.evaluate(f"id => [({GEOMETRY})(id), laid]", place)
        page.wait_for_function("() => laid > 0")  # once it rests
        assert near(first, page.evaluate(GEOMETRY, place)), f"at epoch {epoch:g}"
        moved += laid == 0
    return moved


def test_what_moves_is_where_plotly_would_put_it(page: Page) -> None:
    draw, table = np.random.default_rng(8), small()
    wide = draw.uniform(0.5, 8, (8, 12)).astype(np.float32)
    table = replace(table, layouts=MOVING_LAYOUTS, parts={**table.parts, "wide": wide})
    page.evaluate("() => store.show('r', 12)")
    sent_blocks = blocks(replace(table, layouts=LAYOUTS))
    receive(page, pack(header(layouts=described(MOVING_LAYOUTS)), sent_blocks))
    page.evaluate("() => store.seek(5)")
    mount(page, MOVING)
    wait_for_picture(page, "5")
    assert moves_like_plotly(page, [10, 5, 2, 12, 1]) >= 4


def test_networks_move_like_plotly_draws_them(page: Page) -> None:
    table, setting = trained("boston_without_b"), experiment("boston_without_b")
    page.evaluate("() => { document.getElementById('place').style.height = '600px'; store.show('r', 6); store.seek(1); }")
    receive(page, pack(header(target=6, epoch=6, state="ended", layouts=described(table.layouts)), blocks(table)))
    figure = FIGURES["network"].draw(setting, load("boston_without_b"), texts("en"))
    mount(page, figure, fit=True)
    wait_for_picture(page, "1")
    epochs = [epoch for epoch in table.epochs if epoch >= 1][1:4]
    assert moves_like_plotly(page, [float(f"{epoch:.7g}") for epoch in epochs]) > 0


def test_what_reaches_further_is_laid_out_anew(page: Page) -> None:
    show(page)
    mount(page)
    wait_for_picture(page, "0")
    page.evaluate(COUNT)
    page.evaluate("() => store.seek(2)")
    wait_for_picture(page, "2")
    assert page.evaluate("() => laid") == 0
    taller = small()
    taller.parts["wide"][:, :4] *= 2
    page.evaluate("() => { window.laid = 0; store.show('s', 12); }")
    mount(page, recording="s")
    receive(page, pack(header(recording="s"), blocks(taller)))
    wait_for_picture(page, "0")
    assert page.evaluate("() => laid") > 0


def test_the_picture_of_another_recording_keeps_what_it_had_until_it_is_told(page: Page) -> None:
    show(page)
    mount(page)
    wait_for_picture(page, "0")
    page.evaluate("() => store.show('s', 12)")
    mount(page, recording="s")
    wait_for_picture(page, "")
    assert drawn(page) == []
    receive(page, pack(header(recording="s"), blocks(small())))
    wait_for_picture(page, "0")
    assert len(drawn(page)) == 4


RANGE = "() => document.querySelector('.js-plotly-plot')._fullLayout.yaxis.range"


def test_a_swipe_over_a_picture_scrolls_the_page_until_zooming_is_chosen(chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 600}, has_touch=True, is_mobile=True)
    page, words = opened(context), {"png": "PNG", "zoom": "Zoom"}
    client = context.new_cdp_session(page)

    def prepare() -> None:
        page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<div style=\"height: 3000px\"></div>')")
        show(page)
        mount(page, save={"file": "picture", "language": "en", "words": words})
        wait_for_picture(page, "0")

    def swipe() -> None:
        def touch(kind: str, *ys: int) -> None:
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": 150, "y": y} for y in ys]})

        touch("touchStart", 190)
        for k in range(1, 11):
            touch("touchMove", 190 - 8 * k)
        touch("touchEnd")

    prepare()
    swipe()
    page.wait_for_function("() => scrollY > 50")
    page.close()
    page = opened(context)
    client = context.new_cdp_session(page)
    prepare()
    page.evaluate(
        "() => document.querySelector('.modebar-btn[data-title=Zoom]').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    page.wait_for_function("() => document.querySelector('.js-plotly-plot')._fullLayout.dragmode === 'zoom'")
    before = page.evaluate(RANGE)
    swipe()
    page.wait_for_function(f"before => String(({RANGE})()) !== String(before)", arg=before)
    assert page.evaluate("() => scrollY") == 0
    context.close()


def test_a_table_follows_the_playhead(page: Page) -> None:
    page.evaluate("""async () => {
        const { table } = await import("/base/lab.js"), parentElement = document.getElementById("place");
        const rows = [["loss", { row: ["a.loss", 0] }], ["share", { row: ["span", 1], format: "percent" }]];
        table({ parentElement, data: { recording: "r", table: { columns: ["", "a"], rows }, alt: "A table" } });
    }""")
    show(page)
    for k in (0, 3, 7):
        page.evaluate("epoch => store.seek(epoch)", small().epochs[k])
        wait_for_picture(page, f"{small().epochs[k]:g}")
        values = [small().parts["summary"][k, 1], small().parts["wide"][k, 5]]
        known = [float(value) if np.isfinite(value) else None for value in values]
        expected = [FORMATS["number"](known[0]), FORMATS["percent"](known[1])]
        assert page.locator("#place td").all_text_contents() == expected
    page.wait_for_function("() => 'wide' in store.wanted().parts")  # what it needs is asked for
