"""Two replicas behind nginx, as deploy/compose.yaml starts them: what a client gets, also when one of them is killed."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pytest

from bn_lab.server import addresses
from tests.browser.conftest import wait_until
from tests.deploy import image
from tests.deploy.replicas import Site, serve_replicas

pytestmark = pytest.mark.processes

HEALTH = "/_stcore/health"


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def replica(self) -> str:
        """By whom it is: the address of the last one that was asked."""
        return str(self.headers["X-Replica"]).split(", ")[-1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serve_replicas(tmp_path_factory.mktemp("site")) as started:
        yield started


def ask(site: Site, path: str, cookie: str = "", method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection(site.address.removeprefix("http://"), timeout=30)
    try:
        connection.request(method, path, headers=headers | ({"Cookie": cookie} if cookie else {}))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def drawn(answer: Answer) -> str:
    """The cookie that an answer sets."""
    return str(answer.headers["Set-Cookie"]).partition(";")[0]


PLOTLY = f"/{addresses.PLOTLY}/{version('plotly')}/{addresses.PLOTLY_NAME}"
"""The path of Plotly's script."""


def visitors(site: Site) -> dict[str, str]:
    """A visitor of each replica: its address to the cookie."""
    collected: dict[str, str] = {}
    for _ in range(100):
        answer = ask(site, "/")
        collected[answer.replica] = drawn(answer)
        if len(collected) == len(site.replicas):
            return collected
    raise AssertionError(f"all visitors in {set(collected)}")


def test_a_visitor_draws_a_lot_once_and_stays_with_its_replica(site: Site) -> None:
    for replica, cookie in visitors(site).items():
        answers = [ask(site, path, cookie) for path in ("/", "/claims", HEALTH, "/?dataset=iris", HEALTH)]
        assert {answer.replica for answer in answers} == {replica}
        assert not any("bn_lab_replica" in line for answer in answers for line in answer.headers.get_all("Set-Cookie", []))


def test_only_pages_give_lots_out(site: Site) -> None:
    for path in (HEALTH, PLOTLY):
        assert not any("bn_lab" in line for line in ask(site, path).headers.get_all("Set-Cookie", []))


def test_the_cookie_crosses_sites_only_by_tls(site: Site) -> None:
    plain, secure = ask(site, "/"), ask(site, "/", **{"X-Forwarded-Proto": "https"})
    assert "SameSite=Lax" in plain.headers["Set-Cookie"]
    assert "Secure; SameSite=None" in secure.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "//_stcore/metrics",
        "/_stcore/%6detrics",
        "/x/../_stcore/metrics",
        "/_stcore/agent/openapi.json",
        "/_stcore/script-health-check",
    ],
)
def test_what_is_no_visitors_business_is_closed(site: Site, path: str) -> None:
    assert ask(site, path).status == 404
    assert ask(site, HEALTH).body == b"ok"


def test_what_the_browser_may_keep_and_may_not_do(site: Site) -> None:
    for path, kept in ((PLOTLY, True), ("/", False)):
        answer = ask(site, path)
        assert answer.status == 200
        assert ("immutable" in answer.headers["Cache-Control"]) == kept
        assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Server"] == "nginx", "with its version"
        assert "X-Frame-Options" not in answer.headers


def test_scripts_are_compressed_once(site: Site) -> None:
    index = ask(site, "/").body.decode()
    script = index.partition('src="./')[2].partition('"')[0]
    answer = ask(site, f"/{script}", **{"Accept-Encoding": "gzip"})
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    answer = ask(site, PLOTLY, **{"Accept-Encoding": "gzip"})
    assert (answer.status, answer.headers.get_all("Content-Encoding")) == (200, ["gzip"])
    assert len(answer.body) < len(ask(site, PLOTLY).body) / 2


def test_nothing_larger_than_the_largest_file_is_let_through(site: Site) -> None:
    size = str(22 * 1024 * 1024)
    assert ask(site, "/_stcore/upload_file/x/y", method="PUT", **{"Content-Length": size}).status == 413


