"""Who is let in: requests to the app by one of its own names, from its own pages; and what these pages may load.

Streamlit checks names and origins itself, but of the connection for live updates alone, lets in pages of any other
program on this machine, and asks two servers outside for its own address before it turns a foreign page away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The browser itself then contacts nobody but the server, whatever a page is made to show, and shows the app in no frame
# of another's page. Streamlit's own front end needs inline scripts and blobs.
CONTENT_POLICY = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)


class Doorkeeper:
    """ASGI middleware that refuses foreign origins and tells the browser what a page may load."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 403."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if not _is_own_page(Headers(scope=scope)):
            answer = PlainTextResponse("This request comes from a page that is not this app's.", status_code=403)
            await answer(scope, receive, send)
            return

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = CONTENT_POLICY
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self.app(scope, receive, send_with_policy)


def _is_own_page(headers: Headers) -> bool:
    """Whether no page sent the request, or one of the place that it goes to, or one that is allowed by name."""
    origin = headers.get("origin")
    if origin is None or origin in st.get_option("server.corsAllowedOrigins"):
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    # Only the place: a proxy in front of the app may speak https to the browser.
    return parts.scheme in ("http", "https") and parts.netloc.lower() == headers.get("host", "").lower()


def build_middleware() -> list[Middleware]:
    """Return what stands before the app: `server.allowedHosts` for every request, then the doorkeeper."""
    hosts = st.get_option("server.allowedHosts") or ["*"]  # none means any, as in Streamlit
    return [Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False), Middleware(Doorkeeper)]
