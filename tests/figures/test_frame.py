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

import bn_lab.ui
from bn_lab.figures import frame
from bn_lab.figures.frame import BLANK, Block, Layout, Recorded

LIVE = Path(bn_lab.ui.__file__).parent / "live"
"""Where the browser's modules are."""

HEADER = {"n": 3, "recording": "r", "target": 100, "state": "training", "epoch": 20.5, "error": None, "words": "다시 보기"}

LAYOUTS = {
    "summary": Layout("moment", {"epoch": (0, 1), "sigma": (1, 1)}, 2),
    "stage": Layout("moment", {"counts": (0, 4), "span": (4, 2), "none": (6, 1)}, 7),
    "curves.loss": Layout("epoch", {"epoch": (0, 1), "loss": (1, 1)}, 2),
    "curves.rmse": Layout("epoch", {"epoch": (0, 1), "rmse": (1, 1)}, 2),
    "samples": Layout("once", {"shown": (0, 3), "actual": (3, 2)}, 5),
}

EPOCHS = [0.0, 0.5, 10.0, 20.0, 20.5]
"""Of all moments; the last one is the target's own."""

PARTS = {
    "summary": [[0, math.nan], [0.5, 3], [10, 0.00012], [20, -math.inf], [20.5, 12345.678]],
    "stage": [
        [0, 1, 2, 3, -4.0, 0.5, 0],
        [1, 1, 2, 3, -1.0, 0.5, 0],
        [5, math.nan, 7, 8, math.nan, 2.0, 0],
        [5, 6, 7, 8, -1.0, 2.0, 0],
        [9, 1, 2, 3, -1.0, 3.0, 0],
    ],
    "curves.loss": [[e, math.nan if e == 2 else 100 / e] for e in range(1, 21)],
    "curves.rmse": [[e, e] for e in range(1, 16)],  # not as far as the loss, as it may be on the way
    "samples": [[1, 2, 3, 5, 50]],
}

TABLE = Recorded(20.5, LAYOUTS, {name: np.array(rows, np.float32) for name, rows in PARTS.items()}, np.array(EPOCHS))
EMPTY = Recorded(20.5, {}, {}, np.empty(0))

FIGURE: dict[str, Any] = {
    "data": [
        {"type": "scatter", "meta": {"bind": {"y": {"curve": "loss"}, "x": {"cursor": True}}}},
        {"type": "bar", "x0": 7, "meta": {"bind": {"y": {"row": ["counts"]}, "x0": {"row": ["span", 0]}}}},
        {"type": "bar", "marker": {"size": 3}, "meta": {"bind": {"marker.color": {"row": ["counts", 1, 3]}}}},
        {"type": "heatmap", "meta": {"bind": {"z": {"row": ["counts"], "shape": [2, 2]}}}},
        {"type": "heatmap", "meta": {"bind": {"z": {"rows": ["counts", 1, None]}}}},
        {"type": "scatter", "meta": {"bind": {"x": {"rows": "epoch"}, "y": {"rows": ["sigma", 0]}}}},
        {"type": "scatter", "y": [1], "meta": {"bind": {"y": {"curve": "unknown"}, "x0": {"row": ["unknown", 0]}}}},
        {"type": "scatter", "meta": {"bind": {"x": {"once": "shown"}, "y": {"row": ["epoch"]}}}},
        {
            "type": "scatter",
            "meta": {"bind": {"x": {"curve": "epoch", "part": "curves.rmse"}, "y": {"curve": "rmse"}}},
        },
        {
            "type": "scatter",
            "meta": {
                "bind": {
                    "x": {"curve": "epoch", "part": "curves.loss", "until": "cursor"},
                    "y": {"curve": "loss", "until": "cursor", "most": 6},
                }
            },
        },
        {"type": "scatter", "meta": {"bind": {"y": {"curve": "epoch", "part": "curves.loss", "most": 6}}}},
        {"type": "scatter", "y": [1, 2]},
    ],
    "layout": {
        "yaxis": {"type": "log"},
        "annotations": [{"text": ""}, {"text": "kept"}, {"text": ""}],
        "meta": {
            "ranges": {
                "xaxis": {"low": [["span", 0]], "high": [["span", 1], ["counts"]]},
                "yaxis": {"low": [["counts"]], "high": [["counts"]]},
                "xaxis2": {"low": [["unknown", 0]], "high": [["span", 1]]},
                "xaxis3": {"low": [["span", 0]], "high": [["span", 1]], "symmetric": True},
                "xaxis4": {"low": [["none", 0]], "high": [["none", 0]], "symmetric": "right"},
                "xaxis5": {"low": [0, ["epoch"]], "high": ["target"]},
                "xaxis6": {"low": [{"curve": "loss"}], "high": [{"curve": "epoch", "part": "curves.rmse"}, {"curve": "loss"}]},
            },
            "titles": [
                {"annotation": 0, "text": "σ = {0}, {1} at {0}", "values": [{"row": ["sigma", 0]}, {"row": ["span", 0]}]},
                {
                    "annotation": 2,
                    "text": "{0} of it<br>{1} of that",
                    "values": [{"row": ["counts", 0]}, {"row": ["counts", 1]}],
                    "format": "whole",
                    "least": 1,
                },
            ],
        },
    },
}


