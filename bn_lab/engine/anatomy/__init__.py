"""Batch normalization taken apart on a mini-batch of an experiment, from kept weights, in float64.

Every function takes an experiment and a checkpoint of a run of it (`bn_lab.engine.history.Checkpoint`), looks at the network of
the first seed and changes nothing. Dropout and noise are off throughout, losses are without the L2 penalty, so that what is
seen is batch normalization's doing. The mini-batch is the first one of the epoch that follows the kept weights. Layers count
from 1 as in `Divergence`, units and samples from 0. Where weights have diverged, numbers are NaN.

Letters: F units of a layer, B samples of the batch, n samples altogether, E kept epochs.

What is found are records that need no torch, and neither does a mini-batch that somebody types. The functions that compute
with weights bring torch in when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bn_lab.engine.anatomy.records import Company, Folded, Mates, Placements, Rescaled, Score, Statistics, ThreeWays
from bn_lab.engine.anatomy.subjects import FEWEST, LARGEST, MOST, Subject, TypedError, typed

if TYPE_CHECKING:
    from bn_lab.engine.anatomy.functions import (
        batch_mates,
        company,
        folded,
        placements,
        rescaled,
        statistics,
        subject,
        three_ways,
    )

__all__ = [
    "FEWEST",
    "LARGEST",
    "MOST",
    "Company",
    "Folded",
    "Mates",
    "Placements",
    "Rescaled",
    "Score",
    "Statistics",
    "Subject",
    "ThreeWays",
    "TypedError",
    "batch_mates",
    "company",
    "folded",
    "placements",
    "rescaled",
    "statistics",
    "subject",
    "three_ways",
    "typed",
]

COMPUTED = ("batch_mates", "company", "folded", "placements", "rescaled", "statistics", "subject", "three_ways")
"""Names of the functions that compute with weights; torch comes with them."""


def __getattr__(name: str) -> Any:
    if name in COMPUTED:
        from bn_lab.engine.anatomy import functions

        return getattr(functions, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
