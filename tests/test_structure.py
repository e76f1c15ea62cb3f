"""The layers of the project: which part may import which, read from the source."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

BELOW_FIGURES = {"timing", "arms", "drawn", "experiment", "presets", "sharing", "codegen", "i18n", "numerals", "datasets"}
BELOW_FIGURES |= {"engine", "files", "studies", "service"}

TABLE: dict[str, set[str]] = {
    "app": {"streamlit", "server"},
    "arms": set(),
    "drawn": set(),
    "experiment": {"arms", "drawn"},
    "presets": {"experiment"},
    "sharing": {"experiment"},
    "codegen": {"arms", "drawn", "experiment"},
    "i18n": set(),
    "numerals": set(),
    "timing": set(),
    "locales": set(),
    "datasets": {"timing", "drawn", "experiment", "numpy", "pandas", "chardet", "pyarrow", "python_calamine"},
    "engine": {"arms", "experiment", "datasets", "torch", "numpy"},
    "files": {"arms", "experiment", "sharing", "codegen", "datasets", "engine", "numpy", "pandas", "safetensors"},
    "studies": {"presets", "timing", "arms", "drawn", "experiment", "datasets", "engine", "numpy", "pandas"} | {"distributed"},
    "service": {"timing", "experiment", "datasets", "engine", "figures", "numpy"},
    "figures": {"arms", "drawn", "experiment", "engine", "studies", "i18n", "numerals", "plotly", "numpy"},
    "server": {"timing", "service", "figures", "starlette", "streamlit"},
    "ui": BELOW_FIGURES | {"figures", "server", "numpy", "pandas", "jinja2", "markupsafe", "segno", "streamlit"},
    "__main__": BELOW_FIGURES,
}
"""What each part may import besides the standard library and itself, without the prefix `bn_lab.`.

`bn_lab/__init__.py` is the door for users of the library and not in the table. Nothing inside goes through
that door: it would import every part at once.
"""

STATE = {"rules", "uploads", "session"}
FOR_PAGES = {*STATE, "kit", "live"}

ROOMS: dict[str, set[str]] = {
    "rules": set(),
    "uploads": set(),
    "session": {"rules", "uploads"},
    "kit": STATE,
    "live": {"kit"},
    "compare": FOR_PAGES,
    "lab": {*FOR_PAGES, "compare"},
    "algorithm": {*FOR_PAGES, "lab"},
    "claims": {*FOR_PAGES, "lab"},
    "data": {*FOR_PAGES, "lab"},
    "lesson": {*FOR_PAGES, "algorithm", "claims"},
    "menu": {*FOR_PAGES, "lab", "claims", "lesson"},
    "script": {"session", "kit", "live", "compare", "lab", "algorithm", "claims", "data", "lesson", "menu"},
}
"""The modules and folders of `bn_lab/ui`, from what a visit holds to its pages, and which of the rows above each may import."""

ONLY_LAZILY = {"distributed"}
"""Packages that may be missing, so that only a function may import them."""

UI = ROOT / "bn_lab" / "ui"

SOURCES = [path for path in [ROOT / "app.py", *sorted((ROOT / "bn_lab").rglob("*.py"))] if path.exists()]


def part_of(path: Path) -> str:
    """`bn_lab/engine/run.py` → `engine`, `bn_lab/sharing.py` → `sharing`, `app.py` → `app`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "bn_lab" else parts[0]


def imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Full names of all that a module imports, wherever and however it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node.module or "", node.level, package)
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.args[0].value


def absolute(module: str, level: int, package: str) -> str:
    """`from ..x` inside package `a.b` → `a.x`."""
    if level == 0:
        return module
    parents = package.split(".")
    return ".".join([*parents[: len(parents) - level + 1], *([module] if module else [])])


def row_of(name: str) -> str:
    """`bn_lab.engine.run` → `engine`, `numpy.typing` → `numpy`, `bn_lab.Experiment` → `bn_lab` (the door)."""
    parts = name.split(".")
    if parts[0] != "bn_lab":
        return parts[0]
    return parts[1] if len(parts) > 1 and parts[1] in TABLE else "bn_lab"


def rooms_used(source: str, package: str) -> set[str]:
    """The rooms of `bn_lab/ui` from which a module inside `package` imports."""
    names = (name.split(".") for name in imported(ast.parse(source), package))
    return {parts[2] for parts in names if parts[:2] == ["bn_lab", "ui"]}


def forbidden(source: str, part: str, package: str) -> set[str]:
    """What `source`, a module of `part` inside `package`, imports against the table."""
    used = {row_of(name) for name in imported(ast.parse(source), package)}
    return used - TABLE[part] - {part} - sys.stdlib_module_names


def package_of(path: Path) -> str:
    """`bn_lab/engine/run.py` → `bn_lab.engine`."""
    return ".".join(path.relative_to(ROOT).parent.parts)


def test_every_module_imports_only_what_its_row_allows() -> None:
    modules = [path for path in SOURCES if path != ROOT / "bn_lab" / "__init__.py"]
    assert {part_of(path) for path in modules} == set(TABLE) - {"locales"}, "a part without a row, or a row without a part"
    used = {path: forbidden(path.read_text(encoding="utf-8"), part_of(path), package_of(path)) for path in modules}
    assert not {path: names for path, names in used.items() if names}


