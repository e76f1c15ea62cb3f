"""What the Dockerfile says; tests/deploy/test_replicas.py runs it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


@pytest.fixture
def built(tmp_path: Path) -> Callable[[str], tuple[int, list[list[str]], str]]:
    """Runs the steps that install packages, with a pip that does nothing: the status, what pip was asked for, what was said."""
    said, pip = tmp_path / "said", tmp_path / "pip"
    pip.write_text(f'#!/bin/sh\nfor word; do echo "$word"; done >> {said}\necho >> {said}\n', encoding="utf-8")
    pip.chmod(0o755)

    def run(index: str) -> tuple[int, list[list[str]], str]:
        said.write_text("", encoding="utf-8")
        steps = "\n".join(rest for rest in image.of_kind("RUN") if rest.startswith("pip "))
        asked = {"PATH": f"{tmp_path}:/usr/bin:/bin", "TORCH_INDEX": index}
        done = subprocess.run(["sh", "-ec", steps], env=asked, capture_output=True, text=True, check=False)
        calls = said.read_text(encoding="utf-8").split("\n\n")[:-1]
        return done.returncode, [call.splitlines() for call in calls], done.stderr

    return run


HASHED = ["install", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
"""No file that has no hash here, nothing that a package asks for besides, and nothing that is built first."""


def test_torch_alone_comes_from_its_index_and_everything_by_its_hash(built: Callable[..., Any]) -> None:
    status, (torch, others, check), _ = built("an address")
    assert status == 0
    assert torch == [*HASHED, "--index-url", "an address", "-r", "deploy/torch.txt"]
    assert others == [*HASHED, "-r", "deploy/lock.txt"]
    assert check == ["check"]


def test_without_the_index_nothing_is_installed_and_that_is_said(built: Callable[..., Any]) -> None:
    status, calls, said = built("")
    assert status != 0
    assert calls == []
    assert "TORCH_INDEX: is not set" in said
    assert "docs/hosting.md" in said


def test_no_file_names_a_second_index() -> None:
    files = ["Dockerfile", "requirements.txt", "requirements-cluster.txt", "requirements-dev.txt"]
    files += [str(path.relative_to(image.ROOT)) for path in (image.ROOT / "deploy").rglob("*") if path.is_file()]
    texts = {name: (image.ROOT / name).read_text(encoding="utf-8") for name in files if not name.endswith(".pyc")}
    assert "deploy/lock.txt" in texts
    assert not [name for name, text in texts.items() if "extra-index" in text or "find-links" in text]


def test_an_image_holds_all_that_the_lab_needs(tmp_path: Path) -> None:
    image.lay_out(tmp_path)
    laid = {path.name for path in tmp_path.iterdir()}
    assert laid >= {"app.py", "bn_lab", "data", ".streamlit"}
    assert list((tmp_path / "bn_lab" / "__pycache__").glob("experiment.*.pyc"))
    assert not [path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o222]
