"""How a file is read: what was found out, each part of it to be changed, and the first rows as they follow from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, get_args

import pandas as pd
import streamlit as st

from bn_lab.datasets.uploads import COMMENTS, FOUND_OUT, SPACES, AskedKind, DataError, File, Format, encodings, number_of
from bn_lab.datasets.uploads.limits import MOST_MARKERS, MOST_SKIPPED
from bn_lab.i18n import Texts
from bn_lab.sharing import one_line
from bn_lab.ui import session, uploads
from bn_lab.ui.data import upload
from bn_lab.ui.kit import formatting
from bn_lab.ui.kit.errors import guarded
from bn_lab.ui.uploads import OpenFile

REQUESTED = "uploads_requested"
"""In the session: how the file on the page is said to be written, until it is read like that."""

COMMON = ("utf_8", "utf_8_sig", "cp949", "utf_16", "cp1252", "cp1250", "cp1251", "gb18030", "big5hkscs", "cp932", "euc_jp")
"""Encodings that stand first in the list of all."""

ENCODINGS = {
    "utf_8": "UTF-8",
    "utf_8_sig": "UTF-8 (BOM)",
    "utf_16": "UTF-16 (BOM)",
    "utf_16_le": "UTF-16 LE",
    "utf_16_be": "UTF-16 BE",
    "cp949": "cp949 (EUC-KR)",
    "gb18030": "GB 18030 (GBK)",
    "big5hkscs": "Big5",
    "cp932": "cp932 (Shift_JIS)",
    "euc_jp": "EUC-JP",
    **{f"cp125{k}": f"Windows-125{k}" for k in range(9)},
}
"""What encodings are called that have another name than Python's."""

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", ":": "colon", SPACES: "spaces"}
"""What delimiters are called, by the names of their texts."""

DECIMALS = {".": "uploads.decimal_point", ",": "uploads.decimal_comma"}
"""What decimal separators are called, by their texts."""

THOUSANDS = {"": "nothing", ",": "comma", ".": "point", " ": "space", "'": "apostrophe", "’": "apostrophe_curly"}
"""What may stand between thousands, by the names of their texts."""

SHOWN, COLUMNS, SUSPECTS = 30, 14, 4
"""Characters of a cell, columns of the first rows, and suspects that are shown."""


def show(opened: OpenFile, t: Texts) -> None:
    """What was found out about the file, and the widgets to change it."""
    _read_as_requested(opened, t)
    if opened.problem is not None:
        st.error(formatting.error(t, opened.problem), icon=":material/error:")
        st.markdown(t("uploads.read.otherwise"))
    if opened.file is not None:
        _summary(opened, opened.file, t)
        _suspects(opened, opened.file, t)
        _head(opened.file, t)
    with st.expander(t("uploads.read.title"), icon=":material/tune:", expanded=opened.file is None):
        _widgets(opened, t)


def _read_as_requested(opened: OpenFile, t: Texts) -> None:
    """Read the file anew where a widget says that it is written differently: here, where one sees that it takes a while."""
    requested: tuple[str, Format] | None = st.session_state.pop(REQUESTED, None)
    if requested is None or requested[0] != opened.digest:
        return
    try:
        with upload.reading(t) as waiting:
            uploads.read_again(opened.digest, requested[1], session.limits().own_mb, waiting)
    except DataError as error:  # there is no room for it
        st.session_state[upload.PROBLEM] = error
    st.rerun()


def _summary(opened: OpenFile, file: File, t: Texts) -> None:
    said = file.format
    parts = [
        f"**{formatting.escape_markdown(opened.name)}**",
        t("uploads.size", rows=f"{file.rows:,}", columns=len(file.columns)),
    ]
    if file.kind == "text":
        parts += [f"{t('uploads.encoding')} {encoding_name(said.encoding or '')}"]
        parts += [f"{t('uploads.delimiter')} {formatting.escape_markdown(delimiter_name(said.delimiter or '', t))}"]
    else:
        parts += [t(f"uploads.file_kind.{file.kind}")]
    if file.sheets:
        parts += [t("uploads.sheet", name=formatting.escape_markdown(one_line(file.sheets[said.sheet or 0], SHOWN)))]
    parts += [t(DECIMALS[said.decimal or "."]), t("uploads.header") if said.header else t("uploads.no_header")]
    st.markdown(" · ".join([*parts, f"{t('uploads.hash')} `{file.digest[:8]}`"]))
    if not said.header:
        st.caption(t("uploads.no_header_why"))
    if notes := _notes(file, t):
        st.caption(" ".join(notes))


