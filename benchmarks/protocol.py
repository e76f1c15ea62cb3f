"""What a browser holds of the lab's page, without a browser: Streamlit's messages in, its answers out.

As far as the lab needs it: widgets with the values that they start with, the player's buttons, fragments that are to be run
again, messages that are referred to instead of sent twice, and the live frames, of which only the header is read.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

ACTIVE = ("queued", "running")
"""States of a training in which numbers are about to change."""

FEED, PULSE = "feed", "pulse"
"""Keys of the component that takes the frames in, and of the one that asks for the words around the pictures."""

EVENTS = "$$STREAMLIT_INTERNAL_KEY_{id}__events"
"""Id of the widget through which a component sends its triggers, made from the component's own."""

Header = Mapping[str, Any]


def header_of(frame: bytes) -> Header:
    """The header of a frame as `bn_lab.figures.frame.pack` writes it; its numbers are left alone."""
    (length,) = struct.unpack_from("<I", frame)
    found: Header = json.loads(frame[4 : 4 + length])
    return found


def initial_value(element: Element) -> WidgetState | None:
    """What a browser says of a widget that nobody has touched; None for what is no widget."""
    kind = element.WhichOneof("type") or ""
    if kind not in INITIAL:
        return None
    widget = getattr(element, kind)
    state = WidgetState(id=widget.id)
    INITIAL[kind](widget, state)
    return state


def _selectbox(widget: Any, state: WidgetState) -> None:
    if widget.set_value:
        state.string_value = widget.raw_value
    elif widget.HasField("default"):
        state.string_value = widget.options[widget.default]


def _slider(widget: Any, state: WidgetState) -> None:
    if not widget.options:
        state.double_array_value.data[:] = widget.value if widget.set_value else widget.default
    elif widget.set_value:
        state.string_array_value.data[:] = widget.raw_value
    else:
        state.string_array_value.data[:] = [widget.options[int(k)] for k in widget.default]


def _number_input(widget: Any, state: WidgetState) -> None:
    source = "value" if widget.set_value else "default"
    if not widget.HasField(source):
        return
    if widget.data_type == widget.INT:
        state.int_value = int(getattr(widget, source))
    else:
        state.double_value = getattr(widget, source)


def _button_group(widget: Any, state: WidgetState) -> None:
    chosen = widget.raw_values if widget.set_value else [widget.options[k].content for k in widget.default]
    state.string_array_value.data[:] = chosen


INITIAL: Mapping[str, Callable[[Any, WidgetState], None]] = {
    "selectbox": _selectbox,
    "slider": _slider,
    "number_input": _number_input,
    "button_group": _button_group,
}
"""By kind of widget: what writes its first value, which the browser sends along with everything that it asks for."""


@dataclass(frozen=True)
class Part:
    """Something on the page that can speak, and the fragment that drew it, empty for the page itself."""

    id: str
    fragment: str
    disabled: bool = False


@dataclass
class Counts:
    """What a page was sent: whole runs of the script, runs of a fragment, runs that another one cut short, messages, bytes."""

    pages: int = 0
    ticks: int = 0
    cut: int = 0
    messages: int = 0
    bytes: int = 0


