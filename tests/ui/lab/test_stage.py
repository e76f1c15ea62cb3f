"""The stage: what the browser is told of it, and what its acts do to the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates

from bn_lab import train
from bn_lab.arms import ARMS
from bn_lab.datasets import load
from bn_lab.engine.history import stages
from bn_lab.experiment import FIELDS, Experiment, Schedule
from bn_lab.i18n import texts
from bn_lab.presets import PRESETS
from bn_lab.ui.lab import stage

Open = Callable[..., Any]

IRIS = Experiment(dataset="iris", epochs=6)


@pytest.mark.parametrize(
    ("experiment", "figures", "first"),
    [
        (Experiment(), {"loss", "rmse", "r2", "predictions"}, ["train_loss", "inference_loss", "inference_rmse"]),
        (IRIS, {"loss", "metric"}, ["train_loss", "inference_loss", "inference_accuracy"]),
        (replace(IRIS, validation_share=0.2), {"loss", "metric"}, ["train_loss", "validation_loss", "validation_accuracy"]),
        (
            Experiment(dataset="spiral", arms=tuple(ARMS)),
            {"loss", "boundary"},
            ["train_loss", "inference_loss", "inference_accuracy"],
        ),
    ],
    ids=["regression", "classes", "validation", "plane"],
)
def test_the_browser_is_told_what_there_is_to_see(
    lab: Open, experiment: Experiment, figures: set[str], first: list[str]
) -> None:
    page = lab(experiment, lang="en")
    told = page.stage
    assert (told["recording"], told["target"]) == (page.watch.recording, experiment.epochs)
    assert told["token"] == page.visitor.token
    names = {name for name in told["figures"] if not name.endswith("_narrow")}
    assert names == figures | {"network"} == set(told["alts"])
    for name in names:
        for arrangement in (name, f"{name}_narrow"):
            assert json.loads(told["figures"][arrangement])["data"]
    assert [arm["id"] for arm in told["arms"]] == list(experiment.arms)
    for arm in told["arms"]:
        assert arm["color"] == ARMS[arm["id"]].color
        assert arm["normalized"] == (arm["id"] in ("before", "after"))
        assert arm["stages"] == list(stages(arm["id"]))
    assert [number["field"] for number in told["numbers"][:3]] == first


@pytest.mark.parametrize(
    "experiment", [Experiment(arms=tuple(ARMS), validation_share=0.2), IRIS], ids=["regression", "classes"]
)
def test_every_number_and_stage_is_a_field_of_the_recording(lab: Open, experiment: Experiment) -> None:
    page = lab(experiment)
    page.wait_for(lambda: page.watch.layouts is not None)
    fields = {field for part in page.watch.layouts.values() for field in part["fields"]}
    for arm in page.stage["arms"]:
        assert {f"{arm['id']}.{number['field']}" for number in page.stage["numbers"]} <= fields
        assert {f"{arm['id']}.{name}.share" for name in arm["stages"]} <= fields


@pytest.mark.parametrize(
    "experiment",
    [
        IRIS,
        replace(IRIS, epochs=1, batch_size=128),
        replace(IRIS, epochs=70, arms=tuple(ARMS), batch_size=149),
        replace(IRIS, epochs=70, batch_size=Schedule(((1, 75), (3, 8), (40, 150)))),
        Experiment(epochs=7),
    ],
    ids=["few", "one", "many", "schedule", "boston"],
)
def test_moments_and_kept_weights_are_foretold(experiment: Experiment) -> None:
    history = train(experiment)
    assert stage.moments(experiment) == len(history.snapshots)
    assert stage.checkpoint_epochs(experiment, load(experiment.dataset)) == [
        checkpoint.epoch for checkpoint in history.checkpoints
    ]


@pytest.mark.usefixtures("no_pictures")
def test_a_chip_puts_its_experiment_on_the_stage_and_plays_it(lab: Open) -> None:
    page = lab(dataset="iris", depth="5", lang="en")
    assert [chip["id"] for chip in page.stage["chips"]] == [*stage.QUICK_DATASETS, "own"]
    assert [chip["id"] for chip in page.stage["chips"] if chip["on"]] == ["iris"], "its data are on the stage"
    for name, preset in stage.QUICK_DATASETS.items():
        page.act("chip", id=name)
        assert page.experiment == PRESETS[preset].experiment
        assert page.opening == {"epoch": None, "playing": True}
        assert page.watch.wanted == page.watch.target
        assert [chip["id"] for chip in page.stage["chips"] if chip["on"]] == [name]
    page.act("chip", id="own")  # no file is open: there is the way to open one
    assert [title.value for title in page.at.title] == [texts("en")("page.own")]


@pytest.mark.usefixtures("no_pictures")
def test_a_new_seed_is_one_beyond_those_on_screen(lab: Open) -> None:
    page = lab(dataset="iris", seeds="3", epochs="6")
    page.act("new_seed")
    assert page.experiment.seed == 3
    assert page.widget("field_seed").value == 3
    assert page.watch.wanted == 0, "it stood still, and does so with another seed"
    page.change("seed", int(FIELDS["seed"].range.high))  # type: ignore[union-attr]
    page.act("new_seed")
    assert page.experiment.seed == 0


@pytest.mark.usefixtures("no_pictures")
def test_two_quick_clicks_are_two(lab: Open) -> None:
    """The second message leaves before the first one's answer arrives, with the old values of all widgets."""
    page = lab(dataset="iris")
    old = page.at._tree.get_widget_states()
    page.act("new_seed")
    unaware = WidgetStates(widgets=old.widgets)
    page.at._tree.get_widget_states = lambda: unaware
    page.act("new_seed")
    assert page.experiment.seed == 2


