"""The columns of a file as a table: what they hold, and what becomes of them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bn_lab.datasets.uploads import Column, DataChoice, File
from bn_lab.i18n import Texts
from bn_lab.sharing import one_line

SHOWN = 30
"""Characters of a name and of an example in a table."""


def show(file: File, choice: DataChoice | None, t: Texts) -> None:
    """A row for each column."""
    rows = [_row(file, k, choice, t) for k in range(len(file.columns))]
    wide = {t("own.column.use"): st.column_config.TextColumn(width="large")}
    height = min(38 + 35 * len(rows), 400)
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", height=height, column_config=wide)


def _row(file: File, k: int, choice: DataChoice | None, t: Texts) -> dict[str, object]:
    column = file.columns[k]
    return {
        t("own.column.number"): k + 1,
        t("own.column.name"): one_line(column.full_name, SHOWN),
        t("own.column.kind"): t(f"own.kind.{column.kind}"),
        t("own.column.use"): use_of(column, k, choice, t),
        t("own.column.missing"): file.rows - column.present,
        t("own.column.distinct"): column.distinct,
        t("own.column.example"): one_line(next((text for text in column.head if text), ""), SHOWN),
    }


def use_of(column: Column, k: int, choice: DataChoice | None, t: Texts) -> str:
    """What becomes of a column, with the reason where nothing does."""
    if choice is not None and k == choice.target:
        return t("own.use.target")
    if not column.is_usable:
        return t(f"own.why.{column.kind}", stray=one_line(column.stray, SHOWN))
    if choice is not None and k in choice.without:
        return t("own.why.id") if column.is_id else t("own.use.left_out")
    return t("own.use.one_hot", count=column.distinct) if column.kind == "categorical" else t("own.use.feature")
