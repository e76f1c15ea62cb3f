"""Which samples a network sees, in which order, with which dropout masks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bn_lab.arms import ARMS
from bn_lab.datasets import Table, load
from bn_lab.engine import batches as module
from bn_lab.engine.batches import Batch, Epoch, Source, composition
from bn_lab.engine.steps import batch_sizes
from bn_lab.experiment import DatasetName, Experiment, Shuffle

Toy = Callable[..., Table]


def source(table: Table, dtype: torch.dtype = torch.float64, **choices: Any) -> Source:
    experiment = Experiment(**{"batch_size": 6, "seeds": 2, **choices})
    return Source(experiment, table, dtype=dtype, device="cpu")


def all_batches(prepared: Source, epoch: int = 0) -> list[Batch]:
    of_epoch = Epoch(prepared, epoch)
    return [of_epoch.batch(i) for i in range(len(prepared.sizes(0)))]


def rows_seen(prepared: Source, epoch: int, network: int) -> list[int]:
    """Row numbers of the table that a network meets, found by their features."""
    known = {tuple(features): row for row, features in enumerate(prepared.table.features)}
    return [known[tuple(x.tolist())] for batch in all_batches(prepared, epoch) for x in batch.x[network].T]


@pytest.mark.parametrize(
    ("samples", "batch_size", "sizes"),
    [
        (506, 32, [32] * 15 + [26]),
        (150, 32, [32] * 4 + [22]),
        (64, 32, [32, 32]),
        (65, 32, [32, 33]),
        (33, 32, [33]),
        (31, 32, [31]),
        (2, 32, [2]),
        (2, 2, [2]),
        (3, 2, [3]),
        (5, 2, [2, 3]),
        (5, 4096, [5]),
    ],
)
def test_batch_sizes(samples: int, batch_size: int, sizes: list[int]) -> None:
    assert batch_sizes(samples, batch_size) == sizes


@given(samples=st.integers(2, 6000), batch_size=st.integers(2, 4096))
def test_no_batch_has_one_sample_and_no_sample_is_lost(samples: int, batch_size: int) -> None:
    sizes = batch_sizes(samples, batch_size)
    assert sum(sizes) == samples
    assert min(sizes) >= 2
    assert set(sizes[:-1]) <= {batch_size}
    assert sizes[-1] <= batch_size + 1


@pytest.mark.parametrize("shuffle", ["every_epoch", "once", "never"])
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_every_training_sample_comes_once_an_epoch(toy: Toy, shuffle: Shuffle, share: float) -> None:
    prepared = source(toy(), shuffle=shuffle, validation_share=share)
    for s, split in enumerate(prepared.splits):
        for epoch in (0, 1):
            assert sorted(rows_seen(prepared, epoch, s)) == split.train.tolist()


def test_shuffle_modes(toy: Toy) -> None:
    table = toy()
    orders = {
        mode: [[rows_seen(source(table, shuffle=mode), epoch, s) for epoch in range(3)] for s in range(2)]
        for mode in ("every_epoch", "once", "never")
    }
    for s in range(2):
        assert orders["never"][s] == [list(range(20))] * 3
        first, second, third = orders["once"][s]
        assert first == second == third != list(range(20))
        first, second, third = orders["every_epoch"][s]
        assert first != second != third != first
        assert first == orders["once"][s][0]
    assert orders["every_epoch"][0] != orders["every_epoch"][1], "every seed has its own order"


def test_numpy_alone_draws_the_same_order(toy: Toy) -> None:
    prepared = source(toy(), seed=5)
    randoms = [np.random.default_rng([seed, 2]) for seed in (5, 6)]
    expected = [[random.permutation(20) for random in randoms] for _ in range(4)]
    for epoch in (0, 3, 1, 3):  # an epoch may be asked for again, and earlier ones after later ones
        for s in range(2):
            np.testing.assert_array_equal(rows_seen(prepared, epoch, s), expected[epoch][s])


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_all_arms_of_a_seed_see_the_same_batches(toy: Toy, task: str) -> None:
    prepared = source(toy(task), arms=tuple(ARMS), inputs="raw", dropout=0.4)
    for batch in all_batches(prepared):
        x, y = batch.x.view(4, 2, *batch.x.shape[1:]), batch.y.reshape(4, 2, *batch.y.shape[1:])
        raw = [a for a, arm in enumerate(ARMS) if arm != "standardized"]
        assert all(torch.equal(x[0], x[a]) for a in raw)
        assert all(torch.equal(y[0], y[a]) for a in range(4))
        assert all(mask.shape == (2, 8, batch.x.shape[2]) for mask in batch.masks)


def test_targets_belong_to_their_samples(toy: Toy) -> None:
    for task in ("regression", "classification"):
        prepared = source(toy(task))
        rows = rows_seen(prepared, 0, 1)
        y = torch.cat([batch.y[1] for batch in all_batches(prepared)], dim=1).numpy()
        target = prepared.table.target[rows]
        np.testing.assert_array_equal(y.argmax(axis=0) if task == "classification" else y[0], target)
        if task == "classification":
            np.testing.assert_array_equal(y.sum(axis=0), 1)


def test_standardized_inputs_are_those_of_the_training_samples(toy: Toy) -> None:
    prepared = source(toy(), arms=("none", "standardized"), validation_share=0.3, shuffle="never")
    ((validation, _),) = prepared.whole("validation")
    for s, split in enumerate(prepared.splits):
        train = prepared.table.features[split.train]
        mean, std = train.mean(axis=0), train.std(axis=0)
        seen = torch.cat([batch.x[2 + s] for batch in all_batches(prepared)], dim=1).numpy().T
        np.testing.assert_allclose(seen, (train - mean) / std)
        np.testing.assert_allclose(validation[2 + s].numpy().T, (prepared.table.features[split.validation] - mean) / std)
        np.testing.assert_array_equal(validation[s].numpy().T, prepared.table.features[split.validation])


def test_standardized_inputs_concern_every_arm(toy: Toy) -> None:
    prepared = source(toy(), arms=tuple(ARMS), inputs="standardized")
    x = all_batches(prepared)[0].x.view(4, 2, 3, -1)
    assert all(torch.equal(x[0], x[a]) for a in range(4))


def test_dropout_masks_hold_0_or_the_reciprocal_of_what_is_kept() -> None:
    prepared = source(load("iris"), dropout=0.4, width=64)
    masks = torch.cat([mask.flatten() for batch in all_batches(prepared) for mask in batch.masks])
    assert set(masks.tolist()) == {0.0, 1 / 0.6}
    assert (masks == 0).double().mean().item() == pytest.approx(0.4, abs=0.01)
    first, second = all_batches(prepared)[0].masks[0], all_batches(prepared, 1)[0].masks[0]
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1]), "every seed has its own masks"


def test_without_dropout_there_are_no_masks(toy: Toy) -> None:
    assert all(len(batch.masks) == 0 for batch in all_batches(source(toy())))


def same(one: Batch, other: Batch) -> bool:
    pairs = zip((one.x, one.y, *one.masks), (other.x, other.y, *other.masks), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(("limit", "block"), [("BLOCK_NUMBERS", 1), ("BLOCK_NUMBERS", 300), ("PIECE_NUMBERS", 1)])
def test_how_much_is_prepared_at_once_changes_nothing(
    toy: Toy, limit: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    choices: dict[str, Any] = {"dropout": 0.4, "arms": tuple(ARMS), "validation_share": 0.2, "batch_size": 2}
    expected = all_batches(source(toy(), **choices))
    whole = [list(source(toy(), **choices).whole(which)) for which in ("train", "validation")]
    monkeypatch.setattr(module, limit, block)
    prepared = source(toy(), **choices)
    assert all(same(a, b) for a, b in zip(all_batches(prepared), expected, strict=True))
    for which, ((x, y),) in zip(("train", "validation"), whole, strict=True):
        pieces = list(prepared.whole(which))  # type: ignore[arg-type]
        if block == 1:
            assert len(pieces) > 1
        assert torch.equal(torch.cat([piece[0] for piece in pieces], dim=2), x)
        assert torch.equal(torch.cat([piece[1] for piece in pieces], dim=2), y)


def test_batches_may_be_asked_for_in_any_order(toy: Toy) -> None:
    prepared = source(toy(), dropout=0.4)
    expected = all_batches(prepared)
    epoch = Epoch(prepared, 0)
    for i in (3, 0, 2, 2, 1, 3):
        assert same(epoch.batch(i), expected[i])


def test_fewer_samples_are_a_part_of_more(toy: Toy) -> None:
    rows = {n: set(rows_seen(source(toy(), samples=n, validation_share=0.2), 0, 0)) for n in (4, 9, 16)}
    assert rows[4] < rows[9] < rows[16]
    assert [len(found) for found in rows.values()] == [4, 9, 16]
    held = {tuple(source(toy(), samples=n, validation_share=0.2).splits[0].validation) for n in (4, 9, 16)}
    assert len(held) == 1


def in_order(name: DatasetName, order: np.ndarray[Any, Any]) -> Table:
    """A shipped set whose rows come in another order, as they may in a file of somebody's own."""
    table = load(name)
    return replace(table, features=table.features[order], target=table.target[order])


