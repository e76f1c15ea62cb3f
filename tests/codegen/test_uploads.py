"""Programs for a visitor's own file read what the lab read, bit for bit."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bn_lab.codegen import FRAMEWORKS, facts_of, notebook, script, uploads
from bn_lab.datasets import Table
from bn_lab.datasets.uploads import DataChoice, Format, id_of, known, read, table
from bn_lab.datasets.uploads.cells import HIGHEST
from bn_lab.experiment import Experiment, ExperimentError
from bn_lab.files.recipe import recipe
from tests.datasets.uploads.made import ROOT, column, file_of, mixed, written


def comma(rows: list[list[str]]) -> list[list[str]]:
    """The same rows as they are written where numbers have a decimal comma."""
    swap = str.maketrans({",": ".", ".": ","})
    return [rows[0], *[[cell.translate(swap) if cell.lstrip("-")[:1].isdigit() else cell for cell in row] for row in rows[1:]]]


def files() -> Iterator[tuple[str, bytes, DataChoice]]:
    """Files of every kind, each with a choice."""
    yield "iris", (ROOT / "data" / "iris.csv").read_bytes(), DataChoice(4, "classification")
    lines = (ROOT / "data" / "boston.csv").read_text().splitlines()
    spaces = "\n".join(" " + line.replace(",", "  ") for line in lines[1:])
    yield "spaces without headings", spaces.encode(), DataChoice(13, "regression", without=(11,))
    for missing in ("dropped", "median"):
        for delimiter, encoding in ((",", "utf-8"), (";", "cp949"), ("\t", "utf-16"), ("|", "utf-8-sig")):
            data = written(comma(mixed(3)) if delimiter == ";" else mixed(3), delimiter, encoding)
            yield f"{missing} {encoding}", data, DataChoice(8, "regression", missing, (0,))  # type: ignore[arg-type]
    yield "words", written(mixed(1)), DataChoice(5, "classification", "median", (0, 1))
    yield "yes or no", written(mixed(2)), DataChoice(4, "classification", "dropped", (0, 2))
    numbers = file_of(x=column("5", "3", "4.5", "1e3"), y=column("10", "9", "-1"))
    yield "classes by numbers", numbers, DataChoice(1, "classification")
    points = written([["x", "y"], *[[f"{k + 1}.234.567", f"{k * k + 12}.500"] for k in range(20)]], ";")
    bare = (ROOT / "data" / "iris.csv").read_bytes().partition(b"\n")[2]
    yield "iris without headings", bare, DataChoice(4, "classification")
    inches = "\n".join(["what,long,y", *(f'{k}" pipe,{k % 3},{k}' for k in range(11)), "", '"pipe\n",5,6'])
    yield "inches", inches.encode(), DataChoice(2, "regression")
    yield "points between thousands", points, DataChoice(1, "regression")
    blanks = "\n".join(["x y", *(f"16\u00a0{k % 3} {k}" for k in range(20))])
    yield "no-break spaces", blanks.encode(), DataChoice(1, "regression")
    yield "without gaps", written(mixed(4, gaps=False)), DataChoice(8, "regression", "median", (0,))
    headings = ['a"]; import os #', "x\n'y", "x", "x", "", "z" * 200]
    hostile = written([headings, *([str(k * j % 7) for j in range(1, 7)] for k in range(20))])
    yield "hostile headings", hostile, DataChoice(0, "regression")
    hinted = b"sep=;\r\n" + written([["x", "y"], *[[f"{k},5", str(k * k)] for k in range(20)]], ";")
    yield "a hint for spreadsheets", hinted, DataChoice(1, "regression")
    for name, (text, choice) in kinds().items():
        yield name, text.encode(), choice
    yield (
        "windows-1251",
        "город,x,y\n".encode("cp1251") + "Казань,1,2\nМосква,2,4\n".encode("cp1251") * 8,
        DataChoice(2, "regression"),
    )
    frame = pd.DataFrame({"a": range(20), "b": [k / 7 for k in range(20)], "c": list("xyxxy") * 4, "d": [True, None] * 10})
    parquet = io.BytesIO()
    frame.to_parquet(parquet)
    yield "parquet", parquet.getvalue(), DataChoice(1, "regression", "median")
    twice = pa.table([list(range(20)), [k * k for k in range(20)], [[1]] * 20], names=["a", "a", "b"])
    pq.write_table(twice, packed := io.BytesIO())
    yield "parquet with two columns of one name", packed.getvalue(), DataChoice(1, "regression")
    shifted = (Path(__file__).parents[1] / "datasets" / "uploads" / "files" / "shifted.xlsx").read_bytes()
    yield "a workbook that begins further down", shifted, DataChoice(3, "regression")
    book = (Path(__file__).parents[1] / "datasets" / "uploads" / "files" / "book.xlsx").read_bytes()
    yield "a workbook", book, DataChoice(4, "regression", "median")
    wide = written([[f"column number {k}" for k in range(60)], *[[str(k * j % 11) for j in range(1, 61)] for k in range(20)]])
    yield "many columns", wide, DataChoice(3, "regression")


def kinds() -> dict[str, tuple[str, DataChoice]]:
    """Texts that need more than their delimiter to be read."""

    def rows(line: Callable[[int], str]) -> str:
        return "".join(f"{line(k)}\n" for k in range(20))

    last = DataChoice(1, "regression")
    said = Format(above=1, below=1, missing=("-200",), kinds=((0, "numeric"),), decimal=".", header=False)
    return {
        "notes": ("Logger 3\n\nx,y\n" + rows(lambda k: f"{k},{k * k}") + "Source: a ministry\n", last),
        "comments": ("# logger 3\n# x, y\n" + rows(lambda k: f"{k}, {k * k}"), last),
        "comments within": ("# a\nx;y\n" + rows(lambda k: f"#{k}\n{k};{k * k}"), last),
        "units": ("x;y\n" + rows(lambda k: f"−{k}.5 kg;{k + 1}\u202f234,5 €").replace(".", ","), last),
        "row names": ('"x" "y"\n' + rows(lambda k: f'"car {k}" {k} {k * k}'), DataChoice(2, "regression")),
        "empty last fields": ("x,y\n" + rows(lambda k: f"{k},{k * k}," + ",," * (k % 2)), last),
        "spaces before marks": ("a, y\n" + rows(lambda k: f'"u, {k % 3}", {k}') + rows(lambda k: f'x, "{k}"'), last),
        "words among numbers": ("x,y,z\n" + rows(lambda k: f"{'N.A.' if k % 5 == 4 else k},{k * k},{'-+'[k % 2]}"), last),
        "infinity": ("x,y\n" + rows(lambda k: f"{'-Infinity' if k % 5 == 3 else k},{k * k}"), last),
        "minus is a class": ("x,y\n" + rows(lambda k: f"{k if k % 3 else '-'},{'-+'[k % 2]}"), DataChoice(1, "classification")),
        "no numbers": (
            "a;b\n" + rows(lambda k: f"{(k, 'inf', '0x1f', '1e999', '1e39', '1_0')[k % 6] if k < 12 else k};{k * k}"),
            replace(last, format=Format(kinds=((0, "numeric"),))),
        ),
        "other units": (
            "a;b\n" + rows(lambda k: f"{('1,{k}', '2 lb', '3')[k % 9 // 4] if k % 9 > 6 else k * 7} kg;({k * k})"),
            replace(last, format=Format(kinds=((0, "numeric"), (1, "numeric")))),
        ),
        "tabs at the end": (
            "a\tb\tc\n" + rows(lambda k: f"{k}\t{k * k}\t{'x' if k % 3 else ''}"),
            replace(last, missing="median"),
        ),
        "a line of spaces": ("a,b\n" + rows(lambda k: f"{k},{k * k}" + "\n  " * (k == 7)), last),
        "old ends of lines": (("a title\n\na,b\n" + rows(lambda k: f"{k},{k * k}")).replace("\n", "\r"), last),
        "brackets": ("a;b\n" + rows(lambda k: f"({k},234);{k}"), last),
        "said": (
            "a,b\n" + rows(lambda k: f"{('?!', -200, k, k, k)[k % 5]},{k * k}") + "1,2\n",
            replace(last, format=said),
        ),
    }


FILES = {name: (data, choice) for name, data, choice in files()}


def made(name: str) -> tuple[Table, Experiment, object]:
    data, choice = FILES[name]
    file = read(data, choice.format)
    data = table(file, id_of(file.digest, choice))
    return data, Experiment(dataset=data.name, epochs=2), facts_of(recipe(file, data.name))


@pytest.mark.parametrize("name", FILES)
def test_a_program_reads_the_same_table(name: str, tmp_path: Path) -> None:
    theirs, _, facts = made(name)
    path = tmp_path / "your-file.csv"
    path.write_bytes(FILES[name][0])
    names: dict[str, object] = {}
    exec(
        f"import io\nimport numpy as np, pandas as pd\nimport pyarrow.parquet as pq\nDATA = {str(path)!r}\n{facts.reading}",
        names,
    )  # type: ignore[attr-defined]
    features, targets = np.asarray(names["features"]), np.asarray(names["targets"])
    assert features.dtype == np.float64
    np.testing.assert_array_equal(features, theirs.features)
    np.testing.assert_array_equal(targets.ravel(), theirs.target.astype(targets.dtype))
    assert (facts.samples, facts.features, facts.outputs) == (*theirs.features.shape, theirs.outputs)  # type: ignore[attr-defined]


def test_programs_are_linted_and_formatted(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for name in FILES:
        _, experiment, facts = made(name)
        for framework in FRAMEWORKS:
            path = tmp_path / f"{name.replace(' ', '_')}_in_{framework}.py".replace("-", "_")
            path.write_text(script(experiment, framework, facts), encoding="utf-8")  # type: ignore[arg-type]
    for command in (["check"], ["format", "--diff"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_program_names_a_file_to_be_put_in_place_and_no_other(framework: str) -> None:
    _, experiment, facts = made("iris")
    for text in (script(experiment, framework, facts), notebook(experiment, framework, facts)):  # type: ignore[arg-type]
        assert "your-file.csv" in text
        assert experiment.dataset not in text
        assert "the lab's repository" not in text
    with pytest.raises(ExperimentError, match="dataset must be shipped"):
        script(experiment, framework)


def test_the_lessons_file_is_read_in_a_few_lines() -> None:
    data, _ = FILES["iris"]
    assert known(read(data)) is not None
    _, _, facts = made("iris")
    assert len(facts.reading.splitlines()) <= 7  # type: ignore[attr-defined]


def test_programs_know_where_the_numbers_of_networks_end() -> None:
    assert float(uploads.HIGHEST) == HIGHEST
