"""Pages with an open dialog, and the files that their buttons make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st

from tests.ui.conftest import lab as lab
from tests.ui.conftest import no_pictures as no_pictures
from tests.ui.conftest import recordings as recordings

Make = Callable[[], str | bytes]


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, Make]:
    """What makes each file that the page offers now, by name."""
    collected: dict[str, Make] = {}
    draw = st.download_button

    def recorded(label: str, data: Any, **options: Any) -> Any:
        assert callable(data), "a file is made when somebody asks for it"
        if options.get("disabled"):
            collected.pop(options["file_name"], None)
        else:
            collected[options["file_name"]] = data
        return draw(label, data, **options)

    monkeypatch.setattr(st, "download_button", recorded)
    return collected


@pytest.fixture
def opened(lab: Callable[..., Any], files: dict[str, Make], no_pictures: None) -> Callable[..., Any]:
    """`opened("files", experiment, trained=True)`: a page with this dialog open."""

    def page(dialog: str, *arguments: Any, trained: bool = True, **options: Any) -> Any:
        page = lab(*arguments, **options)
        if trained:
            page.train()
        page.open(dialog)
        return page

    return page
