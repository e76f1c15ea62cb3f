"""What the Dockerfile says; tests/deploy/test_replicas.py runs it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.deploy import image


def test_the_container_runs_as_a_user_without_rights() -> None:
    kinds = [kind for kind, _ in image.instructions()]
    assert image.of_kind("USER") == ["1000"]
    assert "RUN" not in kinds[kinds.index("USER") :]
    assert not [rest for kind, rest in image.instructions() if kind in ("COPY", "ADD") and "--chown" in rest]


def test_the_container_listens_where_it_says() -> None:
    (port,) = image.of_kind("EXPOSE")
    assert f"--server.port={port}" in image.command()
    assert any(f":{port}/_stcore/health" in word for word in image.health_check())
    front_matter = (image.ROOT / "deploy" / "huggingface" / "README.md").read_text(encoding="utf-8").split("---\n")[1]
    assert f"\napp_port: {port}\n" in front_matter
    assert "\nsdk: docker\n" in front_matter


def test_only_what_is_copied_is_sent_to_the_builder() -> None:
    ignored = (image.ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = [line[1:] for line in ignored if line.startswith("!")]
    copied = [source for rest in image.of_kind("COPY") for source in rest.split()[:-1]]
    assert "*" in ignored
    assert all((image.ROOT / path).exists() for path in sent)
    assert sorted(sent) == sorted(path.replace(".streamlit", ".streamlit/config.toml") for path in copied)


@pytest.mark.parametrize(("index", "told"), [("", []), ("an address", ["--extra-index-url", "an address"])])
def test_torch_comes_from_the_index_that_is_named(index: str, told: list[str], tmp_path: Path) -> None:
    (step,) = [rest for rest in image.of_kind("RUN") if rest.startswith("pip ")]
    pip = tmp_path / "pip"
    pip.write_text('#!/bin/sh\nfor word; do echo "$word"; done\n')
    pip.chmod(0o755)
    asked = {"PATH": f"{tmp_path}:/usr/bin:/bin", "TORCH_INDEX": index}
    said = subprocess.run(["sh", "-c", step], env=asked, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said == ["install", "-r", "requirements-cluster.txt", *told]


def test_an_image_holds_all_that_the_lab_needs(tmp_path: Path) -> None:
    image.lay_out(tmp_path)
    laid = {path.name for path in tmp_path.iterdir()}
    assert laid >= {"app.py", "bn_lab", "data", ".streamlit"}
    assert list((tmp_path / "bn_lab" / "__pycache__").glob("experiment.*.pyc"))
    assert not [path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o222]
