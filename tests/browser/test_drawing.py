"""Points are drawn while it plays: every change is another experiment, which plays on, and stands in the address."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from bn_lab.datasets import table_of
from bn_lab.experiment import Experiment
from bn_lab.sharing import parse_link
from tests.browser.lab import Lab, Visit
from tests.browser.test_drawing_module import click, count, near, on_screen

pytestmark = pytest.mark.browser


def in_address(lab: Lab) -> Experiment:
    return parse_link(urlsplit(lab.page.url).query).experiment


def test_a_computed_set_is_drawn_upon_while_it_plays(visit: Visit) -> None:
    lab = visit("dataset=moons&epochs=2000&run=play")
    lab.in_step(lab.figure("boundary"))
    lab.page.locator(".bn-edit").click()
    count(lab.page, 150)
    expect(lab.page.locator(".bn-draw-hint")).to_contain_text("500")
    computed = lab.recording
    click(lab.page, 5, -5)
    lab.expect_other(computed)
    expect(lab.stage).to_have_attribute("data-playing", "true")
    count(lab.page, 151)
    lab.settled()
    first = in_address(lab)
    assert table_of(first).samples == 151
    assert any(near([x, y, 0], 5, -5, 0) for x, y in table_of(first).features.tolist())
    assert first.seed == 0
    assert first.epochs == 2000

    drawn = lab.recording
    lab.pause()
    lab.page.mouse.move(*on_screen(lab.page, 5, -5))
    lab.page.mouse.down()
    lab.page.mouse.move(*on_screen(lab.page, -5, -5), steps=4)
    lab.page.mouse.up()
    lab.expect_other(drawn)
    lab.expect_paused()
    lab.expect_cursor(0)
    lab.settled()
    assert table_of(in_address(lab)).features[0].tolist() != table_of(first).features[0].tolist()
    assert table_of(in_address(lab)).samples == 151

    again = visit(urlsplit(lab.page.url).query)  # whoever gets the address has the same points, and the same recording
    expect(again.stage).to_have_attribute("data-recording", lab.recording)
    again.page.locator(".bn-edit").click()
    count(again.page, 151)
