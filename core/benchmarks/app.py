"""The app as a person meets it: a server process of its own and a Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import CoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PROJECT = Path(__file__).resolve().parents[2]
ENTRY = PROJECT / "dashboard" / "Home.py"
START_LIMIT_S = 60.0
# A Chromium in a container has no sandbox and no GPU; the others keep it from asking the outside for anything.
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def serve_app(log: Path, *, script: Path = ENTRY, folder: Path = PROJECT, **environment: str) -> Iterator[str]:
    """Run the app on a free port for as long as the context lasts, and give its address.

    Args:
        log: file to which the server's output is appended.
        script: to run with Streamlit.
        folder: working directory of the server.
        environment: variables to add to those of this process.

    Raises:
        CoreError: if it does not answer within a minute.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    with log.open("ab") as output:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for_answer(port, server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for_answer(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise CoreError(f"The app did not start: {log.read_text(encoding='utf-8', errors='replace')[-500:]}")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start a headless Chromium: the system's, or else Playwright's own.

    Raises:
        CoreError: if Playwright or every Chromium is missing.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise CoreError("Playwright is missing; `pip install -e '.[test]'` brings it.") from None
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        except Error as error:
            raise CoreError(f"No Chromium could be started ({error.message.splitlines()[0]}); install one.") from None
        try:
            yield browser
        finally:
            browser.close()
