"""The choices of an experiment, their limits and their words."""

import ast
import math
import pickle
import string
from dataclasses import FrozenInstanceError, fields, replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab import drawn
from bn_lab import experiment as module
from bn_lab.arms import ARMS
from bn_lab.experiment import (
    FIELDS,
    MOST_NUMBERS,
    Experiment,
    ExperimentError,
    Field,
    Schedule,
    common_epochs,
    is_uploaded,
    scheduled,
)

NUMBERS = [spec for spec in FIELDS.values() if spec.range]
OPTIONS = [(name, option) for name, spec in FIELDS.items() for option in spec.options]


def having(name: str, value: Any) -> Experiment:
    return Experiment(**{name: value})


def values_of(spec: Field) -> st.SearchStrategy[Any]:
    """All values that a field may have, in canonical form."""
    if spec.kind == "choice":
        return st.sampled_from(spec.options)
    if spec.kind == "choices":
        return st.sets(st.sampled_from(spec.options), min_size=1).map(lambda chosen: spec.check(list(chosen)))
    assert spec.range
    if spec.changeable:
        numbers = values_of(replace(spec, changeable=False))
        later = st.dictionaries(st.integers(2, 5000), numbers, max_size=MOST_NUMBERS - 1)
        return numbers | st.builds(lambda a, b: spec.check(Schedule(((1, a), *sorted(b.items())))), numbers, later)
    if spec.kind == "float":
        return st.floats(spec.range.low, spec.range.high)
    whole = st.integers(int(spec.range.low), int(spec.range.high))
    return st.none() | whole if spec.optional else whole


def just_outside(spec: Field) -> list[float]:
    assert spec.range
    low, high = spec.range.low, spec.range.high
    if spec.kind == "int":
        return [low - 1, high + 1]
    return [math.nextafter(low, -math.inf), math.nextafter(high, math.inf)]


def error_of(name: str, value: Any) -> ExperimentError:
    with pytest.raises(ExperimentError) as caught:
        having(name, value)
    return caught.value


def test_the_defaults_are_the_lesson() -> None:
    lesson = Experiment(
        dataset="boston",
        samples=None,
        inputs="raw",
        validation_share=0.0,
        depth=3,
        width=8,
        activation="swish",
        arms=("none", "before"),
        epsilon=1e-3,
        bn_momentum=0.99,
        bn_noise=0.0,
        optimizer="rmsprop",
        learning_rate=1e-3,
        batch_size=32,
        epochs=1000,
        initializer="glorot_uniform",
        weight_scale=1.0,
        dropout=0.0,
        l2=0.0,
        shuffle="every_epoch",
        seed=0,
        seeds=1,
    )
    assert Experiment() == lesson


def test_every_field_is_described() -> None:
    assert tuple(FIELDS) == tuple(f.name for f in fields(Experiment))
    for spec in FIELDS.values():
        assert (spec.range is None) == bool(spec.options)


@pytest.mark.parametrize("name", FIELDS)
def test_every_default_is_valid(name: str) -> None:
    assert FIELDS[name].check(FIELDS[name].default) == getattr(Experiment(), name)


@pytest.mark.parametrize("spec", NUMBERS, ids=lambda spec: spec.name)
def test_both_limits_are_allowed(spec: Field) -> None:
    assert spec.range
    for limit in (spec.range.low, spec.range.high):
        value = getattr(having(spec.name, limit), spec.name)
        assert value == limit
        assert type(value) is (int if spec.kind == "int" else float)


@pytest.mark.parametrize("spec", NUMBERS, ids=lambda spec: spec.name)
def test_just_outside_the_limits_is_an_error_naming_field_rule_and_value(spec: Field) -> None:
    for value in just_outside(spec):
        error = error_of(spec.name, value)
        assert (error.field, error.rule, error.values["value"]) == (spec.name, "between", value)
        assert str(error).startswith(f"{spec.name} must be between ")
        assert str(error).endswith(f"got {value}")


@pytest.mark.parametrize("spec", NUMBERS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, "3", (3,), 3j])
def test_what_is_no_finite_number_is_an_error(spec: Field, value: Any) -> None:
    assert error_of(spec.name, value).rule == "number"