@dataclass
class Page:
    """One page of the lab.

    Attributes:
        query: the query of its address.
        header: of the latest frame; empty before the first.
        intervals: seconds between two runs of a fragment, by its id.
        usable: whether a run of the script has ended with a picture and a button on the page.
        errors: whatever went wrong.
    """

    query: str
    header: Header = field(default_factory=dict)
    intervals: dict[str, float] = field(default_factory=dict)
    usable: bool = False
    errors: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self._script = ""
        self._widgets: dict[str, WidgetState] = {}
        self._buttons: dict[tuple[int, ...], Part] = {}  # by their place on the page
        self._feed: Part | None = None
        self._pulse: Part | None = None
        self._seen: set[float] = set()  # epochs of the run whose snapshots have come
        self._kept: dict[str, tuple[ForwardMsg, int]] = {}  # messages that may be referred to, and in which run they last were
        self._runs, self._longest = 0, 0  # runs of the script or a fragment so far, and how many messages outlast

    @property
    def run(self) -> str:
        """Id of the training on the page; another one after a start from the beginning."""
        return str(self.header.get("run", ""))

    @property
    def state(self) -> str:
        """What the training does; empty before the first frame."""
        return str(self.header.get("state", ""))

    @property
    def epoch(self) -> float:
        """How far the training is."""
        return float(self.header.get("epoch", 0.0))

    @property
    def active(self) -> bool:
        """Whether the training's numbers are about to change."""
        return self.state in ACTIVE

    @property
    def lacks(self) -> str:
        """Empty, or what a page at rest asks for, as feed.js does: snapshots that are recorded and were not sent."""
        if not self.header or self.active or self._seen.issuperset(self.header["recorded"]):
            return ""
        return f"{self.run} {len(self.header['recorded'])}"

    def button(self, name: str) -> Part | None:
        """The player's button of that name."""
        return next((button for button in self._buttons.values() if button.id.endswith(f"-player_{name}")), None)

    def can_press(self, name: str) -> bool:
        """Whether that button is there, and not disabled."""
        button = self.button(name)
        return button is not None and not button.disabled

    # Messages of the server.

    def receive(self, content: bytes) -> str:
        """Take a message in; returns its kind, which is `frame` where it brought news of the training."""
        message = ForwardMsg.FromString(content)
        self.counts.messages += 1
        self.counts.bytes += len(content)
        if message.WhichOneof("type") == "ref_hash":
            if message.ref_hash not in self._kept:
                self.errors.append("a reference to a message that is not there")
                return "ref_hash"
            message = self._dereferenced(message)
        elif message.metadata.cacheable:
            self._kept[message.hash] = message, self._runs
        kind = message.WhichOneof("type") or ""
        handle = getattr(self, f"_on_{kind}", None)
        return (handle(message) if handle else None) or kind

    def _dereferenced(self, reference: ForwardMsg) -> ForwardMsg:
        """The message that is meant, at the place where it is to be now."""
        original, _ = self._kept[reference.ref_hash]
        self._kept[reference.ref_hash] = original, self._runs
        message = ForwardMsg()
        message.CopyFrom(original)
        message.metadata.CopyFrom(reference.metadata)
        return message

    def _on_new_session(self, message: ForwardMsg) -> None:
        self._script = message.new_session.page_script_hash
        self._longest = message.new_session.config.max_cached_message_age
        if not message.metadata.run.fragment_ids:
            self.intervals.clear()

    def _on_navigation(self, message: ForwardMsg) -> None:
        self._script = message.navigation.page_script_hash

    def _on_page_info_changed(self, message: ForwardMsg) -> None:
        self.query = message.page_info_changed.query_string

    def _on_auto_rerun(self, message: ForwardMsg) -> None:
        self.intervals[message.auto_rerun.fragment_id] = message.auto_rerun.interval

    def _on_stop_auto_rerun(self, message: ForwardMsg) -> None:
        for fragment in message.stop_auto_rerun.fragment_ids:
            self.intervals.pop(fragment, None)

    def _on_script_finished(self, message: ForwardMsg) -> None:
        status = message.script_finished
        if status == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self.counts.cut += 1
            return
        if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self.errors.append("the script does not compile")
            return
        self.usable = self.usable or (bool(self.header) and (self.button("train") or self.button("pause")) is not None)
        if status == ForwardMsg.FINISHED_SUCCESSFULLY:
            self.counts.pages += 1
        else:
            self.counts.ticks += 1
        self._forget(message.metadata.run.fragment_ids)

    def _forget(self, fragments: Collection[str]) -> None:
        """Let go of messages that were not used for long: all such after a run of the script, else those of its fragments."""
        self._runs += 1
        for key, (message, used) in list(self._kept.items()):
            if self._runs - used > self._longest and (not fragments or message.delta.fragment_id in fragments):
                del self._kept[key]

    def _on_session_event(self, message: ForwardMsg) -> None:
        self.errors.append(f"session event: {message.session_event.WhichOneof('type')}")

    def _on_page_not_found(self, message: ForwardMsg) -> None:
        self.errors.append("page not found")

    def _on_delta(self, message: ForwardMsg) -> str:
        place, delta = tuple(message.metadata.delta_path), message.delta
        self._buttons.pop(place, None)
        element = delta.new_element
        kind = element.WhichOneof("type") or ""
        if kind == "button":
            self._buttons[place] = Part(element.button.id, delta.fragment_id, element.button.disabled)
        elif kind == "bidi_component" and element.bidi_component.id.endswith(f"-{FEED}"):
            self._feed = Part(element.bidi_component.id, delta.fragment_id)
            return "frame" if self._adopt(header_of(element.bidi_component.bytes)) else ""
        elif kind == "bidi_component" and element.bidi_component.id.endswith(f"-{PULSE}"):
            self._pulse = Part(element.bidi_component.id, delta.fragment_id)
        elif kind == "exception":
            self.errors.append(f"exception on the page: {element.exception.type} {element.exception.message}")
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(f"error on the page: {element.alert.body}")
        elif (state := initial_value(element)) is not None:
            if getattr(element, kind).set_value:
                self._widgets[state.id] = state
            self._widgets.setdefault(state.id, state)
        return ""

    def _adopt(self, header: Header) -> bool:
        """Take a frame in as store.js does; False for one that came too late."""
        if header["sent"] <= self.header.get("sent", 0):
            return False
        if header["run"] != self.run:
            self._seen = set()
        self.header = header
        self._seen.update(header["rows"]["epochs"])
        return True

    # Messages of the browser.

    def ask(self, fragment: str = "", *, automatic: bool = False, trigger: WidgetState | None = None) -> bytes:
        """A message that asks for a run of the script, or of a fragment of it.

        Args:
            fragment: id of the fragment. automatic: because its time has come, not because the visitor did something.
            trigger: what the visitor did.
        """
        message = BackMsg()
        wanted = message.rerun_script
        wanted.query_string, wanted.page_script_hash, wanted.fragment_id = self.query, self._script, fragment
        wanted.is_auto_rerun = automatic
        wanted.cached_message_hashes.extend(self._kept)
        wanted.context_info.timezone, wanted.context_info.locale = "UTC", "en-US"
        wanted.widget_states.widgets.extend(self._widgets.values())
        if trigger is not None:
            wanted.widget_states.widgets.append(trigger)
        content: bytes = message.SerializeToString()
        return content

    def press(self, name: str) -> bytes:
        """A message that says that a button of the player was pressed.

        Raises:
            LookupError: there is no such button, or it is disabled.
        """
        button = self.button(name)
        if button is None or button.disabled:
            raise LookupError(f"no button {name} to press while {self.state or 'nothing is there'}")
        return self.ask(button.fragment, trigger=WidgetState(id=button.id, trigger_value=True))

    @property
    def has_words(self) -> bool:
        """Whether there is a component that asks for the words around the pictures."""
        return self._pulse is not None

    def say(self, event: str, value: object) -> bytes:
        """A message with a trigger, as `setTriggerValue(event, value)` in feed.js and pulse.js sends it."""
        speaker = self._pulse if event == "words" else self._feed
        assert speaker is not None, "there was a frame before"
        content = json.dumps([{"event": event, "value": value}], separators=(",", ":"))
        trigger = WidgetState(id=EVENTS.format(id=speaker.id), json_trigger_value=content)
        return self.ask(speaker.fragment, trigger=trigger)
