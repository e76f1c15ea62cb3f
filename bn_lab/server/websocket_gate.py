"""`WebsocketGate`: what every websocket goes through before Streamlit and the lab hear of it.

Streamlit makes a session, with an event loop and three open files, for whoever opens its websocket, and logs a traceback for
what is no message. Here the number of sockets is limited (`seats`); Streamlit hears of one with its first message; and only
messages that pages send get through (`allowed_messages`), no quicker than a page sends them.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime import Runtime
from streamlit.web.server.starlette.starlette_app_utils import decode_xsrf_token_string
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from bn_lab import timing
from bn_lab.server import addresses
from bn_lab.server.allowed_messages import MessageError, allowed_kind
from bn_lab.server.seats import FullError, Seats
from bn_lab.server.stream import allows_origin

PACE, BURST = 20.0, 40
"""Messages of a socket that are handed on: how many a second in the long run, and how many at once. Each may start a thread."""

BROWSER = b"x-bn-lab-browser"
"""The header by which Streamlit's sessions know their browser; .streamlit/config.toml names it, too."""

NOBODY = 1006
"""Code of a connection that ended without a word, by RFC 6455."""

log = logging.getLogger(__name__)


class WebsocketGate:
    """Middleware for the two websockets of a page.

    Args:
        app: what answers.
        seats: says how many pages may be connected; called when the first one comes.
        knows: whether there is a session of this id, of a page that is open or was until just now.
        clock, rest: the time in seconds, and what waits for some.
    """

    def __init__(
        self,
        app: ASGIApp,
        seats: Callable[[], int],
        knows: Callable[[str], bool] | None = None,
        clock: Callable[[], float] = monotonic,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._app, self._most, self._knows, self._clock, self._rest = app, seats, knows or knows_session, clock, rest
        self._seats: dict[str, Seats] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a websocket in, or turn it away before it costs anything; all else passes."""
        path = scope.get("path", "")
        kind = next((kind for kind in (addresses.STREAMLIT, addresses.STREAM) if path.endswith(f"/{kind}")), None)
        if scope["type"] != "websocket" or kind is None:
            await self._app(scope, receive, send)
            return
        scope = {**scope, "headers": with_browser(scope["headers"])}
        headers = Headers(scope=scope)
        named = session_named(headers)
        if kind not in self._seats:
            self._seats[kind] = Seats(self._most())
        seats = self._seats[kind]
        try:
            with seats.taking(comes_back=bool(named) and self._knows(named)):
                if kind == addresses.STREAM:
                    await self._app(scope, receive, send)
                elif allows_origin(headers.get("origin"), headers.get("host")):
                    await self._serve(scope, receive, send, named)
                else:  # Streamlit would look its own address up on the internet first, and answer nobody meanwhile
                    log.warning("websocket refused: another site's page")
                    await send({"type": "websocket.close", "code": 1008})
        except FullError:
            log.warning("websocket refused: all %d seats are taken", seats.most)
            await send({"type": "websocket.close", "code": 1013})  # answers with 403, which no proxy takes for a failure

    async def _serve(self, scope: Scope, receive: Receive, send: Send, named: str) -> None:
        """Connect a browser with Streamlit once it has said something, or where the session that it names is there."""
        socket = GatedSocket(receive, send, self._clock, self._rest)
        if named and self._knows(named):  # the browser may have nothing to say: the page is as it was
            await self._app(scope, socket.receive, socket.send)
            return
        first = await receive()
        protocols = Headers(scope=scope).get("sec-websocket-protocol", "").split(",")
        await send({"type": "websocket.accept", "subprotocol": protocols[0].strip() or None, "headers": []})
        socket.is_accepted = True
        try:
            limit = timing.RETURNING_TIMEOUT if named else timing.FIRST_MESSAGE_TIMEOUT
            socket.waiting = [first, await asyncio.wait_for(socket.receive(), limit)]
        except TimeoutError:
            await socket.close(1008)
            return
        if socket.waiting[1]["type"] != "websocket.disconnect":
            await self._app(scope, socket.receive, socket.send)


class GatedSocket:
    """One websocket between a browser and Streamlit, which hands on what either side may hear of the other.

    Attributes:
        is_accepted: whether the browser has heard already that it is connected.
        waiting: messages for Streamlit that have been received already.
    """

    def __init__(
        self, receive: Receive, send: Send, clock: Callable[[], float], rest: Callable[[float], Awaitable[None]]
    ) -> None:
        self._receive, self._send, self._clock, self._rest = receive, send, clock, rest
        self.is_accepted, self.waiting = False, list[Message]()
        self._is_over = False
        self._left, self._since = float(BURST), clock()

    async def receive(self) -> Message:
        """The next message for Streamlit."""
        if self.waiting:
            return self.waiting.pop(0)
        while True:
            if self._is_over:
                return {"type": "websocket.disconnect", "code": NOBODY}
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            try:
                if (content := message.get("bytes")) is None:
                    raise MessageError(1003, "a message has bytes")
                kind = allowed_kind(content)
            except MessageError as broken:
                log.warning("websocket closed: %s", broken)
                await self.close(broken.code)
                continue
            await self._keep_pace()
            if kind is not None:
                return message
            log.warning("a message that no page sends was passed over")

    async def send(self, message: Message) -> None:
        """Hand on what Streamlit says, unless the connection is over; that it is, Streamlit hears when it listens."""
        if self._is_over or (message["type"] == "websocket.accept" and self.is_accepted):
            return
        self._is_over = message["type"] == "websocket.close"
        try:
            await self._send(message)
        except (OSError, RuntimeError):  # the browser is gone
            self._is_over = True

    async def close(self, code: int) -> None:
        """End the connection."""
        await self.send({"type": "websocket.close", "code": code})

    async def _keep_pace(self) -> None:
        """Wait until the next message may come; meanwhile nothing more is read from the browser."""
        now = self._clock()
        self._left, self._since = min(float(BURST), self._left + PACE * (now - self._since)) - 1, now
        if self._left < 0:
            await self._rest(-self._left / PACE)


def with_browser(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """These headers, with one of ours that says which browser it is, whatever the browser says itself.

    A browser is known by the token against forged requests that Streamlit gives it as a cookie; one without cookies by nothing.
    `server.trustedUserHeaders` has Streamlit give a session only to the browser that began it.
    """
    cookie = cookie_parser(Headers(raw=headers).get("cookie", "")).get(XSRF_COOKIE_NAME, "")
    token, _ = decode_xsrf_token_string(cookie)
    browser = hashlib.sha256(token).hexdigest() if token else ""
    return [*(each for each in headers if each[0].lower() != BROWSER), (BROWSER, browser.encode())]


def session_named(headers: Headers) -> str:
    """The id of the session that a browser wants back: the third of what it calls protocols, as Streamlit reads them."""
    protocols = headers.get("sec-websocket-protocol", "").split(",")
    return protocols[2].strip() if len(protocols) > 2 else ""


def knows_session(session: str) -> bool:
    """Whether Streamlit has a session, connected or kept for a while: a part of it without a public name, which a test holds in
    place."""
    return Runtime.exists() and Runtime.instance()._session_mgr.get_session_info(session) is not None
