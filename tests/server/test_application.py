"""The server starts with the settings that it relies on, or not at all."""

from __future__ import annotations

import pytest
from streamlit import config

from bn_lab.server import application


@pytest.mark.parametrize(
    ("headers", "good"), [({"X-Bn-Lab-Browser": "browser"}, True), ({}, False), ({"X-Other": "email"}, False)]
)
def test_without_its_settings_the_server_does_not_start(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], good: bool
) -> None:
    monkeypatch.setattr(config, "get_option", {"server.trustedUserHeaders": headers}.__getitem__)
    if good:
        application.require_settings()
    else:
        with pytest.raises(RuntimeError, match=r"config\.toml"):
            application.require_settings()
