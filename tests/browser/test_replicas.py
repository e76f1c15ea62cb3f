"""Several replicas behind nginx, one of them killed while visitors train: they go on at the other one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import expect

from tests.browser import alone
from tests.browser.lab import SECONDS, Lab, Visit
from tests.deploy.replicas import Replica, Site, serve_replicas

pytestmark = pytest.mark.browser

QUERY, SHORT = "dataset=iris&epochs=1500&batch_size=8", "dataset=iris&epochs=500"
"""What is trained while a replica is killed, long enough to be in the midst of it, and what beside it at the other one."""

APP = "[data-testid=stApp]"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serve_replicas(tmp_path_factory.mktemp("site")) as started:
        yield started


def replica_of(lab: Lab) -> str:
    """Address of the replica that a visitor's requests are answered by."""
    return str(lab.page.request.get(f"{lab.address}/_stcore/health").headers["x-replica"]).split(", ")[-1]


def visitor_of(site: Site, replica: Replica, query: str, visit: Visit) -> Lab:
    """A visitor of this replica: one who comes again and again until the lot falls on it."""
    lab = visit(path="rules", address=site.address)
    while replica_of(lab) != replica.address:
        lab.page.context.clear_cookies()
        lab.page.request.get(lab.address)
    return lab.open(query)


def experiment(lab: Lab) -> dict[str, str]:
    """What the address says, but for whether it is being trained."""
    return {name: value for name, value in lab.query.items() if name != "run"}


def trains_again(lab: Lab) -> None:
    """Wait until the page, connected to a replica that knows nothing of it, trains again."""
    lab.ready()
    try:
        expect(lab.feed).not_to_have_attribute("data-run-state", "ready", timeout=3 * SECONDS)
    except AssertionError:
        lab.press("train")


def test_who_trains_at_a_replica_that_is_killed_goes_on_at_the_other(site: Site, visit: Visit) -> None:
    victim, survivor = site.replicas
    other = visitor_of(site, survivor, SHORT, visit)
    lost = [visitor_of(site, victim, QUERY, visit) for _ in range(2)]
    for lab in lost:
        lab.press("train")
    for lab in lost:
        lab.wait_for_epoch(1)
    other.press("train")
    assert [lab.state for lab in lost] == ["running", "running"]
    victim.kill()
    for lab in lost:
        for text in ("WebSocket", "disconnected from server"):
            lab.tolerate(text)  # what a browser says of a lost connection
        lab.page.wait_for_function(f"() => document.querySelector('{APP}').dataset.testConnectionState !== 'CONNECTED'")
    for lab in lost:
        expect(lab.page.locator(APP)).to_have_attribute("data-test-connection-state", "CONNECTED")
        assert replica_of(lab) == survivor.address
        assert experiment(lab) == dict(parse_qsl(QUERY))
        trains_again(lab)
    for lab, query in ((other, SHORT), *((lab, QUERY) for lab in lost)):
        lab.expect_state("done", seconds=60)
        expected = alone.losses(query)
        assert lab.finished_curves(len(expected["before.train.loss"][0])) == expected
    assert other.complaints() == [], "who was at the other replica has noticed something"
