"""What the command line decides for all benchmarks."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes:
        repeats: counted repeats of each measurement; the median is reported.
        quick: short turns, to see that everything runs; its numbers mean little.
        device: where the engine trains, `cpu` or `cuda`; everything it is compared with stays on the CPU.
        keras_python: the interpreter of an environment with Keras and TensorFlow, or None.
        chromium: the browser, or None.
    """

    repeats: int = 7
    quick: bool = False
    device: str = "cpu"
    keras_python: Path | None = None
    chromium: Path | None = None

    def long(self, full: int, quick: int = 1) -> int:
        """`full` of something, or `quick` of it in a quick run."""
        return quick if self.quick else full


def say(text: str) -> None:
    """Tell on standard error what is going on; the table goes to standard output."""
    print(f"… {text}", file=sys.stderr, flush=True)
