"""However often the same thing goes wrong, the log can be read, and says how much it left out."""

from __future__ import annotations

import asyncio
import logging

import pytest

from bn_lab import timing
from bn_lab.server.log_limits import ACCESS, KINDS, LogLimits, installed


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Written(logging.Handler):
    """Keeps what is written."""

    def __init__(self, filtered: LogLimits) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.addFilter(filtered)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def make(text: str, *values: object, name: str = "some", error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, None) if error else None
    return logging.LogRecord(name, logging.ERROR, "file.py", 1, text, values, info)


def test_of_one_kind_so_many_are_written_in_a_minute_and_then_how_many_were_not() -> None:
    clock = Clock()
    written = Written(LogLimits(most=3, clock=clock))
    for k in range(1_000):
        written.handle(make("socket %d failed", k))
    assert written.lines == ["socket 0 failed", "socket 1 failed", "socket 2 failed"]
    clock.now = 60.0
    for _ in range(2):
        written.handle(make("socket %d failed", 7))
    assert written.lines[3:] == ["socket 7 failed (997 more in the minute before were left out)", "socket 7 failed"]


def test_another_kind_of_message_of_exception_or_another_logger_is_written_still() -> None:
    written = Written(LogLimits(most=1, clock=Clock()))
    for record in (
        make("it failed"),
        make("it failed again, differently"),
        make("it failed", error=ValueError("x")),
        make("it failed", error=KeyError("x")),
        make("it failed", name="other"),
        make("it failed"),
    ):
        written.handle(record)
    assert len(written.lines) == 5


def test_values_in_the_text_itself_do_not_make_another_kind() -> None:
    written = Written(LogLimits(most=2, clock=Clock()))
    for k in range(50):
        written.handle(make(f"out of system resource\nsocket: <fd={k}> of {'x' * k}"))
    assert len(written.lines) == 2


def test_a_logger_that_never_says_the_same_twice_is_bounded_too() -> None:
    filtered = LogLimits(most=2, most_of_all=5, clock=Clock())
    written = Written(filtered)
    for k in range(5_000):
        written.handle(make("".join(chr(97 + int(digit)) for digit in str(k))))
    assert len(written.lines) == 5
    assert len(filtered._kinds._windows) <= KINDS


def test_a_record_for_two_handlers_counts_once_and_is_written_by_both() -> None:
    filtered = LogLimits(most=1, clock=Clock())
    first, second = Written(filtered), Written(filtered)
    for _ in range(2):
        record = make("it failed")
        first.handle(record)
        second.handle(record)
    assert first.lines == second.lines == ["it failed"]


@pytest.mark.parametrize("name", ["", "streamlit.some.module", "uvicorn.error", "asyncio"])
def test_all_that_writes_goes_through_it_also_what_comes_later(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    filtered, logger, handler = LogLimits(), logging.getLogger(name), logging.NullHandler()
    monkeypatch.setattr(timing, "NEW_LOGGERS", 0.0)

    async def serve() -> None:
        async with installed(filtered):
            await asyncio.sleep(0)
            logger.addHandler(handler)
            while not handler.filters:
                await asyncio.sleep(0)

    try:
        asyncio.run(serve())
        assert handler.filters == [filtered]
        assert logging.lastResort is not None
        assert filtered in logging.lastResort.filters
    finally:
        logger.removeHandler(handler)
        everything = [logging.getLogger(), *logging.root.manager.loggerDict.values()]
        handlers = [each for logger in everything if isinstance(logger, logging.Logger) for each in logger.handlers]
        for each in (*handlers, logging.lastResort):
            assert each is not None
            each.removeFilter(filtered)


def test_the_id_of_a_session_is_cut_short() -> None:
    written = Written(LogLimits(clock=Clock()))
    text = "Session with id %s is already connected! Reconnecting to existing session."
    written.handle(make(text, "2f1c9a77-0e0b-4c8e-9f53-0a4f1d2b3c4d", name="streamlit.runtime.websocket_session_manager"))
    assert written.lines == ["Session with id 2f1c… is already connected! Reconnecting to existing session."]


def test_a_request_is_logged_without_ids_and_as_often_as_it_comes() -> None:
    written = Written(LogLimits(most=1, clock=Clock()))
    text = '%s - "%s %s HTTP/%s" %d'
    for path in ("/_stcore/upload_file/session/file", "/media/abc.csv", "/claims?claim=faster", "/lab/plotly/7/x.js"):
        written.handle(make(text, "1.2.3.4:5", "PUT", path, "1.1", 204, name=ACCESS))
    paths = [line.split()[3] for line in written.lines]
    assert paths == ["/_stcore/upload_file/…", "/media/…", "/claims…", "/lab/plotly/7/x.js"]
