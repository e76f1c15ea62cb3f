"""What runs of the list are called."""

from __future__ import annotations

from collections.abc import Sequence

from bn_lab.experiment import FIELDS, is_uploaded
from bn_lab.figures.studies import value_label
from bn_lab.i18n import Texts
from bn_lab.ui.compare.kept import Run, differences, experiment_of, values
from bn_lab.ui.compare.link import clean


def name_of(run: Run, among: Sequence[Run], t: Texts) -> str:
    """The name that the visitor gave, else what sets the run apart from the others, else its data; a stranger's text."""
    return run["name"] or _usual(run, among, t)


def _usual(run: Run, among: Sequence[Run], t: Texts) -> str:
    """What sets a run apart. The arms, which are many words and can be seen, are only told where nothing else does."""
    fields = differences(among)
    short = [name for name in fields if name != "arms"]
    same = sum(values(each, short) == values(run, short) for each in among)
    told = _settings(run, short if same == 1 else fields, t)
    return clean(told) or value_of("dataset", experiment_of(run).dataset, t)


def settings(run: Run, among: Sequence[Run], t: Texts) -> str:
    """A run's values of the fields in which the runs differ: `Iris · Depth (hidden layers) 5`."""
    return _settings(run, differences(among), t)


def _settings(run: Run, fields: Sequence[str], t: Texts) -> str:
    return " · ".join(_told(name, value, t) for name, value in values(run, fields).items())


def _told(name: str, value: object, t: Texts) -> str:
    """A value that speaks for itself, or one with its field's name before it."""
    label = value_of(name, value, t)
    return label if FIELDS[name].options else f"{t(f'field.{name}')} {label}"


def value_of(name: str, value: object, t: Texts) -> str:
    """A value of a field as one reads it; data of the visitor's own have no name that others could read."""
    return t("compare.own_data") if name == "dataset" and is_uploaded(str(value)) else value_label(name, value, t)
