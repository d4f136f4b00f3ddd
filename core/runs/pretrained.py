"""Publishing a run: what of its folder is worth committing, under a name of its own in artifacts/pretrained/."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from typing import TYPE_CHECKING

import numpy as np

from core import paths
from core.errors import RunError, UsageError
from core.files import read_json, replace_file, write_json
from core.runs import history, store
from core.runs.store import Run

if TYPE_CHECKING:
    from pathlib import Path

# Also the project's limit for every other file in it.
MOST_BYTES = 500_000
_STEP_LINES = 200
_KEPT = ("config.json", "report.json", "model.safetensors")


def publish(run: Run, name: str) -> Run:
    """Copy a completed run to where pretrained ones are kept, without what only its own machine has a use for.

    An earlier run of that name is replaced. Checkpoints to resume from, the log and the process are left out, the curve
    is thinned and the answers are compressed.

    Args:
        run: completed and evaluated, of a network, not of several.
        name: small letters, digits and hyphens; it becomes the run's id.

    Returns:
        The published run.

    Raises:
        UsageError: if the name does not do.
        RunError: if the run does not do, is too large, or the disk refuses.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", name) or name in ("latest", "best"):
        raise UsageError(f"'{name}' cannot name a pretrained run; write small letters, digits and hyphens.")
    record = store.read_record(run)
    missing = [file for file in (*_KEPT, "test.npz") if not (run.path / file).is_file()]
    if store.compute_state(record) != "completed" or record.members or missing:
        raise RunError(f"{run.id} cannot be published; it must be one network that is completed and evaluated.")
    target = paths.pretrained_dir() / name
    draft = Run(target.with_name(f".{name}.{secrets.token_hex(4)}"))
    try:
        draft.path.mkdir(parents=True)
        _fill(draft, run, name)
        if target.exists():
            shutil.rmtree(target)
        draft.path.rename(target)
    except OSError as error:
        raise RunError(f"{target} could not be written ({error.strerror or error}); check its permissions.") from None
    finally:
        shutil.rmtree(draft.path, ignore_errors=True)
    return Run(target)


def _fill(draft: Run, run: Run, name: str) -> None:
    """Write all files of the published run into a folder."""
    for file in _KEPT:
        shutil.copyfile(run.path / file, draft.path / file)
    write_json(draft.path / "report.json", {**read_json(run.path / "report.json"), "run": name})
    record = store.read_record(run).model_copy(
        # The commit that holds it is a later one than it was trained at.
        update={"id": name, "name": "", "pid": None, "process": "", "heartbeat": "", "git_commit": ""}
    )
    store.write_record(draft, record)
    for file in ("test.npz", "validation.npz"):
        if (run.path / file).is_file():
            _compress(run.path / file, draft.path / file)
    _thin(run, draft)
    for path in draft.path.iterdir():
        if path.suffix != ".safetensors" and path.stat().st_size > MOST_BYTES:
            raise RunError(f"{path.name} of {run.id} is over {MOST_BYTES // 1000} kB and would not be accepted.")


def _compress(source: Path, target: Path) -> None:
    with np.load(source, allow_pickle=False) as file:
        arrays = dict(file)
    with replace_file(target) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _thin(run: Run, draft: Run) -> None:
    """Keep every epoch of the curve, and of its many steps some, evenly."""
    lines, _ = history.read_metrics(run)
    steps = [number for number, line in enumerate(lines) if line.get("kind") == "step"]
    kept = set(steps[:: max(1, -(-len(steps) // _STEP_LINES))]) | (set(range(len(lines))) - set(steps))
    with replace_file(draft.path / "metrics.jsonl") as temporary:
        temporary.write_text("".join(json.dumps(lines[number]) + "\n" for number in sorted(kept)), encoding="utf-8")