def packed(**header: Any) -> bytes:
    """A frame with all of `PARTS`, the last moment as end rows, in pieces where they are long."""
    blocks = []
    for part, rows in TABLE.parts.items():
        if LAYOUTS[part].axis == "moment":
            blocks += [
                Block(part, 0, rows[:2], 2),
                Block(part, 2, rows[2:4].tobytes(), 2),
                Block(part, 4, rows[4:], 1, end=True),
            ]
        else:
            blocks.append(Block(part, 0, rows, len(rows)))
    return frame.pack({**HEADER, **header}, blocks)


def test_a_frame_gives_back_what_was_packed() -> None:
    header, blocks = frame.unpack(packed())
    assert header == HEADER
    collected: dict[str, list[np.ndarray]] = {}
    for block in blocks:
        assert isinstance(block.rows, np.ndarray)
        assert len(block.rows) == block.count
        assert block.start == sum(map(len, collected.get(block.part, [])))
        assert block.end == (LAYOUTS[block.part].axis == "moment" and block.start == 4)
        collected.setdefault(block.part, []).append(block.rows)
    for part, rows in TABLE.parts.items():
        np.testing.assert_array_equal(np.concatenate(collected[part]), rows)


def test_the_numbers_start_at_a_multiple_of_four_whatever_the_texts() -> None:
    for length in range(5):
        data = packed(words="가" * length)
        assert struct.unpack_from("<I", data)[0] % 4 == 0
        assert frame.unpack(data)[0]["words"] == "가" * length


def test_a_frame_without_rows_is_a_frame() -> None:
    assert frame.unpack(frame.pack(HEADER, [])) == (HEADER, [])
    _, (block,) = frame.unpack(frame.pack(HEADER, [Block("p", 3, b"", 0)]))
    assert (block.part, block.start, block.count) == ("p", 3, 0)


def test_a_header_has_no_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        packed(epoch=math.nan)


def test_a_block_is_as_many_equal_rows_as_it_says() -> None:
    with pytest.raises(ValueError, match="block of p must be 2 rows of float32, got 12 bytes"):
        frame.pack({}, [Block("p", 0, np.zeros(3, np.float32), 2)])


def test_every_kind_of_binding_is_filled() -> None:
    data = frame.fill(FIGURE, TABLE, cursor=10)["data"]
    assert data[0]["y"] == [100, None, *(pytest.approx(100 / e) for e in range(3, 21))]
    assert data[0]["x"] == [10.0, 10.0]
    assert (data[1]["y"], data[1]["x0"]) == ([5, None, 7, 8], 7)
    assert data[2]["marker"] == {"size": 3, "color": [None, 7]}
    assert data[3]["z"] == [[5, None], [7, 8]]
    assert data[4]["z"] == [[1, 2, 3], [1, 2, 3], [None, 7, 8], [6, 7, 8], [1, 2, 3]]
    assert data[5]["x"] == EPOCHS
    assert data[5]["y"] == [None, 3, pytest.approx(0.00012), None, pytest.approx(12345.678)]
    assert data[6]["y"] == []
    assert "x0" not in data[6]
    assert (data[7]["x"], data[7]["y"]) == ([1, 2, 3], [10])
    assert data[8]["x"] == data[8]["y"] == [*range(1, 16)]
    assert data[9]["x"] == [*range(1, 11)]
    kept = frame.kept_epochs(20, 6).tolist()
    assert data[10]["y"] == kept
    assert data[9]["y"][0] == 100
    assert data[9]["y"][-1] == pytest.approx(10)
    assert len(data[9]["y"]) == len({e for e in kept if e <= 10} | {10})
    assert data[11] == FIGURE["data"][11]


def test_before_the_first_epoch_nothing_is_completed() -> None:
    data = frame.fill(FIGURE, TABLE, cursor=0.5)["data"]
    assert (data[9]["x"], data[9]["y"], data[7]["y"]) == ([], [], [0.5])


@pytest.mark.parametrize(("cursor", "moment"), [(None, 4), (0, 0), (0.4, 0), (0.5, 1), (19.9, 2), (99, 4), (-1, 0)])
def test_the_cursor_is_the_last_moment_at_or_before_it(cursor: float | None, moment: int) -> None:
    assert TABLE.moment(cursor) == moment


def test_without_moments_arrays_are_empty_and_the_templates_numbers_stay() -> None:
    filled = frame.fill(FIGURE, EMPTY)
    assert filled["data"][1] == {**FIGURE["data"][1], "y": []}
    assert filled["layout"]["annotations"] == [{"text": "σ = –, – at –"}, {"text": "kept"}, {"text": f"{BLANK}<br>{BLANK}"}]
    assert "xaxis3" not in filled["layout"]


def test_filling_leaves_the_template_alone() -> None:
    before = json.dumps(FIGURE)
    frame.fill(FIGURE, TABLE)
    assert json.dumps(FIGURE) == before


