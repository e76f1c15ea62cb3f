"""What travels from a recording to a page, and the rule by which it fills a figure template.

**Parts.** A recording's numbers are *parts*: tables of float32, each with named *fields*, slices of its rows (`Layout`). Row k
of every part of the axis `moment` is moment k of the recording (0: untrained); row k of a part of the axis `epoch` is epoch
k + 1; a part of the axis `once` has one row. A moment that is none of the recording's own, the last one of a target between
two of them, is an *end* row: it comes after all others, whatever their number is by then.

**Frame.** `uint32 length of the header | header, JSON padded with blanks to a multiple of 4 | float32 numbers`, little endian.
`header["blocks"]` lists the blocks of rows in the order of their numbers: `[part, start, count, size, end]`, that is rows
`start` … `start + count - 1` of `size` numbers each; `end` says that the one row is an end row.

**Templates.** `meta.bind` of a trace maps the path of an attribute (`y`, `marker.color`) to a *binding*, which says what fills
it. "Known" moments and epochs are those up to the target; the *cursor* is the moment on screen.

======================================= ============================================================================
`{"row": [field]}`                      the whole field at the cursor: a list
`{"row": [field, i]}`                   one number of it; where it is unknown or not finite the template's own value stays
`{"row": [field, i, j]}`                the slice from i to before j: a list
`{"row": …, "shape": [r, c]}`           a list of r lists of c numbers
`{"rows": [field, i]}`                  one number of every known moment: a list as long as `{"rows": "epoch"}`
`{"rows": [field]}`, `[field, i, j]`    a list of numbers of every known moment: a list of lists
`{"rows": "epoch"}`                     the epochs of all known moments
`{"cursor": true}`                      the epoch of the cursor, twice: the ends of a vertical line
`{"once": field}`                       a field of a part that has one row: a list
`{"curve": field}`                      a field of one number, of every known epoch: a list
`{"curve": "epoch", "part": part}`      the numbers of the epochs, 1, 2, …; every part of curves has a field of that name
`{"curve": …, "until": "cursor"}`       of the epochs only that are completed at the cursor
`{"curve": …, "most": n}`               at most n of them, chosen by `kept_epochs` among *all* known epochs; with `until` those
                                        of them that are completed at the cursor, and the last completed one
`{"early": arm, "axis": "x"}`           the best epoch of an arm's validation loss and the one of early stopping, chosen in
                                        the browser; nothing elsewhere. With `"y"` the losses there
======================================= ============================================================================

The name of a field is found in the first part of the binding's axis that has it, or in `part` where that is said. A part that
lacks a row of a known moment, as it may on its way to the browser, has NaN there. An unknown field is an empty list; numbers
that are not finite are gaps (`None` here, `NaN` in the browser).

**Ranges.** `layout.meta.ranges` maps an axis (`xaxis2`) to `{"low": [end, …], "high": [end, …]}`. An end is `[field]`,
`[field, i]` or `[field, i, j]` of *all* known moments, a line over the epochs (`{"curve": …}` as above), a plain number, or
`"target"`, the epoch at which the recording ends for its watcher. The axis reaches from the smallest of all `low` to the
largest of all `high`. Both are rounded outwards, so that an axis grows seldom: to a tenth of the power of ten below what lies
between them, or, on a logarithmic axis (where only numbers above 0 count), to one of `STEPS` times a power of ten. At both
ends there is `PADDING`, in decades on a logarithmic axis. With `"symmetric": true` it reaches from -r to r, where r is the
largest absolute value of all ends rounded up to one of `STEPS` times a power of ten (1 where all are 0), without padding, and
`tickvals` of the axis are [-r, 0, r], or [0, r] with `"symmetric": "right"`, where there is little room. A logarithmic axis
gets the ticks of `bn_lab.figures.axes.log_ticks`, where it needs them. So a range never
shrinks while a recording grows, and does not depend on the cursor. Without any finite end the axis stays as it is.

**Titles.** `layout.meta.titles` lists `{"annotation": k, "text": "{0} ± {1}", "values": [binding of one number, …], "format":
name}`: annotation k gets the text with its numbers, written by `FORMATS[name]` of `bn_lab.numerals` (`number` by default). A
binding's `"scale": binding` is the number below whose precision it is rounding noise. With `"least": x` those of the lines of
the text (between `<br>`) are blank (`BLANK`) of which a number is unknown or below x; the others stay where they are.

`fill` here and `fill` in `bind.js` in the browser are the same rule; a test holds them equal. Both fill plain dicts, without
Plotly. Sizes of letters and lines are numbers of pixels that stand in the template, none is left to Plotly's defaults, so that
the browser can multiply them on a large screen.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bn_lab.experiment import FIELDS
from bn_lab.figures.axes import log_ticks
from bn_lab.numerals import FORMATS, setting

Numbers = NDArray[np.float32]
Binding = Mapping[str, Any]
Axis = Literal["moment", "epoch", "once"]

STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
"""What ends of symmetric and of logarithmic axes are rounded to, times a power of ten: coarse enough to grow seldom, fine
enough that what is drawn fills most of the axis."""

BLANK = "\u00a0"
"""A line of a title without anything to see: a space that Plotly does not leave out."""

PADDING = 0.02
"""Room left at both ends of a range that follows the data, as a share of its length."""


@dataclass(frozen=True)
class Layout:
    """How the rows of a part are divided.

    Attributes:
        axis: what a row stands for.
        fields: name to (offset, length) within a row.
        size: numbers in a row.
    """

    axis: Axis
    fields: Mapping[str, tuple[int, int]]
    size: int


@dataclass(frozen=True)
class Block:
    """Some rows of a part that follow each other.

    Attributes:
        part: name of the part.
        start: number of the first row.
        rows: (count, size) float32, or the same as bytes, little endian.
        count: how many rows.
        end: whether it is the one end row.
    """

    part: str
    start: int
    rows: bytes | Numbers
    count: int
    end: bool = False


def pack(header: Mapping[str, Any], blocks: Sequence[Block]) -> bytes:
    """Write a frame.

    Args:
        header: an object that JSON can say; `bn_lab.server.stream` has what a page learns from it.

    Raises:
        ValueError: a header with NaN or infinity, which JSON does not have, or a block that is not `count` equal rows.
    """
    numbers = [block.rows if isinstance(block.rows, bytes) else np.asarray(block.rows, "<f4").tobytes() for block in blocks]
    places = []
    for block, data in zip(blocks, numbers, strict=True):
        size, rest = divmod(len(data), 4 * block.count) if block.count else (0, len(data))
        if rest:
            raise ValueError(f"block of {block.part} must be {block.count} rows of float32, got {len(data)} bytes")
        places.append([block.part, block.start, block.count, size, block.end])
    text = json.dumps({**header, "blocks": places}, allow_nan=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)  # the numbers start at a multiple of four, so the browser can look at them in place
    return b"".join([struct.pack("<I", len(text)), text, *numbers])


def unpack(frame: bytes) -> tuple[dict[str, Any], list[Block]]:
    """Read a frame: the header as it was given, and its blocks; their rows are read-only views of the frame."""
    (length,) = struct.unpack_from("<I", frame)
    header = json.loads(frame[4 : 4 + length])
    numbers: Numbers = np.frombuffer(frame, "<f4", offset=4 + length)
    blocks, at = [], 0
    for part, start, count, size, end in header.pop("blocks"):
        rows = numbers[at : at + count * size].reshape(count, size)
        blocks.append(Block(part, start, rows, count, end))
        at += count * size
    return header, blocks


@dataclass(frozen=True)
class Recorded:
    """All parts of a recording, whole, an end row as the last one of its part.

    Attributes:
        target: the epoch at which it ends for its watcher.
        layouts: of every part; parts: name to (rows, size).
        epochs: of every moment, (moments,).
    """

    target: float
    layouts: Mapping[str, Layout]
    parts: Mapping[str, Numbers]
    epochs: NDArray[Any]

    def field(self, name: str, axis: Axis, part: str | None = None) -> Numbers | None:
        """The columns of a field, (rows, length); None where no part of this axis has it."""
        for each, layout in self.layouts.items():
            if layout.axis == axis and name in layout.fields and part in (None, each):
                offset, length = layout.fields[name]
                return self.parts[each][:, offset : offset + length]
        return None

    def moment(self, cursor: float | None = None) -> int | None:
        """The last moment at or before this epoch, else the first one; the last of all for None; None without moments."""
        if not len(self.epochs):
            return None
        if cursor is None:
            return len(self.epochs) - 1
        return max(int(np.searchsorted(self.epochs, cursor, side="right")) - 1, 0)


def fill(template: Mapping[str, Any], table: Recorded, cursor: float | None = None) -> dict[str, Any]:
    """Fill a figure template, as the browser does.

    Args:
        template: a Plotly figure as a plain dict. It is not changed.
        cursor: the epoch on screen, see `Recorded.moment`.

    Returns:
        The figure as a plain dict; non-finite numbers are `None`, which Plotly draws as a gap.
    """
    moment = table.moment(cursor)
    traces = [_filled(trace, table, moment) for trace in template.get("data", ())]
    layout = dict(template.get("layout", {}))
    meta = layout.get("meta") or {}
    for axis, ends in (meta.get("ranges") or {}).items():
        settings = layout.get(axis) or {}
        if limits := _limits(ends, table, logarithmic=settings.get("type") == "log"):
            layout[axis] = {**settings, "range": limits, "autorange": False}
            if settings.get("type") == "log":
                layout[axis] |= log_ticks(10 ** limits[0], 10 ** limits[1]) or {}
            if symmetric := ends.get("symmetric"):
                ticks = [0, limits[1]] if symmetric == "right" else [limits[0], 0, limits[1]]
                layout[axis] |= {"tickvals": ticks, "ticktext": [setting(tick) for tick in ticks]}
    if titles := meta.get("titles"):
        layout["annotations"] = [dict(annotation) for annotation in layout.get("annotations", ())]
        for title in titles:
            layout["annotations"][title["annotation"]]["text"] = _titled(title, table, moment)
    return {**template, "data": traces, "layout": layout}


def _filled(trace: Mapping[str, Any], table: Recorded, moment: int | None) -> dict[str, Any]:
    """A copy of the trace with its bound attributes; arrays of which nothing is known are empty, so that nothing is drawn."""
    filled = dict(trace)
    for path, binding in ((trace.get("meta") or {}).get("bind") or {}).items():
        value = _resolve(binding, table, moment)
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


def _resolve(binding: Binding, table: Recorded, moment: int | None) -> Any:
    """The value of a binding: a list, a list of lists, a number, or `None` where nothing is known."""
    if "early" in binding:
        return []  # the player's choice: nobody has made one here
    if "curve" in binding:
        return _curve(binding, table, moment)
    if "once" in binding:
        single = table.field(binding["once"], "once")
        return None if single is None or not len(single) else _to_lists(single[0])
    if moment is None:
        return None
    if "cursor" in binding:
        return _to_lists(np.repeat(table.epochs[moment], 2))
    if binding.get("rows") == "epoch":
        return _to_lists(table.epochs)
    values = _part(binding.get("rows") or binding["row"], table)
    if values is None:
        return None
    if "rows" in binding:
        return _to_lists(values)
    here = np.asarray(values[moment])
    return _to_lists(here.reshape(binding["shape"]) if "shape" in binding else here)


def _curve(binding: Binding, table: Recorded, moment: int | None) -> Any:
    column = table.field(binding["curve"], "epoch", binding.get("part"))
    if column is None:
        return None
    epochs = kept_epochs(len(column), binding.get("most"))
    if binding.get("until") == "cursor":
        completed = 0 if moment is None else min(int(table.epochs[moment]), len(column))
        epochs = epochs[epochs <= completed]
        if completed and epochs[-1] != completed:  # so that the line reaches the cursor
            epochs = np.append(epochs, completed)
    return _to_lists(column[epochs - 1, 0])


def kept_epochs(last: int, limit: int | None = None) -> NDArray[Any]:
    """Which of the epochs 1 … `last` are drawn: (n,) with n ≤ `limit`, the first and the last among them.

    After epoch e comes e + max(1, ⌊e / m⌋): every epoch up to 2m, then ever wider steps of the same share of the way, so that
    the eventful start stays dense. m is the largest of `DENSITIES` with which fewer than `limit` come before the last, hence
    the choice stays the same for many epochs and a noisy curve does not shimmer while it grows.
    """
    if limit is None or last <= limit:
        return np.arange(1, last + 1)
    assert limit >= 2, "the first and the last epoch are always kept"
    for density in DENSITIES:
        epochs = _spaced(density)
        before = epochs[: np.searchsorted(epochs, last)]
        if len(before) < limit:
            return np.append(before, last)
    return np.array([1, last])


DENSITIES = tuple(round(2 ** (k / 4)) for k in range(48, -1, -1))
"""4096, 3444, 2896, …, 2, 1, 1: from many to few epochs before the steps widen."""


@cache
def _spaced(density: int) -> NDArray[Any]:
    limits = FIELDS["epochs"].limits
    epochs, e = [], 1
    while e <= limits.high:
        epochs.append(e)
        e += max(1, e // density)
    return np.array(epochs)


def _part(where: Sequence[Any], table: Recorded) -> Numbers | None:
    """`[field]`, `[field, i]` or `[field, start, stop]` of all moments: (moments, n) or (moments,)."""
    columns = table.field(where[0], "moment")
    if columns is None:
        return None
    if len(where) == 2:
        return np.asarray(columns[:, where[1]])
    return columns[:, slice(*where[1:])] if len(where) == 3 else columns


def _to_lists(values: NDArray[Any]) -> Any:
    """Lists (or a number) of Python floats, `None` for what is not finite."""
    wide = np.asarray(values, np.float64)
    lists = wide.astype(object)
    lists[~np.isfinite(wide)] = None
    return lists.tolist()


def _limits(ends: Mapping[str, Any], table: Recorded, *, logarithmic: bool) -> list[float] | None:
    """[low, high] as the module says, as logarithms for a logarithmic axis; `None` where nothing is known."""
    sides = [_ends(ends[side], table, logarithmic=logarithmic) for side in ("low", "high")]
    if ends.get("symmetric"):
        every = np.concatenate(sides)
        reach = _rounded_up(float(np.abs(every).max())) if len(every) else None
        return None if reach is None else [-reach, reach]
    if not all(len(side) for side in sides):
        return None
    low, high = float(sides[0].min()), float(sides[1].max())
    if logarithmic:
        low, high = math.log10(_rounded_down(low)), math.log10(_rounded_up(high))
    elif high > low:
        unit = float(f"1e{math.floor(math.log10(high - low)) - 1}")
        low, high = math.floor(low / unit) * unit, math.ceil(high / unit) * unit
    room = (high - low) * PADDING or max(abs(high) * PADDING, 1e-6)
    return [low - room, high + room]


def _ends(ends: Sequence[Any], table: Recorded, *, logarithmic: bool) -> NDArray[Any]:
    """The finite numbers of ends, those above 0 alone on a logarithmic axis."""
    numbers: list[NDArray[Any]] = [np.empty(0)]
    for end in ends:
        part: NDArray[Any] | None
        if isinstance(end, Mapping):
            part = table.field(end["curve"], "epoch", end.get("part"))
        elif isinstance(end, list | tuple):
            part = _part(end, table)
        else:
            part = np.array([table.target if end == "target" else end])
        if part is not None:
            numbers.append(np.asarray(part, np.float64).ravel())
    every = np.concatenate(numbers)
    return np.asarray(every[np.isfinite(every) & ((every > 0) | (not logarithmic))])


def _rounded_up(value: float) -> float:
    """The smallest of `STEPS` times a power of ten that is not below the value, but for float32's last digits; 1 for 0."""
    if value == 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return float(next(step for step in STEPS if value <= step * power * (1 + 1e-6)) * power)


