"""Run folders in number, made from one that was trained: what a home looks like after months."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

from core import paths
from core.runs.store import Run

if TYPE_CHECKING:
    from pathlib import Path

# Each copy has these for itself, as pages look at them; all else is the same file under another name.
_OWN = ("run.json", "config.json", "notes.json", "metrics.jsonl")


def copy_runs(run: Run, count: int, first: int = 0) -> list[Run]:
    """Put copies of a completed run beside it, each under an id and with a seed of its own.

    Args:
        run: what to copy.
        count: copies.
        first: number of the first, from which ids are made.
    """
    copies = []
    for number in range(first, first + count):
        copy = Run(paths.runs_dir() / f"20250101-{number:06d}-copy-{number:04x}")
        copy.path.mkdir()
        for file in run.path.iterdir():
            if file.name in _OWN:
                shutil.copyfile(file, copy.path / file.name)
            elif file.is_file() and not file.name.startswith("."):
                os.link(file, copy.path / file.name)
        _change(copy.path / "run.json", id=copy.id, seed=number)
        config = json.loads((copy.path / "config.json").read_text(encoding="utf-8"))
        _change(copy.path / "config.json", runtime={**config["runtime"], "seed": number})
        copies.append(copy)
    return copies


def write_long_metrics(run: Run, epochs: int, lines_per_epoch: int = 50) -> None:
    """Give a run the metrics of a long training: noisy, falling, with a spike in every epoch."""
    lines = []
    for number in range(1, epochs * lines_per_epoch + 1):
        epoch = number / lines_per_epoch
        spike = 2.0 if number % lines_per_epoch == 27 else 0.0
        loss = 1 / (1 + epoch) + 0.01 * (number % 7) + spike
        common = {"step": number, "epoch": epoch, "lr": 0.01, "train_loss": loss, "train_accuracy": 1 - loss / 10}
        times = {"images_per_second": 50_000.0, "train_seconds": 0.1 * number}
        lines.append({"kind": "step", **common, **times})
        if number % lines_per_epoch == 0:
            held_out = {"validation_loss": loss, "validation_accuracy": 1 - loss / 10}
            lines.append({"kind": "epoch", **common, **held_out, **times})
    (run.path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _change(path: Path, **changes: object) -> None:
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**values, **changes}), encoding="utf-8")
