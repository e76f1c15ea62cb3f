"""The server that many visit, and the visitors: what `load` and `soak` have in common.

The server runs in a process of its own (`load_server.py`). The visitors are all in this one, on one event loop; they speak the
browser's protocol and read little of what they are sent, so that they take a small share of the cores that the server has, too.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import browser as lab
from benchmarks.measure import Goal, Result, Row
from benchmarks.websocket import Visitor

SERVER = "benchmarks/load_server.py"

PATIENCE = 60.0
"""Seconds after which a visitor gives up, which is an error."""

SETTLE = 3.0
"""Seconds after which a page that was opened is quiet."""

LINK = "dataset=boston&epochs=5000&batch_size=4"
"""A link that many open: an experiment that lasts, though what many watch gets most of the trainer's time."""

POOLS = ("AnyIO worker thread", "ThreadPoolExecutor", "asyncio_")
"""How the names of threads begin that libraries keep for the next file or look-up; their number is bounded."""

COMPLAINT = re.compile(r"Traceback|\b(ERROR|CRITICAL)\b|never retrieved|[Ee]xception")
"""What a line of the server's log has in it that tells of a failure."""


def own(seed: int) -> str:
    """The link of an experiment that nobody else has."""
    return f"dataset=boston&epochs=5000&seed={seed}"


@dataclass(frozen=True)
class Census:
    """What the server holds at one moment.

    Attributes:
        threads: their names. tasks: of its event loop. sessions: of Streamlit, connected or kept. trainings: in its care.
        processor: seconds of a core so far, by the process; training: by the thread that trains.
        memory: what is really there, MB.
    """

    threads: Sequence[str]
    tasks: int
    sessions: int
    trainings: int
    processor: float
    training: float
    memory: float


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
        self.server.ask("census")
        return Census(**json.loads(self.server.answer()), memory=self.server.resident)

    def complaints(self) -> list[str]:
        """Lines of the log that tell of a failure."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [f"log: {line}" for line in lines if COMPLAINT.search(line)]


@contextmanager
def hosted() -> Iterator[Host]:
    """Run the server until the end of the block."""
    port = lab._free_port()
    options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true", "--server.fileWatcherType=none"]
    with ExitStack() as stack:
        log = stack.enter_context((Path(stack.enter_context(TemporaryDirectory())) / "log").open("wb"))
        pipe, program = subprocess.PIPE, [sys.executable, SERVER, *options]
        process = stack.enter_context(subprocess.Popen(program, cwd=lab.ROOT, stdin=pipe, stdout=pipe, stderr=log, text=True))
        stack.callback(lab.end, process)
        host = Host(lab.Server(process, f"http://127.0.0.1:{port}"), Path(log.name))
        _wait_for(host)
        yield host


def _wait_for(host: Host) -> None:
    end = time.monotonic() + PATIENCE
    while not lab._is_healthy(host.address):
        if host.server.process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the server does not start:\n{host.log.read_text(encoding='utf-8')}")
        time.sleep(0.05)


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
        """Somebody opens a link; whether the page could be used is written on it."""
        visitor = Visitor(self.host.address, query)
        self.visitors.append(visitor)
        self.came += 1
        with suppress(OSError):  # a time-out is one, too
            await visitor.open(PATIENCE)
        return visitor

    async def start(self, query: str, after: float = 0.0) -> Visitor:
        """Somebody comes after some seconds, opens a link and has it trained, unless others do or have already."""
        await asyncio.sleep(after)
        visitor = await self.admit(query)
        if visitor.page.can_press("train"):
            visitor.press("train")
            with suppress(OSError):
                await visitor.until(lambda: visitor.page.state not in ("", "ready"), PATIENCE, "no start")
        return visitor

    async def dismiss(self, visitor: Visitor, *, abruptly: bool = False) -> None:
        """Somebody goes; only what went wrong is kept."""
        await visitor.leave(abruptly=abruptly)
        self.visitors.remove(visitor)
        self.mishaps += visitor.page.errors

    async def disperse(self) -> None:
        """All go, every second one without a word."""
        await asyncio.gather(*(self.dismiss(visitor, abruptly=k % 2 == 1) for k, visitor in enumerate(self.visitors)))

    @property
    def errors(self) -> list[str]:
        """Whatever went wrong, on the pages, in browsers and in the server's log."""
        return [error for visitor in self.visitors for error in visitor.page.errors] + self.mishaps + self.host.complaints()


async def pause(visitor: Visitor) -> float | None:
    """Press pause; seconds until the page says that the training stands still, or nobody waits any longer.

    None where it does so already.
    """
    if not visitor.page.can_press("pause"):
        return None
    start = time.perf_counter()
    visitor.press("pause")
    with suppress(OSError):
        await visitor.until(lambda: not visitor.page.active, PATIENCE, "no pause")
    return time.perf_counter() - start


async def warm_up(host: Host) -> None:
    """Somebody trains a little and goes, so that everything is loaded."""
    crowd = Crowd(host)
    visitor = await crowd.start("dataset=iris&epochs=100")
    await visitor.until(lambda: visitor.page.state == "done", PATIENCE, "no end")
    await asyncio.sleep(SETTLE)
    await crowd.disperse()


def remains(errors: Sequence[str], before: Census, after: Census, quiet: float) -> list[Result]:
    """The rows about what went wrong, and about what is left `quiet` seconds after the last visitor."""
    left = list((Counter(after.threads) - Counter(before.threads)).elements())
    kept = [name for name in left if not name.startswith(POOLS)]
    census = {"before": asdict(before), "after": asdict(after)}
    some = "; ".join(sorted(set(errors))[:3])
    memory = f"memory {quiet:g} s after the last has left"
    return [
        Row("errors", "", "", [len(errors)], Goal("≤", 0), some, {"errors": errors}),
        Row(memory, "one who was there before", "×", [after.memory / before.memory], Goal("≤", 1.2), details=census),
        Row("… threads left", "", "", [len(kept)], Goal("≤", 0), ", ".join(kept), {"of_pools": len(left) - len(kept)}),
        Row("… tasks left", "", "", [after.tasks - before.tasks], Goal("≤", 0)),
    ]