def _notes(file: File, t: Texts) -> list[str]:
    """What was left out, or understood, that one would want to know of."""
    said, layout = file.format, file.layout
    lines = [t("uploads.notes.above", count=said.above)] if said.above else []
    lines += [t("uploads.notes.below", count=said.below)] if said.below else []
    lines += (
        [t("uploads.notes.comment", sign=formatting.escape_markdown(said.comment), count=layout.comments)]
        if layout.comments
        else []
    )
    lines += [t("uploads.notes.in_comment")] if layout.in_comment else []
    lines += [t("uploads.notes.row_names")] if layout.has_row_names else []
    lines += [t("uploads.notes.ends_empty")] if layout.ends_empty else []
    infinite = [(k + 1, column) for k, column in enumerate(file.columns) if column.infinite]
    lines += [t("uploads.notes.infinite", column=k, count=column.infinite) for k, column in infinite[:SUSPECTS]]
    units = [f"{formatting.escape_markdown(one_line(column.full_name, SHOWN))}" for column in file.columns if column.unit]
    return [*lines, t("uploads.notes.units", columns=", ".join(units[:COLUMNS]))] if units else lines


def _suspects(opened: OpenFile, file: File, t: Texts) -> None:
    """What may stand for a missing value: to be confirmed, since only somebody who knows the data can say so."""
    suspects = [(k, column) for k, column in enumerate(file.columns) if column.suspect is not None]
    for k, column in suspects[:SUSPECTS]:
        assert column.suspect is not None
        text = column.suspect.text
        with st.container(horizontal=True, vertical_alignment="center"):
            name = formatting.escape_markdown(one_line(column.name, SHOWN))
            which = "uploads.suspect" if number_of(text, file.format.decimal or ".") is not None else "uploads.suspect_word"
            st.markdown(t(which, text=formatting.escape_markdown(text), count=column.suspect.count, column=k + 1, name=name))
            asked = replace(opened.asked, missing=(*opened.asked.missing, text))
            label = t("uploads.suspect_missing")
            st.button(label, key=f"uploads_suspect_{k}", on_click=guarded(request), args=(opened.digest, asked))


def request(digest: str, asked: Format) -> None:
    """Have the file read as it is said to be written, as soon as the page is drawn."""
    st.session_state[REQUESTED] = digest, asked


def encoding_name(encoding: str) -> str:
    """What an encoding is called."""
    return ENCODINGS.get(encoding, encoding)


def delimiter_name(delimiter: str, t: Texts) -> str:
    """What a delimiter is called."""
    return t(f"uploads.separator.{SEPARATORS[delimiter]}") if delimiter in SEPARATORS else delimiter


def thousands_name(sign: str, t: Texts) -> str:
    """What stands between thousands, in words."""
    return t(f"uploads.thousands.{THOUSANDS[sign]}") if sign in THOUSANDS else sign


def _widgets(opened: OpenFile, t: Texts) -> None:
    """One for each setting, filled with what was found out, or said."""
    file = opened.file
    said = file.format if file is not None else opened.asked
    is_text = file is None or file.kind == "text"
    put = _Widgets(opened, t)
    with st.container(horizontal=True, vertical_alignment="bottom", key="uploads_read_form"):
        if file is not None and len(file.sheets) > 1:
            names = [f"{k + 1} · {one_line(name, SHOWN)}" for k, name in enumerate(file.sheets)]
            put.select("sheet", list(range(len(names))), said.sheet, names.__getitem__)
        if is_text:
            every = list(dict.fromkeys([*COMMON, *encodings()]))
            put.select("encoding", every, said.encoding, encoding_name)
            put.select("delimiter", list(SEPARATORS), said.delimiter, lambda sign: delimiter_name(sign, t), new=True)
        if file is None or file.kind != "parquet":
            put.segments("header", [True, False], said.header, lambda yes: t("uploads.read.yes" if yes else "uploads.read.no"))
            put.count("above", said.above)
            put.count("below", said.below)
        if is_text:
            put.select("comment", ["", *COMMENTS], said.comment, lambda sign: sign or t("uploads.read.none"), new=True)
        put.segments("decimal", list(DECIMALS), said.decimal, lambda sign: t(DECIMALS[sign]))
        put.select("thousands", list(THOUSANDS), said.thousands, lambda sign: thousands_name(sign, t))
    put.texts("missing", said.missing)
    if file is not None:
        for kind in get_args(AskedKind):
            put.columns(kind, file)
    if opened.asked != FOUND_OUT:
        label = t("uploads.read.reset")
        st.button(
            label, key="uploads_read_reset", icon=":material/undo:", on_click=guarded(request), args=(opened.digest, FOUND_OUT)
        )


