"""The report: one HTML file with settings, numbers, figures and verdicts, which opens without the lab and without a network."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from bn_lab import numerals
from bn_lab.arms import ARMS, BASELINE
from bn_lab.datasets import Table, table_of
from bn_lab.drawn import kind_of
from bn_lab.engine.history import History
from bn_lab.engine.summary import Summary, summaries
from bn_lab.engine.summary import findings as found_in
from bn_lab.experiment import FIELDS, Experiment, is_uploaded
from bn_lab.figures.frame import Recorded, fill, write
from bn_lab.figures.layers import stages_in_order
from bn_lab.figures.parts import recorded
from bn_lab.figures.pictures import FIGURES, alt, figure_names
from bn_lab.figures.studies.numbers import number_label
from bn_lab.figures.tables import statistics
from bn_lab.i18n import Texts
from bn_lab.server.assets import plotly_source
from bn_lab.studies.answers import answers
from bn_lab.studies.claims import STUDIES
from bn_lab.studies.study import Study
from bn_lab.ui.claims import state
from bn_lab.ui.claims.trial import details, effect
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.caching import cached_per_history
from bn_lab.ui.lab import controls, preview
from bn_lab.ui.rules import GROUPS

HERE = Path(__file__).parent

SIGNIFICANT = 7
"""Significant digits of a number in a figure: what it was recorded with."""

WORDS = (
    "link",
    "numbers",
    "noscript",
    "verdicts",
    "settings",
    "settings_about",
    "setting",
    "value",
    "default",
    "networks",
    "data",
)
"""Texts `report.…` that stand in the template as they are."""

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "curves": ("loss", "metric", "boundary"),
    "layers": ("histograms", "ribbons"),
    "scales": ("gauge", "gradients", "gamma_beta"),
    "predictions": ("predictions", "confusion"),
}
"""The figures under the headings of the page. The stage's own picture of the networks is not among them: its histograms are."""

SHOWS_SAMPLES = ("boundary", "predictions")
"""Figures with a mark for each sample, at its features or its target."""


@dataclass(frozen=True)
class Report:
    """What goes into a report besides the record.

    Attributes:
        t: the texts of its language. address: the link that opens the experiment.
        verdicts: of studies that concern it.
    """

    t: Texts
    address: str
    verdicts: Sequence[WrittenVerdict]

    def of(self, history: History) -> str:
        """The report of a record, as HTML."""
        experiment, t = history.experiment, self.t
        data, numbers = table_of(experiment), recorded(history)
        figures = list(_figures(experiment, data, numbers, t))
        return _template().render(
            t=t,
            words={name: t(f"report.{name}") for name in WORDS},
            title=f"BN Lab: {_dataset(experiment.dataset, t)}",
            made=t("report.made", date=datetime.now(UTC).strftime("%Y-%m-%d")),
            progress=t("report.progress", epoch=f"{int(history.progress):,}", epochs=f"{experiment.epochs:,}"),
            address=self.address,
            about="" if experiment.is_private else html(t(f"about.{kind_of(experiment.dataset)}")),
            plan=html(preview.plan(experiment, data, t).replace("**", "")),
            networks=Markup(preview.networks(experiment, data, t)),
            settings=list(_settings(experiment, t)),
            cards=Markup(cards(history, t)),
            findings=[html(sentence) for sentence in sentences(history, t)],
            verdicts=self.verdicts,
            sections=[(name, [each for each in figures if each["name"] in names]) for name, names in SECTIONS.items()],
            statistics=_statistics(experiment, data, numbers, t),
            figures=_script_json({each["id"]: each["arrangements"] for each in figures}),
            plotly=_plotly(),
        )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html")


@cache
def _plotly() -> Markup:
    """plotly.js as it may stand within an element `script`."""
    return Markup(plotly_source().read_text(encoding="utf-8").replace("</script", r"<\/script"))


def _settings(experiment: Experiment, t: Texts) -> Iterator[dict[str, Any]]:
    """Every field in the order of the sidebar, with its default where it has another value."""
    different = experiment.differences()
    for group, names in GROUPS.items():
        for name in names:
            if not controls.matters(name, experiment):
                continue
            default = _value(name, FIELDS[name].default, t) if name in different else ""
            yield {
                "group": t(f"group.{group}") if name == names[0] else "",
                "name": t(f"field.{name}"),
                "value": _value(name, getattr(experiment, name), t),
                "default": default,
            }


def _dataset(name: str, t: Texts) -> str:
    """What a data set is called; those of visitors have no names here."""
    return t("report.own_data") if is_uploaded(name) else controls.option_label(t, "dataset", name)


def _value(name: str, value: Any, t: Texts) -> str:
    if name == "dataset":
        return _dataset(value, t)
    if value is None:
        return t("page.all")
    if isinstance(value, tuple):
        return ", ".join(controls.option_label(t, name, option) for option in value)
    return controls.option_label(t, name, value) if isinstance(value, str) else number_label(value, t)


def _options(name: str, experiment: Experiment) -> Iterator[dict[str, Any]]:
    """The settings with which a figure is shown, one entry for each time that it is shown."""
    if name == "loss":
        yield {"log_y": True}
    elif name == "ribbons":
        yield from ({"stage": stage} for stage in stages_in_order(experiment))
    else:
        yield {}
        if name == "confusion" and experiment.validation_share:
            yield {"split": "validation"}


def _figures(experiment: Experiment, data: Table, numbers: Recorded, t: Texts) -> Iterator[dict[str, Any]]:
    """Every figure of `SECTIONS` that the experiment has: its name, an id, what it shows, and both arrangements.

    Of uploads those that show the samples themselves stay in the lab.
    """
    has = figure_names(experiment, data)
    for name in (name for names in SECTIONS.values() for name in names if name in has):
        if experiment.is_private and name in SHOWS_SAMPLES:
            continue
        for k, options in enumerate(_options(name, experiment)):
            both = (FIGURES[name].draw(experiment, data, t, narrow=narrow, **options) for narrow in (False, True))
            arrangements = [_filled(template, numbers) for template in both]
            yield {"name": name, "id": f"{name}-{k}", "alt": alt(name, t), "arrangements": arrangements}


def _filled(template: dict[str, Any], numbers: Recorded) -> dict[str, Any]:
    """A figure with its numbers, without the rules that filled it."""
    figure = fill(template, numbers)
    data = [{name: value for name, value in trace.items() if name != "meta"} for trace in figure["data"]]
    layout = {name: value for name, value in figure["layout"].items() if name != "meta"}
    return {"data": short(data), "layout": short(layout)}


def short(value: Any) -> Any:
    """The same with numbers of `SIGNIFICANT` significant digits; a number that is not finite is None."""
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT}g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: short(inner) for name, inner in value.items()}
    return [short(inner) for inner in value] if isinstance(value, list | tuple) else value


def _statistics(experiment: Experiment, data: Table, numbers: Recorded, t: Texts) -> dict[str, Any]:
    """The table of the layers with its numbers: headings, and rows of texts."""
    template = statistics(experiment, data, t)
    rows = [[cell if isinstance(cell, str) else write(cell, numbers) for cell in row] for row in template.rows]
    return {"columns": template.columns, "rows": rows}


def _script_json(value: Any) -> Markup:
    """JSON as it may stand within an element `script`: without `<` there is no end of it, and no comment."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


# In words: a card for each arm, and sentences that the numbers support.


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
        values = {name: _in_words(name, value, t) for name, value in finding.values.items()}
        texts.append(t(f"finding.{finding.id}", **values))
    return texts


def _in_words(name: str, value: object, t: Texts) -> str:
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
