"""What a training process writes while it runs: metrics.jsonl and the moving fields of run.json."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from core.errors import RunError
from core.files import explain_refusals, replace_file
from core.runs import history, jobs, store

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from core.runs.store import Run

HEARTBEAT_INTERVAL_S = 1.0


class Recorder:
    """Appends metrics and keeps the run's heartbeat; a context manager.

    Args:
        run: the folder.
        on_line: called with each line, for a progress bar.
    """

    def __init__(self, run: Run, on_line: Callable[[dict[str, Any]], None] | None = None) -> None:
        self._run = run
        self._on_line = on_line
        self._best = read_best_validation(run)
        self._path = run.path / "metrics.jsonl"
        with explain_refusals(self._path):
            self._file = self._path.open("a", encoding="utf-8")
        self._last_heartbeat = 0.0
        self._stop_signalled = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with explain_refusals(self._path):
                self._file.close()  # writes what an earlier refusal has left to be written
        except RunError:
            if error is None:
                raise

    def write(self, line: dict[str, Any]) -> None:
        """Append one line to metrics.jsonl and, now and then, renew the heartbeat.

        Raises:
            RunError: if the disk refuses.
        """
        with explain_refusals(self._path):
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        if line["kind"] == "epoch" or time.monotonic() - self._last_heartbeat >= HEARTBEAT_INTERVAL_S:
            changes = {"step": line["step"], "train_seconds": line["train_seconds"], "heartbeat": store.now()}
            accuracy = line.get("validation_accuracy")
            if accuracy is not None:
                self._best = accuracy if self._best is None else max(self._best, accuracy)
                changes |= {"validation_accuracy": accuracy, "best_validation_accuracy": self._best}
            store.update_record(self._run, **changes)
            self._last_heartbeat = time.monotonic()
        if self._on_line:
            self._on_line(line)

    def signal_stop(self) -> None:
        """Ask for an end from within the process (Ctrl-C)."""
        self._stop_signalled = True

    def is_stop_requested(self) -> bool:
        """Whether someone asked for an end, in this process or through the run folder."""
        return self._stop_signalled or jobs.is_stop_requested(self._run)


def cut_metrics(run: Run, step: int) -> None:
    """Drop the lines after `step`: a resumed run takes those steps again."""
    lines, _ = history.read_metrics(run)
    kept = [line for line in lines if isinstance(line.get("step"), int) and line["step"] <= step]
    with replace_file(run.path / "metrics.jsonl") as temporary:
        temporary.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")


def read_best_validation(run: Run) -> float | None:
    """Return the highest validation accuracy over the epochs in metrics.jsonl, None if there is none yet.

    A resumed run's metrics are first cut back to its checkpoint, so that an epoch taken again counts once.
    """
    values = [line.get("validation_accuracy") for line in history.read_metrics(run)[0]]
    return max((value for value in values if value is not None), default=None)
