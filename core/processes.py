"""Processes that outlive the one that starts them, and how to know one again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil

# Linux counts start times in hundredths of a second from a boot time that may be off by one.
_SAME_START_S = 2.0


def launch_detached(arguments: list[str], log: Path, *, append: bool, **environment: str) -> subprocess.Popen[bytes]:
    """Start `python -m core …` in a session of its own, so that nothing that happens to this process reaches it.

    Args:
        arguments: after `python -m core`.
        log: file for its output.
        append: whether to keep what the log already holds.
        environment: variables to add to those of this process.
    """
    root = str(Path(__file__).resolve().parent.parent)
    # The package must be found from any working directory, also in a checkout that is not installed.
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    with log.open("ab" if append else "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **environment},
        )
    # A child that nobody waits for stays behind as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()
    return process


def identify_process(pid: int | None = None) -> tuple[int, float]:
    """Return pid and start time (seconds since 1970), which together name a process, by default this one."""
    process = psutil.Process(pid)
    return process.pid, process.create_time()


def is_alive(pid: int | None, started: float | None) -> bool:
    """Whether the process that `identify_process` named still runs; another one that got its pid does not count."""
    if pid is None or started is None:
        return False
    try:
        process = psutil.Process(pid)
        same: bool = abs(process.create_time() - started) < _SAME_START_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError, OverflowError):
        return False
