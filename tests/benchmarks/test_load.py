"""The visitors without a browser do what a browser does; and how their figures are reckoned."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.__main__ import BENCHMARKS, ON_REQUEST, arguments
from benchmarks.crowd import COMPLAINT, Census, Crowd, Host, hosted, own, pause, remains
from benchmarks.load import longest_wait, percentile
from benchmarks.measure import Row
from benchmarks.protocol import Page, header_of, initial_value
from bn_lab.figures.frame import pack

FEED_ID, FRAGMENT = "$$ID-0123-feed", "a-fragment"


def frame(epoch: float = 3.0, sent: float = 1.0, **header: object) -> bytes:
    """A frame of a run with snapshots of epochs 0 and 2."""
    values = {"run": "r", "state": "running", "epoch": epoch, "epochs": 9, "recorded": [0.0, 2.0], "sent": sent, **header}
    rows = [(0.0, np.zeros(4)), (2.0, np.ones(4))]
    return pack(values, {"loss": np.arange(5.0)}, rows, {"field": (0, 4)})


def message(**values: object) -> bytes:
    content: bytes = ForwardMsg(**values).SerializeToString()
    return content


def delta(place: tuple[int, ...], fragment: str = FRAGMENT, **element: object) -> ForwardMsg:
    found = ForwardMsg()
    found.metadata.delta_path[:] = place
    found.delta.fragment_id = fragment
    found.delta.new_element.CopyFrom(Element(**element))
    return found


def shown(content: bytes) -> bytes:
    """The message that brings a frame."""
    return delta((0, 9), bidi_component={"id": FEED_ID, "bytes": content}).SerializeToString()


def button(name: str, disabled: bool = False) -> bytes:
    """The message that draws a button of the player, all of them at the same place."""
    return delta((0, 1), button={"id": f"$$ID-9-player_{name}", "disabled": disabled}).SerializeToString()


def said(content: bytes) -> ClientState:
    return BackMsg.FromString(content).rerun_script


def finished(status: int = ForwardMsg.FINISHED_SUCCESSFULLY) -> bytes:
    return message(script_finished=status)


def test_of_a_frame_only_the_header_is_read() -> None:
    header = header_of(frame(epoch=4.5))
    assert (header["run"], header["epoch"], header["rows"]["epochs"]) == ("r", 4.5, [0.0, 2.0])


def test_a_page_can_be_used_once_a_run_of_the_script_ended_with_a_frame_and_a_button() -> None:
    page = Page("epochs=9")
    assert page.receive(finished()) == "script_finished"
    assert not page.usable
    assert page.receive(shown(frame())) == "frame"
    page.receive(button("train"))
    page.receive(finished(ForwardMsg.FINISHED_EARLY_FOR_RERUN))
    assert not page.usable
    page.receive(finished(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY))
    assert page.usable
    assert (page.counts.pages, page.counts.ticks, page.counts.cut, page.errors) == (1, 1, 1, [])


def test_a_late_frame_changes_nothing() -> None:
    page = Page("")
    page.receive(shown(frame(epoch=5, sent=2.0)))
    assert page.receive(shown(frame(epoch=4, sent=1.0))) != "frame"
    assert page.epoch == 5


def test_a_pressed_button_is_a_trigger_in_the_fragment_that_drew_it() -> None:
    page = Page("epochs=9")
    page.receive(message(new_session={"page_script_hash": "main"}))
    page.receive(message(navigation={"page_script_hash": "hash"}))
    page.receive(button("train"))
    request = said(page.press("train"))
    assert (request.fragment_id, request.page_script_hash, request.query_string) == (FRAGMENT, "hash", "epochs=9")
    assert [(w.id, w.trigger_value) for w in request.widget_states.widgets] == [("$$ID-9-player_train", True)]
    assert not said(page.ask()).widget_states.widgets, "a trigger is over with the message that says it"


def test_a_button_that_another_has_replaced_or_that_is_disabled_cannot_be_pressed() -> None:
    page = Page("")
    page.receive(button("train"))
    page.receive(button("pause", disabled=True))
    assert [page.can_press(name) for name in ("train", "pause")] == [False, False]
    for name in ("train", "pause"):
        with pytest.raises(LookupError, match=name):
            page.press(name)


def test_the_feed_speaks_as_the_browser_does_for_it() -> None:
    page = Page("")
    page.receive(shown(frame()))
    (widget,) = said(page.say("tick", 1.5)).widget_states.widgets
    assert widget.id == f"$$STREAMLIT_INTERNAL_KEY_{FEED_ID}__events"
    assert json.loads(widget.json_trigger_value) == [{"event": "tick", "value": 1.5}]


def test_a_page_at_rest_asks_for_the_snapshots_that_it_has_not_seen() -> None:
    page = Page("")
    page.receive(shown(frame(recorded=[0.0, 1.0, 2.0])))
    assert page.lacks == "", "while it moves there are other things to send"
    page.receive(shown(frame(state="paused", recorded=[0.0, 1.0, 2.0], sent=2.0)))
    assert page.lacks == "r 3"
    page.receive(shown(frame(state="paused", recorded=[0.0, 2.0], sent=3.0)))
    assert page.lacks == ""


def test_widgets_start_with_what_they_show() -> None:
    elements = {
        "string_value": Element(selectbox={"id": "a", "options": ["x", "y"], "default": 1}),
        "string_array_value": Element(slider={"id": "b", "options": ["1", "2"], "default": [1.0]}),
        "double_array_value": Element(slider={"id": "c", "default": [3.0]}),
        "int_value": Element(number_input={"id": "d", "default": 7}),
    }
    values = {kind: initial_value(element) for kind, element in elements.items()}
    assert all(state is not None and state.WhichOneof("value") == kind for kind, state in values.items())
    assert values["string_value"].string_value == "y"
    assert list(values["string_array_value"].string_array_value.data) == ["2"]
    assert initial_value(Element(number_input={"id": "e"})).WhichOneof("value") is None
    assert initial_value(Element(heading={"body": "no widget"})) is None


def test_a_value_that_the_server_sets_replaces_that_of_the_page() -> None:
    page = Page("")
    page.receive(delta((0, 2), selectbox={"id": "a", "options": ["x", "y"], "default": 0}).SerializeToString())
    page.receive(delta((0, 2), selectbox={"id": "a", "options": ["x", "y"], "default": 1}).SerializeToString())
    assert said(page.ask()).widget_states.widgets[0].string_value == "x"
    page.receive(delta((0, 2), selectbox={"id": "a", "raw_value": "y", "set_value": True}).SerializeToString())
    assert said(page.ask()).widget_states.widgets[0].string_value == "y"


def test_a_reference_brings_the_message_that_was_kept() -> None:
    page = Page("")
    original = delta((0, 9), bidi_component={"id": FEED_ID, "bytes": frame()})
    original.hash, original.metadata.cacheable = "h", True
    page.receive(original.SerializeToString())
    assert list(said(page.ask()).cached_message_hashes) == ["h"]
    reference = ForwardMsg(ref_hash="h")
    reference.metadata.delta_path[:] = (0, 9)
    page.receive(reference.SerializeToString())
    assert page.errors == []
    other = {"script_finished": ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY, "metadata": {"run": {"fragment_ids": ["other"]}}}
    page.receive(message(**other))
    assert list(said(page.ask()).cached_message_hashes) == ["h"]
    page.receive(finished())  # no session said how long to keep it
    page.receive(reference.SerializeToString())
    assert page.errors == ["a reference to a message that is not there"]


def test_fragments_are_run_again_until_they_are_told_not_to_or_the_page_is_drawn_anew() -> None:
    page = Page("")
    for fragment in ("one", "two"):
        page.receive(message(auto_rerun={"interval": 2.0, "fragment_id": fragment}))
    assert page.intervals == {"one": 2.0, "two": 2.0}
    page.receive(message(stop_auto_rerun={"fragment_ids": ["one"]}))
    assert page.intervals == {"two": 2.0}
    page.receive(message(new_session={"page_script_hash": "hash"}))
    assert page.intervals == {}


def test_what_goes_wrong_is_told() -> None:
    page = Page("")
    page.receive(delta((0, 3), exception={"type": "ValueError", "message": "broken"}).SerializeToString())
    page.receive(delta((0, 4), alert={"body": "failed", "format": 1}).SerializeToString())
    page.receive(finished(ForwardMsg.FINISHED_WITH_COMPILE_ERROR))
    assert [any(word in error for word in ("broken", "failed", "compile")) for error in page.errors] == [True] * 3


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(k) for k in range(20, 0, -1)]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.95, 1.0)] == [1, 10, 19, 20]
    assert percentile([3.0], 0.95) == 3


def test_the_longest_wait_counts_from_the_start_and_to_the_end() -> None:
    assert longest_wait([1.0, 2.0, 2.5], 0.0, 3.0) == 1.0
    assert longest_wait([-5.0, 1.0, 9.0], 0.0, 4.0) == 3.0
    assert longest_wait([], 2.0, 9.0) == 7.0


def test_what_is_left_is_reckoned_without_the_pools_of_libraries() -> None:
    before = Census(["MainThread"], 6, 1, 1, 1.0, 0.5, 400.0)
    after = Census(["AnyIO worker thread", "MainThread", "ScriptRunner.scriptThread"], 7, 9, 1, 2.0, 0.5, 500.0)
    rows = {row.what: row for row in remains([], before, after, 60) if isinstance(row, Row)}
    assert [rows[what].value for what in ("errors", "… threads left", "… tasks left")] == [0, 1, 1]
    assert rows["memory 60 s after the last has left"].verdict == "missed"
    assert rows["… threads left"].note == "ScriptRunner.scriptThread"


@pytest.mark.parametrize(
    ("line", "tells"),
    [
        ("Traceback (most recent call last):", True),
        ("2026-01-02 03:04:05 ERROR bn_lab.service: a turn of the trainer failed", True),
        ("2026-01-02 03:04:05.678 Uvicorn server started on 127.0.0.1:8800", False),
    ],
)
def test_the_log_is_searched_for_failures(line: str, tells: bool) -> None:
    assert bool(COMPLAINT.search(line)) is tells


def test_what_takes_long_is_measured_only_where_it_is_named() -> None:
    assert not set(ON_REQUEST) & set(BENCHMARKS)
    assert arguments(["load", "soak"]).names == ["load", "soak"]
    assert all(function.__doc__ for function in ON_REQUEST.values())


@pytest.mark.browser
@pytest.mark.alone  # Playwright's event loop, once there, would not let it have its own
def test_three_visitors_train_on_a_real_server() -> None:
    async def visit(host: Host) -> None:
        crowd = Crowd(host)
        first, *others = await asyncio.gather(*(crowd.start(own(7), 0.2), crowd.start(own(7), 1.0), crowd.start(own(8), 0.5)))
        for visitor in (first, *others):
            await visitor.until(lambda page=visitor.page: page.epoch >= 5, 30, "no progress")
        await asyncio.sleep(5)
        assert all(len(visitor.updates) >= 3 for visitor in (first, *others))
        assert await pause(first) is not None
        assert not first.page.active
        assert all(visitor.page.active for visitor in others), "each steers the own training"
        assert (await host.census()).sessions >= 3
        assert crowd.errors == []
        await crowd.disperse()

    with hosted() as host:
        asyncio.run(visit(host))
