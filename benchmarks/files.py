"""Files of visitors: what the largest take to be read, and what six at once cost all others."""

from __future__ import annotations

import io
import multiprocessing
import os
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import browser as lab
from benchmarks.growth import peak
from benchmarks.measure import Goal, Result, Row
from benchmarks.page import needs_browser
from benchmarks.settings import Settings
from bn_lab.datasets.uploads import read
from bn_lab.datasets.uploads.limits import MOST_BYTES, MOST_CELLS, MOST_MB

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
    f"text, {MOST_MB} MB of different words": (long_texts, 33_000),
    "text, cp949 with decimal commas": (old_korean, 39_000),
    "Parquet, 2 million cells": (parquet, MOST_CELLS // 40),
}
"""By what they are: what makes the file, and of how many rows. A workbook of as many cells is not written quickly enough here;
while one is read a cell takes 32 bytes."""


def files(settings: Settings) -> list[Result]:
    """Seconds and memory of reading the largest files, and the waits of others while six of them are opened at once."""
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


@needs_browser("the longest wait for an answer while six open the largest file")
def six_at_once(settings: Settings) -> list[Result]:
    """Six visitors who each upload the largest file, in a browser that has a core of its own, and one who asks all the time."""
    uploads, core = settings.long(UPLOADS, 2), 1 if (os.cpu_count() or 1) > 1 else None
    with (
        lab.serve(lab.LAB, workers=1) as server,
        lab.chromium(settings.chromium, core) as browser,
        TemporaryDirectory() as folder,
    ):
        path = Path(folder) / "largest.csv"  # a browser reads it much sooner than it is handed its bytes
        path.write_bytes(numbers(settings.long(7_800, 200))[:MOST_BYTES].rpartition(b"\n")[0])
        contexts = [browser.new_context() for _ in range(uploads)]
        pages = [context.new_page() for context in contexts]
        for page in pages:
            page.set_default_timeout(120_000)
            page.goto(f"{server.address}/own")
            page.locator("input[type=file]").wait_for(state="attached")
        before = server.resident
        with asked_all_the_time(server) as answers:
            begun = time.perf_counter()
            for page in pages:
                page.locator("input[type=file]").set_input_files(path)
            for page in pages:
                page.locator(".st-key-uploads_use button").wait_for()
            took = time.perf_counter() - begun
        for context in contexts:
            context.close()
    note = f"{uploads} files, all opened after {took:.1f} s"
    return [
        Row(
            "the longest wait for an answer while six open the largest file",
            "",
            "s",
            [max(answers.waits)],
            Goal("≤", 0.5),
            note,
        ),
        Row("memory of the page's process meanwhile", "", "MB more", [answers.most - before], None, f"{before:.0f} MB before"),
    ]


@dataclass
class Answers:
    """What somebody sees who asks a server all the time: seconds of each answer, and the most memory of the page's process."""

    waits: list[float] = field(default_factory=list)
    most: float = 0.0


@contextmanager
def asked_all_the_time(server: lab.Server) -> Iterator[Answers]:
    """Ask the server thirty times a second until the end of the block: its one event loop answers that, and sends pictures."""
    answers, over = Answers(), threading.Event()

    def ask() -> None:
        while not over.wait(1 / 30):
            begun = time.perf_counter()
            with urllib.request.urlopen(f"{server.address}/_stcore/health", timeout=60) as answer:
                answer.read()
            answers.waits.append(time.perf_counter() - begun)
            answers.most = max(answers.most, server.resident)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield answers
    finally:
        over.set()
        asking.join()
