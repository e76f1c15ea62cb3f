"""The exact versions of a deployment."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.deploy.image import ROOT

CONSTRAINTS = ROOT / "deploy" / "constraints.txt"


def lines(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


PINS = dict(line.split("==") for line in lines("deploy/constraints.txt"))

ASKED_FOR = [Requirement(line) for name in ("", "-cluster") for line in lines(f"requirements{name}.txt") if line[0] != "-"]


def test_every_pin_is_one_exact_version_that_is_the_same_everywhere() -> None:
    for line in lines("deploy/constraints.txt"):
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+", line), line
    assert list(PINS) == sorted(set(PINS))
    assert not [name for name in PINS if re.match("nvidia|cuda|triton|pip$", name)]


@pytest.mark.parametrize("requirement", ASKED_FOR, ids=str)
def test_what_is_asked_for_is_pinned_within_its_range(requirement: Requirement) -> None:
    assert requirement.specifier.contains(Version(PINS[canonicalize_name(requirement.name)]))


@pytest.mark.parametrize("name", PINS)
def test_what_a_pinned_package_needs_is_pinned_too(name: str) -> None:
    try:
        needed = [Requirement(line) for line in requires(name) or []]
    except PackageNotFoundError:
        pytest.skip("not needed on this machine")
    missing = {str(need) for need in needed if canonicalize_name(need.name) not in PINS and is_needed(need)}
    assert not missing


def is_needed(need: Requirement) -> bool:
    """Whether on some machine that can run the lab, with Python 3.11 or newer."""
    if need.marker is None:
        return True
    systems = [("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt")]
    machines = [
        {"sys_platform": short, "platform_system": long, "os_name": name, "python_version": version, "extra": ""}
        for short, long, name in systems
        for version in ("3.11", "3.12", "3.13", "3.14")
    ]
    return any(need.marker.evaluate(machine) for machine in machines)


HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def hashed(name: str) -> dict[str, list[str]]:
    """What a file with hashes says: by release, such as `click==8.5.1`, its hashes."""
    text = "\n".join(lines(name))
    found = [line.split() for line in text.replace("\\\n", " ").splitlines()]
    assert len({release for release, *_ in found}) == len(found)
    return {release: hashes for release, *hashes in found}


LOCK, TORCH = hashed("deploy/lock.txt"), hashed("deploy/torch.txt")


def test_everything_that_is_pinned_is_locked_at_that_version_and_nothing_else() -> None:
    assert list(LOCK) == [line for line in lines("deploy/constraints.txt") if not line.startswith("torch==")]
    assert list(TORCH) == [f"torch=={PINS['torch']}+cpu"]


@pytest.mark.parametrize("release", [*LOCK, *TORCH])
def test_what_is_locked_has_hashes(release: str) -> None:
    hashes = (LOCK | TORCH)[release]
    assert hashes
    assert len(set(hashes)) == len(hashes)
    assert all(HASH.fullmatch(each) for each in hashes)


def test_every_way_to_install_applies_the_pins() -> None:
    assert lines("requirements.txt").count("-c deploy/constraints.txt") == 1
    for name in ("-cluster", "-dev"):
        assert "-r requirements.txt" in lines(f"requirements{name}.txt")
