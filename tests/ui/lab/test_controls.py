"""The sidebar: a widget for every field, its options and limits those of the experiment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab import numerals
from bn_lab.experiment import FIELDS, Experiment, Field
from bn_lab.i18n import texts
from bn_lab.sharing import encode
from bn_lab.ui.lab.controls import BESIDE, FIRST, STOPS, stops
from bn_lab.ui.rules import GROUPS

Open = Callable[..., Any]

SLIDERS = [name for name, field in FIELDS.items() if field.range and name not in ("seed", "samples", "depth", "width")]

OTHER: dict[str, Any] = {
    "weight_std": 0.1,  # before the other initializer, without which there is no widget for it
    "data_noise": 0.1,  # before the other set, for which there is no widget for it
    "dataset": "boston_without_b",
    "samples": 60,
    "inputs": "standardized",
    "validation_share": 0.2,
    "depth": 7,
    "width": 16,
    "activation": "gelu",
    "arms": ("standardized", "after"),
    "epsilon": 1e-5,
    "bn_momentum": 0.9,
    "bn_noise": 0.5,
    "optimizer": "adam",
    "learning_rate": 0.02,
    "batch_size": 64,
    "epochs": 2000,
    "initializer": "he_normal",
    "weight_scale": 2.0,
    "dropout": 0.3,
    "l2": 0.003,
    "shuffle": "never",
    "seed": 2**31 - 1,
    "seeds": 3,
}
"""A value for each field that is not the default."""


def test_the_groups_hold_every_field_once() -> None:
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted(listed) == sorted(FIELDS)
    assert set(OTHER) == set(FIELDS)


def values_of(field: Field) -> st.SearchStrategy[float]:
    assert field.range
    low, high = field.range.low, field.range.high
    return st.floats(low, high) if field.kind == "float" else st.integers(int(low), int(high))


@given(st.data(), st.sampled_from(SLIDERS))
def test_a_slider_stops_at_both_ends_and_at_the_present_value(data: st.DataObject, name: str) -> None:
    field = FIELDS[name]
    value = data.draw(values_of(field))
    found = stops(field, value)
    assert field.range
    assert (found[0], found[-1]) == (field.range.low, field.range.high)
    assert value in found
    assert found == sorted(set(found))
    assert all(type(stop) is (int if field.kind == "int" else float) for stop in found)
    assert [field.check(stop) for stop in found] == found


@pytest.mark.parametrize("name", SLIDERS)
def test_a_slider_has_few_enough_stops_to_hit_and_each_reads_differently(name: str) -> None:
    field = FIELDS[name]
    found = stops(field, field.default)
    assert field.default in found
    assert 9 <= len(found) <= 30
    assert len({numerals.setting(stop) for stop in found}) == len(found)


def test_stops_are_given_for_sliders_only() -> None:
    assert set(STOPS) <= {*SLIDERS, *BESIDE}


@pytest.mark.usefixtures("no_pictures")
def test_every_field_has_one_widget_with_its_value_options_and_limits(lab: Open) -> None:
    page = lab(initializer="normal", dataset="spiral", lang="en")
    t = texts("en")
    for name, field in FIELDS.items():
        widget, value = page.widget(f"field_{name}"), getattr(page.experiment, name)
        assert widget.label == t(f"short.{name}" if name in BESIDE else f"field.{name}")
        assert widget.help == t(f"help.{name}")
        assert not widget.disabled
        assert (tuple(widget.value) if field.kind == "choices" else widget.value) == value
        if field.options:
            assert len(widget.options) == len(field.options)
        elif name in (*SLIDERS, *BESIDE):
            assert list(widget.options) == [numerals.setting(stop) for stop in stops(field, value)]
        else:
            assert field.range
            assert (widget.min, widget.max) == (field.range.low, field.range.high)


@pytest.mark.usefixtures("no_pictures")
def test_the_spread_of_the_weights_is_asked_only_where_it_matters(lab: Open) -> None:
    page = lab()
    keys = [getattr(node, "key", None) for node in page.at]
    assert "field_weight_std" not in keys
    page.change("initializer", "normal")
    assert page.widget("field_weight_std").value == FIELDS["weight_std"].default


@pytest.mark.usefixtures("no_pictures")
def test_noise_of_the_data_is_asked_only_where_they_are_computed(lab: Open) -> None:
    page = lab()
    assert "field_data_noise" not in [getattr(node, "key", None) for node in page.at]
    page.change("dataset", "moons")
    assert page.widget("field_data_noise").value == 0


@pytest.mark.usefixtures("no_pictures")
def test_what_the_lab_is_about_comes_first_and_the_rest_is_folded(lab: Open) -> None:
    page, t = lab(dataset="iris", epochs="6", dropout="0.1", lang="en"), texts("en")
    (first,) = [node for node in page.at.sidebar if getattr(node, "key", None) == "field_dataset"]
    assert first.label == t("field.dataset")
    order = [key for node in page.at.sidebar if (key := str(getattr(node, "key", ""))).startswith("field_")]
    assert order[: len(FIRST)] == [f"field_{name}" for name in FIRST]
    folds = [expander.label for expander in page.at.sidebar.expander]
    assert folds == [
        *(t(f"fold.{name}") for name in ("data_settings", "network", "normalization")),
        t("fold.changed", name=t("fold.training"), count=2),
    ]
    page.change("batch_size", 16)
    assert page.at.sidebar.expander[0].label == t("fold.changed", name=t("fold.data_settings"), count=1)


@pytest.mark.usefixtures("no_pictures")
def test_pages_without_settings_have_no_sidebar(lab: Open) -> None:
    page = lab(dataset="iris")
    assert len(page.at.sidebar) > 0
    for path in ("rules", "data", "own"):
        page.go_to(path)
        assert len(page.at.sidebar) == 0


@pytest.mark.usefixtures("no_pictures")
def test_a_changed_field_changes_experiment_and_link(lab: Open) -> None:
    wanted = Experiment(dataset="spiral", initializer="normal")
    page = lab(wanted)
    for name, value in OTHER.items():
        before = page.watch
        page.change(name, value)
        wanted = replace(wanted, **{name: value})
        assert page.experiment == wanted, name
        assert page.at.query_params == encode(wanted)
        assert page.stage["recording"] == page.watch.recording
        assert page.stage["target"] == wanted.epochs
        assert (page.watch.recording == before.recording) == (name == "epochs")
        assert list(page.visitor.watches) == ["lab"]
    assert set(encode(wanted)) == set(FIELDS)


@pytest.mark.usefixtures("no_pictures")
def test_a_change_back_to_the_default_leaves_the_link(lab: Open) -> None:
    page = lab(depth="5", width="16")
    page.change("depth", 3)
    assert page.at.query_params == {"width": "16"}
    page.change("width", 8)
    assert page.at.query_params == {}


@pytest.mark.usefixtures("no_pictures")
def test_samples_are_emptied_to_mean_all(lab: Open) -> None:
    page = lab(dataset="iris", samples="60")
    page.change("samples", None)
    assert page.experiment == Experiment(dataset="iris")


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("samples", 151, ("150", "151")), ("arms", (), ())],
    ids=["more samples than there are", "no arm"],
)
def test_a_change_that_cannot_be_is_refused_and_changes_nothing(
    lab: Open, field: str, value: Any, words: tuple[str, ...]
) -> None:
    start = Experiment(dataset="iris", epochs=5)
    page = lab(start, lang="en")
    page.train()
    before, warned = page.watch, len(page.at.warning)
    page.change(field, value)
    assert len(page.at.warning) == warned + 1
    told = [warning.value for warning in page.at.warning]
    assert any(texts("en")(f"field.{field}") in text and all(word in text for word in words) for text in told)
    assert page.experiment == start
    assert page.watch is before
    assert page.state == "ended"
    shown = page.widget(f"field_{field}").value
    assert (tuple(shown) if field == "arms" else shown) == getattr(start, field)
    page.change("depth", 4)
    assert len(page.at.warning) == warned


@pytest.mark.usefixtures("no_pictures")
def test_samples_that_validation_does_not_leave_are_refused(lab: Open) -> None:
    page = lab(dataset="iris", samples="120")
    warned = len(page.at.warning)
    page.change("validation_share", 0.5)
    assert len(page.at.warning) == warned + 1
    assert page.experiment == Experiment(dataset="iris", samples=120)
