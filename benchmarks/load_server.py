"""The lab's server, started as by `streamlit run app.py`, which also tells what it holds when it is asked.

Every line on standard input is answered by a line of JSON on standard output that begins with `@`: see `Census` in `crowd.py`.
What is counted is only looked at; nothing is collected or released for it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any
from weakref import WeakSet

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from streamlit.runtime import Runtime  # noqa: E402
from streamlit.runtime.app_session import AppSession  # noqa: E402
from streamlit.web import cli  # noqa: E402

from bn_lab.ui.session import trainer  # noqa: E402

LISTENER = "census"
TRAINER = "bn-lab-trainer"

sessions: WeakSet[AppSession] = WeakSet()
"""All that still exist. Asking the garbage collector for its objects instead breaks what other threads are about to make."""


def remember_sessions() -> None:
    """Have every session that is made written down."""
    initialize = AppSession.__init__

    def remembered(session: AppSession, *args: Any, **options: Any) -> None:
        sessions.add(session)
        initialize(session, *args, **options)

    AppSession.__init__ = remembered  # type: ignore[assignment, method-assign]


def processor_time(thread: threading.Thread) -> float:
    """Seconds that a thread has computed; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/self/task/{thread.native_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def census() -> dict[str, object]:
    """What this process holds, and the processor time it has taken."""
    threads = [thread for thread in threading.enumerate() if thread.name != LISTENER]
    loop = Runtime.instance()._get_async_objs().eventloop
    spent = os.times()
    return {
        "threads": sorted(thread.name for thread in threads),
        "tasks": len(asyncio.all_tasks(loop)),
        "sessions": len(sessions),
        "trainings": len(trainer().trainings),
        "processor": spent.user + spent.system,
        "training": sum(processor_time(thread) for thread in threads if thread.name == TRAINER),
    }


def listen() -> None:
    """Answer until there is nothing to read."""
    for _ in sys.stdin:
        print("@" + json.dumps(census()), flush=True)


if __name__ == "__main__":
    remember_sessions()
    threading.Thread(target=listen, name=LISTENER, daemon=True).start()
    sys.argv[1:1] = ["run", str(ROOT / "app.py")]
    cli.main()