@pytest.mark.usefixtures("no_pictures")
def test_train_longer_doubles_the_epochs_as_far_as_there_may_be(lab: Open) -> None:
    page, t = lab(dataset="iris", epochs="3", lang="en"), texts("en")
    assert page.stage["can_longer"] == t("player.longer", epochs=6)
    page.train()
    recording = page.watch.recording
    page.act("longer")
    assert page.experiment.epochs == 6
    assert page.watch.recording == recording
    page.train()  # the browser plays on
    assert page.watch.history().epoch == 6
    page.change("epochs", 5000)
    assert page.stage["can_longer"] is None
    page.act("longer")
    assert page.experiment.epochs == 5000


@pytest.mark.usefixtures("no_pictures")
def test_a_number_changes_from_the_epoch_on_stage_on_and_is_taken_back(lab: Open) -> None:
    page = lab(dataset="iris", epochs="9", lang="en")
    offered = {each["field"]: each for each in page.stage["changes"]}
    assert list(offered) == ["learning_rate", "batch_size", "dropout", "l2"]
    assert offered["dropout"]["numbers"] == [[1, 0.0]]
    page.train()
    first = page.watch.recording
    page.act("change", field="learning_rate", epoch=5, value=0.1)
    assert page.at.query_params["learning_rate"] == "0.001@1,0.1@5"
    assert page.stage["prefix"] == {"recording": first, "epochs": 4}
    second = page.watch.recording
    assert second != first
    page.act("change", field="batch_size", epoch=8, value=8)
    assert page.stage["prefix"] == {"recording": second, "epochs": 7}
    assert page.experiment.batch_size == Schedule(((1, 32), (8, 8)))
    assert {each["field"]: each["numbers"] for each in page.stage["changes"]}["batch_size"] == [[1, 32], [8, 8]]
    page.act("change", field="learning_rate", epoch=3, value=1)
    assert page.experiment.learning_rate == Schedule(((1, 0.001), (3, 1.0))), "what was to come is another training's"
    page.act("take_back", field="learning_rate", epoch=3)
    page.act("take_back", field="batch_size", epoch=8)
    assert page.experiment == Experiment(dataset="iris", epochs=9)
    page.act("change", field="l2", epoch=1, value=0.1)
    assert page.experiment.l2 == 0.1, "from the first epoch on there is nothing to change from"
    assert page.stage["prefix"] is None


@pytest.mark.usefixtures("no_pictures")
def test_a_change_that_cannot_be_is_refused_with_a_message(lab: Open) -> None:
    page = lab(dataset="iris", epochs="9", lang="en")
    for epoch, value in ((3, 99), (3, float("inf")), (-2, 0.1), (99_999, 0.1)):
        page.act("change", field="learning_rate", epoch=epoch, value=value)
        assert page.experiment.learning_rate == 0.001
        assert "Learning rate" in page.at.warning[0].value


