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
# A page that wants the processor gets three quarters of it, and a run alone still gets all.
_NICENESS = 5
_BOOT_FILE = Path("/proc/sys/kernel/random/boot_id")
_EPOCH = "epoch"


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


def give_way() -> None:
    """Let other programs have the processor first, for the rest of this process."""
    os.nice(_NICENESS)


def identify_process(pid: int | None = None) -> tuple[int, float]:
    """Return pid and start time (seconds since 1970), which together name a process, by default this one."""
    process = psutil.Process(pid)
    return process.pid, process.create_time()


def mark_process(pid: int | None = None) -> str:
    """Return a mark of a process, by default this one, which no other process with its pid ever has.

    On Linux it is "BOOT:TICKS", this start of the machine and how long after it the process began: a clock that is set
    leaves it as it is, and after a restart no process has it. Elsewhere it is "epoch:SECONDS" since 1970.
    """
    process = psutil.Process(pid)
    boot = read_boot()
    if not boot:
        return f"{_EPOCH}:{process.create_time()}"
    # The name of the program, in brackets, may hold anything; of the fields after it the 20th is the start.
    stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8", errors="replace")
    return f"{boot}:{stat.rpartition(')')[2].split()[19]}"


def read_boot() -> str:
    """Return the name of this start of the machine, "" where the system gives it none."""
    try:
        return _BOOT_FILE.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def is_of_earlier_boot(mark: str) -> bool:
    """Whether the machine has certainly been restarted since `mark_process` gave this mark."""
    boot, here = mark.partition(":")[0], read_boot()
    return boot not in ("", _EPOCH) and here not in ("", boot)


def is_marked(pid: int | None, mark: str) -> bool:
    """Whether the process to which `mark_process` gave the mark still runs; a later one with its pid does not count."""
    if pid is None or not mark:
        return False
    kind, _, rest = mark.partition(":")
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if kind == _EPOCH:
            return bool(abs(process.create_time() - float(rest)) < _SAME_START_S)
        return mark_process(pid) == mark
    except (psutil.Error, OSError, ValueError, OverflowError):
        return False


def is_alive(pid: int | None, started: float | None) -> bool:
    """Whether the process that `identify_process` named still runs; another one that got its pid does not count."""
    return started is not None and is_marked(pid, f"{_EPOCH}:{started}")
