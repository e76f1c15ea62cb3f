"""`Table`: a data set in memory, whatever file it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Task = Literal["regression", "classification"]


# Compared by identity: an array has no single truth value, and equal tables are one cached object anyway.
@dataclass(frozen=True, eq=False)
class Table:
    """N samples of F features and what is to be predicted from them; the arrays are read-only copies.

    Attributes:
        name: id of the data set, the `dataset` of an experiment.
        features: (N, F), float64, in the unit of the file.
        feature_names: the F column headings, as in the file.
        target: (N,), float64 in `target_unit` for regression, int64 indices of `classes` for classification.
        target_name: heading of the target's column, as in the file.
        target_unit: unit of the target, empty where it has none.
        task: `regression` or `classification`.
        classes: names of the classes in the order of the network's outputs; empty for regression.
        reach: pictures of the plane of two features show it at least from −reach to reach; 0 for what the samples need.
    """

    name: str
    features: NDArray[np.float64]
    feature_names: tuple[str, ...]
    target: NDArray[np.float64] | NDArray[np.int64]
    target_name: str
    target_unit: str
    task: Task
    classes: tuple[str, ...] = ()
    reach: float = 0

    def __post_init__(self) -> None:
        kind = np.int64 if self.task == "classification" else np.float64
        object.__setattr__(self, "features", _frozen(self.features, np.float64))
        object.__setattr__(self, "target", _frozen(self.target, kind))
        assert self.features.shape == (len(self.target), len(self.feature_names))
        assert bool(self.classes) == (self.task == "classification")

    @property
    def samples(self) -> int:
        """N, the number of samples."""
        return len(self.target)

    @property
    def outputs(self) -> int:
        """Units of the output layer: one per class, or the one predicted number."""
        return len(self.classes) or 1

    def head(self, n: int = 5) -> pd.DataFrame:
        """The first `n` samples under the headings of the file, classes by their names."""
        frame = pd.DataFrame(self.features[:n], columns=list(self.feature_names))
        target = self.target[:n]
        frame[self.target_name] = [self.classes[i] for i in target.astype(int)] if self.classes else target
        return frame


def _frozen(values: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    # A read-only view would still change with the array that it looks at, hence the copy.
    copy = np.array(values, dtype=dtype)
    copy.setflags(write=False)
    return copy
