"""The rule of verdicts on made-up numbers with known answers."""

from __future__ import annotations

from math import comb, inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bn_lab.studies.verdict import FEWEST, Verdict, differences, interval, judge

TWENTY = np.linspace(0.9, 1.1, 20)


def losses(ours: object, theirs: object, smallest: float = 0.1) -> Verdict:
    return judge(np.asarray(ours), np.asarray(theirs), smallest=smallest, lower_is_better=True, relative=True)


def accuracies(ours: object, theirs: object, smallest: float = 0.02) -> Verdict:
    return judge(np.asarray(ours), np.asarray(theirs), smallest=smallest, lower_is_better=False, relative=False)


def test_half_the_loss_is_supported() -> None:
    verdict = losses(TWENTY / 2, TWENTY)
    assert (verdict.outcome, verdict.reason) == ("supported", "")
    assert verdict.median == verdict.low == verdict.high == 0.5
    assert verdict.pairs == 20
    assert (verdict.ours, verdict.theirs) == pytest.approx((0.5, 1.0))


def test_twice_the_loss_is_refuted_as_the_opposite() -> None:
    verdict = losses(2 * TWENTY, TWENTY)
    assert (verdict.outcome, verdict.reason) == ("refuted", "opposite")
    assert verdict.median == -1


def test_a_sure_difference_that_is_too_small_is_refuted() -> None:
    verdict = losses(0.95 * TWENTY, TWENTY)
    assert (verdict.outcome, verdict.reason) == ("refuted", "too_small")
    assert 0 < verdict.low <= verdict.high < 0.1


def test_what_is_at_most_a_little_better_and_maybe_much_worse_is_not_better() -> None:
    verdict = losses([1.8, 1.7, 1.6, 1.5, 1.4, 0.95], np.ones(6))
    assert (verdict.outcome, verdict.reason) == ("refuted", "not_better")
    assert (verdict.low, verdict.high) == pytest.approx((-0.8, 0.05))


@pytest.mark.parametrize(
    ("ours", "outcome", "reason"), [(8, "supported", ""), (7, "refuted", "too_small"), (6, "refuted", "opposite")]
)
def test_a_difference_of_exactly_the_smallest_counts(ours: int, outcome: str, reason: str) -> None:
    verdict = accuracies(np.full(10, ours), np.full(10, 7), smallest=1)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_no_difference_is_not_supported_where_any_would_matter() -> None:
    verdict = accuracies(np.full(10, 7), np.full(10, 7), smallest=0)
    assert (verdict.outcome, verdict.reason) == ("refuted", "too_small")
    assert accuracies(np.full(10, 8), np.full(10, 7), smallest=0).outcome == "supported"
    assert accuracies(np.full(10, 6), np.full(10, 7), smallest=0).reason == "opposite"


def test_ties_are_no_difference() -> None:
    assert losses(TWENTY, TWENTY) == Verdict("refuted", "too_small", 0, 0, 0, 20, 0.1, 1.0, 1.0)
    half = np.where(np.arange(20) % 2, TWENTY / 2, TWENTY)
    assert losses(half, TWENTY).outcome == "undecided"


def test_what_goes_both_ways_is_undecided() -> None:
    verdict = losses(TWENTY * np.where(np.arange(20) % 2, 0.3, 3), TWENTY)
    assert (verdict.outcome, verdict.reason) == ("undecided", "too_wide")


@pytest.mark.parametrize("pairs", range(1, FEWEST))
def test_too_few_seeds_decide_nothing(pairs: int) -> None:
    verdict = losses(TWENTY[:pairs] / 100, TWENTY[:pairs])
    assert (verdict.outcome, verdict.reason) == ("undecided", "too_few")
    assert isnan(verdict.low)
    assert isnan(verdict.high)
    assert verdict.median == pytest.approx(0.99)


def test_six_seeds_are_enough_where_all_agree() -> None:
    assert losses(TWENTY[:6] / 2, TWENTY[:6]).outcome == "supported"


def test_a_network_that_diverged_is_the_worst_and_not_dropped() -> None:
    ours = np.where(np.arange(20) < 12, nan, 0.1)  # where it did not diverge ours is ten times better
    verdict = losses(ours, TWENTY)
    assert (verdict.outcome, verdict.median, verdict.diverged) == ("undecided", -inf, (12, 0))
    assert losses(np.full(20, nan), TWENTY).outcome == "refuted"
    assert losses(TWENTY, np.full(20, nan)).outcome == "supported"


def test_both_diverged_is_a_draw() -> None:
    verdict = losses(np.full(20, nan), np.full(20, nan))
    assert (verdict.outcome, verdict.reason, verdict.median) == ("refuted", "too_small", 0)
    assert verdict.diverged == (20, 20)


def test_a_mark_that_is_never_reached_is_worse_than_any_that_is() -> None:
    assert losses(np.full(8, 100.0), np.full(8, inf)).outcome == "supported"
    assert losses(np.full(8, inf), np.full(8, 100.0)).reason == "opposite"
    assert losses(np.full(8, inf), np.full(8, inf)).median == 0


def test_accuracies_are_better_when_larger() -> None:
    verdict = accuracies(np.full(6, 0.9), np.full(6, 0.8))
    assert (verdict.outcome, verdict.median) == ("supported", pytest.approx(0.1))
    assert accuracies(np.full(6, 0.8), np.full(6, 0.9)).reason == "opposite"
    assert accuracies(np.full(6, nan), np.full(6, 0.9)).median == -inf


@given(st.lists(st.floats(-1e6, 1e6), min_size=FEWEST, max_size=40))
def test_the_interval_is_the_binomial_one(found: list[float]) -> None:
    """The largest k for which P(fewer than k of n are below the median) ≤ 2.5 %, counted by hand."""
    n, ordered = len(found), sorted(found)
    tails = [sum(comb(n, j) for j in range(k)) / 2**n for k in range(n)]
    k = max(k for k in range(n) if tails[k] <= 0.025)
    assert interval(np.array(found)) == (ordered[k - 1], ordered[n - k])


@given(st.integers(0, 2**32 - 1))
def test_swapping_the_sides_swaps_the_sign(seed: int) -> None:
    random = np.random.default_rng(seed)
    ours, theirs = random.random((2, 9))
    there, back = accuracies(ours, theirs), accuracies(theirs, ours)
    assert there.median == -back.median
    assert (there.low, there.high) == (-back.high, -back.low)


def test_the_interval_holds_the_median_nineteen_times_in_twenty() -> None:
    random = np.random.default_rng(1)
    draws = [interval(random.standard_cauchy(12)) for _ in range(1500)]
    held = np.mean([low <= 0 <= high for low, high in draws])
    assert 0.94 < held < 0.99  # exact intervals of few numbers hold a little more often: 96.1 % for twelve


def test_differences_of_zero_losses() -> None:
    found = differences(np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0]), lower_is_better=True, relative=True)
    np.testing.assert_array_equal(found, [0, -inf, 1])
