"""The stream of a page: what it watches comes as binary frames, pushed over a websocket, or one by one as answers to requests.

Messages of the page are JSON objects with one name each:

- `{"hello": token}` comes first, and says whose page it is;
- `{"watch": recording, "epochs": n, "parts": {part: rows}}`: train that recording as far as n (never further than its target,
  which the page's script said), and send these parts of it, of which the page has so many rows already; with `"again": true`
  besides, what has failed is tried again;
- `{"seen": tag}`, in a request only: the header of its latest frame had this tag, and need not come again;
- `{"hidden": true}` and `{"hidden": false}`: a hidden page gets nothing;
- `{"painted": n}`: frame number n is on the screen. The next one leaves after that, so a slow browser gets fewer.

A frame is written by `bn_lab.figures.frame.pack`; its header is described at `Viewer.frame`. A page that says anything else
gets one text message that says why, and is cut off. Nothing that it says is ever more than a name to look up, or a number.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit import config

from bn_lab import timing
from bn_lab.figures.frame import pack
from bn_lab.service import Visitor, Watch, recordings
from bn_lab.service.relay import END

WATCH = {"watch", "epochs", "parts", "again"}
"""What a message may say that begins to look at a recording."""

LONGEST, MOST_PARTS = 8_000, 40
"""Characters of a message (of a request: bytes of all its messages), and parts that one names, at most."""

BACKLOG = 100_000
"""Bytes of a frame from which on there is more to come that was recorded before: the next one follows at once."""

MOST_CONNECTIONS = 8
"""Connections of one page at most: it needs one, and of those that broke some may not be known to be over yet."""

log = logging.getLogger(__name__)


class MessageRefusedError(Exception):
    """A message that no page of ours sends; says which rule it breaks."""


class Viewer:
    """One page: what it asked for, and what it was sent.

    Args:
        visitor: whose page it is.
    """

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.is_hidden = False
        self.is_resting = False  # whether the latest frame has only just left
        self.had_rows = False  # whether the latest frame brought some, and not only word of a state
        self._recording, self._target = "", 0  # what it looks at, and up to where
        self._sent: dict[str, int] = {}  # rows of each part that the page has or was sent
        self._has_layouts = False  # whether the page knows the layouts of the parts
        self._number, self._painted = 0, 0  # of the latest frame that was sent, and that is on the screen
        self._early: tuple[str, int, Mapping[str, Any]] | None = None  # a watch that the page's script has not made yet
        self._sent_tag = ""  # stands for the header of the latest frame
        self._seen_tag = ""  # the same of the latest frame that the page had from another request

    def receive(self, message: Mapping[str, Any]) -> None:
        """Take in a message after the first one.

        Raises:
            MessageRefusedError: for a message of another form.
        """
        match message:
            case {"watch": str(recording), "epochs": int(epochs), "parts": dict(parts)} if message.keys() <= WATCH:
                self._look(recording, epochs, parts, again=message.get("again") is True)
            case {"hidden": bool(hidden)} if len(message) == 1:
                self.is_hidden = hidden
                self.visitor.hide(hidden)
            case {"seen": str(tag)} if len(message) == 1:
                self._seen_tag = tag
            case {"painted": int(number)} if len(message) == 1 and number <= self._number:
                self._painted = max(self._painted, number)
            case _:
                raise MessageRefusedError("unknown message")

    def _look(self, recording: str, epochs: int, parts: Mapping[str, Any], *, again: bool = False) -> None:
        if len(parts) > MOST_PARTS or not all(isinstance(rows, int) and rows >= 0 for rows in parts.values()):
            raise MessageRefusedError("parts must be names with numbers of rows")
        self._early = None
        if (watch := self._find(recording)) is None:
            self._early = recording, epochs, parts  # until the script, which runs elsewhere, makes it
            return
        if recording != self._recording:
            self._recording, self._has_layouts = recording, False
        if epochs > watch.wanted or again:
            watch.go(min(epochs, watch.target))
        self._sent, self._target = dict(parts), watch.target

    def _find(self, recording: str) -> Watch | None:
        """The visitor's watch of a recording: another one each time that the script wants it up to another target."""
        return next((watch for watch in self.visitor.watches.values() if recording in watch.names), None)

    @property
    def is_due(self) -> bool:
        """Whether the page can take another frame."""
        return not self.is_hidden and not self.is_resting and self._painted == self._number

    def frame(self) -> bytes | None:
        """The next frame; None where there is nothing new.

        Its header: `n` (its number), `tag` (stands for the rest of it), `recording`, `target`, `state` (ready, queued,
        training, ended, failed), `epoch` (trained, at most the target), `place` (in line, from 1, else 0), `seconds` (of
        training) and `rate` (epochs a second, 0 where unknown), `error` (whether it failed), `moments` (how many are recorded
        up to the target), `findings` (id and values of each; null as long as there are none), and the first time `layouts`
        (of all parts).
        """
        if self._early is not None:
            self._look(*self._early)
        if (watch := self._find(self._recording)) is None:
            return None
        if watch.target != self._target:  # which has a last moment of its own
            self._target, self._sent = watch.target, {part: rows for part, rows in self._sent.items() if part[-1:] != END}
        progress, layouts = watch.progress, watch.layouts
        blocks = watch.rows(self._sent) if layouts is not None else []
        findings = [{"id": each.id, "values": each.values} for each in progress.findings]
        status = (watch.target, str(progress.state), int(progress.epoch), progress.place, layouts is not None, len(findings))
        tag = f"{self._recording} {status}"
        if tag == self._seen_tag:
            self._has_layouts = layouts is not None
        if not blocks and tag in (self._sent_tag, self._seen_tag):
            return None
        self._sent_tag, self.had_rows = tag, bool(blocks)
        self._number += 1
        header = {
            "n": self._number,
            "tag": tag,
            "recording": self._recording,  # as the page knows it
            "target": watch.target,
            "state": str(progress.state),
            "epoch": progress.epoch,
            "place": progress.place,
            "seconds": round(progress.seconds, 3),
            "rate": round(progress.rate, 3),
            "error": progress.error is not None,
            "moments": progress.moments,
            "findings": findings or None,
            "layouts": None if self._has_layouts else layouts,
        }
        self._has_layouts = layouts is not None
        for block in blocks:
            self._sent[f"{block.part}{END}" if block.end else block.part] = block.start + block.count
        return pack(header, blocks)


