"""From a file and a choice to a table: compared with pandas, and everything that a file does not allow by its name."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bn_lab.datasets import load, split
from bn_lab.datasets.uploads import (
    DataChoice,
    DataError,
    File,
    id_of,
    known,
    parsed,
    plan,
    possible_tasks,
    proposed,
    read,
    table,
)
from bn_lab.engine.cost import memory
from bn_lab.experiment import UPLOADED, Experiment
from tests.datasets.uploads.made import ROOT, column, file_of, mixed, written


def made(file: File, choice: DataChoice):  # type: ignore[no-untyped-def]
    return table(file, id_of(file.digest, choice))


def refused(data: bytes, choice: DataChoice) -> DataError:
    with pytest.raises(DataError) as caught:
        made(read(data), choice)
    return caught.value


@pytest.mark.parametrize("name", ["boston", "iris"])
def test_the_lessons_files_become_the_shipped_tables(name: str) -> None:
    file = read((ROOT / "data" / f"{name}.csv").read_bytes())
    choice = proposed(file)
    assert choice is not None
    ours, theirs = made(file, choice), load(name)
    np.testing.assert_array_equal(ours.features, theirs.features)
    np.testing.assert_array_equal(ours.target, theirs.target)
    assert (ours.task, ours.classes, ours.feature_names, ours.target_name) == (
        theirs.task,
        theirs.classes,
        theirs.feature_names,
        theirs.target_name,
    )
    assert UPLOADED.fullmatch(ours.name)
    for seed in (0, 1):
        experiment = Experiment(validation_share=0.2)
        np.testing.assert_array_equal(split(ours, experiment, seed).train, split(theirs, experiment, seed).train)


def by_pandas(rows: list[list[str]], missing: str) -> tuple[np.ndarray, list[str]]:  # type: ignore[type-arg]
    """The table of `mixed`, made another way."""
    text = "\n".join("\t".join(row) for row in rows)
    frame = pd.read_csv(io.StringIO(text), sep="\t", na_values=["NA", "?", ""], thousands=",")
    frame = frame[["area", "paid", "share", "lift", "town", "value"]]
    frame["share"] = frame["share"].str.rstrip("%").astype(float)
    frame["lift"] = frame["lift"].map({"yes": 1.0, "no": 0.0})
    if missing == "dropped":
        frame = frame.dropna()
    else:
        numeric = frame[["area", "paid", "share"]]
        frame = frame.fillna(numeric.median()).fillna({name: frame[name].mode()[0] for name in ("lift", "town")})
    features = pd.get_dummies(frame.drop(columns="value"), dtype=float)
    return features.to_numpy(float), [name.replace("share", "share (%)") for name in features.columns]


@pytest.mark.parametrize("missing", ["dropped", "median"])
@pytest.mark.parametrize("seed", range(4))
def test_a_table_of_all_kinds_is_what_pandas_makes_of_it(seed: int, missing: str) -> None:
    rows = mixed(seed)
    file = read(written(rows))
    assert [each.kind for each in file.columns] == [
        *("numeric", "numeric", "numeric", "numeric", "boolean", "categorical", "date", "text", "numeric")
    ]
    choice = proposed(file)
    assert choice is not None
    assert (choice.target, choice.task, choice.without) == (8, "regression", (0,))
    data = made(file, replace(choice, missing=missing))  # type: ignore[arg-type]
    features, names = by_pandas(rows, missing)
    assert list(data.feature_names) == names
    np.testing.assert_array_equal(data.features, features)
    counted = plan(file, replace(choice, missing=missing))  # type: ignore[arg-type]
    assert counted.inputs == features.shape[1]
    assert len(counted.rows) + counted.dropped + counted.without_target == file.rows == 60
    assert (counted.dropped, counted.filled) == ((9, 0) if missing == "dropped" else (0, 9))


def test_a_row_without_a_target_is_left_out_in_any_case() -> None:
    data = file_of(x=column("1", "2", ""), y=column("", "3", "4", "5"))
    for missing, left in (("dropped", 10), ("median", 15)):
        counted = plan(read(data), DataChoice(1, "regression", missing))  # type: ignore[arg-type]
        assert (counted.without_target, len(counted.rows)) == (5, left)


def test_classes_are_in_order_and_called_as_in_the_file() -> None:
    data = file_of(
        x=column(*"123"), number=column("10", "9.5", "-1"), word=column("b", "가", "A"), yes=column("YES", "no", "No")
    )
    file = read(data)
    assert made(file, DataChoice(1, "classification")).classes == ("-1", "9.5", "10")
    assert made(file, DataChoice(2, "classification")).classes == ("A", "b", "가")
    data = made(file, DataChoice(3, "classification"))
    assert (data.classes, list(data.target[:3])) == (("No", "YES"), [1, 0, 0])


def test_a_class_that_no_row_has_any_more_is_none() -> None:
    data = file_of(x=column("", *"2345678", rows=24), y=column("c", *"ababab", "a", rows=24))
    assert made(read(data), DataChoice(1, "classification")).classes == ("a", "b")
    assert made(read(data), DataChoice(1, "classification", "median")).classes == ("a", "b", "c")


def test_names_of_inputs_and_target_are_never_alike() -> None:
    rows = [["a", "a_x", "a_x", "b_c"], *[[str("xy"[k % 2]), str(k), str(-k * k), str("de"[k % 2])] for k in range(12)]]
    data = made(read(written(rows)), DataChoice(3, "classification"))
    assert len(set(data.feature_names) | {data.target_name}) == 5
    assert data.head().shape == (5, 5)


@pytest.mark.parametrize(
    ("columns", "choice", "rule"),
    [
        ({"x": column("1", "2"), "y": column("1", "2")}, DataChoice(2, "regression"), "column_unknown"),
        ({"x": column("1", "2"), "y": column("1", "2")}, DataChoice(999, "classification"), "column_unknown"),
        ({"x": column("1", "2"), "y": column("1", "2")}, DataChoice(1, "regression", without=(7,)), "column_unknown"),
        ({"x": column("1", "2"), "y": column("1", "2")}, DataChoice(1, "regression", without=(0,)), "features_none"),
        ({"x": column("a"), "y": column("1", "2")}, DataChoice(1, "regression"), "features_none"),
        ({"x": column("1", "2"), "y": column("a", "b")}, DataChoice(1, "regression"), "target_numbers"),
        ({"x": column("1", "2"), "y": column("yes", "no")}, DataChoice(1, "regression"), "target_numbers"),
        ({"x": column("1", "2"), "y": column("7")}, DataChoice(1, "regression"), "target_constant"),
        ({"x": column("1", "2"), "y": column("7")}, DataChoice(1, "classification"), "target_one_class"),
        ({"x": column("1", "2"), "y": column("2020-01-01", "2020-01-02")}, DataChoice(1, "classification"), "target_kind"),
        ({"x": column("1", "2"), "y": column("", "NA")}, DataChoice(1, "regression"), "target_kind"),
        ({"x": column("1", "", "2", ""), "y": column("1", "2", "1", "3")}, DataChoice(1, "regression"), "target_constant"),
        ({"x": column("1", "", "", "", "2"), "y": column("1", "2")}, DataChoice(1, "regression"), "rows_left"),
        (
            {"x": [*[""] * 10, *"123456"], "y": [*"1212121212", *[""] * 6]},
            DataChoice(1, "regression", "median"), "feature_empty",
        ),
        (
            {"x": column("", "1", "2", "3"), "y": column("a", "b", "b", "b")},
            DataChoice(1, "classification"), "target_one_class",
        ),
    ],
)  # fmt: skip
def test_what_a_file_does_not_allow_is_named(columns: dict[str, list[str]], choice: DataChoice, rule: str) -> None:
    assert refused(file_of(**columns), choice).rule == rule


def test_ten_thousand_classes_and_too_many_inputs_are_refused_with_their_number() -> None:
    many = file_of(x=[str(k % 7) for k in range(10_000)], y=[f"c{k}" for k in range(10_000)], z=range(10_000))
    error = refused(many, DataChoice(1, "classification"))
    assert (error.rule, error.values["count"], error.values["high"]) == ("target_classes", 10_000, 50)
    assert refused(many, DataChoice(2, "classification")).rule == "target_classes"
    wide = file_of(y=[str(k % 7) for k in range(100)], **{f"x{c}": [f"c{k % 49}" for k in range(100)] for c in range(21)})
    error = refused(wide, DataChoice(0, "regression"))
    assert (error.rule, error.values["value"], error.values["count"]) == ("inputs_many", 49 * 21, 49)


def test_a_column_with_few_different_values_is_not_refused_for_having_too_many() -> None:
    stray = file_of(x=column("1", "2", rows=80), y=[*(str(k % 30) for k in range(79)), "stray"])
    assert refused(stray, DataChoice(1, "classification")).rule == "target_kind"
    texts = file_of(x=column("1", "2"), y=[f"text {k}" for k in range(20)])
    assert refused(texts, DataChoice(1, "classification")).rule == "target_kind"


def test_an_id_says_the_choice_and_comes_back() -> None:
    for choice in (DataChoice(3, "regression"), DataChoice(0, "classification", "median", (1, 2, 250))):
        name = id_of("0123456789abcdef", choice)
        assert UPLOADED.fullmatch(name)
        assert parsed(name) == ("0123456789abcdef", choice)
    assert parsed("own-0123456789abcdef-007-regression-median-without-2-1-2")[1] == DataChoice(
        7, "regression", "median", (1, 2)
    )


IRIS_HEADINGS = [
    ("꽃받침길이", "꽃받침폭", "꽃잎길이", "꽃잎폭", "품종"),
    ("꽃받침 길이", "꽃받침 너비", "꽃잎 길이", "꽃잎 너비", "품종"),
    ("sepal length", "sepal width", "petal length", "petal width", "species"),
    ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)", "target"),
    ("sepal.length", "sepal.width", "petal.length", "petal.width", "variety"),
    ("sepal_length", "sepal_width", "petal_length", "petal_width", "species"),
    ("SepalLengthCm", "SepalWidthCm", "PetalLengthCm", "PetalWidthCm", "Species"),
    ("Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width", "Species"),
]


@pytest.mark.parametrize("headings", IRIS_HEADINGS, ids=lambda headings: headings[0])
@pytest.mark.parametrize("numbered", [False, True])
def test_iris_is_recognized_under_all_its_headings(headings: tuple[str, ...], numbered: bool) -> None:
    rows = [line.split(",") for line in (ROOT / "data" / "iris.csv").read_text(encoding="utf-8").splitlines()]
    rows[0] = list(headings)
    if numbered:
        rows = [["Id" if k == 0 else str(k), *row] for k, row in enumerate(rows)]
    file = read(written(rows))
    lesson, choice = known(file), proposed(file)
    assert lesson is not None
    assert choice is not None
    assert (lesson.name, lesson.target, lesson.swapped) == ("iris", 4 + numbered, False)
    assert (choice.target, choice.task, choice.without) == (4 + numbered, "classification", (0,) if numbered else ())
    np.testing.assert_array_equal(made(file, choice).features, load("iris").features)
    rows[0] = [*rows[0][:numbered], headings[2], headings[3], headings[0], headings[1], headings[4]]
    swapped = known(read(written(rows)))
    assert swapped is not None
    assert swapped.swapped


def test_boston_is_recognized_and_other_tables_are_not() -> None:
    file = read((ROOT / "data" / "boston.csv").read_bytes())
    assert known(file) is not None
    assert known(read(written(mixed()))) is None
    upper = (ROOT / "data" / "boston.csv").read_text().replace("crim", "CRIM").replace("medv", "MEDV")
    assert known(read(upper.encode())) is not None


@pytest.mark.parametrize(
    ("cells", "task", "tasks"),
    [
        (column("1", "2", "3"), "classification", ("regression", "classification")),
        (column("1.5", "2", "3"), "regression", ("regression", "classification")),
        ([str(k * k) for k in range(60)], "regression", ("regression",)),
        (column("a", "b", rows=60), "classification", ("classification",)),
        (column("yes", "no", rows=60), "classification", ("classification",)),
    ],
)
def test_a_task_is_proposed_and_others_are_possible(cells: list[str], task: str, tasks: tuple[str, ...]) -> None:
    file = read(file_of(x=column("5", "3", "5", rows=len(cells)), target=cells))
    choice = proposed(file)
    assert choice is None or choice.task == task
    assert possible_tasks(file.columns[1]) == tasks


def test_a_file_without_a_possible_target_has_no_proposal() -> None:
    assert proposed(read(file_of(x=column("2020-01-01", "2020-01-02"), y=column("")))) is None


def test_an_own_table_costs_what_its_size_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from bn_lab.datasets import keep

    draw = np.random.default_rng(0).normal(size=(500, 20)).round(3)
    small = read(written([[f"x{k}" for k in range(20)], *draw[:100]]))
    large = read(written([[f"x{k}" for k in range(20)], *draw]))
    held = [keep(made(file, DataChoice(19, "regression"))) for file in (small, large)]
    assert memory(Experiment(dataset=held[0].name)) < memory(Experiment(dataset=held[1].name))
