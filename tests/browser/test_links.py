"""The address is the experiment."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import alone
from tests.browser.lab import LONG, Visit

pytestmark = pytest.mark.browser


def test_a_reloaded_page_opens_the_same_experiment_and_gives_the_same_curve(visit: Visit) -> None:
    lab = visit("epochs=20&seed=61")
    lab.choose("dataset", lab.words("dataset.iris"))
    lab.wait_for_query(dataset="iris", epochs="20", seed="61")
    lab.train_to_the_end()
    first = lab.finished_curves(20)
    lab.page.reload()
    lab.ready()
    lab.expect_state("ended")  # at once: the recording is still there
    lab.wait_for_query(dataset="iris", epochs="20", seed="61")
    assert lab.finished_curves(20) == first == alone.losses("dataset=iris&epochs=20&seed=61")


@pytest.mark.thorough
def test_another_visitor_of_the_link_gets_the_same_curve(visit: Visit) -> None:
    query = "dataset=iris&epochs=20&width=16&activation=relu&arms=none,after&learning_rate=0.01&seed=7"
    first, second = visit(query), visit(query)
    for lab in (first, second):
        assert dict(pair.split("=") for pair in query.split("&")) == lab.query
        lab.train_to_the_end()
    assert first.finished_curves(20) == second.finished_curves(20) == alone.losses(query)


def test_the_link_to_copy_is_the_address(visit: Visit) -> None:
    lab = visit("dataset=iris&depth=5")
    lab.page.locator(".st-key-share button").filter(visible=True).click()
    shown = lab.page.locator(".bn-copy pre")
    expect(shown).to_contain_text(f"{lab.address}/?dataset=iris&depth=5")
    expect(lab.page.get_by_text(lab.words("share.local"))).to_be_visible()
    lab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab.page.locator(".bn-copy button").click()
    expect(lab.page.locator('.bn-copy[data-copied="true"]')).to_be_visible()
    assert lab.page.evaluate("navigator.clipboard.readText()") == f"{lab.address}/?dataset=iris&depth=5"


def test_the_link_to_copy_has_the_moment_on_screen(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20")
    lab.train_to_the_end()
    lab.wait_for_query(dataset="iris", epochs="20", run="all")
    lab.page.locator(".st-key-share button").filter(visible=True).click()
    expect(lab.page.locator(".bn-copy pre")).to_have_text(f"{lab.address}/?dataset=iris&epochs=20&run=all")


def test_a_link_with_bad_values_names_each_and_keeps_the_rest(visit: Visit) -> None:
    lab = visit("dataset=iris&depth=99&optimizer=magic&colour=red&epochs=20")
    alerts = lab.page.get_by_test_id("stAlert")
    for field, value in (("depth", "99"), ("optimizer", "magic")):
        message = alerts.get_by_text(lab.words(f"field.{field}")).filter(has_text=value)
        expect(message).to_be_visible()
    expect(alerts.get_by_text("colour")).to_be_visible()
    lab.wait_for_query(dataset="iris", epochs="20")


def test_moving_between_the_pages_keeps_experiment_and_training(visit: Visit) -> None:
    lab = visit(f"{LONG}&depth=2&lang=en&seed=62")
    lab.play()
    lab.wait_for_epoch(20)
    recording, query = lab.recording, lab.query
    lab.menu("rules")
    lab.page.wait_for_url("**/rules**")
    lab.wait_for_query(**query)
    lab.page.get_by_role("link", name=lab.words("page.lab"), exact=True).click()
    lab.ready()
    lab.wait_for_query(**query)
    assert lab.recording == recording
    lab.wait_for_epoch(lab.epoch + 20)


def test_a_link_to_the_rules_keeps_the_experiment(visit: Visit) -> None:
    lab = visit("dataset=iris&epochs=20", path="rules")
    lab.page.get_by_role("link", name=lab.words("page.lab"), exact=True).click()
    lab.ready()
    lab.wait_for_query(dataset="iris", epochs="20")
