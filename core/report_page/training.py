"""How the run learnt: its loss and accuracy from metrics.jsonl, as charts and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.charts.curves import Curve, plot_curves
from core.charts.words import format_percent
from core.report_page.markup import build_details, build_paragraph, build_table
from core.runs import history

if TYPE_CHECKING:
    from core.report_page.charts import ChartSheet
    from core.runs.store import Run


# A line without these is of a damaged file.
_NEEDED = {"kind", "step", "epoch", "lr"}
_QUANTITIES = ("loss", "accuracy")


def build_training(run: Run, sheet: ChartSheet) -> str:
    """Return the charts of loss and accuracy over the epochs, and the epochs as a table.

    Raises:
        RunError: if metrics.jsonl cannot be read.
    """
    lines = [line for line in history.read_metrics(run)[0] if line.keys() >= _NEEDED]
    steps = [line for line in lines if line["kind"] == "step"]
    epochs = [line for line in lines if line["kind"] == "epoch"]
    if not epochs:
        return build_paragraph("The run keeps no curves: there is no whole epoch in its metrics.jsonl.", "about")
    loss = plot_curves(_build_curves(steps, epochs, "loss"), "Epoch", "Loss", ".4f", log_y=True)
    # Single batches start at one in ten; drawn with them, the epochs would lie on one line at the top.
    shown = steps if len(epochs) == 1 else []
    accuracy = plot_curves(_build_curves(shown, epochs, "accuracy"), "Epoch", "Accuracy", ".2%")
    return (
        sheet.place("chart-loss", loss, "Loss, on a logarithmic scale")
        + sheet.place("chart-accuracy", accuracy, "Accuracy")
        + build_details(_name_table(len(epochs)), _build_epochs(epochs))
    )


def _name_table(n_epochs: int) -> str:
    return "The epoch as a table" if n_epochs == 1 else f"The {n_epochs:,} epochs as a table"


def _build_curves(steps: list[dict[str, Any]], epochs: list[dict[str, Any]], quantity: str) -> list[Curve]:
    curves = [
        Curve("training, batches", *_pick(steps, f"train_{quantity}"), faint=True),
        Curve("training, epochs", *_pick(epochs, f"train_{quantity}")),
        Curve("validation", *_pick(epochs, f"validation_{quantity}"), hue=1, dashed=True),
    ]
    return [curve for curve in curves if len(curve.x)]


def _pick(lines: list[dict[str, Any]], name: str) -> tuple[list[float], list[float]]:
    """Return epochs and values of the lines that have one."""
    kept = [line for line in lines if line.get(name) is not None]
    return [line["epoch"] for line in kept], [line[name] for line in kept]


def _build_epochs(epochs: list[dict[str, Any]]) -> str:
    rows = [
        (
            f"{line['epoch']:g}",
            f"{line['step']:,}",
            f"{line['lr']:.3g}",
            *(
                _format(line.get(f"{part}_{quantity}"), quantity)
                for part in ("train", "validation")
                for quantity in _QUANTITIES
            ),
        )
        for line in epochs
    ]
    head = (
        "Epoch",
        "Step",
        "Learning rate",
        "Training loss",
        "Training accuracy",
        "Validation loss",
        "Validation accuracy",
    )
    return build_table("Each epoch at its end", head, rows)


def _format(value: float | None, quantity: str) -> str:
    if value is None:
        return "—"
    return f"{value:.4f}" if quantity == "loss" else format_percent(value)
