"""Many visitors: at once (`load`), what each of them costs (`frames`, `visitors`), and who come and go for long (`soak`)."""

from __future__ import annotations

import asyncio
import math
import os
import pickle
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import linear_regression

from benchmarks import bare
from benchmarks import browser as lab
from benchmarks.crowd import LINK, SETTLE, Census, Crowd, Host, hosted, own, remains, warm_up
from benchmarks.engine import PROGRAM
from benchmarks.measure import Goal, Growth, Result, Row
from benchmarks.page import MOVING
from benchmarks.protocol import MOMENTS
from benchmarks.settings import Settings, say
from benchmarks.websocket import Visitor
from bn_lab.engine.run import Run
from bn_lab.service.messages import Requested, TakeRecording
from bn_lab.service.packing import Packer
from bn_lab.timing import TURN


@dataclass(frozen=True)
class Bounds:
    """What many visitors at once should get: updates a second each, longest wait and a newcomer's page in seconds."""

    updates: float
    wait: float
    page: float


CROWDS: Mapping[int, Bounds] = {50: Bounds(4, 1, 1), 200: Bounds(2, 2, 3)}
"""How many are there at once."""

RAMP = 0.6
"""Seconds between two arrivals: a hundred within a minute."""

POLL = 0.25
"""Seconds between two looks at the server's memory."""

TOO_LATE = 0.25
"""Seconds by which the visitors' own event loop may be late before the figures say more about it than about the server."""

ON_STAGE = (MOMENTS, "stage.pre_activation", "stage.scaled", "layers", "predictions", "curves.loss", "samples")
"""Parts that the stage of the lesson's pair asks for; visitors ask for what their page's pictures name."""

LINKS = ("dataset=iris&epochs=1000", "dataset=boston&epochs=1000", LINK)
"""Links that half of those who come and go open."""

