"""Programs reproduce the lab: the same weights and batches give the training losses that the lab records."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bn_lab.codegen import notebook, script
from bn_lab.experiment import Experiment

ROOT = Path(__file__).resolve().parents[2]

ENOUGH = 1e-3
"""Relative difference that rounding may make within the epochs that are compared."""


def test_the_pytorch_script_prints_the_losses_of_the_lab(
    experiment: Experiment, run: Callable[..., str], difference: Callable[[str, Experiment], float]
) -> None:
    assert difference(run(experiment, "pytorch"), experiment) < ENOUGH


def test_the_keras_script_prints_the_losses_of_the_lab(
    experiment: Experiment, run: Callable[..., str], difference: Callable[[str, Experiment], float]
) -> None:
    pytest.importorskip("keras")
    assert difference(run(experiment, "keras"), experiment) < ENOUGH
