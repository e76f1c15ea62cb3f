"""What is uploaded is counted from its first byte until it is forgotten, and nobody takes another page's share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.web.server.starlette.starlette_routes import create_upload_routes

from bn_lab import timing
from bn_lab.server import addresses, upload_limits
from bn_lab.server.upload_limits import WRAPPING, UploadLimits, UploadMemory, UploadRefusedError

LARGEST = 20 * 1024**2 + WRAPPING
"""Bytes of one upload."""

MB = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def storage() -> MemoryUploadedFileManager:
    return MemoryUploadedFileManager("/upload")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(storage: MemoryUploadedFileManager, clock: Clock) -> UploadMemory:
    """Fifty shares of one MB, and 50 MB that are common."""
    return UploadMemory(storage, 100 * MB, 50, LARGEST, clock)


def keep(storage: MemoryUploadedFileManager, session: str, size: int, file: str = "file") -> None:
    storage.add_file(session, UploadedFileRec(file, "a.csv", "text/csv", b"x" * size))


def upload(memory: UploadMemory, storage: MemoryUploadedFileManager, session: str, size: int, file: str = "file") -> None:
    """A whole upload, which nobody takes."""
    transfer = memory.begin(session, file, size)
    memory.take(transfer, size)
    keep(storage, session, size, file)
    memory.end(transfer)


def refusal(act: Callable[[], object]) -> int:
    with pytest.raises(UploadRefusedError) as refused:
        act()
    return refused.value.status


def test_a_page_has_one_file_however_many_it_sends(memory: UploadMemory, storage: MemoryUploadedFileManager) -> None:
    for k in range(40):
        upload(memory, storage, "a", 15 * MB, f"file {k}")
    assert list(storage.file_storage["a"]) == ["file 39"]


def test_a_page_sends_one_file_at_a_time(memory: UploadMemory, storage: MemoryUploadedFileManager) -> None:
    transfer = memory.begin("a", "1", 5)
    assert refusal(lambda: memory.begin("a", "2", 5)) == 429
    memory.begin("b", "1", 5)
    memory.end(transfer)
    memory.begin("a", "2", 5)


def test_too_large_is_too_large_whether_it_says_so_or_not(memory: UploadMemory, storage: MemoryUploadedFileManager) -> None:
    assert refusal(lambda: memory.begin("a", "1", LARGEST + 1)) == 413
    transfer = memory.begin("a", "1", 10)
    memory.take(transfer, LARGEST)
    assert refusal(lambda: memory.take(transfer, 1)) == 413


def test_all_together_take_no_more_than_there_is_and_each_has_its_share(
    memory: UploadMemory, storage: MemoryUploadedFileManager
) -> None:
    refused = 0
    for k in range(30):
        try:
            upload(memory, storage, f"greedy {k}", 15 * MB)
        except UploadRefusedError:
            refused += 1
    taken = sum(len(file.data) for files in storage.file_storage.values() for file in files.values())
    assert refused == 27
    assert taken <= 100 * MB
    for k in range(20):
        upload(memory, storage, f"modest {k}", MB)


def test_what_really_comes_counts_where_more_comes_than_was_said(
    memory: UploadMemory, storage: MemoryUploadedFileManager
) -> None:
    transfers = [memory.begin(f"greedy {k}", "1", 0) for k in range(10)]

    def come() -> None:
        for _ in range(15):
            for transfer in transfers:
                memory.take(transfer, MB)

    assert refusal(come) == 429
    assert sum(transfer.received for transfer in transfers) <= 62 * MB


@pytest.mark.parametrize("free", ["taken", "its session is over", "nobody took it for long", "it was broken off"])
def test_what_is_forgotten_frees_its_place(
    memory: UploadMemory, storage: MemoryUploadedFileManager, clock: Clock, free: str
) -> None:
    for k in range(3):
        upload(memory, storage, f"{k}", 15 * MB)
    under_way = memory.begin("under way", "1", 8 * MB)
    assert refusal(lambda: memory.begin("a", "1", 8 * MB)) == 429
    match free:
        case "taken":
            storage.remove_file("0", "file")
        case "its session is over":
            storage.remove_session_files("0")
        case "nobody took it for long":
            clock.now += timing.UPLOAD_UNCLAIMED + 1
        case "it was broken off":
            memory.end(under_way)
    memory.begin("a", "1", 8 * MB)


def test_a_file_that_has_just_come_is_not_taken_for_one_that_nobody_took(
    memory: UploadMemory, storage: MemoryUploadedFileManager
) -> None:
    transfer = memory.begin("a", "1", 15 * MB)
    keep(storage, "a", 15 * MB, "1")
    for k in range(2):
        upload(memory, storage, f"{k}", 15 * MB)
    assert refusal(lambda: memory.begin("b", "1", 15 * MB)) == 429
    assert list(storage.file_storage["a"]) == ["1"]
    memory.end(transfer)


def test_nothing_is_remembered_of_files_that_are_gone(memory: UploadMemory, storage: MemoryUploadedFileManager) -> None:
    for k in range(100):
        upload(memory, storage, "a", 10, f"file {k}")
    assert list(memory._seen) == [("a", "file 99")]


def test_one_file_fits_however_little_memory_is_set(storage: MemoryUploadedFileManager) -> None:
    upload(UploadMemory(storage, 1, 1_000, LARGEST), storage, "a", LARGEST)


def test_an_upload_that_hardly_moves_is_given_up(
    memory: UploadMemory, storage: MemoryUploadedFileManager, clock: Clock
) -> None:
    transfer = memory.begin("a", "1", MB)
    clock.now += timing.UPLOAD_PATIENCE
    memory.take(transfer, 1)
    clock.now += 1
    assert refusal(lambda: memory.take(transfer, 1)) == 408


BODY = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'
END = b"\r\n--B--\r\n"


class Site:
    """Streamlit's uploads behind ours, of two sessions that are open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, total: float) -> None:
        self.files = MemoryUploadedFileManager("/upload")
        runtime = SimpleNamespace(is_active_session=lambda session: session in ("a", "b"))
        monkeypatch.setattr("streamlit.web.server.starlette.starlette_routes.is_xsrf_enabled", lambda: False)
        routes = create_upload_routes(runtime, self.files, "")  # type: ignore[arg-type]
        ours = Middleware(UploadLimits, total=lambda: total, pages=lambda: 10, files=lambda: self.files)
        self.client = TestClient(Starlette(routes=routes, middleware=[ours]))

    def put(self, size: int, session: str = "a", file: str = "1", *, chunked: bool = False) -> tuple[int, str]:
        parts = chain([BODY], repeat(b"x" * 100_000, size // 100_000), [END])
        content: bytes | Iterator[bytes] = iter(parts) if chunked else b"".join(parts)
        answer = self.client.put(
            f"/{addresses.UPLOADS}/{session}/{file}",
            content=content,
            headers={"Content-Type": "multipart/form-data; boundary=B"},
        )
        return answer.status_code, answer.text


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(monkeypatch, 40 * MB)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_is_handed_on_as_it_came(site: Site, chunked: bool) -> None:
    assert site.put(3 * MB, chunked=chunked) == (204, "")
    (file,) = site.files.file_storage["a"].values()
    assert (file.name, len(file.data)) == ("a.csv", 3 * MB)


@pytest.mark.parametrize("chunked", [False, True])
def test_who_sends_too_much_gets_a_reason_in_plain_text(site: Site, chunked: bool) -> None:
    assert site.put(19 * MB, "a")[0] == 204
    status, text = site.put(19 * MB, "b", chunked=chunked)
    assert status == 429
    assert text.startswith("too many files")
    assert list(site.files.file_storage) == ["a"]
    assert site.put(1 * MB, "b") == (204, "")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_that_is_too_large_is_refused(site: Site, chunked: bool) -> None:
    assert site.put(25 * MB, chunked=chunked)[0] == 413
    assert not site.files.file_storage


def test_what_streamlit_refuses_unread_forgets_and_counts_nothing(site: Site) -> None:
    site.put(MB, "a")
    assert site.put(MB, "nobody")[0] == 400
    assert list(site.files.file_storage) == ["a"]
    site.client.delete(f"/{addresses.UPLOADS}/a/1")
    assert not site.files.file_storage["a"]


def test_files_are_counted_where_they_are_now(site: Site) -> None:
    """Streamlit, begun anew in the same process, has another memory."""
    assert site.put(19 * MB, "a")[0] == 204
    site.files = MemoryUploadedFileManager("/upload")
    assert site.put(19 * MB, "b")[0] == 204


@pytest.mark.parametrize(
    ("length", "number"), [("17", 17), ("", 0), ("-1", 0), ("1e3", 0), ("٣", 0), ("9" * 5_000, 10**15 - 1)]
)
def test_lengths_are_read_with_care(length: str, number: int) -> None:
    assert upload_limits.declared(length) == number


def test_streamlit_keeps_files_where_they_are_counted() -> None:
    assert isinstance(MemoryUploadedFileManager("/upload").file_storage, dict)
    assert isinstance(Runtime.uploaded_file_mgr, property)
    assert upload_limits.streamlits_files() is None
    assert upload_limits.largest() == 20 * 1024**2 + WRAPPING
