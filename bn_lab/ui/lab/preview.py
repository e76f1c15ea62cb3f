"""The networks, the data, and what a training does with them."""

from __future__ import annotations

from html import escape

import pandas as pd
import streamlit as st

from bn_lab import numerals
from bn_lab.arms import ARMS
from bn_lab.datasets import Table, split, table_of
from bn_lab.drawn import kind_of
from bn_lab.engine.cost import parameters
from bn_lab.engine.steps import Steps
from bn_lab.experiment import FIELDS, Experiment, Schedule
from bn_lab.figures.data import named
from bn_lab.figures.studies.numbers import label, number_label
from bn_lab.i18n import Texts
from bn_lab.sharing import plain_text
from bn_lab.ui import uploads
from bn_lab.ui.kit import formatting

COLUMNS = 14
"""Columns of the data that are shown; pictures have one for each pixel."""


def show(experiment: Experiment, t: Texts) -> None:
    """Networks, plan and data of `experiment`."""
    table = table_of(experiment)
    st.html(networks(experiment, table, t))
    st.markdown(plan(experiment, table, t))
    st.markdown(_about(experiment, table, t))
    head(table, t)


def networks(experiment: Experiment, table: Table, t: Texts) -> str:
    """Every arm's network, as HTML."""
    return "".join(_network(experiment, table, arm, t) for arm in experiment.arms)


def _network(experiment: Experiment, table: Table, arm: str, t: Texts) -> str:
    """One arm as a row of boxes, from inputs to loss."""
    inputs = table.features.shape[1]
    standardized = experiment.standardizes(arm)
    boxes = [_box(t("preview.inputs", count=inputs) + (f" · {t('inputs.standardized')}" if standardized else ""))]
    boxes += [_box(_layer(experiment, arm, k, t), "bn-layer") for k in range(1, experiment.depth + 1)]
    boxes.append(_box(t("preview.output", count=table.outputs)))
    boxes.append(_box(t(f"preview.loss_{table.task}")))
    title = f"{t(f'arm.{arm}')} · {t('preview.parameters', count=f'{parameters(experiment, table, arm):,}')}"
    arrows = '<span class="bn-arrow" aria-hidden="true">→</span>'.join(boxes)
    return f'<div class="bn-network" style="--arm:{ARMS[arm].color}"><h4>{escape(title)}</h4><div>{arrows}</div></div>'


def _layer(experiment: Experiment, arm: str, k: int, t: Texts) -> str:
    affine, activation = t("preview.affine", units=experiment.width), t(f"activation.{experiment.activation}")
    parts = [affine, activation]
    if (normalizer := ARMS[arm].normalizer) is not None:
        norm, noise = normalizer.short, numerals.setting(experiment.bn_noise)
        norm = t("preview.noisy", norm=norm, noise=noise) if experiment.bn_noise else norm
        parts.insert(1 if ARMS[arm].placement == "before" else 2, norm)
    if experiment.dropout:
        parts.append(t("preview.dropout", rate=number_label(experiment.dropout, t)))
    return " · ".join(parts)


def _box(text: str, kind: str = "") -> str:
    return f'<span class="bn-box {kind}">{escape(text)}</span>'


def plan(experiment: Experiment, table: Table, t: Texts) -> str:
    """What a training does, in Markdown."""
    rows = split(table, experiment, experiment.seed)
    samples, validation = len(rows.train), len(rows.validation)
    networks = len(experiment.arms) * experiment.seeds
    values = {
        "networks": networks,
        "samples": f"{samples:,}",
        "batches": f"{Steps.of(experiment, samples).of_epoch(1):,}",
        "batch": min(experiment.phases[0].batch_size, samples),
        "epochs": f"{experiment.epochs:,}",
    }
    rest = t("preview.validation", count=f"{validation:,}") if validation else t("preview.no_validation")
    changes = {name: value for name in FIELDS if isinstance(value := getattr(experiment, name), Schedule)}
    changing = f" {t('preview.changes', changes=label(changes, t))}" if changes else ""
    return f"{t('preview.plan', **values)} {rest}{changing}"


def _about(experiment: Experiment, table: Table, t: Texts) -> str:
    """What to know of the data; of uploads, which file they are from and that they stay here."""
    if not experiment.is_private:
        return t(f"about.{kind_of(experiment.dataset)}")
    file, target = (
        formatting.escape_markdown(uploads.name_of(experiment.dataset)),
        formatting.escape_markdown(plain_text(table.target_name)),
    )
    return t("uploads.about", file=file, target=target, task=t(f"uploads.task.{table.task}"))


def _table(frame: pd.DataFrame) -> str:
    """A few rows as HTML. Streamlit's own grid is a program of two megabytes, for which the first page would wait."""
    names = "".join(f"<th>{escape(plain_text(str(name)))}</th>" for name in frame.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in frame.itertuples(index=False))
    return f"<table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(value: object) -> str:
    return f"<td>{numerals.short(value)}</td>" if isinstance(value, float) else f"<td>{escape(plain_text(str(value)))}</td>"


def head(table: Table, t: Texts) -> None:
    """The first samples, of pictures a few columns in their middle."""
    frame = table.head(5)
    hidden = len(frame.columns) - 1 - COLUMNS
    if hidden > 0:
        middle = [c for c in frame.columns[-1 - COLUMNS - hidden // 2 : -1] if c != table.target_name][:COLUMNS]
        frame = frame[[*middle, table.target_name]]
    names = {column: named(str(column), t) for column in frame.columns}
    st.html(f'<div class="bn-runs bn-samples" tabindex="0">{_table(frame.rename(columns=names))}</div>')
    target = formatting.escape_markdown(plain_text(named(table.target_name, t)))
    caption = t("preview.head", samples=f"{table.samples:,}", features=table.features.shape[1], target=target)
    st.caption(caption + (f" {t('preview.hidden', count=hidden)}" if hidden > 0 else ""))
