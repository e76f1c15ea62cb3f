"""A lesson's link, from the dialog to the frame in a slide of another site."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from tests.browser.lab import Visit

pytestmark = pytest.mark.browser


@contextmanager
def site(html: str) -> Iterator[str]:
    """Another site, of one page; the address of that.

    Browsers keep pages of the internet from what is on the own computer, so it is there, too, under the other of its two names.
    """

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_the_link_of_the_dialog_shows_the_lesson_in_a_slide_of_another_site(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20&seed=31", dark=True)
    lab.menu("lesson")
    dialog = lab.page.get_by_role("dialog")
    dialog.get_by_text(lab.words("classroom.embedded"), exact=True).click()
    dialog.get_by_role("tab", name=lab.words("classroom.hide"), exact=True).click()
    dialog.locator(".st-key-lesson_hide_network").get_by_text(lab.words("classroom.whole"), exact=True).click()
    dialog.locator(".st-key-lesson_hide_parts").get_by_text(lab.words("part.preview"), exact=True).click()
    dialog.locator(".st-key-lesson_hide_pages").get_by_text(lab.words("page.claims"), exact=True).click()
    dialog.get_by_role("tab", name=lab.words("classroom.fix"), exact=True).click()
    dialog.locator(".st-key-lesson_fix_training").get_by_text(lab.words("field.seed"), exact=True).click()
    address = f"{lab.address}/?dataset=iris&epochs=20&seed=31&hide=network,preview,claims&fix=seed&embed=true"
    expect(dialog.get_by_test_id("stCode").first).to_contain_text(address)
    frame = dialog.get_by_test_id("stCode").nth(1).inner_text()
    dialog.locator(".st-key-lesson_go_large button").click()
    code = dialog.locator(".st-key-lesson_screen .bn-qr")
    expect(code).to_be_visible()
    (read,) = zxingcpp.read_barcodes(np.array(Image.open(io.BytesIO(code.screenshot())).convert("L")))
    assert read.text == address, "on a dark theme, too"

    slide = lab.page.context.new_page()
    slide.set_viewport_size({"width": 820, "height": 640})
    with site(f"<p>1</p>{frame.replace('127.0.0.1', 'localhost')}") as elsewhere:
        slide.goto(elsewhere)
        inside = slide.frame_locator("iframe")
        inside.locator(".bn-play").click()
        expect(inside.locator(".bn-stage")).to_have_attribute("data-state", "ended")
    expect(inside.locator(".bn-new-seed")).to_be_disabled()
    expect(inside.locator("[class*=st-key-field_]")).to_have_count(0)
    expect(inside.get_by_role("link", name=lab.words("page.claims"), exact=True)).to_have_count(0)
    expect(inside.get_by_text(lab.words("preview.title"))).to_have_count(0)
    slide.close()