@pytest.mark.parametrize("spec", [s for s in NUMBERS if s.kind == "int"], ids=lambda spec: spec.name)
def test_a_fraction_is_no_whole_number(spec: Field) -> None:
    assert error_of(spec.name, 2.5).rule == "integer"


def test_the_message_reads_like_a_sentence() -> None:
    assert str(error_of("depth", 99)) == "depth must be between 1 and 12, got 99"
    assert str(error_of("seed", -1)) == "seed must be between 0 and 2147483647, got -1"
    assert isinstance(error_of("depth", 99), ValueError)


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_every_option_is_allowed(name: str, option: str) -> None:
    value = (option,) if FIELDS[name].kind == "choices" else option
    assert getattr(having(name, value), name) == value


@pytest.mark.parametrize("name", [s.name for s in FIELDS.values() if s.kind == "choice"])
@pytest.mark.parametrize("value", ["", "Swish ", None, 1, ("relu",), ["relu"]])
def test_no_other_option_is_allowed(name: str, value: Any) -> None:
    error = error_of(name, value)
    assert (error.field, error.rule, error.values["value"]) == (name, "one_of", value)
    assert error.values["options"] == ", ".join(FIELDS[name].options)


@pytest.mark.parametrize("value", [(), ("none", "none"), ("none", "beside"), "all", None, 5, (("none",),), [["none"]]])
def test_arms_are_different_known_names(value: Any) -> None:
    error = error_of("arms", value)
    assert (error.field, error.rule) == ("arms", "some_of")


@pytest.mark.parametrize("order", list(permutations(ARMS)))
def test_arms_have_one_order(order: tuple[Any, ...]) -> None:
    assert Experiment(arms=order) == Experiment(arms=tuple(ARMS))
    assert Experiment(arms=order[:2]).arms == tuple(arm for arm in ARMS if arm in order[:2])


@pytest.mark.parametrize("spec", FIELDS.values(), ids=FIELDS)
@given(data=st.data())
def test_parse_reads_what_format_wrote(spec: Field, data: st.DataObject) -> None:
    value = data.draw(values_of(spec))
    parsed = spec.parse(spec.format(value))
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize("spec", FIELDS.values(), ids=FIELDS)
@given(text=st.text() | st.text("0123456789.,e-+_all"))
def test_parse_gives_a_valid_value_or_an_error_of_its_field(spec: Field, text: str) -> None:
    try:
        value = spec.parse(text)
    except ExperimentError as error:
        problem: ExperimentError | None = error
    else:
        problem = None
        assert spec.check(value) == value
    assert problem is None or problem.field == spec.name


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("samples", "all", None),
        ("samples", "1e3", 1000),
        ("arms", "before,none", ("none", "before")),
        ("epsilon", "1e-6", 1e-6),
        ("epsilon", "10e-7", 1e-6),
        ("depth", "12", 12),
        ("dropout", "0", 0.0),
        ("activation", "leaky_relu", "leaky_relu"),
    ],
)
def test_parse_understands_what_people_write(name: str, text: str, value: Any) -> None:
    assert FIELDS[name].parse(text) == value


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("samples", None, "all"),
        ("learning_rate", 10.0, "10"),
        ("l2", 0.0, "0"),
        ("arms", ("none", "after"), "none,after"),
    ],
)
def test_format_is_short(name: str, value: Any, text: str) -> None:
    assert FIELDS[name].format(value) == text