STAY, ACTS = (20.0, 40.0), 3
"""Seconds that each of them stays, and how often something is done in that time."""


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
        visitors: how many are there at once. bounds: what they should get, or None. ramp: within which time they arrive.
        window: how long it is measured while all train. newcomers: how many further ones open a page in that time.
        pages: how many real browsers do so afterwards. quiet: how long nobody is there in the end.
    """

    visitors: int
    bounds: Bounds | None
    ramp: float
    window: float = 60.0
    newcomers: int = 24
    pages: int = 3
    quiet: float = 60.0


@dataclass
class Measured:
    """What was measured, in seconds where nothing else is said.

    Attributes:
        arrivals, newcomers, pages: until the first picture of a page was there: of those who train, of those who come
            meanwhile, in browsers. scripts: of the newcomers, until the page's script had run.
        pictures: from ▶ to the first moving picture, in browsers.
        rates: updates a second of each visitor; moments: those with new moments among them; waits: the longest time that each
            was without one.
        errors: whatever went wrong. late: how late the visitors' own event loop was at most.
        frames: how many were sent in the window; kilobytes: what all were sent in it.
        spent: processor time of the page's process in the window; busy: cores that it had; training: cores that all workers
            had; used: cores in use on the whole machine.
        largest, trainers: memory of the page's process, and of all workers, at most, MB. workers: how many there were.
        missing: why there was no browser.
    """

    arrivals: list[float] = field(default_factory=list)
    newcomers: list[float] = field(default_factory=list)
    scripts: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    late: float = 0.0
    frames: int = 0
    kilobytes: float = 0.0
    spent: float = 0.0
    busy: float = 0.0
    training: float = 0.0
    used: float = 0.0
    largest: float = 0.0
    trainers: float = 0.0
    workers: int = 0
    missing: str = ""


def load(settings: Settings) -> list[Result]:
    """50 and 200 visitors at once, half of them on one link: pages, updates, waits, errors, memory, threads; 9 minutes."""
    plans = [Plan(visitors, bounds, ramp=RAMP * visitors) for visitors, bounds in CROWDS.items()]
    if settings.quick:
        plans = [Plan(4, None, ramp=1.0, window=5.0, newcomers=2, pages=1, quiet=2.0)]
    results: list[Result] = []
    for plan in plans:
        say(f"{plan.visitors} visitors within {plan.ramp:g} s")
        with hosted() as host:
            results += asyncio.run(_load(host, plan, settings.chromium))
    return results


async def _load(host: Host, plan: Plan, chromium: Path | None) -> list[Result]:
    measured, crowd = Measured(), Crowd(host)
    await warm_up(host)
    before = await host.census()
    watch = asyncio.create_task(_watch(host, measured))
    links = [LINK if k % 2 else own(1 + k) for k in range(plan.visitors)]
    trainees = await asyncio.gather(*(crowd.start(link, plan.ramp * k / len(links)) for k, link in enumerate(links)))
    measured.arrivals = [visitor.opened for visitor in trainees]
    await asyncio.sleep(SETTLE)
    await _measure(crowd, trainees, plan, measured)
    watch.cancel()
    await _browsers(crowd, plan, chromium, measured)
    measured.errors = crowd.errors
    await crowd.disperse()
    await asyncio.sleep(plan.quiet)
    return [*_rows(measured, plan, before), *remains(measured.errors, before, await host.census(), plan.quiet)]


async def _watch(host: Host, measured: Measured) -> None:
    """Look at the memory of the server, and at how late this event loop is, again and again."""
    while True:
        start = time.perf_counter()
        measured.largest = max(measured.largest, host.server.resident)
        measured.trainers = max(measured.trainers, sum(map(lab.resident, host.server.workers)))
        await asyncio.sleep(POLL)
        measured.late = max(measured.late, time.perf_counter() - start - POLL)


async def _measure(crowd: Crowd, trainees: Sequence[Visitor], plan: Plan, measured: Measured) -> None:
    """Look on for a while, in which others come."""
    before, used = await crowd.host.census(), machine_time()
    (frames, sent), start = _traffic(trainees), time.perf_counter()
    moments = [visitor.stream.moments if visitor.stream else 0 for visitor in trainees]
    await asyncio.gather(asyncio.sleep(plan.window), _newcomers(crowd, plan, measured))
    (more_frames, more_sent), end = _traffic(trainees), time.perf_counter()
    measured.used = (machine_time() - used) / (end - start)
    after = await crowd.host.census()
    measured.frames, measured.kilobytes = more_frames - frames, (more_sent - sent) / 1e3
    measured.spent = after.processor - before.processor
    measured.workers = len(after.workers)
    measured.busy, measured.training = measured.spent / (end - start), (after.training - before.training) / (end - start)
    for visitor, before_it in zip(trainees, moments, strict=True):
        until = min(end, visitor.rested or end)
        if until > start and visitor.stream:
            measured.rates.append(sum(start < moment < until for moment in visitor.updates) / (until - start))
            measured.moments.append((visitor.stream.moments - before_it) / (until - start))
            measured.waits.append(longest_wait(visitor.updates, start, until))


def machine_time() -> float:
    """Seconds that all cores of the machine have worked so far, whoever for; 0 where the system does not say."""
    try:
        user, nice, system, _, _, *interrupts = Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()[1:8]
    except OSError:
        return 0.0
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


def _traffic(visitors: Sequence[Visitor]) -> tuple[int, int]:
    """Frames and bytes that all of them were sent so far."""
    streams = [visitor.stream for visitor in visitors if visitor.stream]
    return sum(stream.frames for stream in streams), sum(stream.size for stream in streams)


async def _newcomers(crowd: Crowd, plan: Plan, measured: Measured) -> None:
    """Others open a page, each an experiment of their own, look at it and go; nobody waits for the one before."""

    async def come(k: int) -> None:
        await asyncio.sleep(plan.window * k / plan.newcomers)
        visitor = await crowd.admit(own(1000 + k))
        measured.newcomers.append(visitor.opened)
        measured.scripts.append(visitor.scripted or visitor.opened)
        await asyncio.sleep(SETTLE)
        await crowd.dismiss(visitor)

    await asyncio.gather(*map(come, range(plan.newcomers)))


async def _browsers(crowd: Crowd, plan: Plan, chromium: Path | None, measured: Measured) -> None:
    """Real browsers do the same one after the other, and press ▶."""

    def come(seeds: Iterable[int]) -> None:
        with lab.chromium(chromium) as browser:
            for seed in seeds:
                with lab.visitor(browser) as page:
                    start = time.perf_counter()
                    lab.opened(page, crowd.host.address, query=own(seed))
                    measured.pages.append(time.perf_counter() - start)
                    measured.pictures += lab.times_until(page, "click", partial(lab.press, page, "play"), [MOVING])

    try:
        await asyncio.to_thread(come, range(2000, 2000 + plan.pages))
    except lab.BrowserMissingError as missing:
        measured.missing = str(missing)
    except Exception as error:  # Playwright's own, but Playwright may not be there
        crowd.mishaps.append(f"browser: {error}")


def _rows(measured: Measured, plan: Plan, before: Census) -> list[Result]:
    """The rows about what visitors feel, and what it costs."""
    n, frames, bounds = plan.visitors, max(1, measured.frames), plan.bounds
    late = f"the visitors' own loop was late by up to {measured.late:.1f} s" if measured.late > TOO_LATE else ""
    few = f"{len(measured.waits)} of {n} trained" if len(measured.waits) < n else ""
    cores = {"page": measured.busy, "workers": measured.training, "machine": measured.used}
    share = (
        f"of {measured.used:.1f} cores in use the page's process had {measured.busy:.1f}, the workers {measured.training:.1f}"
    )
    return [
        *_tail(f"page of {n} visitors who arrive within {plan.ramp:g} s", measured.arrivals),
        *_tail(f"page of a newcomer while {n} train", measured.newcomers, Goal("≤", bounds.page) if bounds else None),
        *_tail("… until its script has run", measured.scripts),
        Row("… in a real browser", "", "s", measured.pages, note=measured.missing),
        Row("… from ▶ to the first moving picture there", "", "s", measured.pictures, note=measured.missing),
        Row(
            f"updates of each of {n} visitors",
            "",
            "a second",
            measured.rates,
            Goal("≥", bounds.updates) if bounds else None,
            ", ".join(filter(None, (few, late))),
        ),
        Row("… with new moments", "", "a second", measured.moments),
        *_tail("… longest wait for one", measured.waits, Goal("≤", bounds.wait) if bounds else None),
        Row("processor time of a frame, opened pages included", "", "ms", [1e3 * measured.spent / frames], None, share, cores),
        Row("bytes of a frame", "", "kB", [measured.kilobytes / frames]),
        Row(f"memory of the page's process with {n} visitors", "", "MB", [measured.largest]),
        Row("… more a visitor", "", "MB", [(measured.largest - before.memory) / n]),
        Row("… of the workers", "", "MB", [measured.trainers], note=f"{measured.workers} of them"),
    ]


def _tail(what: str, seconds: Sequence[float], goal: Goal | None = None) -> list[Result]:
    """Two rows: all of them, and their 95th percentile, for which the goal is."""
    if not seconds:
        return [Row(what, "", "s", [], goal, "nobody to measure")]
    return [Row(what, "", "s", seconds), Row("… 95th percentile", "", "s", [percentile(seconds, 0.95)], goal)]


def frames(settings: Settings) -> list[Result]:
    """Processor time of a frame: in the page's process, for own runs and for a shared one; and what it takes in a worker."""
    visitors, windows, seconds = settings.long(10, 2), settings.long(3), settings.long(10, 3)
    rows: list[Result] = []
    for whose, links in (("own runs", [own(1 + k) for k in range(visitors)]), ("a shared run", [LINK] * visitors)):
        with hosted() as host:
            measured = asyncio.run(_frames(host, links, windows, seconds))
        rows.append(Row(f"page's process: a frame of {visitors} visitors on {whose}", "", "ms", measured, Goal("≤", 0.3)))
    rows.append(Row(f"a bare websocket: a frame of {visitors} visitors", "", "ms", bare.costs(visitors, windows, seconds)))
    reports = packed(settings.long(1000, 20), windows)
    return [*rows, Row("worker: what the stage gets after a turn of its recording", "", "ms", reports, Goal("≤", 1))]


