"""What the page's process needs of the engine comes without torch: records, estimates, summaries, and plans of studies."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bn_lab.engine.anatomy import folded, placements, random_batches, rescaled, statistics, subject, three_ways
from bn_lab.engine.outcome import PROBES
from bn_lab.engine.run import Run
from bn_lab.engine.summary import findings, summaries
from bn_lab.engine.trial import train_stack
from bn_lab.experiment import Experiment

MODULES = [
    "bn_lab.engine.anatomy",
    "bn_lab.engine.boundary",
    "bn_lab.engine.cost",
    "bn_lab.engine.history",
    "bn_lab.engine.outcome",
    "bn_lab.engine.reference",
    "bn_lab.engine.summary",
    "bn_lab.studies.answers",
    "bn_lab.studies.claims",
    "bn_lab.studies.library",
    "bn_lab.studies.progress",
    "bn_lab.studies.records",
]


def stays_without_torch(program: str, *arguments: str) -> None:
    """Fails unless the program ends well in a fresh interpreter, in which there is no torch afterwards."""
    program = f"import sys\n{program}\nassert 'torch' not in sys.modules"
    found = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


@pytest.mark.processes
def test_these_modules_come_without_torch() -> None:
    one_by_one = "for module in sys.argv[1:]:\n    __import__(module)\n    assert 'torch' not in sys.modules, module"
    stays_without_torch(one_by_one, *MODULES)


@pytest.mark.processes
def test_a_study_is_planned_without_torch() -> None:
    stays_without_torch(
        "from bn_lab.studies.claims import STUDIES\n"
        "from bn_lab.studies.progress import JobProgress\n"
        "assert all(JobProgress(study, {}).plan() for study in [*STUDIES.values()][:3])"
    )


def test_a_typed_batch_is_taken_apart_without_torch() -> None:
    stays_without_torch(
        "from bn_lab.engine.anatomy.records import TypedError, typed\n"
        "subject = typed([1.0, 2.0, 4.0], 1e-3)\n"
        "assert abs(subject.forward().mean - 7 / 3) < 1e-9 > abs(subject.backward().x.sum())\n"
        "try:\n    typed([1.0], 1e-3)\nexcept TypedError as error:\n    assert error.rule == 'count'"
    )


def everything() -> list[Any]:
    """One of every record that another process may be sent."""
    experiment = Experiment(dataset="spiral", epochs=2, batch_size=100, arms=("before",), validation_share=0.2)
    run = Run(experiment)
    run.finish_epoch()
    run.step()
    history = run.history(current=True, weights=True)
    kept = history.checkpoints[-1]
    of_layer = experiment, kept, "before", 1
    return [
        history,
        run.network("before", 0),
        summaries(history),
        findings(history),
        subject(*of_layer),
        subject(*of_layer).forward(),
        statistics(experiment, history.checkpoints, "before", 1),
        three_ways(experiment, kept, "before"),
        folded(*of_layer),
        random_batches(*of_layer, 0, 0),
        random_batches(*of_layer, 0, 0).effect(1e-3),
        rescaled(*of_layer, [0.5, 2.0]),
        placements(*of_layer),
        train_stack([experiment], probes=PROBES),
    ]


def test_a_record_from_another_process_is_read_without_torch(tmp_path: Path) -> None:
    path = tmp_path / "records"
    path.write_bytes(pickle.dumps(everything()))
    stays_without_torch("import pickle\nassert len(pickle.load(open(sys.argv[1], 'rb'))) == 14", str(path))
