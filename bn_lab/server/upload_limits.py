"""`UploadLimits`: how much of the files that visitors send lies in memory, while they come and until a page has read them.

Streamlit takes a file for any session that is open, under any name, and keeps it until the session ends. Here a page has one
file at a time, and all pages together so much of the memory for uploads: each page has a share that nobody else can take, and
what is larger takes the rest from a part that is common to all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from bn_lab import timing
from bn_lab.server import addresses

MIB = 1024**2
"""What Streamlit, whose setting says how large a file may be, calls a MB."""

WRAPPING = 1_000_000
"""Bytes of a request besides the file itself, at most."""

SLOWEST = 10_000
"""Bytes a second that an upload has to have come with on average, once it took `timing.UPLOAD_PATIENCE` seconds."""

log = logging.getLogger(__name__)


class UploadRefusedError(Exception):
    """An upload that is not taken.

    Attributes:
        status: of the HTTP answer: 408, 413 or 429.
    """

    def __init__(self, status: int, rule: str) -> None:
        super().__init__(rule)
        self.status = status


@dataclass
class Transfer:
    """An upload that is under way.

    Attributes:
        session, file: ids of the page's session and of the file.
        declared: bytes that it says it has, 0 where it does not. received: bytes that have come.
        since: when it began, in seconds of the clock.
    """

    session: str
    file: str
    declared: int
    since: float
    received: int = 0

    @property
    def size(self) -> int:
        """Bytes that it may take."""
        return max(self.declared, self.received)


class UploadMemory:
    """How much of uploads may lie in memory.

    Args:
        storage: where Streamlit keeps them.
        total: bytes of all pages together. One half is dealt out in equal shares, the other one is common; that one is enough
            for the largest file, however small the total is.
        pages: how many shares there are.
        largest: bytes of one upload at most.
        clock: seconds.
    """

    def __init__(
        self, storage: MemoryUploadedFileManager, total: float, pages: int, largest: int, clock: Callable[[], float] = monotonic
    ) -> None:
        self.largest, self.share, self.common = largest, total / 2 / pages, max(total / 2, largest)
        self.storage, self._clock = storage, clock
        self._under_way: dict[str, Transfer] = {}
        self._seen: dict[tuple[str, str], float] = {}  # session and file, and when it was first seen in Streamlit's memory

    def begin(self, session: str, file: str, declared: int) -> Transfer:
        """An upload begins; what its page sent before is forgotten.

        Raises:
            UploadRefusedError: where it is too large, or the page is sending another file, or too much lies in memory.
        """
        if session in self._under_way:
            raise UploadRefusedError(429, "this page is sending another file; please wait until it is there")
        self._fits(declared)
        for before in list(self.storage.file_storage.get(session, ())):
            self.storage.remove_file(session, before)
        transfer = Transfer(session, file, declared, self._clock())
        self._has_room(transfer)
        self._under_way[session] = transfer
        return transfer

    def take(self, transfer: Transfer, size: int) -> None:
        """So many bytes more have come.

        Raises:
            UploadRefusedError: where that is too much, or came too slowly.
        """
        transfer.received += size
        self._fits(transfer.received)
        if (took := self._clock() - transfer.since) > timing.UPLOAD_PATIENCE and transfer.received < SLOWEST * took:
            raise UploadRefusedError(408, f"an upload comes with {SLOWEST:,} bytes a second at least")
        self._has_room(transfer)

    def end(self, transfer: Transfer) -> None:
        """An upload is over, in whatever way."""
        self._under_way.pop(transfer.session, None)
        self._note_files()

    def _fits(self, size: int) -> None:
        if size > self.largest:
            raise UploadRefusedError(413, f"a file has at most {(self.largest - WRAPPING) // MIB} MB")

    def _has_room(self, transfer: Transfer) -> None:
        if transfer.size <= self.share or self._fills(transfer):
            return
        self._remove_unclaimed()
        if not self._fills(transfer):
            rule = "too many files are being opened; please try again in a minute, or with a smaller one"
            raise UploadRefusedError(429, rule)

    def _fills(self, transfer: Transfer) -> bool:
        """Whether what is common is enough for this one and all others."""
        stored = list(self.storage.file_storage.items())
        sizes = {session: sum(len(file.data) for file in list(files.values())) for session, files in stored}
        sizes |= {each.session: each.size for each in (*self._under_way.values(), transfer)}
        return sum(max(0.0, size - self.share) for size in sizes.values()) <= self.common

    def _remove_unclaimed(self) -> None:
        self._note_files()
        for (session, file), since in self._seen.items():
            if self._clock() - since > timing.UPLOAD_UNCLAIMED:
                self.storage.remove_file(session, file)

    def _note_files(self) -> None:
        """Note which files are in memory, some of them for the first time."""
        now, files = self._clock(), list(self.storage.file_storage.items())
        there = [(session, file) for session, named in files for file in list(named)]
        self._seen = {key: self._seen.get(key, now) for key in there}


class UploadLimits:
    """Middleware for what browsers upload.

    Args:
        app: what answers.
        total, pages: see `UploadMemory`, asked when the first upload comes since Streamlit is running.
        files: where Streamlit keeps them; None while it is not running.
    """

    def __init__(
        self,
        app: ASGIApp,
        total: Callable[[], float],
        pages: Callable[[], int],
        files: Callable[[], MemoryUploadedFileManager | None] | None = None,
    ) -> None:
        self._app, self._total, self._pages, self._files = app, total, pages, files or streamlits_files
        self._memory: UploadMemory | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand an upload on as far as there is room for it; all else passes."""
        storage = self._files() if scope["type"] == "http" and scope["method"] == "PUT" else None
        named = scope.get("path", "").rpartition(f"/{addresses.UPLOADS}/")[2].split("/") if storage is not None else []
        if storage is None or len(named) != 2 or f"/{addresses.UPLOADS}/" not in scope["path"]:
            await self._app(scope, receive, send)
            return
        if self._memory is None or self._memory.storage is not storage:
            self._memory = UploadMemory(storage, self._total(), self._pages(), largest())
        upload = _Upload(self._memory, named[0], named[1], scope, receive, send)
        try:
            await self._app(scope, upload.receive, upload.send)
        except UploadRefusedError as refused:
            log.warning("upload refused: %s", refused)
            if not upload.has_answered:
                await upload.read_away()
                headers = {"Retry-After": "60", "Connection": "close"}
                await PlainTextResponse(f"{refused}\n", refused.status, headers)(scope, receive, send)
        finally:
            upload.end()


