"""The page about the data: every set in both languages, its CSV, and the way into the lab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bn_lab.datasets import DATASETS, GENERATED, load
from bn_lab.experiment import Experiment
from bn_lab.i18n import LANGUAGES, texts
from bn_lab.ui.data import page as data_page
from tests.ui.test_pages import check_text

Open = Callable[..., Any]


@pytest.fixture
def page(lab: Open, no_pictures: None) -> Callable[..., Any]:
    """`page(Experiment(…), lang=…)` opens the page about the data."""

    def opened(experiment: Experiment | None = None, **params: str) -> Any:
        visit = lab(experiment, **params)
        visit.go_to("data")
        return visit

    return opened


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_set_is_told_of(page: Open, language: str) -> None:
    found, t = page(lang=language), texts(language)
    assert [title.value for title in found.at.title] == [t("page.data")]
    for name in DATASETS:
        found.set("data_set", name)
        check_text(found, language)
        assert found.at.header[0].value == t(f"dataset.{name}")
        told = found.text
        assert t(f"data.source.{data_page.ORIGINS.get(name, 'playground')}") in told
        assert t(f"data.notes.{data_page.NOTES[name]}") in told
        table = load(name)
        columns = found.at.table[0].value
        assert len(columns) == (2 if name == "digits" else len(table.feature_names) + 1)
        assert columns.index[-1] == table.target_name
        pictures = {"data_picture"} & set(found.components)
        assert pictures == (set() if name == "digits" else {"data_picture"})
        assert len(found.at.get("image")) == (name == "digits")
        assert ("data_noise" in [getattr(node, "key", None) for node in found.at]) == (name in GENERATED)


def test_numbers_of_the_text_are_those_of_the_data() -> None:
    boston, digits, iris = (load(name) for name in ("boston", "digits", "iris"))
    assert (boston.target == 50).sum() == 16
    crowded = boston.features[:, boston.feature_names.index("rad")] == 24
    assert crowded.sum() == 132
    assert set(boston.features[crowded, boston.feature_names.index("tax")]) == {666}
    assert (digits.features.min(axis=0) == digits.features.max(axis=0)).sum() == 121
    assert iris.features[101].tolist() == iris.features[142].tolist()
    assert iris.target[101] == iris.target[142]


def test_it_opens_with_the_set_and_noise_of_the_experiment_and_opens_another_in_the_lab(page: Open) -> None:
    experiment = Experiment(dataset="spiral", data_noise=0.1, depth=2)
    visit = page(experiment)
    assert visit.widget("data_set").value == "spiral"
    assert visit.widget("data_noise").value == 0.1
    visit.set("data_set", "moons")
    visit.set("data_noise", 0.25)
    assert visit.experiment == experiment  # looking changes nothing
    visit.at.button(key="data_open").click()
    visit.run()
    assert visit.experiment == Experiment(dataset="moons", data_noise=0.25, depth=2)


def test_what_the_next_set_cannot_have_is_told_in_the_lab(page: Open) -> None:
    visit = page(Experiment(dataset="digits", samples=2000, width=16), lang="en")
    visit.set("data_set", "iris")
    visit.at.button(key="data_open").click()
    visit.run()
    assert "stage" in visit.components
    assert visit.experiment == Experiment(dataset="iris", width=16)
    assert any("Training samples" in warning.value for warning in visit.at.warning)
