"""The log: what is written into it is one line a record, and nobody writes lines of their own."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab.sharing import one_line
from bn_lab.ui.kit import errors

FORGED = "a\n2026-01-01 00:00:00,000 ERROR bn_lab: forged\r\x1b[2J\u2028\u202e\x00"


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    """The project's handler, only for the test where there was none."""
    project = logging.getLogger("bn_lab")
    before = list(project.handlers)
    errors.install_log()
    yield
    project.handlers[:] = before


@pytest.mark.parametrize("name", ["bn_lab.service.trainer", "bn_lab.studies.job", "bn_lab.anything.new"])
def test_every_record_of_the_project_is_one_line(name: str, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger(name).error("study %s failed", FORGED)
    (record,) = caplog.records
    assert record.getMessage().isprintable()
    assert record.getMessage().startswith("study a\\n2026-01-01")
    assert len(caplog.text.splitlines()) == 1


def test_lines_of_a_traceback_cannot_be_taken_for_records(caplog: pytest.LogCaptureFixture) -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError as first:
            raise ValueError(FORGED) from first
    except ValueError:
        logging.getLogger("bn_lab.x").exception("it failed")
    head, *lines = caplog.text.split("\n")[:-1]
    assert head.endswith("it failed")
    assert all(line.startswith(errors.MARK) and line.isprintable() for line in lines)
    told = "\n".join(lines)
    assert "KeyError: 'first'" in told
    assert "direct cause" in told
    assert "ValueError: a" in told
    assert f"{errors.MARK}2026-01-01" in told


def test_a_huge_text_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("x" * 10**6 + "\ny" * 10**5)
    except ValueError:
        logging.getLogger("bn_lab.x").exception("z" * 10**6)
    assert len(caplog.text) < (errors.MOST_LINES + 2) * (errors.LONGEST_LINE + 10)
    assert "Traceback" in caplog.text


def test_without_a_handler_of_the_program_records_go_to_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logging.getLogger("bn_lab.x").error("a\nb")
    logging.getLogger("bn_lab.x").info("not so important")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(" ERROR bn_lab.x: a\\nb")


def test_with_a_handler_of_the_program_nothing_is_written_twice(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("bn_lab.x").error("once")
    assert capsys.readouterr().err == ""


def test_installing_again_changes_nothing() -> None:
    before = list(logging.getLogger("bn_lab").handlers)
    errors.install_log()
    assert logging.getLogger("bn_lab").handlers == before


@given(st.text(), st.integers(1, 50))
def test_any_text_becomes_one_short_line(text: str, longest: int) -> None:
    line = one_line(text, longest)
    assert line.isprintable()
    assert len(line) <= longest
    if text.isprintable() and len(text) <= longest:
        assert line == text