@pytest.mark.parametrize("path", ["/_stcore/stream", f"/{addresses.STREAM}"])
def test_a_page_of_another_site_gets_neither_a_websocket_nor_an_upload(site: Site, path: str) -> None:
    host = site.address.removeprefix("http://")
    key = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    for origin, expected in (
        (f"http://{host}", 101),
        ("http://elsewhere.example", 403),
        (f"http://{host}0", 403),
        ("null", 403),
    ):
        assert ask(site, path, **key, Origin=origin).status == expected
    assert ask(site, "/_stcore/upload_file/x/y", method="PUT").status == 403


def test_nothing_of_the_image_can_be_written_to(site: Site) -> None:
    command = image.without_rights(["touch", str(site.image / "new")])
    assert subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode != 0


def test_the_health_check_tells_a_server_from_none(site: Site) -> None:
    port = site.replicas[0].address.partition(":")[2]
    for there, expected in ((port, 0), ("1", 1)):
        command = [part.replace(":8501", f":{there}") for part in image.health_check()]
        done = subprocess.run(command, env=os.environ | image.PATH, stderr=subprocess.DEVNULL, check=False)
        assert done.returncode == expected


def test_no_id_of_a_session_is_logged(site: Site) -> None:
    for path in (
        "/_stcore/upload_file/SECRET/FILE",
        "//_stcore/upload_file/SECRET/FILE?SECRET",
        "/media/SECRET.csv",
        "/component/SECRET",
    ):
        ask(site, path, method="PUT")
        ask(site, path)
    ask(site, "/claims?dataset=SECRET")
    wait_until(lambda: '"GET /claims"' in site.log.read_text(encoding="utf-8"), 10, "nginx writes")
    written = site.log.read_text(encoding="utf-8") + "".join(
        replica.log.read_text(encoding="utf-8") for replica in site.replicas
    )
    assert "SECRET" not in written
    assert '"PUT /_stcore/upload_file/..."' in written


def hand_shake(site: Site) -> socket.socket:
    """A socket that a page would open, and its answer unread; it says nothing more."""
    host, _, port = site.address.removeprefix("http://").partition(":")
    opened = socket.create_connection((host, int(port)), timeout=30)
    lines = ["GET /_stcore/stream HTTP/1.1", f"Host: {host}:{port}", f"Origin: {site.address}", "Upgrade: websocket"]
    lines += ["Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", ""]
    opened.sendall("\r\n".join(lines).encode())
    return opened


def test_one_address_has_sockets_for_a_class_and_no_more(site: Site) -> None:
    with ExitStack() as stack:

        def statuses(count: int) -> list[int]:
            sockets = [stack.enter_context(closing(hand_shake(site))) for _ in range(count)]
            return [int(opened.recv(64).split()[1]) for opened in sockets]

        assert statuses(160) == [101] * 160, "a class of 40 whose network has just come back"
        beyond = statuses(60)
        assert beyond.count(101) <= 40
        assert set(beyond) == {101, 429}
        assert ask(site, HEALTH).status == 200, "pages are read still"
    assert not any("Traceback" in replica.log.read_text(encoding="utf-8") for replica in site.replicas)


def test_one_address_cannot_upload_without_end_and_loses_nothing_else_by_trying(site: Site) -> None:
    statuses = [ask(site, "/_stcore/upload_file/x/y", method="PUT").status for _ in range(120)]
    assert statuses[:40] == [403] * 40, "a class that opens its files"
    assert set(statuses) == {403, 429}
    assert ask(site, "/").status == 200


def test_after_a_kill_the_other_replica_answers_and_no_client_sees_it(tmp_path: Path) -> None:
    with serve_replicas(tmp_path) as site:
        cookies = visitors(site)
        victim, survivor = site.replicas
        victim.kill()
        for _ in range(5):
            for cookie in (*cookies.values(), ""):
                answer = ask(site, HEALTH, cookie)
                assert (answer.status, answer.replica) == (200, survivor.address)
        assert "Traceback" not in survivor.log.read_text(encoding="utf-8")
