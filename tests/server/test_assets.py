"""What the browser loads comes whole, compressed, for good, and under a name that changes with its content."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest
from starlette.testclient import TestClient

from bn_lab.server import addresses, assets

PLOTLY = f"/{addresses.PLOTLY}/{version('plotly')}/{addresses.PLOTLY_NAME}"
MODULES = f"/{addresses.MODULES}/{assets.modules_version()}"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_plotly_is_that_of_the_package(client: TestClient, encoding: str) -> None:
    answer = client.get(PLOTLY, headers={"Accept-Encoding": encoding})
    assert answer.headers.get("Content-Encoding", "identity") == encoding
    assert answer.content == assets.plotly_source().read_bytes()


@pytest.mark.parametrize("name", assets.modules())
def test_a_module_may_be_kept_for_good(client: TestClient, name: str) -> None:
    answer = client.get(f"{MODULES}/{name}")
    assert answer.content == assets.modules()[name]
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        f"/{addresses.PLOTLY}/1.0/{addresses.PLOTLY_NAME}",
        f"/{addresses.MODULES}/000000000000/lab.js",
        f"{MODULES}/no.js",
        f"{MODULES}/../components.py",
        f"{MODULES}/%2e%2e/components.py",
        f"{MODULES}//etc/passwd",
    ],
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_modules_import_only_what_is_there() -> None:
    for name, content in assets.modules().items():
        folder = name.rpartition("/")[0]
        for imported in re.findall(r'(?:from|import) "(\.[^"]+)"', content.decode()):
            path = re.sub(r"[^/]+/\.\./", "", f"{folder}/{imported}".replace("/./", "/").lstrip("/")).removeprefix("./")
            assert path in assets.modules(), f"{name} imports {imported}"


@pytest.mark.parametrize("kind", ["stage", "panel", "table", "copy", "scroll", "connect"])
def test_the_loader_is_small_and_names_what_is_served(kind: str) -> None:
    text = assets.loader(kind)
    assert len(text) < 400  # it travels with every call
    assert f"{MODULES}/lab.js"[1:] in text
    assert PLOTLY[1:] in text
    assert f"export const {kind} =" in assets.modules()["lab.js"].decode()


def test_what_a_page_is_told_to_fetch_is_there(client: TestClient) -> None:
    named = re.findall(r"<([^>]+)>; rel=", assets.links())
    assert len(named) == len(assets.modules()) + 1
    assert all(client.get(f"/{name}").status_code == 200 for name in named)


@pytest.mark.parametrize("path", assets.PAGES)
def test_on_every_page_our_module_comes_before_streamlits(client: TestClient, path: str) -> None:
    answer = client.get(f"/{path}")
    first, *others = re.findall(r'<script type="module"[^>]* src="\./([^"]+)"', answer.text)
    assert first == f"{MODULES}/{assets.START}"[1:]
    assert others
    assert client.get(f"/{first}").status_code == 200
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("text/html; charset=utf-8", "no-cache")


def test_the_pages_are_those_of_the_script() -> None:
    script = (assets.HERE.parent / "script.py").read_text(encoding="utf-8")
    assert {*assets.PAGES} == {"", *re.findall(r'url_path="(\w+)"', script)}
