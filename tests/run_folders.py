"""Copies of real run folders, for tests that change them."""

import json
import shutil
from pathlib import Path

import numpy as np

from core.evaluation.report import compute_report, load_predictions, load_validation
from core.runs import store
from core.runs.store import Run


def copy_run(run: Run, home: Path, **changes: object) -> Run:
    """Copy a run folder into a home, under an id of its own if one is given, with changed fields of run.json."""
    target = home / "runs" / str(changes.get("id", run.id))
    shutil.copytree(run.path, target)
    copied = Run(target)
    store.update_record(copied, **changes)
    return copied


def rewrite_answers(run, probabilities):
    """Make a run say something else of the test digits."""
    labels = load_predictions(run).labels
    np.savez(run.path / "test.npz", probabilities=probabilities.astype(np.float32), labels=labels)
    validation = load_validation(run)
    figures = compute_report(probabilities, labels, validation and validation[0])
    report = {**json.loads((run.path / "report.json").read_text()), **figures}
    (run.path / "report.json").write_text(json.dumps(report))
    store.update_record(run, test_correct=report["correct"])
