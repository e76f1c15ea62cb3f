"""Two features: every arm's boundary is drawn live, follows the playhead, and the page about the data leads to it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Visit

pytestmark = pytest.mark.browser

QUERY = "dataset=spiral&data_noise=0.05&epochs=30&width=16&optimizer=adam&learning_rate=0.01&validation_share=0.2"

DRAWN = """() => {
    const found = {};
    for (const trace of document.querySelector(".bn-figure[data-name=boundary] .js-plotly-plot").data) {
        if (trace.type === "heatmap") found[trace.meta.bind.z.row[0]] = trace.z.flatMap((row) => Array.from(row));
    }
    return found;
}"""


def test_the_boundary_of_every_arm_is_drawn_and_follows_the_epoch_on_screen(visit: Visit) -> None:
    lab = visit(QUERY)
    lab.in_step(lab.figure("boundary"))
    lab.page.wait_for_function(f"() => Object.values(({DRAWN})()).every((values) => values.length)")  # its rows have come
    before = lab.page.evaluate(DRAWN)
    assert set(before) == {"none.boundary", "before.boundary"}
    assert {len(values) for values in before.values()} == {40 * 40}
    lab.train_to_the_end()
    lab.in_step(lab.figure("boundary"))
    after = lab.page.evaluate(DRAWN)
    assert all(min(values) < 0.1 and max(values) > 0.9 for values in after.values())
    assert after["none.boundary"] != after["before.boundary"]
    lab.press("start")  # back to the untrained networks
    lab.expect_cursor(0)
    lab.in_step(lab.figure("boundary"))
    assert lab.page.evaluate(DRAWN) == before


@pytest.mark.thorough
def test_the_page_about_the_data_opens_a_set_in_the_lab(visit: Visit) -> None:
    lab = visit("dataset=digits&epochs=3", path="data")
    expect(lab.page.locator("[data-testid=stImage] img")).to_be_visible()
    lab.page.locator(".st-key-data_set").get_by_text(lab.words("dataset.moons"), exact=True).click()
    expect(lab.plot("data_picture")).to_be_visible()
    with lab.page.expect_download() as download:
        lab.page.locator(".st-key-data_csv_moons button").filter(visible=True).click()
    assert download.value.path().read_text(encoding="utf-8").startswith("x1,x2,class\n")
    lab.page.locator(".st-key-data_open button").filter(visible=True).click()
    lab.ready()
    lab.wait_for_query(dataset="moons", epochs="3")
    lab.in_step(lab.figure("boundary"))