class _Widgets:
    """Widgets that each say one thing about how a file is written."""

    def __init__(self, opened: OpenFile, t: Texts) -> None:
        self._opened, self._t = opened, t

    def _common(self, name: str, value: Any, act: Callable[[Any], Format]) -> dict[str, Any]:
        """The label and the key of a widget, which shows `value`, and what it does."""
        key = f"uploads_read_{name}_{self._opened.digest}"
        st.session_state[key] = value

        def changed() -> None:
            request(self._opened.digest, act(st.session_state[key]))

        return {"label": self._t(f"uploads.read.{name}"), "key": key, "on_change": guarded(changed)}

    def _setter(self, name: str) -> Callable[[Any], Format]:
        return lambda value: replace(self._opened.asked, **{name: value})

    def select(self, name: str, options: list[Any], value: Any, called: Callable[[Any], str], *, new: bool = False) -> None:
        """A list; where `new`, what is typed is a value, too."""
        options = options if value is None or value in options else [*options, value]
        common = self._common(name, value, self._setter(name))
        hint = self._t("uploads.read.found_out")
        st.selectbox(options=options, format_func=called, accept_new_options=new, placeholder=hint, width=200, **common)

    def segments(self, name: str, options: list[Any], value: Any, called: Callable[[Any], str]) -> None:
        """A few, all in sight."""
        st.segmented_control(options=options, format_func=called, **self._common(name, value, self._setter(name)))

    def count(self, name: str, value: int | None) -> None:
        """A number of lines."""
        st.number_input(min_value=0, max_value=MOST_SKIPPED, step=1, width=150, **self._common(name, value, self._setter(name)))

    def texts(self, name: str, values: Sequence[str]) -> None:
        """Texts to add to."""
        common = self._common(name, list(values), lambda chosen: replace(self._opened.asked, missing=tuple(chosen)))
        hint = self._t("uploads.read.missing_none")
        st.multiselect(options=list(values), accept_new_options=True, max_selections=MOST_MARKERS, placeholder=hint, **common)

    def columns(self, kind: AskedKind, file: File) -> None:
        """Columns that hold something else than was found out."""
        kinds = dict(self._opened.asked.kinds)

        def act(chosen: Sequence[int]) -> Format:
            others = {k: other for k, other in kinds.items() if other != kind and k not in chosen}
            return replace(self._opened.asked, kinds=tuple({**others, **dict.fromkeys(chosen, kind)}.items()))

        value = [k for k, asked in kinds.items() if asked == kind and k < len(file.columns)]
        options, hint = list(range(len(file.columns))), self._t("uploads.read.found_out")
        st.multiselect(
            options=options, format_func=lambda k: name_of(file, k), placeholder=hint, **self._common(kind, value, act)
        )


def name_of(file: File, k: int) -> str:
    """A column in a list: its number and its name."""
    return f"{k + 1} · {one_line(file.columns[k].full_name, 40)}"


def _head(file: File, t: Texts) -> None:
    """The first rows, as they stand in the file."""
    shown = file.columns[:COLUMNS]
    head = {name_of(file, k): [one_line(text, SHOWN) for text in column.head] for k, column in enumerate(shown)}
    st.dataframe(pd.DataFrame(head), hide_index=True, width="stretch")
    if len(file.columns) > COLUMNS:
        st.caption(t("preview.hidden", count=len(file.columns) - COLUMNS))
