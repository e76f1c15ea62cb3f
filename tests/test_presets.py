"""Presets: each is an experiment of its own, has its words, and belongs to a claim that there is."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest

from bn_lab.codegen.facts import Needs
from bn_lab.experiment import Experiment
from bn_lab.i18n import LANGUAGES, catalogue
from bn_lab.presets import PRESETS
from bn_lab.studies.claims import CLAIMS, STUDIES

EXPERIMENTS = {
    "bn_lab.presets": lambda module: [preset.experiment for preset in module.PRESETS.values()],
    "bn_lab.studies.lesson": lambda module: [study.base for study in module.lesson_studies()],
    "bn_lab.studies.literature": lambda module: [study.base for study in module.studies_beyond()],
    "bn_lab.ui.lesson.steps": lambda module: [step.experiment for step in module.STEPS.values()],
}
"""Modules that make experiments which texts speak of, and how to list these."""


def test_the_lesson_has_the_defaults_for_1000_epochs_and_the_textbook_its_numbers() -> None:
    assert PRESETS["lesson"].experiment == Experiment(epochs=1000)
    textbook, pytorch = PRESETS["textbook"].experiment, PRESETS["pytorch"].experiment
    assert (textbook.epsilon, textbook.bn_momentum) == (1e-6, 0.9)
    assert (pytorch.epsilon, pytorch.bn_momentum) == (1e-5, 0.9)


def test_another_default_of_epochs_changes_no_lesson_preset_or_study(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {name: made(import_module(name)) for name, made in EXPERIMENTS.items()}
    monkeypatch.setitem(Experiment.__init__.__kwdefaults__, "epochs", 7)
    assert Experiment().epochs == 7
    for name in EXPERIMENTS:
        package, _, module = name.rpartition(".")
        monkeypatch.setattr(sys.modules[package], module, sys.modules[name])
        monkeypatch.delitem(sys.modules, name)
    after = {name: made(import_module(name)) for name, made in EXPERIMENTS.items()}
    assert after == before


def test_no_two_presets_are_the_same() -> None:
    assert len({preset.experiment for preset in PRESETS.values()}) == len(PRESETS)
    assert all(preset.id == name for name, preset in PRESETS.items())


def test_every_claim_of_the_lesson_has_a_preset_and_one_for_the_other_side() -> None:
    for claim in CLAIMS.values():
        if not claim.beyond:
            sides = {preset.counter for preset in PRESETS.values() if preset.claim in claim.studies}
            assert sides == {True, False}, claim.id
    assert {preset.claim for preset in PRESETS.values()} - {""} <= set(STUDIES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_preset_has_a_title_of_its_own_and_a_question(language: str) -> None:
    words = catalogue(language)
    assert {key for key in words if key.startswith("preset.")} == {
        f"preset.{name}.{part}" for name in PRESETS for part in ("title", "question")
    }
    assert len({words[f"preset.{name}.title"] for name in PRESETS}) == len(PRESETS)
    assert all(words[f"preset.{name}.question"].endswith("?") for name in PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fits_its_data(name: str) -> None:
    assert Needs(PRESETS[name].experiment).training_samples > 1
