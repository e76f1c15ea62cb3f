"""Links that nobody should write: each ends in a valid experiment and named problems, never in an exception.

More than ten thousand of them go through the reader and the check against the data, dozens through whole pages in
`tests/ui/test_hostile_links.py`. They are the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bn_lab import drawn
from bn_lab.engine.anatomy.records import typed
from bn_lab.experiment import FIELDS, Experiment, ExperimentError, Field
from bn_lab.i18n import LANGUAGES, catalogue, texts
from bn_lab.sharing import LONGEST_ECHO, PASSED_ON, Decoded, decode, encode, link, parse_link, plain_text
from bn_lab.studies.claims import STUDIES
from bn_lab.studies.measures import MEASURES
from bn_lab.studies.study import Study, StudyError
from bn_lab.ui import session
from bn_lab.ui.algorithm import scene as algorithm
from bn_lab.ui.claims import custom
from bn_lab.ui.claims import state as claims
from bn_lab.ui.kit import formatting

Params = dict[str, str]
S = st.SearchStrategy

NUMBERS = (
    *("nan", "-nan", "inf", "-inf", "Infinity", "1e400", "-1e400", "1e-400", "1e" + "9" * 99, "-0", "0", "1e308", "5e-324"),
    *("0x10", "0b1", "0o7", "1_000", "_1", "1__0", "１２", "٣", "²", "½", "一", "5j", "5f", "5L", "5%", "1,5", "1.5.5", "--5"),
    *("9" * 5000, "-" + "9" * 5000, "0." + "0" * 5000 + "1", "1" * 100_000, "9" * 309, "1e5000", "." * 5000),
    *(
        " 5 ",
        "\t5",
        "5\n",
        "5\x00",
        "\x005",
        "+5",
        "5.",
        ".5",
        "5e0",
        "5e",
        "e5",
        "True",
        "None",
        "null",
        "",
        " ",
        "all",
        "ALL",
    ),
    *("2147483647", "2147483648", "-1", "9007199254740993", "1e22", "4.9999999999999999", "2.5", "1e-8", "9.99e-9"),
)
"""What reads as a number where one does not expect it, or does not where one does."""

TEXTS = (
    *(
        "<script>alert(1)</script>",
        "{value}{0}{field.__class__}",
        "%s%n%(x)s",
        "[a](javascript:alert(1))",
        "https://evil.example",
    ),
    *(
        "a\nb\r\nc",
        "\x00\x1b[31m",
        "\u202egnp.exe",
        "\u2028",
        "\ufeff",
        "'; DROP TABLE runs; --",
        "../../etc/passwd",
        "🧪" * 50,
    ),
    *("x" * 100_000, "none," * 20_000, ";" * 1000, ":" * 1000, "/" * 1000, "=" * 1000, "NONE", "None,Before", "none,none", ","),
    *(
        "drawn",
        "drawn:",
        "drawn:1,2,0",
        "drawn:1,2,0:1,2,7",
        "drawn:1,2,0:nan,1,1",
        "drawn:" * 1000,
        "drawn" + ":1,2,0" * 30_000,
    ),
    *("__class__", "__init__", "self", "dataset", "Boston", "boston ", "스위시", "swish\u0301", "constructor", "__proto__"),
)

NAMES = (*FIELDS, *PASSED_ON)
ODD_NAMES = (
    "",
    " ",
    "Dataset",
    "DEPTH",
    "depth ",
    "depth[]",
    "differences",
    "seed_list",
    "__class__",
    "{0}",
    "wdith",
    "x" * 100_000,
)

characters = st.characters(codec=None)  # surrogates, too
coordinates = st.floats(-drawn.FARTHEST, drawn.FARTHEST)
drawn_sets = st.lists(st.tuples(coordinates, coordinates, st.integers(0, 1)), min_size=2, max_size=40).map(drawn.written)
anything = st.text(characters, max_size=30)
hostile_values = st.sampled_from(NUMBERS) | st.sampled_from(TEXTS) | anything
names = st.sampled_from(NAMES) | st.sampled_from(ODD_NAMES) | anything


def values_of(spec: Field) -> S[Any]:
    """Values that a field can have, the ends of its range among them."""
    if spec.options:
        some = st.lists(st.sampled_from(spec.options), min_size=1, unique=True).map(tuple)
        return (
            some if spec.kind == "choices" else st.sampled_from(spec.options) | (drawn_sets if spec.besides else st.nothing())
        )
    assert spec.range
    low, high = spec.range.low, spec.range.high
    number: S[Any] = st.floats(low, high) if spec.kind == "float" else st.integers(int(low), int(high))
    number |= st.sampled_from([low, high])
    return st.none() | number if spec.optional else number


VALUES = {name: values_of(spec) for name, spec in FIELDS.items()}

experiments: S[Experiment] = st.fixed_dictionaries({}, optional=VALUES).map(lambda choices: Experiment(**choices))

LOOKED_AT = (
    "layer:2,unit:3,epoch:64,epsilon:1e-06",
    "arm:before,values:1.5;2;-3,whole:yes,node:variance",
    "study:faster_boston,seeds:6",
    "own:train_loss/3/none;before/learning_rate=0.001;0.01",
    *("ko", "dark", "end", "64"),
)


def written(name: str) -> S[str]:
    """A parameter's value as a link has it: a good one, a hostile one, or a good one with something hostile in it."""
    good = VALUES[name].map(FIELDS[name].format) if name in FIELDS else st.sampled_from(LOOKED_AT)
    return good | hostile_values | st.builds(damaged, good, st.integers(0, 30), st.integers(0, 2), hostile_values)