def decoded(text: str) -> Any:
    """What a message says.

    Raises:
        MessageRefusedError: where it is no JSON, or too long.
    """
    if len(text) > LONGEST:
        raise MessageRefusedError(f"a message has at most {LONGEST} characters")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise MessageRefusedError("a message is JSON") from None


async def received(socket: WebSocket) -> dict[str, Any]:
    """The next message of a page; raises a `MessageRefusedError` for what is none."""
    message = decoded(await socket.receive_text())
    if not isinstance(message, dict):
        raise MessageRefusedError("a message is an object")
    return message


def visitor_of(message: Mapping[str, Any]) -> Visitor:
    """The visitor whose page says hello.

    Raises:
        MessageRefusedError: where it does not, or has a token that nobody was given, or that is over.
    """
    token = message.get("hello")
    visitor = recordings().by_token(token) if isinstance(token, str) and len(message) == 1 else None
    if visitor is None:
        raise MessageRefusedError("unknown token")
    return visitor


def allows_origin(origin: str | None, host: str | None) -> bool:
    """Whether a page from `origin` may talk to `host`: one of the same host, or of a host that Streamlit is told to allow.

    This is Streamlit's rule without its look-up of the machine's own addresses, during which the server answers nobody. An
    origin that is no address, such as `null` or `http://[::1`, is nobody's.
    """
    if origin is None or not config.get_option("server.enableCORS"):
        return True
    place, name = _place(origin)
    allowed = {_place(each)[1] or each for each in config.get_option("server.corsAllowedOrigins")}
    return bool(place) and (place == host or name in allowed)