async def _frames(host: Host, links: Sequence[str], windows: int, seconds: float) -> list[float]:
    """Milliseconds that the page's process takes for a frame, while everybody only looks on; one value a window."""
    crowd = Crowd(host)
    await warm_up(host)
    visitors = await asyncio.gather(*map(crowd.start, links))
    await asyncio.sleep(SETTLE)
    costs = []
    for _ in range(windows):
        before, (frames, _) = await host.census(), _traffic(visitors)
        await asyncio.sleep(seconds)
        after, (more, _) = await host.census(), _traffic(visitors)
        costs.append(1e3 * (after.processor - before.processor) / max(1, more - frames))
    if errors := crowd.errors:
        raise RuntimeError("; ".join(errors[:3]))
    await crowd.disperse()
    return costs


def packed(epochs: int, repeats: int) -> list[float]:
    """Milliseconds of one thread for what a worker reports of the lesson's pair after a turn, mean of a whole run."""
    experiment = replace(PROGRAM, epochs=epochs)
    costs = []
    for _ in range(repeats):
        run = Run(experiment)
        packer = Packer(TakeRecording("pair", experiment))
        requested = Requested("pair", (epochs,), epochs, dict.fromkeys(ON_STAGE, 0))
        took, reports = 0.0, 0
        while not run.finished:
            run.advance(TURN)
            start = time.thread_time()
            pickle.dumps(packer.pack(run, requested), protocol=pickle.HIGHEST_PROTOCOL)
            took, reports = took + time.thread_time() - start, reports + 1
        costs.append(1e3 * took / reports)
    return costs


