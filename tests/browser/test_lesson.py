"""A newcomer at the lesson: nothing chosen, nothing pressed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bn_lab import Experiment
from bn_lab.engine.summary import summaries
from tests.browser import alone
from tests.browser.lab import Visit

pytestmark = pytest.mark.browser

WITHIN = 90
"""Seconds for a thousand epochs on a busy machine."""


def test_a_newcomer_touches_nothing_and_gets_the_lessons_whole_program(visit: Visit) -> None:
    lab = visit()
    assert lab.query == {}
    lab.speed("follow")
    lab.expect_state("ended", WITHIN)
    lab.expect_cursor(1000)
    lesson = alone.history("")
    assert lesson.experiment == Experiment()
    assert (lesson.experiment.dataset, lesson.epoch, lab.epoch) == ("boston", 1000, 1000)
    curves = lab.finished_curves(1000)
    assert curves == alone.losses("")
    assert set(curves) == {"none.train.loss", "before.train.loss"}
    rows = lab.stage.locator(".bn-arm")
    expect(rows).to_have_count(2)
    for row, summary in zip(rows.all(), summaries(lesson), strict=True):
        expect(row).to_contain_text(lab.words(f"arm.{summary.arm}"))
        values = dict(zip(row.locator("dt").all_inner_texts(), row.locator("dd").all_inner_texts(), strict=True))
        losses = lesson.series(summary.arm, "loss")
        assert losses is not None
        assert float(values[lab.words("number.train_loss")]) == pytest.approx(losses[0, -1], rel=5e-3)
        assert float(values[lab.words("number.inference_loss")]) == pytest.approx(summary.inference_loss, rel=5e-3)
    expect(lab.button("play")).to_be_enabled()
    expect(lab.page.locator(".bn-findings")).to_contain_text(lab.words("finding.title"))
