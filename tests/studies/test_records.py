"""Records: what is read is what was written, what is none is refused, tables hold every number."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bn_lab.engine.outcome import PROBES, Outcome
from bn_lab.experiment import Experiment, Schedule
from bn_lab.studies.networks import portions
from bn_lab.studies.records import checksum, from_record, to_csv, to_json, to_record
from bn_lab.studies.study import Study, StudyError

BASE = Experiment(dataset="iris", depth=1, width=4, epochs=3, validation_share=0.2, seeds=2)


def trained(study: Study) -> dict[str, Outcome]:
    return {
        network.key: outcome
        for portion in portions(study.networks, study.probes)
        for network, outcome in zip(portion.networks, portion.train(), strict=True)
    }


@pytest.fixture(scope="module")
def study() -> Study:
    return Study("small", BASE, (("epsilon", (1e-6, 1e-3)),), PROBES)


@pytest.fixture(scope="module")
def results(study: Study) -> dict[str, Outcome]:
    return trained(study)


@pytest.fixture
def record(study: Study, results: dict[str, Outcome]) -> dict[str, Any]:
    network = study.networks[0]
    found: dict[str, Any] = json.loads(json.dumps(to_record(network, results[network.key]), allow_nan=False))
    return found


def signed(record: dict[str, Any]) -> dict[str, Any]:
    """With the checksum that fits."""
    return record | {"checksum": checksum(record)}


def same(a: Any, b: Any) -> bool:
    """Equal to the last bit, NaN being equal to itself, and of the same types."""
    if isinstance(a, np.ndarray):
        return bool(a.dtype == b.dtype) and np.array_equal(a, b, equal_nan=True)
    if hasattr(a, "__dataclass_fields__"):
        return type(a) is type(b) and all(same(value, getattr(b, name)) for name, value in vars(a).items())
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(value, b[name]) for name, value in a.items())
    return type(a) is type(b) and (a == b or (a != a and b != b))


def test_a_record_gives_the_outcome_back_bit_for_bit(study: Study, results: dict[str, Outcome]) -> None:
    for network in study.networks:
        text = json.dumps(to_record(network, results[network.key]), allow_nan=False)
        assert same(from_record(json.loads(text)), results[network.key])


def test_regression_has_no_accuracies() -> None:
    small = Study("small", Experiment(depth=1, epochs=2, arms=("none",)))
    (network,), (outcome,) = small.networks, trained(small).values()
    record = to_record(network, outcome)
    assert record["train_accuracy"] is record["validation_loss"] is record["smoothness"] is None
    assert same(from_record(record), outcome)


def test_schedules_are_texts_and_steps_by_their_epochs() -> None:
    schedule = Schedule(((1, 32), (2, 8)))
    base = Experiment(dataset="iris", depth=1, epochs=2, arms=("none",), batch_size=schedule, learning_rate="0.1@1,0.01@2")  # type: ignore[arg-type]
    small = Study("small", base)
    (network,), (outcome,) = small.networks, trained(small).values()
    record = json.loads(json.dumps(to_record(network, outcome), allow_nan=False))
    assert record["experiment"]["batch_size"] == "32@1,8@2"
    assert record["steps_per_epoch"] == [[1, 5], [2, 19]]
    assert same(from_record(record), outcome)
    assert json.loads(to_json(small, {network.key: outcome}))["study"]["experiment"]["learning_rate"] == "0.1@1,0.01@2"


def test_nan_is_null_and_infinity_a_word(study: Study, results: dict[str, Outcome]) -> None:
    network = study.networks[0]
    losses = np.array([1.5, np.inf, np.nan])
    outcome = replace(results[network.key], train_loss=losses, final={"a": math.inf, "b": -math.inf, "c": math.nan})
    record = json.loads(json.dumps(to_record(network, outcome), allow_nan=False))
    assert record["train_loss"] == [1.5, "Infinity", None]
    assert record["final"] == {"a": "Infinity", "b": "-Infinity", "c": None}
    assert same(from_record(record), outcome)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("format", 1, ("format", "1")),
        ("key", "0" * 20, ("key", "0" * 20)),
        ("train_loss", [1.0, 2.0], ("train_loss", "shape")),
        ("train_loss", None, ("train_loss", "shape")),
        ("train_loss", [1.0, 2.0, "nan"], ("train_loss", "nan")),
        ("train_loss", [1.0, 2.0, True], ("train_loss", "True")),
        ("train_loss", [1.0, 2.0, [3.0]], ("train_loss",)),
        ("inference_epochs", [3, 2, 1], ("inference_epochs",)),
        ("inference_epochs", [1, 2, 4], ("inference_epochs",)),
        ("diverged", -1, ("diverged",)),
        ("diverged", 1.5, ("diverged",)),
        ("seconds", "__import__('os')", ("seconds",)),
        ("seconds", 10**400, ("seconds", "finite")),
        ("steps_per_epoch", 10**400, ("steps_per_epoch",)),
        ("steps_per_epoch", [], ("steps_per_epoch",)),
        ("steps_per_epoch", [[1, 16], [1, 8]], ("steps_per_epoch",)),
        ("steps_per_epoch", [[2, 16]], ("steps_per_epoch",)),
        ("steps_per_epoch", [[1, 16], [3]], ("steps_per_epoch",)),
        ("inference_epochs", [], ("inference_epochs",)),
        ("inference_epochs", [1, 2], ("inference_epochs",)),
        ("inference_epochs", [0, 3], ("inference_epochs",)),
        ("inference_epochs", [1, 10**400], ("inference_epochs",)),
        ("final", [], ("final",)),
        ("smoothness", {}, ("smoothness", "beta")),
        ("smoothness", {"steps": [0]}, ("smoothness",)),
        ("experiment", {"depth": 99}, ("experiment",)),
    ],
)
def test_what_does_not_fit_is_refused(record: dict[str, Any], name: str, value: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(StudyError) as refused:
        from_record(signed(record | {name: value}))
    assert all(word in str(refused.value) for word in words)


@pytest.mark.parametrize(("name", "value"), [("depth", 99), ("seeds", 2), ("colour", "red"), ("arms", ["none", "before"])])
def test_an_experiment_that_cannot_be_is_refused(record: dict[str, Any], name: str, value: Any) -> None:
    with pytest.raises(StudyError) as refused:
        from_record(signed(record | {"experiment": record["experiment"] | {name: value}}))
    assert refused.value.field != "checksum"


@pytest.mark.parametrize("steps", [[0, 10**400], [0, 2**63], "steps", {"0": 1}, [None]])
def test_steps_that_no_training_has_are_refused(record: dict[str, Any], steps: Any) -> None:
    with pytest.raises(StudyError, match=r"steps|smoothness|loss_low"):
        from_record(signed(record | {"smoothness": record["smoothness"] | {"steps": steps}}))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a record there is a number, a text or nothing."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for name, each in inner:
            yield from leaves(each, (*path, name))
    else:
        yield path


def test_whatever_is_altered_in_a_record_it_is_refused(record: dict[str, Any]) -> None:
    text = json.dumps(record)
    for *path, last in leaves(record):
        altered = json.loads(text)
        place = altered
        for name in path:
            place = place[name]
        place[last] = place[last] + 1 if isinstance(place[last], int | float) else "altered"
        with pytest.raises(StudyError) as refused:
            from_record(altered)
        assert refused.value.field == ("format" if last == "format" else "checksum")


def test_the_checksum_is_of_what_a_record_says_and_not_of_how_it_is_written(record: dict[str, Any]) -> None:
    turned = json.loads(json.dumps(dict(reversed(record.items())), indent=3))
    assert checksum(turned) == checksum(record) == record["checksum"]
    rest = {name: value for name, value in record.items() if name != "checksum"}
    written = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(written.encode()).hexdigest() == record["checksum"]


def test_a_record_without_checksum_is_refused(record: dict[str, Any]) -> None:
    del record["checksum"]
    with pytest.raises(StudyError, match="checksum"):
        from_record(record)


@pytest.mark.parametrize("value", [None, [], "record", 7, {}])
def test_what_is_no_record_is_refused(value: Any) -> None:
    with pytest.raises(StudyError):
        from_record(value)


def test_the_table_holds_every_number_of_every_place_of_the_grid(study: Study, results: dict[str, Outcome]) -> None:
    table = pd.read_csv(io.StringIO(to_csv(study, results)))
    assert list(table.columns[:5]) == ["key", "epsilon", "arm", "seed", "epoch"]
    assert len(table) == study.size * BASE.epochs
    for (key, epsilon, arm, seed), rows in table.groupby(["key", "epsilon", "arm", "seed"]):
        outcome = results[key]
        assert (outcome.experiment.arms, outcome.experiment.seed) == ((arm,), seed)
        assert outcome.experiment.epsilon == epsilon or arm == "none"
        assert rows["epoch"].tolist() == [1, 2, 3]
        for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "inference_loss"):
            assert np.array_equal(rows[name].to_numpy(), getattr(outcome, name))


def test_the_table_leaves_out_what_nobody_has_and_tells_nan_from_nothing() -> None:
    small = Study("small", Experiment(dataset="boston", depth=1, epochs=70, arms=("none",), samples=32))
    (key, outcome), *_ = trained(small).items()
    losses = outcome.train_loss.copy()
    losses[1] = np.nan
    lines = to_csv(small, {key: replace(outcome, train_loss=losses)}).splitlines()
    assert lines[0] == "key,arm,seed,epoch,train_loss,inference_loss"
    assert lines[2].split(",")[4] == "NaN"
    assert lines[65].endswith(",")  # epoch 65 is not evaluated
    assert not lines[66].endswith(",")


def test_the_file_for_other_programs_has_each_network_once(study: Study, results: dict[str, Outcome]) -> None:
    found = json.loads(to_json(study, results), parse_constant=pytest.fail)
    assert found["study"]["axes"] == {"epsilon": [1e-6, 1e-3]}
    assert Experiment(**found["study"]["experiment"]) == study.base
    assert [each["key"] for each in found["networks"]] == [network.key for network in study.networks]
    assert all(same(from_record(each), results[each["key"]]) for each in found["networks"])
