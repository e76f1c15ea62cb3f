"""The axes of all figures: how numbers stand at them and in hover boxes, and where the ticks of a logarithmic one are.

The rules are those of `bn_lab.numerals`, as far as Plotly knows them. Under the pointer it has no format that
keeps all digits before the point, nor one with powers of ten: numbers have four digits there, small ones are written out.
"""

from __future__ import annotations

from math import ceil, floor, isfinite, log10
from typing import Any

from bn_lab.numerals import LARGEST, SMALLEST, power_of_ten, setting

HOVER = ",.4~r"
"""Four significant digits, 12,350 for 12,345.6, in Plotly's (d3's) way of saying it. A template has it by naming `%{x}`, `%{y}`
or `%{z}` alone."""

EPOCH = "%{x:,.6~r}"
"""An epoch under the pointer."""

AXIS: dict[str, Any] = {"exponentformat": "power", "minexponent": LARGEST - 1, "separatethousands": True, "hoverformat": HOVER}
"""What every axis has, whatever else is said."""

TICKS = 6
"""About how many ticks an axis has."""


def log_axis(**settings: Any) -> dict[str, Any]:
    """A logarithmic axis. Its ticks are Plotly's, each labelled with the whole number, or where numbers are very small or large
    those of `log_ticks`, which `Board.spec` and `frame.fill` put in."""
    return {"type": "log", "tickformat": ",~r", **settings}


def share_axis(**settings: Any) -> dict[str, Any]:
    """An axis of shares in percent."""
    return {"tickformat": ".0%", "hoverformat": ".1%", **settings}


def log_ticks(low: float, high: float) -> dict[str, Any] | None:
    """Ticks between two numbers, as settings of an axis; None where Plotly's own are good.

    Plotly labels the ticks between powers of ten with their first digit alone, twice 2 and 5 on the same axis, or in a format
    that has e-notation for what is not between 0.0001 and a million. `logTicks` in `bind.js` is the same rule.
    """
    if not (isfinite(low) and isfinite(high) and 0 < low < high) or (low >= 10.0**SMALLEST and high < 10.0**LARGEST):
        return None
    first, last = ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9)
    if last - first >= 2:
        step = ceil((last - first) / (TICKS - 1))
        powers = [power for power in range(first, last + 1) if power % step == 0]
        return {"tickvals": [float(f"1e{power}") for power in powers], "ticktext": [power_of_ten(power) for power in powers]}
    if log10(high / low) >= 0.9:
        every = [float(f"{digit}e{power}") for power in range(first - 1, last + 1) for digit in (1, 2, 5)]
        values = [value for value in every if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
    else:
        power = floor(log10((high - low) / TICKS))
        digit = next(digit for digit in (1, 2, 5, 10) if digit * float(f"1e{power}") >= (high - low) / TICKS)
        step_width = float(f"{digit}e{power}")
        counts = range(ceil(low / step_width - 1e-9), floor(high / step_width + 1e-9) + 1)
        values = [float(f"{count * digit}e{power}") for count in counts]
    return {"tickvals": values, "ticktext": [setting(value) for value in values]}
