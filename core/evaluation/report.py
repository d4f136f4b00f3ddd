"""The stored evaluation of a run: computed once after training, then only read."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import RunError
from core.evaluation import metrics
from core.evaluation.calibration import brier_score, expected_calibration_error, fit_temperature, scale
from core.evaluation.predictions import Predictions
from core.evaluation.ranking import compute_ranking
from core.evaluation.report_form import REPORT_VERSION, find_problem
from core.files import compute_checksum, read_json, replace_file, write_json
from core.runs import store

if TYPE_CHECKING:
    from pathlib import Path

    from core.data.datasets import DigitData
    from core.evaluation.predict import Classifier
    from core.runs.store import Run

# Answers to all of MNIST take 3 MB; more than this is no stored answer.
_MOST_BYTES = 50_000_000


def evaluate_run(run: Run, data: DigitData, checksum: str) -> dict[str, Any]:
    """Predict the test and the validation digits, and store the answers and all figures.

    Args:
        run: with weights in model.safetensors, or an ensemble of such runs.
        data: the dataset it was trained on.
        checksum: of the dataset the run was trained on.

    Returns:
        The report, as `store_report` writes it.

    Raises:
        RunError: if `data` is not that dataset, or a member of the ensemble is gone.
        CheckpointError: if the weights are damaged.
    """
    from core.evaluation.predict import load_classifier, predict_probabilities

    if checksum != data.checksum:
        raise RunError(
            f"{run.id} was trained on other digits than today's {data.title}; its test figures would mislead."
        )
    classifier = load_classifier(run, is_evaluation=True)
    test = Predictions(predict_probabilities(classifier, data.test.images), data.test.labels)
    indices = _find_validation(classifier, data.train.labels)
    validation = None
    if indices.size:
        probabilities = predict_probabilities(classifier, data.train.images[indices])
        validation = Predictions(probabilities, data.train.labels[indices])
    return store_report(run, data.name, test, validation, indices)


def _find_validation(classifier: Classifier, labels: np.ndarray) -> np.ndarray:
    """Return the training digits that no member was trained on but all were validated on, as (n,) int64 indices."""
    from core.data.datasets import split_indices

    first, *others = [
        split_indices(labels, member.config.validation_size, member.config.data.train_size)[1]
        for member in classifier.members
    ]
    return first if all(np.array_equal(first, other) for other in others) else first[:0]


def store_report(
    run: Run, dataset: str, test: Predictions, validation: Predictions | None, indices: np.ndarray
) -> dict[str, Any]:
    """Write test.npz, validation.npz and report.json, and note the result in run.json; return the report.

    The files of a run that came with the project stay as they are: they are its, not this machine's.

    Args:
        run: whose answers they are.
        dataset: its name.
        test: answers to the test digits.
        validation: answers to the validation digits; None without any.
        indices: (n,) int64, which of the training digits those are.

    Raises:
        RunError: if the disk refuses.
    """
    report = {
        "version": REPORT_VERSION,
        "run": run.id,
        "dataset": dataset,
        "split": "test",
        **compute_report(test.probabilities, test.labels, validation),
    }
    if run.pretrained:
        return report
    if validation is None:
        (run.path / "validation.npz").unlink(missing_ok=True)
    else:
        _save(run, "validation.npz", validation, indices=indices)
    _save(run, "test.npz", test)
    write_json(run.path / "report.json", report)
    weights = run.path / "model.safetensors"
    checksum = compute_checksum(weights) if weights.is_file() else ""
    store.update_record(run, test_correct=report["correct"], test_total=report["total"], weights=checksum)
    return report


def _save(run: Run, name: str, answers: Predictions, **more: np.ndarray) -> None:
    with replace_file(run.path / name) as temporary, temporary.open("wb") as file:
        np.savez(file, probabilities=answers.probabilities, labels=answers.labels, **more)  # type: ignore[arg-type]


def compute_report(
    probabilities: np.ndarray, labels: np.ndarray, validation: Predictions | None = None
) -> dict[str, Any]:
    """Return every figure that the pages show of a test split, ready for JSON.

    Args:
        probabilities: (n, 10) float32.
        labels: (n,) int64 in 0..9.
        validation: answers to validation digits, for the temperature; None leaves it out.
    """
    confusion = metrics.compute_confusion(labels, probabilities.argmax(1))
    scores = metrics.class_scores(confusion)
    correct, total = int(np.trace(confusion)), len(labels)
    test = Predictions(probabilities, labels)
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
        "ranking": [_describe_ranking(test, digit) for digit in range(len(confusion))],
        "calibration": describe_calibration(test),
        "validation": None if validation is None else _describe_validation(validation),
        "temperature": None if validation is None else _describe_temperature(test, validation),
    }


def _describe_ranking(answers: Predictions, digit: int) -> dict[str, Any]:
    ranking = compute_ranking(answers.probabilities[:, digit], answers.labels == digit)
    return {"digit": digit, "roc_area": ranking.roc_area, "average_precision": ranking.average_precision}


def describe_calibration(answers: Predictions) -> dict[str, float]:
    """Return ece, nll and brier of the answers to at least one digit."""
    return {
        "ece": expected_calibration_error(answers.probabilities, answers.labels),
        "nll": float(metrics.cross_entropy(answers.probabilities, answers.labels).mean()),
        "brier": brier_score(answers.probabilities, answers.labels),
    }


def _describe_validation(validation: Predictions) -> dict[str, Any]:
    correct, total = metrics.compute_accuracy(validation.labels, validation.predictions)
    return {"correct": correct, "total": total, **describe_calibration(validation)}


def _describe_temperature(test: Predictions, validation: Predictions) -> dict[str, Any]:
    """Fit the temperature on validation digits, and say what it makes of the test digits."""
    value = fit_temperature(validation)
    return {
        "value": value,
        "validation_total": len(validation.labels),
        "before": describe_calibration(test),
        "after": describe_calibration(scale(test, value)),
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
    if problem := find_problem(report):
        raise RunError(
            f"{path} is damaged or of another version ({problem}); `python -m core evaluate {run.id}` writes it anew."
        )
    found: dict[str, Any] = report
    return found


def load_predictions(run: Run) -> Predictions:
    """Read test.npz.

    Raises:
        RunError: if the run is not evaluated, or the file is damaged.
    """
    if not (run.path / "test.npz").exists():
        raise RunError(f"{run.id} is not evaluated yet; `python -m core evaluate {run.id}` does it.")
    return _load(run, "test.npz")[0]


def load_validation(run: Run) -> tuple[Predictions, np.ndarray] | None:
    """Read validation.npz: the answers, and which of the training digits they are to, (n,) int64; None without it.

    Raises:
        RunError: if the file is damaged.
    """
    if not (run.path / "validation.npz").exists():
        return None
    return _load(run, "validation.npz")


def _load(run: Run, name: str) -> tuple[Predictions, np.ndarray]:
    path = run.path / name
    try:
        arrays = _read_arrays(path)
        found = Predictions(arrays["probabilities"], arrays["labels"])
        indices = arrays.get("indices", np.arange(len(found.labels)))
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        EOFError,
        MemoryError,
        NotImplementedError,
        zipfile.BadZipFile,
    ) as e:
        reason = str(e).partition("\n")[0][:200] or "its content is none"
        raise RunError(f"{path} is damaged ({reason}); `python -m core evaluate {run.id}` writes it anew.") from None
    if problem := _find_problem(found, indices):
        raise RunError(f"{path} is damaged ({problem}); `python -m core evaluate {run.id}` writes it anew.")
    return found, indices


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read arrays by name; nothing is unpickled, and nothing unpacked that is larger than answers are."""
    with zipfile.ZipFile(path) as packed:
        if sum(member.file_size for member in packed.infolist()) > _MOST_BYTES:
            raise ValueError("it unpacks to more than any answers")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in ("probabilities", "labels", "indices") if name in arrays}


def _find_problem(found: Predictions, indices: np.ndarray) -> str:
    """Return what makes arrays no answers to digits, "" if nothing does."""
    probabilities, labels = found.probabilities, found.labels
    if labels.ndim != 1 or not labels.size or probabilities.shape != (len(labels), 10) or indices.shape != labels.shape:
        return f"shape {probabilities.shape}"
    if probabilities.dtype.kind != "f" or labels.dtype.kind not in "iu" or indices.dtype.kind not in "iu":
        return f"{probabilities.dtype} and {labels.dtype} are no probabilities and labels"
    if labels.min() < 0 or labels.max() > 9 or indices.min() < 0:
        return "labels beyond 0 to 9"
    if not ((probabilities >= 0) & (probabilities <= 1 + 1e-4)).all():
        return "probabilities beyond 0 to 1"
    return ""
