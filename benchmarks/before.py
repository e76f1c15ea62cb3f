"""What the benchmarks of another checkout say of its own code, on the same machine in the same hour."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Growth, Result, Row
from benchmarks.settings import Settings


def before(checkout: Path, name: str, settings: Settings) -> list[Result]:
    """The results of the benchmark of that name there; they have no goals, and say whose they are."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "found.json"
        options = ["--json", str(file), "--repeats", str(settings.repeats), "--device", settings.device]
        options += ["--quick"] if settings.quick else []
        options += ["--keras-python", str(settings.keras_python)] if settings.keras_python else []
        command = [sys.executable, "-m", "benchmarks", name, *options]
        done = subprocess.run(command, cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            return [Row(name, checkout.name, "", [], note=(done.stderr.strip().splitlines() or ["it failed"])[-1])]
        results = json.loads(file.read_text(encoding="utf-8"))["results"][name]
    return [_read(result, checkout.name) for result in results]


def _read(result: dict[str, object], whose: str) -> Result:
    if "columns" in result:
        return Growth(f"{result['title']} ({whose})", result["columns"], result["rows"], str(result["note"]))  # type: ignore[arg-type]
    what, against, unit = (str(result[name]) for name in ("what", "against", "unit"))
    values, note, details = result["values"], str(result["note"]), result["details"]
    return Row(f"{what} ({whose})", against, unit, values, None, note, details)  # type: ignore[arg-type]