def _place(address: str) -> tuple[str, str | None]:
    """Host with port, and host alone, of an address; nothing where it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", None
    return parts.netloc, parts.hostname


async def websocket(socket: WebSocket) -> None:
    """Serve one page until its connection ends."""
    if not allows_origin(socket.headers.get("origin"), socket.headers.get("host")):
        _log_refusal("another site's page")
        await socket.close(1008)
        return
    await socket.accept()
    try:
        visitor = visitor_of(await asyncio.wait_for(received(socket), timing.HELLO_TIMEOUT))
        if visitor.connections >= MOST_CONNECTIONS:  # the page tries again by itself, which it does not where it is refused
            _log_refusal("too many connections of one page")
            await socket.close(1013)
            return
        await _serve(socket, Viewer(visitor))
    except MessageRefusedError as refused:
        _log_refusal(str(refused))
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.send_text(json.dumps({"refused": str(refused)}))
            await socket.close(1008)
    except TimeoutError:
        _log_refusal("no hello")
        await socket.close(1008)
    except (WebSocketDisconnect, KeyError):  # KeyError: bytes came where a text belongs
        return


async def _serve(socket: WebSocket, viewer: Viewer) -> None:
    """Take in what the page says, and send it frames when there is something new and the page has painted the one before."""
    changed = asyncio.Event()
    wake = _setter(changed, viewer)
    tasks = [asyncio.create_task(_receive(socket, viewer, changed)), asyncio.create_task(_send(socket, viewer, changed))]
    try:
        viewer.visitor.connect(wake)
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # without either the page would stand still
        for error in [task.exception() for task in ended]:
            if error is not None:
                raise error
    finally:
        for task in tasks:
            task.cancel()
        viewer.visitor.disconnect(wake)


def _setter(changed: asyncio.Event, viewer: Viewer) -> Callable[[], None]:
    """A function that sets an event from any thread, where the page can take a frame; else `_send` looks when it can."""
    loop = asyncio.get_running_loop()

    def wake() -> None:
        if viewer.is_due:
            with suppress(RuntimeError):  # the server is being stopped
                loop.call_soon_threadsafe(changed.set)

    return wake


async def _receive(socket: WebSocket, viewer: Viewer, changed: asyncio.Event) -> None:
    while True:
        viewer.receive(await received(socket))
        changed.set()


async def _send(socket: WebSocket, viewer: Viewer, changed: asyncio.Event) -> None:
    while True:
        await changed.wait()
        changed.clear()
        if viewer.is_due and (frame := viewer.frame()) is not None:
            viewer.is_resting, sent = True, monotonic()
            try:
                await socket.send_bytes(frame)
            except RuntimeError:  # the page has just closed it
                return
            if viewer.had_rows and len(frame) < BACKLOG:
                await asyncio.sleep(max(0.0, timing.FRAME_INTERVAL - (monotonic() - sent)))
            viewer.is_resting = False
            changed.set()  # what came meanwhile


async def poll(request: Request) -> Response:
    """Answer with the next frame of a page whose websocket does not get through, with nothing after `timing.LONG_POLL` seconds.

    The body is a list of messages as they would come over the websocket, hello first.
    """
    if not allows_origin(request.headers.get("origin"), request.headers.get("host")):
        _log_refusal("another site's page")
        return Response(status_code=403)
    try:
        viewer = _viewer_of(decoded(await _body(request)))
    except MessageRefusedError as refused:
        _log_refusal(str(refused))
        return Response(json.dumps({"refused": str(refused)}), status_code=400, media_type="application/json")
    if viewer.visitor.connections >= MOST_CONNECTIONS:
        _log_refusal("too many connections of one page")
        return Response(status_code=429)
    changed = asyncio.Event()
    wake = _setter(changed, viewer)
    try:
        viewer.visitor.connect(wake)
        latest = monotonic() + timing.LONG_POLL
        while (frame := viewer.frame() if viewer.is_due else None) is None:
            if (left := latest - monotonic()) <= 0:
                return Response(status_code=204)
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), min(left, timing.POLL_CHECK))
            changed.clear()
            if await request.is_disconnected():  # it asks for something else by now, or is gone
                return Response(status_code=204)
        return Response(frame, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})
    finally:
        viewer.visitor.disconnect(wake, hidden=viewer.is_hidden)


async def _body(request: Request) -> str:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST:
            raise MessageRefusedError(f"a message has at most {LONGEST} characters")
    return body.decode(errors="replace")


def _viewer_of(messages: Any) -> Viewer:
    """The page that sends these messages in one request."""
    if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
        raise MessageRefusedError("messages are a list of objects")
    viewer = Viewer(visitor_of(messages[0]))
    for message in messages[1:]:
        viewer.receive(message)
    return viewer


def _log_refusal(reason: str) -> None:
    """Write down that something was refused, and by which rule; the log says nothing of what was sent."""
    log.warning("stream refused: %s", reason)
