"""Links: a shared one opens the same experiment, a broken one as much of it as can be read."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab import drawn
from bn_lab.experiment import FIELDS, MOST_NUMBERS, Experiment, Field, Schedule
from bn_lab.sharing import LONGEST_ECHO, PASSED_ON, Decoded, decode, encode, link, parse_link

IRIS = Experiment(dataset="iris", arms=("none", "after"), epsilon=1e-6, samples=60)


coordinates = st.floats(-drawn.FARTHEST, drawn.FARTHEST)
drawn_sets = st.lists(st.tuples(coordinates, coordinates, st.integers(0, 1)), min_size=2, max_size=40).map(drawn.written)


def values_of(spec: Field) -> st.SearchStrategy[Any]:
    if spec.options:
        some = st.sets(st.sampled_from(spec.options), min_size=1).map(tuple)
        return (
            some if spec.kind == "choices" else st.sampled_from(spec.options) | (drawn_sets if spec.besides else st.nothing())
        )
    assert spec.range
    low, high = spec.range.low, spec.range.high
    number = st.floats(low, high) if spec.kind == "float" else st.integers(int(low), int(high))
    if spec.changeable:
        return number | schedules_of(spec)
    return st.none() | number if spec.optional else number


def schedules_of(spec: Field) -> st.SearchStrategy[Any]:
    """Schedules that a field may have, in canonical form, one of a single number included."""
    numbers = values_of(replace(spec, changeable=False))
    later = st.dictionaries(st.integers(2, 5000), numbers, max_size=MOST_NUMBERS - 1)
    return st.builds(lambda first, rest: spec.check(Schedule(((1, first), *sorted(rest.items())))), numbers, later)


experiments = st.fixed_dictionaries({}, optional={n: values_of(s) for n, s in FIELDS.items()}).map(
    lambda choices: Experiment(**choices)
)
others = st.dictionaries(st.sampled_from(PASSED_ON), st.text(st.characters(exclude_categories=["Cs"])))
pairs = st.tuples(st.sampled_from([*FIELDS, *PASSED_ON, "x"]), st.text())
queries = st.lists(pairs.map("=".join)).map("&".join)
bases = st.sampled_from(["http://localhost:8501", "https://lab.example/bn/?old=1#there", "/Claims", ""])


@given(experiments)
def test_a_shared_link_opens_the_same_experiment(experiment: Experiment) -> None:
    assert decode(encode(experiment)) == Decoded(experiment, (), {})


@given(bases, experiments, others)
def test_an_address_opens_the_same_experiment(base: str, experiment: Experiment, other: dict[str, str]) -> None:
    assert parse_link(link(base, experiment, other)) == Decoded(experiment, (), other)


@given(experiments)
def test_a_link_holds_only_what_differs(experiment: Experiment) -> None:
    assert set(encode(experiment)) == set(experiment.differences())


def test_the_default_needs_no_parameters() -> None:
    assert link("https://lab.example/", Experiment()) == "https://lab.example/"
    assert parse_link("https://lab.example/") == parse_link("") == Decoded(Experiment(), (), {})


def test_a_link_is_readable() -> None:
    expected = "https://lab.example/?dataset=iris&samples=60&arms=none,after&epsilon=1e-06&lang=ko"
    assert link("https://lab.example/?depth=9#top", IRIS, {"lang": "ko"}) == expected


def test_what_changes_during_the_training_is_readable_in_a_link() -> None:
    changing = Experiment(learning_rate=Schedule(((1, 0.01), (200, 0.001))), batch_size=Schedule(((1, 32), (50, 8))))
    address = link("https://lab.example/", changing)
    assert address == "https://lab.example/?learning_rate=0.01@1,0.001@200&batch_size=32@1,8@50"
    assert parse_link(address) == Decoded(changing, (), {})
    assert parse_link(address.replace("@", "%40").replace(",", "%2C")) == Decoded(changing, (), {})


def test_a_link_leaves_out_parameters_that_would_not_open() -> None:
    assert link("/", Experiment(), {"lang": "en", "utm_source": "x", "depth": "9"}) == "/?lang=en"


@pytest.mark.parametrize(
    "url",
    [
        "dataset=iris&samples=60&arms=after,none&epsilon=10e-7",
        "?dataset=iris&samples=60&arms=none%2Cafter&epsilon=1e-6",
        " https://lab.example/page?dataset=iris&samples=60&arms=none,after&epsilon=1e-06#here\n",
        "http://[broken?dataset=iris&samples=60&arms=none,after&epsilon=1e-06",
        "dataset=boston&dataset=iris&samples=60&arms=none,after&epsilon=1e-6",
    ],
    ids=["bare", "question mark", "address", "broken host", "the last of two counts"],
)
def test_every_form_of_a_link_is_read(url: str) -> None:
    assert parse_link(url) == Decoded(IRIS, (), {})


def test_a_question_mark_inside_a_value_does_not_cut_a_query() -> None:
    assert parse_link("depth=5&lang=a?b") == Decoded(Experiment(depth=5), (), {"lang": "a?b"})


@pytest.mark.parametrize("name", PASSED_ON)
def test_parameters_of_the_page_pass_through(name: str) -> None:
    assert decode({name: "any thing", "depth": "5"}) == Decoded(Experiment(depth=5), (), {name: "any thing"})


def test_parameters_of_the_page_are_no_fields() -> None:
    assert not set(PASSED_ON) & set(FIELDS)


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("depth", "99", "between"),
        ("depth", "-1", "between"),
        ("depth", "2.5", "integer"),
        ("depth", "three", "number"),
        ("depth", "", "number"),
        ("depth", "all", "number"),
        ("epsilon", "nan", "number"),
        ("epsilon", "inf", "number"),
        ("epsilon", "0", "between"),
        ("epochs", "1e300", "between"),
        ("epochs", "1e999", "number"),
        ("activation", "스위시", "one_of"),
        ("activation", "Swish", "one_of"),
        ("arms", "none,beside", "some_of"),
        ("arms", "none,none", "some_of"),
        ("arms", "", "some_of"),
        ("colour", "red", "unknown"),
        ("Depth", "3", "unknown"),
        ("__class__", "x", "unknown"),
        ("{0.__class__}", "{value}", "unknown"),
    ],
)
def test_a_bad_value_is_named_and_the_rest_is_kept(name: str, text: str, rule: str) -> None:
    decoded = decode({"dataset": "iris", name: text, "lang": "ko", "width": "9"})
    assert decoded.experiment == Experiment(dataset="iris", width=9)
    assert decoded.other == {"lang": "ko"}
    (problem,) = decoded.problems
    assert (problem.field, problem.rule) == (name, rule)
    assert problem.values["value"] == (name if rule == "unknown" else text or '""')
    assert name in str(problem)


def test_every_problem_is_told_in_the_order_of_the_link() -> None:
    problems = parse_link("?depth=99&width=0&wdith=8&seed=1").problems
    assert [problem.field for problem in problems] == ["depth", "width", "wdith"]


HOSTILE = {
    "huge number": "9" * 100_000,
    "huge text": "x" * 100_000,
    "many arms": "none," * 20_000,
    "control": "a\x00b\r\nc\x1b[31m",
    "right to left": "\u202egnp.exe",
    "surrogate": "\ud800",
    "line separator": "a\u2028b",
    "percent": "%s%n%",
    "braces": "{value}{0}{field.__class__}",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_value_makes_a_short_and_harmless_message(text: str) -> None:
    params = {"depth": text, "activation": text, "arms": text, text: "1", "width": "9"}
    decoded = decode(params)
    assert decoded.experiment == Experiment(width=9)
    assert len(decoded.problems) == 4
    for problem in decoded.problems:
        assert len(str(problem.values["value"])) <= LONGEST_ECHO
        assert len(problem.field) <= LONGEST_ECHO
        assert str(problem).isprintable()


def test_a_long_value_shows_where_it_was_cut() -> None:
    (problem,) = decode({"activation": "y" * 61}).problems
    assert problem.values["value"] == "y" * 59 + "…"
    (problem,) = decode({"activation": "y" * 60}).problems
    assert problem.values["value"] == "y" * 60


@given(st.text() | queries)
def test_no_text_breaks_the_reader(url: str) -> None:
    decoded = parse_link(url)
    assert isinstance(decoded.experiment, Experiment)
    assert parse_link(link("/", decoded.experiment, decoded.other)).experiment == decoded.experiment


def test_whether_choices_fit_the_data_is_not_asked_here() -> None:
    assert decode({"dataset": "iris", "samples": "50000"}).problems == ()


@pytest.mark.parametrize(
    "address", ["http://[::1", "//[", "http://[zz]/", "http://a]b:x/", "http://ex℀mple.example/", "http://"]
)
def test_of_an_address_only_what_it_asks_for_is_read(address: str) -> None:
    found = parse_link(f"{address}?depth=5&epochs=many")
    assert found.experiment == Experiment(depth=5)
    assert [problem.field for problem in found.problems] == ["epochs"]