def _rounded_down(value: float) -> float:
    """The largest of `STEPS` times a power of ten that is not above the value (> 0), but for float32's last digits."""
    power = 10.0 ** math.floor(math.log10(value))
    return float(next(step for step in reversed(STEPS) if step * power <= value * (1 + 1e-6)) * power)


def write(binding: Binding, table: Recorded, cursor: float | None = None) -> str:
    """One bound number as the browser's tables write it: `FORMATS[binding["format"]]`."""
    return _written(binding, binding.get("format", "number"), table, table.moment(cursor))


def _written(binding: Binding, form: str, table: Recorded, moment: int | None) -> str:
    value = _resolve(binding, table, moment)
    return FORMATS[form](value, _resolve(binding["scale"], table, moment)) if "scale" in binding else FORMATS[form](value)


def _titled(title: Mapping[str, Any], table: Recorded, moment: int | None) -> str:
    """The text of an annotation with its numbers."""
    values = [_resolve(binding, table, moment) for binding in title["values"]]
    texts = [_written(binding, title.get("format", "number"), table, moment) for binding in title["values"]]
    least = title.get("least")
    places = re.compile(r"\{(\d+)\}")
    lines = []
    for line in title["text"].split("<br>"):
        shown = [values[int(place)] for place in places.findall(line)]
        is_shown = least is None or all(value is not None and value >= least for value in shown)
        lines.append(places.sub(lambda match: texts[int(match[1])], line) if is_shown else BLANK)
    return "<br>".join(lines)
