"""A newcomer at the lesson: nothing chosen, one button pressed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bn_lab import Experiment
from bn_lab.engine.summary import summaries
from bn_lab.ui.words import number
from tests.browser import alone
from tests.browser.lab import Visit

pytestmark = pytest.mark.browser

WITHIN = 90
"""Seconds for a thousand epochs on a busy machine."""

WINDOW = """([name, axis]) => {
    const { range, autorange } = document.querySelector(`.st-key-${name} .js-plotly-plot`)._fullLayout[axis];
    return [range[1] - range[0], Boolean(autorange)];
}"""


def test_a_newcomer_presses_train_and_gets_the_lessons_whole_program(visit: Visit) -> None:
    lab = visit()
    assert lab.query == {}
    lab.train_to_the_end(WITHIN)
    lesson = alone.history("")
    assert lesson.experiment == Experiment()
    assert (lesson.experiment.dataset, lesson.epoch, lab.epoch) == ("boston", 1000, 1000)
    curves = lab.finished_curves(1000)
    assert curves == alone.losses("")
    assert set(curves) == {"none.train.loss", "before.train.loss"}
    cards = lab.page.locator(".bn-card")
    expect(cards).to_have_count(2)
    for card, summary in zip(cards.all(), summaries(lesson), strict=True):
        expect(card).to_contain_text(lab.words(f"arm.{summary.arm}"))
        values = dict(zip(card.locator("dt").all_inner_texts(), card.locator("dd").all_inner_texts(), strict=True))
        losses = lesson.series(summary.arm, "loss")
        assert losses is not None
        assert values[lab.words("card.train_loss")] == number(losses[0, -1])
        assert values[lab.words("card.inference_loss")] == number(summary.inference_loss)
    expect(lab.button("train")).to_be_disabled()
    assert lab.complaints() == []


@pytest.mark.thorough
def test_a_zoom_is_kept_while_its_numbers_mean_the_same(visit: Visit) -> None:
    lab = visit("epochs=20")
    lab.train_to_the_end()
    lab.finished_curves(20, "metric")
    whole = lab.range("metric")
    lab.drag(lab.plot("metric").locator(".nsewdrag").first, (0.3, 0.3), (0.6, 0.7))
    lab.page.wait_for_function(f"([at, end]) => ({WINDOW})(at)[0] < end", arg=[["metric", "xaxis"], whole[1] - whole[0]])
    zoomed = lab.range("metric"), lab.range("metric", "yaxis")

    lab.view("scale", lab.words("view.linear"))  # the axis of values is another one; that of epochs is not
    lab.page.wait_for_function(f"at => ({WINDOW})(at)[1]", arg=["metric", "yaxis"])
    assert lab.range("metric") == zoomed[0]
    lab.speak("ko")
    expect(lab.plot("metric").locator(".gtitle")).to_have_text(lab.words("figure.metric.rmse"))
    assert lab.range("metric") == zoomed[0]

    lab.view("metric", lab.words("measure.r2"))
    lab.page.wait_for_function(f"at => ({WINDOW})(at)[1]", arg=["metric", "xaxis"])
    assert lab.range("metric") == whole
    assert lab.range("metric", "yaxis")[1] <= 1.1


@pytest.mark.thorough
def test_all_pictures_over_epochs_share_the_kind_of_their_axis(visit: Visit) -> None:
    lab = visit("epochs=20")
    lab.train_to_the_end()
    lab.view("look", lab.words("view.over_time"))
    lab.view("metric", lab.words("measure.r2"))
    lab.view("epochs", lab.words("view.log"))
    kind = "name => document.querySelector(`.st-key-${name} .js-plotly-plot`)._fullLayout.xaxis.type"
    for name in ("loss", "metric", "ribbons", "gradients", "gamma_beta"):
        lab.see(name)
        lab.page.wait_for_function(f"name => ({kind})(name) === 'log'", arg=name)
    expect(lab.plot("metric").locator(".gtitle")).to_have_text(lab.words("figure.metric.r2"))  # other choices stay
    assert lab.state == "done"
