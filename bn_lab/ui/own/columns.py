"""The columns of a file as a table: what they hold, and what becomes of them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bn_lab.datasets.own import SPACES, Choice, Column, File
from bn_lab.i18n import Texts
from bn_lab.sharing import one_line
from bn_lab.ui import words
from bn_lab.ui.own.holding import Opened

SHOWN = 30
"""Characters of a name and of an example in a table."""

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 (BOM)",
    "utf-16": "UTF-16 (BOM)",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "cp949": "cp949 (EUC-KR)",
    "cp1252": "Windows-1252",
}
"""What encodings are called."""

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", SPACES: "spaces"}
"""What delimiters are called, by the names of their texts."""


def found(opened: Opened, t: Texts) -> None:
    """What was found out about the file."""
    file = opened.file
    header = t("own.header") if file.layout.header else t("own.no_header")
    parts = [
        f"**{words.plain(opened.name)}**",
        t("own.size", rows=f"{file.rows:,}", columns=len(file.columns)),
        f"{t('own.encoding')} {ENCODINGS[file.encoding]}",
        f"{t('own.delimiter')} {t(f'own.separator.{SEPARATORS[file.layout.delimiter]}')}",
        t("own.decimal_comma") if file.decimal == "," else t("own.decimal_point"),
        header,
        f"{t('own.hash')} `{file.digest[:8]}`",
    ]
    st.markdown(" · ".join(parts))
    if not file.layout.header:
        st.caption(t("own.no_header_why"))


def show(file: File, choice: Choice | None, t: Texts) -> None:
    """A row for each column."""
    rows = [_row(file, k, choice, t) for k in range(len(file.columns))]
    wide = {t("own.column.use"): st.column_config.TextColumn(width="large")}
    height = min(38 + 35 * len(rows), 400)
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", height=height, column_config=wide)


def _row(file: File, k: int, choice: Choice | None, t: Texts) -> dict[str, object]:
    column = file.columns[k]
    return {
        t("own.column.number"): k + 1,
        t("own.column.name"): one_line(column.name, SHOWN),
        t("own.column.kind"): t(f"own.kind.{column.kind}") + (f" ({column.unit})" if column.unit else ""),
        t("own.column.use"): use_of(column, k, choice, t),
        t("own.column.missing"): file.rows - column.present,
        t("own.column.distinct"): column.distinct,
        t("own.column.example"): one_line(next((text for text in column.head if text), ""), SHOWN),
    }


def use_of(column: Column, k: int, choice: Choice | None, t: Texts) -> str:
    """What becomes of a column, with the reason where nothing does."""
    if choice is not None and k == choice.target:
        return t("own.use.target")
    if not column.is_usable:
        return t(f"own.why.{column.kind}", stray=one_line(column.stray, SHOWN))
    if choice is not None and k in choice.without:
        return t("own.why.id") if column.is_id else t("own.use.left_out")
    return t("own.use.one_hot", count=column.distinct) if column.kind == "categorical" else t("own.use.feature")
