"""`python -m benchmarks [names…]`: measure, print a table, write JSON."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import engine, files, growth, load, page, report, studies
from benchmarks.before import before
from benchmarks.measure import Result
from benchmarks.settings import Settings, say

BENCHMARKS: Mapping[str, Callable[[Settings], list[Result]]] = {
    "lesson": engine.lesson,
    "stack": engine.stack,
    "deep": engine.deep,
    "view": page.view,
    "live": page.live,
    "opening": page.opening,
    "watched": page.watched,
    "sliders": page.sliders,
    "frames": load.frames,
    "visitors": load.visitors,
    "epochs": growth.epochs,
    "networks": growth.networks,
    "shape": growth.shape,
    "studies": studies.studies,
    "files": files.files,
}
"""Benchmarks by name; the first line of each docstring says what it measures."""

ON_REQUEST: Mapping[str, Callable[[Settings], list[Result]]] = {"load": load.load, "soak": load.soak}
"""Those that take long, and are run only where they are named."""


def found_at(name: str, variable: str) -> Path | None:
    """A program by its environment variable, or of that name on the path."""
    path = os.environ.get(variable) or (shutil.which(name) if name else None)
    return Path(path) if path else None


def arguments(line: Sequence[str] | None) -> argparse.Namespace:
    known = {**BENCHMARKS, **ON_REQUEST}
    lines = [f"  {name:10}{(function.__doc__ or '').splitlines()[0]}" for name, function in known.items()]
    lines.insert(len(BENCHMARKS), "and where they are named:")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", epilog="\n".join(lines), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", help="which benchmarks; all but the last two if none is named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    parser.add_argument("--repeats", type=int, default=7, help="counted repeats of each measurement (7)")
    parser.add_argument("--quick", action="store_true", help="see that everything runs; the numbers mean little")
    parser.add_argument("--device", default="cpu", help="where the engine trains: cpu or cuda")
    parser.add_argument(
        "--base", type=Path, metavar="DIR", help="a checkout of another commit, whose benchmarks take turns with these"
    )
    parser.add_argument("--keras-python", type=Path, help="interpreter with Keras and TensorFlow (or BN_LAB_KERAS_PYTHON)")
    parsed = parser.parse_args(line)
    if unknown := [name for name in parsed.names if name not in known]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    return parsed


def main(line: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    parsed = arguments(line)
    settings = Settings(
        repeats=parsed.repeats,
        quick=parsed.quick,
        device=parsed.device,
        keras_python=parsed.keras_python or found_at("", "BN_LAB_KERAS_PYTHON"),
        chromium=found_at("chromium", "BN_LAB_CHROMIUM"),
    )
    results: dict[str, list[Result]] = {}
    for name in parsed.names or BENCHMARKS:
        say(name)
        results[name] = {**BENCHMARKS, **ON_REQUEST}[name](settings)
        if parsed.base:
            say(f"{name} of {parsed.base}")
            results[name] += before(parsed.base, name, settings)
    print(report.text([result for rows in results.values() for result in rows]))
    if parsed.json:
        report.write(parsed.json, results, settings)


if __name__ == "__main__":
    main()
