"""How durations, errors and texts of strangers are written on the page; numbers see `bn_lab.numerals`."""

from __future__ import annotations

import math
import re

from bn_lab import numerals
from bn_lab.drawn import is_drawn
from bn_lab.experiment import FIELDS, ExperimentError, is_uploaded
from bn_lab.i18n import Texts
from bn_lab.service import LimitError, Watch

JOINER = "\u2060"
"""U+2060, word joiner: takes no room, and no line is broken there."""


def duration(seconds: float | None) -> str:
    """Minutes and seconds, `1:05`; tenths below ten seconds."""
    if seconds is None or not math.isfinite(seconds):
        return numerals.NOTHING
    if seconds < 9.95:
        return f"0:{seconds:04.1f}"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def escape_markdown(text: object) -> str:
    """Text in which Markdown sees nothing but text.

    Addresses and names of icons are found in what is left once the escapes are read, so escapes alone do not stop a stranger's
    text from becoming a link: an invisible joiner in it does.
    """
    apart = re.sub(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)", JOINER, str(text), flags=re.IGNORECASE)
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", apart)


def error(t: Texts, problem: ExperimentError) -> str:
    """An error in the visitor's language, safe to draw as Markdown."""
    values = {name: escape_markdown(value) for name, value in problem.values.items()}
    if problem.field in FIELDS:
        values["field"] = t(f"field.{problem.field}")
    if is_uploaded(str(problem.values["value"])):
        values["value"] = t("uploads.name")
    if is_drawn(str(problem.values["value"])):
        values["value"] = t("draw.points")
    if problem.rule == "file_kind":
        values["value"] = t(f"uploads.content.{problem.values['value']}")
    for name in ("value", "high", "count", "line"):
        if isinstance(problem.values.get(name), int) and problem.rule.startswith("file_"):
            values[name] = f"{problem.values[name]:,}"
    if problem.rule == "between":
        values |= {name: numerals.setting(float(str(problem.values[name]))) for name in ("low", "high")}
    if "kind" in values:
        values["kind"] = t(f"uploads.kind.{problem.values['kind']}")
    if isinstance(problem, LimitError):
        values["fits"] = _fits(t, problem) if problem.fits else ""
        values["setting"] = str(problem.values["setting"])  # stands in backticks, where nothing is escaped
    return t(f"error.{problem.rule}", **values)


def _fits(t: Texts, problem: LimitError) -> str:
    """What would fit, in words: `It would fit with epochs 400, or with width 32.`"""
    together, instead = f" {t('limit.and')} ", f" {t('limit.or')} "
    proposals = (
        together.join(f"{t(f'field.{name}')} {value:,}" for name, value in proposal.items()) for proposal in problem.fits
    )
    return t("limit.would_fit", fits=instead.join(proposals))


def failure(watch: Watch, t: Texts) -> str:
    """What a page says of a training that failed."""
    problem = watch.progress.error
    return error(t, problem) if isinstance(problem, ExperimentError) else t("page.failed")
