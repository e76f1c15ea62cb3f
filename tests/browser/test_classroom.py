"""A lesson's link, from the dialog to the frame in a slide of another site."""

from __future__ import annotations

import io

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from tests.browser.lab import Visit
from tests.browser.test_appearance import expect_to_fit

pytestmark = pytest.mark.browser


def test_the_link_of_the_dialog_shows_the_lesson_in_a_slide_of_another_site(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20&seed=31", dark=True)
    lab.page.locator(".st-key-lesson_open button").locator("visible=true").click()
    dialog = lab.page.get_by_role("dialog")
    dialog.get_by_text(lab.words("classroom.embedded"), exact=True).click()
    dialog.get_by_role("tab", name=lab.words("classroom.hide"), exact=True).click()
    dialog.locator(".st-key-lesson_hide_network").get_by_text(lab.words("classroom.whole"), exact=True).click()
    dialog.locator(".st-key-lesson_hide_parts").get_by_text(lab.words("part.preview"), exact=True).click()
    dialog.get_by_role("tab", name=lab.words("classroom.fix"), exact=True).click()
    dialog.locator(".st-key-lesson_fix_training").get_by_text(lab.words("field.seed"), exact=True).click()
    address = f"{lab.address}/?dataset=iris&epochs=20&seed=31&hide=network,preview&fix=seed&embed=true"
    expect(dialog.get_by_test_id("stCode").first).to_contain_text(address)
    frame = dialog.get_by_test_id("stCode").nth(1).inner_text()
    dialog.locator(".st-key-lesson_go_large button").click()
    code = dialog.locator(".st-key-lesson_screen .bn-qr")
    expect(code).to_be_visible()
    (read,) = zxingcpp.read_barcodes(np.array(Image.open(io.BytesIO(code.screenshot())).convert("L")))
    assert read.text == address, "on a dark theme, too"

    slide = lab.page.context.new_page()
    slide.set_viewport_size({"width": 820, "height": 640})
    other_site = frame.replace("127.0.0.1", "localhost").replace('width="100%"', 'width="800"')
    slide.route("http://slides.test/", lambda route: route.fulfill(content_type="text/html", body=f"<p>1</p>{other_site}"))
    slide.goto("http://slides.test/")
    inside = slide.frame_locator("iframe")
    inside.locator(".st-key-player_train button").locator("visible=true").click()
    expect(inside.locator(".bn-feed")).to_have_attribute("data-run-state", "done")
    expect(inside.locator(".st-key-player_new_seed button").locator("visible=true")).to_be_disabled()
    expect(inside.locator(".st-key-field_depth")).to_have_count(0)
    expect(inside.locator(".st-key-field_epsilon")).to_have_count(1)
    expect(inside.get_by_test_id("stTopNavLink")).to_have_count(0)
    expect(inside.get_by_text(lab.words("preview.networks"))).to_have_count(0)
    slide.close()
    expect_to_fit(lab)
