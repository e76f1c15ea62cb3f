"""A visitor of the lab without a browser: a page, its websocket, and the timers by which Streamlit and feed.js ask for more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin, Subprotocol

from benchmarks.protocol import Page

REST, SETTLE, PATIENCE, WORDS = 0.1, 0.3, 2.0, 0.5
"""Seconds of feed.js: for the rest of an answer, until it asks for the rest of the page, until it asks again for the rest of a
record, and between two looks at the words around the pictures."""

Timers = dict[str, asyncio.TimerHandle]


class Visitor:
    """One visitor, from `open` to `leave`.

    Attributes:
        page: what is on the screen.
        opened: seconds until the page could be used, or until the visitor gave up; 0 before that.
        updates: when the training on the page was seen to be further than before; `time.perf_counter`.
        rested: when it was seen to have come to rest since it last moved, or None.
    """

    def __init__(self, address: str, query: str) -> None:
        self.page = Page(query)
        self.opened = 0.0
        self.updates: list[float] = []
        self.rested: float | None = None
        self._address = address
        self._shown: tuple[str, float] = ("", 0.0)
        self._connection: ClientConnection | None = None
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._clocks: dict[str, tuple[float, asyncio.TimerHandle]] = {}  # by fragment
        self._timers: Timers = {}  # by event
        self._requested = ""
        self._asked, self._worded = 0.0, 0.0  # when a next frame was last asked for, and when the words with it
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    # What a visitor does.

    async def open(self, timeout: float = 60.0) -> None:
        """Open the page and wait until it can be used.

        Raises:
            OSError: there is no connection. TimeoutError: it took too long. Both are errors of the page, too.
        """
        start = time.perf_counter()
        try:
            await self._connect(timeout)
            self._outgoing.put_nowait(self.page.ask())
            await self.until(lambda: self.page.usable, timeout, "the page cannot be used")
        finally:
            self.opened = time.perf_counter() - start

    async def _connect(self, timeout: float) -> None:
        try:
            self._connection = await connect(
                f"ws{self._address.removeprefix('http')}/_stcore/stream",
                origin=Origin(self._address),
                subprotocols=[Subprotocol("streamlit"), Subprotocol("PLACEHOLDER_AUTH_TOKEN")],
                compression=None,
                max_size=None,
                ping_interval=None,
                open_timeout=timeout,
            )
        except (OSError, WebSocketException) as error:
            self.page.errors.append(f"no connection: {error!r}")
            raise ConnectionError(str(error)) from error
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._speak())]

    def press(self, name: str) -> None:
        """Press a button of the player.

        Raises:
            LookupError: it is not there, or disabled.
        """
        self._outgoing.put_nowait(self.page.press(name))

    async def until(self, condition: Callable[[], bool], timeout: float, otherwise: str) -> None:
        """Wait until something holds of the page.

        Raises:
            TimeoutError: it did not; `otherwise` is then an error of the page. ConnectionError: it never will.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if condition():
            return
        if self._tasks[0].done():
            raise ConnectionError(otherwise)
        self._waiting.append((condition, done))
        try:
            await asyncio.wait_for(done, timeout)
        except TimeoutError:
            self.page.errors.append(f"{otherwise} after {timeout:g} s")
            raise
        finally:
            self._waiting.remove((condition, done))

    async def leave(self, *, abruptly: bool = False) -> None:
        """Close the page, or `abruptly` be gone without a word, as a phone that is out of reach."""
        for timer in [*self._timers.values(), *(timer for _, timer in self._clocks.values())]:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._connection is None:
            return
        if abruptly:
            self._connection.transport.abort()
        await self._connection.close()

    # The connection.

    async def _speak(self) -> None:
        assert self._connection is not None
        while True:
            content = await self._outgoing.get()
            try:
                await self._connection.send(content)
            except ConnectionClosed:
                return  # which the listener reports

    async def _listen(self) -> None:
        assert self._connection is not None
        try:
            while True:
                self._heed(self.page.receive(await self._connection.recv(decode=False)))
        except ConnectionClosed as closed:
            self._give_up(f"the connection was closed: {closed}")
        except Exception as error:  # a message that is not understood
            self._give_up(f"{type(error).__name__}: {error}")

    def _give_up(self, error: str) -> None:
        self.page.errors.append(error)
        for _, done in self._waiting:
            if not done.done():
                done.set_exception(ConnectionError(error))

    def _heed(self, kind: str) -> None:
        if kind in ("auto_rerun", "stop_auto_rerun", "new_session"):
            self._wind_clocks()
        elif kind == "frame":
            self._note()
            self._answer()
        if kind in ("frame", "script_finished"):
            for condition, done in self._waiting:
                if not done.done() and condition():
                    done.set_result(None)

    def _note(self) -> None:
        """Write down what a visitor sees of the progress."""
        page, now = self.page, time.perf_counter()
        if self._shown[0] == page.run and self._shown[1] < page.epoch:
            self.updates.append(now)
        self._shown = page.run, page.epoch
        if page.active:
            self.rested = None
        elif self.rested is None:
            self.rested = now

    # Streamlit's timers: a clock runs on as long as its interval stays the same.

    def _wind_clocks(self) -> None:
        for fragment, (seconds, timer) in list(self._clocks.items()):
            if self.page.intervals.get(fragment) != seconds:
                timer.cancel()
                del self._clocks[fragment]
        for fragment, seconds in self.page.intervals.items():
            if fragment not in self._clocks:
                self._wind(fragment, seconds)

    def _wind(self, fragment: str, seconds: float) -> None:
        self._clocks[fragment] = seconds, asyncio.get_running_loop().call_later(seconds, self._strike, fragment, seconds)

    def _strike(self, fragment: str, seconds: float) -> None:
        self._wind(fragment, seconds)
        self._outgoing.put_nowait(self.page.ask(fragment, automatic=True))

    # The timers of feed.js.

    def _answer(self) -> None:
        """What feed.js does with a frame besides showing it."""
        self._ask_for_next()
        self._ask_for_missing()
        if not self.page.header.get("outdated"):
            self._cancel("outdated")
        elif "outdated" not in self._timers:
            self._later("outdated", SETTLE, self._say, "outdated", self.page.run)

    def _ask_for_next(self) -> None:
        self._cancel("tick")
        if every := self.page.header.get("every"):
            wait = max(REST, every / 4e3, self._asked + every / 1e3 - time.perf_counter())
            self._later("tick", wait, self._tick, self.page.header["sent"])

    def _tick(self, sent: float) -> None:
        self._asked = time.perf_counter()
        every = (self.page.header.get("every") or 0) / 1e3
        due = self.page.has_words and self._asked - self._worded >= max(WORDS, 4 * every)
        self._say("words" if due else "tick", sent)
        if due:
            self._worded = self._asked
        self._later("tick", max(PATIENCE, 3 * every), self._tick, sent)  # which a frame ends

    def _ask_for_missing(self) -> None:
        request = self.page.lacks
        if not request or request == self._requested:
            return
        self._requested = request
        self._say("missing", self.page.run)
        self._cancel("missing")
        self._later("missing", PATIENCE, self._ask_again)

    def _ask_again(self) -> None:
        self._requested = ""
        self._ask_for_missing()

    def _say(self, event: str, value: object) -> None:
        self._outgoing.put_nowait(self.page.say(event, value))

    def _later(self, name: str, seconds: float, act: Callable[..., None], *values: object) -> None:
        def ring() -> None:
            del self._timers[name]
            act(*values)

        self._timers[name] = asyncio.get_running_loop().call_later(seconds, ring)

    def _cancel(self, name: str) -> None:
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()
