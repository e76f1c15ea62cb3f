"""The lab's server, started as by `streamlit run app.py`, which also measures, or tells what it holds, when it is asked.

A line of JSON on standard input is answered by one on standard output that begins with `@`:

- `{"order": "census"}`: what this process holds, see `Census` in `crowd.py`. It is only looked at; nothing is collected or
  released for it;
- `{"order": "rate", "experiment": {…}, "first": epoch, "last": epoch}`: epochs a second between the two, of a recording that is
  wanted here, too, and that a page may watch at the same time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any
from weakref import WeakSet

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from streamlit.runtime import Runtime  # noqa: E402
from streamlit.runtime.app_session import AppSession  # noqa: E402
from streamlit.web import cli  # noqa: E402

from bn_lab.experiment import Experiment  # noqa: E402
from bn_lab.service import recordings  # noqa: E402

LISTENER = "census"

POLL, RENEWAL = 0.01, 5.0
"""Seconds between two looks at a recording, the same whether a page watches or not, and until it is wanted anew."""

sessions: WeakSet[AppSession] = WeakSet()
"""All that still exist. Asking the garbage collector for its objects instead breaks what other threads are about to make."""


def remember_sessions() -> None:
    """Have every session that is made written down."""
    initialize = AppSession.__init__

    def remembered(session: AppSession, *args: Any, **options: Any) -> None:
        sessions.add(session)
        initialize(session, *args, **options)

    AppSession.__init__ = remembered  # type: ignore[assignment, method-assign]


def census() -> dict[str, object]:
    """What this process holds, and the processor time it has taken."""
    threads = [thread for thread in threading.enumerate() if thread.name != LISTENER]
    loop = Runtime.instance()._get_async_objs().eventloop
    return {
        # Each new timer has another number for a name.
        "threads": sorted("Timer" if isinstance(thread, threading.Timer) else thread.name for thread in threads),
        "tasks": len(asyncio.all_tasks(loop)),
        "sessions": len(sessions),
        "processor": time.process_time(),
    }


def rate(experiment: Experiment, first: int, last: int) -> float:
    """Epochs a second between two epochs, each as it was first told of."""
    visitor = recordings().visitor("benchmark")
    watch = visitor.want("lab", experiment)
    renewed = time.perf_counter()
    marks: list[tuple[float, float]] = []
    for least in (first, last):
        while (epoch := watch.progress.epoch) < least:
            time.sleep(POLL)
            if time.perf_counter() - renewed > RENEWAL:
                watch, renewed = visitor.want("lab", experiment), time.perf_counter()
        marks.append((epoch, time.perf_counter()))
    visitor.drop("lab")
    (before, start), (after, end) = marks
    return (after - before) / (end - start)


def answer(order: dict[str, Any]) -> object:
    """What one order asks for."""
    if order["order"] == "census":
        return census()
    return rate(Experiment(**order["experiment"]), order["first"], order["last"])


def listen() -> None:
    """Answer until there is nothing to read."""
    for line in sys.stdin:
        print("@" + json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    remember_sessions()
    threading.Thread(target=listen, name=LISTENER, daemon=True).start()
    sys.argv[1:1] = ["run", str(ROOT / "app.py")]
    cli.main()
