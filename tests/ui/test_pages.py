"""Whole pages in both languages: nothing is missing, nothing unfilled, nothing of the other language."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from bn_lab.datasets import load
from bn_lab.experiment import FIELDS, Experiment
from bn_lab.i18n import LANGUAGES, catalogue, texts
from bn_lab.ui.lab.controls import BESIDE

Open = Callable[..., Any]

HANGUL = re.compile("[가-힣]")


def check_text(page: Any, language: str) -> None:
    """No place of a text is left open, no text is a key, and every sentence is in the page's language."""
    text = page.text
    assert text
    assert not re.search(r"(?<![\\%])\{\w*\}", text)
    keys = {key for key in catalogue(language) if "." in key}
    assert not keys & set(re.split(r"\s", text))
    assert not re.search(r"\b(None|nan|NaN)\b", text)
    other = catalogue("en" if language == "ko" else "ko")
    strange = {value for key, value in other.items() if len(value) > 25 and value in text and value != catalogue(language)[key]}
    assert strange == set()
    if language == "en":
        names = {name for name in load("iris").head(1).columns if HANGUL.search(str(name))}
        left = text.replace(LANGUAGES["ko"], "")
        assert not HANGUL.search(left), names


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lab_in_every_state(lab: Open, language: str) -> None:
    experiment = Experiment(dataset="moons", epochs=4, validation_share=0.2, seeds=2, depth=5, initializer="normal")
    page = lab(experiment, lang=language)
    check_text(page, language)
    t = texts(language)
    for name in FIELDS:
        assert t(f"short.{name}" if name in BESIDE else f"field.{name}") in page.text
        assert t(f"help.{name}") in page.text
    for name in ("presets", "share", "lesson"):
        page.open(name)
        check_text(page, language)
        page.close()
    page.train()
    check_text(page, language)


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rules(lab: Open, language: str) -> None:
    page = lab(lang=language)
    page.go_to("rules")
    check_text(page, language)
    t = texts(language)
    assert [title.value for title in page.at.title] == [t("page.rules")]
    assert t("rules.body") in [markdown.value for markdown in page.at.markdown]
    assert page.widget("language_choice").value == language
    page.set("language_choice", "en" if language == "ko" else "ko")
    assert [title.value for title in page.at.title] != [t("page.rules")]
