"""The report: one file that asks nobody for anything, with the numbers of the record, and every text only a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import numpy as np
import pytest

from bn_lab import Experiment, train
from bn_lab.datasets import Table, keep, load
from bn_lab.figures.pictures import figure_names
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.studies.claims import STUDIES
from bn_lab.ui.menu import report as written
from bn_lab.ui.menu.report import SIGNIFICANT, Report, WrittenVerdict, concerns, short

IRIS = Experiment(dataset="iris", epochs=5, arms=("none", "before", "after"), seeds=2, depth=2, validation_share=0.2)
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;"


class Elements(HTMLParser):
    """Elements with their attributes, and the text of scripts by id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] == "script":
            name = self.found[-1][1].get("id") or ""
            self.scripts[name] = self.scripts.get(name, "") + data


@pytest.fixture(autouse=True)
def without_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five million letters take a parser a while."""
    monkeypatch.setattr(written, "_plotly", lambda: "")


def report(
    experiment: Experiment, language: str = "en", address: str = "https://lab.example/", *verdicts: WrittenVerdict
) -> str:
    return Report(texts(language), address, verdicts).of(train(experiment))


def numbers(figure: object) -> Iterator[float]:
    if isinstance(figure, dict):
        figure = list(figure.values())
    if isinstance(figure, list):
        for inner in figure:
            yield from numbers(inner)
    elif isinstance(figure, float):
        yield figure


@pytest.mark.parametrize("experiment", [IRIS, Experiment(epochs=3), Experiment(dataset="circle", epochs=3)])
def test_every_figure_is_there_in_both_arrangements_with_its_numbers(experiment: Experiment) -> None:
    page = Elements(report(experiment))
    figures = json.loads(page.scripts["figures"])
    names = figure_names(experiment, load(experiment.dataset))
    assert {name.rpartition("-")[0] for name in figures} == set(names) - {"network"}
    places = {attributes["id"]: attributes for _, attributes in page.found if attributes.get("class") == "figure"}
    assert set(places) == set(figures)
    assert all(place["aria-label"] and place["role"] == "figure" for place in places.values())
    history = train(experiment)
    expected = short(np.median(history.train_loss[-1], axis=0).tolist())
    for wide_or_narrow in figures["loss-0"]:
        drawn = [trace.get("y") for trace in wide_or_narrow["data"]]
        assert any(y is not None and np.allclose(y, expected, rtol=1e-6) for y in drawn if y and len(y) == len(expected))
        assert "meta" not in wide_or_narrow["layout"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_speaks_the_visitors_language_and_marks_what_differs(language: str) -> None:
    t, text = texts(language), report(IRIS, language)
    assert f'<html lang="{language}">' in text
    for key in ("finding.title", "report.settings", "section.layers", "report.data"):
        assert t(key) in text
    different = re.findall(r'<tr class="different"><th scope="row">(.*?)</th>', text)
    assert set(different) == {t(f"field.{name}") for name in IRIS.differences()}


def test_the_report_asks_nobody_for_anything() -> None:
    for tag, attributes in Elements(report(IRIS)).found:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form")
        assert "src" not in attributes
        assert tag == "a" or "href" not in attributes


def test_what_comes_from_outside_is_text() -> None:
    verdict = WrittenVerdict(HOSTILE, HOSTILE, "supported", HOSTILE, HOSTILE)
    plain, hostile = Elements(report(IRIS)), Elements(report(IRIS, "en", f"https://lab.example/?{HOSTILE}", verdict))
    assert "alert" not in "".join(hostile.scripts.values())
    assert not [attributes for _, attributes in hostile.found if any(name.startswith("on") for name in attributes)]
    tags = [[tag for tag, _ in page.found] for page in (plain, hostile)]
    assert tags[0].count("script") == tags[1].count("script")
    assert "img" not in tags[1]


def test_a_number_in_a_figure_is_short_and_one_that_there_is_not_is_null() -> None:
    assert short({"a": [0.1234567891, float("nan"), 3, "x"], "b": (1e-20, float("inf"))}) == {
        "a": [0.1234568, None, 3, "x"],
        "b": [1e-20, None],
    }


def test_a_study_concerns_the_experiments_of_its_grid_whatever_the_seeds() -> None:
    study = STUDIES["faster_boston"]
    assert concerns(study, Experiment(seed=99))
    assert not concerns(study, Experiment(depth=4))
    assert not concerns(study, Experiment(arms=("after",)))


def test_of_data_of_ones_own_there_are_numbers_and_figures_and_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(40, 2)) + 1234.5678
    name = f"own-{'0' * 16}-2-regression-dropped"
    table = keep(Table(name, features, ("Fläche<b>", "Zimmer"), features.sum(axis=1), "Preis<b>", "", "regression"))
    experiment = Experiment(dataset=name, epochs=2, inputs="standardized")
    text = report(experiment, "ko")
    assert texts("ko")("report.own_data") in text
    assert "<b>" not in text
    figures = Elements(text).scripts["figures"]
    assert not [value for value in (*table.features.ravel(), *table.target) if f"{value:.{SIGNIFICANT}g}" in figures]
    assert not [column for column in ("Fläche", "Zimmer", "Preis") if column in text]
    assert texts("ko")("section.predictions") not in text


def test_of_data_of_ones_own_there_are_the_names_of_the_classes() -> None:
    random = np.random.default_rng(0)
    name = f"own-{'0' * 16}-2-classification-dropped"
    classes = np.arange(40) % 2
    table = keep(
        Table(name, random.normal(size=(40, 2)), ("Fläche", "Zimmer"), classes, "Ort", "", "classification", ("Ulm", "Köln"))
    )
    text = report(Experiment(dataset=name, epochs=2))
    figures = json.loads(Elements(text).scripts["figures"])
    assert {"boundary-0", "predictions-0"}.isdisjoint(figures)
    assert "Köln" in json.dumps(figures["confusion-0"], ensure_ascii=False)
    assert not [column for column in ("Fläche", "Zimmer", "Ort") if column in text]
    assert table.samples == 40
