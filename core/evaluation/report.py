"""The stored evaluation of a run: computed once after training, then only read."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import RunError
from core.evaluation import metrics
from core.evaluation.predictions import Predictions
from core.files import read_json, replace_file, write_json
from core.runs import store

if TYPE_CHECKING:
    from core.data.datasets import DigitData
    from core.runs.store import Run

REPORT_VERSION = 1
REPORT_KEYS = {"correct", "total", "accuracy", "interval", "loss", "classes", "macro", "weighted", "confusion", "pairs"}


def evaluate_run(run: Run, data: DigitData, checksum: str) -> dict[str, Any]:
    """Predict the test split, store test.npz and report.json, and note the result in run.json.

    Args:
        run: with weights in model.safetensors.
        data: the dataset it was trained on.
        checksum: of the dataset the run was trained on.

    Raises:
        RunError: if `data` is not that dataset.
        CheckpointError: if the weights are damaged.
    """
    from core.evaluation.predict import load_classifier, predict_probabilities

    if checksum != data.checksum:
        raise RunError(
            f"{run.id} was trained on other digits than today's {data.title}; its test figures would mislead."
        )
    probabilities = predict_probabilities(load_classifier(run), data.test.images)
    with replace_file(run.path / "test.npz") as temporary, temporary.open("wb") as file:
        np.savez(file, probabilities=probabilities, labels=data.test.labels)
    report = compute_report(probabilities, data.test.labels)
    report = {"version": REPORT_VERSION, "run": run.id, "dataset": data.name, "split": "test", **report}
    write_json(run.path / "report.json", report)
    store.update_record(run, test_correct=report["correct"], test_total=report["total"])
    return report


def compute_report(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return every figure that the pages show of a test split, ready for JSON.

    Args:
        probabilities: (n, 10) float32.
        labels: (n,) int64 in 0..9.
    """
    confusion = metrics.compute_confusion(labels, probabilities.argmax(1))
    scores = metrics.class_scores(confusion)
    correct, total = int(np.trace(confusion)), len(labels)
    return {
        "correct": correct,
        "total": total,
        "accuracy": correct / total,
        "interval": list(metrics.wilson_interval(correct, total)),
        "loss": float(metrics.cross_entropy(probabilities, labels).mean()),
        "classes": [
            {
                "digit": digit,
                "precision": float(scores.precision[digit]),
                "recall": float(scores.recall[digit]),
                "f1": float(scores.f1[digit]),
                "support": int(scores.support[digit]),
            }
            for digit in range(len(confusion))
        ],
        "macro": {"precision": scores.macro_precision, "recall": scores.macro_recall, "f1": scores.macro_f1},
        "weighted": {
            "precision": scores.weighted_precision,
            "recall": scores.weighted_recall,
            "f1": scores.weighted_f1,
        },
        "confusion": confusion.tolist(),
        "pairs": [vars(pair) for pair in metrics.most_confused_pairs(confusion)],
    }


def load_report(run: Run) -> dict[str, Any]:
    """Read report.json.

    Raises:
        RunError: if the run is not evaluated, or the file is damaged.
    """
    path = run.path / "report.json"
    if not path.exists():
        raise RunError(f"{run.id} is not evaluated yet; `python -m core evaluate {run.id}` does it.")
    report = read_json(path)
    if not isinstance(report, dict) or report.get("version") != REPORT_VERSION or not report.keys() >= REPORT_KEYS:
        raise RunError(f"{path} is damaged or of another version; `python -m core evaluate {run.id}` writes it anew.")
    return report


def load_predictions(run: Run) -> Predictions:
    """Read test.npz.

    Raises:
        RunError: if the run is not evaluated, or the file is damaged.
    """
    path = run.path / "test.npz"
    if not path.exists():
        raise RunError(f"{run.id} is not evaluated yet; `python -m core evaluate {run.id}` does it.")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = Predictions(arrays["probabilities"], arrays["labels"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RunError(f"{path} is damaged ({error}); `python -m core evaluate {run.id}` writes it anew.") from None
    if found.probabilities.shape != (len(found.labels), 10):
        raise RunError(f"{path} is damaged (shape {found.probabilities.shape}); evaluate the run again.")
    return found
