"""Splits: fair to every class and seed, the same again, and nobody else's business."""

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bn_lab.datasets import DATASETS, Split, Table, load, split, standardization
from bn_lab.datasets.streams import BATCHES, DROPOUT, SPLIT, WEIGHTS, generator
from bn_lab.experiment import Experiment, ExperimentError

SEEDS = range(20)


def splits(dataset: Any, **choices: Any) -> list[Split]:
    experiment = Experiment(dataset=dataset, **choices)
    return [split(load(dataset), experiment, seed) for seed in SEEDS]


def toy(sizes: list[int]) -> Table:
    """A table with that many members of each class, mixed."""
    target = np.random.default_rng(7).permutation(np.repeat(np.arange(len(sizes)), sizes))
    names = tuple(f"class {i}" for i in range(len(sizes)))
    features = np.zeros((len(target), 1))
    return Table("toy", features, ("zero",), target, "kind", "", "classification", names)


def same(one: Split, other: Split) -> bool:
    return np.array_equal(one.train, other.train) and np.array_equal(one.validation, other.validation)


@pytest.mark.parametrize("dataset", DATASETS)
def test_without_a_draw_all_samples_train_in_the_order_of_the_file(dataset: str) -> None:
    drawn = splits(dataset)
    for one in drawn:
        np.testing.assert_array_equal(one.train, np.arange(len(load(dataset).target)))
        assert one.validation.shape == (0,)
        assert one.train.dtype == one.validation.dtype == np.int64


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(("share", "samples"), [(0.2, None), (0.0, 37), (0.25, 50), (0.5, 2)])
def test_parts_are_disjoint_sorted_and_read_only(dataset: str, share: float, samples: int | None) -> None:
    for one in splits(dataset, validation_share=share, samples=samples):
        rows = np.concatenate([one.train, one.validation])
        assert len(set(rows.tolist())) == len(rows)
        assert 0 <= rows.min() <= rows.max() < len(load(dataset).target)
        for part in (one.train, one.validation):
            assert (np.diff(part) > 0).all()
            assert not part.flags.writeable


@pytest.mark.parametrize(
    ("dataset", "share", "samples", "train", "validation"),
    [
        ("boston", 0.2, None, 405, 101),  # 101.2
        ("boston", 0.25, None, 379, 127),  # 126.5: a half rounds up
        ("boston", 0.5, 253, 253, 253),
        ("iris", 0.1, 12, 12, 15),
        ("iris", 1e-9, None, 149, 1),
        ("digits", 0.0, 300, 300, 0),
        ("digits", 0.5, None, 2500, 2500),
    ],
)
def test_every_seed_has_equally_many(dataset: str, share: float, samples: int | None, train: int, validation: int) -> None:
    for one in splits(dataset, validation_share=share, samples=samples):
        assert (len(one.train), len(one.validation)) == (train, validation)


@pytest.mark.parametrize("dataset", ["iris", "digits"])
@pytest.mark.parametrize(("share", "samples"), [(0.2, None), (0.0, 40), (0.25, 50), (0.07, 33)])
def test_equal_classes_stay_equal(dataset: str, share: float, samples: int | None) -> None:
    table = load(dataset)
    for one in splits(dataset, validation_share=share, samples=samples):
        for part in (one.train, one.validation):
            counts = np.bincount(table.target[part], minlength=table.outputs)
            assert counts.max() - counts.min() <= 1


@given(
    sizes=st.lists(st.integers(1, 40), min_size=2, max_size=8).filter(lambda sizes: sum(sizes) >= 6),
    share=st.floats(0.01, 0.5),
    seed=st.integers(0, 2**31),
)
def test_unequal_classes_keep_their_shares(sizes: list[int], share: float, seed: int) -> None:
    table = toy(sizes)
    held = split(table, Experiment(validation_share=share), seed).validation
    counts = np.bincount(table.target[held], minlength=len(sizes))
    quota = np.array(sizes) * len(held) / len(table.target)
    # Sainte-Laguë: half a sample, and the class's part of the C/2 by which rounding may move the divisor.
    bound = 0.5 + np.array(sizes) / sum(sizes) * len(sizes) / 2
    assert (np.abs(counts - quota) <= bound + 1e-9).all()


@given(sizes=st.lists(st.integers(3, 20), min_size=2, max_size=5), seeds=st.tuples(*[st.integers(0, 2**31)] * 2))
def test_every_seed_has_equally_many_of_each_class(sizes: list[int], seeds: tuple[int, int]) -> None:
    table, experiment = toy(sizes), Experiment(validation_share=0.3, samples=3)
    one, other = (split(table, experiment, seed) for seed in seeds)
    for part in ("train", "validation"):
        labels = [np.sort(table.target[getattr(s, part)]) for s in (one, other)]
        np.testing.assert_array_equal(labels[0], labels[1])


