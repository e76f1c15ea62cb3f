"""Sockets cost nothing before they say what a page says, there are so many at most, and nobody who is in is pushed out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

from bn_lab import timing
from bn_lab.server import addresses, websocket_gate
from bn_lab.server.websocket_gate import BURST, PACE, WebsocketGate

STREAMLIT, LAB = f"/{addresses.STREAMLIT}", f"/{addresses.STREAM}"
ASKS = BackMsg(app_heartbeat=True).SerializeToString()
CLEARS = BackMsg(clear_cache=True).SerializeToString()
KNOWN = "known"


class Inside:
    """What stands behind the gate: how many came, and what it heard. It says `hello` to each message."""

    def __init__(self) -> None:
        self.came = 0
        self.heard: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.came += 1
        socket = WebSocket(scope, receive, send)
        await socket.accept(subprotocol=(scope["subprotocols"] or [None])[0])
        try:
            while True:
                self.heard.append(await socket.receive_bytes())
                await socket.send_text("hello")
        except WebSocketDisconnect:
            pass


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
def client(inside: Inside) -> TestClient:
    return TestClient(WebsocketGate(inside, seats=lambda: 4, knows=lambda session: session == KNOWN))


def coming_back(session: str) -> list[str]:
    return ["streamlit", "token", session]


def test_streamlit_hears_of_a_socket_with_its_first_message(client: TestClient, inside: Inside) -> None:
    with client.websocket_connect(STREAMLIT, subprotocols=["streamlit", "token"]) as socket:
        assert socket.accepted_subprotocol == "streamlit"
        assert inside.came == 0
        socket.send_bytes(CLEARS)
        socket.send_bytes(ASKS)
        assert socket.receive_text() == "hello"
        assert (inside.came, inside.heard) == (1, [ASKS])
        socket.send_bytes(ASKS)
        assert socket.receive_text() == "hello"
    assert inside.heard == [ASKS, ASKS]


def test_who_comes_back_need_not_say_anything(client: TestClient, inside: Inside) -> None:
    with client.websocket_connect(STREAMLIT, subprotocols=coming_back(KNOWN)) as socket:
        assert socket.accepted_subprotocol == "streamlit"
        assert inside.came == 1
        socket.send_bytes(CLEARS)
        socket.send_bytes(ASKS)
        assert socket.receive_text() == "hello"
    assert inside.heard == [ASKS]


@pytest.mark.parametrize(
    ("session", "patience"), [("", timing.FIRST_MESSAGE_TIMEOUT), ("of another server", timing.RETURNING_TIMEOUT)]
)
def test_who_stays_silent_is_cut_off(
    client: TestClient, inside: Inside, monkeypatch: pytest.MonkeyPatch, session: str, patience: float
) -> None:
    waited: list[float] = []

    async def no_patience(message: Any, seconds: float) -> None:
        waited.append(seconds)
        message.close()
        raise TimeoutError

    monkeypatch.setattr(asyncio, "wait_for", no_patience)
    with client.websocket_connect(STREAMLIT, subprotocols=coming_back(session)) as socket:
        assert socket.receive() == {"type": "websocket.close", "code": 1008}
    assert waited == [patience]
    assert inside.came == 0


def in_vain(client: TestClient, path: str, protocols: list[str] | None = None) -> int:
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect(path, subprotocols=protocols):
        pass
    return refused.value.code


@pytest.mark.parametrize("path", [STREAMLIT, LAB])
def test_when_all_seats_are_taken_who_comes_is_turned_away_and_who_is_in_stays(
    client: TestClient, inside: Inside, path: str
) -> None:
    with ExitStack() as stack:
        sockets = [stack.enter_context(client.websocket_connect(path)) for _ in range(4)]  # silent as they are
        assert in_vain(client, path) == 1013
        assert in_vain(client, path, coming_back("made up")) == 1013
        for socket in sockets:
            socket.send_bytes(ASKS)
            assert socket.receive_text() == "hello"
    with client.websocket_connect(path):
        pass  # there is room again


def test_there_is_a_seat_left_for_who_comes_back(client: TestClient) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(client.websocket_connect(STREAMLIT))
        with client.websocket_connect(STREAMLIT, subprotocols=coming_back(KNOWN)):
            assert in_vain(client, STREAMLIT, coming_back(KNOWN)) == 1013


@pytest.mark.parametrize("names", [[], coming_back(KNOWN)])
@pytest.mark.parametrize(("message", "code"), [("a text", 1003), (b"\xff" * 40, 1002), (b"x" * 2_200_000, 1009)])
def test_what_is_no_message_ends_the_connection_without_an_error(
    client: TestClient, inside: Inside, names: list[str], message: str | bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    with client.websocket_connect(STREAMLIT, subprotocols=names) as socket:
        socket.send({"type": "websocket.receive", "text" if isinstance(message, str) else "bytes": message})
        assert socket.receive() == {"type": "websocket.close", "code": code}
    assert inside.heard == []
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.records[0].exc_info is None


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", "http://testserver.elsewhere.example"])
def test_pages_of_other_sites_are_turned_away_before_streamlit_hears_of_them(
    client: TestClient, inside: Inside, origin: str
) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(STREAMLIT, headers={"Origin": origin}):
        pass
    assert inside.came == 0
    with client.websocket_connect(STREAMLIT, headers={"Origin": "http://testserver"}) as socket:
        socket.send_bytes(ASKS)
        assert socket.receive_text() == "hello"


def test_messages_are_handed_on_no_quicker_than_a_page_says_them() -> None:
    now, rests, sent = [0.0], list[float](), 0

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        now[0] += seconds

    async def receive() -> Message:
        nonlocal sent
        sent += 1
        return {"type": "websocket.receive", "bytes": ASKS} if sent <= 400 else {"type": "websocket.disconnect"}

    async def send(message: Message) -> None:
        pass

    async def hear() -> None:
        socket = websocket_gate.GatedSocket(receive, send, lambda: now[0], rest)
        while (await socket.receive())["type"] == "websocket.receive":
            pass

    asyncio.run(hear())
    assert now[0] == pytest.approx((400 - BURST) / PACE)
    assert len(rests) == 400 - BURST


def test_what_streamlit_says_after_the_end_is_heard_by_nobody() -> None:
    said: list[Message] = []

    async def say(message: Message) -> None:
        said.append(message)

    async def nothing() -> Message:
        raise AssertionError("nobody listens any more")

    async def talk() -> Message:
        socket = websocket_gate.GatedSocket(nothing, say, lambda: 0.0, asyncio.sleep)
        await socket.close(1002)
        await socket.send({"type": "websocket.send", "bytes": b""})
        return await socket.receive()

    assert asyncio.run(talk())["type"] == "websocket.disconnect"
    assert said == [{"type": "websocket.close", "code": 1002}]


def test_who_is_gone_is_no_error() -> None:
    async def vanish(message: Message) -> None:
        raise OSError

    async def nothing() -> Message:
        raise AssertionError("nobody speaks any more")

    async def talk() -> Message:
        socket = websocket_gate.GatedSocket(nothing, vanish, lambda: 0.0, asyncio.sleep)
        for _ in range(2):
            await socket.send({"type": "websocket.send", "bytes": b""})
        return await socket.receive()

    assert asyncio.run(talk())["type"] == "websocket.disconnect"


def test_all_else_passes(inside: Inside) -> None:
    passed: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["type"])

    async def ask(scope: dict[str, Any]) -> None:
        await WebsocketGate(app, seats=never)(scope, None, None)  # type: ignore[arg-type]

    never: Callable[[], int] = lambda: pytest.fail("nobody needs a seat")  # noqa: E731
    asyncio.run(ask({"type": "lifespan"}))
    asyncio.run(ask({"type": "http", "path": STREAMLIT}))
    assert passed == ["lifespan", "http"]


def test_streamlit_knows_sessions_where_they_are_looked_for() -> None:
    assert hasattr(WebsocketSessionManager, "get_session_info")
    assert not websocket_gate.knows_session("of nobody")


def named(cookie: str, **headers: str) -> list[str]:
    """The browser that a handshake is from, as Streamlit hears it."""
    raw = [(name.encode(), value.encode()) for name, value in {"cookie": cookie, **headers}.items()]
    return [value.decode() for name, value in websocket_gate.with_browser(raw) if name == websocket_gate.BROWSER]


def test_a_browser_is_known_by_its_token_however_it_is_masked_and_not_by_what_it_says() -> None:
    token = b"0123456789abcdef"
    first, again = (f"_streamlit_xsrf={generate_xsrf_token_string(token, 7)}" for _ in range(2))
    other = f"_streamlit_xsrf={generate_xsrf_token_string(b'another token...', 7)}"
    assert first != again
    assert named(first) == named(again) == named(f"a=b; {again}", **{"x-bn-lab-browser": "of another"})
    assert len({*named(first), *named(other), *named("")}) == 3
    for broken in ("_streamlit_xsrf=2|x|y|z", "_streamlit_xsrf=", "x" * 9_000, "_streamlit_xsrf=2|"):
        assert named(broken, **{"x-bn-lab-browser": "of another"}) == [""]
