"""The curves of runs: metrics.jsonl read as it grows, and the lines that charts draw of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from core.runs import history
from core.runs.store import Run
from dashboard.live_chart import Series

if TYPE_CHECKING:
    from pathlib import Path

    from core.runs.store import RunRecord

Quantity = Literal["loss", "accuracy"]
Axis = Literal["step", "epoch"]

_COLUMNS = (
    "step",
    "epoch",
    "lr",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "images_per_second",
    "train_seconds",
)
# Blue and orange are the run itself.
OTHER_COLORS = ("green", "violet", "gray", "#1b8588")


def _empty() -> dict[str, list[Any]]:
    return {name: [] for name in _COLUMNS}


@dataclass(frozen=True)
class Curves:
    """The figures of a run, column by column; None where a line has none.

    Attributes:
        steps: a few lines a second.
        epochs: a line at the end of each epoch.
    """

    steps: dict[str, list[Any]] = field(default_factory=_empty)
    epochs: dict[str, list[Any]] = field(default_factory=_empty)

    def read_last(self, name: str) -> Any:
        """Return the newest value of a column that has one, None if there is none."""
        ends = [rows for rows in (self.steps, self.epochs) if rows["step"] and rows[name][-1] is not None]
        return max(ends, key=lambda rows: rows["step"][-1])[name][-1] if ends else None


class _Reader:
    """Reads what was added to a run's metrics since the last time; shared by all pages that show the run."""

    def __init__(self, path: Path) -> None:
        self._run = Run(path)
        self._lock = threading.Lock()
        self._file: int | None = None
        self._offset = 0
        self._curves = Curves()

    def read(self) -> Curves:
        with self._lock:
            # A resumed run replaces the file, cut back to its checkpoint; it may soon be longer than the old one was.
            file = _identify(self._run.path / "metrics.jsonl")
            if file != self._file:
                self._file, self._offset, self._curves = file, 0, Curves()
            before = self._offset
            lines, self._offset = history.read_metrics(self._run, before)
            if self._offset < before:
                self._curves = Curves()
            for line in lines:
                self._append(line)
            return Curves(
                {name: list(values) for name, values in self._curves.steps.items()},
                {name: list(values) for name, values in self._curves.epochs.items()},
            )

    def _append(self, line: dict[str, Any]) -> None:
        rows = {"step": self._curves.steps, "epoch": self._curves.epochs}.get(str(line.get("kind")))
        if rows is not None and isinstance(line.get("step"), int) and isinstance(line.get("epoch"), int | float):
            for name, values in rows.items():
                values.append(line.get(name))


def _identify(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


@st.cache_resource(max_entries=32, show_spinner=False)
def _open_reader(path: Path) -> _Reader:
    return _Reader(path)


def read_curves(run: Run) -> Curves:
    """Return the run's figures so far; only what is new is read. Raises RunError if the file cannot be read."""
    return _open_reader(run.path).read()


def name_run(record: RunRecord) -> str:
    """Return what legends and sentences call a run: its name, and the end of its id, which tells namesakes apart."""
    return record.title if record.is_named_by_id else f"{record.title} {record.id[-4:]}"


def build_series(curves: Curves, quantity: Quantity, axis: Axis) -> list[Series]:
    """Return training (solid) and validation (dashed, with a dot at each) of the run itself.

    Args:
        curves: of the run.
        quantity: what is drawn.
        axis: "step" draws a training point several times a second, "epoch" the mean of each epoch.
    """
    training, validation = _pick(curves, quantity, axis)
    return [
        Series("training", *training, color="blue"),
        Series("validation", *validation, color="orange", dashed=True, markers=True),
    ]


def build_other_series(name: str, place: int, curves: Curves, quantity: Quantity, axis: Axis) -> list[Series]:
    """Return the lines of another run to compare with, both dashed and in a colour of its own.

    Args:
        name: of the run, for the legend.
        place: among the other runs, from 0.
        curves: of that run.
        quantity: as for the run itself.
        axis: as for the run itself.
    """
    training, validation = _pick(curves, quantity, axis)
    color = OTHER_COLORS[place % len(OTHER_COLORS)]
    lines = [Series(f"{name}, training", *training, color=color, dashed=True)]
    if any(value is not None for value in validation[1]):
        lines.append(Series(f"{name}, validation", *validation, color=color, dashed=True, markers=True))
    return lines


def _pick(curves: Curves, quantity: Quantity, axis: Axis) -> tuple[tuple[list[Any], list[Any]], ...]:
    """Return x and y of training, and of validation."""
    rows = curves.steps if axis == "step" else curves.epochs
    return (
        (rows[axis], rows[f"train_{quantity}"]),
        (curves.epochs[axis], curves.epochs[f"validation_{quantity}"]),
    )