class _Upload:
    """One request. It counts once Streamlit reads it: then the session is known, and that the page is ours."""

    def __init__(self, memory: UploadMemory, session: str, file: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._memory, self._session, self._file = memory, session, file
        self._receive, self._send = receive, send
        self._declared = declared(Headers(scope=scope).get("content-length", ""))
        self._transfer: Transfer | None = None
        self._is_read = False
        self.has_answered = False

    async def receive(self) -> Message:
        if self._transfer is None:
            self._transfer = self._memory.begin(self._session, self._file, self._declared)
        try:
            message = await asyncio.wait_for(self._receive(), timing.UPLOAD_SILENCE)
        except TimeoutError:
            raise UploadRefusedError(
                408, f"an upload is given up after {timing.UPLOAD_SILENCE:g} seconds without a byte"
            ) from None
        self._is_read = not message.get("more_body", False)
        if message["type"] == "http.request":
            self._memory.take(self._transfer, len(message.get("body", b"")))
        return message

    async def read_away(self) -> None:
        """Read what still comes, and keep none of it: a browser reads no answer before it has sent all, and where it is cut
        off it has no reason to show. More than the largest file is not waited for."""
        left = self._memory.largest
        if self._declared > 2 * left:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(timing.UPLOAD_PATIENCE):
                while left > 0 and not self._is_read:
                    message = await self._receive()
                    self._is_read = not message.get("more_body", False)
                    left -= len(message.get("body", b""))

    async def send(self, message: Message) -> None:
        self.has_answered = True
        await self._send(message)

    def end(self) -> None:
        if self._transfer is not None:
            self._memory.end(self._transfer)


def declared(length: str) -> int:
    """Bytes that a request says it has; 0 where it does not, and Streamlit answers what is no number."""
    return int(length[:15]) if length.isascii() and length.isdigit() else 0


def largest() -> int:
    """Bytes of one upload at most: of the largest file (`server.maxUploadSize`), and of what it is wrapped in."""
    return int(config.get_option("server.maxUploadSize")) * MIB + WRAPPING


def streamlits_files() -> MemoryUploadedFileManager | None:
    """Where Streamlit keeps files, if it is running."""
    storage = Runtime.instance().uploaded_file_mgr if Runtime.exists() else None
    return storage if isinstance(storage, MemoryUploadedFileManager) else None
