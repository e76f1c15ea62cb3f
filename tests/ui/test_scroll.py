"""A heading is brought into view once, after the page with it has been drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]


def anchors(page: Any) -> list[str]:
    """The headings that the page wants in view."""
    return [json.loads(proto.json)["anchor"] for key, proto in page.components.items() if key == "scroll"]


def test_the_next_step_of_the_lesson_comes_into_view_once(lab: Open) -> None:
    page = lab(lang="en")
    page.go_to("lesson")
    assert anchors(page) == []
    page.at.button(key="lesson_on").click()
    page.run()
    assert anchors(page) == ["layers"]
    page.run()
    assert anchors(page) == []
