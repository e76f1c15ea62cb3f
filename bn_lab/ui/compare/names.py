"""What runs of the list are called."""

from __future__ import annotations

from collections.abc import Sequence

from bn_lab.experiment import FIELDS
from bn_lab.figures.studies import value_label
from bn_lab.i18n import Texts
from bn_lab.ui.compare.kept import Run, differences, experiment_of, values
from bn_lab.ui.compare.link import clean


def name_of(run: Run, among: Sequence[Run], t: Texts) -> str:
    """The name that the visitor gave, else what sets the run apart from the others, else its data; a stranger's text."""
    return run["name"] or clean(settings(run, among, t)) or t(f"dataset.{experiment_of(run).dataset}")


def settings(run: Run, among: Sequence[Run], t: Texts) -> str:
    """A run's values of the fields in which the runs differ: `Iris · Depth (hidden layers) 5`."""
    return " · ".join(_told(name, value, t) for name, value in values(run, differences(among)).items())


def _told(name: str, value: object, t: Texts) -> str:
    """A value that speaks for itself, or one with its field's name before it."""
    label = value_label(name, value, t)
    return label if FIELDS[name].options else f"{t(f'field.{name}')} {label}"
