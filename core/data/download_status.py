"""How far a download is, in a file that every process can read; and the start of one in a process of its own."""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter, ValidationError

from core import processes
from core.data.mnist_files import is_complete, mnist_dir
from core.paths import datasets_dir

if TYPE_CHECKING:
    from pathlib import Path

INTERRUPTED = "The download was interrupted."
ARCHIVE_BYTES = {
    "train-images-idx3-ubyte.gz": 9_912_422,
    "train-labels-idx1-ubyte.gz": 28_881,
    "t10k-images-idx3-ubyte.gz": 1_648_877,
    "t10k-labels-idx1-ubyte.gz": 4_542,
}
TOTAL_BYTES = sum(ARCHIVE_BYTES.values())
_START_LOCK = threading.Lock()


@dataclass(frozen=True)
class DownloadStatus:
    """What is known of the last download, whichever process made it.

    Attributes:
        state: "downloading", "ready" or "failed".
        pid: process that downloads or did.
        process_started: its start, seconds since 1970, to tell it from a later process with the same pid.
        message: one line for a person; the reason if it failed.
        bytes_done: of all four archives together.
        bytes_total: of all four archives together.
        updated: when this was written, seconds since 1970.
    """

    state: Literal["downloading", "ready", "failed"]
    pid: int
    process_started: float
    message: str
    bytes_done: int
    bytes_total: int
    updated: float


_STATUS = TypeAdapter(DownloadStatus)


def _status_file() -> Path:
    return datasets_dir() / "mnist.download.json"


def build_status(
    state: Literal["downloading", "ready", "failed"], message: str, bytes_done: int, pid: int | None = None
) -> DownloadStatus:
    """Describe a download by the process `pid`, by default this one, as of now."""
    return DownloadStatus(state, *processes.identify_process(pid), message, bytes_done, TOTAL_BYTES, time.time())


def write_status(status: DownloadStatus) -> None:
    """Replace the status file in one move, so that a reader sees the old or the new one."""
    target = _status_file()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_text(json.dumps(asdict(status)), encoding="utf-8")
    temporary.replace(target)


def read_status() -> DownloadStatus | None:
    """Return what is known of the last download, None if there was none, or if what it fetched is gone.

    A download whose process is gone reads as ready if the files are there, else as failed.
    """
    try:
        status = _STATUS.validate_json(_status_file().read_bytes(), strict=True)
    except (OSError, ValidationError):
        return None
    if status.state == "ready" and not is_complete(mnist_dir()):
        return None
    if status.state != "downloading" or processes.is_alive(status.pid, status.process_started):
        return status
    if is_complete(mnist_dir()):
        return replace(status, state="ready", message="MNIST is ready.", bytes_done=TOTAL_BYTES)
    return replace(status, state="failed", message=INTERRUPTED)


def start_download() -> None:
    """Start `python -m core data` in a session of its own, unless one is under way; `read_status` follows it."""
    with _START_LOCK:
        status = read_status()
        if status and status.state == "downloading":
            return
        datasets_dir().mkdir(parents=True, exist_ok=True)
        process = processes.launch_detached(
            ["data", "--dataset", "mnist"], datasets_dir() / "mnist.download.log", append=False
        )
        write_status(build_status("downloading", "Starting the download.", 0, process.pid))