def test_rooms_of_the_interface_import_only_rows_above_them() -> None:
    rooms = list(ROOMS)
    for k, room in enumerate(rooms):
        assert ROOMS[room] <= set(rooms[:k]), room


def test_every_room_of_the_interface_imports_only_what_its_row_allows() -> None:
    wrong = {}
    for path in UI.rglob("*.py"):
        room = path.relative_to(UI).with_suffix("").parts[0]
        used = rooms_used(path.read_text(encoding="utf-8"), package_of(path))
        wrong[path] = used - (set() if room == "__init__" else ROOMS[room] | {room})
    assert not {path: rooms for path, rooms in wrong.items() if rooms}


SECONDS = {"timeout", "run_every", "interval", "delay"}
WAITING = {"sleep": 0, "wait": 0, "join": 0, "timeout": 0, "result": 0, "call_later": 0, "Timer": 0, "wait_for": 1}
"""Arguments that are seconds: by name, and by the place that they have in calls of functions with these names."""


def seconds_written(source: str) -> Iterator[str]:
    """Seconds that a module writes as a number: in a constant, a call or a parameter's default."""
    constant = re.compile(r'^[A-Z_, ]+ = .*\n"""Seconds', re.MULTILINE)
    yield from constant.findall(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            values = [keyword.value for keyword in node.keywords if keyword.arg in SECONDS]
            values += node.args[WAITING[name] :][:1] if name in WAITING else []
            yield from (ast.unparse(node) for value in values if is_number(value))
        elif isinstance(node, ast.arguments):
            places = [*zip([*node.posonlyargs, *node.args][::-1], node.defaults[::-1], strict=False)]
            places += zip(node.kwonlyargs, node.kw_defaults, strict=True)
            yield from (argument.arg for argument, default in places if argument.arg in SECONDS and is_number(default))


def is_number(value: ast.expr | None) -> bool:
    """A number, or one with a unit in a text, as in `"2s"`."""
    return isinstance(value, ast.Constant) and re.match(r"'?\d", repr(value.value)) is not None


def test_intervals_and_time_limits_stand_in_one_place() -> None:
    """In `bn_lab.timing`; the engine's seconds are what a step costs."""
    others = [path for path in SOURCES if part_of(path) not in ("timing", "engine")]
    assert not {path: written for path in others if (written := [*seconds_written(path.read_text(encoding="utf-8"))])}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('PATIENCE = 3.0\n"""Seconds for which it waits."""', 1),
        ('LARGEST = 3.0\n"""MB of a file."""', 0),
        ("process.wait(timeout=2)", 1),
        ("process.wait(timing.KILL)", 0),
        ("st.fragment(draw, run_every='2s')", 1),
        ("st.fragment(draw, run_every=None)", 0),
        ("time.sleep(0.5)", 1),
        ("await asyncio.wait_for(read(), 5)", 1),
        ("Timer(60.0, act)", 1),
        ("', '.join(names)", 0),
        ("def ask(what: str, timeout: float = 10.0): ...", 1),
        ("def ask(what: str, timeout: float | None = None): ...", 0),
    ],
)
def test_the_reader_sees_seconds(source: str, count: int) -> None:
    assert len([*seconds_written(source)]) == count


def test_optional_packages_are_imported_only_inside_functions() -> None:
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                function.body = [ast.Pass()]
        assert not {row_of(name) for name in imported(tree, "")} & ONLY_LAZILY, path


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import torch", {"torch"}),
        ("def f():\n    import streamlit as st", {"streamlit"}),
        ("if TYPE_CHECKING:\n    from plotly.graph_objects import Figure", {"plotly"}),
        ("from bn_lab.ui.pages import lab", {"ui"}),
        ("from bn_lab import figures", {"figures"}),
        ("from bn_lab import Experiment", {"bn_lab"}),
        ("from ..ui import pages", {"ui"}),
        ("from .. import figures", {"figures"}),
        ("import importlib\nimportlib.import_module('distributed')", {"distributed"}),
        ("import bn_lab.engine.run, json", {"engine"}),
        ("from . import tables\nfrom .tables import Table\nfrom bn_lab.datasets import load", set()),
        ("import numpy as np\nfrom numpy.typing import NDArray\nfrom bn_lab.experiment import FIELDS", set()),
    ],
)
def test_the_reader_sees_every_way_to_import(source: str, found: set[str]) -> None:
    assert forbidden(source, "datasets", "bn_lab.datasets") == found


@pytest.mark.parametrize(
    ("source", "rooms"),
    [
        ("from bn_lab.ui import session, uploads", {"session", "uploads"}),
        ("from bn_lab.ui.lab.controls import stops", {"lab"}),
        ("def show():\n    from ..claims import state", {"claims"}),
        ("from .. import menu", {"menu"}),
        ("import bn_lab.ui.live.components", {"live"}),
        ("from bn_lab.figures import layers", set()),
    ],
)
def test_the_reader_sees_every_room(source: str, rooms: set[str]) -> None:
    assert rooms_used(source, "bn_lab.ui.kit") == rooms
