"""Copies of real run folders, for tests that change them."""

import shutil
from pathlib import Path

from core.runs import store
from core.runs.store import Run


def copy_run(run: Run, home: Path, **changes: object) -> Run:
    """Copy a run folder into a home, under an id of its own if one is given, with changed fields of run.json."""
    target = home / "runs" / str(changes.get("id", run.id))
    shutil.copytree(run.path, target)
    copied = Run(target)
    store.update_record(copied, **changes)
    return copied
