"""Keras in its own environment: a process that fits when it is told to (`keras_worker.py`)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from benchmarks.settings import say
from bn_lab.datasets import load
from bn_lab.experiment import Experiment

WORKER = Path(__file__).with_name("keras_worker.py")


class KerasMissingError(RuntimeError):
    """There is no Keras to compare with."""


class Keras:
    """The models of an experiment in a process of Keras; a context manager that ends it.

    Attributes:
        versions: what runs there.

    Raises:
        KerasMissingError: if the interpreter is not there or cannot import Keras.
    """

    def __init__(self, python: Path | None, experiment: Experiment, arms: Sequence[str]) -> None:
        if python is None or not python.exists():
            raise KerasMissingError("no Keras: see README.md on how to make its environment")
        self.arms = list(arms)
        self.process = subprocess.Popen(
            [str(python), str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        table = load(experiment.dataset)
        order = {
            "features": table.features.tolist(),
            "targets": table.target.tolist(),
            "arms": self.arms,
            "depth": experiment.depth,
            "width": experiment.width,
            "epsilon": experiment.epsilon,
            "batch_size": experiment.batch_size,
        }
        say("starting Keras")
        try:
            self.versions = str(self._ask(order)["versions"])
        except (OSError, ValueError) as error:
            self.close()
            raise KerasMissingError(f"{python} cannot import keras with tensorflow") from error

    def _ask(self, order: object) -> dict[str, object]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        reply: dict[str, object] = json.loads(self.process.stdout.readline())
        return reply

    def time(self, epochs: int) -> float:
        """Fit every arm for some epochs; seconds a step of all arms together."""
        return float(str(self._ask({"epochs": epochs})["seconds_per_step"]))

    def close(self) -> None:
        """End the process."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Keras:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
