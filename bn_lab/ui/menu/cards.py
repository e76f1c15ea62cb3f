"""A card per arm with its numbers, and sentences that the numbers support, for what is read without a browser's player."""

from __future__ import annotations

from html import escape

from bn_lab.arms import ARMS
from bn_lab.engine.history import History
from bn_lab.engine.summary import Summary, summaries
from bn_lab.engine.summary import findings as found_in
from bn_lab.i18n import Texts
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
        (t("card.train_loss"), formatting.number(summary.train_loss)),
        (t("card.inference_loss"), formatting.number(summary.inference_loss)),
    ]
    if summary.validation_loss is not None:
        lines.append((t("card.validation_loss"), formatting.number(summary.validation_loss)))
    lines += [
        (t("card.metric", measure=t(f"measure.{measure}"), split=t(f"split.{split}")), formatting.metric(measure, value))
        for (measure, split), value in summary.metrics.items()
    ]
    if summary.difference is not None and summary.rival_loss is not None:
        lines.append((t("card.difference"), formatting.signed(summary.difference)))
    if summary.rival is not None and summary.rival_loss is not None:
        mark = t("card.to_rival", arm=t(f"arm.{summary.rival}"), loss=formatting.number(summary.rival_loss))
        reached = summary.epochs_to_rival
        never = t("card.not_reached" if history.finished else "card.not_yet")
        lines.append((mark, never if reached is None else t("card.epoch", epoch=f"{reached:,}")))
    if summary.diverged:
        lines.append((t("card.diverged"), t("card.of", part=summary.diverged, whole=seeds)))
    return lines


def sentences(history: History, t: Texts) -> list[str]:
    """What the numbers say, in Markdown."""
    found = []
    for finding in found_in(history):
        values = {name: _value(name, value, t) for name, value in finding.values.items()}
        found.append(t(f"finding.{finding.id}", **values))
    return found


def _value(name: str, value: object, t: Texts) -> str:
    if name == "arm":
        return f"*{t(f'arm.{value}')}*"
    if isinstance(value, float):
        return formatting.number(value)
    return f"{value:,}" if isinstance(value, int) else formatting.escape_markdown(value)
