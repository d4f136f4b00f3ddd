"""A home of a benchmark's own: the person's datasets, none of their runs."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core import paths
from core.data.datasets import load

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def open_home() -> Iterator[Path]:
    """Point DIGITS_HOME at a new folder that shares the datasets, so that the person's own runs are not touched.

    A request to end this process is taken as an exit, so that what was started here is ended too.
    """
    load("mnist")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    datasets = paths.datasets_dir()
    before = os.environ.get("DIGITS_HOME")
    with tempfile.TemporaryDirectory(prefix="digits-benchmark-") as name:
        home = Path(name)
        (home / "datasets").symlink_to(datasets)
        os.environ["DIGITS_HOME"] = name
        try:
            yield home
        finally:
            os.environ.pop("DIGITS_HOME") if before is None else os.environ.update(DIGITS_HOME=before)
