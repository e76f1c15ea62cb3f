"""Training: the engine beside Keras, beside plain loops of torch, and beside C."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean, median
from time import perf_counter, thread_time

import numpy as np
import torch

from benchmarks import native
from benchmarks.keras import Keras, KerasMissingError
from benchmarks.measure import Clock, Goal, Result, Row, Turn, interleave, ratios
from benchmarks.plain import Plain
from benchmarks.settings import Settings
from bn_lab.datasets import Table, load
from bn_lab.engine.history import is_recorded
from bn_lab.engine.run import Run
from bn_lab.experiment import Experiment
from bn_lab.presets import LESSON

PROGRAM = replace(LESSON, epsilon=1e-6)
"""The lesson's Boston program: both arms, swish, three hidden layers of 8, RMSprop, batches of 32, 1000 epochs, its own ε."""

PAIR: tuple[str, ...] = ("none", "before")


def with_seeds(experiment: Experiment, seeds: int) -> Experiment:
    """`experiment` with more seeds than a visitor may ask for.

    The limit of 32 is the page's, the engine has none; the check is passed by on purpose, on a copy.
    """
    changed = copy(experiment)
    object.__setattr__(changed, "seeds", seeds)
    return changed


def synchronize(device: str) -> None:
    """Wait until the device has done what it was told."""
    if device != "cpu":
        torch.cuda.synchronize()


class Ours:
    """A run that is trained in turns, and begun anew when it is over, so that all its epochs count as often as they occur.

    Attributes:
        clock: what measures; a device of its own is waited for.
    """

    def __init__(self, experiment: Experiment, device: str, table: Table | None = None) -> None:
        self.clock: Clock = thread_time if device == "cpu" else perf_counter
        self._make: Callable[[], Run] = lambda: Run(experiment, table=table, device=device)
        self.run, self.device = self._make(), device
        self.bare: list[float] = []  # seconds a step in the epochs of the last turn after which nothing was recorded

    def time(self, epochs: int) -> float:
        """Train some epochs, snapshots and all; seconds a step."""
        if self.run.epoch + epochs > self.run.experiment.epochs:
            self.run = self._make()
        steps, self.bare = self.run.source.steps.of_epoch(1), []
        start = before = self.clock()
        for _ in range(epochs):
            self.run.finish_epoch()
            synchronize(self.device)
            now = self.clock()
            if not is_recorded(self.run.epoch):
                self.bare.append((now - before) / steps)
            before = now
        return (before - start) / (epochs * steps)

    def time_bare(self, epochs: int, whole: list[float]) -> float:
        """The same without the epochs that end with a snapshot, which no rival takes; `whole` gets the cost of all epochs."""
        whole.append(self.time(epochs))
        return fmean(self.bare or whole[-1:])


