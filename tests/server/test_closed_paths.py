"""What nobody but a program that tries addresses out asks for is not there, and never an error of the server."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_path_security_middleware import PathSecurityMiddleware
from streamlit.web.server.starlette.starlette_routes import create_app_static_serving_routes
from streamlit.web.server.starlette.starlette_static_routes import create_streamlit_static_assets_routes

from bn_lab.server.closed_paths import ClosedPaths

LONG = "a" * 300


def serving(script: Path, *middleware: Middleware) -> TestClient:
    """Streamlit's files, and those of an app."""
    routes = [*create_app_static_serving_routes(str(script), ""), *create_streamlit_static_assets_routes("")]
    return TestClient(Starlette(routes=routes, middleware=[*middleware, Middleware(PathSecurityMiddleware)]))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/app/static/{LONG}", 404),
        (f"/app/static/{'ü' * 200}", 404),
        (f"/static/{LONG}.js", 404),
        (f"/{LONG}/x", 404),
        ("/" + "/".join(["a" * 200] * 30), 200),  # a page that there is not; the app says so
        ("/app/static/%00", 400),
        ("/static/%00", 400),
        ("/static/..%2f..%2fapp.py", 400),
        ("/app/static/..%2f..%2fapp.py", 400),
        ("/static/%ff%fe", 200),
        ("/app/static/%ed%a0%80", 404),
    ],
)
def test_names_that_no_file_can_have_are_not_there(tmp_path: Path, path: str, status: int) -> None:
    (tmp_path / "static").mkdir()
    assert serving(tmp_path / "app.py", Middleware(ClosedPaths)).get(path).status_code == status


def test_without_it_a_long_name_is_an_error_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    with pytest.raises(OSError, match="too long"):
        serving(tmp_path / "app.py").get(f"/app/static/{LONG}")


@pytest.mark.parametrize(
    "path",
    ["/_stcore/agent", "/_stcore/agent/interact", "/_stcore/agent/openapi.json", "/_stcore/agent/mcp", "/x/_stcore/agent/y"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_the_interface_for_programs_is_not_there(path: str, method: str) -> None:
    inner = Starlette(routes=[Route("/{path:path}", PlainTextResponse("there"), methods=["GET", "POST", "OPTIONS"])])
    client = TestClient(ClosedPaths(inner))
    assert client.request(method, path).status_code == 404
    assert client.request(method, "/_stcore/health").text == "there"
