"""Data sets as CSV, for those who want them elsewhere."""

from __future__ import annotations

import numpy as np

from bn_lab.datasets.shipped import FOLDER, load

FILES = {"boston": "boston.csv", "iris": "iris.csv"}
"""The sets that are CSV files already."""


def as_csv(name: str, noise: float = 0.0) -> bytes:
    """A data set as CSV in UTF-8: the file itself where it is one, else numbers from which the same floats are read.

    Pixels of digits are whole grey values from 0 to 255, as in the file, not the shares that the lab learns from.

    Args:
        noise: `data_noise` of an experiment, for the sets that are computed.
    """
    if name in FILES:
        return (FOLDER / FILES[name]).read_bytes()
    table = load(name, noise)
    frame = table.head(table.samples)
    if name == "digits":
        pixels = list(table.feature_names)
        frame[pixels] = np.rint(frame[pixels] * 255).astype(np.uint8)
    return frame.to_csv(index=False, lineterminator="\n").encode()