def damaged(text: str, at: int, cut: int, put: str) -> str:
    """A text in which, at some place, some letters are cut out and others put in."""
    return text[:at] + put + text[at + cut :]


WRITTEN = {name: written(name) for name in NAMES}

some_parameters = st.lists(st.one_of([st.tuples(st.just(name), value) for name, value in WRITTEN.items()]), max_size=5).map(
    dict
)
any_parameters: S[Params] = st.dictionaries(names, hostile_values, max_size=4)


def addresses(count: int) -> list[str]:
    """Addresses of experiments that are all over the place."""
    draw = Random(0)
    collected = []
    for _ in range(count):
        choices = {name: draw.choice(good_values(spec)) for name, spec in FIELDS.items() if draw.random() < 0.3}
        collected.append(link("https://lab.example/", Experiment(**choices), {"lang": draw.choice(["ko", "en", "xx"])}))
    return collected


def good_values(spec: Field) -> list[Any]:
    """Some values of a field."""
    if spec.range:
        number = int if spec.kind == "int" else float
        low, high = number(spec.range.low), number(spec.range.high)
        return [low, high, number((low + high) / 2), spec.default]
    return [(option,) for option in spec.options] if spec.kind == "choices" else [*spec.options]


def mutated(address: str, mutations: list[tuple[str, float, str]]) -> str:
    """An address of which letters are flipped, cut out or put in, or whose parameters are repeated."""
    for kind, share, put in mutations:
        at = int(share * len(address))
        if kind == "cut":
            address = damaged(address, at, 4, "")
        elif kind == "flip":
            address = damaged(address, at, 1, put[:1])
        elif kind == "put":
            address = damaged(address, at, 0, quote(put, errors="replace"))
        elif kind == "repeat":
            address += f"&{NAMES[at % len(NAMES)]}={quote(put, errors='replace')}"
        else:
            address = address[:at] + address[at:].swapcase()
    return address


mutations = st.tuples(
    st.sampled_from(["cut", "flip", "put", "repeat", "swap"]),
    st.integers(0, 100).map(lambda percent: percent / 100),
    st.sampled_from([*"&=%?#;+/:,.-_0123456789eEaZ \x00\ud800가"]) | hostile_values,
)
several = st.sampled_from([found[k : k + 20] for found in [addresses(200)] for k in range(0, 200, 20)])
damaged_addresses = st.builds(
    lambda found, damages: [mutated(address, damages) for address in found],
    several,
    st.lists(mutations, min_size=1, max_size=3),
)

queries = st.text(characters, max_size=60) | st.lists(st.tuples(names, hostile_values).map("=".join), max_size=4).map("&".join)


def rotated(params: Params) -> list[Params]:
    """The same names with each other's values."""
    values = list(params.values())
    return [dict(zip(params, values[k:] + values[:k], strict=True)) for k in range(max(1, len(values)))]


def parted(params: Params) -> list[Params]:
    """The parameters together, and each by itself."""
    return [params, *({name: text} for name, text in params.items())]


def forms(query: str) -> list[str]:
    """A query by itself, of an address, and before, after and between good parameters."""
    alone = [query, f"https://lab.example/?{query}", f"lab?{query}#{query}", f"{query}&{query}"]
    return [
        *alone,
        f"{query}&width=9",
        *(f"{good}&{query}{more}" for good in ("depth=5", "dataset=iris", "lang=ko") for more in ("", "&width=9")),
    ]