def lesson(settings: Settings) -> list[Result]:
    """The lesson's pair beside two plain loops and beside two calls of Keras' `fit`, per step of both arms."""
    table = load(PROGRAM.dataset)
    loops = [Plain(PROGRAM, arm, table) for arm in PAIR]
    ours = Ours(PROGRAM, settings.device)
    segments, short = settings.long(10), settings.long(6, 2)
    each = PROGRAM.epochs // 10 if not settings.quick else 20

    # A whole training of ours, early epochs with their many snapshots and late ones, counts once in each repeat.
    def whole(other: Callable[[], float]) -> tuple[float, float]:
        mine, theirs = zip(*((ours.time(each), other()) for _ in range(segments)), strict=True)
        return fmean(mine), fmean(theirs)

    plain = [whole(lambda: sum(loop.time(short) for loop in loops)) for _ in range(settings.repeats + 1)][1:]
    rows: list[Result] = [_lesson_row("two plain torch.nn loops", plain, Goal("≥", 7))]
    try:
        keras = Keras(settings.keras_python, PROGRAM, PAIR)
    except KerasMissingError as missing:
        return [Row("lesson's pair, a step", "Keras fit", "× faster", [], Goal("≥", 30), str(missing)), *rows]
    ours.clock = perf_counter  # as Keras is timed, which has many threads
    with keras:
        fitted = [whole(lambda: keras.time(settings.long(4, 2))) for _ in range(max(3, settings.repeats // 2))]
    return [_lesson_row("Keras fit, TensorFlow", fitted, Goal("≥", 30), keras.versions), *rows]


def _lesson_row(against: str, pairs: list[tuple[float, float]], goal: Goal, note: str = "") -> Row:
    mine, theirs = zip(*pairs, strict=True)
    details = {"ours_us": 1e6 * median(mine), "theirs_us": 1e6 * median(theirs)}
    return Row("lesson's pair, a step", against, "× faster", ratios(theirs, mine), goal, note, details)


def stack(settings: Settings) -> list[Result]:
    """64 networks with batch normalization: per network and step beside a plain loop and beside C."""
    one = Experiment(epsilon=1e-6, arms=("before",), epochs=5000)
    table, networks, epochs = load(one.dataset), 64, settings.long(10, 2)
    ours, plain = Ours(with_seeds(one, networks), settings.device), Plain(one, "before", table)
    whole: list[float] = []
    turns: dict[str, Turn] = {
        "bare": lambda: ours.time_bare(epochs, whole) / networks,
        "plain": lambda: plain.time(settings.long(8, 2)),
    }
    note = ""
    try:
        start = Run(one)
        rivals = {name: _natives(name, one, table, start, networks) for name in native.VARIANTS}
        turns |= {name: partial(native.time, rival, settings.long(40, 2)) for name, rival in rivals.items()}
    except native.NoCompilerError as missing:
        note = str(missing)
    # Beyond the first epochs, where there is a snapshot after every one.
    ours.time(64)
    times = interleave(turns, settings.repeats * 3)
    what, bare = "64 BN networks, per network and step", times["bare"]
    recorded = [cost / networks for cost in whole[1:]]  # the first turn warmed up
    details = {f"{name}_us": 1e6 * median(costs) for name, costs in (times | {"whole": recorded}).items()}
    rows: list[Result] = [
        Row(what, "plain torch.nn loop", "× faster", ratios(times["plain"], bare), Goal("≥", 85), "", details),
        Row(f"{what}, snapshots included", "plain torch.nn loop", "× faster", ratios(times["plain"], recorded)),
    ]
    for name in native.VARIANTS:
        values = ratios(bare, times[name]) if name in times else []
        rows.append(Row(what, name, "× its time", values, Goal("≤", 1), note))
    return rows


def _natives(variant: str, experiment: Experiment, table: Table, start: Run, networks: int) -> list[native.Native]:
    return [native.Native(experiment, table, start, 0, seed, variant) for seed in range(networks)]


@dataclass(frozen=True)
class Deep:
    """The experiment whose cost is arithmetic: depth 8, width 64, batches of 128, on 64 synthetic features."""

    features: int = 64
    samples: int = 2048

    @property
    def experiment(self) -> Experiment:
        return Experiment(depth=8, width=64, batch_size=128, epochs=5000, learning_rate=1e-4)

    @property
    def table(self) -> Table:
        """A regression with as many features as the layers are wide."""
        random = np.random.default_rng(0)
        x = random.normal(size=(self.samples, self.features))
        y = np.tanh(x[:, :8].sum(axis=1)) + 0.1 * random.normal(size=self.samples)
        return Table("boston", x, tuple(f"x{i}" for i in range(self.features)), y, "y", "", "regression")

    @property
    def flops(self) -> float:
        """Floating-point operations of the matrix products of one network and step, forward and backward."""
        e = self.experiment
        inner, outer = self.features * e.width + (e.depth - 1) * e.width**2, e.width
        # Forward, the gradient of the weights and that of the inputs; the first layer's inputs need none.
        return 2.0 * e.batch_size * (3 * (inner + outer) - self.features * e.width)


def deep(settings: Settings) -> list[Result]:
    """Depth 8, width 64, batches of 128: the pair and 16 networks beside plain loops, and the share of the core's peak."""
    work = Deep()
    table, epochs = work.table, settings.long(3)
    pair = Ours(work.experiment, settings.device, table)
    many = Ours(with_seeds(work.experiment, 8), settings.device, table)
    loops = [Plain(work.experiment, arm, table) for arm in PAIR]
    recorded: dict[str, list[float]] = {"pair": [], "sixteen": []}
    turns = {
        "pair": lambda: pair.time_bare(epochs, recorded["pair"]),
        "sixteen": lambda: many.time_bare(epochs, recorded["sixteen"]),
        "plain": lambda: sum(loop.time(epochs) for loop in loops),
        "peak": lambda: 1 / peak_flops(settings.long(20, 2)),
    }
    pair.time(64), many.time(settings.long(64, 4))
    times = interleave(turns, settings.repeats)
    shares = {
        name: [networks * work.flops / cost * second for cost, second in zip(times[name], times["peak"], strict=True)]
        for name, networks in (("pair", 2), ("sixteen", 16), ("plain", 2))
    }
    details = {f"{name}_ms": 1e3 * median(costs) for name, costs in times.items() if name != "peak"}
    details |= {"peak_gflops": 1e-9 / median(times["peak"])}
    what = "depth 8, width 64, batch 128"
    plain = times["plain"]
    rows: list[Result] = [
        Row(f"{what}: the pair", "two plain loops", "× faster", ratios(plain, times["pair"]), Goal("≥", 2), "", details),
        Row(
            f"{what}: 16 networks, per network",
            "plain loops",
            "× faster",
            [8 * p / s for p, s in zip(plain, times["sixteen"], strict=True)],
            Goal("≥", 2.5),
        ),
        Row(f"{what}: the pair, snapshots included", "two plain loops", "× faster", ratios(plain, recorded["pair"][1:])),
    ]
    labels = {"pair": "the pair", "sixteen": "16 networks", "plain": "plain loops"}
    for name, values in shares.items():
        rows.append(Row(f"{what}: {labels[name]}, share of peak", "a large matrix product", "× its FLOP/s", values))
    return rows


def peak_flops(repeats: int, size: int = 1024) -> float:
    """Floating-point operations a second of one core in a large float32 matrix product: what it can do at best."""
    a, b, out = (torch.randn(size, size) for _ in range(3))
    torch.mm(a, b, out=out)
    times = []
    for _ in range(repeats):
        start = thread_time()
        torch.mm(a, b, out=out)
        times.append(thread_time() - start)
    return 2.0 * size**3 / min(times)
