"""The app as a real process, for the browser tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serve(script: str, log: Path, *, working_directory: Path = ROOT, **environment: str) -> Iterator[str]:
    """Run a Streamlit script on a free port and give its address; its own children end with it."""
    port = find_free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / script), "--server.port", str(port)]
    env = {**os.environ, **environment}
    with log.open("ab") as output:
        server = subprocess.Popen(command, cwd=working_directory, env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_for_server(port, server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for_server(port: int, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not answer on port {port}: {log.read_text()}")


def end_training(home: Path) -> None:
    """End whatever trains in a home; the processes outlive the server on purpose."""
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "core" in command and "train" in command:
            try:
                if process.environ().get("DIGITS_HOME") == str(home):
                    process.kill()
            except psutil.Error:
                continue
