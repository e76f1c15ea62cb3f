"""What reaches Streamlit's session, its runtime or its websocket from one visitor leaves what all have as it is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from bn_lab.service import recordings
from bn_lab.ui import session
from bn_lab.ui.claims import state as claims


def messages() -> Iterator[BackMsg]:
    """One of each kind that there is, and some that nobody would send."""
    for field in BackMsg.DESCRIPTOR.fields:
        if field.message_type is None:
            yield BackMsg(**{field.name: True})
        elif field.name != "rerun_script":  # which needs a server: tests/server/test_crafted.py
            message = BackMsg()
            getattr(message, field.name).SetInParent()
            yield message
    for fragment in ("none\nsuch", "0" * 32):
        message = BackMsg()
        message.rerun_script.fragment_id = fragment
        yield message
    message = BackMsg()
    message.backend_operation_request.session_id = "of another visitor"
    yield message


def test_no_message_reaches_what_the_process_has_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.runtime.app_session.AppSession.register_file_watchers", lambda self: None)
    monkeypatch.setattr("streamlit.runtime.app_session.AppSession.disconnect_file_watchers", lambda self: None)
    files = MemoryUploadedFileManager("/upload")
    files.add_file("other", UploadedFileRec("file", "a.csv", "text/csv", b"x"))
    once = (recordings, claims.library, session.admission)
    before, visitor = [get() for get in once], recordings().visitor("other")
    threads = set(threading.enumerate())

    async def send() -> None:
        sessions = [AppSession(ScriptData(__file__), files, ScriptCache(), None, {}) for _ in range(2)]
        other = sessions[1]
        other.session_state["mine"] = 1
        for message in messages():
            sessions[0].handle_backmsg(message)
        await asyncio.sleep(0)
        assert other.session_state["mine"] == 1
        assert other._run_on_save is False
        for each in sessions:
            each.shutdown()

    asyncio.run(send())
    assert [get() for get in once] == before
    assert recordings().visitor("other") is visitor
    assert list(files.file_storage) == ["other"]
    assert set(threading.enumerate()) <= threads, "a message started a thread"
