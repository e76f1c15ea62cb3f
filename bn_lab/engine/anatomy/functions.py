"""The functions of this package that compute with weights, in one place: importing it brings torch in."""

from bn_lab.engine.anatomy.inference import folded, three_ways
from bn_lab.engine.anatomy.layer import statistics, subject
from bn_lab.engine.anatomy.mates import batch_mates, company
from bn_lab.engine.anatomy.weights import placements, rescaled

__all__ = ["batch_mates", "company", "folded", "placements", "rescaled", "statistics", "subject", "three_ways"]
