"""The command line: what it trains, writes, shows and refuses."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bn_lab import Experiment, __main__, train
from bn_lab.__main__ import BAR, main
from bn_lab.codegen import FRAMEWORKS, notebook, script
from bn_lab.datasets.uploads import DataChoice, Format, digest_of, id_of
from bn_lab.experiment import FIELDS
from bn_lab.files.experiments import to_json
from bn_lab.files.tables import FORMATS
from bn_lab.presets import PRESETS
from bn_lab.sharing import link
from bn_lab.studies import command
from bn_lab.studies.answers import answers
from bn_lab.studies.claims import STUDIES
from bn_lab.studies.networks import Network
from bn_lab.studies.store import Store
from bn_lab.studies.study import Question, Side, Study

LINK = link("https://lab.example/lab", Experiment(dataset="iris", depth=2, epochs=2, arms=("none",)), {"lang": "ko"})


def trained(path: Path, *options: str) -> dict[str, Any]:
    """Run the command with these options and read what it wrote."""
    assert main(["train", *options, "--json", str(path / "run.json")]) == 0
    contents: dict[str, Any] = json.loads((path / "run.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    return contents


def test_the_file_holds_the_experiment_and_every_series_of_every_seed(tmp_path: Path) -> None:
    options = "--dataset iris --epochs 20 --arms none,before --seed 0 --seeds 8"
    contents = trained(tmp_path, *options.split())
    experiment = Experiment(dataset="iris", epochs=20, arms=("none", "before"), seed=0, seeds=8)
    history = train(experiment)
    assert contents["experiment"] == json.loads(json.dumps(asdict(experiment)))
    assert Experiment(**contents["experiment"]) == experiment
    assert list(contents["arms"]) == ["none", "before"]
    assert contents["diverged"] == []
    assert history.train_accuracy is not None
    for a, arm in enumerate(experiment.arms):
        assert contents["arms"][arm] == {
            "train_loss": history.train_loss[a].tolist(),
            "train_accuracy": history.train_accuracy[a].tolist(),
        }
        assert np.shape(contents["arms"][arm]["train_loss"]) == (8, 20)


def test_validation_is_written_where_there_is_some(tmp_path: Path) -> None:
    contents = trained(tmp_path, "--epochs", "2", "--validation-share", "0.2")
    history = train(Experiment(epochs=2, validation_share=0.2))
    assert history.validation_loss is not None
    assert set(contents["arms"]["none"]) == {"train_loss", "validation_loss"}
    assert contents["arms"]["before"]["validation_loss"] == history.validation_loss[1].tolist()


def test_a_diverged_network_has_no_numbers_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contents = trained(tmp_path, "--optimizer", "sgd", "--learning_rate", "10", "--arms", "none", "--epochs", "3")
    (losses,) = contents["arms"]["none"]["train_loss"]
    (divergence,) = contents["diverged"]
    assert losses[divergence["epoch"] - 1 :] == [None] * (len(losses) - divergence["epoch"] + 1)
    assert (divergence["arm"], divergence["seed"]) == ("none", 0)
    printed = capsys.readouterr().out
    assert divergence["layer"] == 4  # of three hidden layers and the output
    assert f"none, seed 0: diverged in epoch {divergence['epoch']}, the output layer grew first" in printed


def test_a_link_is_trained(tmp_path: Path) -> None:
    contents = trained(tmp_path, "--link", LINK)
    assert Experiment(**contents["experiment"]) == Experiment(dataset="iris", depth=2, epochs=2, arms=("none",))


def test_options_override_the_link(tmp_path: Path) -> None:
    contents = trained(tmp_path, "--link", LINK, "--depth", "1", "--width", "4", "--samples", "60")
    assert Experiment(**contents["experiment"]) == Experiment(
        dataset="iris", depth=1, width=4, epochs=2, arms=("none",), samples=60
    )


def test_an_option_can_put_the_default_back(tmp_path: Path) -> None:
    address = link("", Experiment(dataset="iris", samples=50, seeds=2, epochs=1))
    contents = trained(tmp_path, "--link", address, "--samples", "all", "--seeds", "1")
    assert Experiment(**contents["experiment"]) == Experiment(dataset="iris", epochs=1)


@pytest.mark.parametrize("mark", ["-", "_"])
def test_fields_are_spelled_with_hyphens_or_underscores(tmp_path: Path, mark: str) -> None:
    values = {"dataset": "iris", "epochs": "1", "bn_momentum": "0.9", "batch_size": "16", "weight_std": "1e-2", "l2": "0"}
    options = [part for name, text in values.items() for part in (f"--{name.replace('_', mark)}", text)]
    contents = trained(tmp_path, *options)
    assert Experiment(**contents["experiment"]) == Experiment(
        dataset="iris", epochs=1, bn_momentum=0.9, batch_size=16, weight_std=0.01, l2=0.0
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--depth 99", ("depth", "between 1 and 12", "99")),
        ("--activation selu", ("activation", "one of swish, relu", "selu")),
        ("--arms none,beside", ("arms", "different names of none", "beside")),
        ("--epochs 2.5", ("epochs", "whole number", "2.5")),
        ("--epsilon nan", ("epsilon", "finite number", "nan")),
        ("--dataset iris --samples 151", ("samples", "at most 150", "151")),
        ("--link ?depth=99", ("depth", "between 1 and 12", "99")),
        ("--link ?wdith=8", ("wdith", "not a setting")),
    ],
)
def test_a_bad_value_is_named_with_its_rule(capsys: pytest.CaptureFixture[str], options: str, words: tuple[str, ...]) -> None:
    assert main(["train", *options.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert "Traceback" not in printed.err
    assert all(word in printed.err for word in words)


def test_a_preset_is_trained_with_what_is_given_besides(tmp_path: Path) -> None:
    contents = trained(tmp_path, "--preset", "lesson_iris", "--epochs", "2")
    assert Experiment(**contents["experiment"]) == replace(PRESETS["lesson_iris"].experiment, epochs=2)


def test_a_preset_and_a_link_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["train", "--preset", "lesson", "--link", LINK])
    assert refused.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_program_is_printed(capsys: pytest.CaptureFixture[str], framework: str) -> None:
    options = ["code", "--framework", framework, "--link", LINK, "--bn-momentum", "0.9"]
    experiment = Experiment(dataset="iris", depth=2, epochs=2, arms=("none",), bn_momentum=0.9)
    assert main(options) == 0
    assert capsys.readouterr().out == script(experiment, framework)
    assert main([*options, "--notebook"]) == 0
    assert capsys.readouterr().out == notebook(experiment, framework)


def test_a_program_names_the_command_that_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    first = script(PRESETS["few_digits"].experiment, "keras")
    command_line = re.search(r"python -m bn_lab (code .*?)\n\"\"\"", first, re.DOTALL)
    assert command_line
    assert main(command_line[1].replace("\\\n", " ").split()) == 0
    assert capsys.readouterr().out == first


def test_presets_are_listed_with_their_questions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["code", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(PRESETS)
    assert all(line.endswith("?") for line in lines)


def test_a_program_for_more_samples_than_there_are_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["code", "--framework", "keras", "--dataset", "iris", "--samples", "151"]) == 2
    assert "samples must be at most 150 for iris" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["train", "--colour", "red"], ["paint"], [], ["train", "--depth"]])
def test_an_unknown_option_or_command_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2
    assert "usage: python -m bn_lab" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_an_error_not_a_crash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "nowhere" / "run.json"
    assert main(["train", "--dataset", "iris", "--epochs", "1", "--json", str(missing)]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_what_each_arm_has_reached_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["train", "--dataset", "iris", "--epochs", "1", "--arms", "none,before,after", "--validation-share", "0.2"]) == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["none", "before", "after"]
    loss = train(Experiment(dataset="iris", epochs=1, arms=("none",), validation_share=0.2)).train_loss[0, 0, 0]
    assert f"training loss {loss:.4g}" in lines[0]
    assert all("inference mode" in line and "validation loss" in line for line in lines)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_a_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["train", "--dataset", "iris", "--epochs", "60"]) == 0
    bars = terminal.getvalue().split("\r")[1:]
    assert len(bars) == BAR + 1, "a line for every character that the bar grows, not for every epoch"
    assert all(len(bar.split(" ")[0]) == BAR for bar in bars)
    assert bars[0].startswith("░" * BAR + " epoch 1 of 60")
    assert bars[-1].startswith("█" * BAR + " epoch 60 of 60")
    assert terminal.getvalue().endswith("\n")


def test_a_pipe_sees_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--dataset", "iris", "--epochs", "1"]) == 0
    assert capsys.readouterr().err == ""


def test_every_field_is_an_option_with_its_values_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as over:
        main(["train", "--help"])
    assert over.value.code == 0
    printed = " ".join(capsys.readouterr().out.split())
    for name, field in FIELDS.items():
        assert f"--{name} " in printed
        assert f"default: {field.format(field.default)}" in printed
        assert all(option in printed for option in field.options)


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter, as a user starts it."""
    root = Path(__main__.__file__).parents[1]
    return subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, text=True, timeout=60, check=False)


