"""How numbers, durations and errors are written on the page."""

from __future__ import annotations

import math
import re

from bn_lab.experiment import FIELDS, ExperimentError, is_uploaded
from bn_lab.i18n import Texts
from bn_lab.service import LimitError, Watch

NOTHING = "–"

JOINER = "\u2060"
"""U+2060, word joiner: takes no room, and no line is broken there."""


def number(value: float | None) -> str:
    """Four significant digits, also where they are zeros, or a dash where there is no number."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:#.4g}".removesuffix(".")


def metric(measure: str, value: float | None) -> str:
    """As `number`, accuracies in percent."""
    return f"{value:.1%}" if measure == "accuracy" and value is not None and math.isfinite(value) else number(value)


def ratio(value: float) -> str:
    """As `number`, from a thousand to a million as a whole number."""
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e6 else number(value)


def exact(value: float) -> str:
    """A number as it is typed: the shortest decimal that is the same number."""
    return repr(float(value)).removesuffix(".0")


def rounded(value: float, scale: float) -> float:
    """0 where a number is the rounding of numbers of this scale."""
    return 0.0 if abs(value) < 1e-12 * scale else float(value)


def signed(value: float | None) -> str:
    """As `number`, with its sign."""
    return NOTHING if value is None or not math.isfinite(value) else f"{value:+#.4g}".removesuffix(".")


def duration(seconds: float | None) -> str:
    """Minutes and seconds, `1:05`; tenths below ten seconds."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
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
    if problem.rule == "file_kind":
        values["value"] = t(f"uploads.content.{problem.values['value']}")
    for name in ("value", "high", "count", "line"):
        if isinstance(problem.values.get(name), int) and problem.rule.startswith("file_"):
            values[name] = f"{problem.values[name]:,}"
    if "kind" in values:
        values["kind"] = t(f"uploads.kind.{problem.values['kind']}")
    if isinstance(problem, LimitError):
        values["fits"] = _fits(t, problem) if problem.fits else ""
        values["setting"] = str(problem.values["setting"])  # stands in backticks, where nothing is escaped
    return t(f"error.{problem.rule}", **values)


def _fits(t: Texts, problem: LimitError) -> str:
    """What would fit, in words: `It would fit with epochs 400, or with width 32.`"""
    together, instead = f" {t('limit.and')} ", f" {t('limit.or')} "
    ways = (together.join(f"{t(f'field.{name}')} {value:,}" for name, value in way.items()) for way in problem.fits)
    return t("limit.would_fit", fits=instead.join(ways))


def failure(watch: Watch, t: Texts) -> str:
    """What a page says of a training that failed."""
    problem = watch.progress.error
    return error(t, problem) if isinstance(problem, ExperimentError) else t("page.failed")
