"""The visitors without a browser do what a browser does; and how their figures are reckoned."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import numpy as np
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.__main__ import BENCHMARKS, ON_REQUEST, arguments
from benchmarks.crowd import COMPLAINT, Census, Crowd, Host, Worker, hosted, own, remains
from benchmarks.load import ON_STAGE, longest_wait, packed, percentile
from benchmarks.measure import Row
from benchmarks.protocol import MOMENTS, Opening, Stream, header_of, parts_of
from bn_lab.datasets import load
from bn_lab.engine.training import train
from bn_lab.experiment import Experiment
from bn_lab.figures.frame import Block, pack
from bn_lab.figures.parts import layouts
from bn_lab.figures.pictures import FIGURES as PICTURES
from bn_lab.figures.pictures import beside_loss
from bn_lab.figures.sheet import as_json
from bn_lab.i18n import texts

FIGURES = {
    "network": '["none.scaled.share"]',
    "rmse": '["none.train.rmse.median"]',
    "loss": '["epoch", "none.train.loss.median"]',
}
STAGE = {"token": "secret", "recording": "r", "target": 9, "epochs": 0, "figures": FIGURES}
LAYOUTS = {
    MOMENTS: {"fields": {"epoch": [0, 1]}},
    "stage.scaled": {"fields": {"none.scaled.share": [0, 1]}},
    "curves.loss": {"fields": {"epoch": [0, 1], "none.train.loss.median": [1, 1]}},
    "curves.rmse": {"fields": {"epoch": [0, 1], "none.train.rmse.median": [1, 1]}},
}


def frame(n: int = 1, epoch: float = 3.0, *blocks: Block, **header: object) -> bytes:
    """A frame of the recording on the stage."""
    values = {"n": n, "recording": "r", "target": 9, "state": "training", "epoch": epoch, "error": False, "layouts": None}
    return pack(values | header, blocks)


def rows(part: str, start: int, count: int, end: bool = False) -> Block:
    return Block(part, start, np.zeros((count, 2), np.float32), count, end)


def stream(**values: object) -> Stream:
    return Stream(STAGE, **values)  # type: ignore[arg-type]


def message(**values: object) -> bytes:
    content: bytes = ForwardMsg(**values).SerializeToString()
    return content


def shown(**element: object) -> bytes:
    """The message that draws something on the page."""
    found = ForwardMsg()
    found.delta.new_element.CopyFrom(Element(**element))
    return found.SerializeToString()


def finished(status: int = ForwardMsg.FINISHED_SUCCESSFULLY) -> bytes:
    return message(script_finished=status)


def test_a_page_asks_for_a_run_of_its_script() -> None:
    request = BackMsg.FromString(Opening("epochs=9").ask()).rerun_script
    assert (request.query_string, request.page_script_hash) == ("epochs=9", "")


def test_a_page_is_there_once_a_run_of_the_script_ended_with_a_stage() -> None:
    page = Opening("")
    page.receive(shown(bidi_component={"json": json.dumps({"token": "of no stage"})}))
    page.receive(finished())
    assert not page.finished
    page.receive(shown(bidi_component={"json": json.dumps(STAGE)}))
    page.receive(finished(ForwardMsg.FINISHED_EARLY_FOR_RERUN))
    assert not page.finished
    page.receive(finished())
    assert page.finished
    assert page.stage == STAGE
    assert page.errors == []


def test_what_goes_wrong_on_a_page_is_told() -> None:
    page = Opening("")
    page.receive(shown(exception={"type": "ValueError", "message": "broken"}))
    page.receive(shown(alert={"body": "failed", "format": 1}))
    page.receive(finished(ForwardMsg.FINISHED_WITH_COMPILE_ERROR))
    assert [any(word in error for word in ("broken", "failed", "compile")) for error in page.errors] == [True] * 3


def test_of_a_frame_only_the_header_is_read() -> None:
    header = header_of(frame(1, 4.5, rows(MOMENTS, 0, 3)))
    assert (header["recording"], header["epoch"], header["blocks"]) == ("r", 4.5, [[MOMENTS, 0, 3, 2, False]])


def test_the_stream_asks_for_what_the_stage_needs_as_soon_as_it_knows_what_there_is() -> None:
    page = stream(epochs=9)
    assert json.loads(page.hello()) == {"hello": "secret"}
    assert json.loads(page.watch()) == {"watch": "r", "epochs": 9, "parts": {MOMENTS: 0}}
    answers, _ = page.receive(frame(1, 0.0, rows(MOMENTS, 0, 1), layouts=LAYOUTS))
    assert list(map(json.loads, answers)) == [
        {"watch": "r", "epochs": 9, "parts": {MOMENTS: 1, "stage.scaled": 0, "curves.loss": 0}},
        {"painted": 1},
    ]


def test_what_the_lessons_stage_needs_is_what_is_packed() -> None:
    experiment = Experiment(epochs=1)
    data, t = load(experiment.dataset), texts("en")
    names = {"network": {"layers": (1, 2, 3)}, "loss": {"compact": True}, beside_loss(data): {"compact": True}}
    figures = {name: as_json(PICTURES[name].draw(experiment, data, t, **options)) for name, options in names.items()}
    told = {part: asdict(layout) for part, layout in layouts(train(experiment)).items()}
    assert set(parts_of(figures, told)) == set(ON_STAGE)


def test_a_picture_is_there_once_all_parts_of_the_stage_have_a_row() -> None:
    page = stream(parts=(MOMENTS, "stage.scaled", "curves.loss"))
    page.receive(frame(1, 0.0, rows(MOMENTS, 0, 1)))
    assert not page.has_picture
    page.receive(frame(2, 0.0, rows("stage.scaled", 0, 1)))
    assert page.has_picture


def test_frames_are_counted_that_show_more_than_before() -> None:
    page = stream()
    news = [
        page.receive(each)[1]
        for each in (
            frame(1, 1.0, rows(MOMENTS, 0, 2)),
            frame(2, 1.0, rows("layers", 0, 2)),
            frame(3, 2.0),
            frame(4, 2.0, rows(MOMENTS, 2, 1)),
        )
    ]
    assert news == [True, False, True, True]
    assert (page.frames, page.moments, page.epoch, page.errors) == (4, 2, 2.0, [])


def test_a_page_that_comes_back_says_what_it_has() -> None:
    page = stream(parts=(MOMENTS, "layers"))
    page.receive(frame(1, 9.0, rows(MOMENTS, 0, 5), rows(MOMENTS, 5, 1, True), rows("layers", 0, 2)))
    assert json.loads(page.watch())["parts"] == {MOMENTS: 5, f"{MOMENTS}!": 6, "layers": 2}


def test_what_goes_wrong_on_the_stream_is_told() -> None:
    page = stream()
    page.receive(frame(1, 1.0, rows(MOMENTS, 4, 1)))
    page.receive(frame(2, 1.0, recording="another"))
    page.receive(frame(3, 1.0, error=True))
    page.receive(json.dumps({"refused": "unknown token"}))
    assert [word in error for word, error in zip(("rows", "another", "failed", "token"), page.errors, strict=True)] == [
        True
    ] * 4


def test_what_a_worker_packs_is_timed() -> None:
    assert [cost > 0 for cost in packed(epochs=2, repeats=2)] == [True, True]


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(k) for k in range(20, 0, -1)]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.95, 1.0)] == [1, 10, 19, 20]
    assert percentile([3.0], 0.95) == 3


def test_the_longest_wait_counts_from_the_start_and_to_the_end() -> None:
    assert longest_wait([1.0, 2.0, 2.5], 0.0, 3.0) == 1.0
    assert longest_wait([-5.0, 1.0, 9.0], 0.0, 4.0) == 3.0
    assert longest_wait([], 2.0, 9.0) == 7.0


def test_what_is_left_is_reckoned_without_the_pools_of_libraries() -> None:
    before = Census(["MainThread"], 6, 1, 1.0, 400.0, [Worker(1.0, 300.0)])
    after = Census(["AnyIO worker thread", "MainThread", "ScriptRunner.scriptThread"], 7, 9, 2.0, 500.0, [Worker(2.0, 330.0)])
    found = {row.what: row for row in remains([], before, after, 60) if isinstance(row, Row)}
    assert [found[what].value for what in ("errors", "… threads left", "… tasks left")] == [0, 1, 1]
    assert found["memory 60 s after the last has left, page's process"].verdict == "missed"
    assert found["… the largest worker"].value == 1.1
    assert found["… threads left"].note == "ScriptRunner.scriptThread"


@pytest.mark.parametrize(
    ("line", "tells"),
    [
        ("Traceback (most recent call last):", True),
        ("2026-01-02 03:04:05 ERROR bn_lab.service: a turn of the trainer failed", True),
        ("2026-01-02 03:04:05.678 Uvicorn server started on 127.0.0.1:8800", False),
    ],
)
def test_the_log_is_searched_for_failures(line: str, tells: bool) -> None:
    assert bool(COMPLAINT.search(line)) is tells


def test_what_takes_long_is_measured_only_where_it_is_named() -> None:
    assert not set(ON_REQUEST) & set(BENCHMARKS)
    assert arguments(["load", "soak"]).names == ["load", "soak"]
    assert all(function.__doc__ for function in ON_REQUEST.values())


@pytest.mark.processes
def test_three_visitors_train_on_a_real_server() -> None:
    async def visit(host: Host) -> None:
        crowd = Crowd(host)
        first, *others = await asyncio.gather(*(crowd.start(own(7), 0.2), crowd.start(own(7), 1.0), crowd.start(own(8), 0.5)))
        for visitor in (first, *others):
            await visitor.until(lambda visitor=visitor: visitor.stream.epoch >= 5, 30, "no progress")
            await visitor.until(lambda visitor=visitor: len(visitor.updates) >= 3, 30, "no updates")
        await first.reconnect()
        epoch = first.stream.epoch
        await first.until(lambda: first.stream.epoch > epoch, 30, "no progress after the stream was cut")
        census = await host.census()
        assert census.sessions >= 3
        assert census.workers
        assert crowd.errors == []
        await crowd.disperse()

    with hosted() as host:
        asyncio.run(visit(host))
