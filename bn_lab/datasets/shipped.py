"""The data sets that come with the lab; `data/README.md` tells their sources and oddities.

To add one: put its file into `data/`, write a function that returns a `Table`, add its line to `DATASETS`,
and its name to `DatasetName` in `bn_lab.experiment`. Those that are computed are added in `bn_lab.datasets.generated`.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from bn_lab.datasets.generated import GENERATED, drawn_table, generate
from bn_lab.datasets.tables import Table
from bn_lab.drawn import is_drawn
from bn_lab.experiment import ExperimentError

FOLDER = Path(__file__).resolve().parents[2] / "data"
"""Where the files are."""


def boston() -> Table:
    """Boston housing: 506 districts, 13 features, median house value in 1000 USD."""
    return _boston("boston", without=())


def boston_without_b() -> Table:
    """Boston housing less the column `b`, whose making assumes that segregation raises prices."""
    return _boston("boston_without_b", without=("b",))


def iris() -> Table:
    """Fisher's iris: 150 flowers, four lengths in cm, three species; the headings are Korean."""
    frame = _read("iris.csv")
    species = frame.pop("품종").astype("category")  # categories come sorted: setosa, versicolor, virginica
    return Table(
        name="iris",
        features=frame.to_numpy(np.float64),
        feature_names=tuple(frame.columns),
        target=species.cat.codes.to_numpy().astype(np.int64),
        target_name="품종",
        target_unit="",
        task="classification",
        classes=tuple(species.cat.categories),
    )


def digits() -> Table:
    """Handwritten digits: 5000 images of 28 × 28 pixels, row by row, from 0 (paper) to 1 (ink)."""
    with np.load(FOLDER / "mnist_5k.npz", allow_pickle=False) as file:
        images, labels = file["images"], file["labels"]  # (N, 28, 28) uint8, (N,) uint8
    return Table(
        name="digits",
        features=images.reshape(len(images), -1) / 255.0,
        feature_names=tuple(f"pixel_{row}_{column}" for row in range(28) for column in range(28)),
        target=labels.astype(np.int64),
        target_name="digit",
        target_unit="",
        task="classification",
        classes=tuple("0123456789"),
    )


DATASETS: Mapping[str, Callable[[], Table]] = {
    "boston": boston,
    "boston_without_b": boston_without_b,
    "iris": iris,
    "digits": digits,
    **{name: partial(generate, name, 0.0) for name in GENERATED},
}
"""How to read each data set from its file, or to compute it without noise; `load` is the way to use it."""

_lock = threading.Lock()


def load(name: str, noise: float = 0.0) -> Table:
    """The data set of that name, read once per process; every caller and thread gets the same object.

    Args:
        name: of `DATASETS`, or the id of a drawn set (`bn_lab.drawn`).
        noise: `data_noise` of an experiment; without effect on sets that are read from a file, or drawn.

    Raises:
        ExperimentError: there is no data set of that name.
    """
    if is_drawn(name):
        return drawn_table(name)
    if name not in DATASETS:
        raise ExperimentError("dataset", "one_of", name, options=", ".join(DATASETS))
    with _lock:
        return generate(name, noise) if noise and name in GENERATED else _read_once(name)


def as_csv(name: str, noise: float = 0.0) -> bytes:
    """A data set as CSV in UTF-8: the file itself where it is one, else numbers from which the same floats are read.

    Pixels of digits are whole grey values from 0 to 255, as in the file, not the shares that the lab learns from.

    Args:
        noise: `data_noise` of an experiment, for the sets that are computed.
    """
    if name in ("boston", "iris"):
        return (FOLDER / f"{name}.csv").read_bytes()
    table = load(name, noise)
    frame = table.head(table.samples)
    if name == "digits":
        pixels = list(table.feature_names)
        frame[pixels] = np.rint(frame[pixels] * 255).astype(np.uint8)
    return frame.to_csv(index=False, lineterminator="\n").encode()


@functools.cache
def _read_once(name: str) -> Table:
    return DATASETS[name]()


def _boston(name: str, without: tuple[str, ...]) -> Table:
    frame = _read("boston.csv").drop(columns=list(without))
    target = frame.pop("medv")
    return Table(
        name=name,
        features=frame.to_numpy(np.float64),
        feature_names=tuple(frame.columns),
        target=target.to_numpy(np.float64),
        target_name="medv",
        target_unit="1000 USD",
        task="regression",
    )


def _read(file: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / file, encoding="utf-8")
