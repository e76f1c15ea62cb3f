"""Many visitors at once (`load`), and visitors who come and go for a long time (`soak`)."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import linear_regression

from benchmarks import browser as lab
from benchmarks.crowd import LINK, SETTLE, Crowd, Host, hosted, own, pause, remains, warm_up
from benchmarks.measure import Goal, Growth, Result, Row
from benchmarks.page import FIRST_PICTURE
from benchmarks.settings import Settings, say
from benchmarks.websocket import Visitor

CROWDS = (50, 100)
"""How many are there at once."""

RAMP = 0.6
"""Seconds between two arrivals: a hundred within a minute."""

POLL = 0.25
"""Seconds between two looks at the server's memory."""

TOO_LATE = 0.25
"""Seconds by which the visitors' own event loop may be late before the figures say more about it than about the server."""

LINKS = ("dataset=iris&epochs=1000", "dataset=boston&epochs=1000", LINK)
"""Links that half of those who come and go open."""

STAY, PRESSES = (20.0, 40.0), 3
"""Seconds that each of them stays, and how many buttons are pressed in that time."""

BUTTONS = ("train", "pause", "resume", "step", "reset", "new_seed")
"""Those that are tried."""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least this share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def longest_wait(moments: Sequence[float], start: float, end: float) -> float:
    """The longest time without one of `moments`, which ascend, between `start` and `end`."""
    within = [moment for moment in moments if start < moment < end]
    return max(after - before for before, after in pairwise([start, *within, end]))


@dataclass(frozen=True)
class Plan:
    """How many come, and how long everything takes, in seconds.

    Attributes:
        visitors: how many are there at once. ramp: within which time they arrive.
        window: how long it is measured while all train. newcomers: how many further ones open a page in that time.
        pages: how many real browsers do. stops: how many press pause afterwards. quiet: how long nobody is there in the end.
    """

    visitors: int
    ramp: float
    window: float = 60.0
    newcomers: int = 24
    pages: int = 3
    stops: int = 20
    quiet: float = 60.0


@dataclass
class Found:
    """What was measured, in seconds where nothing else is said.

    Attributes:
        arrivals, newcomers, pages: until a page could be used: of those who train, of those who come meanwhile, in browsers.
        pictures: from Train to the first picture, in browsers. stops: from Pause to standstill.
        rates: updates a second of each visitor; waits: the longest time that each was without one.
        errors: whatever went wrong. late: how late the visitors' own event loop was at most.
        ticks: frames that were answered in the window; kilobytes: what all were sent in it.
        spent: processor time of the server in the window, without training; busy: cores that it had, with training;
            used: cores in use on the whole machine.
        largest: memory of the server at most, MB.
        missing: why there was no browser.
    """

    arrivals: list[float] = field(default_factory=list)
    newcomers: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    late: float = 0.0
    ticks: int = 0
    kilobytes: float = 0.0
    spent: float = 0.0
    busy: float = 0.0
    used: float = 0.0
    largest: float = 0.0
    missing: str = ""


def load(settings: Settings) -> list[Result]:
    """50 and 100 visitors at once, half of them on one link: pages, updates, pause, errors, memory, threads; 8 minutes."""
    plans = [Plan(visitors, ramp=RAMP * visitors) for visitors in CROWDS]
    if settings.quick:
        plans = [Plan(4, ramp=1.0, window=5.0, newcomers=2, pages=1, stops=2, quiet=2.0)]
    found: list[Result] = []
    for plan in plans:
        say(f"{plan.visitors} visitors within {plan.ramp:g} s")
        with hosted() as host:
            found += asyncio.run(_load(host, plan, settings.chromium))
    return found


async def _load(host: Host, plan: Plan, chromium: Path | None) -> list[Result]:
    found, crowd = Found(), Crowd(host)
    await warm_up(host)
    before = await host.census()
    watch = asyncio.create_task(_watch(host, found))
    links = [LINK if k % 2 else own(1 + k) for k in range(plan.visitors)]
    trainees = await asyncio.gather(*(crowd.start(link, plan.ramp * k / len(links)) for k, link in enumerate(links)))
    found.arrivals = [visitor.opened for visitor in trainees]
    await asyncio.sleep(SETTLE)
    await _measure(crowd, trainees, plan, chromium, found)
    found.stops = [seconds for visitor in trainees[: plan.stops] if (seconds := await pause(visitor)) is not None]
    watch.cancel()
    found.errors = crowd.errors
    await crowd.disperse()
    await asyncio.sleep(plan.quiet)
    memory = Row(f"memory with {plan.visitors} visitors", "one who was there before", "×", [found.largest / before.memory])
    return [*_rows(found, plan), memory, *remains(found.errors, before, await host.census(), plan.quiet)]


