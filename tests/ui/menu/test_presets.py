"""Presets in the lab: one click puts a whole experiment on screen, and what is on screen is recognized."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bn_lab.i18n import LANGUAGES, texts
from bn_lab.presets import PRESETS
from bn_lab.ui import session
from bn_lab.ui.menu.header import PRESET_GROUPS

Open = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("no_pictures")


def marked(page: Any) -> list[str]:
    """The presets that the list shows as on screen."""
    page.open("presets")
    chosen = [page.widget(f"presets_{group}").value for group in PRESET_GROUPS]
    page.close()
    return [name for name in chosen if name is not None]


def test_every_preset_is_in_one_group() -> None:
    assert sorted(name for names in PRESET_GROUPS.values() for name in names) == sorted(PRESETS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_preset_comes_on_screen_with_its_question(lab: Open, language: str) -> None:
    page, t = lab(lang=language), texts(language)
    assert marked(page) == ["lesson"]
    for group, name in (("counter", "small_batch"), ("programs", "pytorch"), ("counter", "inputs_alone")):
        page.open("presets")
        page.set(f"presets_{group}", name)
        assert session.DIALOG not in page.at.session_state, "what was chosen is to be seen"
        assert page.experiment == PRESETS[name].experiment
        assert page.stage["open"]["playing"]
        assert marked(page) == [name]
        assert any(t(f"preset.{name}.question") in info.value for info in page.at.info)


def test_a_link_to_the_experiment_of_a_preset_is_that_preset_until_something_is_changed(lab: Open) -> None:
    page = lab(PRESETS["faster"].experiment)
    assert marked(page) == ["faster"]
    page.change("epsilon", 1e-6)
    assert marked(page) == []
    assert not any(texts("en")("preset.faster.question") in info.value for info in page.at.info)
    page.change("epsilon", 1e-3)
    assert marked(page) == ["faster"]
