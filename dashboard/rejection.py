"""What is gained by leaving the answers that a network is unsure of to a person, and which digits those are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.calibration import plot_rejection
from core.charts.nines import format_nines
from core.evaluation.calibration import compute_rejection
from core.evaluation.metrics import wilson_interval
from core.evaluation.select import DigitFilter
from dashboard import selection
from dashboard.figure import load_figure, render_figure
from dashboard.layout import format_share
from dashboard.threshold import read_threshold, render_threshold, write_threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.evaluation.predictions import Predictions

# In the address: below which confidence answers are rejected.
REJECT = "reject"


def render_rejection(answers: Predictions) -> None:
    """Draw accuracy over rejection, the slider of the threshold, and the way to the digits that it rejects.

    Args:
        answers: of a run, at least one.
    """
    points = compute_rejection(answers)
    total = len(answers.labels)
    # One in a hundred left to a person is a usual wish.
    default = points.threshold[int(np.abs(points.rejected - 0.01 * total).argmin())]
    threshold = read_threshold(REJECT, points.threshold, default)
    confidence = answers.confidence.astype(np.float64)
    wanted = selection.read()
    filters = [build_rejected(confidence, point) for point in points.threshold.tolist()]

    def follow(rows: list[list[Any]]) -> None:
        if rows:
            selection.choose(filters[rows[0][0]], **{REJECT: write_threshold(rows[0][1])})
        else:
            selection.choose(DigitFilter())

    chart = st.container()
    render_threshold(
        "Reject answers given less than", REJECT, points.threshold, threshold, "A person would read those digits."
    )
    rejected = int(np.count_nonzero(confidence < threshold))
    _describe_rejection(answers, threshold, rejected)
    st.button(
        f"See the {rejected:,} digits it would reject" if rejected != 1 else "See the digit it would reject",
        key="see_rejected",
        disabled=not rejected,
        on_click=selection.choose,
        args=(build_rejected(confidence, threshold),),
    )
    table = pd.DataFrame(
        {
            "Reject below": [format_nines(point) for point in points.threshold],
            "Rejected": points.rejected,
            "Kept": points.kept,
            "Right among the kept": points.right,
        }
    )
    with chart:
        render_figure(
            load_figure(plot_rejection, points, threshold),
            table,
            key="rejection",
            on_click=follow,
            chosen=[number for number, one in enumerate(filters) if one == wanted],
        )


def _describe_rejection(answers: Predictions, threshold: float, rejected: int) -> None:
    total = len(answers.labels)
    kept = answers.right[answers.confidence.astype(np.float64) >= threshold]
    right, wrong = int(kept.sum()), int(total - answers.right.sum())
    caught = wrong - (len(kept) - right)
    rest = f"of the rest **{format_share(right, len(kept), wilson_interval(right, len(kept)))}** are right"
    st.markdown(
        f"Rejecting answers below {format_nines(threshold)} sends **{rejected:,} of {total:,}** digits "
        f"({100 * rejected / total:.2f} %) to a person, {caught:,} of the {wrong:,} misread ones among them; "
        f"{rest if len(kept) else 'nothing is left to the network'}."
    )


def build_rejected(confidence: NDArray[np.float64], threshold: float) -> DigitFilter:
    """Return the filter for the answers that a threshold rejects.

    Args:
        confidence: (n,) float64, of all answers.
        threshold: a fraction.
    """
    below = confidence[confidence < threshold]
    return DigitFilter(sure=(0.0, float(below.max()) if below.size else 0.0))
