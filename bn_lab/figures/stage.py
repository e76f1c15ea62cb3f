"""The networks on the stage: one row for each arm, which *is* its network, with the live distributions of its layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bn_lab.arms import ARMS
from bn_lab.engine.history import batch_norm_input, stages
from bn_lab.experiment import Experiment
from bn_lab.figures.bindings import limits, numbers_of, row
from bn_lab.figures.data import Data
from bn_lab.figures.layers import chosen_layers, outline
from bn_lab.figures.sheet import Board, Spec
from bn_lab.figures.style import GRAY, QUIET, compact, translucent
from bn_lab.i18n import Texts

MOST = 3
"""Layers that a row shows where nobody chose."""

TOP = 18
"""Pixels above the rows, for the names of the layers."""

TICKS, STRIP, APART = 14, 15, 5
"""Pixels below a histogram for its axis, above it for its numbers, and between two rows."""

MANY = 5
"""From so many arms on, ticks stand under the last row only."""

ROOMY = 2
"""Up to so many arms a row is high enough to say which share of units is dead besides that of saturated values."""

LEAST = 0.005
"""A share below this is not worth a line."""

PALE, STRONG = 0.16, 0.42
"""Opacity of what goes into batch normalization, and of what comes out of it."""

BIG, LITTLE = 11, 9.5
"""Sizes of letters in pixels."""


class Across(NamedTuple):
    """How a row is divided from left to right, and its typical size, all in pixels.

    Before the first layer; within a layer between before and after batch normalization; behind each layer; behind all.
    """

    width: int
    height: int
    before: int
    within: int
    behind: int
    after: int


WIDE, NARROW = Across(1010, 270, 38, 34, 76, 32), Across(370, 300, 2, 15, 11, 0)


def network(
    experiment: Experiment,
    data: Data,
    t: Texts,
    *,
    layers: Sequence[int] | None = None,
    same_scale: bool = False,
    narrow: bool = False,
) -> Spec:
    """Each arm's layers at the moment on screen: what goes into batch normalization (pale) and what comes out of it (strong);
    without batch normalization the pre-activation alone, over the width of both.

    Row k of K has the k-th K-th of the plotting area's height, which begins `TOP` pixels below the upper edge and ends at the
    lower one, so that the page can put the arm's name and numbers beside it. `layout.meta.cells` says where the layers are:
    a list of `{"arm", "layer", "x": [left, right], "y": [bottom, top]}` in shares of the plotting area. Axes of values are
    symmetric about 0 and take in all moments so far; heights are those of the moment.

    Args:
        layers: counted from 1; by default up to three, from the first to the last.
        same_scale: whether a stage has the same axis in all arms.
        narrow: for a narrow screen: bare, but with the arms' names.
    """
    drawing = _Drawing(experiment, t, chosen_layers(experiment, layers, MOST), same_scale=same_scale, narrow=narrow)
    drawing.headings()
    for k, arm in enumerate(experiment.arms):
        drawing.row(k, arm)
    return drawing.spec()


class _Drawing:
    """The figure in the making; places are shares of the plotting area."""

    def __init__(self, experiment: Experiment, t: Texts, layers: Sequence[int], *, same_scale: bool, narrow: bool) -> None:
        self.experiment, self.t, self.layers, self.same_scale, self.narrow = experiment, t, layers, same_scale, narrow
        self.board = Board(compact(left=0, right=0, top=TOP, bottom=0))
        self.board.layout["shapes"] = []
        self.size = NARROW if narrow else WIDE
        self.pixel = 1 / (self.size.height - TOP)
        taken = self.size.before + self.size.behind * len(layers) + self.size.after
        self.cell = (1 - taken / self.size.width) / len(layers)
        self.cells: list[dict[str, Any]] = []
        self.labels: list[tuple[str, float, float, str, str]] = []

    def across(self, pixels: float) -> float:
        """Pixels of a figure of typical width as a share of it."""
        return pixels / self.size.width

    def ends(self, column: int) -> tuple[float, float]:
        """Left and right end of a layer."""
        left = self.across(self.size.before + column * self.size.behind) + column * self.cell
        return left, left + self.cell

    def label(self, text: str, x: float, y: float, position: str = "middle center", color: str = GRAY) -> None:
        """A text that never changes. Plotly draws a trace of all of them in a fraction of the time that annotations take."""
        self.labels.append((text, x, y, position, color))

    def number(self, x: float, y: float, arm: str, size: float = LITTLE, **anchors: Any) -> int:
        """A place for a text with numbers of an arm; its number among the annotations."""
        return self.board.note("", x=x, y=y, font={"size": size, "color": ARMS[arm].color}, **anchors)

    def headings(self) -> None:
        """The names of the layers above the rows."""
        for column, layer in enumerate(self.layers):
            place = {"x": sum(self.ends(column)) / 2, "xanchor": "center", "y": 1, "yanchor": "bottom", "yshift": 1}
            self.board.note(self.t("figure.layer", layer=layer), size=BIG, **place)

    def spec(self) -> Spec:
        """All that was drawn."""
        hidden = {"range": [0, 1], "visible": False, "fixedrange": True}
        panel = self.board.place((0, 1, 0, 1), hidden, hidden)
        text, x, y, position, color = (list(each) for each in zip(*self.labels, strict=True))
        look = {"textposition": position, "textfont": {"size": LITTLE, "color": color}}
        self.board.add(panel, mode="text", text=text, x=x, y=y, cliponaxis=False, hoverinfo="skip", **look)
        self.board.layout["meta"]["cells"] = self.cells
        return self.board.spec()

    def row(self, k: int, arm: str) -> None:
        """The network of an arm."""
        count = len(self.experiment.arms)
        bottom, top = 1 - (k + 1) / count, 1 - k / count
        has_ticks = count < MANY or k == count - 1
        low, high = bottom + (TICKS if has_ticks else 2) * self.pixel, top - (STRIP + APART) * self.pixel
        if self.narrow:
            self.label(self.t(f"arm.{arm}"), self.ends(0)[0], high, "top right", ARMS[arm].color)
            high -= STRIP * self.pixel
        middle = (low + high) / 2
        arrows: list[tuple[float, float]] = []
        for column, layer in enumerate(self.layers):
            left, right = self.ends(column)
            self.cells.append({"arm": arm, "layer": layer, "x": [left, right], "y": [bottom, top]})
            if (norm := ARMS[arm].normalizer) is not None:
                half = (right - left - self.across(self.size.within)) / 2
                self.histogram(arm, layer, batch_norm_input(arm), (left, left + half, low, high), PALE, ticks=has_ticks)
                self.histogram(arm, layer, "scaled", (right - half, right, low, high), STRONG, ticks=has_ticks)
                arrows.append((left + half, right - half))
                if not self.narrow:
                    self.label(norm.short, (left + right) / 2, middle + 2 * self.pixel, "top center", ARMS[arm].color)
            else:
                self.histogram(arm, layer, "pre_activation", (left, right, low, high), PALE, ticks=has_ticks)
        self.arrows(arrows, middle, ARMS[arm].color, 1.5)
        self.connections(arm, middle)
        self.diverged(arm, middle)

    def histogram(
        self, arm: str, layer: int, stage: str, place: tuple[float, float, float, float], opacity: float, *, ticks: bool
    ) -> None:
        """The outline of a stage, with what it is and its mean ± standard deviation above it."""
        board, t = self.board, self.t
        x = {"showgrid": False, "showline": True, "linecolor": QUIET, "zerolinecolor": QUIET, "zerolinewidth": 1, "nticks": 3}
        x |= {"ticks": "", "tickfont": {"size": LITTLE, "color": GRAY}, "tickangle": 0, "fixedrange": True}
        y = {"showgrid": False, "zeroline": False, "showticklabels": False, "rangemode": "tozero", "fixedrange": True}
        panel = board.place(place, {**x, "showticklabels": ticks}, y)
        board.add(
            panel,
            name=t(f"arm.{arm}"),
            line={"color": ARMS[arm].color, "width": 1.3, "shape": "hvh"},
            fill="tozeroy",
            fillcolor=translucent(arm, opacity),
            hovertemplate=f"%{{x}}: %{{y:.1%}}<extra>{t(f'stage.{stage}')}</extra>",
            meta=outline(arm, layer, stage),
        )
        alike = [each for each in self.experiment.arms if each == arm or (self.same_scale and stage in stages(each))]
        low, high = (numbers_of(alike, layer, stage, end) for end in ("low", "high"))
        board.ranges(panel.x, limits(low, high, symmetric="right" if self.narrow else True))
        std = row(f"{arm}.{stage}.std", layer - 1)
        mean = row(f"{arm}.{stage}.mean", layer - 1, scale=std)
        if self.narrow:
            board.write(self.number(sum(place[:2]) / 2, place[3], arm, yanchor="bottom"), "±{0}", std)
            return
        self.label(self.symbol(arm, stage), place[0], place[3] + 3 * self.pixel, "bottom right")
        board.write(self.number(sum(place[:2]) / 2, place[3], arm, yanchor="bottom"), "{0} ± {1}", mean, std)

    def symbol(self, arm: str, stage: str) -> str:
        """What a stage is, as short as can be."""
        normalizer, activation = ARMS[arm].normalizer, self.t(f"activation.{self.experiment.activation}")
        scaled = normalizer.formula if normalizer else ""
        return {"pre_activation": "Wx+b", "scaled": scaled, "activation": activation}[stage]

    def connections(self, arm: str, middle: float) -> None:
        """From the input through the layers to the output: with the activation function, unless it has come before."""
        gap, last = self.across(2 if self.narrow else 4), len(self.layers) - 1
        ends = []
        for column, layer in enumerate(self.layers):
            left, right = self.ends(column)[1], self.ends(column)[1] + self.across(self.size.behind)
            if not self.narrow or column < last:
                ends.append((left + gap, right - gap))
            if not self.narrow:
                follows = self.layers[column + 1] if column < last else self.experiment.depth + 1
                self.label(self.between(arm, layer, follows), (left + right) / 2, middle + self.pixel, "top center")
                self.shares(arm, layer, (left + right) / 2, middle)
        if not self.narrow:
            first, (left, _) = self.layers[0], self.ends(0)
            ends.append((self.across(26), left - gap))
            self.label(self.t("figure.network.input"), 0, middle, "middle right")
            self.label(self.t("figure.network.output"), 1, middle, "middle left")
            self.label("" if first == 1 else "⋯", (self.across(26) + left) / 2, middle + self.pixel, "top center")
        self.arrows(ends, middle, GRAY, 1)

    def between(self, arm: str, layer: int, follows: int) -> str:
        """What stands on the way from a layer to the one shown next."""
        passes = ARMS[arm].placement != "after" and self.experiment.activation != "identity"
        return " ".join([*([self.symbol(arm, "activation")] if passes else []), *([] if follows == layer + 1 else ["⋯"])])

    def shares(self, arm: str, layer: int, x: float, middle: float) -> None:
        """Which share of the values is in a tail of the activation function, and which of the units is dead, where one is."""
        is_roomy = len(self.experiment.arms) <= ROOMY
        kinds = ("saturated", "dead") if is_roomy else ("saturated",)
        text = "<br>".join(self.t(f"figure.network.{kind}", share=f"{{{k}}}") for k, kind in enumerate(kinds))
        number = self.number(x, middle, arm, yanchor="top", yshift=-2)
        self.board.write(number, text, *(row(f"{arm}.{kind}", layer - 1) for kind in kinds), format="percent", least=LEAST)

    def diverged(self, arm: str, middle: float) -> None:
        """Said across the row once no network of the arm is left."""
        number = self.number(0.5, middle, arm, BIG, xanchor="center", yanchor="middle")
        text = self.t("figure.network.diverged", seeds="{0}")
        self.board.write(number, text, row(f"{arm}.diverged", 0), format="whole", least=self.experiment.seeds)

    def arrows(self, ends: Sequence[tuple[float, float]], y: float, color: str, width: float) -> None:
        """Arrows from left to right, all in one shape: far quicker to draw than as many annotations."""
        if not ends:
            return
        dx, dy = self.across(4.5), 4 * self.pixel
        strokes = []
        for left, right in ends:
            tip, above, below = f"{right:.5f},{y:.5f}", f"{right - dx:.5f},{y + dy:.5f}", f"{right - dx:.5f},{y - dy:.5f}"
            strokes.append(f"M{left:.5f},{y:.5f}L{tip}M{above}L{tip}L{below}")
        place = {"xref": "paper", "yref": "paper", "line": {"color": color, "width": width}}
        self.board.layout["shapes"].append({"type": "path", "path": "".join(strokes), **place})
