"""Processes that a browser test leaves behind, and how to wait for a page and click into a chart."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
from playwright.sync_api import Error
from run_folders import copy_run

from core.benchmarks.app import serve_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from core.runs.store import Run

_SPOT = """
mark => {
    const one = mark.getBoundingClientRect();
    for (const axes of mark.closest(".js-plotly-plot").querySelectorAll(".nsewdrag")) {
        const two = axes.getBoundingClientRect();
        const left = Math.max(one.left, two.left), right = Math.min(one.right, two.right);
        const top = Math.max(one.top, two.top), bottom = Math.min(one.bottom, two.bottom);
        if (left < right && top < bottom) return [(left + right) / 2, (top + bottom) / 2];
    }
    return null;
}
"""
_LOOKS, _BETWEEN_LOOKS_MS = 50, 150


@contextmanager
def serve_finished_run(home: Path, mnist_cache: Path, trained: Run) -> Iterator[tuple[Run, str]]:
    """Run the app in a home with MNIST and a copy of one finished run; give the run and the app's address."""
    (home / "datasets").symlink_to(mnist_cache)
    run = copy_run(trained, home, id="20260101-000000-sprint-done")
    with serve_app(home / "server.log", DIGITS_HOME=str(home), DIGITS_OFFLINE="1") as address:
        yield run, address


def end_training(home: Path) -> None:
    """End whatever trains in a home; these processes outlive the server on purpose."""
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "core" in command and "train" in command:
            try:
                if process.environ().get("DIGITS_HOME") == str(home):
                    process.kill()
            except psutil.Error:
                continue


def wait_until_calm(page: Page) -> None:
    """Wait until the page has been drawn and its script has ended."""
    page.wait_for_selector('[data-testid="stMain"] [data-testid="stElementContainer"]')
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


def wait_until_kept(page: Page, strokes: int = 1) -> None:
    """Wait until the canvas has sent so many strokes and the browser has put them away, some time after the answer."""
    kept = "JSON.parse(sessionStorage.getItem('digits.drawing') ?? 'null')?.strokes.length"
    page.wait_for_function(f"() => {kept} === {strokes}")


def click_mark(mark: Locator) -> None:
    """Click a mark of a chart with the mouse: Plotly looks at where that is, not at what it hits.

    Waits until the mark keeps its place: a chart that is given anew comes to rest only after its page does.
    """
    wait_until_calm(mark.page)
    before = None
    for _ in range(_LOOKS):
        try:
            mark.scroll_into_view_if_needed()
            spot = find_spot(mark)
        except Error:  # a chart that was given anew has just taken the place of this one
            spot = None
        if spot and spot == before:
            mark.page.mouse.move(*spot)
            mark.page.mouse.click(*spot)
            return
        before = spot
        mark.page.wait_for_timeout(_BETWEEN_LOOKS_MS)
    raise AssertionError("the mark does not come to rest inside its axes")


def find_spot(mark: Locator) -> list[float] | None:
    """Return the middle of what is to be seen of a mark, in pixels of the window; None if it lies outside its axes."""
    spot: list[float] | None = mark.evaluate(_SPOT)
    return spot
