"""Cards and findings say the numbers of a run, in both languages."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bn_lab import numerals, train
from bn_lab.arms import ARMS
from bn_lab.engine.history import History
from bn_lab.engine.summary import MOST_NAMED, findings, summaries
from bn_lab.experiment import Experiment
from bn_lab.i18n import LANGUAGES, catalogue, texts
from bn_lab.ui.menu import report as written

BOSTON = Experiment(arms=tuple(ARMS), epochs=25, batch_size=128, validation_share=0.2, seeds=2)
IRIS = Experiment(dataset="iris", epochs=12, learning_rate=0.01)
DIVERGING = Experiment(optimizer="sgd", learning_rate=10.0, arms=("none", "before"), epochs=3, batch_size=128)


def cards(history: History, language: str) -> list[dict[str, str]]:
    """The lines of each card."""
    body = written.cards(history, texts(language))
    collected = []
    for card in body.split("<section")[1:]:
        names, values = re.findall("<dt>(.*?)</dt>", card), re.findall("<dd>(.*?)</dd>", card)
        (heading,) = re.findall("<h3>(.*?)</h3>", card)
        lines = {html.unescape(n): html.unescape(v) for n, v in zip(names, values, strict=True)}
        collected.append({"": html.unescape(heading), "color": re.findall("--arm:(#[0-9A-F]+)", card)[0]} | lines)
    return collected


@pytest.mark.parametrize("experiment", [BOSTON, IRIS, DIVERGING], ids=["boston", "iris", "diverging"])
def test_cards_and_findings_hold_the_numbers_of_the_run(experiment: Experiment) -> None:
    history = train(experiment)
    for language in LANGUAGES:
        check_cards(history, language)
        check_findings(history, language)


def check_cards(history: History, language: str) -> None:
    """A card for each arm holds its summary."""
    t, shown, experiment = texts(language), cards(history, language), history.experiment
    assert [card[""] for card in shown] == [t(f"arm.{arm}") for arm in experiment.arms]
    assert [card["color"] for card in shown] == [ARMS[arm].color for arm in experiment.arms]
    for card, summary in zip(shown, summaries(history), strict=True):
        assert card[t("card.train_loss")] == numerals.number(summary.train_loss)
        assert card[t("card.inference_loss")] == numerals.number(summary.inference_loss)
        assert (t("card.validation_loss") in card) == (experiment.validation_share > 0)
        assert (t("card.difference") in card) == (summary.arm != "none" and summary.rival_loss is not None)
        assert (t("card.diverged") in card) == (summary.diverged > 0)
        for (measure, split), value in summary.metrics.items():
            line = card[t("card.metric", measure=t(f"measure.{measure}"), split=t(f"split.{split}"))]
            assert line == numerals.measured(measure, value)
        if summary.rival is not None and summary.rival_loss is not None:
            mark = t("card.to_rival", arm=t(f"arm.{summary.rival}"), loss=numerals.number(summary.rival_loss))
            reached = summary.epochs_to_rival
            assert card[mark] == (t("card.not_reached") if reached is None else t("card.epoch", epoch=reached))


def check_findings(history: History, language: str) -> None:
    """Every finding is a line with its numbers."""
    t, found = texts(language), findings(history)
    assert found
    for line, finding in zip(written.sentences(history, t), found, strict=True):
        assert not re.search(r"[{}]|\bnan\b|\binf\b|None|np\.", line)
        assert line.count("*") % 2 == 0
        if "{arm}" in catalogue(language)[f"finding.{finding.id}"]:
            assert t(f"arm.{finding.values['arm']}") in line
        for value in finding.values.values():
            assert not isinstance(value, float) or numerals.number(value) in line


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_diverged_network_names_its_layer(language: str) -> None:
    history, t = train(replace(DIVERGING, seeds=4)), texts(language)
    divergences = history.divergences
    assert len(divergences) > MOST_NAMED
    told = written.sentences(history, t)
    for d in divergences[:MOST_NAMED]:
        layer = "figure.output_layer" if d.layer > history.experiment.depth else "figure.layer"
        assert any(t(layer, layer=d.layer) in line for line in told)
    assert t("finding.diverged_more", count=len(divergences) - MOST_NAMED) in told


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_the_words_of_all_findings(lab: Callable[..., Any], language: str) -> None:
    page, t = lab(IRIS, lang=language), texts(language)
    told = page.told("findings")
    assert told["recording"] == page.watch.recording
    assert told["arms"] == {arm: t(f"arm.{arm}") for arm in IRIS.arms}
    page.train()
    found = page.watch.progress.findings
    assert found
    assert {finding.id for finding in found} <= set(told["texts"])
    assert all(told["texts"][finding.id] == t(f"finding.{finding.id}") for finding in found)
