"""The library's front door, `Experiment`, `train` and `History`: whatever it is given, it takes it or says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from itertools import chain
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bn_lab import Experiment, ExperimentError, train
from bn_lab.datasets import load
from bn_lab.engine.history import MEASURES, SPLITS, History
from bn_lab.engine.training import devices
from bn_lab.experiment import FIELDS
from bn_lab.studies.study import Study

SMALL = Experiment(dataset="iris", depth=1, width=2, epochs=1, seed=3, seeds=2)
SIZES = [(4, 2), (2, 3)]
"""Inputs and outputs of its affine layers."""

TEXTS = ("", "3", "nan", "none", "before", "Before", "loss", "rmse", "train", "validation", "snapshots", "seconds")

OF_NUMPY = (
    np.True_,
    np.int8(3),
    np.int64(3),
    np.uint8(0),
    np.float32(0.5),
    np.float64("nan"),
    np.float16("inf"),
    np.str_("before"),
)

OBJECTS = (np.zeros(2), np.array("before"), np.array(3), torch.zeros(2), torch.tensor(3), object, range(2))

SCALARS = st.one_of(
    st.sampled_from([None, True, False, *OF_NUMPY, *OBJECTS]),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 10**5000, -(10**5000), 2**63, 2**31]),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=5) | st.sampled_from(TEXTS),
    st.binary(max_size=3),
    st.builds(Decimal, st.integers()),
    st.fractions(),
)

ANYTHING = SCALARS | st.lists(SCALARS, max_size=3) | st.tuples(SCALARS, SCALARS) | st.dictionaries(st.text(max_size=2), SCALARS)


def tried(call: Callable[[], Any]) -> tuple[Any, ExperimentError | None]:
    """What a call returns, or how it is refused."""
    try:
        return call(), None
    except ExperimentError as error:
        return None, error


@cache
def history() -> History:
    return train(SMALL)


@pytest.mark.parametrize("name", FIELDS)
@given(value=ANYTHING)
def test_a_field_takes_a_value_in_its_own_type_or_says_what_is_wrong(name: str, value: Any) -> None:
    made, error = tried(partial(Experiment, **{name: value}))
    if error is not None:
        assert error.field == name
        assert str(error).startswith(f"{name} must ")
        assert ", got " in str(error)
        return
    found = getattr(made, name)
    kinds = {"int": int, "float": float, "choice": str, "choices": tuple}
    assert type(found) is kinds[FIELDS[name].kind] or (found is None and FIELDS[name].optional)
    assert Experiment(**{name: found}) == made


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("depth", np.int64(4), 4),
        ("seeds", np.uint8(2), 2),
        ("seed", np.int32(0), 0),
        ("samples", np.float32(10), 10),
        ("learning_rate", np.float32(0.5), 0.5),
        ("learning_rate", np.int8(1), 1.0),
        ("dropout", Fraction(1, 2), 0.5),
        ("dataset", np.str_("iris"), "iris"),
        ("arms", [np.str_("none")], ("none",)),
    ],
)
def test_numbers_and_texts_of_numpy_are_numbers_and_texts(name: str, value: Any, meant: Any) -> None:
    found = getattr(Experiment(**{name: value}), name)
    assert (found, type(found)) == (meant, type(meant))


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"depth": "3"}, "depth must be a finite number, got '3'"),
        ({"depth": np.True_}, "depth must be a finite number, got True"),
        ({"depth": 10**5000}, "depth must be between 1 and 12, got a whole number of thousands of digits"),
        ({"arms": (10**5000,)}, "arms must be one or more different names of none, standardized, before, after, got a whole"),
        ({"learning_rate": np.float32("nan")}, "learning_rate must be a finite number, got nan"),
        ({"epochs": Decimal(3)}, "epochs must be a finite number, got 3"),
    ],
)
def test_what_is_wrong_with_a_value_is_said(choices: Any, said: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        Experiment(**choices)
    assert str(refused.value).startswith(said)


@given(arm=SCALARS, measure=SCALARS, split=SCALARS)
def test_a_series_is_of_a_known_arm_measure_and_split(arm: Any, measure: Any, split: Any) -> None:
    for asked in [(arm, "loss", "train"), ("before", measure, "train"), ("before", "loss", split), (arm, measure, split)]:
        found, error = tried(partial(history().series, *asked))
        if error is not None:
            assert (error.field, error.rule) in {("arm", "one_of"), ("measure", "one_of"), ("split", "one_of")}
            assert error.values["options"]
            continue
        assert (asked[0] in SMALL.arms, asked[1] in {*chain(*MEASURES.values())}, asked[2] in SPLITS) == (True, True, True)
        assert found is None or found.shape == (2, 1)


def test_the_names_that_there_are_stand_in_the_error() -> None:
    with pytest.raises(ExperimentError) as refused:
        history().series("before", "accuracies")
    assert str(refused.value) == "measure must be one of loss, accuracy, rmse, r2, got accuracies"
    with pytest.raises(ExperimentError, match=r"^arm must be one of none, before, got after$"):
        history().series("after", "loss")
    with pytest.raises(ExperimentError, match=r"^split must be one of train, validation, got test$"):
        history().series("before", "rmse", "test")  # also where a classification has no such measure
    assert history().series("before", "loss", "validation") is None


@given(arm=SCALARS, seed=SCALARS)
def test_a_network_is_of_a_known_arm_and_seed(arm: Any, seed: Any) -> None:
    for asked in [(arm, 3), ("none", seed), (arm, seed)]:
        network, error = tried(partial(history().network, *asked))
        if error is not None:
            assert error.field in ("arm", "seed")
            continue
        assert asked[0] in SMALL.arms
        assert asked[1] in SMALL.seed_list
        assert (network is None) == (asked[1] != 3)


def test_the_seeds_that_there_are_stand_in_the_error() -> None:
    assert history().network("none", np.int64(3)) is not None
    with pytest.raises(ExperimentError, match=r"^seed must be one of 3, 4, got 5$"):
        history().network("none", 5)


GOOD = [(np.ones((o, i)), np.zeros(o)) for i, o in SIZES]


def weights(layer: int, place: int, value: Any) -> list[Any]:
    """Weights of which one array is another."""
    changed: list[Any] = [list(pair) for pair in GOOD]
    changed[layer][place] = value
    return changed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"experiment": "iris"}, "experiment must be an Experiment, got 'iris'"),
        ({"experiment": None}, "experiment must be an Experiment, got None"),
        ({"experiment": {"dataset": "iris"}}, "experiment must be an Experiment, got {'dataset': 'iris'}"),
        ({"experiment": Experiment}, "experiment must be an Experiment, got <class"),
        ({"table": "iris"}, "table must be a Table, or None, got 'iris'"),
        ({"table": np.zeros((10**4, 4))}, "table must be a Table, or None, got array"),
        ({"progress": True}, "progress must be a function, or None, got True"),
        ({"dtype": "float32"}, "dtype must be one of torch.float32, torch.float64, got 'float32'"),
        ({"dtype": torch.float16}, "dtype must be one of torch.float32, torch.float64, got torch.float16"),
        ({"dtype": float}, "dtype must be one of torch.float32, torch.float64, got <class 'float'>"),
        ({"device": "gpu"}, "device must be one of cpu"),
        ({"device": "cuda:999"}, "device must be one of cpu"),
        ({"device": "meta"}, "device must be one of cpu"),
        ({"device": torch.device("meta")}, "device must be one of cpu"),
        ({"device": ""}, "device must be one of cpu"),
        ({"device": 0}, "device must be one of cpu"),
        ({"device": None}, "device must be one of cpu"),
        ({"weights": 3}, "weights must have 2 layers, got 0"),
        ({"weights": "ab"}, "layer 1 of weights must be a pair (weight, bias), got 'a'"),
        ({"weights": [None, None]}, "layer 1 of weights must be a pair (weight, bias), got None"),
        ({"weights": GOOD[:1]}, "weights must have 2 layers, got 1"),
        ({"weights": weights(0, 0, np.ones((4, 2)))}, "weight of layer 1 must have the shape (2, 4), got (4, 2)"),
        ({"weights": weights(1, 1, 0.0)}, "bias of layer 2 must have the shape (3,), got ()"),
        ({"weights": weights(1, 1, None)}, "bias of layer 2 must have the shape (3,), got NoneType"),
        ({"weights": weights(1, 1, "abc")}, "bias of layer 2 must have the shape (3,), got str"),
        ({"weights": weights(1, 1, [1, [2], 3])}, "bias of layer 2 must have the shape (3,), got list"),
        ({"weights": weights(1, 1, [True] * 3)}, "bias of layer 2 must have the shape (3,), got list"),
        ({"weights": weights(1, 1, [1j] * 3)}, "bias of layer 2 must have the shape (3,), got list"),
        ({"weights": weights(1, 1, [0, np.nan, 0])}, "bias of layer 2 must be a finite number, got nan"),
        ({"weights": weights(0, 0, np.full((2, 4), 1e300))}, "weight of layer 1 must be a finite number, got inf"),
    ],
)
def test_train_says_which_argument_is_wrong(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        train(**({"experiment": SMALL} | arguments))
    assert str(refused.value).startswith(said)
    assert len(str(refused.value)) < 300


def test_train_takes_what_stands_for_the_same() -> None:
    tensors = [(torch.tensor(weight, requires_grad=True), torch.tensor(bias)) for weight, bias in GOOD]
    expected = train(SMALL, weights=GOOD).train_loss
    for arguments in ({"weights": tensors}, {"weights": tuple(GOOD)}, {"weights": [[w.tolist(), b.tolist()] for w, b in GOOD]}):
        assert np.array_equal(train(SMALL, **arguments).train_loss, expected)  # type: ignore[arg-type]
    trained = train(SMALL, table=load("iris"), device=torch.device("cpu"), dtype=torch.float64)
    assert trained.train_loss.shape == (2, 2, 1)
    assert "cpu" in devices()


def test_a_study_says_which_value_of_an_axis_is_wrong() -> None:
    for value in ([1], {}, None, "x", np.zeros(2), 10**5000):
        with pytest.raises(ExperimentError, match=r"^depth must be"):
            Study("s", SMALL, (("depth", (1, value)),))
    with pytest.raises(ExperimentError, match="different values"):
        Study("s", SMALL, (("depth", (1, 1.0)),))
    assert Study("s", SMALL, (("samples", (None, 10)),)).size == 8
