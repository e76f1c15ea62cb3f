"""The programs that are measured must do the same training; and the command that measures them must run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import native
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.before import before
from benchmarks.engine import with_seeds
from benchmarks.measure import Goal, Row, interleave, ratios
from benchmarks.plain import Plain
from benchmarks.settings import Settings
from bn_lab.datasets import Table, load
from bn_lab.engine.run import Run
from bn_lab.experiment import Experiment

EPOCHS = 5


def trained(experiment: Experiment, table: Table | None = None) -> Run:
    run = Run(experiment, table=table)
    while not run.finished:
        run.finish_epoch()
    return run


@pytest.mark.parametrize("dataset", ["boston", "iris"])
def test_the_plain_loop_reaches_the_same_losses(dataset: str) -> None:
    # With SGD; torch's RMSprop has its epsilon at another place.
    rate = {"boston": 1e-4, "iris": 0.01}[dataset]
    experiment = Experiment(dataset=dataset, shuffle="never", optimizer="sgd", learning_rate=rate, epochs=EPOCHS)
    table = load(dataset)
    table = replace(table, features=(table.features - table.features.mean(axis=0)) / table.features.std(axis=0))
    run = trained(experiment, table)
    for a, arm in enumerate(experiment.arms):
        plain = Plain(experiment, arm, table)
        plain.adopt(Run(experiment, table=table), a)
        plain.time(EPOCHS)
        expected = run.history().series(arm, "loss")
        assert expected is not None
        np.testing.assert_allclose(plain.losses, expected[0], rtol=1e-4)


@pytest.mark.parametrize("variant", list(native.VARIANTS))
def test_c_reaches_the_same_losses_and_moving_statistics(variant: str) -> None:
    try:
        native.compiler()
    except native.NoCompilerError as missing:
        pytest.skip(str(missing))
    experiment = Experiment(shuffle="never", arms=("before",), epochs=EPOCHS, epsilon=1e-6)
    program = native.Native(experiment, load("boston"), Run(experiment), 0, 0, variant)
    run = trained(experiment)
    expected = run.history().series("before", "loss")
    assert expected is not None
    np.testing.assert_allclose(program.train(EPOCHS), expected[0], rtol=1e-4)
    for name, values in zip(("mean", "variance"), program.statistics(), strict=True):
        for k in range(experiment.depth):
            np.testing.assert_allclose(values[k], run.weights()[f"{name}.{k}"], rtol=1e-3, atol=1e-5)


def test_a_cohort_may_be_larger_than_a_page_allows() -> None:
    assert Run(with_seeds(Experiment(arms=("before",), epochs=1), 40)).stack.networks == 40


def test_turns_alternate_and_the_first_round_is_not_counted() -> None:
    order: list[str] = []

    def turn(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = interleave({"a": lambda: turn("a"), "b": lambda: turn("b")}, pairs=2)
    assert order == ["a", "b", "b", "a", "a", "b"] or order == ["b", "a", "a", "b", "b", "a"]
    assert [len(costs) for costs in found.values()] == [2, 2]
    assert ratios([2, 9], [1, 3]) == [2, 3]


def test_a_row_knows_whether_its_goal_is_met() -> None:
    verdicts = [Row("w", "a", "×", values, Goal("≥", 7)).verdict for values in ([6, 7, 8], [6, 6.9, 8], [])]
    assert verdicts == ["met", "missed", "skipped"]


def test_the_command_prints_a_table_and_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["networks", "--quick", "--repeats", "1", "--json", str(tmp_path / "found.json")])
    assert "networks of one stack" in capsys.readouterr().out
    assert list(json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["results"]) == ["networks"]
    assert all(function.__doc__ for function in BENCHMARKS.values())


def test_a_benchmark_without_its_opponent_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("BN_LAB_KERAS_PYTHON", raising=False)
    monkeypatch.setenv("BN_LAB_CHROMIUM", "")
    main(["lesson", "--quick", "--repeats", "1"])
    assert "skipped: no Keras" in capsys.readouterr().out


@pytest.mark.processes
def test_another_checkout_takes_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(__file__).parents[2]
    checkout = tmp_path / "earlier"
    checkout.mkdir()
    for name in ("benchmarks", "bn_lab", "data"):
        (checkout / name).symlink_to(root / name)
    main(["networks", "--quick", "--repeats", "1", "--base", str(checkout)])
    assert "networks of one stack (earlier)" in capsys.readouterr().out


def test_a_benchmark_that_another_checkout_lacks_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "benchmarks").mkdir()
    (row,) = before(tmp_path, "networks", Settings(repeats=1, quick=True))
    assert isinstance(row, Row)
    assert row.verdict == "skipped"