def rules_raised() -> set[str]:
    """Second argument of every `ExperimentError(…)` in the package that is written out."""
    sources = Path(module.__file__).parent.rglob("*.py")
    nodes = [node for path in sources for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    calls = [n for n in nodes if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "ExperimentError"]
    return {n.args[1].value for n in calls if isinstance(n.args[1], ast.Constant)}  # type: ignore[misc]


def test_every_rule_has_a_sentence_and_every_sentence_a_rule() -> None:
    assert rules_raised() | set(drawn.RULES) == set(ExperimentError.RULES)
    for sentence in ExperimentError.RULES.values():
        names = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
        assert "value" in names


def test_an_error_keeps_what_its_sentence_needs() -> None:
    error = ExperimentError("samples", "too_many", 600, high=506, dataset="boston")
    assert error.values == {"field": "samples", "value": 600, "high": 506, "dataset": "boston"}
    assert ExperimentError.RULES[error.rule].format(**error.values) == str(error)


def test_an_experiment_is_a_value() -> None:
    one, same, other = Experiment(depth=4), replace(Experiment(), depth=4), Experiment(depth=5)
    assert one == same != other
    assert len({one, same, other}) == 2
    with pytest.raises(FrozenInstanceError):
        one.depth = 5  # type: ignore[misc]


def test_whole_floats_become_integers_and_lists_tuples() -> None:
    made = having("depth", 4.0)
    assert made == Experiment(depth=4)
    assert type(made.depth) is int
    assert having("arms", ["after", "none"]).arms == ("none", "after")
    assert hash(having("arms", ["after", "none"])) == hash(Experiment(arms=("none", "after")))


def test_differences_are_only_what_is_not_default() -> None:
    assert Experiment().differences() == {}
    changed = Experiment(seeds=2, depth=4, arms=("before", "none"))
    assert changed.differences() == {"depth": 4, "seeds": 2}
    assert Experiment(**changed.differences()) == changed


def test_seeds_count_up() -> None:
    assert Experiment(seed=5, seeds=3).seed_list == (5, 6, 7)


def test_an_error_comes_through_from_another_process() -> None:
    error = ExperimentError("depth", "between", 99, low=1, high=12)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.field, copy.rule, copy.values, str(copy)) == (error.field, error.rule, error.values, str(error))


@pytest.mark.parametrize(
    "name",
    [
        "own-0123456789abcdef-0-regression-dropped",
        "own-0123456789abcdef-12-classification-median",
        "own-0123456789abcdef-12-classification-median-without-0-3-299",
    ],
)
def test_own_data_have_ids_that_tell_nothing_of_them(name: str) -> None:
    experiment = Experiment(dataset=name)
    assert experiment.is_private
    assert is_uploaded(name)
    assert FIELDS["dataset"].parse(FIELDS["dataset"].format(name)) == name
    assert name not in FIELDS["dataset"].options
    assert not Experiment().is_private


def test_no_other_name_is_that_of_own_data() -> None:
    for name in (*FIELDS["dataset"].options, "", "own", "own-0123456789abcdef-0-regression-dropped "):
        assert not is_uploaded(name)


@pytest.mark.parametrize(
    "name",
    [
        "own",
        "own-0123456789ABCDEF-0-regression-dropped",
        "own-0123456789abcde-0-regression-dropped",
        "own-0123456789abcdef-0-regression-dropped\n",
        "own-0123456789abcdef-0-clustering-dropped",
        "own-0123456789abcdef-0-regression-dropped-without",
        "own-0123456789abcdef-1000-regression-dropped",
        "/etc/passwd",
    ],
)
def test_what_only_looks_like_own_data_is_refused(name: str) -> None:
    assert error_of("dataset", name).rule == "one_of"


CHANGING = tuple(name for name, spec in FIELDS.items() if spec.changeable)


