"""`Table`: shapes, headings, and arrays that nobody can change."""

import numpy as np
import pytest

from bn_lab.datasets import Table


def table(**changes: object) -> Table:
    given: dict[str, object] = {
        "name": "toy",
        "features": np.arange(6.0).reshape(3, 2),
        "feature_names": ("left", "right"),
        "target": np.array([1, 0, 1]),
        "target_name": "kind",
        "target_unit": "",
        "task": "classification",
        "classes": ("cat", "dog"),
    }
    return Table(**given | changes)  # type: ignore[arg-type]


def test_a_classification_has_an_output_per_class() -> None:
    assert table().outputs == 2
    assert table().target.dtype == np.int64


def test_a_regression_has_one_output() -> None:
    regression = table(task="regression", classes=(), target=np.array([1, 2, 3]))
    assert regression.outputs == 1
    assert regression.target.dtype == np.float64
    assert list(regression.head(2)["kind"]) == [1.0, 2.0]


def test_the_head_has_the_headings_and_classes_of_the_file() -> None:
    head = table().head(2)
    assert list(head.columns) == ["left", "right", "kind"]
    assert head.to_numpy().tolist() == [[0.0, 1.0, "dog"], [2.0, 3.0, "cat"]]
    assert len(table().head()) == 3


def test_the_arrays_are_copies_that_nobody_can_change() -> None:
    features = np.arange(6.0).reshape(3, 2)
    made = table(features=features)
    features[0, 0] = 99
    assert made.features[0, 0] == 0
    for array in (made.features, made.target):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_what_does_not_fit_together_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        table(feature_names=("left",))
    with pytest.raises(AssertionError):
        table(target=np.array([0, 1]))
    with pytest.raises(AssertionError):
        table(classes=())
