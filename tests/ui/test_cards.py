"""Cards and findings say the numbers of the run, in both languages."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bn_lab.engine.summary import TOLD, findings, summaries
from bn_lab.experiment import ARMS, Experiment
from bn_lab.figures import COLORS
from bn_lab.i18n import LANGUAGES, catalogue, texts
from bn_lab.ui import words

Open = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("no_pictures")

BOSTON = Experiment(arms=ARMS, epochs=25, batch_size=128, validation_share=0.2, seeds=2)
IRIS = Experiment(dataset="iris", epochs=12, learning_rate=0.01)
DIVERGING = Experiment(optimizer="sgd", learning_rate=10.0, arms=("none", "before"), epochs=3, batch_size=128)


def cards(page: Any) -> list[dict[str, str]]:
    """The lines of each card."""
    (body,) = [node.proto.body for node in page.at.get("html") if '<div class="bn-cards"' in node.proto.body]
    found = []
    for card in body.split("<section")[1:]:
        names, values = re.findall("<dt>(.*?)</dt>", card), re.findall("<dd>(.*?)</dd>", card)
        (heading,) = re.findall("<h3>(.*?)</h3>", card)
        lines = {html.unescape(n): html.unescape(v) for n, v in zip(names, values, strict=True)}
        found.append({"": html.unescape(heading), "color": re.findall("--arm:(#[0-9A-F]+)", card)[0]} | lines)
    return found


@pytest.mark.parametrize("experiment", [BOSTON, IRIS, DIVERGING], ids=["boston", "iris", "diverging"])
def test_cards_and_findings_hold_the_numbers_of_the_run(lab: Open, experiment: Experiment) -> None:
    page = lab(experiment)
    page.click("train")
    page.until("done")
    for language in LANGUAGES:
        page.set("language_choice", language)
        check_cards(page, language)
        check_findings(page, language)


def check_cards(page: Any, language: str) -> None:
    """A card for each arm holds its summary."""
    t, history, shown = texts(language), page.training.view.history, cards(page)
    assert [card[""] for card in shown] == [t(f"arm.{arm}") for arm in page.experiment.arms]
    assert [card["color"] for card in shown] == [COLORS[arm] for arm in page.experiment.arms]
    for card, summary in zip(shown, summaries(history), strict=True):
        assert card[t("card.train_loss")] == words.number(summary.train_loss)
        assert card[t("card.inference_loss")] == words.number(summary.inference_loss)
        assert (t("card.validation_loss") in card) == (page.experiment.validation_share > 0)
        assert (t("card.difference") in card) == (summary.arm != "none" and summary.rival_loss is not None)
        assert (t("card.diverged") in card) == (summary.diverged > 0)
        for (measure, split), value in summary.metrics.items():
            line = card[t("card.metric", measure=t(f"measure.{measure}"), split=t(f"split.{split}"))]
            assert line == (f"{value:.1%}" if measure == "accuracy" else words.number(value))
        if summary.rival is not None and summary.rival_loss is not None:
            mark = t("card.to_rival", arm=t(f"arm.{summary.rival}"), loss=words.number(summary.rival_loss))
            reached = summary.epochs_to_rival
            never = t("card.not_reached" if history.finished else "card.not_yet")
            assert card[mark] == (never if reached is None else t("card.epoch", epoch=reached))


def check_findings(page: Any, language: str) -> None:
    """Every finding is a line with its numbers."""
    t, found = texts(language), findings(page.training.view.history)
    assert found
    assert t("finding.title") in page.text
    (told,) = [m.value for m in page.at.markdown if m.value.startswith("### ")]
    for line, finding in zip(told.splitlines()[1:], found, strict=True):
        assert not re.search(r"[{}]|\bnan\b|\binf\b|None|np\.", line)
        assert line.count("*") % 2 == 0
        if "{arm}" in catalogue(language)[f"finding.{finding.id}"]:
            assert t(f"arm.{finding.values['arm']}") in line
        for value in finding.values.values():
            assert not isinstance(value, float) or words.number(value) in line


def test_before_the_first_epoch_nothing_is_found(lab: Open) -> None:
    page, t = lab(IRIS, lang="en"), texts("en")
    page.click("step")
    page.until("paused")
    assert t("finding.title") not in page.text
    assert not [m for m in page.at.markdown if m.value.startswith("### ")]
    page.click("epoch")
    page.until("paused")
    assert t("finding.title") in page.text


def test_a_mark_is_not_reached_only_when_nothing_is_left_to_train(lab: Open) -> None:
    page, t = lab(replace(IRIS, epochs=2), lang="en"), texts("en")
    for state, told in (("paused", "card.not_yet"), ("done", "card.not_reached")):
        page.click("epoch")
        page.until(state)
        marks = [value for card in cards(page) for name, value in card.items() if name.startswith("Reaches")]
        assert t(told) in marks
        assert {t("card.not_yet"), t("card.not_reached")} & set(marks) == {t(told)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_diverged_network_names_its_layer(lab: Open, language: str) -> None:
    page, t = lab(replace(DIVERGING, seeds=4), lang=language), texts(language)
    page.click("train")
    page.until("done")
    divergences = page.training.view.history.divergences
    assert len(divergences) > TOLD
    (told,) = [m.value for m in page.at.markdown if m.value.startswith("### ")]
    for d in divergences[:TOLD]:
        layer = "figure.output_layer" if d.layer > page.experiment.depth else "figure.layer"
        assert t(layer, layer=d.layer) in told
    assert f"- {t('finding.diverged_more', count=len(divergences) - TOLD)}" in told.splitlines()
