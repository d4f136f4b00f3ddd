"""A disk that refuses or is slow, beneath everything Python does with files; also a command line on such a disk.

`python disk_faults.py FAULT FOLDER AFTER ARGUMENTS…` is `python -m core ARGUMENTS…` where, once the file AFTER is there
("" for at once), the files in FOLDER meet the fault: "EROFS", "EACCES", "ENOSPC", or a delay in seconds.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.rename", "os.mkdir", "os.utime", "os.truncate", "os.link", "os.symlink", "os.chmod"}
_REMOVALS = {"os.remove", "os.rmdir"}


@dataclass
class _Fault:
    code: int
    delay_s: float
    folder: str
    after: str
    is_open: bool = True


_faults: list[_Fault] = []


def _meet(event: str, arguments: tuple[Any, ...]) -> None:
    if not _faults or event not in {"open", *_CHANGES, *_REMOVALS} or not isinstance(arguments[0], str | os.PathLike):
        return
    path = os.fspath(arguments[0])
    for fault in _faults:
        if not fault.is_open or not str(path).startswith(fault.folder):
            continue
        if fault.after and not Path(fault.after).exists():
            continue
        if fault.delay_s:
            time.sleep(fault.delay_s)
            continue
        is_read = event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITES)
        is_removal = event in _REMOVALS and fault.code == errno.ENOSPC  # a full disk lets go of what it has
        if not is_read and not is_removal:
            raise OSError(fault.code, os.strerror(fault.code), path)


def install(name: str, folder: str, after: str = "") -> _Fault:
    """Let the files of a folder meet a fault from now on, or from when a file is there."""
    if not _faults:
        sys.addaudithook(_meet)  # it can never be taken away again
    code = getattr(errno, name, 0)
    fault = _Fault(code, 0.0 if code else float(name), folder, after)
    _faults.append(fault)
    return fault


@contextmanager
def faulty(name: str, folder: Path, after: str = "") -> Iterator[None]:
    """Let the files of a folder meet a fault for as long as the context lasts."""
    fault = install(name, str(folder), after)
    try:
        yield
    finally:
        fault.is_open = False


if __name__ == "__main__":
    install(*sys.argv[1:4])
    sys.argv = ["core", *sys.argv[4:]]
    from core.cli import main

    main()
