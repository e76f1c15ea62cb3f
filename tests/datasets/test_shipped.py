"""The shipped files hold what their sources say."""

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bn_lab.datasets import DATASETS, as_csv, load, shipped
from bn_lab.experiment import FIELDS, Experiment, ExperimentError

BOSTON = ["crim", "zn", "indus", "chas", "nox", "rm", "age", "dis", "rad", "tax", "ptratio", "b", "lstat"]


def test_boston_is_the_published_table() -> None:
    boston = load("boston")
    assert boston.features.shape == (506, 13)
    assert list(boston.feature_names) == BOSTON
    assert (boston.target_name, boston.target_unit, boston.task) == ("medv", "1000 USD", "regression")
    assert (boston.outputs, boston.classes) == (1, ())
    assert boston.target.mean() == pytest.approx(22.5328, abs=5e-5)
    # Means as published with the table in scikit-learn's and R's documentation of it.
    means = dict(zip(boston.feature_names, boston.features.mean(axis=0), strict=True))
    assert means["crim"] == pytest.approx(3.61352, abs=1e-5)
    assert means["rm"] == pytest.approx(6.284634, abs=1e-6)
    assert means["tax"] == pytest.approx(408.2372, abs=1e-4)


def test_sixteen_prices_of_boston_are_censored() -> None:
    assert load("boston").target.max() == 50.0
    assert np.count_nonzero(load("boston").target == 50.0) == 16


def test_boston_without_b_lacks_only_b() -> None:
    full, less = load("boston"), load("boston_without_b")
    assert list(less.feature_names) == [name for name in BOSTON if name != "b"]
    keep = [name != "b" for name in BOSTON]
    np.testing.assert_array_equal(less.features, full.features[:, keep])
    np.testing.assert_array_equal(less.target, full.target)


def test_iris_is_the_published_table() -> None:
    iris = load("iris")
    assert iris.features.shape == (150, 4)
    assert iris.feature_names == ("꽃받침길이", "꽃받침폭", "꽃잎길이", "꽃잎폭")
    assert (iris.target_name, iris.task, iris.outputs) == ("품종", "classification", 3)
    assert iris.classes == ("setosa", "versicolor", "virginica")
    assert np.bincount(iris.target).tolist() == [50, 50, 50]


@pytest.mark.parametrize(
    ("species", "means"),
    # Fisher 1936, table II: sepal length and width, petal length and width, in cm.
    [(0, [5.006, 3.428, 1.462, 0.246]), (1, [5.936, 2.770, 4.260, 1.326]), (2, [6.588, 2.974, 5.552, 2.026])],
)
def test_iris_has_fishers_means(species: int, means: list[float]) -> None:
    iris = load("iris")
    np.testing.assert_allclose(iris.features[iris.target == species].mean(axis=0), means, atol=1e-12)


def test_iris_has_not_the_wrong_rows_of_the_uci_file() -> None:
    assert load("iris").features[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert load("iris").features[37].tolist() == [4.9, 3.6, 1.4, 0.1]


def test_digits_are_images_between_paper_and_ink() -> None:
    digits = load("digits")
    assert digits.features.shape == (5000, 784)
    assert len(set(digits.feature_names)) == 784
    assert digits.classes == tuple("0123456789")
    assert np.bincount(digits.target).tolist() == [500] * 10
    assert (digits.features.min(), digits.features.max()) == (0.0, 1.0)
    grey = digits.features * 255
    np.testing.assert_allclose(grey, np.round(grey), atol=1e-12)


def test_digits_are_the_right_way_up() -> None:
    digits = load("digits")
    mean_of = {d: digits.features[digits.target == d].mean(axis=0).reshape(28, 28) for d in (0, 1, 7)}
    assert mean_of[0][14, 14] < 0.1 < mean_of[1][14, 14]  # a zero has a hole, a one has none
    assert mean_of[7][:14].sum() > mean_of[7][14:].sum()  # a seven is heavy at its top


@pytest.mark.parametrize("name", DATASETS)
def test_every_set_is_complete_and_read_only(name: str) -> None:
    table = load(name)
    assert table.name == name
    assert np.isfinite(table.features).all()
    assert np.isfinite(table.target).all()
    assert table.features.dtype == np.float64
    assert not table.features.flags.writeable
    assert not table.target.flags.writeable
    head = table.head(3)
    assert list(head.columns) == [*table.feature_names, table.target_name]
    assert len(head) == 3


@pytest.mark.parametrize("name", ["boston", "iris"])
def test_numbers_are_exactly_those_of_the_file(name: str) -> None:
    # Some readers of CSV files trade the last bit of a number for speed.
    path = Path(shipped.__file__).parents[2] / "data" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    table = load(name)
    assert heading == [*table.feature_names, table.target_name]
    assert table.features.tolist() == [[float(text) for text in row[:-1]] for row in rows]
    target = table.head(len(rows))[table.target_name].tolist()
    assert target == [row[-1] if table.classes else float(row[-1]) for row in rows]


def test_the_registry_is_what_an_experiment_offers() -> None:
    assert tuple(DATASETS) == FIELDS["dataset"].options
    assert Experiment().dataset in DATASETS


def test_an_unknown_set_is_an_error() -> None:
    with pytest.raises(ExperimentError) as caught:
        load("titanic")
    assert (caught.value.field, caught.value.rule) == ("dataset", "one_of")
    assert caught.value.values["value"] == "titanic"


def test_a_set_is_read_once_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped._read_once.cache_clear()
    with ThreadPoolExecutor(8) as threads:
        tables = set(threads.map(load, ["iris"] * 32))
    assert len(tables) == 1


@pytest.mark.parametrize("name", DATASETS)
def test_the_csv_that_is_handed_out_says_what_the_lab_learns_from(name: str) -> None:
    noise = 0.3
    heading, *rows = csv.reader(as_csv(name, noise).decode("utf-8").splitlines())
    table = load(name, noise)
    assert heading == [*table.feature_names, table.target_name]
    if table.classes:
        assert [row[-1] for row in rows] == [table.classes[k] for k in table.target]
    else:
        assert [float(row[-1]) for row in rows] == table.target.tolist()
    features = np.array([row[:-1] for row in rows], np.float64)
    np.testing.assert_array_equal(features / 255 if name == "digits" else features, table.features)


@pytest.mark.parametrize("name", ["boston", "iris"])
def test_a_file_that_is_csv_is_handed_out_as_it_is(name: str) -> None:
    assert as_csv(name) == (shipped.FOLDER / f"{name}.csv").read_bytes()
