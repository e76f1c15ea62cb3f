"""Studies: whole grids of networks in a local pool, beside plain loops of torch on as many cores."""

from __future__ import annotations

import os
from dataclasses import replace
from time import perf_counter

import numpy as np

from benchmarks.measure import Goal, Result, Row
from benchmarks.plain import Plain
from benchmarks.settings import Settings
from bn_lab.arms import ARMS
from bn_lab.datasets import Table, load, split, standardization
from bn_lab.experiment import Experiment
from bn_lab.studies.claims import STUDIES
from bn_lab.studies.executors import local_executor
from bn_lab.studies.job import Job
from bn_lab.studies.lesson import BOSTON
from bn_lab.studies.study import Study

PLAIN_NETWORKS = 2
"""Networks of each kind that the plain loop trains; it trains one after the other, so that the others take as long."""


def studies(settings: Settings) -> list[Result]:
    """Two studies of the Claims page in a local pool: seconds until all networks and the first panel are there."""
    scales, lesson = initialization(), conditions()
    if settings.quick:
        scales, lesson = (replace(study, base=replace(study.base, epochs=2)) for study in (scales, lesson))
    return [
        *_rows("16 weight scales × 2 arms × 3 ε, 1,000 digits, 20 epochs", scales, Goal("≤", 30), settings, first=Goal("≤", 3)),
        *_rows("the lesson's Boston claim, 20 seeds × 4 conditions, 1000 epochs", lesson, Goal("≤", 60), settings),
    ]


def initialization() -> Study:
    """The study of the weight scales with one momentum and one seed."""
    study = STUDIES["initialization"].with_seeds(1)
    return replace(study, axes=(*study.axes[:2], ("bn_momentum", (0.9,))), questions=())


def conditions() -> Study:
    """Raw and standardized inputs, without and with batch normalization."""
    return Study("conditions", replace(BOSTON, arms=("none", "before")), (("inputs", ("raw", "standardized")),))


def _rows(what: str, study: Study, goal: Goal, settings: Settings, first: Goal | None = None) -> list[Result]:
    runs = [_train(study) for _ in range(settings.long(3, 1))]
    cores, networks = len(os.sched_getaffinity(0)), len(study.networks)
    plain = _plain(study, settings) / cores
    faster = [plain / seconds for seconds, _ in runs]
    rows: list[Result] = [
        Row(what, "", "s", [seconds for seconds, _ in runs], goal, f"{networks} networks, {cores} cores"),
        Row("…", f"plain loops on {cores} cores", "× faster", faster, details={"plain_seconds": plain}),
    ]
    return rows + ([Row("… until the first panel is complete", "", "s", [s for _, s in runs], first)] if first else [])


def _train(study: Study) -> tuple[float, float]:
    """Seconds until everything is there, and until the networks of the first axis' first value are; with the pool's start."""
    name, values = study.axes[0]
    panel = {cell.network(arm, study.seeds[0]).key for cell in study.matching({name: values[0]}) for arm in study.base.arms}
    start, first = perf_counter(), 0.0
    job = Job(study, local_executor)
    job.start()
    while not job.wait(0.02):
        if not first and panel <= job.view.results.keys():
            first = perf_counter() - start
    assert job.view.state == "done"
    assert len(job.view.results) == len(study.networks)
    return perf_counter() - start, first or perf_counter() - start


def _plain(study: Study, settings: Settings) -> float:
    """Seconds that all networks take one after the other in a plain loop, from a few of them and a part of their epochs."""
    total = 0.0
    for has_bn in (False, True):
        group = [n.experiment for n in study.networks if (bool(ARMS[n.arm].normalizer)) == has_bn]
        epochs = min(settings.long(20, 1), group[0].epochs)
        times = [_time(experiment, epochs) for experiment in group[:PLAIN_NETWORKS]]
        total += float(np.mean(times)) * group[0].epochs * len(group)
    return total


def _time(experiment: Experiment, epochs: int) -> float:
    """Seconds an epoch of one network in a plain loop."""
    table = _samples(experiment, load(experiment.dataset))
    plain = Plain(replace(experiment, samples=None), experiment.arms[0], table)
    plain.time(1)
    return plain.time(epochs) * -(-table.samples // experiment.batch_size)


def _samples(experiment: Experiment, table: Table) -> Table:
    """The table with the samples that the network trains on, standardized where it has them so."""
    rows = split(table, experiment, experiment.seed).train
    features = table.features[rows]
    if experiment.inputs == "standardized":
        mean, std = standardization(features)
        features = (features - mean) / std
    return replace(table, features=features, target=table.target[rows])