def visitors(settings: Settings) -> list[Result]:
    """Memory of the page's process and of one worker: with one run, and with 20 and 50 visitors who train."""
    counts = (20, 50) if not settings.quick else (2, 3)
    with hosted(workers=1) as host:
        return asyncio.run(_visitors(host, counts, settings.long(1000, 20), settings.long(20, 2)))


async def _visitors(host: Host, counts: Sequence[int], epochs: int, seconds: float) -> list[Result]:
    crowd = Crowd(host)
    first = await crowd.start(f"epochs={epochs}")
    await first.until(lambda: first.rested is not None, 60.0, "no end")
    one = await host.census()
    rows: list[Result] = [
        Row("memory of the page's process with one run", "", "MB", [one.memory], Goal("≤", 220)),
        Row("memory of a worker with one run", "", "MB", [one.trainers_memory], Goal("≤", 330)),
    ]
    for count in counts:
        links = [LINK if k % 2 else own(k) for k in range(len(crowd.visitors), count)]
        await asyncio.gather(*(crowd.start(link, RAMP * k) for k, link in enumerate(links)))
        await asyncio.sleep(seconds)
        many = await host.census()
        whole = many.memory + many.trainers_memory
        more = (many.memory - one.memory) / (count - 1)
        note = f"page's process {many.memory:.0f} MB, worker {many.trainers_memory:.0f} MB"
        rows.append(Row(f"memory of {count} visitors, one worker", "", "MB", [whole], Goal("≤", 1000), note))
        rows.append(Row("… of the page's process, for each further visitor", "", "MB", [more], Goal("≤", 3)))
    errors = crowd.errors
    await crowd.disperse()
    return [*rows, Row("… errors", "", "", [len(errors)], Goal("≤", 0), "; ".join(sorted(set(errors))[:3]))]


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
        counts = len(census.threads), census.tasks, census.sessions
        lines.append((k, crowd.came, census.memory, census.trainers_memory, *counts))
        say(f"{k} of {minutes}: {census.memory:.0f} MB after {crowd.came} visitors")
    await asyncio.gather(*visits)
    await asyncio.sleep(quiet)
    settled = lines[minutes // 4 :]
    minutes_settled = [line[0] for line in settled]
    growth, training = (linear_regression(minutes_settled, [line[k] for line in settled]).slope for k in (2, 3))
    columns = ("minute", "visitors so far", "MB", "workers, MB", "threads", "tasks", "sessions")
    what = f"growth of memory with {seats} at a time who come and go"
    return [
        Row(f"{what}, page's process", "", "MB a minute", [growth], Goal("≤", 1)),
        Row("… of the workers", "", "MB a minute", [training], Goal("≤", 1)),
        *remains(crowd.errors, before, await host.census(), quiet),
        Growth(f"{seats} visitors at a time who come and go", columns, lines, "The first quarter does not count."),
    ]


async def _seat(crowd: Crowd, dice: Random, after: float, end: float) -> None:
    """Visitors who come one after the other, until time is up."""
    await asyncio.sleep(after)
    while time.perf_counter() < end:
        await _visit(crowd, dice, min(dice.uniform(*STAY), max(1.0, end - time.perf_counter())))


async def _visit(crowd: Crowd, dice: Random, stay: float) -> None:
    """Somebody opens a link that others open, too, or one of their own, plays it, does this and that, and goes."""
    visitor = await crowd.start(dice.choice(LINKS) if dice.random() < 0.5 else own(dice.randrange(10**9)))
    for _ in range(ACTS):
        await asyncio.sleep(stay / ACTS)
        if visitor.stream is not None and not visitor.errors:
            await dice.choice((visitor.play, visitor.reconnect, lambda: visitor.hide(True), lambda: visitor.hide(False)))()
    await crowd.dismiss(visitor, abruptly=dice.random() < 0.5)
