"""Records: what is read is what was written, what is none is refused, tables hold every number."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bn_lab.engine.outcome import PROBES, Outcome
from bn_lab.experiment import Experiment
from bn_lab.studies.cohorts import cohorts
from bn_lab.studies.records import Store, from_record, to_csv, to_json, to_record
from bn_lab.studies.study import Study, StudyError

BASE = Experiment(dataset="iris", depth=1, width=4, epochs=3, validation_share=0.2, seeds=2)


def trained(study: Study) -> dict[str, Outcome]:
    return {
        network.key: outcome
        for cohort in cohorts(study.networks, study.probes)
        for network, outcome in zip(cohort.networks, cohort.train(), strict=True)
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
        ("format", 2, ("format", "2")),
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
        ("final", [], ("final",)),
        ("smoothness", {}, ("smoothness", "beta")),
        ("smoothness", {"steps": [0]}, ("smoothness",)),
        ("experiment", {"depth": 99}, ("experiment",)),
    ],
)
def test_what_does_not_fit_is_refused(record: dict[str, Any], name: str, value: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(StudyError) as refused:
        from_record(record | {name: value})
    assert all(word in str(refused.value) for word in words)


@pytest.mark.parametrize(("name", "value"), [("depth", 99), ("seeds", 2), ("colour", "red"), ("arms", ["none", "before"])])
def test_an_experiment_that_cannot_be_is_refused(record: dict[str, Any], name: str, value: Any) -> None:
    with pytest.raises(StudyError):
        from_record(record | {"experiment": record["experiment"] | {name: value}})


@pytest.mark.parametrize("value", [None, [], "record", 7, {}])
def test_what_is_no_record_is_refused(value: Any) -> None:
    with pytest.raises(StudyError):
        from_record(value)


def test_a_folder_gives_back_what_was_saved_in_it(tmp_path: Path, study: Study, results: dict[str, Outcome]) -> None:
    store = Store(tmp_path / "a" / "b")
    for network in study.networks[:3]:
        store.save(network, results[network.key])
    found = store.load(study.networks)
    assert list(found) == [network.key for network in study.networks[:3]]
    assert all(same(outcome, results[key]) for key, outcome in found.items())
    assert store.skipped == 0
    assert {path.name for path in store.folder.iterdir()} == {f"{key}.json" for key in found}


def test_broken_and_foreign_files_are_skipped_and_counted(tmp_path: Path, study: Study, results: dict[str, Outcome]) -> None:
    store, networks = Store(tmp_path), study.networks
    for network in networks:
        store.save(network, results[network.key])
    half, other, binary, deep, constant = (tmp_path / f"{network.key}.json" for network in networks[:5])
    half.write_text(half.read_text(encoding="utf-8")[:100], encoding="utf-8")
    other.write_text((tmp_path / f"{networks[5].key}.json").read_text(encoding="utf-8"), encoding="utf-8")
    binary.write_bytes(b"\xff\x00")
    deep.write_text("[" * 100_000, encoding="utf-8")
    text = constant.read_text(encoding="utf-8")
    constant.write_text(text.replace('"diverged": 0', '"diverged": NaN'), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    assert set(store.load(networks)) == {network.key for network in networks[5:]}
    assert store.skipped == 5


def test_a_record_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, study: Study, results: dict[str, Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, network = Store(tmp_path), study.networks[0]
    store.save(network, results[network.key])

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no space"):
        store.save(network, replace(results[network.key], seconds=99.0))
    assert [path.name for path in tmp_path.iterdir()] == [f"{network.key}.json"]
    assert store.load([network])[network.key].seconds == results[network.key].seconds


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
