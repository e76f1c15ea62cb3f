"""Of what a browser can say to Streamlit, only what a page of the lab says is handed on."""

from __future__ import annotations

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from bn_lab.server.allowed_messages import KINDS, MOST_FILES, MOST_HASHES, MOST_WIDGETS, MessageError, allowed_kind


def written(**flags: bool) -> bytes:
    return BackMsg(**flags).SerializeToString()


def run(**fields: object) -> bytes:
    """A message that asks for a run of the script, with these fields of its `ClientState`."""
    message = BackMsg()
    state = message.rerun_script
    state.SetInParent()
    for name, value in fields.items():
        place, _, inner = name.partition("__")
        if inner:
            setattr(getattr(state, place), inner, value)
        elif isinstance(value, list):
            getattr(state, name).extend(value)
        else:
            setattr(state, name, value)
    return message.SerializeToString()


def widgets(count: int, prefix: str = "$$ID") -> bytes:
    message = BackMsg()
    for k in range(count):
        message.rerun_script.widget_states.widgets.add(id=f"{prefix}-{k}", bool_value=True)
    return message.SerializeToString()


def files(count: int, request: str = "a1") -> bytes:
    message = BackMsg()
    message.file_urls_request.request_id = request
    message.file_urls_request.file_names.extend(["a.csv"] * count)
    return message.SerializeToString()


def operation(payload: str, request: str = "a1") -> bytes:
    message = BackMsg()
    message.backend_operation_request.request_id = request
    if payload:
        getattr(message.backend_operation_request, payload).SetInParent()
    return message.SerializeToString()


def test_every_kind_of_message_there_is_has_been_judged() -> None:
    refused = {"clear_cache", "set_run_on_save", "load_git_info", "debug_disconnect_websocket", "debug_shutdown_runtime"}
    assert {field.name for field in BackMsg.DESCRIPTOR.fields} == KINDS | refused
    assert {allowed_kind(written(**{name: True})) for name in refused} == {None}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (run(), "rerun_script"),
        (run(query_string="dataset=iris&lang=ko", page_name="claims", context_info__locale="ko-KR"), "rerun_script"),
        (widgets(100), "rerun_script"),
        (widgets(1, "$$STREAMLIT_INTERNAL_KEY_x__event"), "rerun_script"),
        (run(fragment_id="0123456789abcdef"), "rerun_script"),
        (written(stop_script=True), "stop_script"),
        (written(app_heartbeat=True), "app_heartbeat"),
        (files(1), "file_urls_request"),
        (operation("deferred_file"), "backend_operation_request"),
    ],
)
def test_what_a_page_says_is_handed_on(message: bytes, kind: str) -> None:
    assert allowed_kind(message) == kind


@pytest.mark.parametrize(
    "message",
    [
        b"",
        widgets(MOST_WIDGETS + 1),
        widgets(1, prefix="own"),
        run(fragment_id="no hash"),
        run(cached_message_hashes=["x"] * (MOST_HASHES + 1)),
        run(query_string="a=1&" * 50_000),
        run(context_info__url="http://x/" + "y" * 100_000),
        run(context_info__locale="a\nforged line"),
        run(context_info__timezone="\x1b[2J"),
        run(fragment_id="a\nforged line"),
        run(page_script_hash="x" * 201),
        run(page_name="a\u2028b"),
        files(MOST_FILES + 1),
        files(1, request="a\nb"),
        operation("install_skills"),
        operation("dismiss_skills_nudge"),
        operation("dataframe_chunk"),
        operation(""),
        operation("deferred_file", request="a\nb"),
    ],
)
def test_what_no_page_says_is_passed_over(message: bytes) -> None:
    assert allowed_kind(message) is None


def test_of_several_messages_in_one_the_last_counts_as_it_does_for_streamlit() -> None:
    assert allowed_kind(run() + written(clear_cache=True)) is None
    assert allowed_kind(written(clear_cache=True) + run()) == "rerun_script"


@pytest.mark.parametrize(("content", "code"), [(b"\xff" * 40, 1002), (b"\x00", 1002), (b"x" * 2_200_000, 1009)])
def test_what_is_no_message_ends_the_connection(content: bytes, code: int) -> None:
    with pytest.raises(MessageError) as broken:
        allowed_kind(content)
    assert broken.value.code == code
