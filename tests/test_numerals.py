"""Numbers as readers get them; that the browser writes the same is held by `browser/test_live_modules.py`."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab import numerals
from bn_lab.numerals import DOUBLE, MINUS, NOISE, NOTHING, SINGLE

FLOATS = st.floats(-1e300, 1e300, allow_nan=False)
WAYS = (numerals.number, numerals.signed, numerals.short, numerals.setting, numerals.percent, numerals.whole, numerals.epoch)


def read(text: str) -> float:
    """The number that a text stands for."""
    mantissa, _, power = text.replace(",", "").replace(MINUS, "-").partition("×10")
    exponent = power.translate({ord(sign): plain for sign, plain in zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789", strict=True)})
    return float(f"{mantissa}e{exponent or 0}")


@pytest.mark.parametrize("write", WAYS)
@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_a_dash(write: object, nothing: float | None) -> None:
    assert write(nothing) == NOTHING  # type: ignore[operator]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1.00"),
        (-12.345, "−12.3"),
        (9.999, "10.0"),
        (999.96, "1,000"),
        (12345.6, "12,346"),
        (999_999.7, "1.00×10⁶"),
        (0.00012, "0.000120"),
        (0.000099996, "0.000100"),
        (1e-5, "1.00×10⁻⁵"),
        (-2.13e-9, "−2.13×10⁻⁹"),
        (5e-324, "4.94×10⁻³²⁴"),
        (1.125, "1.13"),
        (-1.125, "−1.13"),
    ],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert numerals.number(value) == text


@given(FLOATS)
def test_a_number_is_right_to_three_digits_and_has_no_e(value: float) -> None:
    for text in (numerals.number(value), numerals.short(value)):
        assert read(text) == pytest.approx(value, rel=5.001e-3, abs=1e-322)
    for write in WAYS:
        assert not set(write(value)) & set("eE-")


@given(FLOATS)
def test_a_sign_stands_before_what_has_one(value: float) -> None:
    assert numerals.signed(value) == ("+" if value > 0 else "") + numerals.number(value)


@given(st.floats(-1e15, 1e15, allow_nan=False).map(lambda value: float(f"{value:.8g}")))
def test_a_setting_is_written_whole(value: float) -> None:
    assert read(numerals.setting(value)) == value
    assert not numerals.setting(value).endswith(".")


@pytest.mark.parametrize(
    ("value", "text"), [(1e-5, "1×10⁻⁵"), (1e-3, "0.001"), (0.25, "0.25"), (100.0, "100"), (10e-7, "1×10⁻⁶")]
)
def test_what_was_chosen_has_no_zeros_at_its_end(value: float, text: str) -> None:
    assert numerals.setting(value) == numerals.short(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0%"), (1.0, "100.0%"), (0.12345, "12.3%"), (-0.5, "−50.0%"), (0.0004, "0.0400%"), (123.456, "12,345.6%")],
)
def test_shares_are_in_percent(value: float, text: str) -> None:
    assert numerals.percent(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (-0.4, "0"), (2.5, "3"), (-1234.0, "−1,234"), (7_654_321, "7,654,321")])
def test_counts_are_whole(value: float, text: str) -> None:
    assert numerals.whole(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.078125, "0.08"), (2.5, "2.5"), (1000.0, "1,000"), (1000, "1,000"), (1234.5, "1,234.5")]
)
def test_whole_epochs_are_whole(value: float, text: str) -> None:
    assert numerals.epoch(value) == text


def test_rounding_noise_is_about_zero_beside_the_numbers_it_comes_from() -> None:
    """A mean of 2.13e-9 is noise where the values spread by 1, and a number like any other where they spread by 1e-8."""
    assert numerals.number(2.13e-9, 1.0) == numerals.number(-2.13e-9, 1.0) == NOISE
    assert numerals.number(2.13e-9, 1e-8) == numerals.number(2.13e-9) == "2.13×10⁻⁹"
    assert numerals.number(0.0, 1.0) == "0"
    assert numerals.number(1e-6, math.nan) == "1.00×10⁻⁶"


def test_noise_of_float64_is_far_smaller() -> None:
    assert numerals.number(1e-9, 1.0, DOUBLE) == "1.00×10⁻⁹"
    assert numerals.number(1e-16, 1.0, DOUBLE) == NOISE
    assert 2.0**-52 < DOUBLE < SINGLE
    assert SINGLE > 2.0**-23


@pytest.mark.parametrize(("exponent", "text"), [(0, "1"), (1, "10"), (3, "10³"), (-12, "10⁻¹²")])
def test_powers_of_ten(exponent: int, text: str) -> None:
    assert numerals.power_of_ten(exponent) == text