def test_help_does_not_wait_for_torch() -> None:
    done = python("-X", "importtime", "-m", "bn_lab", "--help")
    assert done.returncode == 0
    assert "train" in done.stdout
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "bn_lab.experiment" in imported
    assert not imported & {"torch", "pandas", "numpy", "streamlit", "plotly"}


@pytest.mark.processes
def test_the_library_imports_torch_only_to_train() -> None:
    script = """
import sys
from bn_lab import Experiment, ExperimentError
assert "torch" not in sys.modules
from bn_lab import train
assert "torch" in sys.modules
history = train(Experiment(dataset="iris", epochs=2))
print(history.series("before", "accuracy").shape)
"""
    done = python("-W", "error", "-c", script)
    assert (done.stdout, done.stderr, done.returncode) == ("(1, 2)\n", "", 0)


def test_an_unknown_name_of_the_library_is_an_attribute_error() -> None:
    import bn_lab

    with pytest.raises(AttributeError, match="nothing"):
        _ = bn_lab.nothing


def listing(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_studies_are_listed_with_the_number_of_their_networks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "--list"]) == 0
    lines = listing(capsys)
    assert [line.split()[0] for line in lines] == list(STUDIES)
    assert all(f" {len(study.networks)} networks" in line for line, study in zip(lines, STUDIES.values(), strict=True))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("colours", ("no study colours", "initialization")),
        ("depth --seeds 99", ("seeds", "between 1 and 32", "99")),
        ("depth --seeds 1 --cluster nonsense://x", ("cluster", "nonsense://x")),
    ],
)
def test_a_study_that_cannot_be_is_an_error(capsys: pytest.CaptureFixture[str], options: str, words: tuple[str, ...]) -> None:
    assert main(["study", *options.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert all(word in printed.err for word in words)


def test_a_number_of_workers_that_cannot_be_is_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BN_LAB_STUDY_WORKERS", "none")
    assert main(["study", "depth", "--seeds", "1"]) == 2
    assert "BN_LAB_STUDY_WORKERS" in capsys.readouterr().err


@pytest.mark.parametrize("device", ["gpu", "cuda:999", "", "meta"])
def test_a_device_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str], device: str) -> None:
    assert main(["train", "--epochs", "1", "--device", device]) == 2
    assert capsys.readouterr().err.startswith("error: device must be one of cpu")


