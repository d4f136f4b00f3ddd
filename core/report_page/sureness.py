"""How far the run's confidence can be trusted, and what is gained by leaving doubtful digits to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.charts.calibration import VERDICT_SIGNS, judge_bins, plot_rejection, plot_reliability
from core.charts.nines import format_nines
from core.charts.words import format_percent
from core.evaluation.calibration import compute_rejection, compute_reliability
from core.report_page.markup import build_details, build_table

if TYPE_CHECKING:
    from core.evaluation.calibration import Rejection, Reliability
    from core.evaluation.predictions import Predictions
    from core.report_page.charts import ChartSheet

_REJECTED_SHARES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


def build_reliability(answers: Predictions, sheet: ChartSheet) -> str:
    """Return the reliability diagram and its bins as a table."""
    bins = compute_reliability(answers)
    signs = ", ".join(f"{sign} {verdict}" for verdict, sign in VERDICT_SIGNS.items())
    caption = (
        "Accuracy over confidence, in bins of about equally many digits, with 95 % intervals; each further nine takes "
        f"equal room. On the dotted line the run is right as often as it says: {signs}."
    )
    return sheet.place("chart-reliability", plot_reliability(bins), caption) + build_details(
        f"The {len(bins.count)} bins as a table", _build_bins(bins)
    )


def _build_bins(bins: Reliability) -> str:
    rows = [
        (
            f"{format_nines(bins.low[i])} to {format_nines(bins.high[i])}",
            f"{bins.count[i]:,}",
            f"{bins.right[i]:,}",
            format_nines(bins.confidence[i]),
            format_percent(bins.accuracy[i]),
            verdict,
        )
        for i, verdict in enumerate(judge_bins(bins))
    ]
    head = ("Confidence", "Digits", "Read right", "Mean confidence", "Accuracy", "The run is")
    return build_table("Digits by how sure the run was of its answer", head, rows)


def build_rejection(answers: Predictions, sheet: ChartSheet) -> str:
    """Return the curve of accuracy over the share that is rejected, and some of its points as a table."""
    rejection = compute_rejection(answers)
    caption = "Accuracy on the digits that are kept, if those the run is least sure of are left to a person"
    return sheet.place("chart-rejection", plot_rejection(rejection), caption) + _build_points(rejection)


def _build_points(rejection: Rejection) -> str:
    total = rejection.kept[0]
    places = np.unique(np.searchsorted(rejection.rejected, np.multiply(_REJECTED_SHARES, total)))
    rows = [
        (
            format_percent(rejection.rejected[i] / total),
            f"{rejection.rejected[i]:,}",
            format_nines(rejection.threshold[i]),
            format_percent(rejection.accuracy[i]),
            f"{rejection.kept[i] - rejection.right[i]:,} of {rejection.kept[i]:,}",
        )
        for i in places[places < len(rejection.rejected)]
    ]
    head = ("Rejected", "Digits", "Confidence below", "Accuracy of the rest", "Misread among the rest")
    return build_table("What rejecting the least sure answers gains", head, rows)
