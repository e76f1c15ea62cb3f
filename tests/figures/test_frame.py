"""Frames survive the way to the browser, and both ends fill a figure by the same rule."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from bn_lab.figures import frame
from bn_lab.ui.live.assets import modules

FIELDS = {"counts": (0, 4), "span": (4, 2), "sigma": (6, 1)}
HEADER = {
    "run": "run-1",
    "state": "running",
    "epoch": 20.5,
    "epochs": 100,
    "recorded": [10, 20],
    "labels": {"play": "다시 보기", "following": "epoch {epoch} of {epochs}"},
    "current": True,
}
CURVES = {"loss": np.array([3.0, np.nan, np.inf, 0.5]), "one": np.array([1.0])}
ROWS = [
    (20.5, np.array([9, 1, 2, 3, -1.0, 3.0, 12345.678])),
    (10.0, np.array([0, 1, 2, 3, -4.0, 0.5, 0.00012])),
    (20.0, np.array([5, np.nan, 7, 8, np.nan, 2.0, -np.inf])),
]

FIGURE: dict[str, Any] = {
    "data": [
        {"type": "scatter", "meta": {"bind": {"y": {"curve": "loss"}, "x": {"cursor": True}}}},
        {"type": "bar", "x0": 7, "meta": {"bind": {"y": {"row": ["counts"]}, "x0": {"row": ["span", 0]}}}},
        {"type": "bar", "marker": {"size": 3}, "meta": {"bind": {"marker.color": {"row": ["counts", 1, 3]}}}},
        {"type": "heatmap", "meta": {"bind": {"z": {"row": ["counts", 0, 4], "shape": [2, 2]}}}},
        {"type": "heatmap", "meta": {"bind": {"z": {"rows": ["counts", 1, None]}}}},
        {"type": "scatter", "meta": {"bind": {"x": {"rows": "epoch"}, "y": {"rows": ["sigma", 0]}}}},
        {"type": "scatter", "y": [1], "meta": {"bind": {"y": {"curve": "unknown"}, "x0": {"row": ["unknown", 0]}}}},
        {"type": "scatter", "y": [1, 2]},
    ],
    "layout": {
        "yaxis": {"type": "log"},
        "annotations": [{"text": ""}, {"text": "kept"}],
        "meta": {
            "ranges": {
                "xaxis": {"low": [["span", 0]], "high": [["span", 1], ["counts"]]},
                "yaxis": {"low": [["counts"]], "high": [["counts"]]},
                "xaxis2": {"low": [["unknown", 0]], "high": [["span", 1]]},
            },
            "titles": [
                {
                    "annotation": 0,
                    "text": "σ = {0}, {1} at {0}",
                    "values": [{"row": ["sigma", 0]}, {"row": ["span", 0]}],
                }
            ],
        },
    },
}


def packed(**header: Any) -> bytes:
    return frame.pack({**HEADER, **header}, CURVES, ROWS, FIELDS)


def test_a_frame_gives_back_what_was_packed() -> None:
    decoded = frame.unpack(packed())
    assert decoded.header == HEADER
    assert decoded.fields == FIELDS
    assert [epoch for epoch, _ in decoded.rows] == [10.0, 20.0, 20.5]
    np.testing.assert_array_equal(decoded.curves["loss"], CURVES["loss"].astype("f4"))
    for (_, got), (_, sent) in zip(decoded.rows, sorted(ROWS, key=lambda row: row[0]), strict=True):
        np.testing.assert_array_equal(got, sent.astype("f4"))


def test_the_numbers_start_at_a_multiple_of_four_whatever_the_texts() -> None:
    for length in range(5):
        data = packed(run="가" * length)
        assert struct.unpack_from("<I", data)[0] % 4 == 0
        assert frame.unpack(data).header["run"] == "가" * length


def test_a_frame_without_snapshots_is_a_frame() -> None:
    decoded = frame.unpack(frame.pack(HEADER, {}, [], {}))
    assert decoded.rows == []
    filled = frame.fill(FIGURE, decoded)
    assert filled["data"][1] == {**FIGURE["data"][1], "y": []}
    assert filled["layout"]["annotations"][0]["text"] == "σ = –, – at –"


def test_a_header_has_no_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        packed(epoch=math.nan)


def test_rows_have_one_size() -> None:
    with pytest.raises(ValueError, match=r"one size, got \[2, 3\]"):
        frame.pack(HEADER, {}, [(0, np.zeros(2)), (1, np.zeros(3))], {})


def test_every_kind_of_binding_is_filled() -> None:
    data = frame.fill(FIGURE, frame.unpack(packed()), cursor=10)["data"]
    assert data[0]["y"] == [3.0, None, None, 0.5]
    assert data[0]["x"] == [10.0, 10.0]
    assert (data[1]["y"], data[1]["x0"]) == ([0, 1, 2, 3], -4.0)
    assert data[2]["marker"] == {"size": 3, "color": [1, 2]}
    assert data[3]["z"] == [[0, 1], [2, 3]]
    assert data[4]["z"] == [[1, 2, 3], [None, 7, 8], [1, 2, 3]]
    assert (data[5]["x"], data[5]["y"]) == ([10, 20, 20.5], [pytest.approx(0.00012), None, pytest.approx(12345.678)])
    assert data[6]["y"] == []
    assert "x0" not in data[6]
    assert data[7] == FIGURE["data"][7]


def test_filling_leaves_the_template_alone() -> None:
    before = json.dumps(FIGURE)
    frame.fill(FIGURE, frame.unpack(packed()))
    assert json.dumps(FIGURE) == before


def test_ranges_span_all_snapshots_whatever_the_cursor() -> None:
    decoded = frame.unpack(packed())
    layouts = [frame.fill(FIGURE, decoded, cursor)["layout"] for cursor in (10, 20, None)]
    for layout in layouts:
        assert layout["xaxis"]["range"] == pytest.approx([-4 - 13 * 0.02, 9 + 13 * 0.02])
        assert layout["yaxis"]["range"] == pytest.approx([-0.02 * math.log10(9), 1.02 * math.log10(9)])
        assert "xaxis2" not in layout


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (0.0, ("0", "0.0%", "0")),
        (1.0, ("1.00", "100.0%", "1")),
        (-12.345, ("-12.3", "-1234.5%", "-12")),
        (123456.0, ("1.23e5", "12345600.0%", "123456")),
        (0.00012, ("1.20e-4", "0.0%", "0")),
        (None, ("–", "–", "–")),
    ],
)
def test_numbers_are_written_as_formats_say(value: float | None, texts: tuple[str, ...]) -> None:
    assert tuple(write(value) for write in frame.FORMATS.values()) == texts


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Any]:
    """A page of a browser that can import our modules from http://lab.test/."""
    page = chromium.new_page()
    page.route("http://lab.test/**", serve)
    page.goto("http://lab.test/")
    yield page
    page.close()


