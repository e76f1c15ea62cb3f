"""`.streamlit/config.toml`: what a public host relies on."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit import config

from bn_lab.server.websocket_gate import BROWSER
from tests.deploy.image import ROOT

FILE = ROOT / ".streamlit" / "config.toml"
SETTINGS: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))

SERVER: dict[str, Any] = SETTINGS["server"]


def named(prefix: str, settings: dict[str, Any]) -> Iterator[str]:
    """Names of settings with those of the sections around them: `theme.dark.primaryColor`."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from named(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}"


def test_streamlit_knows_every_setting() -> None:
    assert not set(named("", SETTINGS)) - set(config.get_config_options())


def test_pages_of_other_sites_are_kept_out() -> None:
    assert SERVER["enableXsrfProtection"] is True
    assert SERVER["enableCORS"] is True


def test_nobody_can_send_more_than_the_memory_bears() -> None:
    assert SERVER["maxWidgetStateSize"] <= SERVER["maxMessageSize"] <= 4


def test_a_session_outlives_a_cut_but_not_for_long() -> None:
    assert 30 <= SERVER["disconnectedSessionTTL"] <= 120


def test_visitors_see_neither_tools_for_developers_nor_what_broke_inside() -> None:
    assert SETTINGS["client"] == {"toolbarMode": "viewer", "showErrorDetails": "none", "allowedOrigins": []}
    assert SETTINGS["browser"]["gatherUsageStats"] is False


@pytest.mark.parametrize("name", ["enableAgentApi", "enableStaticServing", "scriptHealthCheckEnabled"])
def test_what_the_lab_does_not_need_is_off(name: str) -> None:
    assert SERVER.get(name, config._config_options_template[f"server.{name}"].default_val) is False


def test_a_session_is_given_to_the_browser_that_began_it() -> None:
    assert json.loads(SERVER["trustedUserHeaders"]) == {BROWSER.decode().title(): "browser"}


def test_the_interface_for_programs_is_off_outright() -> None:
    assert SERVER["enableAgentApi"] is False


def test_no_secret_stands_in_a_file() -> None:
    assert "cookieSecret" not in SERVER
