"""Files of visitors: what the largest take to be read, and what six at once cost those who only watch."""

from __future__ import annotations

import io
import multiprocessing
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks import browser as lab
from benchmarks.growth import peak
from benchmarks.measure import Goal, Result, Row
from benchmarks.page import fresh, needs_browser
from benchmarks.settings import Settings
from bn_lab.datasets.own import MOST_BYTES, MOST_CELLS, read

UPLOADS = 6
"""Visitors who open the largest file at the same moment."""


def numbers(rows: int) -> bytes:
    """As many cells as a text may have, and nearly as many bytes."""
    return _text(np.random.default_rng(0).integers(10**8, 10**9, (rows, 256)))


def long_texts(rows: int) -> bytes:
    """A million different Korean texts."""
    values = np.random.default_rng(0).integers(0, 10**6, (rows, 60))
    return "\n".join(",".join(f"가{value}" for value in row) for row in values.tolist()).encode()


def old_korean(rows: int) -> bytes:
    """Categories in cp949 beside numbers with a decimal comma."""
    values = np.random.default_rng(0).normal(size=(rows, 50)).round(3)
    lines = (
        ";".join([f"{'가나다'[k % 3]}", *(str(v).replace(".", ",") for v in row)]) for k, row in enumerate(values.tolist())
    )
    return "\n".join(lines).encode("cp949")


def parquet(rows: int) -> bytes:
    """As many cells as a Parquet file may have."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    values, target = np.random.default_rng(0).normal(size=(40, rows)), io.BytesIO()
    pq.write_table(pa.table({f"c{k}": column for k, column in enumerate(values)}), target)
    return target.getvalue()


def _text(values: Any) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in values.tolist()).encode()


LARGEST: Mapping[str, tuple[Callable[[int], bytes], int]] = {
    "text, 2 million cells": (numbers, 7_800),
    "text, 20 MB of different words": (long_texts, 33_000),
    "text, cp949 with decimal commas": (old_korean, 39_000),
    "Parquet, 2 million cells": (parquet, MOST_CELLS // 40),
}
"""By what they are: what makes the file, and of how many rows. A workbook of as many cells is not written quickly enough here;
while one is read a cell takes 32 bytes."""


def files(settings: Settings) -> list[Result]:
    """Seconds and memory of reading the largest files, and the pictures of a watcher while six of them are opened at once."""
    rows: list[Result] = []
    for what, (make, count) in LARGEST.items():
        # Memory only ever peaks, so each file is read in a process of its own.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, memory = pool.apply(_read, (make, settings.long(count, 200), settings.long(3)))
        rows.append(Row(f"read {what}", "", "s", seconds, Goal("≤", 3)))
        rows.append(Row(f"memory beside the file, {what}", "", "MB", memory, Goal("≤", 150)))
    return [*rows, *six_at_once(settings)]


def _read(make: Callable[[int], bytes], count: int, times: int) -> tuple[list[float], list[float]]:
    data = make(count)[:MOST_BYTES]
    if not data.startswith(b"PAR1"):
        data = data.rpartition(b"\n")[0]
    seconds = []
    base, most, over = lab.resident(multiprocessing.current_process().pid or 0), 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.002):
            most = max(most, peak(now=True))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(times):
        begun = time.perf_counter()
        read(data)
        seconds.append(time.perf_counter() - begun)
    over.set()
    watcher.join()
    return seconds, [most - base]


@needs_browser("the longest wait for what is new while six open the largest file")
def six_at_once(settings: Settings) -> list[Result]:
    """A page that watches a training, and six more that each upload the largest file."""
    data, uploads = numbers(settings.long(7_800, 200)), settings.long(UPLOADS, 2)
    file = {"name": "largest.csv", "mimeType": "text/csv", "buffer": data[:MOST_BYTES].rpartition(b"\n")[0]}
    with lab.serve(lab.LAB, workers=1) as server, lab.chromium(settings.chromium) as browser, lab.visitor(browser) as watcher:
        lab.opened(watcher, server.address, query=fresh(batch_size=4))  # which lasts for minutes
        lab.play(watcher)
        lab.wait_for_epoch(watcher, 1)
        watcher.evaluate(GAPS)
        watcher.wait_for_timeout(4_000)
        alone, before = float(watcher.evaluate("() => window.longest()")), server.resident
        contexts = [browser.new_context() for _ in range(uploads)]
        pages = [context.new_page() for context in contexts]
        for page in pages:
            page.set_default_timeout(120_000)
            page.goto(f"{server.address}/own")
            page.locator("input[type=file]").wait_for(state="attached")
        watcher.evaluate("() => window.longest()")
        most, over = before, threading.Event()

        def watch() -> None:
            nonlocal most
            while not over.wait(0.02):
                most = max(most, server.resident)

        memory = threading.Thread(target=watch)
        memory.start()
        begun = time.perf_counter()
        for page in pages:
            page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
        for page in pages:
            page.locator(".st-key-own_use button").wait_for()
        took = time.perf_counter() - begun
        longest = float(watcher.evaluate("() => window.longest()"))
        over.set()
        memory.join()
        for context in contexts:
            context.close()
        assert lab.stage(watcher, "state") == "training", "there was nothing to wait for any more"
    note = f"{uploads} files, opened after {took:.1f} s; without them {alone:.2f} s"
    return [
        Row("the longest wait for what is new while six open the largest file", "", "s", [longest], Goal("≤", 0.5), note),
        Row("memory of the page's process meanwhile", "", "MB more", [most - before], None, f"{before:.0f} MB before"),
    ]


GAPS = """() => {
    const { dataset } = document.querySelector(".bn-stage");
    let last = performance.now(), seen = dataset.epoch, longest = 0;
    const look = () => {
        const now = performance.now();
        if (dataset.epoch !== seen) [seen, last] = [dataset.epoch, now];
        longest = Math.max(longest, now - last);
        requestAnimationFrame(look);
    };
    look();
    window.longest = () => { const found = longest / 1e3; longest = 0; return found; };
}"""
"""JavaScript: from now on, how long nothing new came at most since that was last asked, in seconds."""