def serve(route: Any) -> None:
    name = Path(route.request.url).name
    found = modules().get(name, b"<!doctype html>")
    route.fulfill(body=found, content_type="text/javascript" if name in modules() else "text/html")


IN_BROWSER = """async ([frames, figure, choice]) => {
  const { receive, choose, store } = await import("/store.js");
  const { fill } = await import("/bind.js");
  for (const bytes of frames) receive(Uint8Array.from([0, ...bytes]).subarray(1));  // not aligned, as messages are
  if (choice !== null) choose(choice);
  const plain = (_, v) => (ArrayBuffer.isView(v) ? Array.from(v) : v);
  const filled = JSON.parse(JSON.stringify(fill(figure, new Map()), plain));
  return { ...filled, known: store.known, chosen: store.chosen, state: store.state, epoch: store.epoch };
}"""


def in_browser(page: Any, frames: list[bytes], choice: int | None = None) -> Any:
    return page.evaluate(IN_BROWSER, [[list(data) for data in frames], FIGURE, choice])


@pytest.mark.browser
@pytest.mark.parametrize("choice", [0, 1, None])
def test_the_browser_fills_by_the_same_rule(page: Any, choice: int | None) -> None:
    data = packed(run=f"same rule {choice}")
    cursor = None if choice is None else [10.0, 20.0][choice]
    here = frame.fill(FIGURE, frame.unpack(data), cursor)
    there = in_browser(page, [data], choice)
    assert there["data"] == here["data"]
    assert there["layout"]["annotations"] == here["layout"]["annotations"]
    for axis in ("xaxis", "yaxis"):
        assert there["layout"][axis]["range"] == pytest.approx(here["layout"][axis]["range"])


@pytest.mark.browser
def test_repeated_and_late_frames_do_no_harm(page: Any) -> None:
    late = frame.pack({**HEADER, "run": "order", "epoch": 5, "current": True}, {}, [(4, ROWS[0][1]), (5, ROWS[0][1])], FIELDS)
    now = packed(run="order", state="paused")
    seen = in_browser(page, [now, now, late, now])
    assert seen["known"] == [4, 10, 20, 20.5]  # the recorded row of the late frame is welcome, its present state is past
    assert (seen["state"], seen["epoch"]) == ("paused", 20.5)


@pytest.mark.browser
def test_a_new_run_empties_the_store(page: Any) -> None:
    in_browser(page, [packed(run="first")], 0)
    seen = in_browser(page, [frame.pack({**HEADER, "run": "second", "epoch": 0}, {}, [], {})])
    assert (seen["known"], seen["chosen"]) == ([], None)


@pytest.mark.browser
def test_a_chosen_epoch_stays_while_rows_arrive(page: Any) -> None:
    in_browser(page, [packed(run="stay")], 1)
    more = frame.pack({**HEADER, "run": "stay", "epoch": 30, "current": False}, {}, [(30, ROWS[0][1]), (2, ROWS[0][1])], FIELDS)
    seen = in_browser(page, [more])
    assert seen["known"] == [2, 10, 20, 30]
    assert seen["chosen"] == 20