def test_four_numbers_may_change_during_a_training() -> None:
    assert CHANGING == ("learning_rate", "batch_size", "dropout", "l2")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("0.1@", "schedule"),
        ("@1", "schedule"),
        ("0.1@1,", "schedule"),
        ("0.1@1,x@2", "schedule"),
        ("0.1@1;0.2@2", "schedule"),
        ("0.1@1.5", "schedule"),
        ("0.1@-1", "schedule"),
        ("0.1@٣", "schedule"),
        ("0.1@1@2", "schedule"),
        ("0.1@2", "ascending"),
        ("0.1@0,0.2@3", "ascending"),
        ("0.1@1,0.2@1", "ascending"),
        ("0.1@1,0.2@9,0.3@8", "ascending"),
        ("0.1@1,0.2@5001", "ascending"),
        ("0.1@1,99@5", "between"),
        ("0.1@1,nan@5", "number"),
        ("0.1@1,inf@5", "number"),
        (",".join(f"0.{epoch}@{epoch}" for epoch in range(1, 10)), "changes"),
        ("0.1@1," * 100_000, "changes"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_with_field_rule_and_value(text: str, rule: str) -> None:
    error = error_of("learning_rate", text)
    assert (error.field, error.rule) == ("learning_rate", rule)
    with pytest.raises(ExperimentError) as caught:
        FIELDS["learning_rate"].parse(text)
    assert caught.value.rule == rule


@pytest.mark.parametrize("numbers", [(), ((2, 0.1),), ((1, 0.1), ("x", 0.2)), tuple((k, k / 10) for k in range(1, 10))])
def test_a_schedule_made_by_hand_is_checked_likewise(numbers: Any) -> None:
    assert error_of("dropout", Schedule(numbers)).field == "dropout"


def test_a_whole_number_stays_one_in_a_schedule() -> None:
    assert error_of("batch_size", "32@1,4.5@2").rule == "integer"
    assert having("batch_size", "32@1,16.0@2").batch_size == Schedule(((1, 32), (2, 16)))


@pytest.mark.parametrize("name", [name for name in FIELDS if name not in CHANGING])
def test_no_other_field_has_a_schedule(name: str) -> None:
    assert error_of(name, "1@1,2@2").field == name


def test_a_schedule_without_a_change_is_a_number() -> None:
    assert having("l2", "0.1@1") == having("l2", "0.1@1,0.1@7") == having("l2", 0.1)
    assert having("l2", "0@1,0.1@3,0.1@5,0@8").l2 == Schedule(((1, 0.0), (3, 0.1), (8, 0.0)))


def test_numbers_of_an_epoch() -> None:
    experiment = replace(having("learning_rate", "0.1@1,0.2@10"), batch_size="32@1,8@5")  # type: ignore[arg-type]
    found = [(phase.first, phase.learning_rate, phase.batch_size, phase.l2) for phase in experiment.phases]
    assert found == [(1, 0.1, 32, 0.0), (5, 0.1, 8, 0.0), (10, 0.2, 8, 0.0)]
    assert [experiment.phase(epoch).first for epoch in (0, 1, 4, 5, 9, 10, 5000)] == [1, 1, 1, 5, 5, 10, 10]


def test_a_change_takes_the_place_of_what_was_to_come() -> None:
    value = Schedule(((1, 0.1), (5, 0.2), (9, 0.3)))
    assert str(scheduled(value, 7, 0.5)) == "0.1@1,0.2@5,0.5@7"
    assert str(scheduled(value, 5, 0.5)) == "0.1@1,0.5@5"
    assert FIELDS["l2"].check(scheduled(0.1, 1, 0.5)) == 0.5


@given(st.sampled_from(CHANGING).flatmap(lambda name: st.tuples(st.just(name), values_of(FIELDS[name]))))
def test_plain_values_and_texts_come_back(pair: tuple[str, Any]) -> None:
    experiment = having(*pair)
    assert Experiment(**experiment.plain()) == experiment
    assert pickle.loads(pickle.dumps(experiment)) == experiment
    assert FIELDS[pair[0]].parse(FIELDS[pair[0]].format(pair[1])) == pair[1]


@pytest.mark.parametrize(
    ("one", "other", "epochs"),
    [
        ({}, {}, 5000),
        ({}, {"epochs": 3}, 5000),
        ({}, {"seed": 1}, 0),
        ({}, {"l2": 0.1}, 0),
        ({}, {"l2": "0@1,0.1@9"}, 8),
        ({"l2": "0@1,0.1@9"}, {"l2": "0@1,0.1@9,0.2@20"}, 19),
        ({"l2": "0@1,0.1@9"}, {"l2": "0@1,0.1@7"}, 6),
        ({"l2": "0@1,0.1@9", "batch_size": "32@1,8@5"}, {"batch_size": "32@1,8@5"}, 8),
        ({"l2": "0@1,0.1@9", "depth": 2}, {"depth": 3}, 0),
    ],
)
def test_two_trainings_are_the_same_until_they_differ(one: dict[str, Any], other: dict[str, Any], epochs: int) -> None:
    pair = Experiment(**one), Experiment(**other)
    assert common_epochs(*pair) == common_epochs(*pair[::-1]) == epochs
