"""What a page sends its pictures of a training: the frame of one moment, as much of the record as it has room for."""

from __future__ import annotations

from time import time
from weakref import WeakKeyDictionary

from bn_lab.engine.history import History, Snapshot
from bn_lab.engine.types import Array
from bn_lab.figures import LIMIT, curves, fields, row
from bn_lab.figures.frame import pack
from bn_lab.i18n import Texts
from bn_lab.service import View
from bn_lab.service.view import ACTIVE
from bn_lab.ui.once import once_per_history

FRAME_NUMBERS = 12_500
"""Numbers that a live frame has at most, 50 kB, unless two snapshots alone are larger."""

_Numbers = tuple[dict[str, Array], list[tuple[float, Array]], dict[str, tuple[int, int]], list[float]]


def frame(
    run: str, view: View, t: Texts, *, everything: bool = False, outdated: bool = False, every: float | None = None
) -> bytes:
    """A frame for the browser: curves whole, and snapshots as many as are asked for or fit.

    Args:
        run: id of the training. view: what to show of it.
        everything: send all snapshots, as the browser asks for when it lacks some and nothing moves.
        outdated: the rest of the page is drawn for another state; the browser asks for a new one once it has painted.
        every: seconds after which the browser is to ask for the next frame.
    """
    header = {
        "run": run,
        "state": str(view.state),
        "epoch": view.history.progress if view.history else 0.0,
        "epochs": view.experiment.epochs,
        "recorded": [],
        "current": False,
        "outdated": outdated,
        "sent": time(),
        "every": None if every is None else round(1000 * every),
        "labels": {
            **{name: t(f"replay.{name}") for name in ("play", "pause", "slider", "replaying")},
            "following": t("replay.following" if view.state in ACTIVE else "replay.standing"),
        },
    }
    if view.history is None:
        return pack(header, {}, [], {})
    lines, rows, layout, recorded = _numbers_of(view.history, growing=view.state in ACTIVE, everything=everything)
    header |= {"recorded": recorded, "current": view.history.current is not None}
    return pack(header, lines, rows, layout)


@once_per_history
def _numbers_of(history: History, *, growing: bool, everything: bool) -> _Numbers:
    """What a frame holds of a record: curves, rows of snapshots by epoch, fields of a row, and epochs of all snapshots."""
    layout = fields(history)
    lines = _lines(history, growing=growing)
    snapshots = list(history.snapshots)
    if not everything:
        size = sum(length for _, length in layout.values())
        room = FRAME_NUMBERS - _count(lines)
        snapshots = [snapshots[i] for i in _chosen(len(snapshots), max(2, room // size - 1))]
    if history.current is not None:
        snapshots.append(history.current)
    return lines, [(s.epoch, _row(s, history)) for s in snapshots], layout, [s.epoch for s in history.snapshots]


def _row(snapshot: Snapshot, history: History) -> Array:
    """The row of a snapshot, made once: the records of a run all hold the same snapshots, and make the same of them."""
    found = _rows.get(snapshot)
    if found is None:
        found = _rows[snapshot] = row(history, snapshot)
    return found


_rows: WeakKeyDictionary[Snapshot, Array] = WeakKeyDictionary()


def _lines(history: History, *, growing: bool) -> dict[str, Array]:
    """The curves; while they grow with as many points as half a frame has room for, so many arms and seeds have fewer each."""
    if not growing:
        return curves(history, None)
    lines = curves(history, LIMIT)
    excess = _count(lines) / (FRAME_NUMBERS / 2)
    return lines if excess <= 1 else curves(history, int(LIMIT / excess))


def _count(lines: dict[str, Array]) -> int:
    return sum(map(len, lines.values()))


def _chosen(count: int, most: int) -> list[int]:
    """Positions of at most `most` of `count` snapshots: the latest ones, and others spread over the rest.

    The spread ones differ from frame to frame as the count grows, so that the browser, which keeps what it has seen, soon has
    most of them.
    """
    latest = range(max(0, count - most // 2), count)
    spread = {k * latest.start // (most - len(latest)) for k in range(most - len(latest))} if latest.start else set()
    return sorted(spread | set(latest))
