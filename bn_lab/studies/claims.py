"""The lesson's claims on trial, and questions beyond it: every study by name, and the cards that they belong to.

To add one: a function in `bn_lab.studies.lesson` or `literature`, its name on a card of `CLAIMS`, and its texts `study.<id>`
and `question.<id>` in both catalogues.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bn_lab.studies.lesson import lesson_studies
from bn_lab.studies.literature import studies_beyond
from bn_lab.studies.study import Study


@dataclass(frozen=True)
class Claim:
    """A card of the page.

    Attributes:
        id: its words are `claims.<id>`.
        studies: names of `STUDIES`.
        beyond: whether it goes beyond the lesson.
    """

    id: str
    studies: tuple[str, ...]
    beyond: bool = False


STUDIES: Mapping[str, Study] = {study.id: study for study in (*lesson_studies(), *studies_beyond())}
"""Studies by name."""

CLAIMS: Mapping[str, Claim] = {
    claim.id: claim
    for claim in (
        Claim("faster", ("faster_boston", "faster_iris", "learning_rates")),
        Claim("initial", ("initialization", "spread")),
        Claim("overfitting", ("overfitting_boston", "overfitting_digits")),
        *(Claim(study.id, (study.id,), beyond=True) for study in studies_beyond()),
    )
}
"""Cards by name, the lesson's three claims first."""
