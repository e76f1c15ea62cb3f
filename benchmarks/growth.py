"""How cost grows: over epochs, networks, depth and width, and what a long history weighs."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from time import thread_time

from benchmarks.engine import PROGRAM, Ours, with_seeds
from benchmarks.measure import Growth, Result, interleave
from benchmarks.settings import Settings
from bn_lab.engine.history import History
from bn_lab.engine.run import Run
from bn_lab.experiment import Experiment

RECORDED_EVERY_EPOCH = 64
"""Up to here there is a snapshot after every epoch."""


def epochs(settings: Settings) -> list[Result]:
    """Steps a second, size of the record and peak memory as a run gets longer; in a process of its own."""
    ends = [64, 250, 500, 1000, 2000, 5000] if not settings.quick else [10, 20]
    # Memory only ever peaks, so what ran before in this process would hide what this run takes.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        rows = pool.apply(_long_run, (ends, settings.device))
    columns = ("epochs", "steps a second", "snapshots", "history, MB", "growth of peak memory, MB")
    return [Growth("the lesson's pair over epochs", columns, rows)]


def _long_run(ends: list[int], device: str) -> list[tuple[float, ...]]:
    run = Run(replace(PROGRAM, epochs=max(ends)), device=device)
    base = peak()
    rows: list[tuple[float, ...]] = []
    run.finish_epoch()
    for end in ends:
        start, steps = thread_time(), run.steps
        while run.epoch < end:
            run.finish_epoch()
        rate = (run.steps - steps) / (thread_time() - start)
        history = run.history()
        rows.append((end, rate, len(history.snapshots), _size(history) / 1e6, peak() - base))
    return rows


def peak(*, now: bool = False) -> float:
    """The largest resident size of this process so far, or what it is `now`, MB.

    Not from `getrusage`: that remembers the process that this one was started by.
    """
    match = re.search(rf"{'VmRSS' if now else 'VmHWM'}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    assert match
    return int(match[1]) / 1e3


def _size(history: History) -> int:
    """Bytes of the arrays of a history."""
    snapshots = [array for s in history.snapshots for arm in s.arms.values() for array in vars(arm).values()]
    arrays = [*vars(history).values(), *snapshots, *(s.inference_loss for s in history.snapshots)]
    return sum(getattr(array, "nbytes", 0) for array in arrays)


def networks(settings: Settings) -> list[Result]:
    """Time a step as the stack grows: networks with batch normalization, snapshots included."""
    counts = [1, 2, 4, 8, 16, 32, 64] if not settings.quick else [1, 4]
    runs = {str(n): Ours(with_seeds(Experiment(arms=("before",), epochs=5000), n), settings.device) for n in counts}
    costs = _medians(runs, settings)
    rows = [(n, 1 / costs[str(n)], 1e6 * costs[str(n)], 1e6 * costs[str(n)] / n) for n in counts]
    columns = ("networks", "steps a second", "µs a step", "µs per network and step")
    return [Growth("networks of one stack", columns, rows)]


def shape(settings: Settings) -> list[Result]:
    """Steps a second of the pair as networks get deeper and wider."""
    depths, widths = ([1, 3, 6, 12], [8, 32, 64, 128, 256]) if not settings.quick else ([1, 3], [8, 32])
    base = Experiment(epochs=5000, learning_rate=1e-4)
    runs = {f"{d} {w}": Ours(replace(base, depth=d, width=w), settings.device) for d in depths for w in widths}
    costs = _medians(runs, settings)
    rows = [(d, *(1 / costs[f"{d} {w}"] for w in widths)) for d in depths]
    columns = ("depth", *(f"width {w}" for w in widths))
    return [Growth("steps a second of the pair over depth and width", columns, rows)]


def _medians(runs: Mapping[str, Ours], settings: Settings) -> dict[str, float]:
    """Seconds a step of each run, beyond the epochs that are all recorded."""
    for ours in runs.values():
        ours.time(settings.long(RECORDED_EVERY_EPOCH))
    turns = {name: partial(ours.time, settings.long(4)) for name, ours in runs.items()}
    return {name: median(costs) for name, costs in interleave(turns, max(3, settings.repeats // 2)).items()}
