"""The Dockerfile, read, and carried out here as far as that goes: no image is built, but its commands are run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"

PATH = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
"""In the image `python` and `streamlit` are those of the lab; here they are those of the tests."""


def instructions() -> list[tuple[str, str]]:
    """What the Dockerfile says: `[("FROM", "python:3.11-slim"), …]`."""
    lines = [line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in whole.splitlines() if line)]


def of_kind(kind: str) -> list[str]:
    return [rest for name, rest in instructions() if name == kind]


def command() -> list[str]:
    """What the container runs."""
    (found,) = of_kind("CMD")
    return list(json.loads(found))


def health_check() -> list[str]:
    (found,) = of_kind("HEALTHCHECK")
    return list(json.loads(found.partition(" CMD ")[2]))


def lay_out(folder: Path) -> None:
    """Put into `folder` what the image has in its folder /app, in the way the Dockerfile does, and let nobody write there."""
    for kind, rest in instructions():
        if kind == "COPY":
            *sources, target = rest.split()
            for source in sources:
                _copy(ROOT / source, folder / target)
        elif kind == "RUN" and rest.startswith("python "):
            subprocess.run(["sh", "-c", rest], cwd=folder, env=os.environ | PATH, check=True)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def without_rights(command: list[str]) -> list[str]:
    """As compose.yaml runs a container: the modes of files, which root need not heed else, hold for it, too."""
    root = os.name == "posix" and os.geteuid() == 0
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", *command] if root else command
