"""Figures of studies: pure functions from a study and the results so far to a picture as plain data.

To add one: write a function `(study, results, t, *, narrow) -> Spec` that also draws what is missing as missing, its line in
`FIGURES`, and its texts to the catalogues as `[claims.figure]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bn_lab.figures.sheet import Spec
from bn_lab.figures.studies.curves import Mode, bands, curves, panels
from bn_lab.figures.studies.maps import heat_map, rows
from bn_lab.figures.studies.numbers import Results, capital, label, series_of, value_label
from bn_lab.figures.studies.sweep import overfitting, sweep

FIGURES: Mapping[str, Callable[..., Spec]] = {
    "curves": curves,
    "sweep": sweep,
    "map": heat_map,
    "panels": panels,
    "overfitting": overfitting,
    "bands": bands,
}
"""All figures of studies by name."""

__all__ = ["FIGURES", "Mode", "Results", "capital", "label", "rows", "series_of", "value_label"]