@pytest.mark.parametrize("dataset", ["boston", "iris"])
def test_fewer_samples_are_some_of_more_and_leave_validation_alone(dataset: Any) -> None:
    for seed in SEEDS:
        sizes = [2, 3, 10, 11, 64, 119, None]
        choices = [Experiment(dataset=dataset, validation_share=0.2, samples=size) for size in sizes]
        drawn = [split(load(dataset), experiment, seed) for experiment in choices]
        for fewer, more in pairwise(drawn):
            assert set(fewer.train.tolist()) < set(more.train.tolist())
            np.testing.assert_array_equal(fewer.validation, more.validation)


def test_the_same_seed_gives_the_same_split_whatever_else_changes() -> None:
    table, choices = load("boston"), {"validation_share": 0.2, "samples": 100}
    one = split(table, Experiment(**choices), 3)  # type: ignore[arg-type]
    assert same(one, split(table, Experiment(**choices), 3))  # type: ignore[arg-type]
    other = Experiment(depth=9, seed=3, seeds=4, arms=("after",), batch_size=7, **choices)  # type: ignore[arg-type]
    assert same(one, split(table, other, 3))


@pytest.mark.parametrize("choices", [{"validation_share": 0.2}, {"samples": 60}])
@pytest.mark.parametrize("dataset", ["boston", "iris"])
def test_different_seeds_give_different_splits(dataset: str, choices: dict[str, Any]) -> None:
    drawn = splits(dataset, **choices)
    assert len({(one.train.tobytes(), one.validation.tobytes()) for one in drawn}) == len(drawn)


def test_the_global_generator_is_neither_used_nor_moved() -> None:
    table, experiment = load("iris"), Experiment(dataset="iris", validation_share=0.2, samples=50)
    np.random.seed(1)
    before = np.random.get_state()[1].copy()  # type: ignore[index]
    one = split(table, experiment, 0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # type: ignore[index]
    np.random.seed(2)
    assert same(one, split(table, experiment, 0))


@pytest.mark.parametrize(("share", "most"), [(0.0, 150), (0.2, 120), (0.5, 75)])
def test_more_samples_than_there_are_is_an_error(share: float, most: int) -> None:
    table = load("iris")
    split(table, Experiment(dataset="iris", validation_share=share, samples=most), 0)
    with pytest.raises(ExperimentError) as caught:
        split(table, Experiment(dataset="iris", validation_share=share, samples=most + 1), 0)
    assert (caught.value.field, caught.value.rule) == ("samples", "too_many")
    assert caught.value.values["value"] == most + 1
    assert f"at most {most} for iris" in str(caught.value)


def test_fewer_than_two_training_samples_are_an_error() -> None:
    with pytest.raises(ExperimentError) as caught:
        split(toy([2, 1]), Experiment(validation_share=0.5), 0)
    assert (caught.value.field, caught.value.rule) == ("validation_share", "too_few")
    assert caught.value.values["value"] == 0.5
    with pytest.raises(ExperimentError) as caught:
        split(toy([1]), Experiment(), 0)
    assert (caught.value.field, caught.value.rule) == ("dataset", "too_few")
    assert caught.value.values["value"] == "toy"


@pytest.mark.parametrize("dataset", DATASETS)
def test_standardized_features_have_mean_0_and_std_1(dataset: str) -> None:
    features = load(dataset).features
    mean, std = standardization(features)
    assert mean.dtype == std.dtype == np.float64
    np.testing.assert_allclose(mean, np.mean(features, axis=0), rtol=1e-12)
    constant = np.ptp(features, axis=0) == 0
    np.testing.assert_allclose(std[~constant], np.sqrt(np.var(features, axis=0))[~constant], rtol=1e-12)
    assert (std[constant] == 1).all()
    scaled = (features - mean) / std
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(scaled.std(axis=0), np.where(constant, 0, 1), atol=1e-10)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e-30, 1e30])
def test_a_constant_feature_becomes_exactly_0(value: float) -> None:
    features = np.full((7, 1), value)
    mean, std = standardization(features)
    assert (mean[0], std[0]) == (value, 1.0)
    assert ((features - mean) / std == 0).all()


@given(arrays(np.float64, (5, 3), elements=st.floats(-1e100, 1e100)))
def test_no_feature_makes_standardization_blow_up(features: np.ndarray[Any, Any]) -> None:
    mean, std = standardization(features)
    assert (std > 0).all()
    assert np.isfinite((features - mean) / std).all()


def test_standardization_accepts_float32_and_computes_in_float64() -> None:
    features = load("boston").features.astype(np.float32)
    expected = standardization(features.astype(np.float64))
    np.testing.assert_array_equal(standardization(features), expected)  # type: ignore[arg-type]


def test_every_purpose_and_seed_has_its_own_stream() -> None:
    pairs = product((0, 1, 2**31 + 30), (WEIGHTS, SPLIT, BATCHES, DROPOUT))
    streams = [generator(seed, stream) for seed, stream in pairs]
    assert len({tuple(random.integers(2**62, size=4)) for random in streams}) == len(streams)


def test_a_stream_starts_anew_each_time() -> None:
    assert generator(5, WEIGHTS).random() == generator(5, WEIGHTS).random()