async def _watch(host: Host, found: Found) -> None:
    """Look at the memory of the server, and at how late this event loop is, again and again."""
    while True:
        start = time.perf_counter()
        found.largest = max(found.largest, host.server.resident)
        await asyncio.sleep(POLL)
        found.late = max(found.late, time.perf_counter() - start - POLL)


async def _measure(crowd: Crowd, trainees: Sequence[Visitor], plan: Plan, chromium: Path | None, found: Found) -> None:
    """Look on for a while, in which others come."""
    before, used = await crowd.host.census(), machine_time()
    (ticks, sent), start = _traffic(trainees), time.perf_counter()
    await asyncio.gather(asyncio.sleep(plan.window), _newcomers(crowd, plan, found), _browsers(crowd, plan, chromium, found))
    (more_ticks, more_sent), end = _traffic(trainees), time.perf_counter()
    found.used = (machine_time() - used) / (end - start)
    after = await crowd.host.census()
    found.ticks, found.kilobytes = more_ticks - ticks, (more_sent - sent) / 1e3
    found.busy = (after.processor - before.processor) / (end - start)
    found.spent = after.processor - before.processor - (after.training - before.training)
    for visitor in trainees:
        until = min(end, visitor.rested or end)
        if until > start:
            found.rates.append(sum(start < moment < until for moment in visitor.updates) / (until - start))
            found.waits.append(longest_wait(visitor.updates, start, until))


def machine_time() -> float:
    """Seconds that all cores of the machine have worked so far, whoever for; 0 where the system does not say."""
    try:
        user, nice, system, _, _, *interrupts = Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()[1:8]
    except OSError:
        return 0.0
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


def _traffic(visitors: Sequence[Visitor]) -> tuple[int, int]:
    """Frames and bytes that all of them were sent so far."""
    counts = [visitor.page.counts for visitor in visitors]
    return sum(count.ticks for count in counts), sum(count.bytes for count in counts)


async def _newcomers(crowd: Crowd, plan: Plan, found: Found) -> None:
    """Others open a page, each an experiment of their own, look at it and go; nobody waits for the one before."""

    async def come(k: int) -> None:
        await asyncio.sleep(plan.window * k / plan.newcomers)
        visitor = await crowd.admit(own(1000 + k))
        found.newcomers.append(visitor.opened)
        await asyncio.sleep(SETTLE)
        await crowd.dismiss(visitor)

    await asyncio.gather(*map(come, range(plan.newcomers)))


async def _browsers(crowd: Crowd, plan: Plan, chromium: Path | None, found: Found) -> None:
    """Real browsers do the same one after the other, and train until they see it."""

    def come(seeds: Iterable[int]) -> None:
        with lab.chromium(chromium) as browser:
            for seed in seeds:
                with lab.visitor(browser) as page:
                    start = time.perf_counter()
                    lab.opened(page, crowd.host.address, query=own(seed))
                    found.pages.append(time.perf_counter() - start)
                    found.pictures.append(lab.clicked_until(page, "train", FIRST_PICTURE))

    try:
        await asyncio.to_thread(come, range(2000, 2000 + plan.pages))
    except lab.BrowserMissingError as missing:
        found.missing = str(missing)
    except Exception as error:  # Playwright's own, but Playwright may not be there
        crowd.mishaps.append(f"browser: {error}")


