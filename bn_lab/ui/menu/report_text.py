"""What a report says in words: a card for each arm, sentences that the numbers support, and verdicts; and sentences as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from markupsafe import Markup, escape

from bn_lab import numerals
from bn_lab.arms import ARMS, BASELINE
from bn_lab.engine.history import History
from bn_lab.engine.summary import Summary, summaries
from bn_lab.engine.summary import findings as found_in
from bn_lab.experiment import Experiment
from bn_lab.i18n import Texts
from bn_lab.studies.answers import answers
from bn_lab.studies.claims import STUDIES
from bn_lab.studies.study import Study
from bn_lab.ui.claims import state
from bn_lab.ui.claims.verdicts import details, effect
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.caching import cached_per_history


@cached_per_history
def cards(history: History, t: Texts) -> str:
    """The cards as HTML."""
    return f'<div class="bn-cards">{"".join(_card(s, history, t) for s in summaries(history))}</div>'


def _card(summary: Summary, history: History, t: Texts) -> str:
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in _lines(summary, history, t))
    name = escape(t(f"arm.{summary.arm}"))
    return f'<section class="bn-card" style="--arm:{ARMS[summary.arm].color}"><h3>{name}</h3><dl>{lines}</dl></section>'


def _lines(summary: Summary, history: History, t: Texts) -> list[tuple[str, str]]:
    """Names and values of a card."""
    seeds = history.experiment.seeds
    lines = [
        (t("card.train_loss"), numerals.number(summary.train_loss)),
        (t("card.inference_loss"), numerals.number(summary.inference_loss)),
    ]
    if summary.validation_loss is not None:
        lines.append((t("card.validation_loss"), numerals.number(summary.validation_loss)))
    lines += [
        (t("card.metric", measure=t(f"measure.{measure}"), split=t(f"split.{split}")), numerals.measured(measure, value))
        for (measure, split), value in summary.metrics.items()
    ]
    if summary.difference is not None and summary.rival_loss is not None:
        lines.append((t("card.difference"), numerals.signed(summary.difference)))
    if summary.rival is not None and summary.rival_loss is not None:
        mark = t("card.to_rival", arm=t(f"arm.{summary.rival}"), loss=numerals.number(summary.rival_loss))
        reached = summary.epochs_to_rival
        never = t("card.not_reached" if history.finished else "card.not_yet")
        lines.append((mark, never if reached is None else t("card.epoch", epoch=f"{reached:,}")))
    if summary.diverged:
        lines.append((t("card.diverged"), t("card.of", part=summary.diverged, whole=seeds)))
    return lines


def sentences(history: History, t: Texts) -> list[str]:
    """What the numbers say, in Markdown."""
    texts = []
    for finding in found_in(history):
        values = {name: _value(name, value, t) for name, value in finding.values.items()}
        texts.append(t(f"finding.{finding.id}", **values))
    return texts


def _value(name: str, value: object, t: Texts) -> str:
    if name == "arm":
        return f"*{t(f'arm.{value}')}*"
    if isinstance(value, float):
        return numerals.number(value)
    return f"{value:,}" if isinstance(value, int) else formatting.escape_markdown(value)


# Sentences of the page, which are Markdown, as HTML: emphasis, code and escapes, and nothing else.

_PARTS = re.compile(
    r"\\(?P<escaped>[\\`*_{}\[\]()#+\-.!|<>~$:&])"
    r"|`(?P<code>[^`]+)`"
    r"|\*\*(?P<strong>(?:\\.|[^*\\]|\*(?!\*))+)\*\*"
    r"|\*(?P<em>(?:\\.|[^*\\])+)\*",
    re.DOTALL,
)


def html(markdown: str) -> Markup:
    """The sentence as HTML; whatever else is in it stays text, as it is."""
    parts, end = [], 0
    for match in _PARTS.finditer(markdown):
        parts += [escape(markdown[end : match.start()]), _part(match)]
        end = match.end()
    return Markup("").join([*parts, escape(markdown[end:])])


def _part(match: re.Match[str]) -> Markup:
    kind, text = match.lastgroup, match[match.lastgroup or 0]
    if kind == "escaped":
        return escape(text)
    if kind == "code":
        return Markup("<code>%s</code>") % text
    return Markup(f"<{kind}>%s</{kind}>") % html(text)


# What studies that this visitor has seen say of the experiment on screen.


@dataclass(frozen=True)
class WrittenVerdict:
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


def of_visit(experiment: Experiment, t: Texts) -> tuple[WrittenVerdict, ...]:
    """The verdicts, as far as there are any, of studies that train this experiment among others."""
    return tuple(verdict for name in STUDIES for verdict in _of_study(state.chosen(name), experiment, t))


def _of_study(study: Study, experiment: Experiment, t: Texts) -> Iterator[WrittenVerdict]:
    view = state.view(study) if concerns(study, experiment) else None
    if view is None or not view.results:
        return
    for question, verdict in answers(study, view.results):
        if verdict is not None:
            yield WrittenVerdict(
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
