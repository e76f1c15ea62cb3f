"""Clients that send what no browser would, to a real server, while somebody watches a training: who watches notices nothing."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from benchmarks.browser import resident
from benchmarks.websocket import Visitor
from bn_lab.server.seats import WAITING
from bn_lab.server.websocket_gate import BURST
from tests.browser.conftest import free_port, is_healthy, running, wait_until
from tests.deploy.image import ROOT

pytestmark = pytest.mark.processes

VISITORS = 6
"""How many the server lets in."""

MARK = "EVIL-7f3"
"""Stands in all that a client sends, and nowhere in the log."""

PATIENCE = 60.0


@dataclass(frozen=True)
class Lab:
    """A server."""

    address: str
    process: int
    log: Path

    @property
    def memory(self) -> float:
        """MB."""
        return resident(self.process)

    @property
    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process}/task").iterdir()))

    @property
    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process}/fd").iterdir()))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:

    log, port = tmp_path_factory.mktemp("crafted") / "log", free_port()
    options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true", "--server.fileWatcherType=none"]
    limits = {"BN_LAB_VISITORS": str(VISITORS), "BN_LAB_OWN_MB": "100", "BN_LAB_WORKERS": "1"}
    command = ["sh", "-c", 'ulimit -S -n 256; exec "$@"', "sh", sys.executable, "-m", "streamlit", "run", "app.py", *options]
    with running(command, log, cwd=ROOT, env=os.environ | limits) as process:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_healthy(address) or process.poll() is not None, 60, "the server answers")
        yield Lab(address, process.pid, log)


@asynccontextmanager
async def connected(lab: Lab, session: str = "", **headers: str) -> AsyncIterator[ClientConnection]:
    names = [Subprotocol(name) for name in ("streamlit", "token", *([session] if session else []))]
    address = f"ws{lab.address.removeprefix('http')}/_stcore/stream"
    options = {"compression": None, "max_size": None, "close_timeout": 1, "additional_headers": headers}
    async with connect(address, subprotocols=names, **options) as socket:  # type: ignore[arg-type]
        yield socket


def rerun(query: str = "", **fields: object) -> BackMsg:
    message = BackMsg()
    message.rerun_script.query_string = query
    for name, value in fields.items():
        if name in ("url", "timezone", "locale"):
            setattr(message.rerun_script.context_info, name, value)
        elif isinstance(value, list):
            getattr(message.rerun_script, name).extend(value)
        else:
            setattr(message.rerun_script, name, value)
    return message


def messages() -> Iterator[BackMsg]:
    """One of each kind, and reruns of which each is wrong in another way."""
    for field in BackMsg.DESCRIPTOR.fields:
        message = BackMsg(**{field.name: True}) if field.message_type is None else BackMsg()
        if field.message_type is not None:
            getattr(message, field.name).SetInParent()
        yield message
    yield rerun("dataset=iris&epochs=" + "9" * 400_000)
    yield rerun(f"a={MARK}&" * 50_000)
    yield rerun(f"dataset={MARK}%0a%00&lang={MARK}&compare={MARK}&run={MARK}&hide={MARK}&fix=%")
    yield rerun("?&&==%%%\x00\ud7ff")
    yield rerun(page_script_hash=MARK, page_name=f"{MARK}\n<b>")
    yield rerun(fragment_id=MARK)
    yield rerun(fragment_id=f"{MARK}\nline")
    yield rerun(url=f"javascript:{MARK}//", timezone=f"{MARK}/Zone", locale="xx-" + "y" * 150)
    yield rerun(url=f"http://[{MARK}", timezone="", locale="\n" * 1_000)
    yield rerun(cached_message_hashes=[f"{MARK}{k}" for k in range(50_000)])
    odd = rerun()
    for k in range(1_000):
        odd.rerun_script.widget_states.widgets.add(id=f"{MARK}-{k}", string_value="x")
    yield odd
    many = rerun()
    for k in range(100_000):
        many.rerun_script.widget_states.widgets.add(id=str(k), bool_value=True)
    yield many
    files = BackMsg()
    files.file_urls_request.request_id = MARK
    files.file_urls_request.file_names.extend([""] * 300_000)
    yield files
    for payload in ("install_skills", "dismiss_skills_nudge", "dataframe_chunk", "deferred_file"):
        operation = BackMsg()
        operation.backend_operation_request.request_id = f"{MARK}\nline"
        getattr(operation.backend_operation_request, payload).SetInParent()
        yield operation


async def say_everything(lab: Lab) -> None:
    """Each on a connection of its own, after a usual one, and all on one."""
    async with connected(lab) as alone:
        for message in messages():
            with suppress(ConnectionClosed):
                await alone.send(message.SerializeToString())
    for message in messages():
        async with connected(lab) as socket:
            with suppress(ConnectionClosed, TimeoutError):
                await socket.send(message.SerializeToString())
                await asyncio.wait_for(socket.recv(), 0.05)


async def say_what_is_no_message(lab: Lab) -> None:
    for content in (MARK, MARK.encode() * 20, b"\xff" * 100, b"x" * 3_000_000, b"x" * 6_000_000):
        for session in ("", MARK):
            async with connected(lab, session) as socket:
                with suppress(ConnectionClosed):
                    await socket.send(content)
                    await asyncio.wait_for(socket.wait_closed(), PATIENCE)
    for _ in range(60):
        with suppress(ConnectionClosed):
            async with connected(lab) as socket:
                socket.transport.write(b"\xff" * 50)  # no frame at all
                await socket.wait_closed()


async def say_too_much(lab: Lab) -> None:
    """More than a person can click; nothing of it is waited for."""
    async with connected(lab) as socket:
        for _ in range(10 * BURST):
            await socket.send(rerun("dataset=iris&epochs=1").SerializeToString())
        for _ in range(20):
            assert lab.threads < 30 + 2 * BURST
            await asyncio.sleep(0)


async def stay_silent(lab: Lab) -> None:
    """More sockets than there are seats."""
    async with AsyncExitStack() as stack:
        turned_away = 0
        for _ in range(4 * VISITORS + 2 * WAITING):
            try:
                await stack.enter_async_context(connected(lab))
            except InvalidStatus:
                turned_away += 1
        assert turned_away >= 2 * VISITORS + WAITING


async def upload_without_end(lab: Lab) -> None:
    """Files that no widget asked for, into a session that is open."""
    async with connected(lab) as socket:
        await socket.send(rerun("dataset=iris&epochs=1").SerializeToString())
        session = ""
        while not session:
            session = ForwardMsg.FromString(await socket.recv()).new_session.initialize.session_id  # type: ignore[arg-type]
        statuses = [await asyncio.to_thread(put, lab, session, str(k), 15_000_000) for k in range(20)]
        assert set(statuses) == {204}, "a page has one file; the one before is forgotten"
        crowd = [asyncio.to_thread(put, lab, session, f"at-once-{k}", 5_000_000) for k in range(4)]
        assert set(await asyncio.gather(*crowd)) <= {204, 429}


def put(lab: Lab, session: str, file: str, size: int) -> int:
    connection = http.client.HTTPConnection(urlsplit(lab.address).netloc, timeout=PATIENCE)
    try:
        connection.request("GET", "/_stcore/health")
        answer = connection.getresponse()
        answer.read()
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        body = b'--B\r\nContent-Disposition: form-data; name="f"; filename="%s.csv"\r\n\r\n%s\r\n--B--\r\n'
        headers = {
            "Cookie": cookie,
            "X-Xsrftoken": cookie.partition("=")[2],
            "Content-Type": "multipart/form-data; boundary=B",
        }
        content = body % (MARK.encode(), b"x" * size)
        connection.request("PUT", f"/_stcore/upload_file/{session}/{file}", body=content, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    "attack",
    [say_everything, say_what_is_no_message, say_too_much, stay_silent, upload_without_end],
    ids=lambda each: each.__name__,
)
def test_who_watches_notices_nothing(lab: Lab, attack: Callable[[Lab], Awaitable[None]]) -> None:
    async def watch() -> None:
        innocent = Visitor(lab.address, "dataset=boston&epochs=3000&batch_size=16")
        await innocent.open(PATIENCE)
        assert innocent.stream is not None
        await innocent.play()
        stream, stage = innocent.stream, innocent.page.stage
        memory, threads, written = lab.memory, lab.threads, lab.log.stat().st_size
        await attack(lab)
        seen = stream.epoch
        await innocent.until(lambda: stream.epoch > seen or stream.state == "ended", PATIENCE, "no further")
        assert innocent.errors == []
        await innocent.reconnect(PATIENCE)  # with the token that it had
        frames = stream.frames
        await innocent.until(lambda: stream.frames > frames, PATIENCE, "nothing more comes")
        assert stream.header["recording"] == stage["recording"], "trained anew"
        newcomer = Visitor(lab.address, "dataset=iris&epochs=2")
        await newcomer.open(PATIENCE)
        assert newcomer.errors == []
        for visitor in (newcomer, innocent):
            await visitor.leave()
        await asyncio.sleep(0)  # until the connections are closed on this side, too
        assert lab.memory - memory < 100
        assert lab.threads - threads < 20
        assert lab.log.stat().st_size - written < 20_000

    asyncio.run(watch())
    log = lab.log.read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert MARK not in log


def test_the_server_may_open_more_files_than_it_was_started_with(lab: Lab) -> None:
    (line,) = [
        line for line in Path(f"/proc/{lab.process}/limits").read_text().splitlines() if line.startswith("Max open files")
    ]
    soft, hard = line.split()[3:5]
    assert soft == hard or int(soft) == 65_536
    assert lab.open_files < 256


def test_a_session_goes_on_for_its_own_browser_and_for_nobody_else(lab: Lab) -> None:
    cookies = [f"_streamlit_xsrf={generate_xsrf_token_string(token, 1)}" for token in (b"a" * 16, b"a" * 16, b"b" * 16)]

    async def session(cookie: str, named: str = "") -> str:
        async with connected(lab, named, Cookie=cookie) as socket:
            await socket.send(rerun("dataset=iris&epochs=1").SerializeToString())
            given = ""
            while not given:
                given = ForwardMsg.FromString(await socket.recv()).new_session.initialize.session_id  # type: ignore[arg-type]
            if not named:
                for other in (cookies[2], "", "_streamlit_xsrf=2|x"):
                    assert await session(other, given) != given, "taken over while it is connected"
                await socket.send(rerun("dataset=iris&epochs=1").SerializeToString())
                assert await socket.recv()
            return given

    async def come_and_go() -> None:
        mine = await session(cookies[0])
        assert await session(cookies[2], mine) != mine, "taken over while it is kept"
        assert await session(cookies[1], mine) == mine

    asyncio.run(come_and_go())


def test_no_other_site_may_drive_a_page_and_no_program_the_lab(lab: Lab) -> None:
    def ask(path: str, method: str = "GET") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(urlsplit(lab.address).netloc, timeout=PATIENCE)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    status, text = ask("/_stcore/host-config")
    assert (status, json.loads(text)["allowedOrigins"]) == (200, [])
    for path in ("interact", "openapi.json", "mcp", ""):
        for method in ("GET", "POST"):
            assert ask(f"/_stcore/agent/{path}", method)[0] == 404
    for path in (
        "app/static",
        "static",
        "media",
        "component",
        "component/x",
        "lab/modules",
        "lab",
        "_stcore/bidi-components/x",
    ):
        assert ask(f"/{path}/{'a' * 300}")[0] == 404
        assert ask(f"/{path}/%00")[0] in (400, 404)
        assert ask(f"/{path}/..%2f..%2fapp.py")[0] in (400, 404)
    assert "Traceback" not in lab.log.read_text(encoding="utf-8")
