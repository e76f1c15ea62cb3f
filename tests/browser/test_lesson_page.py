"""The Lesson page in a browser: the answer is hidden, then computed, and the lab opens with exactly that training."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from bn_lab.presets import PRESETS
from bn_lab.sharing import encode
from bn_lab.ui.lesson.steps import STEPS
from tests.browser.lab import SECONDS, Lab, Visit

pytestmark = pytest.mark.browser

STEP = STEPS["inference"]
"""Trained within a second."""


def button(lab: Lab, key: str) -> Locator:
    return lab.page.locator(f".st-key-{key} button").filter(visible=True)


def test_an_answer_is_hidden_then_computed_and_the_lab_opens_its_experiment(visit: Visit) -> None:
    lab = visit("lesson=inference", path="lesson", language="ko", width=390)
    why = lab.page.get_by_text(lab.words("lesson.inference.why"))
    expect(lab.page.get_by_text(lab.words("lesson.answer_first"))).to_be_visible()
    expect(why).to_have_count(0)
    lab.page.locator(".st-key-lesson_option_inference label").filter(has_text=lab.words("measure.train_loss")).click()
    expect(why).to_be_visible(timeout=30 * SECONDS)
    expect(lab.page.locator(".st-key-lesson_question_inference [data-testid=stAlert]")).to_be_visible()
    assert lab.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    button(lab, "lesson_link_lab_inference").click()
    lab.ready()
    lab.expect_state("ended")
    lab.wait_for_query(**encode(STEP.experiment), lesson="inference", run="all")
    lab.expect_cursor(STEP.experiment.epochs)


@pytest.mark.thorough
def test_a_preset_is_chosen_from_the_list_which_closes(visit: Visit) -> None:
    lab = visit("epochs=7", width=390, language="ko")
    lab.menu("presets")
    title = lab.words("preset.small_batch.title")
    lab.page.locator(".st-key-presets_counter label").filter(has_text=title).click()
    lab.wait_for_query(**encode(PRESETS["small_batch"].experiment))
    expect(lab.page.locator(".st-key-preset_question")).to_contain_text(lab.words("preset.small_batch.question"))
    expect(lab.page.locator(".st-key-presets_counter")).to_have_count(0)
