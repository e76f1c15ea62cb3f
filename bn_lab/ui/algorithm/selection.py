"""What of a network the Algorithm page looks at, as one parameter of the link.

`algorithm=layer:2,unit:3,epoch:64,epsilon:1e-06` names only what differs from the default; typed numbers are
`values:1.5;2;-3`. What cannot be read is left at its default, and `unread` names it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from bn_lab.arms import ARMS
from bn_lab.engine.anatomy.records import FEWEST, LARGEST, MOST
from bn_lab.engine.history import Checkpoint
from bn_lab.experiment import Experiment

EPSILONS = (1e-12, 10.0)
"""Limits of ε on this page, wider than in training: what breaks is what one learns from."""

YES = "yes"
"""How a link says that something is switched on; that it is off goes without saying."""

FACTORS = tuple(float(f"{10 ** (k / 4):.4g}") for k in range(-16, 17))
"""What weights may be multiplied by: 1e-4 to 1e4, four to a decade."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What to look at. Layer, unit and sample count from 1; ε, γ and β are None where the network's own are taken."""

    arm: str = ""
    """One of the experiment's arms; empty: the first with batch normalization."""

    layer: int = 1
    unit: int = 1
    epoch: int | None = None
    """One of the epochs with a checkpoint; None: the newest."""

    sample: int = 1
    """Position within the batch."""

    epsilon: float | None = None
    gamma: float | None = None
    beta: float | None = None
    node: str = "mean"
    """Node of the computation graph that is explained."""

    whole: bool = False
    """Whether the graph shows the whole batch instead of the selected sample."""

    factor: float = 1.0
    """One of `FACTORS`."""

    values: tuple[float, ...] = ()
    """Typed numbers in place of a batch of the network's; empty: the network's."""


def encode(selection: Selection) -> str:
    """The link's text for a selection; empty for the default one."""
    default = vars(Selection())
    return ",".join(f"{name}:{_written(value)}" for name, value in vars(selection).items() if value != default[name])


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ";".join(map(_written, value))
    if value is True:
        return YES
    return as_typed(value) if isinstance(value, float) else str(value)


def as_typed(value: float) -> str:
    """The shortest decimal that is the same number: what one types, and what a link has."""
    return repr(float(value)).removesuffix(".0")


def decode(text: str) -> Selection:
    """The selection that a link's text describes; never raises."""
    read: dict[str, Any] = {name: value for _, name, value in _parts(text) if value is not None}
    return Selection(**read)


def unread(text: str) -> list[str]:
    """The parts of a link's text that `decode` cannot read."""
    return [part for part, _, value in _parts(text) if value is None]


def _parts(text: str) -> Iterator[tuple[str, str, object]]:
    """Each part, the name that it begins with, and its value, None where it cannot be read."""
    for part in text.split(",")[: len(fields(Selection))] if text else ():
        name, _, written = part.partition(":")
        yield part, name, READERS[name](written) if name in READERS else None


def _natural(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 1 <= len(text) <= 6 else None


def _number(text: str, largest: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) <= largest else None


def _scale(text: str) -> float | None:
    """γ or β, which may have to bring the largest of typed numbers back."""
    return _number(text, 10 * LARGEST)


def _epsilon(text: str) -> float | None:
    value = _number(text, EPSILONS[1])
    return value if value is not None and EPSILONS[0] <= value <= EPSILONS[1] else None


def _factor(text: str) -> float | None:
    """The nearest of `FACTORS`."""
    value = _number(text, FACTORS[-1])
    if value is None or not FACTORS[0] <= value <= FACTORS[-1]:
        return None
    return min(FACTORS, key=lambda factor: abs(math.log(factor / value)))


def _values(text: str) -> tuple[float, ...] | None:
    numbers = [_number(part, LARGEST) for part in text.split(";")[: MOST + 1]]
    known = tuple(value for value in numbers if value is not None)
    return known if len(known) == len(numbers) and FEWEST <= len(known) <= MOST else None


def _word(text: str) -> str | None:
    return text if text.isidentifier() and text.isascii() else None


READERS: dict[str, Callable[[str], object]] = {
    "arm": _word,
    "layer": _natural,
    "unit": _natural,
    "epoch": _natural,
    "sample": _natural,
    "epsilon": _epsilon,
    "gamma": _scale,
    "beta": _scale,
    "node": _word,
    "whole": lambda text: text == YES or None,
    "factor": _factor,
    "values": _values,
}


def arms(experiment: Experiment) -> tuple[str, ...]:
    """The arms that can be looked at, those with batch normalization first; one with another normalizer only where there is no
    other arm, since the page speaks of batch normalization."""
    arms = [arm for arm in experiment.arms if ARMS[arm].is_batch_norm or not ARMS[arm].normalizer]
    return tuple(sorted(arms or experiment.arms, key=lambda arm: not ARMS[arm].is_batch_norm))


def fitted(selection: Selection, experiment: Experiment, checkpoints: Sequence[Checkpoint]) -> Selection:
    """The selection as far as the experiment and its checkpoints have it; the nearest that they have where they do not."""
    arm = selection.arm if selection.arm in arms(experiment) else arms(experiment)[0]
    epochs = [int(each.epoch) for each in checkpoints]
    newest = selection.epoch is None or not epochs
    return replace(
        selection,
        arm=arm,
        layer=min(max(selection.layer, 1), experiment.depth),
        unit=min(max(selection.unit, 1), experiment.width),
        epoch=None if newest else min(epochs, key=lambda epoch: abs(epoch - (selection.epoch or 0))),
        sample=max(selection.sample, 1),
    )