@pytest.mark.usefixtures("no_pictures")
def test_the_sidebar_sets_the_first_number_and_takes_changes_back(lab: Open) -> None:
    page = lab(dataset="iris", learning_rate="0.01@1,0.001@200", lang="en")
    assert page.widget("field_learning_rate").value == 0.01
    page.change("learning_rate", 0.1)
    assert page.experiment.learning_rate == Schedule(((1, 0.1), (200, 0.001)))
    button = next(each for each in page.at.sidebar.button if "200" in each.label)
    assert button.label.endswith("0.001 from epoch 200")
    button.click()
    page.run()
    assert page.experiment.learning_rate == 0.1


@pytest.mark.usefixtures("no_pictures")
def test_a_lesson_that_fixes_a_number_offers_no_change_of_it(lab: Open) -> None:
    page = lab(dataset="iris", fix="learning_rate", hide="dropout", lang="en")
    assert {each["field"]: each["fixed"] for each in page.stage["changes"]} == {
        "learning_rate": True, "batch_size": False, "l2": False
    }  # fmt: skip
    page.act("change", field="learning_rate", epoch=3, value=0.1)
    assert page.experiment.learning_rate == 0.001


@pytest.mark.usefixtures("no_pictures")
def test_a_run_of_the_strip_that_cannot_be_read_comes_back_as_a_damaged_link_does(lab: Open) -> None:
    page, t = lab(dataset="spiral", lang="en"), texts("en")
    page.act("go", query={"dataset": "iris", "epochs": "9", "depth": "99", "gone": "1"}, epoch=4)
    assert page.experiment == Experiment(dataset="iris", epochs=9)
    assert page.opening == {"epoch": 4, "playing": False}
    said = [warning.value for warning in page.at.warning]
    assert said[0] == t("link.problem")
    assert ["99" in said[1], "gone" in said[2]] == [True, True]


def test_layers_and_scale_are_chosen_on_the_stage(lab: Open) -> None:
    page = lab(dataset="iris", depth="12", arms="none,before")
    assert page.stage["layers"] == [1, 6, 12]
    before = page.stage["figures"]["network"]
    page.act("layers", layers=[11, 2])
    assert page.stage["layers"] == [2, 11]
    assert list(page.widget("view_layers").value) == [2, 11]
    assert page.stage["figures"]["network"] != before
    page.act("scale", same=True)
    assert page.stage["scale"] is True
    page.act("layers", layers=[])
    assert page.stage["layers"] == [1, 6, 12]
    assert page.stage["figures"]["network"] != before
    page.act("scale", same=False)
    assert page.stage["figures"]["network"] == before


@pytest.mark.usefixtures("no_pictures")
def test_a_layer_of_the_stage_opens_on_the_algorithm_page(lab: Open) -> None:
    page = lab(dataset="iris", epochs="6", lang="en")
    page.train()
    page.act("compute", arm="before", layer=2, epoch=4)
    assert [title.value for title in page.at.title] == [texts("en")("page.algorithm")]
    assert page.at.query_params["algorithm"] == "arm:before,layer:2,epoch:4"


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    "said",
    [
        {"act": "nothing"},
        {"act": "chip", "id": "lab"},
        {"act": "chip", "id": ["boston"]},
        {"act": "compute", "arm": "../x", "layer": 1, "epoch": 1},
        {"act": "scale", "same": "yes"},
        {"act": "layers", "layers": ["<b>", 99, None]},
        {"act": "change", "field": "depth", "epoch": 3, "value": 5},
        {"act": "change", "field": "l2", "epoch": 3, "value": "0.1"},
        {"act": "change", "field": "__class__", "epoch": 3, "value": 1},
        {"act": "take_back", "field": "l2", "epoch": 3},
        {"act": "take_back", "field": "arms", "epoch": 3},
    ],
    ids=str,
)
def test_what_no_stage_says_is_nothing(lab: Open, said: dict[str, Any]) -> None:
    page = lab(dataset="iris")
    before = page.stage
    page.act(**said)
    assert page.stage == before
    assert page.at.query_params == {"dataset": "iris"}


@pytest.mark.usefixtures("no_pictures")
def test_what_a_lesson_fixes_is_not_offered_and_not_done(lab: Open) -> None:
    page = lab(dataset="iris", epochs="6", fix="seed,epochs,dataset", lang="en")
    assert page.stage["fixed"] == {"seed": True, "epochs": True}
    assert {chip["id"] for chip in page.stage["chips"] if chip["disabled"]} == {*stage.QUICK_DATASETS, "own"}
    for act in ({"act": "new_seed"}, {"act": "longer"}, {"act": "chip", "id": "boston"}):
        page.act(**act)
        assert (page.experiment.seed, page.experiment.epochs, page.experiment.dataset) == (0, 6, "iris")


