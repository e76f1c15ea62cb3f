"""What a browser says and hears when it opens the lab and plays a recording, without a browser.

`Opening` speaks just enough of Streamlit's messages to have the page's script run once. What the script mounts names the token
of the page and the recording on its stage; everything that moves then comes over the lab's own websocket, which `Stream`
speaks. Of a frame only the header is read.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

Header = Mapping[str, Any]

MOMENTS = "summary"
"""The part that has a row for every moment."""

UNSEEN = re.compile("rmse|r2|.*_narrow")
"""Names of pictures that a wide stage has, and does not show before somebody chooses them."""

OVER = ("ended", "failed")
"""States of a recording in which nothing more comes."""


def header_of(frame: bytes) -> Header:
    """The header of a frame as `bn_lab.figures.frame.pack` writes it; its numbers are left alone."""
    (length,) = struct.unpack_from("<I", frame)
    header: Header = json.loads(frame[4 : 4 + length])
    return header


def parts_of(figures: Mapping[str, str], layouts: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Which parts of a recording a page asks for: those with a field that a picture on the stage names.

    Args:
        figures: the templates that the stage was given, by name, as JSON text.
        layouts: of all parts of the recording.
    """
    shown = " ".join(figure for name, figure in figures.items() if not UNSEEN.fullmatch(name))
    named = set(re.findall(r'"([^"]*)"', shown)) - {"epoch"}  # which many parts have
    return (MOMENTS, *(part for part in layouts if part != MOMENTS and named & layouts[part]["fields"].keys()))


@dataclass
class Opening:
    """The first run of a page's script.

    Attributes:
        query: of the page's address.
        stage: what the stage was given: its `token`, `recording`, `target`, and the templates of its `figures`; empty before.
        finished: whether the script came to its end with a stage.
        errors: whatever went wrong.
    """

    query: str
    stage: Mapping[str, Any] = field(default_factory=dict)
    finished: bool = False
    errors: list[str] = field(default_factory=list)

    def ask(self) -> bytes:
        """The message that asks for the page."""
        message = BackMsg()
        wanted = message.rerun_script
        wanted.query_string = self.query
        wanted.context_info.timezone, wanted.context_info.locale = "UTC", "en-US"
        content: bytes = message.SerializeToString()
        return content

    def receive(self, content: bytes) -> None:
        """Take a message of Streamlit in."""
        message = ForwardMsg.FromString(content)
        kind = message.WhichOneof("type") or ""
        if kind == "delta":
            self._look(message.delta.new_element)
        elif kind == "session_event":
            self.errors.append(f"session event: {message.session_event.WhichOneof('type')}")
        elif kind == "page_not_found":
            self.errors.append("page not found")
        elif kind == "script_finished":
            if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                self.errors.append("the script does not compile")
            done = message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            self.finished = self.finished or (done and bool(self.stage))

    def _look(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind == "bidi_component":
            data = json.loads(element.bidi_component.json or "null")
            if isinstance(data, dict) and {"token", "recording", "figures"} <= data.keys():
                self.stage = data
        elif kind == "exception":
            self.errors.append(f"exception on the page: {element.exception.type} {element.exception.message}")
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(f"error on the page: {element.alert.body}")


@dataclass
class Stream:
    """What a page says and hears over the lab's own websocket.

    Attributes:
        stage: what the page's script said; see `Opening`.
        epochs: how far it is wanted; 0 until somebody presses ▶.
        header: of the latest frame; empty before the first.
        rows: how many rows of each part have come, as the server is told.
        parts: what the page's pictures need.
        frames, size: how many came, and their bytes. moments: frames that brought new moments. errors: whatever went wrong.
    """

    stage: Mapping[str, Any]
    epochs: int = 0
    header: Header = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    parts: tuple[str, ...] = (MOMENTS,)
    frames: int = 0
    size: int = 0
    moments: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def target(self) -> int:
        """Its last epoch."""
        return int(self.stage["target"])

    @property
    def state(self) -> str:
        """What the recording does; empty before the first frame."""
        return str(self.header.get("state", ""))

    @property
    def epoch(self) -> float:
        """How far it is trained."""
        return float(self.header.get("epoch", 0.0))

    @property
    def has_picture(self) -> bool:
        """Whether all that the stage's pictures need of a first moment is there."""
        return len(self.parts) > 1 and all(self.rows.get(part) for part in self.parts if not part.startswith("curves."))

    def hello(self) -> str:
        """Whose page this is."""
        return _said(hello=self.stage["token"])

    def watch(self) -> str:
        """What is wanted, and what is there already; to be said again whenever that changes."""
        parts = {part: self.rows.get(part, 0) for part in self.parts}
        ends = {name: self.rows[name] for part in self.parts if (name := f"{part}!") in self.rows}
        return _said(watch=self.stage["recording"], epochs=self.epochs, parts=parts | ends)

    def hide(self, hidden: bool) -> str:
        """Whether the page is hidden, as one behind another tab is."""
        return _said(hidden=hidden)

    def receive(self, content: bytes | str) -> tuple[list[str], bool]:
        """Take a message in; what to answer, and whether it shows the recording further than before."""
        if isinstance(content, str):
            self.errors.append(f"refused: {json.loads(content).get('refused')}")
            return [], False
        header, before = header_of(content), (self.epoch, self.rows.get(MOMENTS, 0))
        self.frames += 1
        self.size += len(content)
        if header["recording"] != self.stage["recording"]:
            self.errors.append("a frame of another recording")
        if header["error"]:
            self.errors.append("the recording failed")
        self.header = header
        for part, start, count, _, end in header["blocks"]:
            there, name = self.rows.get(part, 0), f"{part}!" if end else part
            if start > there:
                self.errors.append(f"{part}: rows from {start}, but only {there} are there")
            self.rows[name] = max(self.rows.get(name, 0), start + count)
        self.moments += self.rows.get(MOMENTS, 0) > before[1]
        answers = [_said(painted=header["n"])]
        if header["layouts"]:
            self.parts = parts_of(self.stage["figures"], header["layouts"])
            answers.insert(0, self.watch())  # before the next frame leaves
        return answers, (self.epoch, self.rows.get(MOMENTS, 0)) > before


def _said(**message: object) -> str:
    return json.dumps(message, separators=(",", ":"))
