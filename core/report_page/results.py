"""The figures of the report: what report.json says, in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.charts.shades import compute_shades
from core.charts.words import format_percent, format_seconds
from core.report_page.markup import Cell, build_paragraph, build_table

if TYPE_CHECKING:
    from core.runs.store import RunRecord

_MEANINGS = {
    "nll": (
        "Negative log-likelihood",
        "mean of minus the natural logarithm of the true digit's probability; 0 is perfect",
    ),
    "brier": ("Brier score", "mean squared distance of the probabilities from the truth, from 0 (perfect) to 2"),
    "ece": (
        "Expected calibration error",
        "how far confidence and accuracy lie apart, in 15 bins of equally many digits",
    ),
}


def build_results(record: RunRecord, report: dict[str, Any]) -> str:
    """Return the table of what the run comes to."""
    correct, total = report["correct"], report["total"]
    low, high = report["interval"]
    rows = [
        (
            "Test accuracy",
            format_percent(report["accuracy"]),
            f"{correct:,} of {total:,}; 95 % Wilson interval {format_percent(low)} to {format_percent(high)}",
        ),
        ("Misread", f"{total - correct:,}", f"of {total:,} test digits"),
        *((name, format_score(kind, report["calibration"][kind]), means) for kind, (name, means) in _MEANINGS.items()),
    ]
    if validation := report["validation"]:
        share = format_percent(validation["correct"] / validation["total"])
        rows.append(("Validation accuracy", share, f"{validation['correct']:,} of {validation['total']:,}"))
    rows += [
        ("Parameters", f"{record.parameters:,}", "numbers learnt in training"),
        (
            "Training time",
            format_seconds(record.train_seconds),
            f"{record.step:,} steps" if record.step else "of all members",
        ),
    ]
    return build_table("Figures on the test digits", ("Figure", "Value", "What it is"), rows, kind="words")


def build_temperature(report: dict[str, Any]) -> str:
    """Return the table of the figures before and after temperature scaling, or why there is none."""
    found = report["temperature"]
    if found is None:
        return build_paragraph("No temperature is fitted: there are no validation digits to fit it on.", "about")
    rows = [
        (name, format_score(kind, found["before"][kind]), format_score(kind, found["after"][kind]))
        for kind, (name, _) in _MEANINGS.items()
    ]
    temperature = f"{found['value']:.3f}"
    about = (
        f"The temperature {temperature} is fitted on {found['validation_total']:,} validation digits, never on test "
        "digits. Above 1 the network was surer than it was right, below 1 less sure; what it reads never changes."
    )
    head = ("On the test digits", "As trained", f"At temperature {temperature}")
    return build_table("Before and after temperature scaling", head, rows) + build_paragraph(about, "about")


def build_matrix(confusion: list[list[int]]) -> str:
    """Return the confusion matrix, each cell the darker the more digits it holds."""
    # Not the full ink, on which no number could be read in every theme.
    shades = 0.85 * compute_shades(np.array(confusion))
    rows: list[tuple[str | Cell, ...]] = [
        (
            str(true),
            *(Cell(str(n) if n else "", shade=shade) for n, shade in zip(row, dark, strict=True)),
            str(sum(row)),
        )
        for true, (row, dark) in enumerate(zip(confusion, shades.tolist(), strict=True))
    ]
    totals = [str(sum(row[digit] for row in confusion)) for digit in range(len(confusion))]
    rows.append(("all", *totals, str(sum(map(sum, confusion)))))
    head = ("true", *map(str, range(len(confusion))), "all")
    caption = "Test digits by what they are (down) and what they are read as (across); empty cells hold none"
    return build_table(caption, head, rows, kind="matrix")


def build_pairs(report: dict[str, Any]) -> str:
    """Return the table of the most frequent mistakes."""
    if not report["pairs"]:
        return build_paragraph("No digit is misread.", "about")
    rows = [
        (f"{pair['true']} read as {pair['predicted']}", f"{pair['count']:,}", format_percent(pair["share"]))
        for pair in report["pairs"]
    ]
    return build_table("Most confused pairs", ("Mistake", "Digits", "Share of that true digit"), rows)


def build_classes(report: dict[str, Any]) -> str:
    """Return the table of each digit's scores, with their means."""
    rows = []
    for scores, ranking in zip(report["classes"], report["ranking"], strict=True):
        areas = [_format_area(ranking[name]) for name in ("roc_area", "average_precision")]
        rows.append((str(scores["digit"]), f"{scores['support']:,}", *_format_scores(scores), *areas))
    for kind, name in (("macro", "plain mean"), ("weighted", "weighted mean")):
        rows.append((name, "", *_format_scores(report[kind]), "", ""))
    head = ("Digit", "Test digits", "Precision", "Recall", "F1", "ROC area", "Average precision")
    return build_table("Scores of each digit against all others", head, rows)


def _format_scores(scores: dict[str, float]) -> list[str]:
    return [format_percent(scores[name]) for name in ("precision", "recall", "f1")]


def _format_area(area: float | None) -> str:
    return "—" if area is None else f"{area:.5f}"


def format_score(kind: str, value: float) -> str:
    """Write an nll, brier or ece as every table of the report does."""
    return format_percent(value) if kind == "ece" else f"{value:.4f}"
