"""What the tests of programs share: experiments, running a program here, and reading what it prints."""

from __future__ import annotations

import os
import random
import re
import runpy
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bn_lab import train
from bn_lab.arms import ARMS
from bn_lab.codegen import script
from bn_lab.datasets import table_of
from bn_lab.engine.types import Array
from bn_lab.experiment import FIELDS, Experiment, Schedule
from bn_lab.presets import PRESETS

# Keras needs no second framework beside it: it runs on the torch that is here.
os.environ.setdefault("KERAS_BACKEND", "torch")

ROOT = Path(__file__).resolve().parents[2]

EPOCHS = 20
"""How many epochs are compared at most; later on rounding grows by itself."""

STEPS = 100
"""About how many steps are compared, of three epochs at least: one that is wrong shows in the first ones."""

ENOUGH = 1e-3
"""Relative difference that rounding may make within these epochs, but where it does more to the lab itself."""

LINE = re.compile(r"^seed (\d+), epoch (\d+) +(.+)$", re.MULTILINE)


def random_experiments(count: int) -> list[Experiment]:
    """Experiments that between them have every option, and every number both at its default and elsewhere."""
    dice = random.Random(20)
    single = {name: field.options for name, field in FIELDS.items() if field.kind == "choice"}
    # Every option at least once, as long as there are enough experiments.
    drawn = {name: dice.sample(([*options] * count)[:count], count) for name, options in single.items()}

    def one(i: int) -> Experiment:
        choices = {name: options[i] for name, options in drawn.items()}
        if choices["optimizer"] in ("sgd", "momentum"):  # plain gradients blow up on raw inputs
            choices["inputs"] = "standardized"
        return Experiment(
            **choices,  # type: ignore[arg-type]
            arms=tuple(dice.sample([*ARMS], dice.randint(1, 3))) if i else tuple(ARMS),
            data_noise=dice.choice([0.0, 0.1]),
            samples=None if choices["dataset"] == "iris" else dice.choice([65, 97, 113]),  # one more than full batches
            validation_share=dice.choice([0.0, 0.2]),
            depth=dice.randint(1, 4),
            width=dice.randint(3, 12),
            epsilon=dice.choice([1e-3, 1e-5]),
            bn_momentum=dice.choice([0.9, 0.99]),
            bn_noise=0.1 * (i % 2),
            learning_rate=1e-4 if choices["optimizer"] == "momentum" else 1e-3,
            batch_size=dice.choice([16, 32]),
            weight_std=0.3,
            weight_scale=dice.choice([1.0, 0.7]),
            dropout=0.2 * (i // 2 % 2),
            l2=0.01 * (i // 3 % 2),
            seed=dice.randint(0, 99),
            seeds=1 + i % 2,
        )

    return [one(i) for i in range(count)]


SAMPLE = random_experiments(10)

DRAWN = "drawn:" + ":".join(f"{x / 4 - 2:g},{x * x % 7 - 3},{x % 3 % 2}" for x in range(18))

CASES = {name: preset.experiment for name, preset in PRESETS.items()}
CASES["drawn"] = Experiment(dataset=DRAWN, optimizer="adam", learning_rate=0.01, validation_share=0.2, epochs=EPOCHS)
CASES |= {f"random {i}": experiment for i, experiment in enumerate(SAMPLE)}


def cut_down(experiment: Experiment) -> Experiment:
    """With as many epochs as are compared, and two seeds at most."""
    epochs = max(3, int(STEPS * experiment.batch_size / table_of(experiment).samples))
    return replace(experiment, epochs=min(EPOCHS, epochs, experiment.epochs), seeds=min(2, experiment.seeds))


CASES = {name: cut_down(experiment) for name, experiment in CASES.items()}
CASES |= {
    "schedules of classes": Experiment(
        dataset="iris", batch_size=Schedule(((1, 32), (4, 7), (9, 16))), learning_rate=Schedule(((1, 0.01), (5, 0.001))),
        l2=Schedule(((1, 0.0), (3, 0.1), (8, 0.01))), dropout=Schedule(((1, 0.0), (6, 0.3), (12, 0.0))), optimizer="adam",
        epochs=EPOCHS,
    ),
    "a schedule with momentum": Experiment(
        dataset="iris", inputs="standardized", optimizer="momentum", epochs=9,
        learning_rate=Schedule(((1, 0.1), (4, 0.001), (7, 0.05))),
    ),
    "a schedule of the rate": Experiment(inputs="standardized", learning_rate=Schedule(((1, 0.01), (7, 0.001))), epochs=9),
    "a schedule of batches": Experiment(
        inputs="standardized", batch_size=Schedule(((1, 64), (3, 101))), validation_share=0.2, epochs=9
    ),
}  # fmt: skip


@pytest.fixture
def cases() -> dict[str, Experiment]:
    """Each preset and each random experiment by name."""
    return CASES


@pytest.fixture(params=CASES.values(), ids=CASES)
def experiment(request: pytest.FixtureRequest) -> Experiment:
    """Each preset and each random experiment, cut down to the epochs that are compared, and to two seeds."""
    experiment: Experiment = request.param
    return experiment


def losses_in(text: str) -> Array:
    """Training losses that a program printed: (arms, seeds, epochs)."""
    lines = [(int(seed), int(epoch), [float(n) for n in row.split()]) for seed, epoch, row in LINE.findall(text)]
    seeds = dict.fromkeys(seed for seed, _, _ in lines)
    table = [[row for s, _, row in lines if s == seed] for seed in seeds]
    assert [epoch for _, epoch, _ in lines] == [*range(1, len(table[0]) + 1)] * len(seeds)
    return np.array(table).transpose(2, 0, 1)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`run(experiment, framework)`: what the script prints, run in this process, where its framework is loaded already."""

    def it(experiment: Experiment, framework: str) -> str:
        path = tmp_path / "script.py"
        path.write_text(script(experiment, framework), encoding="utf-8")
        monkeypatch.setattr(sys, "argv", [str(path)])
        monkeypatch.chdir(ROOT)
        runpy.run_path(str(path), run_name="__main__")
        return capsys.readouterr().out

    return it


@pytest.fixture
def agree() -> Callable[[str, Experiment], bool]:
    """`agree(printed, experiment)`: whether these are the lab's training losses, but for what rounding may make."""

    def of(printed: str, experiment: Experiment) -> bool:
        expected, losses = train(experiment).train_loss, losses_in(printed)
        assert losses.shape == expected.shape
        difference = np.abs(losses / expected - 1)
        return bool((difference < ENOUGH).all() or (difference < allowed(experiment)).all())

    return of


def allowed(experiment: Experiment) -> Array:
    """Relative differences (arms, 1, epochs) where a network amplifies rounding, which then grows exponentially.

    The scale is what rounding has made of the lab's own losses so far, between float32 and float64, in the worst of the seeds;
    it depends on the processor. Another program's rounding is another draw, of which factors of ten were seen.
    """
    single, double = train(experiment).train_loss, train(experiment, dtype=torch.float64).train_loss
    grown = np.maximum.accumulate(np.abs(single / double - 1).max(axis=1, keepdims=True), axis=-1)
    assert grown[..., : max(1, experiment.epochs // 2)].max() < ENOUGH / 3  # at first there is nothing to excuse
    return np.asarray(np.clip(30 * grown, ENOUGH, 0.05))
