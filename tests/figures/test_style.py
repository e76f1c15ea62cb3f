"""Colours can be read and told apart; text of strangers is harmless."""

import html
from itertools import combinations

import pytest

from bn_lab.arms import ARMS
from bn_lab.figures.style import DARK, GRAY, LIGHT, escape_plotly, in_two_lines, text_width, translucent


def linear(color: str) -> list[float]:
    channels = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def luminance(color: str) -> float:
    """Relative luminance of WCAG 2."""
    red, green, blue = linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("background", [LIGHT, DARK])
@pytest.mark.parametrize("color", [*(arm.color for arm in ARMS.values()), GRAY])
def test_lines_have_contrast_on_both_themes(color: str, background: str) -> None:
    assert contrast(color, background) >= 3


def test_every_arm_has_its_own_colour() -> None:
    assert len({arm.color for arm in ARMS.values()}) == len(ARMS)


DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))


@pytest.mark.parametrize("matrix", [DEUTERANOPIA, PROTANOPIA], ids=["deuteranopia", "protanopia"])
@pytest.mark.parametrize("pair", list(combinations(ARMS, 2)), ids="-".join)
def test_colour_blind_eyes_can_tell_arms_apart(pair: tuple[str, str], matrix: tuple[tuple[float, ...], ...]) -> None:
    """Distance in linear RGB after the simulation of Machado, Oliveira and Fernandes (2009)."""
    seen = [[sum(m * c for m, c in zip(row, linear(ARMS[arm].color), strict=True)) for row in matrix] for arm in pair]
    assert sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5 > 0.12


def test_areas_have_the_colour_of_their_arm() -> None:
    assert translucent("before", 0.25) == "rgba(0,114,178,0.25)"


@pytest.mark.parametrize("text", ["<b>a</b>", "a < b & c > d", "&lt;", "<a href='x'>", "Ωμέγα", "꽃받침"])
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    assert not set("<>") & set(escape_plotly(text))
    assert html.unescape(escape_plotly(text)) == text


def test_plain_text_is_cut() -> None:
    assert escape_plotly("a" * 50, 12) == "a" * 11 + "…"
    assert escape_plotly("<" * 12, 12) == "&lt;" * 12


def test_korean_letters_are_wide() -> None:
    assert text_width("손실", 10) == 20
    assert text_width("loss", 10) == pytest.approx(22)


def test_long_headings_are_broken_near_the_middle() -> None:
    assert in_two_lines("standardized inputs, no BN", 130) == "standardized<br>inputs, no BN"
    assert in_two_lines("without BN", 130) == "without BN"
    assert in_two_lines("layer 1<br>BN before activation", 20) == "layer 1<br>BN before activation"
    assert in_two_lines("unbreakable", 20) == "unbreakable"
