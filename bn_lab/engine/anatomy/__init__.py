"""Batch normalization taken apart on a mini-batch of an experiment, from its checkpoints, in float64.

Every function takes an experiment and a checkpoint of a run of it (`bn_lab.engine.history.Checkpoint`), looks at the network of
the first seed and changes nothing. Dropout and noise are off throughout, losses are without the L2 penalty, so that what is
seen is batch normalization's doing. The mini-batch is the first one of the epoch that follows the checkpoint. Layers count
from 1 as in `Divergence`, units and samples from 0. Where weights have diverged, numbers are NaN.

Letters: F units of a layer, B samples of the batch, n samples altogether, E checkpoints.

Functions return records that need no torch (`records`), and neither does a mini-batch that somebody types. The functions
compute with weights, and bring torch in when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bn_lab.engine.anatomy.composition import random_batches
    from bn_lab.engine.anatomy.inference import folded, three_ways
    from bn_lab.engine.anatomy.layer import statistics, subject
    from bn_lab.engine.anatomy.weights import placements, rescaled

__all__ = ["folded", "placements", "random_batches", "rescaled", "statistics", "subject", "three_ways"]

COMPUTED: Mapping[str, str] = {
    "subject": "layer",
    "statistics": "layer",
    "three_ways": "inference",
    "random_batches": "composition",
    "rescaled": "weights",
    "placements": "weights",
    "folded": "inference",
}
"""The functions that compute with weights, in the order in which the page asks for them, and the module that each is in."""


def __getattr__(name: str) -> Any:
    if name in COMPUTED:
        from bn_lab.engine.anatomy import composition, inference, layer, weights

        modules = {"composition": composition, "inference": inference, "layer": layer, "weights": weights}
        return getattr(modules[COMPUTED[name]], name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
