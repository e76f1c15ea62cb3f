"""What studies that this visitor has seen say of the experiment on screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from bn_lab.arms import BASELINE
from bn_lab.experiment import Experiment
from bn_lab.i18n import Texts
from bn_lab.studies.answers import answers
from bn_lab.studies.claims import STUDIES
from bn_lab.studies.study import Question, Study
from bn_lab.studies.verdict import Verdict
from bn_lab.ui.claims import state
from bn_lab.ui.claims.verdicts import details, effect


@dataclass(frozen=True)
class Told:
    """A verdict in words.

    Attributes:
        study: title of the study. question: the claim. outcome: `supported`, `refuted` or `undecided`.
        effect, details: by how much, and on which numbers it rests.
    """

    study: str
    question: str
    outcome: str
    effect: str
    details: str


def of_visit(experiment: Experiment, t: Texts) -> tuple[Told, ...]:
    """The verdicts, as far as there are any, of studies that train this experiment among others."""
    return tuple(told for name in STUDIES for told in _of_study(state.chosen(name), experiment, t))


def _of_study(study: Study, experiment: Experiment, t: Texts) -> Iterator[Told]:
    view = state.view(study) if concerns(study, experiment) else None
    if view is None or not view.results:
        return
    for question, verdict in answers(study, view.results):
        if verdict is not None:
            yield _told(study, question, verdict, t)


def _told(study: Study, question: Question, verdict: Verdict, t: Texts) -> Told:
    return Told(
        study=t(f"study.{study.id}.title"),
        question=t(f"question.{question.id}"),
        outcome=verdict.outcome,
        effect=effect(question, verdict, t),
        details=details(question, verdict, t),
    )


@lru_cache(maxsize=256)
def concerns(study: Study, experiment: Experiment) -> bool:
    """Whether one place of the study's grid is this experiment, whatever the seeds, with an arm of it at least."""
    arms = set(study.base.arms) & set(experiment.arms)
    return bool(arms) and any(_core(cell.experiment) == _core(experiment) for cell in study.cells)


def _core(experiment: Experiment) -> Experiment:
    return replace(experiment, arms=(BASELINE,), seed=0, seeds=1)