def test_a_study_needs_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["study"])
    assert refused.value.code == 2
    assert "--list" in capsys.readouterr().err


SMALL = Study(
    "small",
    Experiment(dataset="iris", depth=1, epochs=3, seeds=6),
    (("samples", (100, 151)),),
    questions=(
        Question("q", "train_loss", Side("before", {"samples": 100}), Side("none", {"samples": 100}), 0.1),
        Question("missing", "train_loss", Side("before", {"samples": 151}), Side("none", {"samples": 151}), 0.1),
    ),
)
"""Half of its networks ask for more samples than there are."""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study that is computed by threads instead of processes, which takes no time."""
    monkeypatch.setattr(command, "STUDIES", {"small": SMALL})
    monkeypatch.setattr(command, "executor", lambda address: ThreadPoolExecutor(1))
    return SMALL


def test_verdicts_and_failures_are_told_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str], small: Study) -> None:
    assert main(["study", "small", "--out", str(tmp_path)]) == 1
    lines = listing(capsys)
    contents = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    results = Store(tmp_path).load(small.networks)
    (_, verdict), (_, missing) = answers(small, results)
    assert verdict is not None
    assert missing is None
    assert lines[0].startswith(f"q: {verdict.outcome}, median difference {verdict.median:+.1%}")
    assert lines[0].endswith("6 pairs")
    assert lines[1] == "missing: no verdict, networks are missing"
    assert all("at most 150" in line for line in lines[2:])
    assert contents["questions"][0]["verdict"] == json.loads(json.dumps(asdict(verdict)))
    assert contents["questions"][1]["verdict"] is None
    assert (contents["state"], contents["networks"]) == ("done", {"done": 12, "total": 24})
    failed = [Network(Experiment(**each)) for failure in contents["failures"] for each in failure["experiments"]]
    assert {network.key for network in failed} | set(results) == {network.key for network in small.networks}


def test_what_a_study_cannot_go_on_with_is_told_and_trained_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], small: Study
) -> None:
    arguments = ["study", "small", "--out", str(tmp_path)]
    assert main(arguments) == 1
    before = Store(tmp_path).load(small.networks)
    assert capsys.readouterr().err == ""
    cut, short, altered = (tmp_path / f"{key}.json" for key in [*before][:3])
    cut.write_text(cut.read_text(encoding="utf-8")[:200], encoding="utf-8")
    short.write_text("", encoding="utf-8")
    altered.write_text(altered.read_text(encoding="utf-8").replace('"diverged": 0', '"diverged": 2'), encoding="utf-8")
    assert main(arguments) == 1
    (printed,) = capsys.readouterr().err.splitlines()
    assert printed.startswith(f"{tmp_path}: 3 records cannot be used, and their networks are trained again: ")
    assert "2 cut off" in printed
    assert "1 altered" in printed
    after = Store(tmp_path).load(small.networks)
    assert {key: [*each.train_loss] for key, each in after.items()} == {key: [*each.train_loss] for key, each in before.items()}


def test_a_full_disk_is_told_with_what_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], small: Study
) -> None:
    left = iter(range(5))

    def fsync(file: int) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr("bn_lab.studies.store.os.fsync", fsync)
        assert main(["study", "small", "--out", str(tmp_path)]) == 2
    error, note = capsys.readouterr().err.splitlines()
    assert error.startswith("error: [Errno 28] No space left on device: ")
    assert error.endswith(".json'")
    assert note == f"5 of 24 networks are in {tmp_path}; the same command goes on from there"
    assert len(records(tmp_path)) == 5
    assert main(["study", "small", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == ""
    assert len(records(tmp_path)) == 12


def test_a_study_shows_its_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch, small: Study) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["study", "small", "--seeds", "2"]) == 1
    last = terminal.getvalue().split("\r")[-1]
    assert last.startswith("█" * BAR + " 4 of 8 networks")
    assert last.endswith("\n")


def records(folder: Path) -> dict[str, tuple[int, str]]:
    """When each record was written, and what it says."""
    return {
        path.name: (path.stat().st_mtime_ns, path.read_text(encoding="utf-8"))
        for path in folder.glob("*.json")
        if path.name != "study.json"
    }


INTERRUPTED = """
import os, signal, sys, threading
from bn_lab.__main__ import main
from bn_lab.studies.job import Job
from bn_lab.studies.store import Store

signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
save, cancel, pressed, heeded = Store.save, Job.cancel, threading.Event(), threading.Event()

def saved(self, network, outcome):
    save(self, network, outcome)
    if not pressed.is_set():
        pressed.set()
        os.killpg(0, signal.SIGINT)  # as a terminal does: to the program and its workers
        assert heeded.wait(60)

def cancelled(self):
    cancel(self)
    heeded.set()

Store.save, Job.cancel = saved, cancelled
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""
"""The command line, at which somebody presses Ctrl-C when the first record is written: however quick the rest would be."""


@pytest.mark.processes
@pytest.mark.skipif(os.name != "posix", reason="sends the signal of Ctrl-C to a group of processes")
def test_an_interrupted_study_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["study", "placement", "--seeds", "1", "--out", str(tmp_path)]  # many stacks, each a quick one
    networks = STUDIES["placement"].with_seeds(1).networks
    run = [sys.executable, "-W", "error", "-c", INTERRUPTED, *arguments]
    root = Path(__main__.__file__).parents[1]
    with subprocess.Popen(run, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as first:
        _, err = first.communicate(timeout=60)
    assert (first.returncode, err) == (130, b"")
    before = records(tmp_path)
    assert 0 < len(before) < len(networks)
    assert json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))["state"] == "cancelled"
    half = tmp_path / "half.json"
    half.write_text("{", encoding="utf-8")

    monkeypatch.setattr(command, "executor", lambda address: ThreadPoolExecutor(1))  # no new processes are waited for
    assert main(arguments) == 0
    after = records(tmp_path)
    assert {f"{network.key}.json" for network in networks} | {"half.json"} == set(after)
    assert all(after[name] == record for name, record in before.items()), "none was trained again"

    monkeypatch.setattr(command, "executor", lambda address: pytest.fail("nothing is left to train"))
    assert main(arguments) == 0
    assert records(tmp_path) == after


