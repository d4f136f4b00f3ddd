"""A real Chromium, and pages in it that may meet no error and ask nothing of the outside."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from core.benchmarks.app import open_browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Error, Page

# A page is quick, but the machine may be busy with something else.
TIMEOUT_MS = 30_000
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with open_browser() as chromium:
        yield chromium


@pytest.fixture
def open_page(browser) -> Iterator[Callable[..., Page]]:
    """Open pages of an address; at the end none may have met an error, or asked anything of the outside."""
    contexts, complaints = [], []

    def open_one(
        address: str, *, scheme: str = "light", size: tuple[int, int] = (1280, 800), touch: bool = False
    ) -> Page:
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": size[0], "height": size[1]}, has_touch=touch, is_mobile=touch
        )
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: _check_error(error, complaints))
        page.on("console", lambda line: _check_line(line, complaints))
        page.on("request", lambda request: _check_inside(request.url, complaints))
        page.on("websocket", lambda socket: _check_inside(socket.url, complaints))
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        for page in context.pages:
            shown = page.locator('[data-testid="stException"]').all_inner_texts()
            complaints.extend(f"exception on {page.url}: {text}" for text in shown)
        context.close()
    assert complaints == [], "\n".join(complaints)


def _check_error(error: Error, complaints: list[str]) -> None:
    # Asked to show the canvas anew while it is still fetching the canvas's script for the time before (a click within
    # a few milliseconds of a change of theme does it), Streamlit takes down at once what that script then puts up. The
    # canvas goes on loading its strokes and finds nothing to clear; the one that is asked for is up by then.
    is_canvas_taken_down = "'clearRect'" in error.message and "streamlit_drawable_canvas" in (error.stack or "")
    if not is_canvas_taken_down:
        complaints.append(f"error in the page: {error}")


def _check_line(line: ConsoleMessage, complaints: list[str]) -> None:
    # On a deep link Streamlit's own front end first looks for its server beneath the page's path, and is told 404.
    if line.type == "error" and "/_stcore/" not in line.location["url"]:
        complaints.append(f"console: {line.text} ({line.location['url']})")


def _check_inside(url: str, complaints: list[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("127.0.0.1", "localhost"):
        complaints.append(f"asked the outside: {url}")
