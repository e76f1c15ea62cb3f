"""The pictures on the page: those that the experiment has, bound to its training, as the visitor wants to see them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bn_lab.arms import ARMS
from bn_lab.datasets import load
from bn_lab.engine.history import STAGES
from bn_lab.experiment import Experiment
from bn_lab.figures.layers import some_layers
from bn_lab.figures.pictures import alt, figure_names
from bn_lab.i18n import texts

Open = Callable[..., Any]

OTHERS = {"findings", "remembered", "stage", "statistics"}
"""Components that are not figures."""


def contents(page: Any) -> dict[str, Any]:
    """What each figure was sent."""
    return {key: json.loads(proto.json) for key, proto in page.components.items() if key not in OTHERS}


@pytest.mark.parametrize(
    "choices",
    [
        {"dataset": "boston"},
        {"dataset": "iris", "arms": tuple(ARMS), "validation_share": 0.2},
        {"dataset": "iris", "arms": ("none", "standardized"), "seeds": 4},
        {"dataset": "boston", "arms": ("after",), "depth": 12, "width": 32, "validation_share": 0.5},
        {"dataset": "digits", "depth": 1, "samples": 10},
    ],
    ids=lambda choices: "-".join(map(str, choices.values())),
)
def test_every_figure_of_the_experiment_is_there_in_two_widths(lab: Open, choices: dict[str, Any]) -> None:
    experiment = Experiment(**choices)
    page = lab(experiment, lang="en")
    found = contents(page)
    split = {"confusion_validation"} if experiment.dataset == "iris" and experiment.validation_share else set()
    assert set(found) == set(figure_names(experiment, load(experiment.dataset))) - {"network"} | split
    for key, content in found.items():
        name = key.removesuffix("_validation")
        assert content["recording"] == page.watch.recording
        assert content["alt"] == alt(name, texts("en"))
        for width in ("figure", "narrow"):
            figure = content[width] if isinstance(content[width], dict) else json.loads(content[width])
            assert figure["data"]
            assert figure["layout"]["height"] > 0
        assert content["figure"] != content["narrow"]
    table = json.loads(page.components["statistics"].json)
    assert table["recording"] == page.watch.recording
    assert len(table["table"]["rows"]) == len(experiment.arms) * len(some_layers(experiment.depth))


def test_pictures_belong_to_what_is_on_screen_after_every_change(lab: Open) -> None:
    page = lab(dataset="iris")
    before = page.watch.recording
    page.change("depth", 2)
    shown = {content["recording"] for content in contents(page).values()} | {page.stage["recording"]}
    assert shown == {page.watch.recording} != {before}


def test_pictures_stay_while_numbers_change(lab: Open) -> None:
    page = lab(dataset="iris", epochs="3")
    before = contents(page), page.stage["figures"]
    page.train()
    assert (contents(page), page.stage["figures"]) == before


def test_distributions_over_time_are_shown_for_one_stage(lab: Open) -> None:
    page = lab(dataset="iris", lang="en")
    assert len(page.widget("view_stage").options) == len(STAGES)
    page.set("view_stage", "normalized")
    assert texts("en")("stage.normalized") in json.dumps(json.loads(contents(page)["ribbons"]["figure"]), ensure_ascii=False)
    page.change("arms", ("none", "standardized"))
    assert len(page.widget("view_stage").options) == 2
    assert page.widget("view_stage").value == STAGES[0]
    assert "ribbons" in contents(page)


@pytest.mark.parametrize("key", ["view_scale", "view_epochs", "view_metric", "view_stage"])
def test_a_choice_of_view_changes_pictures_but_not_the_experiment(lab: Open, key: str) -> None:
    page = lab(lang="ko")
    before, pictures = page.watch, contents(page)
    options = {"view_scale": "linear", "view_epochs": "linear", "view_metric": "r2", "view_stage": "scaled"}
    page.set(key, options[key])
    assert page.widget(key).value == options[key]
    assert contents(page) != pictures
    assert page.watch is before
    assert page.at.query_params == {"lang": "ko"}


def test_there_is_no_choice_of_metric_for_classes(lab: Open) -> None:
    page = lab(dataset="iris")
    assert "view_metric" not in [getattr(node, "key", None) for node in page.at]


def test_layers_are_chosen_where_there_are_many(lab: Open) -> None:
    page = lab(dataset="iris", depth="12", arms="none,before")
    pills = page.widget("view_layers")
    assert len(pills.options) == 12
    assert tuple(pills.value) == some_layers(12)
    page.set("view_layers", [11, 2])
    rows = json.loads(page.components["statistics"].json)["table"]["rows"]
    assert len(rows) == 4
    assert ["2" in rows[0][0], "11" in rows[2][0]] == [True, True]
    page.change("depth", 10)
    assert tuple(page.widget("view_layers").value) == (2,)
    page.set("view_layers", [])
    assert tuple(page.widget("view_layers").value) == some_layers(10)
    page.change("depth", 3)
    assert "view_layers" not in [getattr(node, "key", None) for node in page.at]
    assert len(json.loads(page.components["statistics"].json)["table"]["rows"]) == 6


def test_the_choice_of_epoch_axis_holds_for_all_pictures_over_epochs(lab: Open) -> None:
    page = lab(dataset="iris", depth="2")
    for kind in ("linear", "log"):
        page.set("view_epochs", kind)
        found = {name: json.loads(content["figure"])["layout"] for name, content in contents(page).items()}
        assert json.loads(page.stage["figures"]["loss"])["layout"]["xaxis"]["type"] == kind
        for name in ("loss", "metric", "ribbons", "gradients", "gamma_beta"):
            axes = [axis["type"] for key, axis in found[name].items() if key.startswith("xaxis")]
            assert set(axes) == {kind}, name
        assert found["gauge"]["xaxis"].get("type") is None


def test_a_picture_says_when_its_axes_come_to_mean_something_else(lab: Open) -> None:
    page = lab(depth="6", lang="en")

    def subjects() -> dict[str, str]:
        return {name: content["subject"] for name, content in contents(page).items()}

    first = subjects()
    for key, value in (("view_scale", "linear"), ("view_epochs", "linear"), ("language_choice", "ko")):
        page.set(key, value)
        assert subjects() == first, key
    others = [("view_metric", "r2", {"metric"}), ("view_stage", "scaled", {"ribbons"})]
    for key, value, names in [*others, ("view_layers", [2], {"ribbons", "histograms", "gamma_beta"})]:
        before = subjects()
        page.set(key, value)
        assert {name for name, subject in subjects().items() if subject != before[name]} == names
