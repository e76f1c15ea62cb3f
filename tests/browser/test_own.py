"""Own data in a real browser: opened, trained, and asked for where a link to them is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from bn_lab.datasets.uploads import digest_of
from tests.browser.conftest import SCREENSHOTS
from tests.browser.lab import Lab, Visit
from tests.browser.test_classroom import site

IRIS = (Path(__file__).resolve().parents[2] / "data" / "iris.csv").read_text(encoding="utf-8")
FILE = IRIS.replace(",", ";").replace(".", ",").encode("cp949")

pytestmark = pytest.mark.browser


def give(lab: Lab, data: bytes, name: str) -> None:
    """Choose a file in the page's only place for one."""
    lab.page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": data})


def test_a_korean_file_is_trained_and_its_link_asks_for_it(visit: Visit) -> None:
    lab = visit("epochs=30&seed=3", path="own", language="ko", width=390)
    give(lab, FILE, "아이리스 <b>.csv")
    found = lab.page.get_by_text("cp949 (EUC-KR)").first
    expect(found).to_be_visible()
    expect(lab.page.get_by_text("아이리스 <b>.csv").first).to_be_visible()
    expect(lab.page.locator(".st-key-uploads_correlations .js-plotly-plot")).to_be_visible()
    SCREENSHOTS.mkdir(exist_ok=True)
    lab.page.screenshot(path=SCREENSHOTS / "own-data-390-ko.png", full_page=True)
    lab.page.locator(".st-key-uploads_use button").click()
    lab.ready()
    lab.train_to_the_end()
    dataset = f"own-{digest_of(FILE)}-4-classification-dropped"
    lab.wait_for_query(dataset=dataset, epochs="30", seed="3")
    curves = lab.finished_curves(30)

    other = visit(f"dataset={dataset}&epochs=30&seed=3&run=all", path="lab")
    expect(other.page.get_by_text(digest_of(FILE)[:8]).first).to_be_visible()
    give(other, FILE + b"\n", "other.csv")
    expect(other.page.get_by_text(digest_of(FILE + b"\n")[:8]).first).to_be_visible()
    other.wait_for_query(dataset=dataset, epochs="30", seed="3", run="all")
    give(other, FILE, "iris.csv")
    other.ready()
    other.expect_state("ended")
    other.wait_for_query(**lab.query, run="all")
    assert other.finished_curves(30) == curves


def test_how_a_file_is_read_is_changed_and_stands_in_the_address(visit: Visit) -> None:
    lab = visit("epochs=3", path="own", width=1280)
    data = "a:b\n" + "\n".join(f"{k % 7}:{-200 if k % 5 == 4 else k}" for k in range(40))
    give(lab, data.encode(), "colons.txt")
    expect(lab.page.get_by_text(lab.words("error.file_one_column"))).to_be_visible()
    field = lab.page.locator("[class*=st-key-uploads_read_delimiter]")
    field.locator("input").click()
    lab.page.get_by_role("option", name=lab.words("uploads.separator.colon"), exact=True).click()
    suspect = lab.page.get_by_role("button", name=lab.words("uploads.suspect_missing"))
    expect(suspect).to_be_visible()
    suspect.click()
    expect(suspect).to_have_count(0)
    lab.page.locator(".st-key-uploads_use button").click()
    lab.ready()
    lab.wait_for_query(dataset=f"own-{digest_of(data.encode())}-1-regression-dropped-read-d3a-m2d323030", epochs="3")


def test_inside_another_sites_page_a_table_is_pasted(visit: Visit) -> None:
    lab = visit(path="own")
    slide = lab.page.context.new_page()
    frame = f'<iframe src="{lab.address}/own?embed=true" width="800" height="600"></iframe>'
    with site(frame.replace("127.0.0.1", "localhost")) as elsewhere:
        slide.goto(elsewhere)
        inside = slide.frame_locator("iframe")
        expect(inside.get_by_text(lab.words("uploads.no_upload"))).to_be_visible()
        expect(inside.locator("input[type=file]")).to_have_count(0)
        inside.locator("textarea").fill(IRIS)
        inside.locator("textarea").blur()
        inside.locator(".st-key-uploads_paste button").click()
        expect(inside.locator(".st-key-uploads_use button")).to_be_visible()
    slide.close()
