"""The tab's icon is ours, in the arms' colours, and comes with the page."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

import bn_lab.ui
from bn_lab.arms import ARMS

ICON = Path(bn_lab.ui.__file__).with_name("icon.svg")


def test_no_site_is_asked_for_the_icon(lab: Callable[..., Any], monkeypatch: Any) -> None:
    given: list[Any] = []
    monkeypatch.setattr(st, "set_page_config", lambda **options: given.append(options["page_icon"]))
    lab()
    assert set(given) == {ICON}


def test_streamlit_sends_it_along() -> None:
    from streamlit.commands.page_config import _get_favicon_string

    kind, _, content = _get_favicon_string(ICON).partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(content).decode() == ICON.read_text(encoding="utf-8")


def test_it_is_two_arms_in_their_colours_and_small() -> None:
    text = ICON.read_text(encoding="utf-8")
    assert set(re.findall(r"#\w{6}", text)) == {ARMS["none"].color, ARMS["before"].color}
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert len(text) < 1_000