def test_tables_and_weights_are_written_and_an_experiment_is_read(tmp_path: Path) -> None:
    experiment = Experiment(dataset="iris", epochs=2, depth=2, seed=3)
    (tmp_path / "iris.json").write_text(to_json(experiment), encoding="utf-8")
    options = ["--weights", str(tmp_path / "weights")]
    for ending in FORMATS:
        options += [f"--{ending}", str(tmp_path / f"a.{ending}")]
    contents = trained(tmp_path, "--experiment", str(tmp_path / "iris.json"), *options)
    assert Experiment(**contents["experiment"]) == experiment
    for frame in (pd.read_csv(tmp_path / "a.csv"), pd.read_parquet(tmp_path / "a.parquet")):
        assert frame.train_loss.tolist() == [
            *contents["arms"]["none"]["train_loss"][0],
            *contents["arms"]["before"]["train_loss"][0],
        ]
    names = {path.name for path in (tmp_path / "weights").iterdir()}
    assert names == {"iris-none-seed3.safetensors", "iris-before-seed3.safetensors"}


def test_a_file_that_is_no_experiment_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "iris.json").write_text("{}", encoding="utf-8")
    assert main(["train", "--experiment", str(tmp_path / "iris.json")]) == 2
    assert "format" in capsys.readouterr().err


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file that is not read right by itself."""
    path = tmp_path / "table of mine.csv"
    lines = [f"{k % 7}:{-200 if k % 5 == 4 else k * k}:{'ab'[k % 2]}:{k}" for k in range(40)]
    path.write_text("a title\nx:größe:c:no\n" + "\n".join(lines) + "\nthe end, of it\n", encoding="cp1252")
    return path


SAID = ("--encoding", "cp1252", "--delimiter", ":", "--above", "1", "--below", "1", "--missing-value=-200")


def test_a_file_is_trained_as_it_is_said_to_be_written(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--file", str(table), "--target", "größe", "--without", "no", *SAID, "--categorical", "1", "--epochs", "2")
    contents = trained(tmp_path, *options)
    asked = Format(encoding="cp1252", delimiter=":", above=1, below=1, missing=("-200",), kinds=((0, "categorical"),))
    digest = digest_of(table.read_bytes())
    assert contents["experiment"]["dataset"] == id_of(digest, DataChoice(1, "regression", "dropped", (3,), asked))
    printed = capsys.readouterr().err
    size, how, what = "40 rows, 4 columns", "separated by ':'", "regression of größe from 9 inputs"
    assert all(words in printed for words in ("table of mine.csv", size, how, what, "32 samples")), printed
    address = link("https://lab.example/", Experiment(dataset=contents["experiment"]["dataset"], epochs=2))
    assert trained(tmp_path, "--link", address, "--file", str(table))["arms"] == contents["arms"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--target nothing", ("target", "name of a column", "nothing")),
        ("--target 9", ("target", "from 1 to 4", "9")),
        ("--target c --task regression", ("task", "classification", "regression")),
        ("--without x,zz", ("without", "zz")),
        ("--header maybe", ("header", "yes or no", "maybe")),
        ("--sheet 2", ("sheet", "2")),
        ("--above 5000", ("above", "1000", "5000")),
        ("--numeric zz", ("numeric", "zz")),
        ("--dataset own-0123456789abcdef-1-regression-dropped", ("hash", "0123456789abcdef")),
    ],
)
def test_what_does_not_fit_a_file_is_named(
    table: Path, capsys: pytest.CaptureFixture[str], options: str, words: tuple[str, ...]
) -> None:
    assert main(["train", "--file", str(table), *SAID, *options.split()]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert len(printed.splitlines()) == 1
    assert all(word in printed for word in words), printed


@pytest.mark.parametrize("options", [("--target", "x"), ("--dataset", "own-0123456789abcdef-1-regression-dropped")])
def test_what_is_said_about_a_file_needs_one(capsys: pytest.CaptureFixture[str], options: tuple[str, ...]) -> None:
    assert main(["train", *options]) == 2
    assert "file must be given" in capsys.readouterr().err


def test_a_program_for_a_file_is_printed(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["code", "--framework", "pytorch", "--file", str(table), *SAID, "--target", "c"]) == 0
    printed = capsys.readouterr().out
    assert "your-file.csv" in printed
    assert 'encoding="cp1252"' in printed
    compile(printed, "program.py", "exec")
