"""How numbers are written for readers: in cards, tables, sentences and pictures, in all languages.

`ui/live/format.js` writes the same in the browser; a test holds the two equal. Files, links, the command line and whatever
a program reads keep Python's own way of writing.

======================== ========================= ===========================================================================
`number(0.0123456)`      `0.0123`                  three significant digits, zeros kept, so that what ticks keeps its width
`number(-12345.6)`       `−12,346`                 a true minus, thousands apart, and no digit before the point is rounded away
`number(1e-05)`          `1.00×10⁻⁵`               powers of ten below 0.0001 and from a million on
`short(0.25)`            `0.25`                    the same without zeros at the end, for sentences
`setting(1e-05)`         `1×10⁻⁵`                  a number that somebody chose, with all of its digits
`percent(0.12345)`       `12.3%`                   a share with one decimal, as English and Korean write it
`whole(1234.0)`          `1,234`                   a count
`epoch(0.078125)`        `0.08`                    a whole epoch as a count, a moment within one with decimals
======================== ========================= ===========================================================================

What is not known, or not finite, is `NOTHING`. Numbers are rounded half away from 0, by their exact value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal

NOTHING = "–"
MINUS = "−"
NOISE = "≈ 0"

SINGLE, DOUBLE = 2.0**-20, 2.0**-40
"""Shares of a number's `scale` below which it is rounding noise: about eight times float32's precision of 2⁻²³, in which
networks compute, and for what was computed in float64 the square of that."""

SMALLEST, LARGEST = -4, 6
"""Powers of ten from which, and before which, numbers are written without one."""

VANISHES = Decimal("0.05")
"""Percent below which one decimal would say nothing."""

EXACT = Context(prec=400)
"""Enough digits for every float, however many stand before its point."""

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | None, scale: float | None = None, noise: float = SINGLE) -> str:
    """Three significant digits.

    Args:
        scale: how large the numbers are of which this one is a sum, a mean or a difference; what is smaller than `noise` times
            that, and not exactly 0, is `NOISE`. Without it every number is taken at its word: a loss of 2e-9 is one.
        noise: `SINGLE` or `DOUBLE`.
    """
    return NOISE if _is_noise(value, scale, noise) else _written(value, 3)


def signed(value: float | None) -> str:
    """As `number`, with a plus before what is above 0."""
    return f"+{number(value)}" if value is not None and 0 < value < math.inf else number(value)


def short(value: float | None, scale: float | None = None, noise: float = SINGLE) -> str:
    """As `number`, without zeros at the end."""
    return NOISE if _is_noise(value, scale, noise) else _written(value, 3, zeros=False)


def setting(value: float | None) -> str:
    """Up to ten significant digits, without zeros at the end; a count as `whole`."""
    return whole(value) if isinstance(value, int) else _written(value, 10, zeros=False)


def percent(value: float | None) -> str:
    """One decimal; what would vanish in it, or is a million and more, as `number`."""
    if value is None or not math.isfinite(100 * float(value)):
        return NOTHING
    size = Decimal(abs(100 * float(value)))
    return f"{_sign(value)}{_fixed(size, 1) if size == 0 or VANISHES <= size < 10**LARGEST else _digits(size, 3)}%"


def measured(measure: str, value: float | None) -> str:
    """A value of a measure: an accuracy as `percent`, others as `number`."""
    return percent(value) if "accuracy" in measure else number(value)


def whole(value: float | None) -> str:
    """No decimals."""
    if value is None or not math.isfinite(value):
        return NOTHING
    text = _fixed(Decimal(abs(float(value))), 0)
    return text if text == "0" else _sign(value) + text


def epoch(value: float | None) -> str:
    """No decimals if it is whole, else as many as tell the first steps apart."""
    if value is None or not math.isfinite(value) or float(value).is_integer():
        return whole(value)
    return _sign(value) + _fixed(Decimal(abs(float(value))), 2 if abs(value) < 1 else 1)


def power_of_ten(exponent: int) -> str:
    """`10⁻⁵`; 1 and 10 as they are."""
    return {0: "1", 1: "10"}.get(exponent, f"10{str(exponent).translate(SUPERSCRIPTS)}")


FORMATS: Mapping[str, Callable[..., str]] = {"number": number, "percent": percent, "whole": whole}
"""What a figure's template may ask for by name."""


def _is_noise(value: float | None, scale: float | None, noise: float) -> bool:
    return value is not None and scale is not None and bool(0 < abs(value) < noise * scale)


def _written(value: float | None, digits: int, *, zeros: bool = True) -> str:
    if value is None or not math.isfinite(value):
        return NOTHING
    return _sign(value) + _digits(Decimal(abs(float(value))), digits, zeros=zeros)


def _sign(value: float) -> str:
    return MINUS if value < 0 else ""


def _digits(size: Decimal, digits: int, *, zeros: bool = True) -> str:
    """A number that is not negative, with so many significant digits."""
    if size == 0:
        return "0"
    rounded = _rounded(size, size.adjusted() - digits + 1)
    exponent = rounded.adjusted()
    if SMALLEST <= exponent < LARGEST:
        text = _fixed(size, max(0, digits - 1 - exponent))
        return text if zeros else _without_zeros(text)
    mantissa = f"{_rounded(rounded.scaleb(-exponent), 1 - digits)}"
    return f"{mantissa if zeros else _without_zeros(mantissa)}×10{str(exponent).translate(SUPERSCRIPTS)}"


def _fixed(size: Decimal, places: int) -> str:
    return f"{_rounded(size, -places):,f}"


def _rounded(size: Decimal, exponent: int) -> Decimal:
    return size.quantize(Decimal((0, (1,), exponent)), ROUND_HALF_UP, EXACT)


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
