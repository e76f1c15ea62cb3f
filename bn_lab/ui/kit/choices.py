"""A choice that keeps what the visitor picked, as long as that is still there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

Option = TypeVar("Option")


def one_of(key: str, label: str, options: Sequence[Option], name: Callable[[Option], str]) -> Option:
    """One of some options, all in sight; the first one where nothing, or nothing that is still there, was chosen."""
    _keep(key, options)
    st.segmented_control(label, options, format_func=name, key=key, required=True)
    chosen: Option = st.session_state[key]
    return chosen


def one_of_many(key: str, label: str, options: Sequence[Option], name: Callable[[Option], str]) -> Option:
    """The same as a list that opens."""
    _keep(key, options)
    st.selectbox(label, options, format_func=name, key=key, width=240)
    chosen: Option = st.session_state[key]
    return chosen


def _keep(key: str, options: Sequence[Option]) -> None:
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
