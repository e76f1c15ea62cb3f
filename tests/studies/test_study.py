"""Grids of experiments, their networks, and the keys of these."""

from __future__ import annotations

import pickle
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab.experiment import FIELDS, Experiment, ExperimentError
from bn_lab.studies.networks import Network, without_idle_settings
from bn_lab.studies.study import MOST_NETWORKS, Study, StudyError

PAIR = Experiment(seeds=3)
GRID = Study("test", PAIR, (("epsilon", (1e-6, 1e-3)), ("width", (4, 8, 16))))


def test_a_grid_has_every_combination_with_the_last_axis_fastest() -> None:
    values = [tuple(cell.values.values()) for cell in GRID.cells]
    assert values == [(1e-6, 4), (1e-6, 8), (1e-6, 16), (1e-3, 4), (1e-3, 8), (1e-3, 16)]
    assert all(cell.experiment == replace(PAIR, **cell.values) for cell in GRID.cells)
    assert GRID.size == 2 * 3 * 2 * 3


def test_networks_that_must_come_out_the_same_are_one() -> None:
    # Without batch normalization ε means nothing: 3 widths × 3 seeds; with it 2 × 3 × 3.
    assert len(GRID.networks) == 9 + 18
    first, other = (cell.network("none", 0) for cell in GRID.matching({"width": 4}))
    assert first == other
    assert first.key == other.key
    first, other = (cell.network("before", 0) for cell in GRID.matching({"width": 4}))
    assert first.key != other.key


def test_a_cell_is_complete_before_the_next_begins() -> None:
    order = [GRID.networks.index(cell.network(arm, 2)) for cell in GRID.cells for arm in PAIR.arms]
    before = order[1::2]  # those with batch normalization, of which there are no two the same
    assert before == sorted(before)


def test_rows_and_cells_are_found_by_their_values() -> None:
    assert [cell.values["width"] for cell in GRID.matching({"epsilon": 1e-3})] == [4, 8, 16]
    assert len(GRID.matching({"epsilon": 1e-3, "width": 8})) == 1
    assert GRID.matching({"epsilon": 0.5}) == ()


@pytest.mark.parametrize(
    ("axes", "rule"),
    [
        ((("arms", (("none",),)),), "axis"),
        ((("seed", (0, 1)),), "axis"),
        ((("depths", (1,)),), "axis"),
        ((("depth", (1,)), ("depth", (2,))), "same_axis"),
        ((("depth", ()),), "no_values"),
        ((("depth", (2, 2)),), "no_values"),
        ((("depth", (2, 99)),), "between"),
        ((("activation", ("relu", "<b>")),), "one_of"),
        ((("epsilon", tuple(1e-8 * k for k in range(1, 1001))), ("width", tuple(range(1, 101)))), "too_large"),
    ],
)
def test_what_no_study_can_be_is_refused_by_rule(axes: object, rule: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        Study("test", PAIR, axes)  # type: ignore[arg-type]
    assert caught.value.rule == rule
    assert pickle.loads(pickle.dumps(caught.value)).rule == rule


def test_the_largest_study_is_allowed() -> None:
    study = Study("test", replace(PAIR, arms=("before",), seeds=10), (("seed", ()),) * 0 + (("epochs", tuple(range(1, 5001))),))
    assert study.size == MOST_NETWORKS // 2


def test_a_key_depends_on_every_field_that_matters() -> None:
    base = Experiment(arms=("before",), initializer="normal")
    keys = {Network(base).key}
    for field in fields(Experiment):
        if field.name in ("arms", "seeds"):
            continue
        spec = FIELDS[field.name]
        options = spec.options or (spec.range.low, spec.range.high) if spec.range else spec.options
        other = next(value for value in options if value != getattr(base, field.name))
        keys.add(Network(replace(base, **{field.name: other})).key)
    assert len(keys) == len(fields(Experiment)) - 2 + 1


def test_a_key_is_the_same_in_every_process() -> None:
    assert Network(Experiment(arms=("none",))).key == Network(Experiment(arms=("none",), epsilon=0.1)).key
    assert len(Network(Experiment(arms=("none",))).key) == 20


@given(st.sampled_from(["none", "standardized", "before", "after"]), st.sampled_from(["normal", "he_normal"]))
def test_the_plainest_form_is_plain(arm: str, initializer: str) -> None:
    experiment = Experiment(arms=(arm,), initializer=initializer, weight_std=0.7, epsilon=0.01, inputs="standardized")  # type: ignore[arg-type]
    once = without_idle_settings(experiment)
    assert without_idle_settings(once) == once
    assert (once.epsilon == 0.01) == (arm in ("before", "after"))
    assert (once.weight_std == 0.7) == (initializer == "normal")
    assert (once.inputs == "standardized") == (arm in ("before", "after"))
    assert (once.arms == ("standardized",)) == (arm in ("none", "standardized"))


def test_another_number_of_seeds_keeps_the_networks_of_the_first() -> None:
    assert set(GRID.networks) < set(GRID.with_seeds(5).networks)


def test_errors_of_studies_name_rule_and_value() -> None:
    assert "nowhere" in str(StudyError("study", "no_study", "nowhere", options="a, b"))
