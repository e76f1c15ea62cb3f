"""Programs reproduce the lab: the same weights and batches give the training losses that the lab records."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bn_lab.codegen import notebook, script
from bn_lab.experiment import Experiment

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.keras
def test_the_pytorch_script_prints_the_losses_of_the_lab(
    experiment: Experiment, run: Callable[..., str], agree: Callable[[str, Experiment], bool]
) -> None:
    assert agree(run(experiment, "pytorch"), experiment)


@pytest.mark.keras
def test_the_keras_script_prints_the_losses_of_the_lab(
    experiment: Experiment, run: Callable[..., str], agree: Callable[[str, Experiment], bool]
) -> None:
    assert agree(run(experiment, "keras"), experiment)


@pytest.mark.processes
def test_a_script_needs_nothing_of_the_lab(tmp_path: Path, agree: Callable[[str, Experiment], bool]) -> None:
    experiment = Experiment(dataset="iris", epochs=2)
    path = tmp_path / "script.py"
    path.write_text(script(experiment, "pytorch"), encoding="utf-8")
    command = [sys.executable, "-W", "error", str(path), str(ROOT / "data" / "iris.csv")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert agree(done.stdout, experiment)


def test_the_cells_of_a_notebook_run_in_a_row(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    agree: Callable[[str, Experiment], bool],
) -> None:
    experiment = Experiment(dataset="iris", epochs=2)
    cells = json.loads(notebook(experiment, "pytorch"))["cells"]
    path = tmp_path / "cells.py"
    path.write_text("\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code"), encoding="utf-8")
    monkeypatch.chdir(ROOT)
    runpy.run_path(str(path))
    assert agree(capsys.readouterr().out, experiment)
