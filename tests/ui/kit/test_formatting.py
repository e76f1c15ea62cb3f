"""Numbers, durations and errors as they are written on the page."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.numerals import NOTHING
from bn_lab.ui.kit import formatting


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, -math.inf])
def test_no_duration_is_a_dash(nothing: float | None) -> None:
    assert formatting.duration(nothing) == NOTHING


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00.0"),
        (1.26, "0:01.3"),
        (9.94, "0:09.9"),
        (9.96, "0:10"),
        (59.4, "0:59"),
        (59.6, "1:00"),
        (65, "1:05"),
        (3600, "60:00"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert formatting.duration(seconds) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_nothing_is_left_that_markdown_would_read(text: str) -> None:
    shown = formatting.escape_markdown(text)
    read = re.sub(r"\\(.)", r"\1", shown, flags=re.DOTALL)
    assert read.replace(formatting.JOINER, "") == text.replace(formatting.JOINER, "")
    for special in "\\`*_{}[]()#+-.!|<>~$:&":
        assert len(re.findall(rf"\\{re.escape(special)}", shown)) >= text.count(special)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_<>$:&\[\]]", shown)


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/x",
        "HTTP://evil.example",
        "www.evil.example",
        "WWW.evil.example",
        "a.b+c@evil.example",
        ":material/home:",
        ":smile:",
        "a:www.x:https://y@z.w",
    ],
)
def test_a_strangers_text_becomes_no_link_and_no_icon(text: str) -> None:
    """By the patterns of mdast-util-gfm-autolink-literal and of Streamlit's icons, which see texts without their escapes."""
    read = re.sub(r"\\(.)", r"\1", formatting.escape_markdown(f"see {text} there"))
    assert not re.search(r"(https?://|www(?=\.))[-.\w]+", read, re.IGNORECASE)
    assert not re.search(r"[-.\w+]+@[-\w]+(?:\.[-\w]+)+", read)
    assert not re.search(r":(material/)?\w+:", read)
    assert read.replace(formatting.JOINER, "") == f"see {text} there"


def bad_values() -> list[ExperimentError]:
    """An error of every rule that a visitor can meet."""
    errors = []
    for name, value in [
        ("depth", 99),
        ("depth", 2.5),
        ("depth", "x"),
        ("activation", "selu"),
        ("arms", ()),
        ("epsilon", math.nan),
    ]:
        with pytest.raises(ExperimentError) as caught:
            Experiment(**{name: value})  # type: ignore[arg-type]
        errors.append(caught.value)
    return [
        *errors,
        ExperimentError("<b>x</b>", "unknown", "<b>x</b>"),
        ExperimentError("samples", "too_many", 151, high=150, dataset="iris"),
        ExperimentError("validation_share", "too_few", 0.5, low=2),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("problem", bad_values(), ids=lambda problem: f"{problem.field} {problem.rule}")
def test_an_error_names_the_field_as_the_page_does(language: str, problem: ExperimentError) -> None:
    t = texts(language)
    told = formatting.error(t, problem)
    if problem.field in FIELDS:
        assert t(f"field.{problem.field}") in told
    assert formatting.escape_markdown(problem.values["value"]) in told
    assert "<b>" not in told
    assert not re.search(r"(?<!\\)\{", told)
