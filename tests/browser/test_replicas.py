"""Several replicas behind nginx, one of them killed while visitors train: they go on at the other one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest

from tests.browser import alone
from tests.browser.conftest import wait_until
from tests.browser.lab import LONG, Lab, Visit
from tests.deploy.replicas import Replica, Site, serve_replicas

pytestmark = pytest.mark.browser

SHORT = "dataset=iris&epochs=500"
"""What is trained beside it at the replica that is not killed."""

CONNECTED = "() => document.querySelector('[data-testid=stApp]').dataset.testConnectionState === 'CONNECTED'"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serve_replicas(tmp_path_factory.mktemp("site")) as started:
        yield started


def replica_of(lab: Lab) -> str:
    """Address of the replica that a visitor's requests are answered by."""
    return str(lab.page.request.get(f"{lab.address}/_stcore/health").headers["x-replica"]).split(", ")[-1]


def visitor_of(site: Site, replica: Replica, query: str, visit: Visit) -> Lab:
    """A visitor of this replica: one who comes again and again until the lot falls on it."""
    lab = visit(path="_stcore/health", address=site.address)
    lab.page.request.get(lab.address)  # which draws
    while replica_of(lab) != replica.address:
        lab.page.context.clear_cookies()
        lab.page.request.get(lab.address)
    return lab.open(query)


def test_who_trains_at_a_replica_that_is_killed_goes_on_at_the_other(site: Site, visit: Visit) -> None:
    victim, survivor = site.replicas
    other = visitor_of(site, survivor, SHORT, visit)
    lost = [visitor_of(site, victim, LONG, visit) for _ in range(2)]
    for lab in lost:
        lab.play()
    for lab in lost:
        lab.wait_for_epoch(1)
    other.play()
    assert [lab.state for lab in lost] == ["training", "training"]
    reconnected: set[Lab] = set()
    for lab in lost:
        lab.tolerate("WebSocket", "disconnected from server")  # what a browser says of a lost connection
        lab.page.on("websocket", lambda _, lab=lab: reconnected.add(lab))
    victim.kill()
    known = {lab: lab.epoch for lab in lost}
    for lab in lost:
        # Not the moment without a connection, which may be too short to be seen.
        wait_until(lambda lab=lab: lab.page.evaluate(CONNECTED) and lab in reconnected, 60, "the page has reconnected")
        assert replica_of(lab) == survivor.address
        assert lab.query == dict(parse_qsl(LONG))
    other.expect_state("ended", seconds=90)
    assert other.finished_curves(500) == alone.losses(SHORT)
    expected = alone.losses(LONG, max(known.values()) + 5)  # more than anybody had from the one that was killed
    for lab in lost:
        assert lab.first_curves(max(known.values()) + 5, seconds=90) == expected
        assert lab.state == "training"
    assert other.complaints() == [], "who was at the other replica has noticed something"
