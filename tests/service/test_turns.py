"""Turns on a worker's thread are dealt out fairly."""

from __future__ import annotations

import gc
from collections import Counter
from time import thread_time

import pytest

from bn_lab.service.turns import InTurn, Turns, computed


class Job(InTurn):
    def __init__(self, watchers: int = 1, takes: float = 0.02, is_urgent: bool = False) -> None:
        self.watchers, self.takes, self.is_urgent = watchers, takes, is_urgent

    @property
    def urgent(self) -> bool:
        return self.is_urgent


def play(turns: Turns[Job], jobs: list[Job], count: int) -> list[Job]:
    served = []
    for _ in range(count):
        job = turns.next(jobs)
        assert job is not None
        turns.charge(job, job.takes)
        served.append(job)
    return served


def test_turns_go_to_who_had_least_for_each_visitor_and_to_a_newcomer_at_once() -> None:
    """What four visitors watch gets twice as many turns as what one does."""
    turns: Turns[Job] = Turns()
    shared, own = Job(watchers=4), Job()
    served = Counter(play(turns, [shared, own], 90))
    assert served[shared] == pytest.approx(60, abs=2)
    newcomer = Job()
    later = play(turns, [shared, own, newcomer], 122)
    assert newcomer in later[:2]
    assert later[2:].count(newcomer) == pytest.approx(30, abs=3)  # no more than its share for having waited


def test_a_long_turn_of_one_is_made_good_to_the_others() -> None:
    heavy, light = Job(takes=0.5), Job()
    served = Counter(play(Turns(), [heavy, light], 500))
    assert served[light] * light.takes == pytest.approx(served[heavy] * heavy.takes, rel=0.15)


def test_what_takes_next_to_nothing_comes_first_unless_it_had_much_more_than_others() -> None:
    turns: Turns[Job] = Turns()
    working, looking = Job(), Job(takes=0.001, is_urgent=True)
    assert play(turns, [working, looking], 20) == [looking] * 20
    greedy = Job(takes=0.3, is_urgent=True)
    served = play(turns, [working, greedy], 30)
    assert served[0] is greedy
    assert served.count(working) > 20


def test_turns_are_shorter_where_many_work() -> None:
    turns: Turns[Job] = Turns()
    assert turns.next([]) is None
    lengths = []
    for count in (1, 10, 200):
        turns.next([Job() for _ in range(count)])
        lengths.append(turns.length)
    assert lengths == [0.02, 0.015, 0.005]


def test_a_collection_of_garbage_is_charged_to_nobody() -> None:
    start, charged = thread_time(), computed()
    gc.collect()
    assert 0 <= computed() - charged < (thread_time() - start) / 2
