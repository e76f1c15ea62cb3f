"""What the numbers of a finished training answer to a step's question. Computed, never written.

Every function here makes a function from a `History` to an `Answer`. The rules:

- `compared` puts two sides on trial as the Claims page does (`bn_lab.studies.answers.answer`): pairs over the seeds, the 95%
  interval of the median difference, and the smallest difference that matters. Where the interval reaches across that, the
  numbers leave the question open. Each side is tried against the other, so that either is lower by a share of the other's loss.
- `learned` calls a side able to learn where every seed ends with a training accuracy of `LEARNED` or more, unable where none
  does, and leaves the question open otherwise. A network that diverged has not learned.
- `grown` and `changed` describe one network exactly, so there is nothing to be uncertain of but the classes: what lies within
  a tenth of a boundary is left open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from bn_lab.engine import reference
from bn_lab.engine.history import History
from bn_lab.engine.types import Array
from bn_lab.figures.lesson import spread_of_layers
from bn_lab.studies.answers import answer, measured, of_training
from bn_lab.studies.measures import LEARNED
from bn_lab.studies.study import Question, Side
from bn_lab.studies.verdict import Verdict
from bn_lab.ui.algorithm.scene import subject

OPEN = ""
"""The answer where the numbers do not decide."""

SAME = "same"
"""The option that there is no difference that matters."""

LEARNERS = ("both", "only_before", "only_none", "neither")
"""Options of `learned`: which of the two sides learn."""

MARGIN = 0.1
"""Share of a boundary between two classes within which a number belongs to neither."""


Trial = tuple[Question, Verdict]
"""What was asked of the seeds of a training, and what they say."""


@dataclass(frozen=True)
class Answer:
    """What the numbers say.

    Attributes:
        option: one of the step's options, or `OPEN`.
        trials: comparisons that it rests on, each with its verdict.
        sentence: name of the sentence with its numbers, `lesson.sentence.<name>`; empty where the trials say it all.
        values: the numbers of that sentence.
    """

    option: str
    trials: tuple[Trial, ...] = ()
    sentence: str = ""
    values: Mapping[str, float | int] = field(default_factory=lambda: MappingProxyType({}))


Answering = Callable[[History], Answer]


# Two sides of the same seeds.


def compared(measure: str, ours: str, theirs: str, smallest: float, their_measure: str = "") -> Answering:
    """Which side is better, `ours`, `theirs` or `SAME`; where both are one arm, which of its two measures.

    Args:
        measure: a name of `MEASURES`.
        smallest: δ, in the unit of the measure's differences.
        their_measure: what is measured of theirs where it is something else.
    """
    question = Question("", measure, Side(ours), Side(theirs), smallest, their_measure)
    names = (measure, their_measure) if their_measure else (ours, theirs)

    def decide(history: History) -> Answer:
        option, trial = _better(history, question, *names)
        return Answer(option, (trial,))

    return decide


def _better(history: History, question: Question, ours: str, theirs: str) -> tuple[str, Trial]:
    """Which side is better, `ours`, `theirs`, `SAME` or `OPEN`, and the trial of the one that is ahead in the median pair."""
    trials = [(each, _verdict(history, each)) for each in (question, _turned(question))]
    (_, forth), (_, back) = trials
    asked, verdict = trials[back.median > forth.median]
    if forth.outcome == "supported":
        return ours, (asked, verdict)
    if back.outcome == "supported":
        return theirs, (asked, verdict)
    if forth.outcome == back.outcome == "refuted":
        return SAME, (asked, replace(verdict, reason="too_small"))
    return OPEN, (asked, verdict)


def _turned(question: Question) -> Question:
    """Whether theirs is better than ours."""
    measure = question.their_measure or question.measure
    their_measure = question.measure if question.their_measure else ""
    return replace(question, measure=measure, ours=question.theirs, theirs=question.ours, their_measure=their_measure)


def _verdict(history: History, question: Question) -> Verdict:
    """The verdict on a question from the seeds of one training."""
    verdict = answer(*of_training(history), question)
    assert verdict is not None, "every network of a training is there"
    return verdict


def overtaken(early: str, late: str, ours: str, theirs: str, smallest: float) -> Answering:
    """When ours is better than theirs: `first` (early and late), `later` (only late), `never` (not late).

    Args:
        early, late: names of `MEASURES`.
    """
    questions = [Question("", measure, Side(ours), Side(theirs), smallest) for measure in (early, late)]

    def decide(history: History) -> Answer:
        (before, early_trial), (after, late_trial) = (_better(history, question, ours, theirs) for question in questions)
        option = "never" if after in (theirs, SAME) else OPEN
        if after == ours:
            option = "first" if before == ours else "later" if before in (theirs, SAME) else OPEN
        epoch = _ahead_from(_middle(history, ours), _middle(history, theirs))
        values = {"epoch": epoch, "epochs": history.epoch} if epoch else {"epochs": history.epoch}
        return Answer(option, (early_trial, late_trial), "overtaken" if epoch else "not_overtaken", values)

    return decide


def _middle(history: History, arm: str) -> Array:
    """The median training loss of the seeds, (E,); a network that diverged counts as the worst there can be."""
    loss = history.series(arm, "loss")
    assert loss is not None
    return np.asarray(np.median(np.where(np.isnan(loss), np.inf, loss), axis=0))


def _ahead_from(ours: Array, theirs: Array) -> int:
    """The first epoch from which on ours `(E,)` stays below theirs to the end; 0 where it is not below at the end."""
    behind = np.flatnonzero(~(ours < theirs))
    start = int(behind[-1]) + 2 if len(behind) else 1
    return start if start <= len(ours) else 0


# Whether a network learns at all.


def learned(history: History) -> Answer:
    """Which of the networks without and with batch normalization before the activation learn: one of `LEARNERS`."""
    study, results = of_training(history)
    able = {arm: measured(study, results, "learned", arm, {}) == 1 for arm in ("none", "before")}
    certain = all(each.all() or not each.any() for each in able.values())
    who = dict(zip(((True, True), (False, True), (True, False), (False, False)), LEARNERS, strict=True))  # none, before
    option = who[bool(able["none"].all()), bool(able["before"].all())] if certain else OPEN
    counts = {f"learned_{arm}": int(each.sum()) for arm, each in able.items()}
    others = {"seeds": history.experiment.seeds, "diverged": len(history.divergences), "mark": LEARNED}
    return Answer(option, sentence="learned", values={**counts, **others})


# One network, exactly.


def grown(layer: int, boundaries: Mapping[str, float]) -> Answering:
    """By which factor the spread of a layer's pre-activations changes in the training of the network without BN.

    Args:
        layer: counted from 1.
        boundaries: options with the factor up to which each holds, in rising order.
    """

    def decide(history: History) -> Answer:
        factors = {arm: _factor(spread_of_layers(history, k)[:, layer - 1]) for k, arm in enumerate(history.experiment.arms)}
        values = {f"factor_{arm}": factor for arm, factor in factors.items()}
        others = {"layer": layer, "epochs": history.epoch}
        return Answer(classified(factors["none"], boundaries), sentence="grown", values={**values, **others})

    return decide


def _factor(values: Array) -> float:
    """Largest over smallest; NaN where a value is not positive and finite."""
    return float(values.max() / values.min()) if (values > 0).all() and np.isfinite(values).all() else float("nan")


def classified(value: float, boundaries: Mapping[str, float]) -> str:
    """The first option whose boundary is not below the value; `OPEN` within `MARGIN` of a boundary, and for no number."""
    near = any(abs(value - limit) <= MARGIN * limit for limit in boundaries.values() if np.isfinite(limit))
    if near or np.isnan(value):
        return OPEN
    return next(option for option, limit in boundaries.items() if value <= limit)


def changed(layer: int, factor: float, shift: float, boundaries: Mapping[str, float]) -> Answering:
    """By how much x̂ of a layer's first unit changes where its values are given in other units: x becomes factor·x + shift.

    Args:
        boundaries: options with the largest change of x̂, as a share of the largest x̂, up to which each holds.
    """

    def decide(history: History) -> Answer:
        seen = subject(history, history.checkpoints[-1], "before", layer)
        x, one, zero = seen.x[:1], np.ones((1, 1)), np.zeros((1, 1))
        before, after = (reference.forward(each, one, zero, seen.epsilon) for each in (x, factor * x + shift))
        change = float(np.abs(after.normalized - before.normalized).max() / np.abs(before.normalized).max())
        values = {"mean": before.mean.item(), "std": float(np.sqrt(before.variance.item())), "change": change}
        others = {"other_mean": after.mean.item(), "other_std": float(np.sqrt(after.variance.item()))}
        return Answer(classified(change, boundaries), sentence="changed", values={**values, **others, "size": x.shape[1]})

    return decide


def with_memory(answering: Answering) -> Answering:
    """The same answer, and what share of the moving statistics their initial values still have."""

    def decide(history: History) -> Answer:
        values = {"steps": history.steps, "share": history.experiment.bn_momentum**history.steps}
        return replace(answering(history), sentence="memory", values=values)

    return decide
