"""What files are called: the data set first, so that those of one experiment lie together."""

from __future__ import annotations

import re

from bn_lab.experiment import Experiment


def file_stem(experiment: Experiment, what: str) -> str:
    """`iris-networks`; whatever is no letter or digit becomes a hyphen, and data of a visitor's own are only called so."""
    dataset = "own" if experiment.is_private else experiment.dataset
    return re.sub(r"[\W_]+", "-", f"{dataset}-{what}").strip("-")


def file_name(experiment: Experiment, what: str, ending: str) -> str:
    """`iris-networks.csv`."""
    return f"{file_stem(experiment, what)}.{ending}"
