"""What a page is sent piece by piece is what a lone record holds, whoever else watches, and whatever was cut in between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bn_lab import Experiment, timing
from bn_lab.figures.frame import Numbers
from bn_lab.figures.parts import recorded
from bn_lab.service import Watch, WatchState
from tests.service.conftest import Bench, alone

SPIRAL = Experiment(dataset="spiral", samples=64, epochs=77, depth=2, validation_share=0.2)
BOSTON = Experiment(dataset="boston", samples=200, epochs=71, arms=("none", "standardized", "before", "after"), depth=2)


class Page:
    """Keeps what it is sent, as the browser does."""

    def __init__(self, watch: Watch, parts: tuple[str, ...] = ()) -> None:
        self.watch = watch
        self.rows: dict[str, list[Numbers]] = {part: [] for part in parts}
        self.ends: dict[str, Numbers] = {}
        self.sizes: list[int] = []

    def look(self, budget: int = 64_000) -> None:
        """Take the next frame."""
        if (layouts := self.watch.layouts) is None:
            return
        for part in layouts:
            self.rows.setdefault(part, [])
        sent = {part: len(rows) for part, rows in self.rows.items()} | {f"{part}!": 1 for part in self.ends}
        blocks = self.watch.rows(sent, budget)
        self.sizes.append(sum(len(block.rows) for block in blocks))
        for block in blocks:
            numbers = np.frombuffer(bytes(block.rows), "<f4").reshape(block.count, layouts[block.part]["size"])
            if block.end:
                assert block.part not in self.ends
                (self.ends[block.part],) = numbers
            else:
                assert block.start == len(self.rows[block.part])
                self.rows[block.part] += list(numbers)

    def whole(self, part: str) -> Numbers:
        """All rows of a part, the end row last."""
        return np.stack([*self.rows[part], *([self.ends[part]] if part in self.ends else [])])


def assert_whole(page: Page) -> None:
    """The page has all that a lone record has, and nothing else."""
    table = recorded(alone(page.watch.experiment))
    assert page.watch.layouts is not None
    assert page.watch.layouts.keys() == table.layouts.keys()
    for part, expected in table.parts.items():
        np.testing.assert_array_equal(page.whole(part), expected, err_msg=part)
    np.testing.assert_array_equal(page.whole("summary")[:, 0], table.epochs.astype(np.float32))


@pytest.mark.parametrize("experiment", [SPIRAL, BOSTON], ids=lambda each: each.dataset)
def test_all_frames_together_are_the_record(bench: Bench, experiment: Experiment) -> None:
    watch = bench.visitor("ann").want("lab", experiment)
    page = Page(watch)
    while watch.progress.state is not WatchState.ENDED or bench.turn():
        bench.turn()
        page.look(200_000)
    while page.sizes[-1]:
        page.look()
    assert_whole(page)
    assert set(page.ends) == {name for name, layout in watch.layouts.items() if layout["axis"] == "moment"}  # type: ignore[union-attr]


def test_pages_with_other_targets_get_each_their_own_end(bench: Bench) -> None:
    watches = [bench.visitor(str(epochs)).want("lab", replace(SPIRAL, epochs=epochs)) for epochs in (77, 128, 131, 5)]
    pages = [Page(watch) for watch in watches]
    for _ in range(3):  # the first sets out what is wanted
        for page in pages:
            page.look(10**7)
        bench.ended(*watches)
        bench.quiet()
    for page in pages:
        page.look(10**7)
        assert_whole(page)


def test_a_frame_has_a_share_of_every_part_and_keeps_to_its_budget(bench: Bench) -> None:
    watch = bench.visitor("ann").want("lab", BOSTON)
    page = Page(watch)
    bench.until(lambda: watch.layouts is not None)
    page.look()
    bench.ended(watch)
    bench.quiet()
    page.look(30_000)
    page.look(30_000)
    one_row = 4 * sum(layout["size"] for layout in watch.layouts.values())  # type: ignore[union-attr]
    assert all(0 < size <= 30_000 + 2 * one_row for size in page.sizes[1:])
    assert len({len(rows) for part, rows in page.rows.items() if part.startswith("stage")}) == 1
    assert all(page.rows.values())
    while page.sizes[-1]:
        page.look(30_000)
    assert_whole(page)


def test_what_a_page_has_already_is_not_sent_again(bench: Bench) -> None:
    watch = bench.visitor("ann").want("lab", SPIRAL)
    watch.rows({"summary": 0})
    bench.ended(watch)
    bench.quiet()
    count = len(recorded(alone(SPIRAL)).epochs) - 1
    (rows, end) = watch.rows({"summary": count - 4})
    assert (rows.start, rows.count, rows.end) == (count - 4, 4, False)
    assert (end.start, end.count, end.end) == (count, 1, True)
    assert watch.rows({"summary": count, "summary!": count + 1}) == []
    assert watch.rows({"summary": 10**6, "summary!": 1}) == []


def test_only_what_somebody_looks_at_is_packed(bench: Bench) -> None:
    ann, ben = (bench.visitor(name).want("lab", SPIRAL) for name in ("ann", "ben"))
    ann.rows({"summary": 0, "no such part": 0, "../../etc/passwd": 0})
    bench.ended(ann)
    bench.quiet()
    recording = bench.recordings.find(ann.recording)
    assert recording is not None
    assert [part for part in ann.layouts or () if recording.relay.known(part)] == ["summary"]
    assert not bench.turn()
    ben.rows({"boundary": 0})
    bench.quiet()
    assert recording.relay.known("boundary") == recording.relay.known("summary") > 100
    assert recording.relay.known("layers") == 0


def test_a_change_is_told_to_those_whom_it_concerns(bench: Bench) -> None:
    calls: dict[str, int] = {"ann": 0, "ben": 0}
    for name, seed in (("ann", 0), ("ben", 1)):
        visitor = bench.recordings.visitor(name)
        visitor.connect(lambda name=name: calls.update({name: calls[name] + 1}))  # type: ignore[misc]
        visitor.want("lab", replace(SPIRAL, seed=seed), 0)
    bench.quiet()
    calls.update(ann=0, ben=0)
    bench.recordings.visitor("ann").watches["lab"].go(77)
    bench.quiet()
    assert calls["ben"] == 0
    assert calls["ann"] > 0


def test_reports_are_as_far_apart_as_pages_take_them(bench: Bench) -> None:
    times: list[float] = []
    visitor = bench.recordings.visitor("ann")
    visitor.connect(lambda: times.append(bench.clock.now))
    watch = visitor.want("lab", replace(SPIRAL, epochs=800), 0)
    bench.quiet()
    bench.clock.pass_by(1)
    watch.go(800)
    times.clear()
    bench.ended(watch)
    gaps = np.diff(times)
    assert len(gaps) > 3
    assert min(gaps[:-1]) >= timing.FRAME_INTERVAL - 1e-9  # at the end it is told at once
    assert max(gaps) < 0.9  # also where reports take more than their share
