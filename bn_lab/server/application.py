"""What `app.py` adds to Streamlit: routes, middleware, and what happens when the server starts and ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute
from streamlit import App, config

from bn_lab.server import addresses, assets, log_limits, stream
from bn_lab.server.closed_paths import ClosedPaths
from bn_lab.server.headers import Headers
from bn_lab.server.seats import raise_file_limit, seats_for
from bn_lab.server.upload_limits import UploadLimits
from bn_lab.server.websocket_gate import BROWSER, WebsocketGate
from bn_lab.service import recordings
from bn_lab.service.limits import MB


def routes() -> list[BaseRoute]:
    """Our addresses, under the path at which Streamlit serves its own (`server.baseUrlPath`)."""
    base = config.get_option("server.baseUrlPath").strip("/")
    prefix = f"/{base}" if base else ""
    return [
        WebSocketRoute(f"{prefix}/{addresses.STREAM}", stream.websocket),
        Route(f"{prefix}/{addresses.POLL}", stream.poll, methods=["POST"]),
        Route(f"{prefix}/{addresses.MODULES}/{{version}}/{{path:path}}", assets.module),
        Route(f"{prefix}/{addresses.PLOTLY}/{{version}}/{addresses.PLOTLY_NAME}", assets.plotly),
        *(Route(f"{prefix}/{path}", assets.page) for path in assets.PAGES),
    ]


def middleware() -> list[Middleware]:
    """What every answer goes through, Streamlit's own, too."""
    return [
        Middleware(Headers, links=assets.links()),
        Middleware(ClosedPaths),
        Middleware(WebsocketGate, seats=seats),
        Middleware(UploadLimits, total=lambda: recordings().limits.own_mb * MB, pages=seats),
    ]


def require_settings() -> None:
    """Go no further with Streamlit's default settings, which let more in: it looks for ours in the folder in which it was
    started and in that of the script.

    Raises:
        RuntimeError: they are not in force.
    """
    trusted = config.get_option("server.trustedUserHeaders")
    if BROWSER.decode() not in map(str.lower, trusted):
        raise RuntimeError(
            f"server.trustedUserHeaders must name {BROWSER.decode()!r} as .streamlit/config.toml does, got {trusted!r}: "
            "start the server in the folder of app.py"
        )


def seats() -> int:
    """How many pages may be connected at once: those that are in, and those that wait for room."""
    return seats_for(recordings().limits.visitors, raise_file_limit())


@asynccontextmanager
async def lifespan(app: App) -> AsyncIterator[None]:
    """Start the workers with the server, so that no visitor need wait for torch, and end them with it.

    Raises:
        RuntimeError: the server's settings are not those of `.streamlit/config.toml`.
    """
    require_settings()
    raise_file_limit()
    async with log_limits.installed():
        recordings().warm()
        try:
            yield
        finally:
            recordings().close()
