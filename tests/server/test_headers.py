"""Every answer says what a browser must not do with it."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from bn_lab.server.headers import FRAME_ANCESTORS, SAFE, Headers


def answering(environment: dict[str, str]) -> TestClient:
    answer = PlainTextResponse("text", headers={"Referrer-Policy": "unsafe-url"})
    return TestClient(Headers(Starlette(routes=[Route("/", answer)]), environment))


@pytest.mark.parametrize("path", ["/", "/nothing"])
def test_headers_are_on_every_answer_once(path: str) -> None:
    answer = answering({}).get(path)
    assert {name: answer.headers.get_list(name) for name in SAFE} == {name: [value] for name, value in SAFE.items()}
    assert "Content-Security-Policy" not in answer.headers


def test_a_host_says_which_sites_may_show_the_lab() -> None:
    answer = answering({FRAME_ANCESTORS: "'self' https://school.example"}).get("/")
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'self' https://school.example"


@pytest.mark.parametrize("sites", ["'self'; script-src *", "a, b", "a\r\nX: y"])
def test_the_setting_holds_sites_and_nothing_else(sites: str) -> None:
    with pytest.raises(ValueError, match=FRAME_ANCESTORS):
        Headers(Starlette(), {FRAME_ANCESTORS: sites})


def test_pages_and_only_they_name_the_files_that_they_will_need() -> None:
    answer = PlainTextResponse("text")
    client = TestClient(Headers(Starlette(routes=[Route("/", answer)]), {}, links="<a.js>; rel=modulepreload"))
    assert client.get("/", headers={"Accept": "text/html,*/*"}).headers["Link"] == "<a.js>; rel=modulepreload"
    assert "Link" not in client.get("/", headers={"Accept": "*/*"}).headers
