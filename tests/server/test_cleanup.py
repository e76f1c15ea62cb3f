"""What is left behind is given back."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from threading import Timer

import pytest
from streamlit import config
from streamlit.runtime.memory_session_storage import MemorySessionStorage

from bn_lab import timing
from bn_lab.server.cleanup import CleanUp


class Cycle:
    """Something that only refers to itself."""

    def __init__(self) -> None:
        self.own = self


class Timers:
    """Timers that never go off by themselves."""

    def __init__(self) -> None:
        self.started: list[tuple[float, Timer]] = []

    def __call__(self, seconds: float, act: Callable[[], None]) -> Timer:
        self.started.append((seconds, Timer(seconds, act)))
        return self.started[-1][1]


@pytest.mark.parametrize("idle", [True, False])
def test_garbage_is_collected_only_where_nobody_has_to_wait_for_it(idle: bool) -> None:
    forgotten: list[bool] = []
    gc.disable()
    try:
        left = weakref.ref(Cycle())
        CleanUp(idle=lambda: idle, forget=lambda: forgotten.append(True)).clean()
        assert (left() is None) is idle
    finally:
        gc.enable()
    assert forgotten == [True]


def test_many_departures_are_cleaned_up_after_once() -> None:
    timers = Timers()
    clean_up = CleanUp(idle=lambda: True, forget=lambda: None, timer=timers)
    for _ in range(3):
        clean_up.after_departure()
    assert [timer.finished.is_set() for _, timer in timers.started] == [True, True, False]  # cancelled, but for the last
    (seconds,) = {seconds for seconds, _ in timers.started}
    assert seconds > config.get_option("server.disconnectedSessionTTL")
    assert seconds > timing.RELOAD
    assert seconds < 60  # a minute after the last has left everything is given back


def test_streamlit_keeps_sessions_where_they_are_looked_for() -> None:
    MemorySessionStorage()._cache.expire()  # type: ignore[attr-defined]
