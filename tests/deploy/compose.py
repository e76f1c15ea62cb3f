"""deploy/compose.yaml, read."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from tests.deploy.image import ROOT

COMPOSE = ROOT / "deploy" / "compose.yaml"


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return found


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = document()["services"][name]
    return found


def command(name: str, **instead: str) -> list[str]:
    """What a service runs, with some of its words replaced, each of which has to be there."""
    words = [str(word) for word in service(name).get("entrypoint") or service(name)["command"]]
    assert set(instead) <= set(words)
    return [instead.get(word, word) for word in words]
