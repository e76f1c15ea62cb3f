"""The lab's server, started as by `streamlit run app.py`, which also writes down what its trainings do.

A line of JSON for every change: `{"at": seconds, "trainings": {id: state}}`. No page could tell this of a training that nobody
watches any more.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from streamlit.web import cli  # noqa: E402

from bn_lab.service import Training  # noqa: E402
from bn_lab.ui.session import trainer  # noqa: E402


def observe() -> None:
    last = None
    while True:
        now = {training.run: str(training.view.state) for training in trainer().trainings}
        if now != last:
            print(json.dumps({"at": time.time(), "trainings": now}), flush=True)
            last = now
        time.sleep(0.1)


def rarely() -> None:
    """Trainings of this server leave most of the time to the other servers that are tested at the same moment."""
    turn = Training.turn

    def slow_turn(training: Training, seconds: float) -> float:
        trained = turn(training, seconds)
        time.sleep(3 * seconds)
        return trained

    Training.turn = slow_turn  # type: ignore[method-assign]


rarely()
Thread(target=observe, daemon=True).start()
sys.argv[1:1] = ["run", str(ROOT / "app.py")]
cli.main()