def test_ranges_span_all_moments_whatever_the_cursor() -> None:
    for cursor in (0, 10, None):
        layout = frame.fill(FIGURE, TABLE, cursor)["layout"]
        assert layout["xaxis"]["range"] == pytest.approx([-4 - 13 * 0.02, 9 + 13 * 0.02])
        assert layout["yaxis"]["range"] == pytest.approx([-0.02, 1.02]), "from 1 to 9, rounded up to 10"
        assert "xaxis2" not in layout
        assert layout["xaxis3"] == {"range": [-4, 4], "autorange": False, "tickvals": [-4, 0, 4], "ticktext": ["−4", "0", "4"]}
        assert layout["xaxis4"] == {"range": [-1, 1], "autorange": False, "tickvals": [0, 1], "ticktext": ["0", "1"]}
        assert layout["xaxis5"]["range"] == pytest.approx([-0.02 * 21, 1.02 * 21])
        assert layout["xaxis6"]["range"] == pytest.approx([5 - 95 * 0.02, 100 + 95 * 0.02])


@pytest.mark.parametrize(
    ("largest", "reach"),
    [(0.0, 1.0), (1.0, 1.0), (1.01, 1.5), (2.1, 3.0), (4.95, 5.0), (5.2, 6.0), (9.9, 10.0), (123.0, 150.0), (0.0021, 0.003)],
)
def test_symmetric_axes_end_at_round_numbers(largest: float, reach: float) -> None:
    table = Recorded(1, {"p": Layout("moment", {"v": (0, 1)}, 1)}, {"p": np.array([[largest]], np.float32)}, np.zeros(1))
    ends = {"low": [["v"]], "high": [0], "symmetric": True}
    filled = frame.fill({"layout": {"meta": {"ranges": {"xaxis": ends}}}}, table)
    assert filled["layout"]["xaxis"]["range"] == pytest.approx([-reach, reach])


def test_lines_of_a_title_below_the_least_are_blank() -> None:
    texts = [frame.fill(FIGURE, TABLE, cursor)["layout"]["annotations"][2]["text"] for cursor in EPOCHS]
    assert texts == [
        "\u00a0<br>1 of that",
        "1 of it<br>1 of that",
        "5 of it<br>\u00a0",
        "5 of it<br>6 of that",
        "9 of it<br>1 of that",
    ]


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Any]:
    """A page of a browser that can import our modules from http://lab.test/."""
    page = chromium.new_page()
    page.route("http://lab.test/**", serve)
    page.goto("http://lab.test/")
    yield page
    page.close()


def serve(route: Any) -> None:
    path = LIVE / route.request.url.removeprefix("http://lab.test/")
    script = path.read_text(encoding="utf-8") if path.suffix == ".js" and path.is_file() else None
    kind = "text/html" if script is None else "text/javascript"
    route.fulfill(body=script or "<!doctype html>", content_type=kind)


IN_BROWSER = """async ([bytes, figure, recording, target, cursor]) => {
  const { receive, seek, show } = await import("/store.js");
  const { fill } = await import("/bind.js");
  show(recording, target);
  receive(Uint8Array.from(bytes).buffer);
  seek(cursor ?? Infinity);
  const plain = (_, v) => (ArrayBuffer.isView(v) ? Array.from(v) : v);
  return JSON.parse(JSON.stringify(fill(figure), plain));
}"""


@pytest.mark.browser
@pytest.mark.parametrize("cursor", [*EPOCHS, None])
def test_the_browser_fills_by_the_same_rule(page: Any, cursor: float | None) -> None:
    layouts = {name: vars(layout) for name, layout in LAYOUTS.items()}
    recording = f"same rule {cursor}"
    said = {"recording": recording, "target": 20.5, "state": "ended", "place": 0, "seconds": 1, "rate": 1, "findings": None}
    data = packed(**said, layouts=layouts)
    here = frame.fill(FIGURE, TABLE, cursor)
    there = page.evaluate(IN_BROWSER, [list(data), FIGURE, recording, 20.5, cursor])
    assert there["data"] == here["data"]
    assert there["layout"]["annotations"] == here["layout"]["annotations"]
    for axis in ("xaxis", "yaxis", "xaxis2", "xaxis3", "xaxis4", "xaxis5"):
        assert (axis in there["layout"]) == (axis in here["layout"])
        if axis in here["layout"]:
            assert there["layout"][axis]["range"] == pytest.approx(here["layout"][axis]["range"])
            assert there["layout"][axis].get("tickvals") == here["layout"][axis].get("tickvals")


@pytest.mark.browser
def test_the_browser_keeps_the_same_epochs(page: Any) -> None:
    for last, most in ((0, 6), (5, 6), (20, 6), (300, 300), (1000, 300), (5000, 500), (4999, 2)):
        script = "async ([last, most]) => [...(await import('/bind.js')).keptEpochs(last, most)]"
        assert page.evaluate(script, [last, most]) == frame.kept_epochs(last, most).tolist()
