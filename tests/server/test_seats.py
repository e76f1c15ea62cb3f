"""As many connections as the system allows, and no more seats than that is enough for."""

from __future__ import annotations

import resource

import pytest

from bn_lab.server.seats import MOST_FILES, PER_PAGE, RESERVED, FullError, Seats, raise_file_limit, seats_for


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((256, 4096), 4096),
        ((4096, 4096), 4096),
        ((1024, resource.RLIM_INFINITY), MOST_FILES),
        ((1024, 10**9), MOST_FILES),
        ((10**6, 10**6), 10**6),
    ],
)
def test_the_limit_is_raised_to_what_the_system_allows(
    monkeypatch: pytest.MonkeyPatch, before: tuple[int, int], after: int
) -> None:
    limits = [before]
    monkeypatch.setattr(resource, "getrlimit", lambda which: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda which, new: limits.append(new))
    assert raise_file_limit() == after
    assert limits[-1] == (after, before[1])


def test_where_it_cannot_be_raised_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(which: int, new: tuple[int, int]) -> None:
        raise ValueError("not allowed")

    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, 4096))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert raise_file_limit() == 256


@pytest.mark.parametrize("visitors", [1, 40, 1_000])
@pytest.mark.parametrize("descriptors", [1_024, 4_096, 65_536])
def test_all_seats_together_and_those_who_come_back_need_no_more_than_there_is(visitors: int, descriptors: int) -> None:
    seats = seats_for(visitors, descriptors)
    assert 1 <= seats * 1.25 * PER_PAGE + RESERVED <= descriptors
    assert seats <= 2 * visitors + 8


def test_who_has_a_seat_keeps_it_and_who_comes_back_finds_one() -> None:
    seats = Seats(4)
    with seats.taking(), seats.taking(), seats.taking(), seats.taking():
        with pytest.raises(FullError), seats.taking():
            pass
        with seats.taking(comes_back=True), pytest.raises(FullError), seats.taking(comes_back=True):
            pass
        assert seats.taken == 4
    assert seats.taken == 0
