"""The limits of an uploaded file where no program can read them: a changed limit has to be changed here, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bn_lab.datasets.uploads.limits import MOST_MB, WRITTEN

ROOT = Path(__file__).parents[3]

PLACES = {
    ".streamlit/config.toml": "maxUploadSize = {mb} ",
    "deploy/nginx/nginx.conf": f"client_max_body_size {MOST_MB + 1}m; # a file of {{mb}} MB ",
    "docs/hosting.md": " uploads of {mb} MB at most,",
    "README.md": "A file has {fewest} to {rows} rows, at most {columns} columns, {cells} cells and {mb} MB, a class among "
    "at most {classes};",
}
"""Files that name limits, and what they say."""


@pytest.mark.parametrize("file", PLACES)
def test_a_limit_is_the_same_wherever_it_is_named(file: str) -> None:
    text = re.sub(r"\s+", " ", (ROOT / file).read_text(encoding="utf-8"))
    sentence = PLACES[file].format(**WRITTEN)
    assert sentence in text, f"{file} has to say: {sentence}"
