"""The binary frame between a run and the browser, and the rule by which a frame fills a figure template.

A frame is `uint32 length of the header | header, JSON | float32 numbers`, little endian. The numbers hold *curves*, sent
whole in every frame, and *rows*: a row is one snapshot, S numbers of which named *fields* are slices. The browser keeps the
rows of a run, so that a frame need only carry those of late.

`fill` here and `bind.js` in the browser are the same rule; a test holds them equal. Both fill plain dicts, without Plotly.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
Binding = Mapping[str, Any]
"""Where the values of one attribute come from: `{"curve": name}`, `{"row": [field, …]}`, `{"rows": [field, …]}`,
`{"rows": "epoch"}` or `{"cursor": true}`; see `_resolve`."""

PADDING = 0.02
"""Room left at both ends of a range that follows the data, as a share of its length."""


@dataclass(frozen=True)
class DecodedFrame:
    """One frame.

    Attributes:
        header: what `pack` was given: run, state, epoch, epochs, recorded, labels, current.
        curves: name to float32 (length,).
        fields: name to (offset, length) within a row.
        rows: (epoch, float32 (S,)) in order of epochs.
    """

    header: Mapping[str, Any]
    curves: Mapping[str, Numbers]
    fields: Mapping[str, tuple[int, int]]
    rows: Sequence[tuple[float, Numbers]]


def pack(
    header: Mapping[str, Any],
    curves: Mapping[str, NDArray[Any]],
    rows: Sequence[tuple[float, NDArray[Any]]],
    fields: Mapping[str, tuple[int, int]],
) -> bytes:
    """Write a frame.

    Args:
        header: `run` (id, a new one for every start), `state` (`ready`, `queued`, `running`, `paused`, `done`, `failed`),
            `epoch` (progress; whole part = completed epochs), `epochs` (planned), `recorded` (epochs of all snapshots that
            the server has), `labels` (texts of the replay bar: `play`, `pause`, `slider`, and `following`, `replaying` with
            the places `{epoch}`, `{epochs}`, `{last}`), `current` (true when the last row is the present state, which the
            next one replaces, not a recorded snapshot).
        curves: name to (length,).
        rows: (epoch, (S,)), one S for the whole run.
        fields: name to (offset, length) within a row.

    Raises:
        ValueError: a header with NaN or infinity, which JSON does not have, or rows of different sizes.
    """
    ordered = sorted(rows, key=lambda row: row[0])
    size = len(ordered[0][1]) if ordered else 0
    if len(sizes := {len(values) for _, values in ordered}) > 1:
        raise ValueError(f"all rows must have one size, got {sorted(sizes)}")
    places: dict[str, tuple[int, int]] = {}
    offset = 0
    for name, values in curves.items():
        places[name] = (offset, len(values))
        offset += len(values)
    text = json.dumps(
        {
            **header,
            "curves": places,
            "fields": fields,
            "rows": {"epochs": [float(epoch) for epoch, _ in ordered], "offset": offset, "size": size},
        },
        allow_nan=False,
        separators=(",", ":"),
    ).encode()
    text += b" " * (-len(text) % 4)  # the numbers start at a multiple of four, so the browser can look at them in place
    numbers = [np.asarray(values, "<f4").tobytes() for values in (*curves.values(), *(row for _, row in ordered))]
    return b"".join([struct.pack("<I", len(text)), text, *numbers])


def unpack(frame: bytes) -> DecodedFrame:
    """Read a frame; arrays are read-only views of it."""
    (length,) = struct.unpack_from("<I", frame)
    header = json.loads(frame[4 : 4 + length])
    numbers: Numbers = np.frombuffer(frame, "<f4", offset=4 + length)
    curves = {name: numbers[start : start + count] for name, (start, count) in header.pop("curves").items()}
    fields = {name: (start, count) for name, (start, count) in header.pop("fields").items()}
    rows = header.pop("rows")
    table = numbers[rows["offset"] :].reshape(len(rows["epochs"]), rows["size"])
    return DecodedFrame(header, curves, fields, list(zip(rows["epochs"], table, strict=True)))


def fill(figure: Any, frame: DecodedFrame, cursor: float | None = None) -> dict[str, Any]:
    """Fill a figure template, as the browser does.

    Args:
        figure: plain dict of a Plotly figure, or anything with `to_plotly_json()`. It is not changed.
        cursor: the epoch shown; the last known snapshot at or before it is taken. `None` is the last one.

    Returns:
        The figure as a plain dict; non-finite numbers are `None`, which Plotly draws as a gap.
    """
    template = figure.to_plotly_json() if hasattr(figure, "to_plotly_json") else figure
    place = _row_at(frame, cursor)
    traces = [_filled(trace, frame, place) for trace in template.get("data", ())]
    layout = dict(template.get("layout", {}))
    meta = layout.get("meta") or {}
    for axis, bounds in (meta.get("ranges") or {}).items():
        limits = _limits(bounds, frame, logarithmic=(layout.get(axis) or {}).get("type") == "log")
        if limits:
            layout[axis] = {**(layout.get(axis) or {}), "range": limits, "autorange": False}
    if titles := meta.get("titles"):
        layout["annotations"] = [dict(annotation) for annotation in layout.get("annotations", ())]
        for title in titles:
            layout["annotations"][title["annotation"]]["text"] = _titled(title, frame, place)
    return {**template, "data": traces, "layout": layout}


def _row_at(frame: DecodedFrame, cursor: float | None) -> int | None:
    """Index of the last row at or before the cursor, else of the first one; `None` without rows."""
    if not frame.rows:
        return None
    if cursor is None:
        return len(frame.rows) - 1
    return max((k for k, (epoch, _) in enumerate(frame.rows) if epoch <= cursor), default=0)


def _filled(trace: Mapping[str, Any], frame: DecodedFrame, place: int | None) -> dict[str, Any]:
    """A copy of the trace with its bound attributes; arrays of which nothing is known are empty, so that nothing is drawn."""
    filled = dict(trace)
    for path, binding in ((trace.get("meta") or {}).get("bind") or {}).items():
        value = _resolve(binding, frame, place)
        if value is None:
            if len(binding.get("row", ())) == 2:
                continue  # a single number: the template's own stays
            value = []
        *parents, last = path.split(".")
        holder = filled
        for parent in parents:
            holder[parent] = dict(holder.get(parent) or {})
            holder = holder[parent]
        holder[last] = value
    return filled


def _resolve(binding: Binding, frame: DecodedFrame, place: int | None) -> Any:
    """The value of a binding: a list, a list of lists, a number, or `None` where nothing is known.

    `[field]` is the whole field, `[field, i]` one number, `[field, start, stop]` a slice. `row` is the snapshot at the cursor,
    `shape` folds it into r × c; `rows` is all known snapshots: (snapshots,), or (snapshots, numbers).
    """
    if "curve" in binding:
        curve = frame.curves.get(binding["curve"])
        return None if curve is None else _plain(curve)
    if place is None:
        return None
    if "cursor" in binding:
        return _plain(np.repeat(np.float64(frame.rows[place][0]), 2))
    if binding.get("rows") == "epoch":
        return _plain(np.array([epoch for epoch, _ in frame.rows]))
    part = _part(binding.get("rows") or binding["row"], frame.fields)
    if part is None:
        return None
    if "rows" in binding:
        return _plain(np.stack([row[part] for _, row in frame.rows]))
    values = np.asarray(frame.rows[place][1][part])
    return _plain(values.reshape(binding["shape"]) if "shape" in binding else values)


def _part(where: Sequence[Any], fields: Mapping[str, tuple[int, int]]) -> slice | int | None:
    """Index into a row for `[field]`, `[field, i]` or `[field, start, stop]`."""
    if where[0] not in fields:
        return None
    offset, length = fields[where[0]]
    if len(where) == 2:
        return offset + int(where[1])
    start, stop = where[1:] if len(where) == 3 else (0, length)
    return slice(offset + int(start or 0), offset + int(length if stop is None else stop))


def _plain(values: NDArray[Any]) -> Any:
    """Lists (or a number) of Python floats, `None` for what is not finite."""
    wide = np.asarray(values, np.float64)
    plain = wide.astype(object)
    plain[~np.isfinite(wide)] = None
    return plain.tolist()


def _limits(bounds: Mapping[str, Any], frame: DecodedFrame, *, logarithmic: bool) -> list[float] | None:
    """[low, high] over all known rows with padding, as logarithms for a logarithmic axis; `None` where nothing is known."""
    ends = []
    for side, pick in (("low", min), ("high", max)):
        parts = [part for where in bounds[side] if (part := _part(where, frame.fields)) is not None]
        values = [float(v) for _, row in frame.rows for part in parts for v in np.atleast_1d(row[part])]
        finite = [v for v in values if math.isfinite(v) and (v > 0 or not logarithmic)]
        if not finite:
            return None
        ends.append(math.log10(pick(finite)) if logarithmic else pick(finite))
    low, high = ends
    room = (high - low) * PADDING or max(abs(high) * PADDING, 1e-6)
    return [low - room, high + room]


def write(binding: Binding, frame: DecodedFrame, cursor: float | None = None) -> str:
    """One bound number as the browser's tables write it."""
    return FORMATS[binding.get("format", "g3")](_resolve(binding, frame, _row_at(frame, cursor)))


def _titled(title: Mapping[str, Any], frame: DecodedFrame, place: int | None) -> str:
    """The text of an annotation with its numbers."""
    write = FORMATS[title.get("format", "g3")]
    texts = [write(_resolve(binding, frame, place)) for binding in title["values"]]
    return re.sub(r"\{(\d+)\}", lambda match: texts[int(match[1])], title["text"])


def _sci(value: float) -> str:
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _g3(value: float) -> str:
    """Three significant digits, zeros kept, so that a number that ticks does not change its width."""
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e5:
        return _sci(value)
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def _known(write: Callable[[float], str]) -> Callable[[float | None], str]:
    return lambda value: "–" if value is None else write(value)


FORMATS: dict[str, Callable[[float | None], str]] = {
    "g3": _known(_g3),
    "percent": _known("{:.1%}".format),
    "int": _known("{:.0f}".format),
}
"""How numbers are written in titles and tables; a number that is not known or not finite is a dash."""