@pytest.mark.usefixtures("no_pictures")
def test_parts_that_a_lesson_hides_are_hidden_on_the_stage(lab: Open) -> None:
    page = lab(dataset="iris", hide="presets,numbers,curves,share,intro")
    assert page.stage["hidden"] == ["presets", "numbers", "curves"]


@pytest.mark.usefixtures("no_pictures")
def test_inside_another_page_there_is_the_stage_alone(lab: Open) -> None:
    page = lab(dataset="iris", embedded=True)
    assert page.stage["embed"] is True
    assert page.stage["chips"] == []
    assert set(page.components) == {"stage"}
    assert len(page.at.sidebar) == 0
    assert len(page.at.button) == len(page.at.menu_button) == 0


@pytest.mark.usefixtures("no_pictures")
def test_the_menu_presents_the_stage_once(lab: Open) -> None:
    page = lab(dataset="iris")
    assert page.stage["present"] is False
    page.open("present")
    assert page.stage["present"] is True
    page.run()
    assert page.stage["present"] is False


POINTS = [[0.25, -3, 1], [-1.5, 2.0, 0], [4, 4, 1]]


@pytest.mark.usefixtures("no_pictures")
def test_a_computed_set_becomes_the_drawn_one_of_the_first_change(lab: Open) -> None:
    page = lab(dataset="moons", data_noise="0.1", samples="40", validation_share="0.2", depth="2", lang="en")
    told = page.stage["draw"]
    assert (len(told["points"]), told["samples"]) == (140, 140)
    assert told["names"] == ["class 0", "class 1"]
    assert (told["least"], told["most"], told["edit"]) == (2, 200, 0)
    page.act("draw", points=POINTS, edit=1)
    assert page.experiment == Experiment(dataset="drawn:-1.5,2,0:0.25,-3,1:4,4,1", validation_share=0.2, depth=2)
    assert page.stage["open"]["playing"] is None, "it plays on if it was playing"
    assert (page.stage["draw"]["points"], page.stage["draw"]["edit"]) == ([[-1.5, 2, 0], [0.25, -3, 1], [4, 4, 1]], 1)
    assert page.widget("field_dataset").value == page.experiment.dataset
    assert not page.at.warning
    page.act("draw", points=[*POINTS, [1, 1, 0]], edit=2)
    assert len(page.stage["draw"]["points"]) == page.stage["draw"]["samples"] == 4


@pytest.mark.usefixtures("no_pictures")
def test_more_samples_than_a_link_takes_are_thinned(lab: Open) -> None:
    told = lab(dataset="spiral").stage["draw"]
    assert (len(told["points"]), told["samples"]) == (150, 500)


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    "said",
    [
        {"points": [[0, 0, 0]], "edit": 1},
        {"points": [[0, 0, 0], [0, 11, 1]], "edit": 1},
        {"points": [[0, 0, 0], [0, 0, 2]], "edit": 1},
        {"points": [[0, 0], [0, 0, 1]], "edit": 1},
        {"points": [[None, 0, 0], "abc"], "edit": 1},
        {"points": "drawn", "edit": 1},
        {"points": [[0, 0, 0], [1, 1, 1]], "edit": "1"},
    ],
)
def test_points_that_no_stage_tells_are_nothing(lab: Open, said: dict[str, Any]) -> None:
    page = lab(dataset="spiral")
    page.act("draw", **said)
    assert page.experiment.dataset == "spiral"


@pytest.mark.usefixtures("no_pictures")
def test_where_nothing_can_be_drawn_the_stage_knows_and_says_why(lab: Open) -> None:
    t = texts("en")
    assert lab(dataset="plane", lang="en").stage["draw"] == {"refused": t("draw.regression")}
    assert lab(dataset="iris").stage["draw"] is None
    assert lab(dataset="spiral", fix="dataset").stage["draw"] is None
    page = lab(dataset="spiral", fix="dataset")
    page.act("draw", points=POINTS, edit=1)
    assert page.experiment.dataset == "spiral"
