"""Write `constraints.txt` anew: `python deploy/update.py`, with the Python that the Dockerfile names.

Installs the newest versions that requirements.txt and requirements-cluster.txt allow into a fresh environment, and writes down
what came. To go beyond what they allow, change those files first. What follows is the tests: `.ci/run`.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

UNPINNED = re.compile(r"(pip$|nvidia|cuda|triton)")
"""What a build of torch for graphics cards brings along names itself exactly, and a build without them has none of it."""


def requirements() -> list[str]:
    """What the project asks for itself, without the pins of the last time."""
    lines = [line for name in ("", "-cluster") for line in (ROOT / f"requirements{name}.txt").read_text().splitlines()]
    return [line for line in lines if line and line[0] not in "#-"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements()], check=True)
        listed = subprocess.run([python, "-m", "pip", "list", "--format", "json"], check=True, capture_output=True, text=True)
    pins = [f"{pinned(**found)}\n" for found in json.loads(listed.stdout) if not UNPINNED.match(found["name"])]
    header = "# Every package of a deployment, direct or not, at the version with which the tests have passed.\n"
    header += f"# Written by deploy/update.py under Python {platform.python_version()}; requirements.txt applies it.\n"
    pins.sort(key=lambda pin: pin.split("=="))
    (HERE / "constraints.txt").write_text(header + "".join(pins))
    print(f"{len(pins)} packages; see `git diff deploy/constraints.txt`")


def pinned(name: str, version: str) -> str:
    """`torch==2.13.0`, without the local part of 2.13.0+cpu, which says how a build was made and is not the same everywhere."""
    return f"{name.lower().replace('_', '-')}=={version.partition('+')[0]}"


if __name__ == "__main__":
    main()
