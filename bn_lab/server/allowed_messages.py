"""The messages that Streamlit may get from a browser: those that pages of the lab send, and no others.

Streamlit obeys more: a message that empties the caches of all visitors, one that has the server look through its git
repository, one that writes files beside the app, one that asks for a million addresses at once. No page of the lab sends those.
"""

from __future__ import annotations

from string import hexdigits

from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.runtime_util import get_max_widget_state_size_bytes
from streamlit.runtime.state.common import GENERATED_ELEMENT_ID_PREFIX
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX

KINDS = {"rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "backend_operation_request"}
"""The messages that pages send; all of them concern the page alone that sent them."""

OPERATIONS = {"deferred_file"}
"""Of the operations of `backend_operation_request`: a file that is made when somebody asks for it."""

MOST_WIDGETS, MOST_HASHES, MOST_FILES = 2_000, 10_000, 20
"""Widgets, messages that a browser still has, and files of one upload, at most: a page has dozens, hundreds, and one."""

WIDGETS = (GENERATED_ELEMENT_ID_PREFIX, STREAMLIT_INTERNAL_KEY_PREFIX)
"""What ids of widgets begin with: of others Streamlit thinks that they are keys of the session, and fails."""

LONGEST_NAME, LONGEST_ADDRESS = 200, 100_000
"""Characters of a name or id, and of an address or its parameters, at most: no server answers at a longer address."""


class MessageError(Exception):
    """A message that cannot be read, or is larger than any page's.

    Attributes:
        code: of the websocket's closing, by RFC 6455: 1002 for what is no message, 1009 for what is too big.
    """

    def __init__(self, code: int, rule: str) -> None:
        super().__init__(rule)
        self.code = code


def allowed_kind(content: bytes) -> str | None:
    """The kind of a message that Streamlit may be handed; None for one that no page sends, which is passed over.

    Raises:
        MessageError: where the connection cannot go on.
    """
    if len(content) > (most := get_max_widget_state_size_bytes()):
        raise MessageError(1009, f"a message has at most {most} bytes")
    try:
        message = BackMsg.FromString(content)
    except Exception:  # protobuf has one of its own for that
        raise MessageError(1002, "a message is a BackMsg") from None
    kind = message.WhichOneof("type")
    if kind not in KINDS:
        return None
    if kind == "rerun_script":
        return kind if _is_of_a_page(message.rerun_script) else None
    if kind == "file_urls_request":
        wanted = message.file_urls_request
        return kind if len(wanted.file_names) <= MOST_FILES and _is_name(wanted.request_id) else None
    if kind == "backend_operation_request":
        return kind if _is_known(message.backend_operation_request) else None
    return str(kind)


def _is_of_a_page(state: ClientState) -> bool:
    """Whether a page would ask for a run of its script like that."""
    context = state.context_info
    return (
        len(state.widget_states.widgets) <= MOST_WIDGETS
        and all(widget.id.startswith(WIDGETS) for widget in state.widget_states.widgets)
        and set(state.fragment_id) <= set(hexdigits)
        and len(state.cached_message_hashes) <= MOST_HASHES
        and all(map(_is_name, (state.page_script_hash, state.page_name, state.fragment_id, context.timezone, context.locale)))
        and all(len(address) <= LONGEST_ADDRESS for address in (state.query_string, context.url))
    )


def _is_known(request: BackendOperationRequest) -> bool:
    return request.WhichOneof("payload") in OPERATIONS and _is_name(request.request_id) and _is_name(request.session_id)


def _is_name(text: str) -> bool:
    """Whether a text may be a name or an id, or is empty; Streamlit writes those into its log as they are."""
    return len(text) <= LONGEST_NAME and (text.isprintable() or not text)
