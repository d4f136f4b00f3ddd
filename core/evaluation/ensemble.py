"""Ensembles: several runs whose probabilities are averaged, kept as a run of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.errors import RunError, UsageError
from core.evaluation.predictions import Predictions, average
from core.evaluation.report import load_predictions, load_validation, store_report
from core.runs import store

if TYPE_CHECKING:
    from core.runs.store import Run, RunRecord


def check_members(runs: list[Run]) -> list[RunRecord]:
    """Return the records of runs that can be averaged.

    Raises:
        UsageError: if they are fewer than two, one is named twice, one is an ensemble itself, or they were trained on
            different digits.
        RunError: if one of them is not completed or cannot be read.
    """
    names = [run.id for run in runs]
    if len(names) < 2:
        raise UsageError("An ensemble takes at least two runs; name another.")
    if len(set(names)) < len(names):
        raise UsageError("An ensemble takes each run once; leave out what is named twice.")
    records = [store.read_record(run) for run in runs]
    for run, record in zip(runs, records, strict=True):
        if record.members:
            raise UsageError(f"{run.id} is an ensemble itself; name the runs it is made of.")
        if store.compute_state(record) != "completed" or not (run.path / "test.npz").is_file():
            raise RunError(f"{run.id} is not completed and evaluated; leave it out, or let it finish.")
    if len({(record.dataset, record.dataset_checksum) for record in records}) > 1:
        raise UsageError("These runs were trained on different digits; an ensemble takes runs on the same ones.")
    return records


def create_ensemble(runs: list[Run], name: str = "") -> Run:
    """Average what runs say of the test and validation digits, and keep the result as a completed run.

    The folder holds no weights: new pictures are read by the members, so they must not be deleted for that.

    Args:
        runs: at least two completed ones on the same dataset. Choose them by validation, not by what they reach on the
            test digits.
        name: what the person calls it; "" for none.

    Raises:
        UsageError, RunError: as for `check_members`.
        RunError: if the folder cannot be written.
    """
    records = check_members(runs)
    test = _average([load_predictions(run) for run in runs])
    validations = [load_validation(run) for run in runs]
    found = [one for one in validations if one is not None]
    indices = found[0][1] if found else np.zeros(0, np.int64)
    is_shared = len(found) == len(runs) and all(np.array_equal(indices, other) for _, other in found)
    validation = _average([answers for answers, _ in found]) if is_shared else None

    time = store.now()

    def fill(draft: Run, name_of_run: str) -> None:
        record = store.RunRecord(
            id=name_of_run,
            name=store.clean_name(name),
            recipe="ensemble",
            model="ensemble",
            members=[run.id for run in runs],
            dataset=records[0].dataset,
            dataset_checksum=records[0].dataset_checksum,
            status="completed",
            created=time,
            started=time,
            finished=time,
            versions=records[0].versions,
            parameters=sum(record.parameters for record in records),
            train_seconds=sum(record.train_seconds for record in records),
            validation_accuracy=float(validation.right.mean()) if validation is not None else None,
        )
        store.write_record(draft, record)

    ensemble = store.create_folder("ensemble", fill)
    store_report(ensemble, records[0].dataset, test, validation, indices if is_shared else indices[:0])
    return ensemble


def _average(answers: list[Predictions]) -> Predictions:
    labels = answers[0].labels
    if not all(np.array_equal(labels, other.labels) for other in answers):
        raise RunError("The stored answers of these runs are to different digits; evaluate them again.")
    return Predictions(average([one.probabilities for one in answers]), labels)
