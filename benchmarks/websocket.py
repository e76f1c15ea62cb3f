"""A visitor of the lab without a browser: a page that is opened, and the stream of its recording."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin, Subprotocol

from benchmarks.browser import STREAM
from benchmarks.protocol import OVER, Opening, Stream


class Visitor:
    """One visitor, from `open` to `leave`.

    Attributes:
        page: what Streamlit's script said. stream: what came of the recording; None before the page names it.
        scripted, opened: seconds until the script had run, and until all was there that the first picture needs; or until the
            visitor gave up; 0 before that.
        updates: when the recording was seen to be further than before; `time.perf_counter`.
        rested: when it was seen to be over, or None.
    """

    def __init__(self, address: str, query: str) -> None:
        self.page = Opening(query)
        self.stream: Stream | None = None
        self.scripted = self.opened = 0.0
        self.updates: list[float] = []
        self.rested: float | None = None
        self._address = address
        self._connections: list[ClientConnection] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._mishaps: list[str] = []

    @property
    def errors(self) -> list[str]:
        """Whatever went wrong."""
        return self.page.errors + (self.stream.errors if self.stream else []) + self._mishaps

    # What a visitor does.

    async def open(self, timeout: float = 60.0) -> None:
        """Open the page and wait for its first picture.

        Raises:
            OSError: there is no connection. TimeoutError: it took too long. Both are errors of the visitor, too.
        """
        start = time.perf_counter()
        try:
            page = await self._connect("_stcore/stream", timeout, ("streamlit", "PLACEHOLDER_AUTH_TOKEN"))
            self._tasks.append(asyncio.create_task(self._guarded(self._read(page))))
            await page.send(self.page.ask())
            await self.until(lambda: self.page.finished or bool(self.page.errors), timeout, "the page's script has not run")
            if not self.page.finished:
                raise ConnectionError(self.page.errors[0])
            self.scripted = time.perf_counter() - start
            await self._tune_in(timeout)
            await self.until(lambda: self.stream is not None and self.stream.has_picture, timeout, "no picture")
        finally:
            self.opened = time.perf_counter() - start

    async def play(self) -> None:
        """Press ▶: want the recording to its end."""
        assert self.stream, "the page was opened before"
        self.stream.epochs = self.stream.target
        await self._say(self.stream.watch())

    async def hide(self, hidden: bool) -> None:
        """Look at another tab, or come back to this one."""
        assert self.stream, "the page was opened before"
        await self._say(self.stream.hide(hidden))

    async def reconnect(self, timeout: float = 60.0) -> None:
        """Lose the stream, as on the way from one network to another, and go on with what is there."""
        reading, connection = self._tasks.pop(), self._connections.pop()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        connection.transport.abort()
        await self._tune_in(timeout)

    async def until(self, condition: Callable[[], bool], timeout: float, otherwise: str) -> None:
        """Wait until something holds of the page or its stream.

        Raises:
            TimeoutError: it did not; `otherwise` is then an error of the visitor. ConnectionError: it never will.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if condition():
            return
        if any(task.done() for task in self._tasks):
            raise ConnectionError(otherwise)
        self._waiting.append((condition, done))
        try:
            await asyncio.wait_for(done, timeout)
        except TimeoutError:
            self._mishaps.append(f"{otherwise} after {timeout:g} s")
            raise
        finally:
            self._waiting.remove((condition, done))

    async def leave(self, *, abruptly: bool = False) -> None:
        """Close the page, or `abruptly` be gone without a word, as a phone that is out of reach."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self._connections:
            if abruptly:
                connection.transport.abort()
            await connection.close()

    # The connections.

    async def _connect(self, path: str, timeout: float, protocols: tuple[str, ...] = ()) -> ClientConnection:
        try:
            connection = await connect(
                f"ws{self._address.removeprefix('http')}/{path}",
                origin=Origin(self._address),
                subprotocols=[Subprotocol(name) for name in protocols] or None,
                compression=None,
                max_size=None,
                ping_interval=None,
                open_timeout=timeout,
            )
        except (OSError, WebSocketException) as error:
            self._mishaps.append(f"no connection: {error!r}")
            raise ConnectionError(str(error)) from error
        self._connections.append(connection)
        return connection

    async def _tune_in(self, timeout: float) -> None:
        """Connect to the stream, and say who is there and what is wanted."""
        if self.stream is None:
            self.stream = Stream(self.page.stage, int(self.page.stage["epochs"]))  # more than 0 where it plays by itself
        connection = await self._connect(STREAM, timeout)
        self._tasks.append(asyncio.create_task(self._guarded(self._follow(connection, self.stream))))
        await self._say(self.stream.hello())
        await self._say(self.stream.watch())

    async def _say(self, text: str) -> None:
        try:
            await self._connections[-1].send(text)
        except ConnectionClosed:
            return  # which the reader reports

    async def _read(self, connection: ClientConnection) -> None:
        while True:
            self.page.receive(await connection.recv(decode=False))
            self._look()

    async def _follow(self, connection: ClientConnection, stream: Stream) -> None:
        while True:
            answers, further = stream.receive(await connection.recv())
            if further:
                self.updates.append(time.perf_counter())
            if stream.state in OVER and self.rested is None:
                self.rested = time.perf_counter()
            self._look()
            for answer in answers:
                await connection.send(answer)

    async def _guarded(self, reading: Awaitable[None]) -> None:
        try:
            await reading
        except ConnectionClosed as closed:
            self._give_up(f"the connection was closed: {closed}")
        except Exception as error:  # a message that is not understood
            self._give_up(f"{type(error).__name__}: {error}")

    def _give_up(self, error: str) -> None:
        self._mishaps.append(error)
        for _, done in self._waiting:
            if not done.done():
                done.set_exception(ConnectionError(error))

    def _look(self) -> None:
        """Tell those who wait for what holds now."""
        for condition, done in self._waiting:
            if not done.done() and condition():
                done.set_result(None)
