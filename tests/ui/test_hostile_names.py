"""Data sets whose names of columns, classes, target and unit are hostile: nothing reads them as anything but text.

Every name begins and ends with `MARK`, so wherever one of them gets to, it is found, and what is around it can be judged.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from google.protobuf.json_format import MessageToDict

from bn_lab.arms import ARMS
from bn_lab.datasets import DATASETS, Table, load, shipped
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.figures.pictures import FIGURES, figure_names
from bn_lab.figures.style import escape_plotly
from bn_lab.figures.tables import statistics
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.sharing import plain_text
from bn_lab.ui import session
from bn_lab.ui.kit import formatting

Open = Callable[..., Any]

MARK = "ZQZ"

NAMES = [
    f"{MARK}{text}{MARK}"
    for text in (
        "<img src=x onerror=alert(1)>",
        "<b>x</b>",
        "</span></div><script>alert(1)</script>",
        "\"' onload=alert(1) x='",
        "<a href='javascript:alert(1)'>a</a><br>",
        "&lt;i&gt;&#60;",
        "%{customdata}%{z}",
        "$\\alpha$",
        "[a](javascript:alert(1)) ![b](//c)",
        "**c** `d` :red[e] :material/home: # f",
        "https://evil.example/ www.evil.example",
        "{0}{z}",
        "{__class__}{field.__class__}",
        "%s%(x)d%n",
        "a\nb\n\n# c\r\n    d\x00\x1b[31m",
        "x" * 2000,
        "\u202ergb\u2066",
    )
]

UNIT, TARGET, ID = f"{MARK}<u>&{MARK}", NAMES[0], f"{MARK}<i>{{id}}\n{MARK}"


def made(task: str) -> Table:
    """A small data set of hostile names."""
    draw = np.random.default_rng(0)
    samples, is_classes = 4 * len(NAMES), task == "classification"
    target = np.arange(samples) % len(NAMES)
    return Table(
        name=ID,
        features=draw.normal(size=(samples, len(NAMES))),
        feature_names=tuple(f"{name}." for name in NAMES),
        target=target if is_classes else draw.normal(size=samples),
        target_name=TARGET,
        target_unit="" if is_classes else UNIT,
        task="classification" if is_classes else "regression",
        classes=tuple(NAMES) if is_classes else (),
    )


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Boston housing and iris under other people's names."""
    monkeypatch.setitem(DATASETS, "boston", lambda: made("regression"))  # type: ignore[arg-type]
    monkeypatch.setitem(DATASETS, "iris", lambda: made("classification"))  # type: ignore[arg-type]
    shipped._read_once.cache_clear()
    yield
    monkeypatch.undo()
    shipped._read_once.cache_clear()


WHOLE = [*NAMES, *(f"{name}." for name in NAMES), UNIT, ID]


def written(*forms: Callable[[str], str]) -> list[str]:
    """All names in these forms, longer ones first, so that none is taken for a part of another."""
    return sorted({form(name) for form in forms for name in WHOLE}, key=len, reverse=True)


PLOTLY = written(escape_plotly, lambda name: escape_plotly(name, 12))
HTML = written(html.escape, lambda name: html.escape(plain_text(name)))
MARKDOWN = written(lambda name: formatting.escape_markdown(plain_text(name)))
"""The names as they are harmless in a figure, in HTML, in Markdown."""


@cache
def left_of(text: str, kind: str) -> str:
    """What is left of a text without the names that are harmless in an element of this kind."""
    for name in {"bidi_component": PLOTLY, "html": HTML}.get(kind, MARKDOWN):
        text = text.replace(name, "")
    return text


def strings(found: Any) -> Iterator[str]:
    """All texts within dicts, lists and JSON."""
    if isinstance(found, str):
        if found[:1] in ("{", "[") and found[-1:] in ("}", "]"):
            try:
                yield from strings(json.loads(found))
                return
            except ValueError:
                pass
        yield found
    elif isinstance(found, dict):
        for name, value in found.items():
            yield str(name)
            yield from strings(value)
    elif isinstance(found, list | tuple):
        for value in found:
            yield from strings(value)


def test_a_name_in_a_figure_is_text_on_one_line() -> None:
    for name in WHOLE:
        for longest in (12, 40):
            told = escape_plotly(name, longest)
            assert not set("<>") & set(told)
            assert told.isprintable() or formatting.JOINER in told
            assert "%{" not in told
            assert len(html.unescape(told).replace(formatting.JOINER, "")) <= longest
    assert escape_plotly("a & b <c>") == "a &amp; b &lt;c&gt;"
    assert escape_plotly("품종") == "품종"
    assert escape_plotly("x" * 40) == "x" * 40
    assert escape_plotly("x" * 41) == "x" * 39 + "…"


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("dataset", ["boston", "iris"])
def test_figures_hold_names_as_text_only(dataset: str) -> None:
    experiment = Experiment(dataset=dataset, arms=tuple(ARMS), validation_share=0.2, seeds=2)  # type: ignore[arg-type]
    data, seen = load(dataset), 0
    for language in LANGUAGES:
        t = texts(language)
        for name in figure_names(experiment, data):
            for options in ({}, {"split": "validation"}) if name == "confusion" else ({},):
                for narrow in (False, True):
                    figure = FIGURES[name].draw(experiment, data, t, narrow=narrow, **options)
                    for text in strings(figure):
                        seen += MARK in text
                        assert MARK not in left_of(text, "bidi_component"), (name, text)
        assert MARK not in "".join(strings(list(statistics(experiment, data, t))))
    assert seen > (4 if dataset == "boston" else 400)


def check_page(page: Any) -> set[str]:
    """Everything that the browser gets, by what it does with it; returns the kinds of elements in which there was a name."""
    names = set()
    for node in page.at:
        for text in texts_of(node):
            if MARK not in text:
                continue
            names.add(node.type)
            assert MARK not in left_of(text, node.type), (node.type, text)
    assert not page.at.exception
    assert not page.at.error
    return names


def texts_of(node: Any) -> Iterator[str]:
    """The texts that an element sends; a table's headings and cells are drawn on a canvas, as they are."""
    message = getattr(node, "proto", None)
    if message is None or node.type == "arrow_data_frame":
        return
    if node.type == "bidi_component" and message.HasField("bytes"):
        yield message.bytes.decode("latin-1")
    else:
        yield from strings(MessageToDict(message))


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dataset", ["boston", "iris"])
def test_pages_hold_names_as_text_only(lab: Open, dataset: str, language: str) -> None:
    page = lab(dataset=dataset, epochs="2", validation_share="0.2", samples="9999", depth="2", lang=language)
    ready = check_page(page)
    assert "caption" in ready or "markdown" in ready, "the preview names the target"
    assert "bidi_component" in ready
    page.train()
    assert check_page(page) >= {"bidi_component"}
    for path in ("algorithm", "claims", "compare", "rules"):
        page.go_to(path)
        check_page(page)


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("language", LANGUAGES)
def test_errors_hold_names_as_text_only(language: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        session.check(Experiment(dataset="iris", samples=5000))
    assert caught.value.values["dataset"] == ID
    assert MARK not in left_of(formatting.error(texts(language), caught.value), "markdown")
