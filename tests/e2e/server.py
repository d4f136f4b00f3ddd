"""Processes that a browser test leaves behind, and how to wait for a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page


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
