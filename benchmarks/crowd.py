"""The server that many visit, and the visitors: what `load` and `soak` have in common.

The server runs in processes of its own (`lab_server.py`). The visitors are all in this one, on one event loop; they speak the
browser's protocol and read little of what they are sent, so that they take a small share of the cores that the server has, too.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import browser as lab
from benchmarks.measure import Goal, Result, Row
from benchmarks.websocket import Visitor

PATIENCE = 60.0
"""Seconds after which a visitor gives up, which is an error."""

SETTLE = 3.0
"""Seconds after which a page that was opened is quiet."""

LINK = "dataset=boston&epochs=5000&batch_size=4"
"""A link that many open: an experiment that lasts."""

POOLS = ("AnyIO worker thread", "ThreadPoolExecutor", "asyncio_", "bn-lab-orders", "bn-lab-reports")
"""How the names of threads begin of which there is a bounded number: libraries keep them for the next file or look-up, and two
serve each worker."""

COMPLAINT = re.compile(r"Traceback|\b(ERROR|CRITICAL)\b|never retrieved|[Ee]xception")
"""What a line of the server's log has in it that tells of a failure."""


def own(seed: int) -> str:
    """The link of an experiment that nobody else has."""
    return f"dataset=boston&epochs=5000&batch_size=16&seed={seed}"


@dataclass(frozen=True)
class Worker:
    """A process that trains: seconds of a core so far, and what of its memory is really there, MB."""

    processor: float
    memory: float


@dataclass(frozen=True)
class Census:
    """What the server holds at one moment.

    Attributes:
        threads: names of those of the page's process. tasks: of its event loop. sessions: of Streamlit, connected or kept.
        processor: seconds of a core so far, by the page's process. memory: what is really there of its own, MB.
        workers: the processes that train for it.
    """

    threads: Sequence[str]
    tasks: int
    sessions: int
    processor: float
    memory: float
    workers: Sequence[Worker]

    @property
    def training(self) -> float:
        """Seconds of a core that all workers have taken so far."""
        return sum(worker.processor for worker in self.workers)

    @property
    def trainers_memory(self) -> float:
        """Memory of all workers, MB."""
        return sum(worker.memory for worker in self.workers)

    @property
    def largest_worker(self) -> float:
        """Memory of the worker that has most, MB."""
        return max(worker.memory for worker in self.workers)


@dataclass(frozen=True)
class Host:
    """The server, and the file into which it writes."""

    server: lab.Server
    log: Path

    @property
    def address(self) -> str:
        """Where it is."""
        return self.server.address

    async def census(self) -> Census:
        """Ask the server what it holds."""
        return await asyncio.to_thread(self._census)

    def _census(self) -> Census:
        self.server.ask(order="census")
        workers = [Worker(lab.processor_time(pid), lab.resident(pid)) for pid in self.server.workers]
        return Census(**self.server.answer(), memory=self.server.resident, workers=workers)

    def complaints(self) -> list[str]:
        """Lines of the log that tell of a failure."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [f"log: {line}" for line in lines if COMPLAINT.search(line)]


@contextmanager
def hosted(workers: int | None = None) -> Iterator[Host]:
    """Run the server until the end of the block, with so many workers or as many as it starts by itself."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output, lab.serve(lab.MEASURING_LAB, workers=workers, log=output) as server:
            yield Host(server, log)


@dataclass
class Crowd:
    """All who are there.

    Attributes:
        host: where. visitors: they. came: how many ever did. mishaps: what went wrong besides what is on their pages.
    """

    host: Host
    visitors: list[Visitor] = field(default_factory=list)
    came: int = 0
    mishaps: list[str] = field(default_factory=list)

    async def admit(self, query: str) -> Visitor:
        """Somebody opens a link; whether there was a picture is written down."""
        visitor = Visitor(self.host.address, query)
        self.visitors.append(visitor)
        self.came += 1
        with suppress(OSError):  # a time-out is one, too
            await visitor.open(PATIENCE)
        return visitor

    async def start(self, query: str, after: float = 0.0) -> Visitor:
        """Somebody comes after some seconds, opens a link and presses ▶."""
        await asyncio.sleep(after)
        visitor = await self.admit(query)
        if (stream := visitor.stream) is not None and stream.has_picture:
            await visitor.play()
            with suppress(OSError):
                await visitor.until(lambda: stream.state not in ("", "ready"), PATIENCE, "no start")
        return visitor

    async def dismiss(self, visitor: Visitor, *, abruptly: bool = False) -> None:
        """Somebody goes; only what went wrong is kept."""
        await visitor.leave(abruptly=abruptly)
        self.visitors.remove(visitor)
        self.mishaps += visitor.errors

    async def disperse(self) -> None:
        """All go, every second one without a word."""
        await asyncio.gather(*(self.dismiss(visitor, abruptly=k % 2 == 1) for k, visitor in enumerate(self.visitors)))

    @property
    def errors(self) -> list[str]:
        """Whatever went wrong, on the pages, in browsers and in the server's log."""
        return [error for visitor in self.visitors for error in visitor.errors] + self.mishaps + self.host.complaints()


async def warm_up(host: Host) -> None:
    """Somebody trains a little and goes, so that everything is loaded."""
    crowd = Crowd(host)
    visitor = await crowd.start("dataset=iris&epochs=100")
    await visitor.until(lambda: visitor.rested is not None, PATIENCE, "no end")
    await asyncio.sleep(SETTLE)
    await crowd.disperse()


def remains(errors: Sequence[str], before: Census, after: Census, quiet: float) -> list[Result]:
    """The rows about what went wrong, and about what is left `quiet` seconds after the last visitor."""
    left = list((Counter(after.threads) - Counter(before.threads)).elements())
    kept = [name for name in left if not name.startswith(POOLS)]
    census = {"before": asdict(before), "after": asdict(after)}
    some = "; ".join(sorted(set(errors))[:3])
    memory, one = f"memory {quiet:g} s after the last has left", "one who was there before"
    return [
        Row("errors", "", "", [len(errors)], Goal("≤", 0), some, {"errors": errors}),
        Row(f"{memory}, page's process", one, "×", [after.memory / before.memory], Goal("≤", 1.2), details=census),
        Row("… the largest worker", one, "×", [after.largest_worker / before.largest_worker]),
        Row("… threads left", "", "", [len(kept)], Goal("≤", 0), ", ".join(kept), {"of_pools": len(left) - len(kept)}),
        Row("… tasks left", "", "", [after.tasks - before.tasks], Goal("≤", 0)),
    ]
