"""Processes that a browser test leaves behind, and how to wait for a page."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
from run_folders import copy_run

from core.benchmarks.app import serve_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from core.runs.store import Run


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
