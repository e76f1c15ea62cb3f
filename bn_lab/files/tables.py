"""A record as tables: one of the networks, one of their layers. Headings and names of arms are ids, the same in every language.

Everything in them is ASCII, so that a CSV file needs no byte order mark: spreadsheets read it, and so do programs that would
take such a mark for a part of the first heading.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from bn_lab.engine.history import MEASURES, PERCENTILES, SPLITS, ArmSnapshot, History, Snapshot, stages
from bn_lab.engine.types import Array
from bn_lab.sharing import encode

Columns = dict[str, Array]


def networks(history: History) -> pd.DataFrame:
    """A row for each arm, seed and completed epoch.

    Columns: `arm`, `seed`, `epoch`; `train_…` in training mode, as the mean over the epoch; `validation_…` in inference mode
    after it; `inference_…`, on the training samples in inference mode, at the epochs that end with a snapshot; `diverged`,
    whether the network had stopped by then, from where on it has no numbers.
    """
    seeds, epochs = history.experiment.seed_list, np.arange(1, history.epoch + 1)
    parts = []
    for a, arm in enumerate(history.experiment.arms):
        place: Columns = {
            "arm": np.repeat([arm], len(seeds) * len(epochs)),
            "seed": np.repeat(seeds, len(epochs)),
            "epoch": np.tile(epochs, len(seeds)),
        }
        numbers = _series(history, arm) | _inference(history, a) | {"diverged": _diverged(history, arm)}
        parts.append(pd.DataFrame(place | {name: values.ravel() for name, values in numbers.items()}))
    return _named(pd.concat(parts, ignore_index=True), history)


def _series(history: History, arm: str) -> Columns:
    """Every series of an arm: (S, E) each."""
    series = {}
    for split, measure in product(SPLITS, MEASURES[history.task]):
        values = history.series(arm, measure, split)
        if values is not None:
            series[f"{split}_{measure}"] = values
    return series


def _inference(history: History, a: int) -> Columns:
    """What snapshots have measured of the arm at place `a`: (S, E) each, NaN where there is no snapshot."""
    measured = {"inference_loss": np.full((history.experiment.seeds, history.epoch), np.nan)}
    if history.task == "classification":
        measured["inference_accuracy"] = measured["inference_loss"].copy()
    for snapshot in _snapshots(history):
        epoch = int(snapshot.epoch)
        if 0 < epoch == snapshot.epoch:
            for name, values in measured.items():
                values[:, epoch - 1] = getattr(snapshot, name)[a]
    return measured


def _diverged(history: History, arm: str) -> Array:
    """(S, E)"""
    diverged = np.zeros((history.experiment.seeds, history.epoch), bool)
    for each in history.divergences:
        if each.arm == arm:
            diverged[each.seed - history.experiment.seed, each.epoch - 1 :] = True
    return diverged


def layers(history: History) -> pd.DataFrame:
    """A row for each snapshot, arm, hidden layer and stage of the first seed's network, on its last training batch.

    Columns: `epoch` (of a moment inside an epoch, with the part of it that is done after the point), `arm`, `seed`, `layer`
    (from 1), `stage`; of the stage's values `mean`, `std`, `low`, `high` and percentiles `p5` … `p95`; of the layer, the same
    at all its stages, `saturated`, `dead`, `gradient_norm`, and `batch_variance_low`, `…_median`, `…_high` as in `ArmSnapshot`.
    """
    parts = [
        pd.DataFrame(_layers(history, snapshot.epoch, arm, record))
        for snapshot in _snapshots(history)
        for arm, record in snapshot.arms.items()
    ]
    return _named(pd.concat(parts, ignore_index=True), history)


def _layers(history: History, epoch: float, arm: str, record: ArmSnapshot) -> Columns:
    depth, names = history.experiment.depth, stages(arm)
    rows = depth * len(names)
    columns: Columns = {
        "epoch": np.full(rows, epoch),
        "arm": np.repeat([arm], rows),
        "seed": np.full(rows, history.experiment.seed),
        "layer": np.repeat(np.arange(1, depth + 1), len(names)),
        "stage": np.tile(names, depth),
    }
    columns |= {name: getattr(record, name).ravel() for name in ("mean", "std", "low", "high")}
    columns |= {f"p{p}": record.percentiles[..., k].ravel() for k, p in enumerate(PERCENTILES)}
    of_layer = {"saturated": record.saturated, "dead": record.dead, "gradient_norm": record.gradient_norm[:depth]}
    of_layer |= {f"batch_variance_{name}": record.batch_variance[:, k] for k, name in enumerate(("low", "median", "high"))}
    return columns | {name: np.repeat(values, len(names)) for name, values in of_layer.items()}


def _snapshots(history: History) -> tuple[Snapshot, ...]:
    return history.snapshots if history.current is None else (*history.snapshots, history.current)


def _named(frame: pd.DataFrame, history: History) -> pd.DataFrame:
    """The table with the parameters of its experiment's link, which a Parquet file keeps."""
    frame.attrs["experiment"] = encode(history.experiment)
    return frame


def to_csv(frame: pd.DataFrame) -> bytes:
    """Comma-separated values; a number that there is not, or that is not finite, is an empty place."""
    return frame.replace([np.inf, -np.inf], np.nan).to_csv(index=False, lineterminator="\n").encode("ascii")


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Apache Parquet; numbers keep their type, NaN and infinity are what they are."""
    file = io.BytesIO()
    frame.to_parquet(file, engine="pyarrow", index=False)
    return file.getvalue()


TABLES: Mapping[str, Callable[[History], pd.DataFrame]] = {"networks": networks, "layers": layers}
"""Tables by name."""


class TableFormat(NamedTuple):
    """A kind of file for tables: what it is called where one chooses, and what makes it."""

    label: str
    write: Callable[[pd.DataFrame], bytes]


FORMATS: Mapping[str, TableFormat] = {"csv": TableFormat("CSV", to_csv), "parquet": TableFormat("Parquet", to_parquet)}
"""By the ending of the file's name, which is the option of `train`, too."""
