"""docs/hosting.md names what there is."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from bn_lab.server.headers import FRAME_ANCESTORS
from bn_lab.service.limits import Limits, setting
from bn_lab.studies import executors
from tests.deploy.image import ROOT, instructions

GUIDE = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")


SETTINGS = [FRAME_ANCESTORS, executors.WORKERS, executors.CLUSTER]
SETTINGS += [setting(each.name) for each in fields(Limits)]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_in_the_table(name: str) -> None:
    assert len(re.findall(rf"^\| `{name}` \|", GUIDE, re.MULTILINE)) == 1


def test_no_setting_is_made_up() -> None:
    assert set(re.findall(r"BN_LAB_[A-Z_]+", GUIDE)) <= {*SETTINGS, "BN_LAB_PORT"}


def test_files_that_are_named_are_there() -> None:
    named = re.findall(r"`((?:deploy|tests|docs)/[\w./-]+|\.streamlit/[\w.]+|Dockerfile|requirements\.txt)`", GUIDE)
    assert len(named) > 5
    optional = {"deploy/bn-lab.env"}
    assert [name for name in named if name not in optional and not (ROOT / name).exists()] == []


def test_the_base_image_has_the_python_of_the_pins() -> None:
    (base,) = [rest for kind, rest in instructions() if kind == "FROM"]
    version = base.partition(":")[2].partition("-")[0]
    assert f"Python {version}" in GUIDE
    assert f"under Python {version}." in (ROOT / "deploy" / "constraints.txt").read_text(encoding="utf-8")
