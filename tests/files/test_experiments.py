"""The file of an experiment opens the same experiment; any other file is told, field by field, and never runs anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab.experiment import FIELDS, Experiment
from bn_lab.files.experiments import FORMAT, LARGEST, VERSION, FileError, from_json, to_json
from bn_lab.sharing import LONGEST_ECHO, Decoded
from tests.test_sharing import experiments

IRIS = Experiment(dataset="iris", arms=("none", "after"), epsilon=1e-6, samples=60)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def written(fields: Any, **more: Any) -> bytes:
    return json.dumps({"format": FORMAT, "version": VERSION, "experiment": fields, **more}).encode()


@given(experiments)
def test_a_file_opens_the_same_experiment(experiment: Experiment) -> None:
    content = to_json(experiment).encode()
    assert from_json(content) == from_json(b"\xef\xbb\xbf" + content) == Decoded(experiment, ())
    assert len(content) < LARGEST / 3


def test_a_file_names_every_field_by_its_id() -> None:
    contents = json.loads(to_json(IRIS))
    assert (contents["format"], contents["version"]) == (FORMAT, VERSION)
    assert list(contents["experiment"]) == list(FIELDS)
    assert contents["experiment"]["arms"] == ["none", "after"]


@given(st.binary() | anything.map(lambda value: json.dumps(value).encode()))
def test_what_is_no_experiment_is_told(content: bytes) -> None:
    with pytest.raises(FileError) as caught:
        from_json(content)
    assert len(str(caught.value)) < 200


def is_json(content: str) -> bool:
    """Whether there is no number in it that JSON does not have; Python writes them."""
    names: list[str] = []
    json.loads(content, parse_constant=names.append)
    return not names


@given(st.dictionaries(st.sampled_from([*FIELDS, "x", "__class__"]), anything))
def test_what_is_wrong_is_told_and_the_rest_is_kept(fields: dict[str, Any]) -> None:
    content = json.dumps({"format": FORMAT, "version": VERSION, "experiment": fields})
    if not is_json(content):
        with pytest.raises(FileError):
            from_json(content.encode())
        return
    opened = from_json(content.encode())
    refused = [str(problem.values["field"]) for problem in opened.problems]
    assert refused == [name for name in fields if name in refused]
    assert all(len(str(problem.values["value"])) <= LONGEST_ECHO for problem in opened.problems)
    for name in set(fields) - set(refused):
        assert getattr(opened.experiment, name) == FIELDS[name].check(fields[name])


def test_a_missing_field_has_its_default_and_each_wrong_one_is_told() -> None:
    opened = from_json(written({"dataset": "iris", "depth": 99, "width": "8", "arms": ["none", "nun"], "who": 1}))
    assert opened.experiment == Experiment(dataset="iris")
    assert [(p.field, p.rule) for p in opened.problems] == [
        ("depth", "between"),
        ("width", "number"),
        ("arms", "some_of"),
        ("who", "unknown"),
    ]


def test_a_text_is_told_with_its_quotes() -> None:
    (problem,) = from_json(written({"depth": "4"})).problems
    assert str(problem) == 'depth must be a finite number, got "4"'
    with pytest.raises(FileError, match='at most, got "1"'):
        from_json(written({}, version="1"))


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b" " * (LARGEST + 1), "file_size"),
        (b"", "file_json"),
        (b"{", "file_json"),
        (b"\xff\xfe", "file_json"),
        (b"[" * 10_000, "file_json"),
        (b"1" * 10_000, "file_json"),
        (written({"depth": float("nan")}), "file_json"),
        (b"[]", "file_format"),
        (b"{}", "file_format"),
        (written([]), "file_format"),
        (written({}, format="bn-lab-study"), "file_format"),
        (written({}, format=["<b>" * 1000]), "file_format"),
        (written({}, version=VERSION + 1), "file_version"),
        (written({}, version="1"), "file_version"),
        (written({}, version=True), "file_version"),
        (written({}, version=0), "file_version"),
    ],
)
def test_a_file_that_is_something_else_breaks_a_rule_that_is_named(content: bytes, rule: str) -> None:
    with pytest.raises(FileError) as caught:
        from_json(content)
    assert caught.value.rule == rule
