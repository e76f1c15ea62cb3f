"""Write `constraints.txt`, `lock.txt` and `torch.txt` anew: `python deploy/update.py`, with the Dockerfile's version of Python.

- `constraints.txt`: installs the newest versions that requirements.txt and requirements-cluster.txt allow into a fresh
  environment, and writes down what came. To go beyond what they allow, change those files first.
- `lock.txt`: the same versions, with the hashes of all files that the package index lists of each release; without torch.
- `torch.txt`: torch's builds for the processor, with the hashes of those that were found.

`python deploy/update.py lock torch` writes these two only. TORCH_INDEX in the environment is the address of an index with
torch's CPU builds, which is then asked for torch. What follows is the tests: `.ci/run`.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

UNPINNED = re.compile(r"(pip$|nvidia|cuda|triton)")
"""What a build of torch for graphics cards brings along names itself exactly, and a build without them has none of it."""

PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_28_aarch64")
"""Where an image may run; which files of torch are for it."""

COMPILE = "compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate --no-emit-options"
"""pip-tools: every hash that the index lists, and nothing of where they came from."""


def requirements() -> list[str]:
    """What the project asks for itself, without the pins of the last time."""
    lines = [line for name in ("", "-cluster") for line in (ROOT / f"requirements{name}.txt").read_text().splitlines()]
    return [line for line in lines if line and line[0] not in "#-"]


def pins() -> list[str]:
    """The lines of constraints.txt."""
    return [line for line in (HERE / "constraints.txt").read_text().splitlines() if not line.startswith("#")]


def from_index() -> list[str]:
    """Where torch comes from."""
    index = os.environ.get("TORCH_INDEX")
    return ["--index-url", index] if index else []


def constraints(python: Path) -> None:
    """Write what a fresh environment consists of."""
    torch = next(line for line in requirements() if line.startswith("torch=="))
    if from_index():
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", f"{torch}+cpu", *from_index()], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements()], check=True)
    listed = subprocess.run([python, "-m", "pip", "list", "--format", "json"], check=True, capture_output=True, text=True)
    found = [f"{pinned(**each)}\n" for each in json.loads(listed.stdout) if not UNPINNED.match(each["name"])]
    header = "# Every package of a deployment, direct or not, at the version with which the tests have passed.\n"
    header += f"# Written by deploy/update.py under Python {platform.python_version()}; requirements.txt applies it.\n"
    found.sort(key=lambda pin: pin.split("=="))
    (HERE / "constraints.txt").write_text(header + "".join(found))
    print(f"{len(found)} packages; see `git diff deploy/constraints.txt`")


def pinned(name: str, version: str) -> str:
    """`torch==2.13.0`, without the local part of 2.13.0+cpu, which says how a build was made and is not the same everywhere."""
    return f"{name.lower().replace('_', '-')}=={version.partition('+')[0]}"


def lock(python: Path) -> None:
    """Write the hashes of all pinned releases but torch's."""
    subprocess.run([python, "-m", "pip", "install", "--quiet", "pip-tools"], check=True)
    asked = [pin for pin in pins() if not pin.startswith("torch==")]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "pins.in", Path(folder) / "lock.txt"
        source.write_text("\n".join(asked) + "\n")
        subprocess.run([python, "-m", "piptools", *COMPILE.split(), "--output-file", target, source], check=True)
        locked = dict(releases(target.read_text()))
    if sorted(locked) != sorted(asked):
        sys.exit(f"constraints.txt and what it needs here differ: {sorted({*locked} ^ {*asked})}")
    header = "# The packages of constraints.txt but torch, with the hashes of all files of each release.\n"
    header += "# Written by deploy/update.py; the Dockerfile installs it.\n"
    (HERE / "lock.txt").write_text(header + "".join(" \\\n    ".join([pin, *locked[pin]]) + "\n" for pin in asked))
    print(f"{len(locked)} packages with hashes; see `git diff deploy/lock.txt`")


def releases(text: str) -> Iterator[tuple[str, list[str]]]:
    """Every release of a file of requirements and its hashes: `("click==8.5.1", ["--hash=sha256:…", …])`."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line and not line.startswith("#"):
            pin, *hashes = line.split()
            yield pin, hashes


def torch(python: Path) -> None:
    """Write the hashes of torch's builds for the processor."""
    wanted = next(pin for pin in pins() if pin.startswith("torch==")) + "+cpu"
    found = {system: build for system in PLATFORMS if (build := torch_build(python, wanted, system))}
    if not found:
        sys.exit(f"{wanted} is in no index that pip knows: set TORCH_INDEX")
    header = "# torch's builds for the processor that deploy/update.py has found; the Dockerfile takes one from TORCH_INDEX:\n"
    header += "".join(f"# {file}\n" for file, _ in found.values())
    hashes = [f"    --hash=sha256:{digest}" for _, digest in found.values()]
    (HERE / "torch.txt").write_text(header + " \\\n".join([wanted, *hashes]) + "\n")
    missing = [system for system in PLATFORMS if system not in found]
    print(f"torch for {', '.join(found)}" + f"; none found for {', '.join(missing)}" * bool(missing))


def torch_build(python: Path, wanted: str, system: str) -> tuple[str, str] | None:
    """Name and SHA-256 of the file that pip would install there; None where no index has one."""
    version = ".".join(platform.python_version_tuple()[:2])
    options = ["--quiet", "--dry-run", "--ignore-installed", "--no-deps", "--only-binary", ":all:", "--report", "-"]
    with tempfile.TemporaryDirectory() as folder:
        options += ["--target", folder, "--platform", system, "--python-version", version, *from_index()]
        done = subprocess.run([python, "-m", "pip", "install", *options, wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    (build,) = json.loads(done.stdout)["install"]
    info = build["download_info"]
    return info["url"].rpartition("/")[2].replace("%2B", "+"), info["archive_info"]["hashes"]["sha256"]


PARTS = {"constraints": constraints, "lock": lock, "torch": torch}
"""What to write, by the name of the part, in this order."""


def main() -> None:
    asked = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in asked if name not in PARTS]:
        sys.exit(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
    for name in [name for name in PARTS if name in asked]:
        with tempfile.TemporaryDirectory() as folder:
            venv.create(folder, with_pip=True)
            PARTS[name](Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python")


if __name__ == "__main__":
    main()
