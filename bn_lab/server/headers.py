"""`Headers`: what every answer says to the browser about safety, and every page about the files that it will need."""

from __future__ import annotations

import os
from collections.abc import Mapping

from starlette.datastructures import Headers as RequestHeaders
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FRAME_ANCESTORS = "BN_LAB_FRAME_ANCESTORS"
"""Setting of the environment: the sites that may show the lab inside their pages, such as `'self' https://school.example`;
all where it is not set, because a lesson's link may be embedded anywhere."""

SAFE: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Headers:
    """Middleware that adds `SAFE`, and `frame-ancestors` where the host sets it, to every answer, and `Link` to every page.

    Args:
        app: what answers.
        environment: where the setting is looked up.
        links: files that a page will need (RFC 8288), which the browser then fetches beside Streamlit's own instead of after.
    """

    def __init__(self, app: ASGIApp, environment: Mapping[str, str] = os.environ, links: str = "") -> None:
        self._app, self._links = app, links
        sites = environment.get(FRAME_ANCESTORS, "").strip()
        if any(letter in sites for letter in ";,\r\n"):
            raise ValueError(f"{FRAME_ANCESTORS} must be sites separated by spaces, got {sites[:60]!r}")
        self._headers = {**SAFE, **({"Content-Security-Policy": f"frame-ancestors {sites}"} if sites else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with these headers in the place of any of the same name."""
        is_page = scope["type"] == "http" and "text/html" in RequestHeaders(scope=scope).get("accept", "")
        added = {**self._headers, **({"Link": self._links} if self._links and is_page else {})}

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in added.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
