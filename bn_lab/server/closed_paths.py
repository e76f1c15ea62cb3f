"""`ClosedPaths`: addresses at which there is nothing, whatever lies behind them."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

AGENT = "/_stcore/agent/"
"""What the addresses of Streamlit's interface for programs begin with; some of them answer even where it is off."""

LONGEST = 255
"""Bytes of a file's name at most, on all usual systems. Asked for a longer one they raise an error, and that is no failure of
the server: no file of ours has such a name."""


class ClosedPaths:
    """Middleware that answers 404 for what nobody but a program that tries addresses out would ask for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope["type"] == "http" and is_closed(scope["path"]):
            await PlainTextResponse("Not Found", 404)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_closed(path: str) -> bool:
    """Whether there is nothing at a path."""
    return AGENT in f"{path}/" or any(len(name.encode("utf-8", "replace")) > LONGEST for name in path.split("/"))
