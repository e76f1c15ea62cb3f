"""`Verdict`: what the numbers say about a question. Computed, never written.

**The rule.** The sides are paired over the seeds: same initial weights, same batches. Every pair gives one difference, positive
where our side is better: for relative measures (losses, epochs) the share by which ours is smaller, 1 − ours/theirs; for
absolute ones (accuracies, counts) simply the difference. Of the differences the median is reported, with a 95 % interval that
assumes nothing about their distribution (the binomial interval of a median between order statistics, as
`scipy.stats.quantile_test` gives it; it exists from six pairs on). With δ the stated smallest difference that matters:

- *supported*: the whole interval is at least δ, and above 0;
- *refuted*: the whole interval lies below δ (`opposite` where it is at most −δ, `too_small` where it lies between −δ and δ,
  `not_better` where it reaches below −δ);
- *undecided*: anything else, `too_few` where there are fewer than six pairs, `too_wide` otherwise.

A network that diverged is not dropped: it counts as the worst there can be. Where both of a pair did, they are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, takewhile
from math import comb
from typing import Literal

import numpy as np

from bn_lab.engine.types import Array

Outcome = Literal["supported", "refuted", "undecided"]
Reason = Literal["", "opposite", "too_small", "not_better", "too_few", "too_wide"]

CONFIDENCE = 0.95
"""Of the interval."""

FEWEST = 6
"""Pairs from which on such an interval exists: 2 · ½⁶ < 0.05 < 2 · ½⁵."""


@dataclass(frozen=True)
class Verdict:
    """What paired numbers say.

    Attributes:
        outcome: `supported`, `refuted` or `undecided`, for exactly the condition tested.
        reason: why not supported.
        median: of the differences, positive where our side is better; ±inf where most of one side diverged.
        low, high: the interval of the median; NaN with fewer than `FEWEST` pairs.
        pairs: how many seeds.
        smallest: δ.
        ours, theirs: medians of the two sides' own numbers; the worst there can be counts as ±inf.
        diverged: how many networks diverged, of ours and of theirs.
    """

    outcome: Outcome
    reason: Reason
    median: float
    low: float
    high: float
    pairs: int
    smallest: float
    ours: float
    theirs: float
    diverged: tuple[int, int] = (0, 0)


def judge(
    ours: Sequence[float] | Array,
    theirs: Sequence[float] | Array,
    *,
    smallest: float,
    lower_is_better: bool,
    relative: bool,
    diverged: tuple[int, int] | None = None,
) -> Verdict:
    """The verdict on paired numbers, by the rule above.

    Args:
        ours, theirs: (S,) each, one number a seed; NaN for a network that diverged.
        smallest: δ, at least 0.
        lower_is_better: whether small numbers are good (losses) or large ones (accuracies).
        relative: whether differences are shares of `theirs`; only for numbers that are small when good and never negative.
        diverged: how many networks of each side diverged, where a number is not that of one network at its end; otherwise those
            without a number are counted.
    """
    assert len(ours) == len(theirs) > 0
    assert smallest >= 0
    assert lower_is_better or not relative
    worst = np.inf if lower_is_better else -np.inf
    a, b = (np.asarray(side, np.float64) for side in (ours, theirs))
    if diverged is None:
        diverged = int(np.isnan(a).sum()), int(np.isnan(b).sum())
    a, b = np.where(np.isnan(a), worst, a), np.where(np.isnan(b), worst, b)
    pairs = differences(a, b, lower_is_better=lower_is_better, relative=relative)
    low, high = interval(pairs)
    outcome, reason = _decide(low, high, smallest, len(pairs))
    return Verdict(outcome, reason, _median(pairs), low, high, len(pairs), smallest, _median(a), _median(b), diverged)


@np.errstate(divide="ignore", invalid="ignore")
def differences(ours: Array, theirs: Array, *, lower_is_better: bool, relative: bool) -> Array:
    """By how much ours is better, (S,); 0 where the two are equal, be it that both are infinite."""
    sign = 1.0 if lower_is_better else -1.0
    better = 1 - ours / theirs if relative else sign * (theirs - ours)
    return np.asarray(np.where(ours == theirs, 0.0, better))


def interval(values: Array) -> tuple[float, float]:
    """The 95% interval of the median of `values (S,)`, NaN where there are too few."""
    if len(values) < FEWEST:
        return np.nan, np.nan
    ordered, left_out = np.sort(values), _left_out(len(values))
    return float(ordered[left_out]), float(ordered[-1 - left_out])


@cache
def _left_out(count: int) -> int:
    """How many of so many values the interval leaves out on each side.

    As many as leave the chance that fewer than one more lie below the median, as heads among `count` throws, within what both
    sides have of 1 − `CONFIDENCE`.
    """
    below = accumulate(comb(count, k) / 2**count for k in range(count))
    return sum(1 for _ in takewhile(lambda chance: chance <= (1 - CONFIDENCE) / 2, below)) - 1


def _median(values: Array) -> float:
    """The median, also where values are infinite: the middle of two unlike infinities is 0, a draw."""
    ordered = np.sort(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    if np.isinf(low) and np.isinf(high) and low != high:
        return 0.0
    return float(low if low == high else (low + high) / 2)


def _decide(low: float, high: float, smallest: float, pairs: int) -> tuple[Outcome, Reason]:
    if pairs < FEWEST:
        return "undecided", "too_few"
    if low >= smallest and low > 0:
        return "supported", ""
    if high <= -smallest and high < 0:
        return "refuted", "opposite"
    if high < smallest or low == high == 0:
        return "refuted", "too_small" if low > -smallest or low == 0 else "not_better"
    return "undecided", "too_wide"