def _rows(found: Found, plan: Plan) -> list[Result]:
    """The rows about what visitors feel."""
    n, ticks = plan.visitors, max(1, found.ticks)
    late = f"the visitors' own loop was late by up to {found.late:.1f} s" if found.late > TOO_LATE else ""
    few = f"{len(found.waits)} of {n} trained" if len(found.waits) < n else ""
    busy = {"cores": found.busy, "cores_of_the_machine": found.used, "frames_a_second": found.ticks / plan.window}
    share = f"the server had {found.busy:.1f} of {found.used:.1f} cores in use"
    return [
        *_tail(f"page of {n} visitors who arrive within {plan.ramp:g} s", found.arrivals),
        *_tail(f"page of a newcomer while {n} train", found.newcomers, Goal("≤", 3) if n <= CROWDS[0] else None),
        Row("… in a real browser", "", "s", found.pages, note=found.missing),
        Row("… from Train to the first picture there", "", "s", found.pictures, note=found.missing),
        Row(f"updates of each of {n} visitors", "", "a second", found.rates, note=", ".join(filter(None, (few, late)))),
        *_tail("… longest wait for one", found.waits, Goal("≤", 2)),
        *_tail(f"Pause to standstill while {n} train", found.stops),
        Row("processor time of a frame, opened pages included", "", "ms", [1e3 * found.spent / ticks], None, share, busy),
        Row("bytes of a frame", "", "kB", [found.kilobytes / ticks]),
    ]


def _tail(what: str, seconds: Sequence[float], goal: Goal | None = None) -> list[Result]:
    """Two rows: all of them, and their 95th percentile, for which the goal is."""
    if not seconds:
        return [Row(what, "", "s", [], goal, "nobody to measure")]
    return [Row(what, "", "s", seconds), Row("… 95th percentile", "", "s", [percentile(seconds, 0.95)], goal)]


def soak(settings: Settings) -> list[Result]:
    """20 visitors at a time who come and go, for 20 minutes: does anything grow?"""
    minutes, seats = settings.long(20, 3), settings.long(20, 3)
    minute, quiet = settings.long(60, 5), settings.long(60, 2)
    with hosted() as host:
        return asyncio.run(_soak(host, minutes, minute, seats, quiet))


async def _soak(host: Host, minutes: int, minute: float, seats: int, quiet: float) -> list[Result]:
    """Measure for `minutes` of `minute` seconds, with one visitor after the other on each of the `seats`."""
    crowd, dice = Crowd(host), Random(0)
    await warm_up(host)
    before, lines = await host.census(), []
    start = time.perf_counter()
    end = start + minutes * minute
    visits = [asyncio.create_task(_seat(crowd, Random(dice.random()), k * STAY[0] / seats, end)) for k in range(seats)]
    for k in range(1, minutes + 1):
        await asyncio.sleep(start + k * minute - time.perf_counter())
        census = await host.census()
        counts = len(census.threads), census.tasks, census.sessions, census.trainings
        lines.append((k, crowd.came, census.memory, *counts))
        say(f"{k} of {minutes}: {census.memory:.0f} MB after {crowd.came} visitors")
    await asyncio.gather(*visits)
    await asyncio.sleep(quiet)
    settled = [(line[0], line[2]) for line in lines[minutes // 4 :]]
    growth = linear_regression(*zip(*settled, strict=True)).slope
    columns = ("minute", "visitors so far", "MB", "threads", "tasks", "sessions", "trainings")
    return [
        Row(f"growth of memory with {seats} at a time who come and go", "", "MB a minute", [growth], Goal("≤", 1)),
        *remains(crowd.errors, before, await host.census(), quiet),
        Growth(f"{seats} visitors at a time who come and go", columns, lines, "The first quarter does not count."),
    ]


async def _seat(crowd: Crowd, dice: Random, after: float, end: float) -> None:
    """Visitors who come one after the other, until time is up."""
    await asyncio.sleep(after)
    while time.perf_counter() < end:
        await _visit(crowd, dice, min(dice.uniform(*STAY), max(1.0, end - time.perf_counter())))


async def _visit(crowd: Crowd, dice: Random, stay: float) -> None:
    """Somebody opens a link that others open, too, or one of their own, presses this and that, and goes."""
    visitor = await crowd.start(dice.choice(LINKS) if dice.random() < 0.5 else own(dice.randrange(10**9)))
    for _ in range(PRESSES):
        await asyncio.sleep(stay / PRESSES)
        if choice := [name for name in BUTTONS if visitor.page.can_press(name)]:
            visitor.press(dice.choice(choice))
    await crowd.dismiss(visitor, abruptly=dice.random() < 0.5)