def check_params(params: Mapping[str, str]) -> None:
    """Whatever query parameters hold ends in an experiment that the data allow, and in problems that can be told."""
    decoded = decode(params)
    check_decoded(decoded)
    asked = {name: text for name, text in params.items() if name not in PASSED_ON}
    assert decoded.other == {name: text for name, text in params.items() if name in PASSED_ON}
    unread = [name for name, text in asked.items() if not is_read(name, text, decoded.experiment)]
    assert [plain_text(name) for name in unread] == [problem.field for problem in decoded.problems], "read, or named"


def is_read(name: str, text: str, experiment: Experiment) -> bool:
    """Whether the experiment has what a parameter says."""
    try:
        return name in FIELDS and bool(FIELDS[name].parse(text) == getattr(experiment, name))
    except ExperimentError:
        return False


def check_address(url: str) -> None:
    """The same of a whole address."""
    check_decoded(parse_link(url))


def check_decoded(decoded: Decoded) -> None:
    for problem in decoded.problems:
        check_problem(problem)
    check_experiment(decoded.experiment)
    opened = parse_link(link("https://lab.example/lab?old=1#there", decoded.experiment, decoded.other))
    assert (opened.experiment, opened.problems) == (decoded.experiment, ())
    assert set(opened.other) == set(decoded.other)


@cache
def check_experiment(experiment: Experiment) -> None:
    """An experiment is what its link opens, and the data and the server allow what becomes of it."""
    assert type(experiment) is Experiment
    check_round_trip(experiment)
    problems: list[ExperimentError] = []
    possible = session._possible(experiment, problems)  # as a session begins
    session.check(possible)
    assert (possible == experiment) is (problems == [])
    for problem in problems:
        check_problem(problem)


def check_problem(problem: ExperimentError) -> None:
    """A problem names a rule that both languages have, and is one short line in each, and by itself."""
    assert problem.rule in problem.RULES
    assert str(problem).isprintable()
    for language in LANGUAGES:
        assert f"error.{problem.rule}" in catalogue(language)
        told = formatting.error(texts(language), problem).replace(formatting.JOINER, "")
        assert told.isprintable()
        assert len(told) <= 10 * LONGEST_ECHO
        assert "<" not in told.replace("\\<", "")


def check_round_trip(experiment: Experiment) -> None:
    """A link opens exactly what it was made of, numbers of the same type among it."""
    params = encode(experiment)
    again = decode(params)
    assert again == Decoded(experiment, (), {})
    assert repr(again.experiment) == repr(experiment)
    assert encode(again.experiment) == params
    assert parse_link(link("", experiment)) == again


algorithm_values = (
    hostile_values
    | st.integers(-3, 10**7).map(str)
    | st.floats().map(str)
    | st.lists(st.floats().map(str) | st.sampled_from(NUMBERS), max_size=5).map(";".join)
    | st.sampled_from(["none", "before", "after", "mean", "y", "yes", "1;1;1", "0;" * 300, "1e50;-1e50", "1e51;1"])
)


heads = st.sampled_from(
    [f"{name}{mark}" for name in [*algorithm.READERS, "", "x", "Layer"] for mark in ":::::="] + ["layer", "values::"]
)
algorithm_texts = st.lists(st.tuples(heads, algorithm_values).map("".join), max_size=8).map(",".join)
"""What follows `algorithm=`: known and unknown names with values of every kind."""


def check_algorithm(text: str) -> None:
    """The Algorithm page looks at something that there is, or names what it cannot read."""
    decoded = algorithm.decode(text)
    assert algorithm.decode(algorithm.encode(decoded)) == decoded
    assert algorithm.unread(algorithm.encode(decoded)) == []
    for part in algorithm.unread(text):
        assert formatting.escape_markdown(plain_text(part)).replace(formatting.JOINER, "").isprintable()
    for experiment in (Experiment(), Experiment(dataset="iris", arms=("none",), depth=1, width=1)):
        fitted = algorithm.fitted(decoded, experiment, ())
        assert fitted.arm in experiment.arms
        assert 1 <= fitted.layer <= experiment.depth
        assert 1 <= fitted.unit <= experiment.width
    if decoded.values:
        typed(decoded.values, 1e-3)


@st.composite
def claims_texts(draw: Any) -> str:
    """What follows `claims=`."""
    part = st.one_of(
        st.tuples(st.just("study"), st.sampled_from([*STUDIES]) | hostile_values),
        st.tuples(st.just("seeds"), st.integers(-1, 99).map(str) | hostile_values),
        st.tuples(st.just("own"), custom_texts() | hostile_values),
        st.tuples(anything, hostile_values),
    )
    return ",".join(":".join(each) for each in draw(st.lists(part, max_size=9)))


