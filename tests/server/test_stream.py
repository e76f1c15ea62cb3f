"""A page gets what it watches, each row once, and nothing else: by the websocket, and by requests."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from bn_lab.engine.training import train
from bn_lab.experiment import Experiment
from bn_lab.figures.frame import unpack
from bn_lab.figures.parts import epoch_rows, layouts, moment_row
from bn_lab.server import addresses, stream
from bn_lab.service import Recordings, Visitor
from tests.server.conftest import SHORT

Page = Callable[..., Visitor]
Rows = NDArray[np.float32]

PARTS = ("summary", "stage.pre_activation", "curves.loss")


def watch(visitor: Visitor, epochs: int | None = None, **have: int) -> dict[str, Any]:
    """The message that a page sends for what its visitor watches."""
    lab = visitor.watches["lab"]
    parts = {name: have.get(name.replace(".", "_"), 0) for name in PARTS}
    return {"watch": lab.recording, "epochs": lab.target if epochs is None else epochs, "parts": parts}


class Browser:
    """What a page knows of a recording: the headers of all frames, and by part all rows in order."""

    def __init__(self) -> None:
        self.headers: list[dict[str, Any]] = []
        self.rows: dict[str, list[Rows]] = {}
        self.ends: dict[str, Rows] = {}

    @property
    def header(self) -> dict[str, Any]:
        return self.headers[-1] if self.headers else {}

    def take(self, data: bytes) -> None:
        header, blocks = unpack(data)
        self.headers.append(header)
        for block in blocks:
            assert not isinstance(block.rows, bytes)
            if block.end:
                self.ends[block.part] = block.rows[0]
                continue
            known = self.rows.setdefault(block.part, [])
            assert block.start == len(known), "rows are sent once, and in order"
            known.extend(block.rows)


def to_the_end(socket: WebSocketTestSession, browser: Browser) -> Browser:
    """Paint frames until the recording has ended and everything was sent."""
    while browser.header.get("state") != "ended" or len(browser.rows.get("curves.loss", [])) < browser.header["target"]:
        browser.take(socket.receive_bytes())
        socket.send_json({"painted": browser.header["n"]})
    return browser


@pytest.fixture
def connected(client: TestClient) -> Iterator[Callable[..., Any]]:
    def connect(token: str, **headers: str) -> Any:
        socket = client.websocket_connect(f"/{addresses.STREAM}", headers=headers)
        socket.__enter__()
        opened.append(socket)
        socket.send_json({"hello": token})
        return socket

    opened: list[WebSocketTestSession] = []
    yield connect
    for socket in opened:
        socket.__exit__(None, None, None)


def test_a_page_gets_all_that_a_lone_training_records(connected: Callable[..., Any], page: Page) -> None:
    visitor = page()
    socket = connected(visitor.token)
    socket.send_json(watch(visitor))
    browser = to_the_end(socket, Browser())
    history = train(SHORT)
    assert len(browser.rows["summary"]) == len(history.snapshots)
    for part in ("summary", "stage.pre_activation"):
        expected = np.stack([moment_row(part, history, moment) for moment in history.snapshots])
        np.testing.assert_array_equal(np.stack(browser.rows[part]), expected)
    np.testing.assert_array_equal(np.stack(browser.rows["curves.loss"]), epoch_rows("curves.loss", history, 0, 3))
    assert browser.header["findings"]


def test_layouts_come_once(connected: Callable[..., Any], page: Page) -> None:
    visitor = page()
    socket = connected(visitor.token)
    socket.send_json(watch(visitor))
    browser = to_the_end(socket, Browser())
    (described,) = [header["layouts"] for header in browser.headers if header["layouts"] is not None]
    assert set(described) == set(layouts(train(SHORT)))


def test_who_comes_back_gets_only_the_rest(connected: Callable[..., Any], page: Page) -> None:
    visitor = page()
    first = connected(visitor.token)
    first.send_json(watch(visitor))
    browser = to_the_end(first, Browser())
    again = connected(visitor.token)
    again.send_json(watch(visitor, summary=len(browser.rows["summary"]) - 2, stage_pre_activation=0, curves_loss=3))
    _, blocks = unpack(again.receive_bytes())
    counts = {block.part: (block.start, block.count) for block in blocks}
    assert counts["summary"] == (len(browser.rows["summary"]) - 2, 2)
    assert counts["stage.pre_activation"][0] == 0
    assert "curves.loss" not in counts


def test_a_page_that_does_not_paint_is_sent_one_frame(page: Page) -> None:
    visitor, news = page(wanted=3), Event()
    viewer = stream.Viewer(visitor)
    visitor.connect(news.set)
    viewer.receive(watch(visitor))
    while viewer.frame() is None:
        assert news.wait(60)
        news.clear()
    assert not viewer.is_due
    viewer.receive({"painted": 1})
    assert viewer.is_due
    viewer.receive({"hidden": True})
    assert not viewer.is_due


def test_a_page_can_want_no_more_than_its_script_said(page: Page) -> None:
    visitor = page()
    viewer = stream.Viewer(visitor)
    viewer.receive({**watch(visitor), "epochs": 5000})
    assert visitor.watches["lab"].wanted == SHORT.epochs
    viewer.receive({**watch(visitor), "watch": "another recording"})
    assert viewer.frame() is not None, "it still gets what it watched"


def test_a_longer_target_is_followed_without_being_asked_again(service: Recordings, page: Page) -> None:
    visitor, news = page(wanted=3), Event()
    viewer, browser, longer = stream.Viewer(visitor), Browser(), replace(SHORT, epochs=70)
    visitor.connect(news.set)
    viewer.receive(watch(visitor))

    def follow(until: int) -> None:
        while browser.header.get("state") != "ended" or len(browser.rows.get("curves.loss", [])) < until:
            news.clear()
            if (frame := viewer.frame()) is not None:
                browser.take(frame)
                viewer.receive({"painted": browser.header["n"]})
            else:
                assert news.wait(60)

    follow(3)
    visitor.want("lab", longer)
    follow(70)
    history = train(longer)
    assert browser.header["target"] == 70
    np.testing.assert_array_equal(np.stack(browser.rows["curves.loss"]), epoch_rows("curves.loss", history, 0, 70))


def test_nobody_can_name_the_recording_of_another_page(page: Page) -> None:
    mine, other = page(), page(Experiment(dataset="iris", epochs=3, seed=7))
    viewer = stream.Viewer(mine)
    viewer.receive(watch(other))
    assert viewer.frame() is None
    assert other.watches["lab"].wanted == 0


MALFORMED = [
    "{",
    "[]",
    "12345678",
    "[" * 4000,
    '{"watch": "x"}',
    '{"watch": "x", "epochs": -1.5, "parts": {}}',
    '{"watch": "x", "epochs": 1, "parts": {"summary": "all"}}',
    '{"watch": "x", "epochs": 1, "parts": {"summary": -1}}',
    json.dumps({"watch": "x", "epochs": 1, "parts": {str(k): 0 for k in range(stream.MOST_PARTS + 1)}}),
    '{"painted": 99}',
    '{"hidden": 1}',
    '{"eval": "1"}',
    '{"painted": "' + "9" * stream.LONGEST + '"}',
]


@pytest.mark.parametrize("message", MALFORMED)
def test_what_no_page_sends_ends_the_connection_with_a_reason(
    connected: Callable[..., Any], page: Page, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = page()
    socket = connected(visitor.token)
    with caplog.at_level(logging.WARNING, stream.__name__):
        socket.send_text(message)
        assert json.loads(socket.receive_text())["refused"]
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_text()
    assert ended.value.code == 1008
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert message not in caplog.text


@pytest.mark.parametrize("token", ["", "guessed", 7, None, ["x"]])
def test_without_the_token_there_is_nothing(connected: Callable[..., Any], page: Page, token: Any) -> None:
    page()
    socket = connected(token)
    assert json.loads(socket.receive_text()) == {"refused": "unknown token"}


@pytest.mark.parametrize(
    ("origin", "ours"),
    [
        ("http://testserver", True),
        ("http://elsewhere.example", False),
        ("http://testserver.elsewhere.example", False),
        ("null", False),
        ("http://[::1", False),
        ("http://[testserver]", False),
        ("http://testserver]", False),
        ("", False),
    ],
)
def test_pages_of_other_sites_get_nothing(client: TestClient, page: Page, origin: str, ours: bool) -> None:
    visitor = page(wanted=3)
    messages = [{"hello": visitor.token}, watch(visitor)]
    answer = client.post(f"/{addresses.POLL}", json=messages, headers={"Origin": origin})
    assert answer.status_code == (200 if ours else 403)
    if not ours:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"/{addresses.STREAM}", headers={"Origin": origin}):
            pass


@pytest.mark.parametrize("origin", ["null", "", "http://[::1", "//[", "http://ex℀mple.example", "http://", "://", "[", "\x00"])
@pytest.mark.parametrize("host", [None, "", "null", "testserver", "[::1"])
def test_an_origin_that_is_no_address_is_nobodys(monkeypatch: pytest.MonkeyPatch, origin: str, host: str | None) -> None:
    options = {"server.enableCORS": True, "server.corsAllowedOrigins": ["http://[::1", "https://school.example", ""]}
    monkeypatch.setattr(stream.config, "get_option", options.__getitem__)
    assert not stream.allows_origin(origin, host)
    assert stream.allows_origin("https://school.example:8443", host)
    assert stream.allows_origin("http://testserver", "testserver")


def test_what_has_failed_is_tried_again_where_a_page_says_so_and_not_else(
    connected: Callable[..., Any], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, tried = page(), []
    monkeypatch.setattr(Recordings, "retry", lambda self, recording: tried.append(recording.id))
    socket, message = connected(visitor.token), watch(visitor, epochs=0)
    for more in ({}, {"parts": {"summary": 0}}, {"again": False}, {"again": True}):
        socket.send_json({**message, **more})
    socket.send_json({**message, "twice": True})
    assert json.loads(_text(socket)) == {"refused": "unknown message"}
    assert tried == [visitor.watches["lab"].recording]


def _text(socket: WebSocketTestSession) -> str:
    """The next text message; frames are passed by."""
    while (message := socket.receive()).get("text") is None:
        pass
    return str(message["text"])


def test_requests_bring_the_same_frames(client: TestClient, page: Page) -> None:
    visitor, browser = page(), Browser()
    while browser.header.get("state") != "ended" or len(browser.rows.get("curves.loss", ())) < SHORT.epochs:
        have = {part.replace(".", "_"): len(rows) for part, rows in browser.rows.items()}
        answer = client.post(f"/{addresses.POLL}", json=[{"hello": visitor.token}, watch(visitor, **have)])
        assert answer.status_code == 200
        browser.take(answer.content)
    history = train(SHORT)
    np.testing.assert_array_equal(np.stack(browser.rows["curves.loss"]), epoch_rows("curves.loss", history, 0, 3))


@pytest.mark.parametrize("body", ["{", "[]", "[1]", '[{"hello": "guessed"}]', "[" + " " * stream.LONGEST + "]"])
def test_a_malformed_request_is_refused(client: TestClient, body: str) -> None:
    answer = client.post(f"/{addresses.POLL}", content=body)
    assert answer.status_code == 400
    assert answer.json()["refused"]


def test_an_open_connection_keeps_what_is_watched(connected: Callable[..., Any], page: Page) -> None:
    visitor = page()
    socket = connected(visitor.token)
    socket.send_json(watch(visitor))
    socket.receive_bytes()
    assert visitor.is_present
    socket.close()
