"""Batch normalization taken apart on a mini-batch of an experiment, from kept weights, in float64.

Every function takes an experiment and the weights that a run of it kept (`bn_lab.engine.history.Kept`), looks at the network
of the first seed and changes nothing. Dropout and noise are off throughout, losses are without the L2 penalty, so that what is
seen is batch normalization's doing. The mini-batch is the first one of the epoch that follows the kept weights. Layers count
from 1 as in `Divergence`, units and samples from 0. Where weights have diverged, numbers are NaN.

Letters: F units of a layer, B samples of the batch, n samples altogether, E kept epochs.
"""

from bn_lab.engine.anatomy.inference import Folded, Score, ThreeWays, folded, three_ways
from bn_lab.engine.anatomy.mates import Company, Mates, batch_mates, company
from bn_lab.engine.anatomy.subjects import Statistics, Subject, TypedError, statistics, subject, typed
from bn_lab.engine.anatomy.weights import Placements, Rescaled, placements, rescaled

__all__ = [
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
