"""The runs of the list as a table: in which settings they differ, and where each of their arms stood at the end."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from bn_lab.figures.overlay import RUN_COLORS
from bn_lab.i18n import Texts
from bn_lab.ui.compare.kept import Numbers, Run, differences, experiment_of, values
from bn_lab.ui.compare.names import name_of, value_of
from bn_lab.ui.kit import formatting

GLYPHS = "●■◆▲✚★✖⬟"
"""The marks of `bn_lab.figures.overlay.SYMBOLS` as letters."""

Metric = tuple[str, str]


def show(runs: Sequence[Run], t: Texts) -> None:
    """Draw the table."""
    fields, metrics = differences(runs), _metrics(runs)
    heads = [t("compare.table.run"), *(t(f"field.{name}") for name in fields), t("compare.table.arm"), *_titles(metrics, t)]
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(_run(run, runs, fields, metrics, t) for run in runs)
    label = escape(t("compare.table.alt"))
    table = f'<table aria-label="{label}"><thead><tr>{head}</tr></thead>{body}</table>'
    st.html(f'<div class="bn-runs" tabindex="0" role="region" aria-label="{label}">{table}</div>')


def mark(slot: int | None) -> None:
    """The colour and the mark that a run has in the pictures, or room for one."""
    st.html(_mark(slot), width="content")


def _mark(slot: int | None) -> str:
    if slot is None:
        return '<span class="bn-mark" aria-hidden="true">○</span>'
    return f'<span class="bn-mark" style="color:{RUN_COLORS[slot]}" aria-hidden="true">{GLYPHS[slot]}</span>'


def _metrics(runs: Sequence[Run]) -> list[Metric]:
    """The metrics that any of the runs has."""
    numbers = (each for run in runs if run["record"] is not None for each in run["record"]["numbers"].values())
    return list(dict.fromkeys(metric for each in numbers for metric in each["metrics"]))


def _titles(metrics: Sequence[Metric], t: Texts) -> list[str]:
    named = [t("card.metric", measure=t(f"measure.{measure}"), split=t(f"split.{split}")) for measure, split in metrics]
    return [t("card.train_loss"), t("card.inference_loss"), t("card.validation_loss"), *named, t("card.diverged")]


def _run(run: Run, runs: Sequence[Run], fields: Sequence[str], metrics: Sequence[Metric], t: Texts) -> str:
    """The rows of a run, one for each arm, under its name."""
    arms, record = experiment_of(run).arms, run["record"]
    span = f' rowspan="{len(arms)}"' if len(arms) > 1 else ""
    name = f'<th scope="rowgroup"{span}>{_mark(run["slot"])} {escape(name_of(run, runs, t))}</th>'
    told = (value_of(field, value, t) for field, value in values(run, fields).items())
    first = name + "".join(f"<td{span}>{escape(text)}</td>" for text in told)
    cells = [_arm(arm, None if record is None else record["numbers"][arm], metrics, run, t) for arm in arms]
    cells[0] = first + cells[0]
    return f"<tbody>{''.join(f'<tr>{row}</tr>' for row in cells)}</tbody>"


def _arm(arm: str, numbers: Numbers | None, metrics: Sequence[Metric], run: Run, t: Texts) -> str:
    """The cells of an arm."""
    name = f'<th scope="row">{escape(t(f"arm.{arm}"))}</th>'
    if numbers is None:
        state = t("compare.failed" if run["failed"] else "compare.waiting")
        return f'{name}<td colspan="{len(metrics) + 4}">{escape(state)}</td>'
    losses = (numbers["train_loss"], numbers["inference_loss"], numbers["validation_loss"])
    cells = [formatting.number(loss) for loss in losses]
    cells += [formatting.metric(measure, numbers["metrics"].get((measure, split))) for measure, split in metrics]
    cells.append(f"{numbers['diverged']:,}")
    return name + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
