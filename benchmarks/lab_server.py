"""The lab's server, started as by `streamlit run app.py`, which also measures its trainings when told to.

A line of JSON on standard input, `{"watched": true or false, "first": epoch, "last": epoch, "experiment": {…}}`, is answered by
one on standard output that begins with `@`: steps a second between the two epochs, of the training that a page has started
(watched), or of one that is started here and that nobody looks at.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from streamlit.web import cli  # noqa: E402

from bn_lab.experiment import Experiment  # noqa: E402
from bn_lab.service import Training  # noqa: E402
from bn_lab.service.training import ACTIVE  # noqa: E402
from bn_lab.ui.session import trainer  # noqa: E402

POLL = 0.01
"""Seconds between two looks at a training; the same whether a page watches or not."""


def steps_per_second(training: Training, first: int, last: int) -> float:
    """How fast `training` goes from one epoch to another, views for pages included; it is renewed as by a page."""
    marks: list[tuple[float, int]] = []
    for epoch in (first, last):
        while (history := training.view.history) is None or history.epoch < epoch:
            time.sleep(POLL)
        marks.append((time.perf_counter(), history.steps))
    (begin, before), (end, after) = marks
    return (after - before) / (end - begin)


def answer(order: dict[str, object]) -> float:
    """What one order asks for."""
    first, last = int(str(order["first"])), int(str(order["last"]))
    if order["watched"]:
        while not (active := [t for t in trainer().trainings if t.view.state in ACTIVE]):
            time.sleep(POLL)
        return steps_per_second(active[0], first, last)
    experiment = order["experiment"]
    assert isinstance(experiment, dict)
    training = trainer().add(Experiment(**experiment))
    training.start()
    try:
        return steps_per_second(training, first, last)
    finally:
        trainer().drop(training.id)


def listen() -> None:
    """Answer until there is nothing to read."""
    for line in sys.stdin:
        print("@" + json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    Thread(target=listen, daemon=True).start()
    sys.argv[1:1] = ["run", str(ROOT / "app.py")]
    cli.main()