@pytest.mark.parametrize(("name", "size"), [("iris", 32), ("iris", 7), ("boston", 32), ("boston", 5), ("iris", 4096)])
def test_the_composition_is_that_of_the_batches_that_networks_see(name: DatasetName, size: int) -> None:
    prepared = source(load(name), dataset=name, shuffle="never", batch_size=size, validation_share=0.2)
    composed = composition(prepared)
    assert composed is not None
    for s in range(2):
        parts = [batch.y[s].numpy() for batch in all_batches(prepared)]  # (C, B) each; the targets of the first arm
        whole = np.concatenate(parts, axis=1)
        inside = sum(np.square(part - part.mean(axis=1, keepdims=True)).sum() for part in parts)
        spread = inside / (whole.shape[1] - len(parts)) / whole.var(axis=1, ddof=1).sum()
        assert composed.spread[s] == pytest.approx(spread)
        assert composed.uniform[s] == sum(int((part == part[:, :1]).all()) for part in parts)


def test_sorted_targets_make_batches_alike_and_random_orders_do_not() -> None:
    random = np.random.default_rng(0)
    for name in ("iris", "boston"):
        target = load(name).target
        orders = {"sorted": np.argsort(target, kind="stable"), "random": random.permutation(len(target))}
        found = {kind: composition(source(in_order(name, order), shuffle="never")) for kind, order in orders.items()}
        assert found["sorted"] is not None
        assert found["random"] is not None
        assert max(found["sorted"].spread) < 0.1
        assert min(found["random"].spread) > 0.9
        assert max(found["random"].uniform) <= 1


def test_no_composition_where_batches_change_or_the_target_does_not() -> None:
    assert composition(source(load("iris"), shuffle="once")) is composition(source(load("iris"))) is None
    for value in (0.1, 1e300):  # of which no mean is exact, and whose square overflows
        composed = composition(source(replace(load("boston"), target=np.full(506, value)), shuffle="never"))
        assert composed is not None
        assert np.isnan(composed.spread).all()
        assert (composed.uniform == 85).all()
    huge = composition(source(replace(load("boston"), target=load("boston").target * 1e200), shuffle="never"))
    usual = composition(source(load("boston"), shuffle="never"))
    assert huge is not None
    assert usual is not None
    np.testing.assert_allclose(huge.spread, usual.spread)