@st.composite
def custom_texts(draw: Any) -> str:
    """A study of one's own as a link has it: measure, seeds, arms, fields with their values."""
    measure = draw(st.sampled_from([*MEASURES, "", "loss", "x" * 90]))
    seeds = draw(st.sampled_from(["1", "3", "32", "33", "0", "-1", "nan", "1.5", "", "9" * 400]))
    arms = draw(st.sampled_from(["none;before", "none", "before;none;before", "", "all", "after;none;standardized;before"]))
    axes = [f"{name}={';'.join(values)}" for name, values in draw(st.lists(axis, max_size=3))]
    return "/".join([measure, seeds, arms, *axes])


axis_names = st.sampled_from(
    [*custom.VARIED, *PASSED_ON, "arms", "seed", "seeds", "", "x", "__class__", "differences", "Depth"]
)
axis = axis_names.flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.lists(
            (VALUES[name].map(FIELDS[name].format) if name in FIELDS else st.just("1"))
            | st.sampled_from(["", "nan", "1e400", "0x1", "1_0", "9" * 400, "all", "none", "ko"]),
            max_size=4,
        ),
    )
)


def check_claims(text: str) -> None:
    """The Claims page shows studies that there are, and names what it cannot read."""
    decoded = claims.decode(text)
    assert claims.decode(claims.encode(decoded)) == decoded
    assert claims.unread(claims.encode(decoded)) == []
    for part in claims.unread(text):
        assert formatting.escape_markdown(plain_text(part)).replace(formatting.JOINER, "").isprintable()
    if decoded.study:
        STUDIES[decoded.study].with_seeds(decoded.seeds or 3)
    if decoded.custom:
        check_custom(decoded.custom)


def check_custom(text: str) -> None:
    """A custom study is one that its link opens again, or a named problem."""
    for base in (Experiment(), Experiment(dataset="iris", validation_share=0.2, samples=100)):
        try:
            study = custom.read(text, base)
        except ExperimentError as error:
            check_problem(error)
            continue
        assert isinstance(study, Study)
        assert custom.read(custom.as_text(study), base) == study


class Property(NamedTuple):
    """What is made, some at a time, what must hold of each, and how often some are made."""

    made: S[list[Any]]
    check: Callable[[Any], None]
    times: int


PROPERTIES = {
    "any parameters": Property(any_parameters.map(rotated), check_params, 1000),
    "good names, any values": Property(some_parameters.map(parted), check_params, 600),
    "damaged addresses": Property(damaged_addresses, check_address, 200),
    "any text": Property(queries.map(forms), check_address, 300),
    "experiments": Property(experiments.map(lambda one: [one]), check_round_trip, 300),
    "algorithm": Property(algorithm_texts.map(lambda one: [one]), check_algorithm, 500),
    "claims": Property(claims_texts().map(lambda one: [one]), check_claims, 300),
    "studies": Property(custom_texts().map(lambda one: [one]), check_custom, 300),
}

FEWEST = {"any parameters": 2000, "good names, any values": 1000, "damaged addresses": 4000, "any text": 3000}
"""Links of each kind at least."""


@pytest.mark.parametrize("name", PROPERTIES)
def test_whatever_a_link_says_ends_in_an_experiment_and_named_problems(name: str) -> None:
    made, check, times = PROPERTIES[name]
    seen = 0

    @settings(max_examples=times, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(made)
    def each(links: list[Any]) -> None:
        nonlocal seen
        for one in links:
            seen += 1
            check(one)

    each()
    assert seen >= FEWEST.get(name, times)


def test_there_are_ten_thousand_links() -> None:
    assert {PROPERTIES[name].check for name in FEWEST} == {check_params, check_address}
    assert sum(FEWEST.values()) >= 10_000


@pytest.mark.parametrize("text", [*NUMBERS, *TEXTS], ids=lambda text: ascii(text[:20]))
def test_each_hostile_value_under_each_name(text: str) -> None:
    for name in (*NAMES, *ODD_NAMES, text):
        check_params({name: text, "width": "9"})
    check_params(dict.fromkeys(NAMES, text))


def test_a_rule_of_studies_is_one_of_errors_in_both_languages() -> None:
    for language in LANGUAGES:
        assert {f"error.{rule}" for rule in {**ExperimentError.RULES, **StudyError.RULES}} <= set(catalogue(language))
