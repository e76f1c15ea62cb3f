"""Figures put together piece by piece: `Sheet`, panels in rows and columns whose heights are pixels, and `Board`, panels at
shares of a size that the browser gives.

Plotly's own `make_subplots` costs 17 ms for eight panels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from plotly.io.json import to_json_plotly

from bn_lab.engine.types import Array
from bn_lab.figures.axes import AXIS, log_ticks
from bn_lab.figures.bindings import CURSOR, bind
from bn_lab.figures.style import CHOSEN, EDGE, GRAY, LEFT, SMALL, in_two_lines, layout, text_width

LINE, KEY = 23, 50
"""Height of a line of the legend, and width of an entry without its text, in pixels."""

Spec = dict[str, Any]
"""A figure as plain data, `data` and `layout`: what `go.Figure` takes."""

NARROW, WIDE, COLUMN = 270, 560, 130
"""Pixels that panels may count on, on a narrow screen and else, and one of two columns on a narrow screen."""


def as_json(spec: Spec) -> str:
    """A figure as the browser takes it; what is no number is null."""
    return str(to_json_plotly(spec))


def drawable(values: Array | Sequence[float], *, log: bool = False) -> list[float | None]:
    """Numbers as an axis takes them; None for what it cannot show."""
    return [float(value) if isfinite(value) and (value > 0 or not log) else None for value in values]


@dataclass(frozen=True)
class Panel:
    """One panel: the ids of its axes (`x2`, `y3`), and its place as shares of the whole: left, right, bottom, top."""

    x: str
    y: str
    place: tuple[float, float, float, float]


class Board:
    """A figure on which panels are put one by one, at shares of the plotting area.

    Args:
        layout: the common layout (`style.layout`, `style.compact`).
    """

    def __init__(self, layout: dict[str, Any]) -> None:
        self.layout = {**layout, "annotations": []}
        self._traces: list[dict[str, Any]] = []
        self._x = self._y = 0

    def place(self, place: tuple[float, float, float, float], x: dict[str, Any], y: dict[str, Any]) -> Panel:
        """A new panel at left, right, bottom, top, with its axes."""
        panel = Panel(self._axis("x"), self._axis("y"), place)
        self.axis(panel.x, {**AXIS, "domain": place[:2], "anchor": panel.y, **x})
        self.axis(panel.y, {**AXIS, "domain": place[2:], "anchor": panel.x, **y})
        return panel

    def _axis(self, letter: str) -> str:
        number = getattr(self, f"_{letter}") + 1
        setattr(self, f"_{letter}", number)
        return letter if number == 1 else f"{letter}{number}"

    def axis(self, name: str, settings: dict[str, Any]) -> None:
        """Add to the settings of an axis."""
        key = f"{name[0]}axis{name[1:]}"
        title = settings.get("title")
        if isinstance(title, str):
            settings = {**settings, "title": {"text": title, "font": {"size": SMALL}, "standoff": 4}}
        if "domain" in settings:
            settings = {**settings, "domain": list(settings["domain"])}
        self.layout[key] = {**self.layout.get(key, {}), **settings}

    def ranges(self, axis: str, ends: Any) -> None:
        """Let an axis follow the data (`bindings.limits`)."""
        self.layout["meta"].setdefault("ranges", {})[f"{axis[0]}axis{axis[1:]}"] = ends

    def add(self, panel: Panel, **trace: Any) -> None:
        """Draw a trace: a line without markers where nothing else is said."""
        kind = {} if "type" in trace else {"type": "scatter", "mode": "lines"}
        self._traces.append({**kind, "xaxis": panel.x, "yaxis": panel.y, **trace})

    def note(self, text: str, *, size: int = SMALL, **settings: Any) -> int:
        """A text at shares of the whole; its number among the annotations."""
        common = {"xref": "paper", "yref": "paper", "showarrow": False, "font": {"size": size}}
        self.layout["annotations"].append({"text": text, **common, **settings})
        return len(self.layout["annotations"]) - 1

    def write(self, annotation: int, text: str, *values: Any, **more: Any) -> None:
        """Let a note have bound numbers, for which `{0}`, `{1}` … stand in its text; `format` and `least` as in `frame`."""
        title = {"annotation": annotation, "text": text, "values": list(values), **more}
        self.layout["meta"].setdefault("titles", []).append(title)

    def cursor(self, panel: Panel) -> None:
        """A dotted line at the epoch on screen, from the bottom to the top of the panel whatever its axis shows."""
        over = self.over(panel, overlaying=panel.y, range=[0, 1], fixedrange=True, visible=False)
        line = {"color": GRAY, "width": 1.5, "dash": "dot"}
        self.add(over, y=[0, 1], line=line, hoverinfo="skip", showlegend=False, meta=bind(x=CURSOR))

    def changes(self, panel: Panel, epochs: Sequence[int]) -> None:
        """Thin lines from the bottom to the top of the panel at epochs after which the training goes on with other numbers."""
        if not epochs:
            return
        over = self.over(panel, overlaying=panel.y, range=[0, 1], fixedrange=True, visible=False)
        for epoch in epochs:
            line = {"color": CHOSEN, "width": 1, "dash": "dash"}
            self.add(over, x=[epoch, epoch], y=[0, 1], line=line, hoverinfo="skip", showlegend=False)

    def over(self, panel: Panel, **settings: Any) -> Panel:
        """Another y axis at a panel's x axis: over the panel's own (`overlaying`), or with a `domain` of its own."""
        axis = self._axis("y")
        self.axis(axis, {"anchor": panel.x, **settings})
        return Panel(panel.x, axis, panel.place)

    def key(self, panel: Panel, name: str, **trace: Any) -> None:
        """An entry of the legend in gray, for what looks alike in the colours of all arms."""
        nothing: dict[str, Any] = {"x": [None], "y": [None], "hoverinfo": "skip", "showlegend": True}
        self.add(panel, name=name, **nothing, **trace)

    def spec(self) -> Spec:
        """What was put together. That Plotly takes it the tests see: its check takes twenty times as long as the drawing."""
        for key, axis in self.layout.items():
            if key[1:5] == "axis" and axis.get("type") == "log" and "tickvals" not in axis:
                axis |= log_ticks(*self._reach(key)) or {}
        return {"data": self._traces, "layout": self.layout}

    def _reach(self, key: str) -> tuple[float, float]:
        """The smallest and the largest number on a logarithmic axis and those that go with it; nan without any."""
        alike = [name for name, axis in self.layout.items() if name[1:5] == "axis" and self._leader(name) == self._leader(key)]
        if ends := next((self.layout[name]["range"] for name in alike if "range" in self.layout[name]), None):
            return 10.0 ** ends[0], 10.0 ** ends[1]
        letter, names = key[0], {name.replace("axis", "") for name in alike}
        drawn = [trace[letter] for trace in self._traces if trace[f"{letter}axis"] in names and letter in trace]
        values = [value for line in drawn for value in line if value is not None and value > 0]
        return min(values, default=nan), max(values, default=nan)

    def _leader(self, key: str) -> str:
        return str(self.layout[key].get("matches", key.replace("axis", "")))


class Sheet(Board):
    """Panels of `height` pixels each in `rows` × `columns`.

    Args:
        heading: pixels above each panel for its own title.
        feet: pixels below each panel in addition to those for numbers.
        left: pixels left of the panels.
        narrow: whether it is for a narrow screen, where a column is some 150 pixels.
    """

    def __init__(
        self,
        title: str,
        rows: int,
        columns: int,
        *,
        height: int,
        heading: int = 0,
        feet: int = 0,
        left: int = LEFT,
        narrow: bool = False,
    ) -> None:
        self.columns, self.heading, self.narrow = columns, heading, narrow
        gap = 44 + heading + feet
        top, bottom = 56 + heading, 50 + feet
        inner = rows * height + (rows - 1) * gap  # pixels
        super().__init__(layout(title, top=top, bottom=bottom, height=inner + top + bottom, narrow=narrow))
        self.layout["margin"]["l"] = left
        self.layout["legend"]["y"] = -(bottom - 4) / inner
        self._row = (height / inner, gap / inner)
        self._gap = min(0.17 if narrow else 0.055, 0.5 / columns)

    def panel(self, row: int, column: int, x: dict[str, Any], y: dict[str, Any], title: str = "") -> Panel:
        """A new panel at that place, counted from 0 at the top left, with its axes and its title above it."""
        width = (1 - self._gap * (self.columns - 1)) / self.columns
        left = column * (width + self._gap)
        height, gap = self._row
        top = 1 - row * (height + gap)
        place = (left, min(left + width, 1.0), max(top - height, 0.0), min(top, 1.0))
        common = {"nticks": 5 if self.narrow else 6, "zeroline": False, "showline": True, "ticks": "outside", "ticklen": 4}
        few = {"nticks": 5} if self.columns > 3 else {}
        panel = self.place(place, {**common, "showgrid": False, "tickangle": 0, **few, **x}, {**common, **y})
        if title:
            title = in_two_lines(title, COLUMN) if self.narrow or self.columns > 3 else title
            self.note(title, x=(place[0] + place[1]) / 2, y=place[3], xanchor="center", yanchor="bottom", yshift=3)
        return panel

    def subtitle(self, text: str, *values: Any) -> None:
        """A line below the title, or two where it is narrow; `{0}`, `{1}` … in it are the bound numbers."""
        if self.narrow and " · " in text and text_width(text, SMALL) > NARROW:
            text = text.replace(" · ", "<br>", 1)
            self.layout["margin"]["t"] += 14
            self.layout["height"] += 14
        place = {"x": 0, "xshift": EDGE - self.layout["margin"]["l"], "yshift": self.heading + 6}
        number = self.note(text, **place, xanchor="left", y=1, yanchor="bottom", align="left")
        if values:
            self.write(number, text, *values, format="whole")

    def _legend_lines(self) -> int:
        """About how many lines the legend takes, filled as Plotly fills it: until an entry does not fit."""
        width, lines, used = NARROW if self.narrow else WIDE, 0, float("inf")
        for trace in self._traces:
            if trace.get("showlegend", True) and trace["type"] == "scatter":
                entry = KEY + text_width(trace["name"])
                lines, used = (lines + 1, entry) if used + entry > width else (lines, used + entry)
        return lines

    def spec(self) -> Spec:
        """What was put together, with room for its legend."""
        lines = self._legend_lines()
        self.layout["margin"]["b"] += LINE * lines
        self.layout["height"] += LINE * lines
        return super().spec()
